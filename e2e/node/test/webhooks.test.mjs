// The package of Standard Webhooks itself: it verifies what the server sends, and refuses what was changed.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, test } from 'node:test';

import { Webhook, WebhookVerificationError } from 'standardwebhooks';

import { administer, eventually, leadWrites } from '../lib/server.mjs';

const HOOKS = '/admin/webhooks-salientes';
const arrived = [];
let answer = 204;

const receiver = createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    arrived.push({ headers: request.headers, body: Buffer.concat(pieces).toString() });
    response.writeHead(answer).end();
  });
}).listen(0, '127.0.0.1');
await once(receiver, 'listening');
after(() => receiver.close());
const url = `http://127.0.0.1:${receiver.address().port}/in`;

const next = (what, wanted = () => true) =>
  eventually(what, async () => {
    const at = arrived.findIndex(wanted);
    return at < 0 ? undefined : arrived.splice(at, 1)[0];
  });

const { id, secreto } = await administer('POST', HOOKS, { url, tipos: ['mensaje'] });

test('what the server sends is verified by the package, and is what the stream tells', async () => {
  const text = `Hola ñ & € 👍 ${randomUUID()}`;
  await leadWrites(text);
  const { headers, body } = await next('the webhook', (one) => one.body.includes(text));
  const told = new Webhook(secreto).verify(body, headers);
  assert.equal(told.type, 'mensaje');
  assert.equal(told.data.fila.contenido, text);
  assert.ok(Math.abs(Date.now() - Date.parse(told.timestamp)) < 60_000);
});

test('a changed body, id or time is refused by the package', async () => {
  const pinged = await administer('POST', `${HOOKS}/${id}/probar`);
  assert.equal(pinged.entregado, true);
  const { headers, body } = await next('the test', (one) => one.body.includes('prueba'));
  const webhook = new Webhook(secreto);
  webhook.verify(body, headers);
  const changed = [
    [`${body} `, headers],
    [body, { ...headers, 'webhook-id': 'msg_other' }],
    [body, { ...headers, 'webhook-timestamp': `${Number(headers['webhook-timestamp']) + 1}` }],
  ];
  for (const [otherBody, otherHeaders] of changed) {
    assert.throws(() => webhook.verify(otherBody, otherHeaders), WebhookVerificationError);
  }
});

test('while the key changes both verify', async () => {
  const changed = await administer('POST', `${HOOKS}/${id}/secreto`);
  assert.notEqual(changed.secreto, secreto);
  await administer('POST', `${HOOKS}/${id}/probar`);
  const { headers, body } = await next('the test', (one) => one.body.includes('prueba'));
  for (const key of [secreto, changed.secreto]) new Webhook(key).verify(body, headers);
});

test('what is not taken comes again under the same id', async () => {
  const text = `otra vez ${randomUUID()}`;
  answer = 500;
  await leadWrites(text);
  const first = await next('the first attempt', (one) => one.body.includes(text));
  answer = 204;
  const second = await next('the second attempt', (one) => one.body.includes(text));
  assert.equal(second.headers['webhook-id'], first.headers['webhook-id']);
  new Webhook(secreto).verify(second.body, second.headers);
});
