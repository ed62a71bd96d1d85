// Notifications: the node says what may be shown; one tab shows it, and none while somebody looks at that very chat.
import { $, $$ } from './frag.js';

const locks = navigator.locks;
let leader = false, chat = null, seen = null, shown = new Map(), sound = null;

const supported = () => 'Notification' in window;
const state = () => supported() ? Notification.permission : 'missing';
const looking = () => !document.hidden && document.hasFocus();

export function notifications(conversation) {
  chat = conversation;
  // Whoever holds it speaks for all tabs; when that tab goes, the next one in the queue has it.
  locks?.request('confab-notify', () => { leader = true; return new Promise(() => {}); }).catch(() => {});
  // The chat that is looked at is a lock, too: it goes with its tab, whatever happens to that.
  const look = () => {
    if (chat && looking() && !seen) {
      locks?.request(`confab-look-${chat}`, { mode: 'shared' }, () => new Promise(done => { seen = done; })).catch(() => {});
    } else if (!looking()) { seen?.(); seen = null; }
  };
  for (const event of ['focus', 'blur']) addEventListener(event, look);
  document.addEventListener('visibilitychange', look);
  look();
  permission();
}

// `{ conversation, title, body, sound }` of the node.
export async function notify(news) {
  if (!leader || state() !== 'granted') return;
  const { held } = await locks.query();
  if (held.some(lock => lock.name === `confab-look-${news.conversation}`)) return;
  const note = new Notification(news.title, { body: news.body, tag: news.conversation, renotify: true, icon: $('link[rel=icon]').href, silent: true });
  shown.set(news.conversation, note);
  note.onclose = () => shown.get(news.conversation) === note && shown.delete(news.conversation);
  note.onclick = () => {
    window.focus();
    note.close();
    if (news.conversation !== chat) location.assign(`/chats/${news.conversation}`);
  };
  if (news.sound) chime();
}

// The node is locked, or a message is gone: nothing of it stays on the desktop.
export function hush(of = null) {
  for (const [about, note] of shown) {
    if (of && about !== of) continue;
    note.close();
    shown.delete(about);
  }
}

// Two soft tones. A browser that was never touched stays silent.
function chime() {
  sound ??= new AudioContext();
  if (sound.state === 'suspended') sound.resume();
  const now = sound.currentTime;
  for (const [at, pitch] of [[0, 660], [.12, 880]]) {
    const tone = sound.createOscillator(), gain = sound.createGain();
    tone.frequency.value = pitch;
    gain.gain.setValueAtTime(0, now + at);
    gain.gain.linearRampToValueAtTime(.08, now + at + .02);
    gain.gain.exponentialRampToValueAtTime(.0001, now + at + .3);
    tone.connect(gain).connect(sound.destination);
    tone.start(now + at);
    tone.stop(now + at + .32);
  }
}

// The section of the settings says how this browser stands, and asks only when its button is pressed.
function permission() {
  const box = $('[data-permission]');
  if (!box) return;
  const say = () => { for (const line of $$('[data-if]', box)) line.hidden = line.dataset.if !== state(); };
  $('[data-allow]', box).onclick = async () => {
    await Notification.requestPermission();
    say();
    $('#notifications-title').focus({ preventScroll: true });
  };
  say();
}

// After the first answer that arrived: would they like to be told of the next?
export function offer() {
  if (state() !== 'default' || localStorage.getItem('notify-asked')) return;
  localStorage.setItem('notify-asked', 'yes');
  const card = document.createElement('p'), yes = document.createElement('button'), no = document.createElement('button');
  card.className = 'toast';
  card.id = 'notify-offer';
  yes.textContent = 'Turn on';
  no.textContent = 'Not now';
  card.append('Be told of new messages while you look elsewhere?', yes, no);
  const away = () => {
    if (card.contains(document.activeElement)) ($('#composer') ?? $('#title')).focus({ preventScroll: true });
    card.remove();
  };
  yes.onclick = async () => { await Notification.requestPermission(); away(); };
  no.onclick = away;
  $('#toasts').append(card);
}
