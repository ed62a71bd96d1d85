// Trades the token behind the # for a session, once, and takes it out of the address bar.
const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
document.cookie = `tz=${timeZone}|${-new Date().getTimezoneOffset()}; path=/; max-age=31536000; samesite=strict`;

function show(id) {
  for (const part of document.querySelectorAll('.say')) part.hidden = part.id !== id;
  const title = document.querySelector(`#${id} h1`);
  document.getElementById('title').removeAttribute('id');
  title.id = 'title';
  title.focus();
}

async function open() {
  const token = location.hash.slice(1);
  history.replaceState(null, '', '/launch');
  if (!token) { show('no-session'); return; }
  try {
    const answer = await fetch('/launch', {
      method: 'POST', headers: { Accept: 'application/json' }, body: new URLSearchParams({ token }),
    });
    if (answer.ok) location.replace('/');
    else show('refused');
  } catch {
    show('silent');
  }
}

// Another link that is opened in this very tab changes nothing but what stands behind the #.
addEventListener('hashchange', () => location.hash && open());
open();
