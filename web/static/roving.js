// Lists with one Tab stop: arrows, Home, End and the first letters move inside.
import { $$ } from './frag.js';

// `home` picks the item that Tab reaches first.
export function roving(root, selector, home) {
  const items = () => $$(selector, root).filter(item => item.checkVisibility());
  let current = null, chosen = null;
  const set = (item, focus) => {
    for (const other of $$(selector, root)) {
      other.tabIndex = other === item ? 0 : -1;
      // What can be pressed inside an item is reached only while the item is the current one; the time of a message,
      // which does what Enter does, never.
      for (const inner of $$('a, button, summary', other)) inner.tabIndex = other === item && !inner.matches('.at') ? 0 : -1;
    }
    current = item;
    if (focus) item.focus();
  };
  const refresh = () => {
    const all = items();
    if (all.length) set(all.includes(chosen) ? chosen : home(all) ?? all[0], false);
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
  new MutationObserver(refresh).observe(root, { childList: true, subtree: true });
  refresh();
}
