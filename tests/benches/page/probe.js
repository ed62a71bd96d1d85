// Watches a page from outside: what the browser itself tells of paints, shifts and events, and when rows came. It is put
// in before the page's own scripts; nothing of it is in the program.
globalThis.probe = (() => {
  const epoch = at => performance.timeOrigin + at;
  // After the next frame is painted.
  const painted = () => new Promise(done => requestAnimationFrame(() => {
    const port = new MessageChannel();
    port.port1.onmessage = () => done(performance.now());
    port.port2.postMessage(0);
  }));
  const probe = { shift: 0, shifted: [], lcp: 0, keys: [], events: [], inserts: [], drifts: [], starts: [], contacts: [], rows: {}, searches: [], enter: 0, most: 0 };
  // Something was written down: whoever waits for it looks at the document.
  const tell = () => { document.documentElement.dataset.probe = String(Math.random()); };
  const watch = (type, take, options) => new PerformanceObserver(list => list.getEntries().forEach(take)).observe({ type, buffered: true, ...options });
  watch('layout-shift', entry => {
    if (entry.hadRecentInput) return;
    probe.shift += entry.value;
    for (const { node, previousRect: from, currentRect: to } of entry.sources) {
      const name = node?.id || node?.className || node?.nodeName;
      probe.shifted.push(`${name}: ${Math.round(from.x)},${Math.round(from.y)} ${Math.round(from.width)}x${Math.round(from.height)} to ${Math.round(to.x)},${Math.round(to.y)} ${Math.round(to.width)}x${Math.round(to.height)}`);
    }
  });
  watch('largest-contentful-paint', entry => { probe.lcp = entry.startTime; });
  watch('event', entry => { if (entry.interactionId) probe.events.push({ took: entry.duration, what: `${entry.name}, ${entry.target?.id}, at ${Math.round(entry.startTime)} ms, handled from ${Math.round(entry.processingStart)} to ${Math.round(entry.processingEnd)}` }); }, { durationThreshold: 16 });

  addEventListener('keydown', event => {
    if (event.key === 'Enter') probe.enter = event.timeStamp;
    painted().then(at => probe.keys.push(at - event.timeStamp));
  }, true);

  const visible = scroller => {
    const from = scroller.getBoundingClientRect().top;
    const row = [...document.querySelectorAll('#messages > li[data-at]')].find(li => li.getBoundingClientRect().bottom > from);
    return row && [row, row.getBoundingClientRect().top];
  };
  // From the moment that rows are there as text to the moment that they stand in the list, laid out.
  const json = Response.prototype.json;
  Response.prototype.json = async function () {
    const value = await json.call(this), list = document.querySelector('#messages');
    if (!/\/messages\?(before|after)=/.test(this.url) || !list) return value;
    const scroller = document.querySelector('#scroll'), before = visible(scroller), began = performance.now();
    const eye = new MutationObserver(() => {
      eye.disconnect();
      scroller.scrollHeight;
      probe.inserts.push(performance.now() - began);
      if (before?.[0].isConnected) probe.drifts.push(Math.abs(before[0].getBoundingClientRect().top - before[1]));
      probe.most = Math.max(probe.most, list.children.length);
    });
    eye.observe(list, { childList: true });
    return value;
  };

  // From the question to the painted answer, and from the last key.
  let typed = 0;
  addEventListener('input', event => { typed = event.timeStamp; }, true);
  const ask = globalThis.fetch;
  globalThis.fetch = (...given) => {
    const results = /search\?.*fragment=1/.test(String(given[0])) && document.querySelector('[data-results]');
    if (results) {
      const began = performance.now(), key = typed;
      const eye = new MutationObserver(() => {
        eye.disconnect();
        painted().then(at => { probe.searches.push([at - began, at - key]); tell(); });
      });
      eye.observe(results, { childList: true, subtree: true, characterData: true });
    }
    return ask(...given);
  };

  const Socket = globalThis.WebSocket;
  globalThis.WebSocket = class extends Socket {
    constructor(...given) { super(...given); probe.starts.push(epoch(performance.now())); }
  };
  document.addEventListener('contact', event => { probe.contacts.push([event.detail, epoch(performance.now())]); tell(); });

  // When each new row was seen, by its text: since the last Enter, and by the clock.
  addEventListener('DOMContentLoaded', () => {
    const list = document.querySelector('#messages');
    if (!list) return;
    new MutationObserver(changes => {
      const rows = changes.flatMap(change => [...change.addedNodes]).filter(row => row.dataset?.at);
      const enter = probe.enter;
      if (rows.length) painted().then(at => {
        for (const row of rows) {
          const text = row.querySelector('.text')?.textContent;
          if (text) probe.rows[text] ??= [at - enter, epoch(at)];
        }
        tell();
      });
    }).observe(list, { childList: true });
  });

  probe.frames = (speed, seconds) => new Promise(done => {
    const scroller = document.querySelector('#scroll'), edge = document.querySelector('#edge'), frames = [];
    let last, end, waited = 0, way = 0;
    const frame = now => {
      end ??= now + seconds * 1000;
      if (last) {
        frames.push(now - last);
        const from = scroller.scrollTop, step = speed * (now - last) / 1000;
        scroller.scrollTop = from - step;
        way += Math.min(step, from);
        if (from <= 0 && edge.dataset.before) waited += now - last;
      }
      last = now;
      if (now < end) requestAnimationFrame(frame);
      else done({ frames, waited, way });
    };
    requestAnimationFrame(frame);
  });

  // Presses a hit, and waits until its message is shown in view.
  probe.jump = hit => new Promise(done => {
    const began = performance.now(), id = `m-${hit.dataset.id}`, frame = document.querySelector('#scroll').getBoundingClientRect();
    const there = () => {
      const row = document.getElementById(id), box = row?.getBoundingClientRect();
      return row?.classList.contains('flash') && box.bottom > frame.top && box.top < frame.bottom;
    };
    const eye = new MutationObserver(() => {
      if (!there()) return;
      eye.disconnect();
      painted().then(at => done(at - began));
    });
    eye.observe(document.querySelector('#messages'), { childList: true, subtree: true, attributes: true });
    hit.click();
    setTimeout(() => { eye.disconnect(); done(null); }, 5000);
  });

  probe.paints = () => ({
    fcp: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null,
    lcp: probe.lcp,
    shift: probe.shift,
    shifted: probe.shifted,
    files: performance.getEntriesByType('resource').map(entry => entry.name).filter(name => /\.(js|css)$/.test(name)),
  });
  return probe;
})();
