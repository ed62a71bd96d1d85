// Pages with one card: first run, unlock.
import { forms } from './form.js';
import { $, $$ } from './frag.js';

forms();

// Words for the length alone; the node, which knows common passphrases, has the last word.
for (const input of $$('[data-measure]')) {
  const out = $(`#${input.dataset.measure}`);
  input.addEventListener('input', () => {
    const n = [...input.value].length;
    const word = n < 8 ? 'too short' : n < 12 ? 'short; add a word' : n < 18 ? 'good' : 'very good';
    out.textContent = n ? `Length: ${word}` : '';
  });
}

addEventListener('keydown', event => {
  if (event.key === 'Escape' && !event.isComposing) $('[data-back]')?.click();
});
