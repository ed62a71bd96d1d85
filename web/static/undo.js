// A step that others are told about waits eight seconds for a second thought.
import { $ } from './frag.js';
import { post } from './net.js';
import { say } from './say.js';

export function undo(button) {
  const box = button.closest('.request');
  if (box.hidden) return;
  const toast = document.createElement('p'), back = document.createElement('button');
  toast.className = 'toast';
  back.textContent = 'Undo';
  toast.append(button.dataset.undo, back);
  box.hidden = true;
  $('#toasts').append(toast);
  back.focus();
  const done = () => {
    clearTimeout(timer);
    removeEventListener('pagehide', act);
    if (toast.contains(document.activeElement)) $('#title').focus();
    toast.remove();
  };
  const act = () => {
    done();
    post(button.formAction, {}, { keepalive: true }).catch(error => { box.hidden = false; say('Confab', error.message); });
  };
  const timer = setTimeout(act, 8000);
  addEventListener('pagehide', act);
  back.onclick = () => { done(); box.hidden = false; button.focus(); };
}
