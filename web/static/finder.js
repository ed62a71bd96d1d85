// Search: the panel beside a chat, and the same list as a page of its own in narrow windows.
import { $, $$, fragment } from './frag.js';
import { back, jump } from './jump.js';
import { closePanels } from './panel.js';
import { still } from './window.js';

const wide = matchMedia('(min-width: 1100px)'), narrow = matchMedia('(max-width: 719px)');
let root, field, turn = 0, timer, again, before = null, asked = '';

const isPanel = () => root?.id === 'finder';
const here = () => root.dataset.here ?? root.dataset.finder;
const path = () => (isPanel() && $('[value=here]:checked', root) ? here() : root.dataset.finder ?? '/search');
const hits = () => $$('.hit', root);
const address = (more = '') => `${path()}?${new URLSearchParams({ q: field.value.trim() })}${more}`;

export function finder() {
  root = $('main[data-finder]') ?? $('#finder');
  if (!root) return;
  field = $('[data-words]', root);
  asked = field.value.trim();
  field.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(ask, 180); });
  field.form.addEventListener('submit', submit);
  root.addEventListener('keydown', keys);
  root.addEventListener('click', click);
  root.addEventListener('focusin', follow);
  root.addEventListener('change', event => event.target.matches('[type=radio]') && ask(true));
  if (isPanel()) {
    root.addEventListener('cancel', event => { event.preventDefault(); closeFinder(); });
    wide.addEventListener('change', () => { if (root.open) { root.close(); stand(); } });
    document.addEventListener('keydown', step);
    const button = $('#find-button');
    button?.addEventListener('click', event => { if (openFinder('here')) event.preventDefault(); });
    goOn();
  }
}

function stand() {
  if (wide.matches) steady(() => root.show());
  else root.showModal();
}

// The chat gets narrower and wider beside the panel; what is read stays where it is.
const steady = change => ($('#messages') ? still(change) : change());

// Opens the panel; a second time leaves the keys to the browser. In narrow windows it is a page.
export function openFinder(where, words = null) {
  if (!isPanel()) { field?.focus(); field?.select(); return field !== undefined; }
  if (where === 'here' && !root.dataset.here) return false;
  if (narrow.matches) { location.assign(`${where === 'here' ? here() : '/search'}${words ? `?${new URLSearchParams({ q: words })}` : ''}`); return true; }
  const option = $(`[value=${where}]`, root);
  if (root.open && document.activeElement === field && (!option || option.checked) && words === null) return false;
  if (!root.open) {
    before = document.activeElement === document.body ? null : document.activeElement;
    closePanels(root);
    stand();
  }
  if (option && !option.checked) { option.checked = true; ask(true); }
  if (words !== null && words !== field.value) { field.value = words; ask(true); }
  field.focus();
  field.select();
  return true;
}

// Closes it and goes back to where the reader was before; with `stay`, the chat stays at the hit.
export function closeFinder({ stay = false } = {}) {
  if (!isPanel() || !root.open) return false;
  steady(() => root.close());
  if (!stay) back();
  const to = before?.isConnected && before.checkVisibility() ? before : $('#composer');
  (to?.checkVisibility() ? to : $('#title')).focus({ preventScroll: true });
  return true;
}

async function ask(anew = false) {
  clearTimeout(timer);
  clearTimeout(again);
  const query = field.value.trim();
  if (query === asked && anew !== true) return;
  asked = query;
  const mine = turn += 1;
  const answer = await fetch(address('&fragment=1')).catch(() => null);
  if (mine !== turn) return;
  if (!answer?.ok) { say('The app on your computer does not answer. Your words stay here.'); asked = ''; return; }
  const next = $('[data-results]', fragment(await answer.text()));
  if (mine !== turn) return;
  $('[data-hits]', root).replaceChildren(...$('[data-hits]', next).childNodes);
  take(next);
  if (!isPanel()) history.replaceState(history.state, '', address());
}

// What stands around the hits: the count, the way to more, and another look while the index is being made.
function take(next) {
  say($('[data-count]', next).textContent);
  $('.more', root)?.remove();
  const more = $('.more', next);
  if (more) $('[data-results]', root).append(more);
  if (next.dataset.indexed) again = setTimeout(() => { if (!$('[data-hits]', root).contains(document.activeElement)) ask(true); }, 2000);
}

