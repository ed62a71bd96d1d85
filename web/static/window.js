// The rows of the open chat: a bounded window that is filled at both ends, kept still while it changes.
import { $, $$, fragment, oneLine } from './frag.js';

// Rows that are kept, at most, and that come at once.
const MAX = 160, STRETCH = 20, GROUP = 5 * 60 * 1000;
let scroller, list, edge, tail, jump, eyes = [], ahead = Infinity, stuck = true, ended = true, loading = false, fresh = 0, turn = 0;
// Which history the rows are from: what was asked for before it was changed is not put in.
let epoch = 0;
// Somebody jumped here: nothing is read until they go on by themselves to the newest.
let visiting = false;
// What is selected, noted when it changes: asked while rows change, a selection lays the page out for each answer.
let selected = null;
// A row that was brought to a place stays exactly there, whatever is loaded around it, until somebody scrolls.
let held = null;

export function rows() {
  scroller = $('#scroll');
  list = $('#messages');
  edge = $('#edge');
  tail = $('#tail');
  jump = $('#jump');
  ended = !tail.dataset.after;
  scroller.tabIndex = 0;
  open();
  watch();
  for (const kind of ['wheel', 'touchmove', 'keydown', 'pointerdown']) {
    scroller.addEventListener(kind, () => { held = null; arrived(); }, { passive: true });
  }
  document.addEventListener('selectionchange', () => {
    const selection = getSelection();
    selected = selection.isCollapsed ? null : selection.getRangeAt(0);
  });
  // The keyboard of a phone, a growing text field and a window's edge do not hide the newest message.
  new ResizeObserver(() => {
    if (stuck) bottom();
    watch();
  }).observe(scroller);
  // What failed while there was no contact is asked for again.
  document.addEventListener('contact', ({ detail }) => { if (detail) { look(edge); look(tail); } });
  jump.addEventListener('click', () => newest(true));
}

// Looks so far ahead that rows are there when they are reached; and so little that rows of one line reach from end to end,
// else each end would call back what the other one took away.
function watch() {
  const lowest = parseFloat(getComputedStyle(list).lineHeight) + 4;
  const room = ((MAX - STRETCH) * lowest - scroller.clientHeight) / 2;
  // In steps, as a window is made taller pixel by pixel; one that gets smaller needs nothing new.
  const most = Math.max(1, Math.min(16, Math.floor(room / 100))) * 100;
  if (most >= ahead) return;
  ahead = most;
  for (const [, eye] of eyes) eye.disconnect();
  // Under load several reports come at once; the last one says how it is now.
  const see = (target, margin, seen) => [target, new IntersectionObserver(
    reports => seen(reports.at(-1).isIntersecting),
    { root: scroller, rootMargin: `${margin}px 0px` },
  )];
  eyes = [
    see(edge, ahead, near => near && older()),
    see(tail, ahead, near => near && !ended && newer()),
    see(tail, 48, near => {
      stuck = near && ended;
      if (stuck) fresh = 0;
      pill();
    }),
  ];
  for (const [target, eye] of eyes) eye.observe(target);
}

// At the message that the address names; else at the first unread one, a quarter down; else at the newest.
function open() {
  const at = new URLSearchParams(location.search).get('at');
  if (at && document.getElementById(`m-${at}`)) {
    // Else the browser would put it at the very top later.
    if (location.hash) history.replaceState(history.state, '', location.pathname + location.search);
    show(at).then(li => $('article', li)?.focus({ preventScroll: true }));
    return;
  }
  const unread = $('#unread');
  if (unread) {
    scroller.scrollTop += unread.getBoundingClientRect().top - scroller.getBoundingClientRect().top - scroller.clientHeight / 4;
    stuck = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 48;
  } else bottom();
}

export const bottom = () => { scroller.scrollTop = scroller.scrollHeight; };
export const isStuck = () => stuck;

// Everything up to now is in view; with `focus`, the last message has it.
export async function newest(focus = false) {
  if (!ended) {
    try { change(await load('')); } catch { location.assign(location.pathname); return; }
  }
  held = null;
  leave();
  bottom();
  if (focus) ($$('article', list).at(-1) ?? scroller).focus({ preventScroll: true });
}

