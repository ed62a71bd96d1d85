// Writing: Enter sends, the row stands at once, drafts are kept, order is kept.
import { $, $$ } from './frag.js';
import { net, post } from './net.js';
import { bottom, newest, put } from './window.js';

const pause = 400;
let form, field, chat, timer, saved = '', typing = 0, queue = Promise.resolve();

export function composer() {
  form = $('#compose');
  field = $('#composer');
  chat = $('#main').dataset.conversation;
  const kept = sessionStorage.getItem(`draft ${chat}`);
  if (kept && !field.value) field.value = kept;
  saved = field.value;

  form.addEventListener('submit', event => { event.preventDefault(); send(); });
  field.addEventListener('keydown', event => {
    // A word is being composed: that Enter belongs to the input method.
    if (event.key !== 'Enter' || event.isComposing || event.keyCode === 229) return;
    if (event.shiftKey || event.altKey || document.documentElement.dataset.enter === 'line' && !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    send();
  });
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

function tell(active) {
  const now = Date.now();
  if (active ? now - typing < 3000 : !typing) return;
  typing = active ? now : 0;
  post(`/chats/${chat}/typing`, { active: active ? 'yes' : 'no' }, { keepalive: true }).catch(() => {});
}

// The draft lies at the node; in the browser only while the node does not answer.
function keep(leaving = false) {
  clearTimeout(timer);
  const text = field.value, name = `draft ${chat}`;
  if (text === saved && !sessionStorage.getItem(name)) return;
  const before = saved;
  saved = text;
  post(`/chats/${chat}/draft`, { text }, { keepalive: leaving === true })
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

function row(id, text) {
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
  $('time', li).textContent = `${two(now.getHours())}:${two(now.getMinutes())}`;
  $('time', li).dateTime = now.toISOString();
  return li;
}

function send() {
  const text = field.value.trim();
  if (!text || !writable()) return;
  if (net.lost) { problem('This page has no contact with the app on your computer. Your text stays here.'); return; }
  const id = newId();
  field.value = '';
  clearTimeout(timer);
  saved = '';
  const told = typing;
  typing = 0;
  put(row(id, text));
  if ($('#jump').hidden === false) newest();
  bottom();
  field.focus({ preventScroll: true });
  // One after the other, so that what was written first is first.
  queue = queue.then(() => post(`/chats/${chat}/messages`, { text, id })).then(() => {
    if (told && !typing) post(`/chats/${chat}/typing`, { active: 'no' }).catch(() => {});
  }, error => {
    document.getElementById(`m-${id}`)?.remove();
    field.value = field.value ? `${text}\n${field.value}` : text;
    keep();
    problem(`Not sent: ${error.message}`);
  });
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
