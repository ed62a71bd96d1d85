// The network page and the doctor's: the log is fresh when it is opened; the test runs where it is asked for, and its steps
// come by the live line.
import { $, fragment } from './frag.js';
import { post } from './net.js';

export function reachability() {
  log();
  doctor();
}

function log() {
  const box = $('.log');
  box?.addEventListener('toggle', async () => {
    const answer = box.open && await fetch(location.pathname).catch(() => null);
    const lines = answer?.ok && $('#log', fragment(await answer.text()));
    if (lines && $('#log')) $('#log').textContent = lines.textContent;
  });
}

function doctor() {
  const form = $('form[data-test]');
  if (!form) return;
  const button = $('button', form), word = button.textContent;
  const run = async () => {
    if (button.ariaDisabled) return;
    button.ariaDisabled = 'true';
    button.textContent = 'Testing…';
    const failed = await post(form.action).then(() => '', error => error.message);
    button.ariaDisabled = null;
    button.textContent = failed ? word : 'Test again';
    if (failed) $('#exam [role=status]').textContent = failed;
  };
  form.addEventListener('submit', event => { event.preventDefault(); run(); });
  // Who asks why and comes here wants to know at once.
  if ('atOnce' in form.dataset) run();
}
