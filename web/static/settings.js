// Settings: each choice is saved as it is made, and said beside it; the list at the side follows the page.
import { $, $$ } from './frag.js';
import { list } from './help.js';
import { post } from './net.js';

export function settings() {
  if (!$('.settings')) return;
  for (const form of $$('form[data-autosave]')) {
    form.addEventListener('change', () => save(form));
    form.addEventListener('submit', event => { event.preventDefault(); save(form); });
  }
  // What was chosen before this ran.
  for (const form of $$('form[data-autosave]')) if ($$('input', form).some(differs)) save(form);
  for (const range of $$('.range input')) {
    range.addEventListener('input', () => { range.nextElementSibling.value = range.value; preview(range.form); });
  }
  $('#shortcuts').append(list());
  follow();
  // A form that went the long way comes back to its section: the focus, too.
  const said = $$('[data-saved]').find(mark => mark.textContent.trim());
  if (said && document.activeElement === document.body) {
    said.closest('section').scrollIntoView();
    $('h2', said.closest('section')).focus({ preventScroll: true });
  }
}

const differs = ({ type, checked, defaultChecked, value, defaultValue }) =>
  type === 'range' ? value !== defaultValue : checked !== defaultChecked;

async function save(form) {
  const fields = Object.fromEntries(new FormData(form)), mark = $('[data-saved]', form);
  preview(form);
  const failed = await post(form.action, fields).then(() => '', error => error.message);
  mark.classList.toggle('problem', failed !== '');
  mark.textContent = failed || 'Saved';
  clearTimeout(form.timer);
  if (!failed) form.timer = setTimeout(() => { mark.textContent = ''; }, 3000);
}

// What this browser chose holds at once: each choice is an attribute of the page.
function preview(form) {
  if (form.dataset.autosave) document.documentElement.setAttribute(`data-${form.dataset.autosave}`, new FormData(form).get('value'));
}

// The entry of the topmost section in view is the current one.
function follow() {
  const links = new Map($$('.anchors a').map(link => [link.hash.slice(1), link]));
  const seen = new Set();
  const eye = new IntersectionObserver(changes => {
    for (const { target, isIntersecting } of changes) seen[isIntersecting ? 'add' : 'delete'](target);
    const first = $$('.settings > section').find(section => seen.has(section));
    if (!first) return;
    for (const [id, link] of links) {
      if (id === first.id) link.ariaCurrent = 'true';
      else link.removeAttribute('aria-current');
    }
  }, { root: $('#main'), rootMargin: '-80px 0px -50% 0px' });
  for (const section of $$('.settings > section')) eye.observe(section);
}
