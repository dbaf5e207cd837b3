// The server behind an Express 5 application that hands /api/comunicaciones on, as docs/beside-express.md shows.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { after, test } from 'node:test';

import express from 'express';
import { createProxyMiddleware, fixRequestBody } from 'http-proxy-middleware';

import { LEAD, SERVER, call, eventually, inboundMessage, postSigned } from '../lib/server.mjs';

const PATH = '/api/comunicaciones';

const right = await listen((app) => {
  app.use(PATH, createProxyMiddleware({ target: SERVER + PATH }));
  app.use(express.json());
  app.post('/api/leads', (request, response) => response.json({ received: request.body }));
});

const wrong = await listen((app) => {
  app.use(express.json());
  app.use(PATH, createProxyMiddleware({ target: SERVER + PATH, on: { proxyReq: fixRequestBody } }));
});

test('a signed webhook passes through byte by byte, and is in the history', async () => {
  const text = `por el proxy ñ/€ ${randomUUID()}`;
  const response = await postSigned(right, inboundMessage(`wamid.${randomUUID()}`, text));
  assert.equal(response.status, 200);
  await eventually('the message in the history', async () =>
    (await call('GET', `/historial/${LEAD.id}?canal=whatsapp`)).some(({ contenido }) => contenido === text),
  );
});

test('a webhook that was changed on the way is refused', async () => {
  const bytes = inboundMessage(`wamid.${randomUUID()}`, 'hola');
  const response = await postSigned(right, bytes, Buffer.from(`${bytes} `));
  assert.equal(response.status, 401);
});

test('behind express.json() the bytes are lost, and with them the signature', async () => {
  const response = await postSigned(wrong, inboundMessage(`wamid.${randomUUID()}`, 'por el proxy ñ/€'));
  assert.equal(response.status, 401);
});

test('the routes of the application itself still read JSON', async () => {
  const response = await fetch(`${right}/api/leads`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"nombre":"Ana"}',
  });
  assert.deepEqual(await response.json(), { received: { nombre: 'Ana' } });
});

async function listen(routes) {
  const app = express();
  routes(app);
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}
