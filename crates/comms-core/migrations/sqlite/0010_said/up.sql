-- What is said last counts by the time at which it was said: webhooks come in any order.

-- When the last message was said, and an id made of what its provider calls it, which decides between those of one moment.
ALTER TABLE comms_conversations ADD COLUMN said_at bigint;
ALTER TABLE comms_conversations ADD COLUMN said_key blob;
UPDATE comms_conversations SET said_at = last_message_at, said_key = zeroblob(16);
-- When the name, and the user name, were last given.
ALTER TABLE comms_identities ADD COLUMN named_at bigint;
ALTER TABLE comms_identities ADD COLUMN username_at bigint;
