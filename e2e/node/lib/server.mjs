// The server as a caller of its API sees it. Addresses and keys come by environment.

import { createHmac } from 'node:crypto';

import jwt from 'jsonwebtoken';

import { required } from './environment.mjs';

export const SERVER = required('COMMS_SERVER_URL');
const APP_SECRET = required('WHATSAPP_APP_SECRET');
const JWT_SECRET = required('JWT_SECRET');

/** The seller of the seed, and their lead. */
export const SELLER = 7;
export const LEAD = { id: 21, phone: '16505551234' };

/** A call of the API as the seller. Answers the body's `data`. */
export const call = (method, path, body) => callAs({ id: SELLER, rol: 'vendedor' }, method, path, body);

/** The same as an administrator. */
export const administer = (method, path, body) => callAs({ id: 1, rol: 'admin' }, method, path, body);

async function callAs(user, method, path, body) {
  const token = jwt.sign(user, JWT_SECRET, { algorithm: 'HS256', expiresIn: '10m' });
  const response = await fetch(`${SERVER}/api/comunicaciones${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
  return answer.data;
}

/** The lead writes to the business: the simulator posts the webhook to the server. */
export async function leadWrites(text) {
  const response = await fetch(`${required('SIMULATOR_URL')}/_simulator/inbound`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ from: { wa_id: LEAD.phone }, content: { type: 'text', body: text } }),
  });
  if (!response.ok) throw new Error(`the simulator: ${response.status} ${await response.text()}`);
}

/** A text message to the business, as Meta posts it: escaped in a way that JSON.stringify would not repeat. */
export function inboundMessage(id, text) {
  const message = { from: LEAD.phone, id, timestamp: `${Math.floor(Date.now() / 1000)}`, type: 'text', text: { body: text } };
  const value = {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: '15550783881', phone_number_id: required('WHATSAPP_PHONE_NUMBER_ID') },
    contacts: [{ profile: { name: 'Lead de prueba' }, wa_id: LEAD.phone }],
    messages: [message],
  };
  const entry = [{ id: required('WHATSAPP_BUSINESS_ACCOUNT_ID'), changes: [{ field: 'messages', value }] }];
  const compact = JSON.stringify({ object: 'whatsapp_business_account', entry });
  const escaped = compact.replaceAll('/', '\\/').replace(/[^\x20-\x7e]/g, (character) =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return Buffer.from(escaped);
}

/** Posts a webhook to `base`, signed as Meta signs it over exactly these bytes. */
export function postSigned(base, bytes, signed = bytes) {
  const signature = createHmac('sha256', APP_SECRET).update(signed).digest('hex');
  return fetch(`${base}/api/comunicaciones/webhook/whatsapp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
    body: bytes,
  });
}

/** Calls `probe` until it answers something, or fails after some seconds: statuses come by webhook. */
export async function eventually(what, probe, seconds = 20) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
    const found = await probe();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what}: not within ${seconds} s`);
}
