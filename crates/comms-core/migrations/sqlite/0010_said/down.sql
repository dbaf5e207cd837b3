ALTER TABLE comms_identities DROP COLUMN username_at;
ALTER TABLE comms_identities DROP COLUMN named_at;
ALTER TABLE comms_conversations DROP COLUMN said_key;
ALTER TABLE comms_conversations DROP COLUMN said_at;
