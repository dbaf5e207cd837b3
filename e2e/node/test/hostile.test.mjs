// Mail of strangers in a real browser: what comms-mime made of it is shown, and nothing of it may run or call home.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

import { open } from '../lib/browser.mjs';
import { required } from '../lib/environment.mjs';

const LIMIT_MS = 240_000;
/** How long a page is watched after all of it was touched. */
const WATCHED_MS = 60;
/** So many pages are shown at once. */
const AT_ONCE = 12;

const mails = execFileSync(required('HOSTILE_MAIL'), [required('HOSTILE_PAYLOADS')], { encoding: 'utf8', maxBuffer: 1 << 26 })
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

const escaped = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const literal = (text) => JSON.stringify(text).replace(/</g, '\\u003c').replace(/\u2028|\u2029/g, '');

/** A mail as a page of the desk shows it: words as words, HTML as it is, once in the document and once by a script. */
const safely = ({ subject, name, file, text, html }) => `<!doctype html><title>${escaped(subject)}</title>
<h1 title="${escaped(subject)}">${escaped(subject)}</h1><p><b>${escaped(name)}</b></p>
<p><a href="/files/1" download="${escaped(file)}" title="${escaped(file)}">${escaped(file)}</a></p><pre>${escaped(text)}</pre>
<div>${html}</div><div id=later></div><script>
later.innerHTML = ${literal(html)};
later.innerHTML = later.innerHTML;
document.title = ${literal(subject)};
</script>`;

/** The same without any care, in one place each. */
const carelessly = {
  subject: ({ subject }) => `<!doctype html><h1>${subject}</h1>`,
  name: ({ name }) => `<!doctype html><b>${name}</b>`,
  // What is left of a file name has no bracket any more: here stands what was sent.
  file: ({ payload }) => `<!doctype html><a title="${payload}">${payload}</a>`,
  body: (mail) => `<!doctype html><div>${mail.unsafe}</div>`,
};

/** Loads each page into a frame of its own, touches everything in it, and tells when the last is done. */
const runner = (paths) => `<!doctype html><title>runner</title><script>
const post = (path, body) => fetch(path, { method: 'POST', body: String(body), keepalive: true });
window.hit = (n) => { post('/hit', n); return ''; };
window.alert = window.confirm = window.prompt = () => post('/hit', 'dialog');
const paths = ${JSON.stringify(paths)};
let left = paths.length;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
function touch(view) {
  const at = view.document;
  for (const one of [...at.querySelectorAll('body, body *')].slice(0, 200)) {
    for (const type of ['mouseover', 'mouseenter', 'mousemove', 'pointerenter', 'pointerover', 'wheel', 'focus', 'focusin', 'keydown', 'copy', 'paste',
      'contextmenu', 'dragstart', 'auxclick', 'input', 'change', 'scroll', 'toggle', 'load', 'error']) {
      one.dispatchEvent(new view.Event(type, { bubbles: type !== 'load' && type !== 'error' }));
    }
    // A link into the world is the reader's own choice; any other is none.
    const href = one.closest?.('a')?.protocol ?? 'x:';
    if (!['http:', 'https:', 'mailto:', 'tel:'].includes(href)) one.click?.();
    one.dispatchEvent(new view.MouseEvent('click', { bubbles: false, cancelable: true }));
    if (one.tagName === 'FORM') one.requestSubmit();
  }
}
async function show(path) {
  const frame = document.createElement('iframe');
  const loaded = new Promise((resolve) => { frame.onload = resolve; });
  frame.src = path;
  document.documentElement.append(frame);
  await Promise.race([loaded, sleep(3000)]);
  try { touch(frame.contentWindow); } catch {}
  await sleep(${WATCHED_MS});
  frame.remove();
}
async function work() { while (paths.length) await show(paths.shift()); }
Promise.all(Array.from({ length: ${AT_ONCE} }, work)).then(() => sleep(500)).then(() => post('/done', ''));
</script>`;

/** Shows each path; which payloads ran, and what was asked of other hosts. */
async function show(paths, page) {
  const hits = [];
  let done;
  const finished = new Promise((resolve, reject) => {
    done = resolve;
    setTimeout(() => reject(new Error(`the pages were not shown within ${LIMIT_MS} ms`)), LIMIT_MS).unref();
  });
  const told = (path, body) => (path === '/done' ? done() : hits.push(body));
  const browser = await open(required('CHROMIUM'), (url) => (url.pathname === '/' ? runner(paths) : page(url)), told);
  try {
    await finished;
  } finally {
    await browser.close();
  }
  return { hits, outside: browser.outside };
}

const number = (url) => mails[Number(url.pathname.split('/').at(-1))];

test('the corpus has 200 payloads, and each arrives in the mail', () => {
  assert.ok(mails.length >= 200, `${mails.length} payloads`);
  assert.equal(new Set(mails.map(({ payload }) => payload)).size, mails.length);
  const arrived = mails.filter(({ subject, name, html }) => subject && name && html);
  assert.ok(arrived.length >= mails.length - 5, `${arrived.length} of ${mails.length}`);
});

test('nothing of a mail that was made safe runs or leaves the page', async () => {
  const { hits, outside } = await show(mails.map((_, n) => `/mail/${n}`), (url) => number(url) && safely(number(url)));
  const ran = [...new Set(hits)].map((n) => `${n}: ${mails[n]?.payload}`);
  assert.deepEqual({ ran, outside }, { ran: [], outside: [] });
});

for (const place of Object.keys(carelessly)) {
  test(`a page that takes no care of the ${place} is caught`, async () => {
    const paths = mails.map((_, n) => `/${place}/${n}`);
    const { hits, outside } = await show(paths, (url) => number(url) && carelessly[place](number(url)));
    const ran = new Set(hits).size;
    // A browser runs not all of them: some are for others, and some for other places.
    assert.ok(ran >= mails.length / 10, `${ran} of ${mails.length} ran`);
    assert.ok(outside.length > 0, 'something was asked of other hosts');
    console.log(`# ${place}: ${ran} of ${mails.length} payloads ran, ${outside.length} requests left the page`);
  });
}
