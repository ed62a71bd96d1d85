// What is done with a message, each from the row: in dialogs, in the panel, or at once. Loaded when it is first wanted.
import { can } from './actions.js';
import { $, $$, fragment } from './frag.js';
import { jump } from './jump.js';
import { post } from './net.js';
import { open } from './panel.js';
import { leaveUnread } from './read.js';
import { toast } from './toast.js';

const path = row => `/chats/${$('#main').dataset.conversation}/messages/${row.id.slice(2)}`;

export const deeds = { react: pick, copy, unread, info, delete: remove };

dialogs();

export const original = quote => jump(quote.dataset.of, '').then(li => li || toast('That message is not here any more.'));

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
export function react(row, emoji, on) {
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

function unread(row) {
  leaveUnread();
  post(`${path(row)}/unread`).then(() => toast('Unread from here until you come back to this chat.'), error => toast(error.message));
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
    if (form.action.endsWith('/unread')) { panel.close(); unread(panel.row); return; }
    if (form.action.endsWith('/delete')) { panel.close(); await forget(form.action, button.value); return; }
    await post(form.action, { text: $('textarea', form).value.trim() }).then(() => panel.close(), error => toast(error.message));
  });
}

const forget = (target, whose) => post(target.endsWith('/delete') ? target : `${target}/delete`, { for: whose })
  .catch(error => toast(error.message));
