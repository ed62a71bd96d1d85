// Writing: Enter sends, the row stands at once, drafts are kept, order is kept.
import { $, $$, oneLine } from './frag.js';
import { net, post } from './net.js';
import { bottom, newest, put, remove } from './window.js';

const pause = 400;
let form, field, reply, chat, timer, saved = '', typing = 0, queue = Promise.resolve();
// The own message that is being changed, and the draft that waits meanwhile.
let editing = null;

export function composer() {
  form = $('#compose');
  field = $('#composer');
  reply = $('#reply');
  chat = $('#main').dataset.conversation;
  const kept = sessionStorage.getItem(`draft ${chat}`);
  if (kept && !field.value) field.value = kept;
  saved = draft();

  form.addEventListener('submit', event => { event.preventDefault(); send(); });
  field.addEventListener('keydown', event => {
    // A word is being composed: that Enter belongs to the input method.
    if (event.key !== 'Enter' || event.isComposing || event.keyCode === 229) return;
    if (event.shiftKey || event.altKey || document.documentElement.dataset.enter === 'line' && !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    send();
  });
  field.addEventListener('keydown', lastOrNext);
  $('#about-cancel').addEventListener('click', event => { event.preventDefault(); cancel(); });
  field.addEventListener('input', () => {
    solved();
    clearTimeout(timer);
    timer = setTimeout(keep, pause);
    tell(field.value !== '');
  });
  field.addEventListener('blur', () => tell(false));
  addEventListener('pagehide', () => { keep(true); tell(false); });
  document.addEventListener('contact', ({ detail }) => {
    $('.send', form).ariaDisabled = detail ? null : 'true';
    if (detail) { keep(); solved(); }
  });
  if (matchMedia('(min-width: 720px)').matches && !location.hash && writable()) field.focus({ preventScroll: true });
}

export const writable = () => $('#standing').dataset.compose === 'yes';

// An empty field: up changes the last own message. With Ctrl, up and down choose the message to answer.
function lastOrNext(event) {
  const up = event.key === 'ArrowUp', down = event.key === 'ArrowDown';
  if (!up && !down || event.isComposing || event.shiftKey || event.altKey) return;
  if (event.ctrlKey || event.metaKey) {
    const rows = $$('#messages > .m[data-words][data-key]'), now = rows.findIndex(row => row.id === `m-${reply.value}`);
    const row = up ? rows.at(now < 0 ? -1 : Math.max(now - 1, 0)) : rows[now + 1];
    event.preventDefault();
    if (row && (up || now >= 0)) { answer(row); row.scrollIntoView({ block: 'nearest' }); } else if (down) cancel();
  } else if (up && !field.value && !editing && document.documentElement.dataset.arrowUp !== 'nothing') {
    const row = $$('#messages > .m[data-mine][data-words][data-key]').at(-1);
    if (row) { event.preventDefault(); edit(row); }
  }
}

export function answer(row) {
  if (editing) cancel();
  reply.value = row.id.slice(2);
  about('Answer to', $('.who b', row).textContent, $('.text', row).textContent);
  field.focus({ preventScroll: true });
  keep();
}

export function edit(row) {
  if (editing) cancel();
  else keep();
  editing = { id: row.id.slice(2), text: field.value, reply: reply.value, quoted: $('#about-text').textContent };
  field.value = $('.text', row).textContent;
  reply.value = '';
  about('Editing', 'your message', '');
  field.focus({ preventScroll: true });
  field.setSelectionRange(field.value.length, field.value.length);
}

// Gives up an answer or a change; false if there was none.
export function cancel() {
  if (!editing && !reply.value) return false;
  if (editing) {
    field.value = editing.text;
    reply.value = editing.reply;
    if (editing.reply) about(editing.quoted, '', '');
    else about();
    editing = null;
  } else {
    reply.value = '';
    about();
    keep();
  }
  solved();
  field.focus({ preventScroll: true });
  return true;
}

// What is gone can be answered or changed no more; the words that were written stay.
export function drop(id) {
  if (editing?.reply === id) editing = { ...editing, reply: '', quoted: '' };
  return (editing?.id === id || reply.value === id) && cancel();
}

function about(what, who, text) {
  const line = $('#about-text'), name = document.createElement('b'), words = document.createElement('span');
  $('#about').hidden = !what;
  name.textContent = who ?? '';
  words.dir = 'auto';
  words.textContent = oneLine(text ?? '');
  line.replaceChildren(...what ? [what, ' ', name, ' ', words] : []);
}

function tell(active) {
  const now = Date.now();
  if (active ? now - typing < 3000 : !typing) return;
  typing = active ? now : 0;
  post(`/chats/${chat}/typing`, { active: active ? 'yes' : 'no' }, { keepalive: true }).catch(() => {});
}

// A draft as one word, to see whether it changed.
const draft = () => `${reply.value} ${field.value}`;

// The draft lies at the node; in the browser only while the node does not answer.
function keep(leaving = false) {
  clearTimeout(timer);
  const text = editing ? editing.text : field.value, to = editing ? editing.reply : reply.value;
  const now = `${to} ${text}`, name = `draft ${chat}`;
  if (now === saved && !sessionStorage.getItem(name)) return;
  const before = saved;
  saved = now;
  post(`/chats/${chat}/draft`, { text, reply: to }, { keepalive: leaving === true })
    .then(() => sessionStorage.removeItem(name))
    .catch(() => { saved = before; sessionStorage.setItem(name, text); });
}

// Sorts by time like the node's own (RFC 9562, version 7).
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let time = Date.now();
  for (let at = 5; at >= 0; at -= 1) { bytes[at] = time % 256; time = Math.floor(time / 256); }
  bytes[6] = bytes[6] & 15 | 112;
  bytes[8] = bytes[8] & 63 | 128;
  return [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('');
}

function row(id, text, to) {
  const li = $('#own').content.firstElementChild.cloneNode(true);
  const swap = value => value.replaceAll('0'.repeat(32), id);
  for (const element of [li, ...$$('[id], [aria-labelledby]', li)]) {
    for (const name of ['id', 'aria-labelledby']) {
      if (element.hasAttribute(name)) element.setAttribute(name, swap(element.getAttribute(name)));
    }
  }
  delete li.dataset.key;
  const now = new Date(), two = n => String(n).padStart(2, '0');
  li.dataset.at = now.getTime();
  li.dataset.day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  li.dataset.dayName = 'Today';
  $('.text', li).textContent = text;
  const quoted = to && document.getElementById(`m-${to}`);
  if (quoted) {
    const quote = document.createElement('a'), name = document.createElement('b'), words = document.createElement('span');
    quote.className = 'quote';
    name.textContent = $('.who b', quoted).textContent;
    words.textContent = oneLine($('.text', quoted).textContent);
    quote.append(name, ' ', words);
    $('.text', li).before(quote);
  }
  $('time', li).textContent = `${two(now.getHours())}:${two(now.getMinutes())}`;
  $('time', li).dateTime = now.toISOString();
  return li;
}

function send() {
  const text = field.value.trim();
  if (!text || !writable()) return;
  if (net.lost) { problem('This page has no contact with the app on your computer. Your text stays here.'); return; }
  if (editing) { change(text); return; }
  const id = newId(), to = reply.value, quoted = $('#about-text').cloneNode(true);
  field.value = '';
  reply.value = '';
  about();
  clearTimeout(timer);
  saved = draft();
  const told = typing;
  typing = 0;
  put(row(id, text, to));
  if ($('#jump').hidden === false) newest();
  bottom();
  field.focus({ preventScroll: true });
  // One after the other, so that what was written first is first.
  queue = queue.then(() => post(`/chats/${chat}/messages`, { text, id, reply: to })).then(() => {
    if (told && !typing) post(`/chats/${chat}/typing`, { active: 'no' }).catch(() => {});
  }, error => {
    remove({ id: `m-${id}` });
    field.value = field.value ? `${text}\n${field.value}` : text;
    if (to && !reply.value) { reply.value = to; $('#about-text').replaceWith(quoted); $('#about').hidden = false; }
    keep();
    problem(`Not sent: ${error.message}`);
  });
}

// The new words stand at once; the row itself comes from the node.
async function change(text) {
  const { id } = editing, row = document.getElementById(`m-${id}`), before = row && $('.text', row).textContent;
  if (text === before) { cancel(); return; }
  if (row) $('.text', row).textContent = text;
  try {
    await post(`/chats/${chat}/messages/${id}/edit`, { text });
    if (editing?.id === id) cancel();
  } catch (error) {
    if (row) $('.text', row).textContent = before;
    problem(`Not changed: ${error.message}`);
  }
}

function solved() {
  $('#compose-problem').replaceChildren();
  field.removeAttribute('aria-invalid');
}

function problem(text) {
  const line = document.createElement('p');
  line.className = 'problem';
  line.id = 'composer-error';
  line.textContent = text;
  $('#compose-problem').replaceChildren(line);
  field.ariaInvalid = 'true';
  field.setAttribute('aria-describedby', line.id);
}
