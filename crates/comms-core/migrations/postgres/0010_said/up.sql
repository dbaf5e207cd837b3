-- What is said last counts by the time at which it was said: webhooks come in any order.

-- When the last message was said, and an id made of what its provider calls it, which decides between those of one moment.
ALTER TABLE conversations ADD COLUMN said_at timestamptz;
ALTER TABLE conversations ADD COLUMN said_key uuid;
UPDATE conversations SET said_at = last_message_at, said_key = '00000000-0000-0000-0000-000000000000';
-- When the name, and the user name, were last given.
ALTER TABLE identities ADD COLUMN named_at timestamptz;
ALTER TABLE identities ADD COLUMN username_at timestamptz;
