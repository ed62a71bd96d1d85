// Pages with one card: first run, unlock.
import { forms } from './form.js';
import { $, fragment } from './frag.js';

forms();

// A backup is written elsewhere; the page looks how far it is.
async function poll() {
  const answer = await fetch(location.href).catch(() => null);
  const next = answer?.ok && $('#main', fragment(await answer.text()));
  if (next && !$('[data-poll]', next)) {
    $('#main').replaceWith(next);
    forms();
    $('#title').focus();
    return;
  }
  const line = '[role=status]';
  if (next) $(line).textContent = $(line, next).textContent;
  setTimeout(poll, 1000);
}
if ($('[data-poll]')) setTimeout(poll, 500);

addEventListener('keydown', event => {
  if (event.key === 'Escape' && !event.isComposing) $('[data-back]')?.click();
});