// Whoever scrolls on to the newest by hand reads again.
function arrived() {
  if (visiting && stuck) leave();
}

function leave() {
  if (new URLSearchParams(location.search).has('at')) history.replaceState({ ...history.state, away: false }, '', location.pathname);
  if (!visiting) return;
  visiting = false;
  document.dispatchEvent(new Event('reading'));
}

export const isVisiting = () => visiting;

// Brings a message into view, from wherever in the history, and shows which one it is. On a visit nothing is read: a
// message is read with all that is above it.
export async function show(id, visit = true) {
  const mine = turn += 1;
  if (!document.getElementById(`m-${id}`)) {
    const page = await load(`at=${id}`);
    if (mine !== turn) return null;
    change(page);
  }
  const li = document.getElementById(`m-${id}`);
  if (!li) return null;
  visiting = visit;
  if (!visit) document.dispatchEvent(new Event('reading'));
  centre(li);
  for (const other of $$('.flash', list)) other.classList.remove('flash');
  li.classList.add('flash');
  setTimeout(() => li.classList.remove('flash'), 2000);
  return li;
}

function centre(li) {
  hold(li, Math.max(0, (scroller.clientHeight - li.offsetHeight) / 2));
}

// Where the reader is: the first visible message and its distance from the top; null at the newest.
export function place() {
  return stuck ? null : anchor();
}

// Back to such a place, to the pixel.
export async function restore(where) {
  for (const li of $$('.flash', list)) li.classList.remove('flash');
  if (!where) { await newest(); return; }
  const mine = turn += 1;
  if (!document.getElementById(where.id)) {
    const page = await load(`at=${where.id.slice(2)}`);
    if (mine !== turn) return;
    change(page);
  }
  const li = document.getElementById(where.id);
  if (li) hold(li, where.top);
  if (visiting) { visiting = false; document.dispatchEvent(new Event('reading')); }
}

// Another stretch of the history in place of this one.
function change(page) {
  turn += 1;
  epoch += 1;
  loading = false;
  list.replaceChildren(fragment(page.html));
  leads(page.before);
  if (page.after) tail.dataset.after = page.after;
  else delete tail.dataset.after;
  ended = !page.after;
  edge.ariaBusy = 'false';
  look(edge);
  look(tail);
}

// What is above the first row: older ones, before this place, or nothing.
function leads(before) {
  if (before) edge.dataset.before = before;
  else delete edge.dataset.before;
  edge.textContent = before ? 'Older messages' : 'This is the beginning.';
}

// An end that was in view and still is tells nothing by itself.
function look(end) {
  for (const [target, eye] of eyes) if (target === end) { eye.unobserve(end); eye.observe(end); }
}

function pill() {
  jump.hidden = stuck;
  $('span', jump).textContent = fresh ? `${fresh} new ${fresh === 1 ? 'message' : 'messages'}` : 'Newest messages';
}

// Runs a change and keeps the first visible row where it is, or the one that is held. From then on that one is held: the
// list is scrolled by whole pixels, and what is left over must not add up.
export function still(change) {
  held = anchor();
  change();
  const row = held && document.getElementById(held.id);
  if (row) putAt(row, held.top);
}

// Runs a change for somebody who reads: at the newest message they stay there, elsewhere their row stays where it is.
export function steady(change) {
  if (!stuck) { still(change); return; }
  change();
  bottom();
}

// The row that is held, unless the list was scrolled by other means meanwhile; else the first visible one.
function anchor() {
  const from = scroller.getBoundingClientRect().top, top = li => li.getBoundingClientRect().top - from;
  const kept = held && document.getElementById(held.id);
  if (kept && Math.abs(top(kept) - held.top) <= 1) return held;
  const all = $$('li[data-at]', list);
  let first = 0;
  for (let end = all.length; first < end;) {
    const middle = (first + end) >> 1;
    if (all[middle].getBoundingClientRect().bottom > from) end = middle;
    else first = middle + 1;
  }
  const li = all[first];
  return li ? { id: li.id, top: top(li) } : null;
}