function say(text) {
  const line = $('[data-count]', root);
  if (line.textContent !== text) line.textContent = text;
}

async function more(link) {
  const mine = turn;
  const answer = await fetch(`${link.getAttribute('href')}&fragment=1`).catch(() => null);
  if (mine !== turn || !answer?.ok) return;
  const next = $('[data-results]', fragment(await answer.text())), rows = [...$('[data-hits]', next).children];
  const focused = link === document.activeElement;
  $('[data-hits]', root).append(...rows);
  take(next);
  say(`The newest ${hits().length} messages`);
  if (focused) $('.hit', rows[0] ?? root)?.focus();
}

function submit(event) {
  event.preventDefault();
  if (field.value.trim() === asked && hits().length) enter(hits().find(hit => hit.ariaCurrent) ?? hits()[0], event);
  else ask(true);
}

const isHere = hit => isPanel() && hit.dataset.chat === $('#main').dataset.conversation;

function mark(hit) {
  for (const other of hits()) {
    if (other === hit) other.ariaCurrent = 'true';
    else other.removeAttribute('aria-current');
  }
}

// The chat goes along with the hit that has the focus.
function follow({ target }) {
  const hit = target.closest('.hit');
  if (!hit) return;
  mark(hit);
  if (isHere(hit)) jump(hit.dataset.id, asked);
}

async function enter(hit) {
  if (!isHere(hit)) { keep(hit); location.assign(hit.href); return; }
  mark(hit);
  const li = await jump(hit.dataset.id, asked);
  if (!li) { say('This message is not here any more.'); return; }
  if (!wide.matches) root.close();
  $('article', li)?.focus({ preventScroll: true });
}

function click(event) {
  if (event.target === root || event.target.closest('[data-close]')) { closeFinder({ stay: true }); return; }
  const link = event.target.closest('[data-more]'), hit = event.target.closest('.hit');
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (link) { event.preventDefault(); more(link); }
  if (hit && isHere(hit)) { event.preventDefault(); enter(hit); } else if (hit) keep(hit);
}

function keys(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
  const all = hits(), inField = event.target === field, hit = event.target.closest('.hit');
  if (event.key === 'Escape' && isPanel()) { event.preventDefault(); closeFinder(); return; }
  if (!inField && !hit) return;
  const at = hit ? all.indexOf(hit) : -1;
  const to = {
    ArrowDown: at + 1, ArrowUp: at - 1,
    ...(hit && { n: at + 1, N: at - 1, Home: 0, End: all.length - 1 }),
  }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  if (to < 0 && hit) field.focus();
  else all[to]?.focus();
}

// n and N with a message in focus: the next hit and the one before, without leaving the chat.
async function step(event) {
  if (!root.open || !['n', 'N'].includes(event.key) || event.ctrlKey || event.altKey || event.metaKey) return;
  if (!event.target.matches?.('#messages article')) return;
  event.preventDefault();
  const all = hits(), at = all.findIndex(hit => hit.ariaCurrent);
  const hit = all[at + (event.key === 'n' ? 1 : -1)];
  if (!hit) { say(event.key === 'n' ? 'This is the oldest hit.' : 'This is the newest hit.'); return; }
  hit.scrollIntoView({ block: 'nearest' });
  if (isHere(hit)) enter(hit);
  else hit.focus();
}

// The panel goes along into another chat.
const kept = 'finder';
function keep(hit) {
  if (isPanel() && root.open) sessionStorage.setItem(kept, JSON.stringify({ id: hit.dataset.id, words: asked }));
}

async function goOn() {
  const { id, words } = JSON.parse(sessionStorage.getItem(kept) ?? '{}');
  sessionStorage.removeItem(kept);
  if (!id || !wide.matches || new URLSearchParams(location.search).get('at') !== id) return;
  const all = $('[value=all]', root);
  if (all) all.checked = true;
  field.value = words;
  stand();
  await ask(true);
  const hit = hits().find(one => one.dataset.id === id);
  if (hit) mark(hit);
  hit?.scrollIntoView({ block: 'nearest' });
}
