// Finding people: results while a name is typed, and the question that goes with a request.
import { $, fragment } from './frag.js';

export function people() {
  search();
  questions();
}

// The button that opens a question goes when it is open; the focus is in the question then.
function questions() {
  document.addEventListener('toggle', event => event.target.matches('.ask[open]') && $('textarea', event.target).select(), true);
}

function search() {
  const field = $('[data-search]');
  if (!field) return;
  let timer, turn = 0;
  const ask = async () => {
    const mine = turn += 1, query = field.value.trim();
    if (query.length === 1) return;
    const address = `${field.dataset.search}?${new URLSearchParams({ q: query })}`;
    const answer = await fetch(`${address}&fragment=1`).catch(() => null);
    if (mine !== turn || !answer?.ok) return;
    const next = fragment(await answer.text());
    const line = $('#count'), text = $('#count', next).textContent, found = $('#found');
    const active = found.contains(document.activeElement) ? document.activeElement : null;
    // Who writes a first message goes on writing.
    if (active?.closest('.ask[open]')) return;
    history.replaceState(null, '', address);
    found.replaceChildren(...$('#found', next).childNodes);
    line.textContent = text;
    if (active) ($(`#${active.closest('li')?.id} :is(summary, a)`) ?? field).focus();
  };
  field.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(ask, 250); });
}
