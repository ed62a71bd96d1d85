// Read means seen: half of a row for a second, in a visible tab, in a focused window.
import { $, $$ } from './frag.js';
import { post } from './net.js';
import { isVisiting } from './window.js';

const timers = new Map();
let highest = '', watch, chat;

export function reading() {
  const list = $('#messages');
  chat = $('#main').dataset.conversation;
  watch = new IntersectionObserver(entries => {
    for (const { target, intersectionRatio, intersectionRect } of entries) {
      const seen = intersectionRatio >= .5 || intersectionRect.height > innerHeight / 3;
      clearTimeout(timers.get(target));
      timers.delete(target);
      if (seen && attentive()) timers.set(target, setTimeout(mark, 1000, target));
    }
  }, { root: $('#scroll'), threshold: [0, .5, 1] });
  if (!Number($('#main').dataset.unread)) highest = $$('li[data-key]', list).at(-1)?.dataset.key ?? '';
  watchNew();
  new MutationObserver(watchNew).observe(list, { childList: true });
  const again = () => {
    for (const [row, timer] of timers) { clearTimeout(timer); timers.delete(row); }
    if (attentive()) for (const row of unread()) { watch.unobserve(row); watch.observe(row); }
  };
  addEventListener('focus', again);
  document.addEventListener('reading', again);
  addEventListener('blur', again);
  document.addEventListener('visibilitychange', again);
}

const attentive = () => !document.hidden && document.hasFocus() && !isVisiting();
const unread = () => $$('#messages > .m:not([data-mine])').filter(row => row.dataset.key > highest);
const watchNew = () => { for (const row of unread()) watch.observe(row); };

function mark(row) {
  timers.delete(row);
  watch.unobserve(row);
  if (!attentive() || row.dataset.key <= highest) return;
  highest = row.dataset.key;
  post(`/chats/${chat}/read`, { message: row.id.slice(2) }).catch(() => { highest = ''; });
}

export function markAll() {
  const last = $$('#messages > .m:not([data-mine])').at(-1);
  if (last && last.dataset.key > highest) mark(last);
}
