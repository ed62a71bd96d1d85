// The sidebar: rows come and go by the node's word, the title counts, presence changes in place.
import { $, $$, fragment, replace } from './frag.js';
import { roving } from './roving.js';

let hovered = false, waiting = [];

export function sidebar() {
  const lists = $('.lists');
  if (!lists) return;
  roving(lists, '.row', all => all.find(row => row.ariaCurrent === 'page'));
  lists.addEventListener('pointerenter', () => { hovered = true; });
  lists.addEventListener('pointerleave', () => {
    hovered = false;
    waiting.splice(0).forEach(put => put());
  });
}

// Puts a row in its place by time; the order stays while the pointer is over the list.
export function putRow({ id, html, into }) {
  const next = fragment(html).firstElementChild, old = document.getElementById(id), list = document.getElementById(into);
  if (!list) return;
  const current = $('.row', next);
  if (current.getAttribute('href') === location.pathname) current.ariaCurrent = 'page';
  const place = () => {
    const row = document.getElementById(id);
    if (!row) return;
    const below = [...list.children].find(other => other !== row && Number(other.dataset.at) <= Number(row.dataset.at));
    if (row.parentElement !== list || row.nextElementSibling !== (below ?? null)) {
      const focused = row.contains(document.activeElement) && document.activeElement;
      list.insertBefore(row, below ?? null);
      if (focused) focused.focus({ preventScroll: true });
    }
    count();
  };
  if (old) replace(old, next);
  else list.append(next);
  if (hovered && old?.parentElement === list) waiting.push(place);
  else place();
  count();
  // The page that says that there are no chats is wrong now.
  if ($('.hollow:not(.calm)')) document.dispatchEvent(new Event('stale'));
}

export function dropRow({ id }) {
  document.getElementById(id)?.remove();
  count();
}

// The numbers are the node's; the page only adds them up for its title.
export function count() {
  const total = $$('.lists li').reduce((sum, row) => sum + Number(row.dataset.unread), 0);
  const number = total > 99 ? '99+' : total;
  document.title = (total ? `(${number}) ` : '') + document.title.replace(/^\(\d+\+?\) /, '');
  const requests = $('#request-list').children.length, chats = $('#chat-list').children.length;
  $('#requests').hidden = !requests;
  $('#chats-none').hidden = Boolean(chats);
  if (requests || chats) $('.app').removeAttribute('data-empty');
}

export function presence({ user, word, sentence }) {
  for (const mark of $$(`[data-presence="${user}"]`)) mark.className = `pr ${word}`;
  for (const text of $$(`[data-presence-word="${user}"]`)) text.textContent = word;
  for (const text of $$(`[data-reach="${user}"]`)) {
    text.textContent = sentence;
    const why = text.parentElement.querySelector('#why');
    if (why) why.hidden = word === 'online';
  }
}

export function network({ html, online }) {
  replace($('#network'), fragment(html).firstElementChild);
  const banner = $('#banner-network');
  if (online) { clearTimeout(network.late); network.late = 0; banner.hidden = true; }
  else if (banner.hidden) network.late ||= setTimeout(() => { banner.hidden = false; }, 2000);
}
