// The hidden log: one short line for each message that arrives while its chat is open; bursts are merged.
import { $, $$ } from './frag.js';

let heard = [], timer;

// What the app itself has to say is always said; of messages, as much as this browser chose.
export function say(name, text, message = false) {
  const much = message ? document.documentElement.dataset.announce : 'full';
  if (much === 'off') return;
  heard.push({ name, line: much === 'sender' ? `New message from ${name}` : `${name}: ${text}` });
  clearTimeout(timer);
  // The first lines of a burst are kept back shortly, so that the burst can be told as one.
  timer = setTimeout(flush, heard.length > 1 ? 2000 : 300);
}

// What was deleted is not kept here either.
export function unsay(text) {
  heard = heard.filter(({ line }) => !line.endsWith(text));
  for (const line of $$('#log p')) if (line.textContent.endsWith(text)) line.remove();
}

function flush() {
  const log = $('#log'), all = heard;
  heard = [];
  const lines = all.length >= 4 ? [`${all.length} new messages from ${all[0].name}`] : all.map(({ line }) => line);
  for (const line of lines) {
    const p = document.createElement('p');
    p.textContent = line;
    log.append(p);
  }
  while (log.children.length > 20) log.firstElementChild.remove();
}
