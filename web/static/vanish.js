// Messages that disappear: how long they stay is set here, and of what is gone nothing stays open.
import { menuOf } from './actions.js';
import { drop } from './composer.js';
import { $, $$ } from './frag.js';
import { post } from './net.js';
import { hush } from './notify.js';
import { toast } from './toast.js';

// Without leaving the page; the section itself comes from the node.
export function setTimer(form) {
  post(form.action, { seconds: form.elements.seconds.value }).then(() => toast('Saved'), error => toast(error.message));
}

// What is open about a row closes with it, and the focus goes on to the next one.
export function close({ row, next: below }) {
  const next = below ?? $('#messages');
  const focus = document.activeElement, menu = $('#menu');
  let closed = menuOf() === row;
  if (closed) menu.hidePopover();
  for (const dialog of [$('#picker'), $('#delete'), $('#info')]) {
    if (dialog.row !== row) continue;
    dialog.row = next;
    if (dialog.id === 'info') $('#info-body').replaceChildren();
    if (!dialog.open) continue;
    dialog.returnValue = '';
    dialog.close();
    closed = true;
  }
  if (drop(row.id.slice(2)) && focus !== document.body && focus.isConnected && focus.checkVisibility()) focus.focus({ preventScroll: true });
  if (closed || document.activeElement === document.body) ($('article', next) ?? $('#scroll')).focus({ preventScroll: true });
}

// Of what is gone, in any chat, there is no notification, no hit of a search, no line for screen readers.
export function forget({ conversation, id }, open) {
  hush(conversation);
  for (const hit of $$(`.hit[data-id="${id}"]`)) {
    const li = hit.closest('li') ?? hit, next = li.nextElementSibling ?? li.previousElementSibling;
    if (hit === document.activeElement) ((next && $('.hit', next)) ?? $('[type=search]') ?? $('#title')).focus();
    li.remove();
  }
  if (conversation === open) $('#log').replaceChildren();
}
