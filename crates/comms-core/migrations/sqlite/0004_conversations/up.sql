-- The desk: states and assignees of conversations, what each user has read, notes; contacts that people join and separate.

-- How many inbound messages came in, so that what a user has not read is a subtraction. What was read before this migration is
-- read by everybody.
ALTER TABLE comms_conversations ADD COLUMN inbound_count integer NOT NULL DEFAULT 0;
-- When the last message came in by our clock: it opens again what was closed before.
ALTER TABLE comms_conversations ADD COLUMN arrived_at bigint;
-- When a person set the state.
ALTER TABLE comms_conversations ADD COLUMN decided_at bigint;
ALTER TABLE comms_conversations ADD COLUMN decided_by text;
ALTER TABLE comms_conversations ADD COLUMN snoozed_until bigint;
ALTER TABLE comms_conversations ADD COLUMN closed_at bigint;
UPDATE comms_conversations SET unread = max(unread, 0), inbound_count = max(unread, 0), arrived_at = last_inbound_at;
CREATE INDEX comms_conversations_status_idx ON comms_conversations (organization_id, status, last_message_at, id);
CREATE INDEX comms_conversations_assignee_idx ON comms_conversations (organization_id, assignee_id, last_message_at, id)
    WHERE assignee_id IS NOT NULL;
CREATE INDEX comms_conversations_snoozed_idx ON comms_conversations (organization_id, snoozed_until) WHERE status = 'snoozed';
CREATE INDEX comms_conversations_contact_idx ON comms_conversations (contact_id);

CREATE TABLE comms_conversation_reads (
    conversation_id blob NOT NULL,
    user_id text NOT NULL,
    organization_id text NOT NULL,
    -- How many of its inbound messages the user has seen.
    seen integer NOT NULL,
    read_at bigint NOT NULL,
    PRIMARY KEY (conversation_id, user_id)
);

CREATE TABLE comms_conversation_notes (
    id blob PRIMARY KEY,
    organization_id text NOT NULL,
    conversation_id blob NOT NULL,
    user_id text NOT NULL,
    body text NOT NULL,
    created_at bigint NOT NULL
);
CREATE INDEX comms_conversation_notes_conversation_idx ON comms_conversation_notes (conversation_id, created_at, id);

-- name in lower case and without accents.
ALTER TABLE comms_contacts ADD COLUMN search text;
-- The contact that stands for the person; null while nobody is joined with them.
ALTER TABLE comms_contacts ADD COLUMN person_id blob;
-- The joining itself, one for each contact that was joined to another: taking it back is to forget it.
ALTER TABLE comms_contacts ADD COLUMN merged_into blob;
ALTER TABLE comms_contacts ADD COLUMN merged_at bigint;
ALTER TABLE comms_contacts ADD COLUMN merged_by text;
UPDATE comms_contacts SET search = lower(name);
CREATE INDEX comms_contacts_person_idx ON comms_contacts (person_id) WHERE person_id IS NOT NULL;

-- name and username in lower case and without accents.
ALTER TABLE comms_identities ADD COLUMN search text;
UPDATE comms_identities SET search = lower(trim(coalesce(name, '') || ' ' || coalesce(username, '')));
