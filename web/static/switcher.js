// The switcher: one field that leads to chats, people, messages and actions.
import { $, $$, fragment } from './frag.js';
import { openFinder } from './finder.js';
import { post } from './net.js';

let dialog, field, list, turn = 0, timer, before = null, shown = null;

const theme = word => () => {
  document.documentElement.dataset.theme = word;
  post('/settings/browser/theme', { value: word }).catch(() => {});
};
const acts = {
  here: () => openFinder('here'),
  everywhere: () => openFinder('all', field.value.trim()),
  light: theme('light'), dark: theme('dark'), system: theme('system'),
  help: () => import('./help.js').then(part => part.help()),
  lock: () => post('/lock').finally(() => location.assign('/')),
};

function prepare() {
  dialog = $('#switcher');
  field = $('#switch-words');
  list = $('#switch-list');
  field.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(ask, 80); });
  field.addEventListener('keydown', keys);
  list.addEventListener('click', event => {
    const option = event.target.closest('[role=option]');
    if (option && !event.ctrlKey && !event.metaKey) { event.preventDefault(); go(option); }
  });
  list.addEventListener('pointermove', event => {
    const option = event.target.closest('[role=option]');
    if (option) select(option, false);
  });
  dialog.addEventListener('click', event => (event.target === dialog || event.target.closest('[data-close]')) && dialog.close());
  dialog.addEventListener('close', () => {
    if (document.activeElement === document.body || dialog.contains(document.activeElement)) (before?.isConnected ? before : $('#title'))?.focus({ preventScroll: true });
  });
}

export function openSwitcher() {
  if (!dialog) prepare();
  if (dialog.open) { dialog.close(); return; }
  before = document.activeElement === document.body ? null : document.activeElement;
  field.value = '';
  list.replaceChildren();
  shown = null;
  dialog.showModal();
  field.focus();
  ask();
}

async function ask() {
  clearTimeout(timer);
  const mine = turn += 1, query = field.value.trim(), here = $('#main').dataset.conversation;
  const answer = await fetch(`/go?${new URLSearchParams({ q: query, fragment: 1, ...(here && { here }) })}`).catch(() => null);
  if (mine !== turn) return;
  const line = $('#switch-count');
  if (!answer?.ok) { line.textContent = 'The app on your computer does not answer.'; return; }
  const next = fragment(await answer.text()).firstElementChild;
  if (mine !== turn) return;
  list.replaceChildren(...next.childNodes);
  line.textContent = next.dataset.count;
  shown = query;
  options().forEach((option, at) => { option.id = `go-${at}`; });
  select(options()[0]);
}

const options = () => $$('[role=option]', list);

function select(option, scroll = true) {
  for (const other of options()) other.ariaSelected = String(other === option);
  field.setAttribute('aria-activedescendant', option?.id ?? '');
  if (!scroll || !option) return;
  if (option === options()[0]) list.scrollTop = 0;
  else option.scrollIntoView({ block: 'nearest' });
}

async function keys(event) {
  if (event.isComposing) return;
  const all = options(), at = all.findIndex(option => option.ariaSelected === 'true');
  const to = { ArrowDown: (at + 1) % all.length, ArrowUp: (at - 1 + all.length) % all.length, PageDown: Math.min(at + 8, all.length - 1), PageUp: Math.max(at - 8, 0) }[event.key];
  if (to !== undefined && all.length) { event.preventDefault(); select(all[to]); return; }
  if (event.key !== 'Enter') return;
  event.preventDefault();
  const aside = event.ctrlKey || event.metaKey;
  // What was typed last counts, not what was shown before.
  if (shown !== field.value.trim()) await ask();
  const option = options().find(one => one.ariaSelected === 'true');
  if (option && aside) open(option.href, '_blank', 'noopener');
  else if (option) go(option);
}

function go(option) {
  const act = acts[option.dataset.act];
  if (!act) { location.assign(option.href); return; }
  dialog.close();
  act();
}
