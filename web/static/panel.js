// What opens beside a chat: a column where there is room, a dialog where there is none. One at a time.
import { closeFinder } from './finder.js';
import { $, $$ } from './frag.js';

const wide = matchMedia('(min-width: 1100px)');

// `back` is where the focus goes when it is closed.
export function open(panel, back = document.activeElement) {
  closeFinder({ stay: true });
  closePanels(panel);
  panel.back = back;
  if (panel.open) panel.close();
  if (wide.matches) panel.show();
  else panel.showModal();
  $('h2', panel).tabIndex = -1;
  $('h2', panel).focus();
}

export function closePanels(but = null) {
  for (const other of $$('dialog.details:not(.finder)[open]')) if (other !== but) other.close();
}

export function panels() {
  for (const panel of $$('dialog.details:not(.finder)')) {
    panel.addEventListener('click', event => {
      if (event.target === panel || event.target.closest('[data-close]')) { event.preventDefault(); panel.close(); }
    });
    panel.addEventListener('close', () => {
      // It was only put up in another way.
      if (panel.open) return;
      const { back } = panel;
      if (back?.isConnected && back !== document.body) back.focus({ preventScroll: true });
      else ($('#composer')?.checkVisibility() ? $('#composer') : $('#title')).focus({ preventScroll: true });
    });
    panel.addEventListener('keydown', event => event.key === 'Escape' && (event.preventDefault(), panel.close()));
    // One that stood open beside the chat becomes a dialog when the window gets narrow, and back.
    if (panel.open && !wide.matches) { panel.close(); panel.showModal(); }
    wide.addEventListener('change', () => { if (panel.open) open(panel, panel.back); });
  }
}
