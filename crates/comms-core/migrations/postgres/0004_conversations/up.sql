-- The desk: states and assignees of conversations, what each user has read, notes; contacts that people join and separate.

-- How many inbound messages came in, so that what a user has not read is a subtraction. What was read before this migration is
-- read by everybody.
ALTER TABLE conversations ADD COLUMN inbound_count integer NOT NULL DEFAULT 0;
-- When the last message came in by our clock: it opens again what was closed before.
ALTER TABLE conversations ADD COLUMN arrived_at timestamptz;
-- When a person set the state.
ALTER TABLE conversations ADD COLUMN decided_at timestamptz;
ALTER TABLE conversations ADD COLUMN decided_by text;
ALTER TABLE conversations ADD COLUMN snoozed_until timestamptz;
ALTER TABLE conversations ADD COLUMN closed_at timestamptz;
UPDATE conversations SET unread = greatest(unread, 0), inbound_count = greatest(unread, 0), arrived_at = last_inbound_at;
CREATE INDEX conversations_status_idx ON conversations (organization_id, status, last_message_at, id);
CREATE INDEX conversations_assignee_idx ON conversations (organization_id, assignee_id, last_message_at, id)
    WHERE assignee_id IS NOT NULL;
CREATE INDEX conversations_snoozed_idx ON conversations (organization_id, snoozed_until) WHERE status = 'snoozed';
CREATE INDEX conversations_contact_idx ON conversations (contact_id);

CREATE TABLE conversation_reads (
    conversation_id uuid NOT NULL,
    user_id text NOT NULL,
    organization_id text NOT NULL,
    -- How many of its inbound messages the user has seen.
    seen integer NOT NULL,
    read_at timestamptz NOT NULL,
    PRIMARY KEY (conversation_id, user_id)
);

CREATE TABLE conversation_notes (
    id uuid PRIMARY KEY,
    organization_id text NOT NULL,
    conversation_id uuid NOT NULL,
    user_id text NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX conversation_notes_conversation_idx ON conversation_notes (conversation_id, created_at, id);

-- name in lower case and without accents.
ALTER TABLE contacts ADD COLUMN search text;
-- The contact that stands for the person; null while nobody is joined with them.
ALTER TABLE contacts ADD COLUMN person_id uuid;
-- The joining itself, one for each contact that was joined to another: taking it back is to forget it.
ALTER TABLE contacts ADD COLUMN merged_into uuid;
ALTER TABLE contacts ADD COLUMN merged_at timestamptz;
ALTER TABLE contacts ADD COLUMN merged_by text;
UPDATE contacts SET search = lower(name);
CREATE INDEX contacts_person_idx ON contacts (person_id) WHERE person_id IS NOT NULL;

-- name and username in lower case and without accents.
ALTER TABLE identities ADD COLUMN search text;
UPDATE identities SET search = lower(concat_ws(' ', name, username));
