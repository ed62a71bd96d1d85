// Small comforts of forms: show the passphrase, copy, print, busy buttons, files as text, countdowns.
import { $, $$ } from './frag.js';

// What stands in lines is copied in lines.
const words = element => element.closest('pre') ? element.textContent : element.textContent.trim().replace(/\s+/g, ' ');

export function forms() {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  document.cookie = `tz=${timeZone}|${-new Date().getTimezoneOffset()}; path=/; max-age=31536000; samesite=strict`;

  if (!$('[autofocus]')) $('[aria-invalid=true]')?.focus();

  // A field that is being mended is not wrong any more until it is sent again.
  for (const field of $$('[aria-invalid=true]')) {
    field.addEventListener('input', () => field.removeAttribute('aria-invalid'), { once: true });
  }

  for (const box of $$('.reveal')) {
    const input = $('input', box), button = document.createElement('button');
    button.type = 'button';
    const show = on => {
      input.type = on ? 'text' : 'password';
      button.textContent = on ? 'Hide' : 'Show';
      button.setAttribute('aria-label', `${button.textContent} the passphrase`);
    };
    button.onclick = () => show(input.type === 'password');
    input.form.addEventListener('submit', () => show(false));
    show(false);
    box.append(button);
  }

  // Words for the length alone; the node, which knows common passphrases, has the last word.
  for (const input of $$('[data-measure]')) {
    const out = $(`#${input.dataset.measure}`);
    input.addEventListener('input', () => {
      const n = [...input.value].length;
      const word = n < 8 ? 'too short' : n < 12 ? 'short; add a word' : n < 18 ? 'good' : 'very good';
      out.textContent = n ? `Length: ${word}` : '';
    });
  }

  for (const button of $$('[data-copy]')) {
    const word = $('span', button), before = word.textContent;
    button.onclick = async () => {
      const text = words($(`#${button.dataset.copy}`));
      const done = await navigator.clipboard.writeText(text).then(() => true, () => false);
      word.textContent = done ? 'Copied' : 'Select it and copy';
      setTimeout(() => { word.textContent = before; }, 2000);
    };
  }
  for (const button of $$('[data-print]')) button.onclick = () => print();
  for (const area of $$('[data-file]')) {
    const file = document.createElement('input');
    file.type = 'file';
    file.hidden = true;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'button quiet small';
    button.textContent = area.dataset.file;
    button.onclick = () => file.click();
    file.onchange = async () => { area.value = (await file.files[0]?.text() ?? '').trim(); area.focus(); };
    area.after(button, file);
  }
  for (const line of $$('[data-countdown]')) {
    const button = $('[type=submit]', line.closest('form'));
    let left = Number(line.dataset.countdown);
    button.disabled = true;
    const tick = setInterval(() => {
      left -= 1;
      line.textContent = left > 0 ? `The next try counts in ${left} ${left === 1 ? 'second' : 'seconds'}.` : '';
      if (left <= 0) { clearInterval(tick); button.disabled = false; }
    }, 1000);
  }

  // A slow answer is said on the button, whose width stays.
  for (const form of $$('form[data-busy]')) {
    form.addEventListener('submit', event => {
      const button = event.submitter ?? $('button', form);
      setTimeout(() => {
        button.style.minWidth = `${button.offsetWidth}px`;
        button.textContent = form.dataset.busy;
        button.setAttribute('aria-disabled', 'true');
      }, 400);
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = 'yes';
    });
  }
  for (const form of $$('form[data-connecting]')) {
    form.addEventListener('submit', () => {
      const now = $('.three li:nth-child(2)');
      if (now) { now.dataset.now = ''; now.ariaCurrent = 'step'; }
    });
  }
  addEventListener('pageshow', event => event.persisted && location.reload());
}
