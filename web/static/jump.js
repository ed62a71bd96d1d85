// Trips to a message of the open chat: one entry of the browser's history each, and back to the pixel.
import { $ } from './frag.js';
import * as view from './window.js';

let turn = 0;
const away = () => Boolean(history.state?.away);

// `place` is where the reader left this page; null is the newest message.
export function trips(place = history.state?.place) {
  addEventListener('popstate', async ({ state }) => {
    turn += 1;
    if (away()) await view.show(new URLSearchParams(location.search).get('at'));
    else if (state && 'place' in state) await view.restore(state.place);
  });
  // Whoever comes back to this page by the browser's history comes back to the place.
  if (place && !new URLSearchParams(location.search).has('at')) view.restore(place).catch(() => {});
  addEventListener('pagehide', keep);
}

const keep = () => { if (!away()) history.replaceState({ ...history.state, place: view.place() }, ''); };

// Shows a message; answers its row, or nothing if it is gone or another trip began meanwhile.
export async function jump(id, query) {
  const mine = turn += 1;
  keep();
  const li = await view.show(id).catch(() => null);
  if (!li || mine !== turn) return null;
  const address = `/chats/${$('#main').dataset.conversation}?${new URLSearchParams({ at: id, q: query })}`;
  if (away()) history.replaceState({ away: true }, '', address);
  else history.pushState({ away: true }, '', address);
  return li;
}

// To the place before the trip; not for whoever went on to the newest meanwhile.
export function back() {
  if (away()) history.back();
}
