// A back end as S4 prints it, against the server: its calls end, it tells of them, and people answer on WhatsApp.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { required } from '../lib/environment.mjs';
import { tellOfCall } from '../lib/calls.mjs';
import { eventually } from '../lib/server.mjs';

const SERVER = required('COMMS_SERVER_URL');
const SIMULATOR = required('SIMULATOR_URL');
const TOKEN = required('MICROSERVICE_TOKEN');
const KEY = required('ELEVENLABS_API_KEY');
const SENDER = required('TWILIO_WHATSAPP_NUMBER');

const ANA = '+34600000011';
const MACHINE = '+34600000012';

const elevenlabs = async (method, path, body) => {
  const response = await fetch(`${SIMULATOR}/v1/convai${path}`, {
    method,
    headers: { 'xi-api-key': KEY, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  assert.equal(response.status, 200, path);
  return response.json();
};

const control = async (path, body) => {
  const response = await fetch(`${SIMULATOR}/_simulator/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200, path);
};

const asked = async (path) => {
  const response = await fetch(`${SERVER}${path}`, { headers: { 'X-Service-Token': TOKEN } });
  return { status: response.status, body: await response.json() };
};

/** Has people called, and waits until every call has ended. */
async function called(...numbers) {
  const { agents } = await elevenlabs('GET', '/agents');
  const { id } = await elevenlabs('POST', '/batch-calling/submit', {
    call_name: 'Campaña Octubre',
    agent_id: agents[0].agent_id,
    agent_phone_number_id: required('ELEVENLABS_PHONE_NUMBER_ID'),
    recipients: numbers.map((phone_number) => ({ phone_number })),
  });
  return eventually('the calls', async () => {
    const batch = await elevenlabs('GET', `/batch-calling/${id}`);
    return batch.status === 'completed' && batch;
  });
}

await control('elevenlabs/people', { phone_number: MACHINE, outcome: 'voicemail' });
const batch = await called(ANA, MACHINE);
const [ana, machine] = batch.recipients;

test('a call that was talked in is continued, once', async () => {
  const first = await tellOfCall(SERVER, TOKEN, { ...ana, name: 'Ana García' }, batch);
  assert.equal(first.success, true, JSON.stringify(first));
  assert.equal(first.status, 'message_sent');
  assert.match(first.whatsapp_message_id, /^(SM|MM)/);
  const again = await tellOfCall(SERVER, TOKEN, { ...ana, name: 'Ana García' }, batch);
  assert.equal(again.conversation_id, first.conversation_id);
  assert.equal(again.whatsapp_message_id, first.whatsapp_message_id);
  const { status, body } = await asked(`/api/conversations/${ANA}`);
  assert.equal(status, 200);
  assert.equal(body.conversation.elevenlabs_conversation_id, ana.conversation_id);
  assert.equal(body.conversation.client_name, 'Ana García');
  assert.equal(body.conversation.metadata.group_name, 'N/A');
});

test('a machine is not thanked for the call', async () => {
  const answer = await tellOfCall(SERVER, TOKEN, machine, batch);
  assert.equal(answer.success, true, JSON.stringify(answer));
  assert.equal(answer.status, 'skipped');
  assert.equal(answer.whatsapp_message_id, null);
});

test('what the person writes is answered by the agent', async () => {
  await control('twilio/inbound-message', { from: `whatsapp:${ANA}`, to: SENDER, body: 'Sí me interesa, ¿cuál es el precio?' });
  const conversation = await eventually('the answer', async () => {
    const { body } = await asked(`/api/conversations/${ANA}`);
    const { messages } = body.conversation;
    return messages.length >= 3 && messages.at(-1).direction === 'outbound' && body.conversation;
  });
  assert.deepEqual(conversation.messages.map((one) => one.direction), ['outbound', 'inbound', 'outbound']);
  assert.match(conversation.messages[1].timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
});

test('who has no token is told so', async () => {
  const answer = await tellOfCall(SERVER, 'another-token', ana, batch);
  assert.deepEqual(answer, { success: false, error: 'Request failed with status code 401' });
});

test('the figures and the health are those of S4', async () => {
  const { body } = await asked('/api/stats');
  assert.equal(body.success, true);
  assert.equal(body.stats.active_conversations, 1);
  assert.equal(body.stats.total_conversations_today, 1);
  assert.equal(body.stats.messages_received_today, 1);
  assert.equal(body.stats.response_rate, 100);
  assert.deepEqual(Object.keys(body.stats.queue).sort(), ['active', 'completed', 'failed', 'waiting']);
  const health = (await asked('/health')).body;
  assert.equal(health.dependencies.elevenlabs, 'ok');
  assert.equal(health.dependencies.redis, 'not_configured');
});
