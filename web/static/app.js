// A page of an open node: joins the parts and carries what the node says to them.
import { actions } from './actions.js';
import { composer } from './composer.js';
import { forms } from './form.js';
import { $, fragment, replace } from './frag.js';
import { finder } from './finder.js';
import { trips } from './jump.js';
import { shortcuts } from './keys.js';
import { dropRow, network, presence, putRow, sidebar } from './list.js';
import { connect } from './net.js';
import { hush, notifications, notify, offer } from './notify.js';
import { open, panels } from './panel.js';
import { reading } from './read.js';
import { roving } from './roving.js';
import { say, unsay } from './say.js';
import * as view from './window.js';

// What was written longer ago, in milliseconds, and stands above newer messages comes late.
const A_WHILE = 10_000;
const main = $('#main'), conversation = main.dataset.conversation ?? null;
const vanish = then => import('./vanish.js').then(then);

forms();
const place = comeBack();
sidebar();
shortcuts();
if (conversation) {
  view.rows();
  trips(place);
  composer();
  reading();
  roving($('#messages'), 'article', all => all.at(-1));
  details();
  panels();
  actions();
  document.addEventListener('gone', ({ detail }) => vanish(part => part.close(detail)));
  document.addEventListener('submit', event => {
    if (!event.target.matches('form[data-timer]')) return;
    event.preventDefault();
    vanish(part => part.setTimer(event.target));
  });
}
finder();
if ($('[data-search]')) import('./people.js').then(part => part.people());
if ($('.settings')) import('./settings.js').then(part => part.settings());
notifications(conversation);
if ($('.log, form[data-test]')) import('./network.js').then(part => part.reachability());

connect({ conversation, watch: main.dataset.watch ?? null }, {
  put(message) {
    if (message.into === 'messages') arrived(message);
    else if (message.into) putRow(message);
    else {
      const old = document.getElementById(message.id);
      const next = fragment(message.html).firstElementChild;
      // What did not change keeps what somebody is choosing in it.
      if (old && old.outerHTML !== next.outerHTML) replace(old, next);
    }
  },
  del(message) {
    forget(message.id);
    if (message.id.startsWith('m-')) view.remove(message);
    else dropRow(message);
  },
  gone: message => vanish(part => part.forget(message, conversation)),
  marks: message => conversation && view.marks(message),
  presence,
  network,
  typing,
  standing(message) {
    const stuck = view.isStuck();
    replace($('#standing'), fragment(message.html).firstElementChild);
    if (stuck) view.bottom();
  },
  notify,
  // The node is locked or this session is over: nothing of the chats stays in the tab.
  locked() {
    hush();
    leave();
    document.body.replaceChildren();
    document.title = 'Chat';
    location.replace('/');
  },
  // Nothing of it is there any more, here neither.
  cleared() { location.reload(); },
  // A script that is not there any more says that the program was renewed, and the page with it.
  gap: () => import('./refresh.js').then(part => part.refresh(leave), () => { leave(); location.reload(); }),
});

document.addEventListener('stale', () => import('./refresh.js').then(part => part.stale()));

// After unlocking, and when the page is loaded anew, the chat is open where it was.
function leave() {
  if (conversation) sessionStorage.setItem('left', JSON.stringify([location.pathname, view.place()]));
}

function comeBack() {
  const [back, where, tried] = JSON.parse(sessionStorage.getItem('left') ?? '[]');
  sessionStorage.removeItem('left');
  if (back === location.pathname) return where;
  // Once: the chat may be gone.
  if (back && !tried && location.pathname === '/chats') {
    sessionStorage.setItem('left', JSON.stringify([back, where, true]));
    location.replace(back);
  }
  return undefined;
}

// A step that others are told about waits for a second thought.
document.addEventListener('click', event => {
  const button = event.target.closest('[data-undo]');
  if (!button) return;
  event.preventDefault();
  import('./undo.js').then(part => part.undo(button), () => say('Confab', 'The app on your computer does not answer. Try it again.'));
});

function arrived({ html, live }) {
  const li = fragment(html).firstElementChild;
  if (!('words' in li.dataset)) forget(li.id);
  const where = view.put(li);
  if (!live || where === 'before' || 'mine' in li.dataset) return;
  const earlier = where === 'above' || view.nextMessage(li);
  if (earlier && Date.now() - li.dataset.at > A_WHILE) import('./late.js').then(part => part.late(li));
  if (where === 'new') {
    say(main.dataset.with, $('.text', li)?.textContent ?? '', true);
    typing({ active: false });
    offer();
  }
}

// Nothing of the words of a message stays on the page.
function forget(id) {
  const row = document.getElementById(id);
  if (row && 'words' in row.dataset) unsay($('.text', row).textContent);
}

function typing({ active }) {
  const line = $('#typing');
  if (!line) return;
  clearTimeout(typing.timer);
  line.hidden = !active;
  $('#reach').hidden = active;
  if (active) typing.timer = setTimeout(typing, 6000, { active: false });
}

function details() {
  const panel = $('#details'), button = $('#details-button');
  button.setAttribute('role', 'button');
  button.setAttribute('aria-controls', 'details');
  new MutationObserver(() => { button.ariaExpanded = String(panel.open); }).observe(panel, { attributeFilter: ['open'] });
  button.ariaExpanded = String(panel.open);
  const press = event => { event.preventDefault(); if (panel.open) panel.close(); else open(panel, button); };
  button.addEventListener('click', press);
  button.addEventListener('keydown', event => event.key === ' ' && press(event));
  document.addEventListener('click', event => {
    if (event.target.closest('[data-details]')) { event.preventDefault(); open(panel, button); }
  });
  panel.back = button;
}

