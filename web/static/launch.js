// Trades the token behind the # for a session, once, and takes it out of the address bar.
const token = location.hash.slice(1);
history.replaceState(null, '', '/launch');
const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
document.cookie = `tz=${timeZone}|${-new Date().getTimezoneOffset()}; path=/; max-age=31536000; samesite=strict`;

const say = text => { document.getElementById('launch').textContent = text; };
try {
  const answer = token
    && await fetch('/launch', { method: 'POST', body: new URLSearchParams({ token }), redirect: 'manual' });
  if (answer && (answer.ok || answer.type === 'opaqueredirect')) location.replace('/');
  else {
    document.getElementById('title').textContent = 'This link no longer works';
    say('Each link opens Confab once, and only for a while. Run “peer-node open” on your computer for a new one.');
  }
} catch {
  say('The app on your computer does not answer. Start it, then load this page again.');
}
