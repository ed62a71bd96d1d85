// What can be done with a message: a toolbar on the row under the pointer or the focus, a menu, and keys.
import { answer, edit, writable } from './composer.js';
import { $, $$ } from './frag.js';

let tools, menu, at = null, spot;
export const menuOf = () => at;

const list = () => $('#messages');
const rowOf = target => target?.closest?.('#messages > .m');
// Loaded when something is first done.
const deeds = () => import('./deeds.js');

// For which rows each is there.
const all = {
  react: row => 'words' in row.dataset && writable(),
  answer: row => 'words' in row.dataset && writable(),
  edit: row => 'words' in row.dataset && 'mine' in row.dataset && writable(),
  copy: row => 'words' in row.dataset,
  unread: row => !('mine' in row.dataset),
  info: () => true,
  delete: () => true,
};
export const can = (word, row) => Boolean(row?.dataset.key) && all[word](row);
// What is typed next goes to the field, so these two do not wait.
const atOnce = { answer, edit };

function act(word, row) {
  if (atOnce[word]) atOnce[word](row);
  else deeds().then(part => part.deeds[word](row));
}

export function actions() {
  tools = $('#tools').content.firstElementChild.cloneNode(true);
  menu = $('#menu');
  list().addEventListener('pointerover', event => event.pointerType === 'mouse' && show(rowOf(event.target)));
  list().addEventListener('pointerleave', () => show(rowOf(document.activeElement)));
  list().addEventListener('focusin', event => show(rowOf(event.target)));
  list().addEventListener('focusout', event => event.relatedTarget && !rowOf(event.relatedTarget) && show(null));
  tools.addEventListener('click', event => {
    const button = event.target.closest('[data-do]'), row = rowOf(tools);
    if (!button || !row) return;
    if (button.dataset.do === 'more') drop(row, button.getBoundingClientRect());
    else act(button.dataset.do, row);
  });
  list().addEventListener('keydown', keys);
  list().addEventListener('contextmenu', event => {
    const row = rowOf(event.target);
    // The browser's own menu stays for links and selected text, and with Shift.
    if (!row?.dataset.key || event.shiftKey || event.target.closest('a') || !getSelection().isCollapsed) return;
    event.preventDefault();
    const box = row.getBoundingClientRect(), x = event.clientX || box.left + 48, y = event.clientY || box.top + 24;
    drop(row, { left: x, right: x, top: y, bottom: y });
  });
  list().addEventListener('click', event => {
    const given = event.target.closest('[data-react]');
    if (given) deeds().then(part => part.react(rowOf(given), given.dataset.react, given.ariaPressed !== 'true'));
    const link = event.target.closest('.at, .edited a, .quote');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.matches('.quote')) deeds().then(part => part.original(link));
    else act('info', rowOf(link));
  });
  menu.addEventListener('click', event => choose(event.target.closest('[data-do]')));
  menu.addEventListener('keydown', menuKeys);
  menu.addEventListener('toggle', event => event.newState === 'closed' && leave());
  addEventListener('resize', () => at && place($('article', at).getBoundingClientRect()));
  new ResizeObserver(() => at && place(spot)).observe(menu);
}

function show(row) {
  if (menu.matches(':popover-open')) return;
  const article = row?.dataset.key && $('article', row);
  if (!article) { tools.remove(); return; }
  if (tools.parentElement === article) return;
  for (const button of $$('[data-do]', tools)) button.hidden = button.dataset.do in all && !can(button.dataset.do, row);
  // Keys reach the buttons only in the row that has the focus.
  for (const button of $$('button', tools)) button.tabIndex = article.tabIndex;
  article.append(tools);
}

function drop(row, box) {
  at = row;
  const items = $$('[role=menuitem]', menu);
  for (const item of items) item.hidden = !can(item.dataset.do, row);
  menu.showPopover();
  place(box);
  items.find(item => !item.hidden)?.focus();
}

// Under what it belongs to, or above it, and within the window.
function place(box) {
  spot = box;
  const { width, height } = menu.getBoundingClientRect();
  menu.style.left = `${Math.max(8, Math.min(box.right - (box.left === box.right ? 0 : width), innerWidth - width - 8))}px`;
  const top = box.bottom + height + 8 < innerHeight ? box.bottom + 4 : box.top - height - 4;
  menu.style.top = `${Math.max(8, Math.min(top, innerHeight - height - 8))}px`;
}

function leave() {
  const row = at;
  at = null;
  if (row?.isConnected && (document.activeElement === document.body || menu.contains(document.activeElement))) $('article', row).focus({ preventScroll: true });
}

function choose(item) {
  if (!item) return;
  const row = at;
  menu.hidePopover();
  if (row?.isConnected) act(item.dataset.do, row);
}

function menuKeys(event) {
  const items = $$('[role=menuitem]', menu).filter(item => !item.hidden), now = items.indexOf(document.activeElement);
  const to = { ArrowDown: (now + 1) % items.length, ArrowUp: (now - 1 + items.length) % items.length, Home: 0, End: items.length - 1 }[event.key];
  event.stopPropagation();
  if (to !== undefined) { event.preventDefault(); items[to].focus(); return; }
  if (event.key === 'Escape' || event.key === 'Tab') { event.preventDefault(); menu.hidePopover(); return; }
  const found = event.key.length === 1 && items.find(item => item.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()));
  if (found) found.focus();
}

// Single letters count only while a message itself has the focus.
const letters = { '+': 'react', r: 'answer', e: 'edit', c: 'copy', u: 'unread', i: 'info', Delete: 'delete' };

function keys(event) {
  const article = event.target.matches('article') && event.target, row = rowOf(article);
  if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
  const word = letters[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  const menuKey = event.key === 'ContextMenu' || event.shiftKey && event.key === 'F10';
  if (menuKey) { event.preventDefault(); const box = article.getBoundingClientRect(); drop(row, { left: box.left + 48, right: box.left + 48, top: box.top, bottom: box.bottom }); return; }
  if (event.key === 'Enter') {
    event.preventDefault();
    const link = $('.text a', row);
    if (link) link.click(); else act('info', row);
    return;
  }
  if (!word || event.shiftKey && word !== 'react') return;
  event.preventDefault();
  event.stopPropagation();
  if (can(word, row)) act(word, row);
}
