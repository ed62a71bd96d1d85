// What the keys do, as the help and the settings print it. Loaded when it is first wanted.
import { $ } from './frag.js';
import { keys } from './keys.js';

// Single keys count only while a message has the focus.
const ofMessages = [
  ['R', 'Answer a message'], ['E', 'Edit an own one'], ['+', 'React'], ['C', 'Copy its text'], ['U', 'Mark unread from here'],
  ['I', 'What is known of it'], ['Delete', 'Delete it'], ['Shift+F10', 'All that can be done with it'],
  ['N', 'Next hit of a search, from a message'], ['Shift+N', 'Hit before'],
];

export function help() {
  const open = $('#help');
  if (open) { open.close(); return; }
  const dialog = document.createElement('dialog'), title = document.createElement('h2');
  const close = document.createElement('button');
  dialog.id = 'help';
  dialog.className = 'help';
  title.id = 'help-title';
  title.textContent = 'Keyboard';
  // A long list begins at its top.
  title.tabIndex = -1;
  title.autofocus = true;
  dialog.setAttribute('aria-labelledby', title.id);
  close.className = 'button quiet';
  close.textContent = 'Close';
  close.onclick = () => dialog.close();
  dialog.append(title, list(), close);
  const back = document.activeElement;
  dialog.onclose = () => { dialog.remove(); back?.focus?.(); };
  document.body.append(dialog);
  dialog.showModal();
}

// Every shortcut, as the help and the settings print it.
export function list() {
  const dl = document.createElement('dl');
  const words = { ArrowUp: '↑', ArrowDown: '↓', Escape: 'Esc', PageUp: 'Page Up', Delete: 'Del' };
  const sends = document.documentElement.dataset.enter === 'line' ? ['Ctrl+Enter', 'Enter'] : ['Enter', 'Shift+Enter'];
  dl.className = 'shortcuts';
  for (const [key, meaning] of [...keys, ...ofMessages, [sends[0], 'Send'], [sends[1], 'New line']]) {
    const term = document.createElement('dt'), text = document.createElement('dd');
    term.textContent = key === '+' ? key : key.split('+').map(part => words[part] ?? part).join(' + ');
    text.textContent = meaning;
    dl.append(term, text);
  }
  return dl;
}
