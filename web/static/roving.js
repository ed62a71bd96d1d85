// Lists with one Tab stop: arrows, Home, End and the first letters move inside.
import { $$ } from './frag.js';

// `home` picks the item that Tab reaches first.
export function roving(root, selector, home) {
  const items = () => $$(selector, root).filter(item => item.checkVisibility());
  let current = null, chosen = null;
  // What can be pressed inside an item is reached only while the item is the current one; the time of a message, which does
  // what Enter does, never.
  const reach = (item, reached) => {
    item.tabIndex = reached ? 0 : -1;
    for (const inner of $$('a, button, summary', item)) inner.tabIndex = reached && !inner.matches('.at') ? 0 : -1;
  };
  const set = (item, focus) => {
    if (current && current !== item) reach(current, false);
    reach(item, true);
    current = item;
    if (focus) item.focus();
  };
  // Puts right what came, not the whole list: lists are long, and change while they are scrolled.
  const refresh = nodes => {
    for (const node of nodes) {
      if (node.nodeType !== Node.ELEMENT_NODE) continue;
      const item = node.closest(selector);
      for (const one of item ? [item] : $$(selector, node)) reach(one, one === current);
    }
    const all = $$(selector, root), seen = item => item?.checkVisibility();
    // A list that is hidden now is seen in another window.
    const item = [root.contains(chosen) ? chosen : null, home(all)].find(seen) ?? all.find(seen) ?? home(all) ?? all[0];
    if (item) set(item, false);
  };
  let typed = '', clear;
  root.addEventListener('focusin', event => {
    const item = event.target.closest(selector);
    if (item) chosen = item;
    if (item && item !== current) set(item, false);
  });
  root.addEventListener('keydown', event => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const item = document.activeElement;
    if (!item?.matches(selector)) return;
    const all = items(), at = all.indexOf(item);
    let to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined && event.key.length === 1 && event.key !== ' ' && item.matches('a')) {
      typed += event.key.toLowerCase();
      clearTimeout(clear);
      clear = setTimeout(() => { typed = ''; }, 700);
      const name = x => (x.querySelector('.row-name')?.textContent ?? '').toLowerCase();
      to = all.findIndex(x => name(x).startsWith(typed));
      event.stopPropagation();
    }
    if (to === undefined || !all[to]) return;
    event.preventDefault();
    set(all[to], true);
  });
  new MutationObserver(records => refresh(records.flatMap(({ addedNodes }) => [...addedNodes])))
    .observe(root, { childList: true, subtree: true });
  refresh([root]);
}
