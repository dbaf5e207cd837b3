// Every request of our Twilio clients against Twilio's own description of its API.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, test } from 'node:test';
import { promisify } from 'node:util';

import { required } from '../lib/environment.mjs';
import { start } from '../lib/specification.mjs';

const ACCOUNT = `AC${'0'.repeat(31)}1`;
const MESSAGES = `/2010-04-01/Accounts/${ACCOUNT}/Messages.json`;

/** What Twilio describes and our crates do not call, and why. */
const NOT_OURS = [
  // Accounts and numbers are bought, set up and closed in Twilio's console.
  /^(get|post) .*\/Accounts\/\{Sid\}\.json$/,
  /^(get|post) .*\/IncomingPhoneNumbers\.json$/,
  // The same recording stands under its account.
  /^(get|delete) .*\/Calls\/\{CallSid\}\/Recordings\/\{Sid\}\.json$/,
];

const twilio = await start(required('TWILIO_SPECIFICATION'), { refuse: (message) => ({ code: 20001, status: 400, message }) });
after(() => twilio.stop());

test('every call of our clients is as Twilio describes it, and no call is forgotten', async () => {
  const { stdout } = await promisify(execFile)(required('TWILIO_CALLS'), [], {
    env: { ...process.env, TWILIO_API_BASE: twilio.url, TWILIO_ACCOUNT_SID: ACCOUNT },
  }).catch((error) => assert.fail(`${error.stdout}${error.stderr}\n${JSON.stringify(twilio.refused, null, 1)}`));
  assert.deepEqual(twilio.refused, [], stdout);
  const missing = twilio.names.filter((name) => !twilio.seen.has(name) && !NOT_OURS.some((pattern) => pattern.test(name)));
  assert.deepEqual(missing, []);
});

const wrong = {
  'a field that there is not': 'To=%2B15005550001&From=%2B15005550006&Body=hola&Bodi=x',
  'a value that is not allowed': 'To=%2B15005550001&From=%2B15005550006&Body=hola&ContentRetention=maybe',
  'one value twice': 'To=%2B15005550001&To=%2B15005550002&From=%2B15005550006&Body=hola',
  'no recipient': 'From=%2B15005550006&Body=hola',
};
for (const [what, form] of Object.entries(wrong)) {
  test(`the judge refuses ${what}`, async () => assert.equal(await post(form), 400));
}

test('the judge takes a list as Twilio wants it: one key several times', async () => {
  assert.equal(await post('To=%2B15005550001&MediaUrl=https://a.example/1&MediaUrl=https://a.example/2'), 201);
});

async function post(form) {
  const response = await fetch(twilio.url + MESSAGES, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${ACCOUNT}:token`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: form,
  });
  return response.status;
}
