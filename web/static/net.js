// The one WebSocket of a page, and POSTs. The first message carries the token; a lost connection resumes by `seq`.
import { $ } from './frag.js';

const token = $('meta[name=csrf]')?.content ?? '';
// The node is on this computer: asking costs nothing, and whoever looks at the page wants it back at once.
const waits = [.5, 1, 1, 1.5, 2], unseen = 15;
let [boot = '', seq = 0] = $('.app')?.dataset.since.split(':') ?? [];
let socket, failures = 0, timer, late, opened = {}, ops = {};

// Lost is said only of a line that broke or did not come up: until then a POST may be tried.
export const net = { up: false, lost: false };

// `first` says what this page shows; `handlers` has a function for each op.
export function connect(first, handlers) {
  opened = first;
  ops = handlers;
  open();
  addEventListener('online', now);
  addEventListener('pageshow', event => event.persisted && now());
  document.addEventListener('visibilitychange', () => document.hidden || now());
  addEventListener('pagehide', () => socket?.close());
}

function now() {
  if (!socket || socket.readyState > WebSocket.OPEN) { failures = 0; open(); }
}

function open() {
  clearTimeout(timer);
  const mine = socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/live`);
  mine.onopen = () => mine.send(JSON.stringify({ token, boot, seq: Number(seq), ...opened }));
  mine.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.seq) seq = message.seq;
    if (message.op === 'ready') {
      const missed = message.gap || message.boot !== boot;
      boot = message.boot;
      failures = 0;
      contact(true);
      if (missed) ops.gap();
      return;
    }
    ops[message.op]?.(message);
  };
  mine.onclose = () => {
    if (mine !== socket) return;
    contact(false);
    timer = setTimeout(open, 1000 * (document.hidden ? unseen : waits[Math.min(failures++, waits.length - 1)]));
  };
}

// Says it two seconds late, takes it back at once.
function contact(up) {
  if (up !== net.up || up === net.lost) {
    net.up = up;
    net.lost = !up;
    document.dispatchEvent(new CustomEvent('contact', { detail: up }));
  }
  const banner = $('#banner-page');
  if (up) { clearTimeout(late); late = 0; banner.hidden = true; }
  // Each try that fails says so anew; the two seconds count from the first.
  else late ||= setTimeout(() => { banner.hidden = false; }, 2000);
}

// A form without a form. Throws an Error with words for people when it was refused or nobody answered.
export async function post(path, fields = {}, options = {}) {
  let answer;
  try {
    answer = await fetch(path, {
      method: 'POST',
      headers: { Accept: 'application/json' },
      body: new URLSearchParams({ csrf: token, ...fields }),
      redirect: 'manual',
      ...options,
    });
  } catch {
    throw new Error('The app on your computer does not answer.');
  }
  if (answer.ok) return answer;
  if (answer.type === 'opaqueredirect') throw new Error('This page is too old. Load it again.');
  const problem = await answer.json().catch(() => ({}));
  throw Object.assign(new Error(problem.detail || problem.title || 'That did not work.'), { status: answer.status });
}
