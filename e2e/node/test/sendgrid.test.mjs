// Every request of our SendGrid client for mails and webhooks against SendGrid's own description of its API.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, test } from 'node:test';
import { promisify } from 'node:util';

import { required } from '../lib/environment.mjs';
import { start } from '../lib/specification.mjs';

/** What SendGrid describes and our crate does not call, and why. */
const NOT_OURS = [
  // All settings are read at once; one is made anew in the place of being changed.
  /^(get|patch) .*\/parse\/settings\/\{hostname\}$/,
];

const sendgrid = await start(required('SENDGRID_SPECIFICATION'), {
  refuse: (message) => ({ errors: [{ message, field: null, help: null }] }),
  headers: { 'x-message-id': 'Ua9z9lLkTbC8XdzOPHmtcw' },
});
after(() => sendgrid.stop());

test('every call of our client is as SendGrid describes it, and no call is forgotten', async () => {
  const { stdout } = await promisify(execFile)(required('SENDGRID_CALLS'), [], {
    env: { ...process.env, SENDGRID_API_BASE: sendgrid.url },
  }).catch((error) => assert.fail(`${error.stdout}${error.stderr}\n${JSON.stringify(sendgrid.refused, null, 1)}`));
  assert.deepEqual(sendgrid.refused, [], stdout);
  const missing = sendgrid.names.filter((name) => !sendgrid.seen.has(name) && !NOT_OURS.some((pattern) => pattern.test(name)));
  assert.deepEqual(missing, []);
});

const ANA = { email: 'ana@example.com' };
const right = { personalizations: [{ to: [ANA] }], from: { email: 'ventas@example.org' }, subject: 'Hola', content: [{ type: 'text/plain', value: 'Hola' }] };
const wrong = {
  'a field that there is not': { ...right, subjekt: 'x' },
  'a field that there is not, deep inside': { ...right, tracking_settings: { click_tracking: { enabled: true } } },
  'a value that is not allowed': { ...right, attachments: [{ content: 'aA==', filename: 'a.txt', disposition: 'beside' }] },
  'a text in the place of a list': { ...right, categories: 'ofertas' },
  'a number that is a text': { ...right, send_at: '1760000000' },
  'one category twice': { ...right, categories: ['ofertas', 'ofertas'] },
  'no recipient': { ...right, personalizations: [{ subject: 'Hola' }] },
  'no sender': { ...right, from: undefined },
  'an address that is none': { ...right, from: { email: 'ventas' } },
  'a header that is a list': { ...right, headers: ['X-A: b'] },
};
for (const [what, mail] of Object.entries(wrong)) {
  test(`the judge refuses ${what}`, async () => assert.equal(await post(mail), 400));
}

test('the judge refuses who does not say who they are, and what is not said to be JSON', async () => {
  assert.equal(await post(right, { authorization: undefined }), 401);
  assert.equal(await post(right, { 'content-type': 'text/plain' }), 400);
});

test('the judge takes what is right', async () => assert.equal(await post(right), 202));

async function post(mail, change = {}) {
  const headers = { authorization: 'Bearer SG.an-invented-key', 'content-type': 'application/json', ...change };
  const response = await fetch(`${sendgrid.url}/v3/mail/send`, {
    method: 'POST',
    headers: Object.fromEntries(Object.entries(headers).filter(([, value]) => value)),
    body: JSON.stringify(mail),
  });
  return response.status;
}
