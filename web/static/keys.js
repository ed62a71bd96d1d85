// Every shortcut of the page, in one list, which is also what the help shows.
import { $, $$ } from './frag.js';
import { markAll } from './read.js';
import { newest } from './window.js';
import { closeFinder, openFinder } from './finder.js';
import { cancel, writable } from './composer.js';

const go = (rows, by) => {
  const all = $$('.lists .row').filter(rows);
  const at = all.findIndex(row => row.ariaCurrent === 'page');
  (by > 0 ? all[at + 1] ?? all[0] : all[at < 0 ? all.length - 1 : at - 1] ?? all.at(-1))?.click();
};
// Loaded when it is first wanted.
function goTo() {
  if ($('#switcher')) import('./switcher.js').then(part => part.openSwitcher());
}

const help = () => import('./help.js').then(part => part.help());
const any = () => true, unread = row => row.matches('.unread') || row.ariaCurrent === 'page';
const regions = by => {
  const all = [$('.lists .row[tabindex="0"]'), $('#messages article[tabindex="0"]') ?? $('#main'), $('#composer')]
    .filter(x => x?.checkVisibility());
  const at = all.findIndex(x => x === document.activeElement);
  const to = all[(at + by + all.length) % all.length];
  if (to?.id === 'main') to.tabIndex = -1;
  to?.focus();
};

export const keys = [
  ['Ctrl+K', 'Go to a chat, person, message or action', goTo],
  ['Ctrl+F', 'Search in this chat; once more: in the page', () => openFinder('here')],
  ['Ctrl+Shift+F', 'Search all chats', () => openFinder('all')],
  ['Alt+ArrowUp', 'Chat above', () => go(any, -1)],
  ['Alt+ArrowDown', 'Chat below', () => go(any, 1)],
  ['Alt+Shift+ArrowUp', 'Unread chat above', () => go(unread, -1)],
  ['Alt+Shift+ArrowDown', 'Unread chat below', () => go(unread, 1)],
  ['Ctrl+F6', 'Next part of the page', () => regions(1)],
  ['Ctrl+Shift+F6', 'Part of the page before', () => regions(-1)],
  ['Shift+PageUp', 'First unread message', () => $('#unread')?.scrollIntoView({ block: 'start' })],
  ['Escape', 'Give up an answer or a change; else to the newest message, and mark as read', escape],
  ['Ctrl+/', 'This list', help],
];

const name = event => ['Ctrl', 'Alt', 'Shift'].filter(key => event[`${key.toLowerCase()}Key`] || key === 'Ctrl' && event.metaKey)
  .concat(event.key.length === 1 ? event.key.toUpperCase() : event.key).join('+');

function escape(event) {
  if (closeFinder()) return;
  if (document.activeElement?.matches('article')) { $('#composer')?.focus(); return; }
  if (!$('#messages') || event.target.matches('input')) return false;
  if (cancel()) return;
  $('#unread')?.remove();
  document.dispatchEvent(new Event('caught-up'));
  markAll();
  newest();
  if (writable()) $('#composer').focus({ preventScroll: true });
}

export function shortcuts() {
  const link = $('#find');
  link?.setAttribute('role', 'button');
  link?.addEventListener('click', event => { event.preventDefault(); goTo(); });
  link?.addEventListener('keydown', event => event.key === ' ' && (event.preventDefault(), goTo()));
  addEventListener('keydown', event => {
    if (event.isComposing || event.defaultPrevented) return;
    const field = event.target.closest?.('input, textarea, select, dialog');
    const plain = !event.ctrlKey && !event.altKey && !event.metaKey;
    if (event.key === '?' && !field) { event.preventDefault(); help(); return; }
    if (!(field && plain && event.key === 'Escape' && field.matches('dialog, input'))) {
      const found = keys.find(([key]) => key === name(event));
      if (found) { if (found[2](event) !== false) event.preventDefault(); return; }
    }
    // Typing goes to the field from anywhere.
    const box = $('#composer');
    if (box && plain && !field && event.key.length === 1 && event.key !== ' ' && writable() && !event.target.closest('.lists')) box.focus();
  });
}
