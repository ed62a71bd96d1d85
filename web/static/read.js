// Read means seen: half of a row for a second, in a visible tab, in a focused window.
import { $, $$ } from './frag.js';
import { post } from './net.js';
import { isVisiting } from './window.js';

// Of each chain: the place of the last row that was read. What comes late may stand above newer rows of others.
const timers = new Map(), read = new Map();
let watch, chat, left = false;

export function reading() {
  const list = $('#messages');
  chat = $('#main').dataset.conversation;
  watch = new IntersectionObserver(entries => {
    for (const { target, intersectionRatio, intersectionRect } of entries) {
      const seen = intersectionRatio >= .5 || intersectionRect.height > innerHeight / 3;
      clearTimeout(timers.get(target));
      timers.delete(target);
      if (seen && attentive()) timers.set(target, setTimeout(look, 1000, target));
    }
  }, { root: $('#scroll'), threshold: [0, .5, 1] });
  const { firstUnread } = $('#main').dataset;
  for (const row of theirs()) if (!firstUnread || row.dataset.key < firstUnread) noted(row);
  for (const row of unread()) watch.observe(row);
  new MutationObserver(records => {
    for (const { addedNodes } of records) for (const node of addedNodes) if (isUnread(node)) watch.observe(node);
  }).observe(list, { childList: true });
  const again = () => {
    for (const [row, timer] of timers) { clearTimeout(timer); timers.delete(row); }
    if (attentive()) for (const row of unread()) { watch.unobserve(row); watch.observe(row); }
  };
  addEventListener('focus', again);
  document.addEventListener('reading', again);
  addEventListener('blur', again);
  document.addEventListener('visibilitychange', again);
}

const attentive = () => !left && !document.hidden && document.hasFocus() && !isVisiting();
const THEIRS = '.m:not([data-mine])';
const theirs = () => $$(`#messages > ${THEIRS}`);
const chain = row => row.dataset.key.split('.')[1];
const noted = row => read.set(chain(row), row.dataset.key);
const isRead = row => row.dataset.key <= read.get(chain(row));
const isUnread = node => Boolean(node.matches?.(THEIRS)) && !isRead(node);
const unread = () => theirs().filter(row => !isRead(row));

function look(row) {
  timers.delete(row);
  watch.unobserve(row);
  if (attentive() && !isRead(row)) mark(row);
}

function mark(row) {
  noted(row);
  // Seen for another second, it is tried again.
  post(`/chats/${chat}/read`, { message: row.id.slice(2) }).catch(() => { read.delete(chain(row)); watch.observe(row); });
}

// Marked unread, the chat is left so until the page is opened again, or all of it is marked as read.
export function leaveUnread() {
  left = true;
  read.clear();
}

export function markAll() {
  left = false;
  const last = unread().at(-1);
  if (last) mark(last);
}
