// The page as it is now, taken from the node: loaded when it is wanted.
import { $, $$, fragment, replace } from './frag.js';
import { count } from './list.js';
import * as view from './window.js';

const build = page => $('script[src]', page)?.getAttribute('src');

// Nothing if there is no such page any more, or if another program answers: what it says is for its own scripts.
async function fresh() {
  const answer = await fetch(location.href);
  const page = answer.ok && !answer.redirected && fragment(await answer.text());
  return page && build(page) === build(document) ? page : null;
}

export async function stale() {
  const page = await fresh();
  if (page) replace($('#main'), $('#main', page));
}

// Too much was missed for catching up in steps: take the page as it is now, and leave what is being written.
export async function refresh(leave) {
  const page = await fresh();
  if (!page) { leave(); location.reload(); return; }
  for (const id of ['requests', 'chat-list', 'network', 'standing', 'results']) {
    const old = document.getElementById(id), next = page.getElementById(id);
    if (old && next) replace(old, next);
  }
  const banner = $('#banner-network', page);
  if (banner) $('#banner-network').hidden = banner.hidden;
  for (const li of $$('#messages > li[data-key]', page)) view.put(li);
  const reach = $('#reach', page);
  if (reach) $('#reach').textContent = reach.textContent;
  count();
  if ($('.hollow:not(.calm)')) replace($('#main'), $('#main', page));
}
