// Fragments that our own node rendered: the only Trusted Types policy, and the only way from text to elements.
const policy = globalThis.trustedTypes?.createPolicy('confab', { createHTML: html => html });

export function fragment(html) {
  const template = document.createElement('template');
  template.innerHTML = policy ? policy.createHTML(html) : html;
  return template.content;
}

// The beginning of a text in one line, as the node quotes it.
export const oneLine = text => text.replace(/\s+/g, ' ').trim().slice(0, 120);

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

// Puts `next` in the place of `old`, and the focus back where it was in it.
export function replace(old, next) {
  const active = old.contains(document.activeElement) ? document.activeElement : null;
  const href = active?.getAttribute('href');
  old.replaceWith(next);
  if (!active) return;
  const again = (active.id && document.getElementById(active.id))
    || (href && $(`a[href="${CSS.escape(href)}"]`, next))
    || $('a, button, [tabindex]', next) || $('#composer') || $('#main h1');
  if (again === null) return;
  if (again.tabIndex < 0) again.tabIndex = -1;
  again.focus({ preventScroll: true });
}