function putAt(row, top) {
  scroller.scrollTop += row.getBoundingClientRect().top - scroller.getBoundingClientRect().top - top;
}

function hold(li, top) {
  held = { id: li.id, top };
  putAt(li, top);
  stuck = false;
}

const path = () => `/chats/${$('#main').dataset.conversation}/messages`;
const isMessage = li => Boolean(li?.dataset.at);

async function load(query) {
  const answer = await fetch(`${path()}?${query}`, { headers: { Accept: 'application/json' } });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

async function older() {
  const { before } = edge.dataset;
  if (!before || loading) return;
  loading = true;
  const mine = epoch;
  edge.ariaBusy = 'true';
  edge.textContent = 'Loading older messages…';
  // What must go goes while we wait, and the list without it is laid out.
  trim('end', STRETCH);
  list.getBoundingClientRect();
  try {
    const page = await load(`before=${before}`);
    if (mine !== epoch) return;
    still(() => {
      const joint = list.firstElementChild;
      list.prepend(fragment(page.html));
      leads(page.before);
      const row = isMessage(joint) ? joint : nextMessage(joint);
      if (row) tidy(row);
      trim('end');
    });
    // Each end may have asked in vain while the other one loaded.
    look(edge);
    look(tail);
  } catch {
    if (mine !== epoch) return;
    const again = document.createElement('button');
    again.className = 'link';
    again.textContent = 'Try again';
    again.onclick = () => older();
    still(() => edge.replaceChildren('Older messages didn’t load. ', again));
  } finally {
    if (mine === epoch) { edge.ariaBusy = 'false'; loading = false; }
  }
}

async function newer() {
  const { after } = tail.dataset;
  if (!after || loading) return;
  loading = true;
  const mine = epoch;
  still(() => trim('start', STRETCH));
  try {
    const page = await load(`after=${after}`);
    if (mine !== epoch) return;
    still(() => {
      const joint = list.lastElementChild;
      list.append(fragment(page.html));
      if (page.after) tail.dataset.after = page.after;
      else { delete tail.dataset.after; ended = true; }
      const row = nextMessage(joint);
      if (row) tidy(row);
      trim('start');
    });
    look(edge);
    look(tail);
  } catch { /* contact that is found again, and the next scroll, try again */ } finally { if (mine === epoch) loading = false; }
}

// Takes rows away at the far end until there is room for so many; never the one with the focus or a part of the selection.
function trim(end, room = 0) {
  const outermost = () => (end === 'end' ? list.lastElementChild : list.firstElementChild);
  const held = li => li.contains(document.activeElement) || selected?.intersectsNode(li);
  let cut = false;
  while (list.children.length > MAX - room && !held(outermost())) {
    outermost().remove();
    cut = true;
  }
  const keys = cut ? $$('li[data-key]', list).map(li => li.dataset.key) : [];
  if (!keys.length) return;
  if (end === 'start') { edge.dataset.before = keys[0]; return; }
  run(outermost());
  tail.dataset.after = keys.at(-1);
  ended = false;
}

export const nextMessage = li => { do li = li?.nextElementSibling; while (li && !isMessage(li)); return li; };
const previousMessage = li => { do li = li?.previousElementSibling; while (li && !isMessage(li)); return li; };

// Puts the day above a row right, and says whether it begins a group.
export function tidy(li) {
  const above = previousMessage(li);
  // The highest of the lines that say what is new.
  let divider = null;
  for (let line = li.previousElementSibling; line && !isMessage(line);) {
    const further = line.previousElementSibling;
    if (line.id) divider = line;
    else line.remove();
    line = further;
  }
  const day = !above || above.dataset.day !== li.dataset.day;
  if (day) {
    const line = document.createElement('li'), text = document.createElement('span');
    line.className = 'day';
    line.dataset.day = li.dataset.day;
    text.textContent = li.dataset.dayName;
    line.append(text);
    list.insertBefore(line, divider ?? li);
  }
  li.classList.toggle('first', day || divider || above.className === 'system'
    || above.dataset.who !== li.dataset.who || Math.abs(li.dataset.at - above.dataset.at) >= GROUP);
  run(li);
  run(above);
}

// One status stands for a run of own messages, below the last of them.
function run(li) {
  const sign = row => row?.dataset.status?.replace('waiting', 'sending');
  li?.classList.toggle('joins', Boolean(sign(li)) && sign(li) === sign(li.nextElementSibling));
}

// Puts a message where the node's order wants it. Answers whether it is `new` here, was here `before`, or belongs `above` or
// `below` what is loaded.
export function put(li) {
  const old = document.getElementById(li.id);
  const key = row => row.dataset.key ?? '~';
  if (old) {
    li.className = old.className;
    const focused = old.contains(document.activeElement);
    still(() => old.replaceWith(li));
    requote(li.id.slice(2), li);
    if (focused) $('article', li)?.focus({ preventScroll: true });
  }
  const all = $$('li[data-at]', list).filter(row => row !== li);
  // Newer rows are not loaded here: it will come with them.
  if (!old && !ended && all.length && key(li) > key(all.at(-1))) { fresh += 1; pill(); return 'below'; }
  if (!old && edge.dataset.before && all.length && key(li) < key(all[0])) return 'above';
  let below = null;
  for (let at = all.length - 1; at >= 0 && key(all[at]) > key(li); at -= 1) below = all[at];
  const settled = old && nextMessage(li) === below, above = li.previousElementSibling;
  const change = () => {
    if (!settled) {
      let spot = below;
      while (spot?.previousElementSibling && !isMessage(spot.previousElementSibling)) spot = spot.previousElementSibling;
      list.insertBefore(li, spot);
      run(above);
    }
    tidy(li);
    const next = nextMessage(li);
    if (next) tidy(next);
    if (edge.dataset.before === undefined) edge.textContent = 'This is the beginning.';
    if (stuck) trim('start');
  };
  steady(change);
  if (!old && !stuck && !nextMessage(li) && !('mine' in li.dataset)) { fresh += 1; pill(); }
  return old ? 'before' : 'new';
}

// A message that is gone takes its day along, if it was alone in it.
export function remove({ id }) {
  const li = document.getElementById(id);
  if (!li) return;
  const next = nextMessage(li), last = !next && li.previousElementSibling;
  const focused = li.contains(document.activeElement);
  const change = () => {
    const above = li.previousElementSibling;
    li.remove();
    run(above);
    if (next) tidy(next);
    else if (last && !isMessage(last)) last.remove();
  };
  steady(change);
  if (focused) ($('article', next ?? list.lastElementChild ?? list) ?? scroller).focus({ preventScroll: true });
  requote(id.slice(2), null);
  // What is open about it closes.
  document.dispatchEvent(new CustomEvent('gone', { detail: { row: li, next: next ?? list.lastElementChild } }));
}

// What quotes a message says what that one says now.
function requote(id, li) {
  for (const quote of $$(`.quote[data-of="${id}"]`, list)) {
    if (li && 'words' in li.dataset) {
      const words = $('span', quote);
      if (words) words.textContent = oneLine($('.text', li).textContent);
    } else {
      const gone = document.createElement('em');
      gone.textContent = 'A message that is not here any more';
      quote.replaceChildren(gone);
    }
  }
}

// How far own messages have come; states only move forward.
const order = ['waiting', 'sending', 'on_the_way', 'delivered', 'read'];
export function marks({ states }) {
  const change = () => {
    for (const [id, word] of Object.entries(states)) {
      const li = document.getElementById(`m-${id}`);
      // Not every row has one.
      if (li && $('.st', li)) status(li, word);
    }
  };
  steady(change);
}

export function status(li, word) {
  const from = order.indexOf(li.dataset.status), to = order.indexOf(word);
  // Waiting and sending are two words for one state: nobody else has it yet.
  if (from === to || (from > to && from > 1)) return;
  li.dataset.status = word;
  run(li);
  run(li.previousElementSibling);
  $('.st', li).replaceChildren($(`#st-${word}`).content.cloneNode(true));
}
