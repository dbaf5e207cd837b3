-- What calls need: who answered, how long each report says that it lasted, and recordings that come before their call.

ALTER TABLE messages ADD COLUMN answered_by text;

ALTER TABLE status_events ADD COLUMN duration_seconds integer;
ALTER TABLE status_events ADD COLUMN answered_by text;

-- Ids of attachments are derived: their place in the message is told apart.
ALTER TABLE attachments ADD COLUMN position smallint NOT NULL DEFAULT 0;

CREATE INDEX updates_recording_idx ON updates (account_id, subject) WHERE kind = 'recording';
