// Twilio's own SDK: before the simulator it takes it for Twilio, before the server it is Twilio.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, test } from 'node:test';

import jwt from 'jsonwebtoken';
import twilio from 'twilio';

import { required } from '../lib/environment.mjs';
import { SELLER, SERVER, call, eventually } from '../lib/server.mjs';

const SIMULATOR = required('SIMULATOR_URL');
const ACCOUNT = required('TWILIO_ACCOUNT_SID');
const AUTH_TOKEN = required('TWILIO_AUTH_TOKEN');
const NUMBER = required('TWILIO_PHONE_NUMBER');
const KEY = required('TWILIO_API_KEY_SID');
const KEY_SECRET = required('TWILIO_API_KEY_SECRET');
const APP = required('TWILIO_TWIML_APP_SID');
const CUSTOMER = '+15005550123';

/** Sends to the simulator what is meant for Twilio. */
class Simulated extends twilio.RequestClient {
  request(options) {
    return super.request({ ...options, uri: options.uri.replace(/^https:\/\/api\.twilio\.com/, SIMULATOR) });
  }
}

const client = twilio(ACCOUNT, AUTH_TOKEN, { httpClient: new Simulated() });

test('a token of the server is one that the SDK would have made', async () => {
  const { token, identity, expires_at } = await call('POST', '/voz/token');
  const { header, payload } = jwt.verify(token, KEY_SECRET, { algorithms: ['HS256'], complete: true });
  const own = new twilio.jwt.AccessToken(ACCOUNT, KEY, KEY_SECRET, { identity, ttl: 3600 });
  own.addGrant(new twilio.jwt.AccessToken.VoiceGrant({ outgoingApplicationSid: APP, incomingAllow: true }));
  const expected = jwt.decode(own.toJwt(), { complete: true });
  assert.deepEqual(header, expected.header);
  assert.deepEqual(payload.grants, expected.payload.grants);
  assert.deepEqual([payload.iss, payload.sub], [expected.payload.iss, expected.payload.sub]);
  assert.equal(identity, `${SELLER}`);
  assert.equal(Date.parse(expires_at) / 1000, payload.exp);
});

test('a webhook that the SDK signed is taken, and is in the history', async () => {
  const body = `Hola ñ & € ${randomUUID()}`;
  const response = await postSigned('/webhook/sms', inbound(body));
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type'), /^text\/xml/);
  await eventually('the message in the history', async () =>
    (await call('GET', '/historial?canal=sms')).some(({ contenido }) => contenido === body),
  );
});

test('a webhook for another address, or with another value, is refused', async () => {
  const parameters = inbound('hola');
  const elsewhere = await postSigned('/webhook/sms', parameters, { signedPath: '/webhook/voz' });
  assert.equal(elsewhere.status, 401);
  const changed = await postSigned('/webhook/sms', parameters, { sent: { ...parameters, Body: 'otra cosa' } });
  assert.equal(changed.status, 401);
});

test('a webhook of the simulator is one of Twilio to the SDK', async () => {
  const listener = await listen();
  const sent = await client.messages.create({
    to: CUSTOMER,
    from: NUMBER,
    body: 'con aviso',
    statusCallback: `${listener.url}/estado?x=1&y=%2F`,
  });
  const { url, signature, parameters } = await listener.next();
  assert.equal(parameters.MessageSid, sent.sid);
  assert.ok(twilio.validateRequest(AUTH_TOKEN, signature, url, parameters));
  assert.ok(!twilio.validateRequest(AUTH_TOKEN, signature, url, { ...parameters, MessageStatus: 'read' }));
});

test('the REST client sends, lists page by page, and places a call', async () => {
  const bodies = Array.from({ length: 5 }, () => randomUUID());
  for (const body of bodies) await client.messages.create({ to: CUSTOMER, from: NUMBER, body });
  const listed = await client.messages.list({ to: CUSTOMER, pageSize: 2 });
  for (const body of bodies) assert.equal(listed.filter((message) => message.body === body).length, 1);

  const placed = await client.calls.create({ to: CUSTOMER, from: NUMBER, twiml: '<Response><Say>Hola</Say></Response>' });
  assert.match(placed.sid, /^CA[0-9a-f]{32}$/);
  assert.equal((await client.calls(placed.sid).fetch()).sid, placed.sid);
});

test('what the simulator refuses is an error with the code of Twilio', async () => {
  const refused = client.messages.create({ to: '+15005550001', from: '+15005550006', body: 'hola' });
  await assert.rejects(refused, (error) => error.status === 400 && error.code === 21211);
});

function inbound(body) {
  return {
    MessageSid: `SM${randomUUID().replaceAll('-', '')}`,
    AccountSid: ACCOUNT,
    From: CUSTOMER,
    To: NUMBER,
    Body: body,
    NumMedia: '0',
    FromCity: '',
  };
}

function postSigned(path, parameters, { signedPath = path, sent = parameters } = {}) {
  const address = (of) => `${SERVER}/api/comunicaciones${of}`;
  const signature = twilio.getExpectedTwilioSignature(AUTH_TOKEN, address(signedPath), parameters);
  return fetch(address(path), {
    method: 'POST',
    headers: { 'x-twilio-signature': signature, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(sent),
  });
}

/** Takes webhooks, one after the other. */
async function listen() {
  const arrived = [];
  const server = createServer(async (request, response) => {
    let form = '';
    for await (const piece of request) form += piece;
    const url = `http://127.0.0.1:${server.address().port}${request.url}`;
    const parameters = Object.fromEntries(new URLSearchParams(form));
    response.end();
    arrived.push({ url, signature: request.headers['x-twilio-signature'], parameters });
    server.emit('arrived');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => server.close());
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async next() {
      if (!arrived.length) await once(server, 'arrived', { signal: AbortSignal.timeout(10_000) });
      return arrived.shift();
    },
  };
}
