// What can be done with a message: a toolbar on the row under the pointer or the focus, a menu, and keys.
import { answer, edit, writable } from './composer.js';
import { $, $$, fragment } from './frag.js';
import { jump } from './jump.js';
import { post } from './net.js';
import { open } from './panel.js';
import { toast } from './toast.js';

let tools, menu, at = null;
export const menuOf = () => at;

const list = () => $('#messages');
const rowOf = target => target?.closest?.('#messages > .m');
const path = row => `/chats/${$('#main').dataset.conversation}/messages/${row.id.slice(2)}`;

// What each word does, and for which rows it is there.
const all = {
  react: [row => 'words' in row.dataset && writable(), pick],
  answer: [row => 'words' in row.dataset && writable(), row => answer(row)],
  edit: [row => 'words' in row.dataset && 'mine' in row.dataset && writable(), row => edit(row)],
  copy: [row => 'words' in row.dataset, copy],
  info: [() => true, info],
  delete: [() => true, remove],
};
export const can = (word, row) => Boolean(row?.dataset.key) && all[word][0](row);
export const act = (word, row) => all[word][1](row);

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
    if (given) react(rowOf(given), given.dataset.react, given.ariaPressed !== 'true');
    const link = event.target.closest('.at, .edited a, .quote');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.matches('.quote')) jump(link.dataset.of, '').then(li => li || toast('That message is not here any more.'));
    else info(rowOf(link));
  });
  menu.addEventListener('click', event => choose(event.target.closest('[data-do]')));
  menu.addEventListener('keydown', menuKeys);
  menu.addEventListener('toggle', event => event.newState === 'closed' && leave());
  addEventListener('resize', () => at && place($('article', at).getBoundingClientRect()));
  dialogs();
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
const letters = { '+': 'react', r: 'answer', e: 'edit', c: 'copy', i: 'info', Delete: 'delete' };

function keys(event) {
  const article = event.target.matches('article') && event.target, row = rowOf(article);
  if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
  const word = letters[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  const menuKey = event.key === 'ContextMenu' || event.shiftKey && event.key === 'F10';
  if (menuKey) { event.preventDefault(); const box = article.getBoundingClientRect(); drop(row, { left: box.left + 48, right: box.left + 48, top: box.top, bottom: box.bottom }); return; }
  if (event.key === 'Enter') {
    event.preventDefault();
    const link = $('.text a', row);
    if (link) link.click(); else info(row);
    return;
  }
  if (!word || event.shiftKey && word !== 'react') return;
  event.preventDefault();
  event.stopPropagation();
  if (can(word, row)) act(word, row);
}

function pick(row) {
  const picker = $('#picker');
  picker.row = row;
  $('#picker-words').value = '';
  picker.showModal();
  $('.emoji', picker).focus();
  find();
}

async function find() {
  const query = $('#picker-words').value.trim(), found = $('#picker-found');
  const answer = await fetch(`/emoji?${new URLSearchParams({ q: query })}`).catch(() => null);
  if (answer?.ok && query === $('#picker-words').value.trim()) found.replaceChildren(fragment(await answer.text()));
}

// The button stands at once; the row itself comes from the node.
function react(row, emoji, on) {
  const given = $$('[data-react]', row).find(button => button.dataset.react === emoji);
  if (given) given.ariaPressed = String(on);
  post(`${path(row)}/react`, { emoji, on: on ? 'yes' : 'no' }).catch(error => {
    if (given) given.ariaPressed = String(!on);
    toast(error.message);
  });
}

async function copy(row) {
  const done = await navigator.clipboard.writeText($('.text', row).textContent).then(() => true, () => false);
  toast(done ? 'Copied' : 'The browser did not let the text be copied. Select it and copy it.');
}

async function info(row) {
  const panel = $('#info'), back = $('article', row);
  const answer = await fetch(`${path(row)}?fragment=1`).catch(() => null);
  if (!answer?.ok) { toast('The app on your computer does not answer.'); return; }
  $('#info-body').replaceChildren(fragment(await answer.text()));
  panel.row = row;
  open(panel, back);
}

function remove(row) {
  const dialog = $('#delete');
  dialog.row = row;
  $('[value=everyone]', dialog).hidden = !can('edit', row);
  $('[data-everyone]', dialog).hidden = !can('edit', row);
  dialog.showModal();
}

function dialogs() {
  const picker = $('#picker');
  let late;
  $('#picker-words').addEventListener('input', () => { clearTimeout(late); late = setTimeout(find, 150); });
  picker.addEventListener('click', event => {
    const chosen = event.target.closest('[data-emoji]');
    if (chosen) react(picker.row, chosen.dataset.emoji, true);
    if (chosen || event.target === picker || event.target.closest('[data-close]')) picker.close();
  });
  picker.addEventListener('keydown', event => {
    const all = $$('.emoji', picker), now = all.indexOf(document.activeElement);
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 8, ArrowUp: -8 }[event.key];
    if (now < 0 || !step || !all[now + step]) return;
    event.preventDefault();
    all[now + step].focus();
  });
  picker.addEventListener('close', () => $('article', picker.row)?.focus({ preventScroll: true }));
  const dialog = $('#delete');
  dialog.addEventListener('close', async () => {
    const { row, returnValue: whose } = dialog;
    dialog.returnValue = '';
    if (whose !== 'me' && whose !== 'everyone') { $('article', row)?.focus({ preventScroll: true }); return; }
    const next = row.nextElementSibling ?? row.previousElementSibling;
    await forget(path(row), whose);
    (whose === 'everyone' ? $('article', row) : next && $('article', next))?.focus({ preventScroll: true });
  });
  $('#info').addEventListener('submit', async event => {
    event.preventDefault();
    const form = event.target, button = event.submitter, panel = $('#info');
    if (form.action.endsWith('/react')) { panel.close(); react(panel.row, button.value, form.elements.on.value === 'yes'); return; }
    if (form.action.endsWith('/delete')) { panel.close(); await forget(form.action, button.value); return; }
    await post(form.action, { text: $('textarea', form).value.trim() }).then(() => panel.close(), error => toast(error.message));
  });
}

const forget = (target, whose) => post(target.endsWith('/delete') ? target : `${target}/delete`, { for: whose })
  .catch(error => toast(error.message));
