// Messages that were written a while ago and come only now stand where they belong, above newer ones: a line there says
// so, and a button leads to it while it is out of sight.
import { $ } from './frag.js';
import { nextMessage, show, steady, tidy } from './window.js';

let count = 0, first = null, eye;

export function late(li) {
  count += 1;
  if (!first || li.dataset.key < first.key) first = { key: li.dataset.key, id: li.id };
  line();
  const button = $('#earlier');
  $('span', button).textContent = words();
  button.hidden = false;
  button.onclick = go;
  watch();
}

// Whoever goes back to the newest message has seen enough of it.
document.addEventListener('caught-up', () => {
  $('#late')?.remove();
  $('#earlier').hidden = true;
  eye?.disconnect();
  count = 0;
  first = null;
});

const words = () => `${count} earlier ${count === 1 ? 'message' : 'messages'} arrived`;

// The line above the first of them, if that one is loaded.
function line() {
  const row = document.getElementById(first.id), old = $('#late');
  if (!row) return;
  const li = old ?? document.createElement('li'), text = document.createElement('span');
  li.className = 'day new';
  li.id = 'late';
  text.textContent = words();
  steady(() => {
    li.replaceChildren(text);
    const below = old && nextMessage(old);
    row.before(li);
    tidy(row);
    if (below && below !== row) tidy(below);
  });
}

// Seen, the button has done its work.
function watch() {
  eye?.disconnect();
  const row = document.getElementById(first.id);
  if (!row) return;
  eye = new IntersectionObserver(([entry]) => { if (entry.isIntersecting) $('#earlier').hidden = true; }, { root: $('#scroll') });
  eye.observe(row);
}

async function go() {
  const li = await show(first.id.slice(2), false).catch(() => null);
  $('#earlier').hidden = true;
  if (!li) return;
  line();
  $('article', li)?.focus({ preventScroll: true });
}
