// A back end that has people called and tells our server of each call that has ended: the payload, the header and the ten seconds of S4.

/** How long it waits for an answer. */
const PATIENCE_MS = 10_000;

/** What is told of one recipient of a batch. */
const payload = (recipient, batch) => ({
  batch_id: batch.id,
  agent_id: batch.agent_id,
  agent_name: batch.agent_name,
  phone_number_id: batch.phone_number_id,
  batch_name: batch.name,
  recipient: {
    id: recipient.id,
    phone_number: recipient.phone_number,
    status: recipient.status,
    conversation_id: recipient.conversation_id,
    created_at_unix: recipient.created_at_unix,
    updated_at_unix: recipient.updated_at_unix,
  },
  call_metadata: {
    client_name: recipient.name ?? recipient.variables?.name ?? 'Cliente',
    client_id: recipient.client_id,
    group_id: batch.group_id,
    group_name: batch.group_name ?? 'N/A',
  },
});

/** Tells of a call. What went wrong is in the answer: it never throws, and a status of 400 or more is an error, as with axios. */
export async function tellOfCall(service, token, recipient, batch) {
  try {
    const response = await fetch(`${service}/api/call-completed`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Service-Token': token },
      body: JSON.stringify(payload(recipient, batch)),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (!response.ok) throw new Error(`Request failed with status code ${response.status}`);
    return await response.json();
  } catch (error) {
    return { success: false, error: error.message };
  }
}
