// A line at the edge of the window that goes by itself.
import { $ } from './frag.js';

export function toast(text) {
  const line = document.createElement('p');
  line.className = 'toast';
  line.textContent = text;
  $('#toasts').replaceChildren(line);
  setTimeout(() => line.remove(), 4000);
}
