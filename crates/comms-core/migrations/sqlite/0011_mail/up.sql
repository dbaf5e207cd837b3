-- E-mail: a thread is a conversation, so that a contact may have many; and mailboxes that are asked instead of telling.

-- A constraint of a table is dropped by making the table again.
CREATE TABLE comms_conversations_new (
    id blob PRIMARY KEY,
    organization_id text NOT NULL,
    account_id text NOT NULL,
    contact_id blob NOT NULL,
    channel text NOT NULL,
    status text NOT NULL DEFAULT 'open',
    assignee_id text,
    unread integer NOT NULL DEFAULT 0,
    last_message_id blob,
    last_message_at bigint NOT NULL,
    last_inbound_at bigint,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    inbound_count integer NOT NULL DEFAULT 0,
    arrived_at bigint,
    decided_at bigint,
    decided_by text,
    snoozed_until bigint,
    closed_at bigint,
    said_at bigint,
    said_key blob,
    -- What it is about, for e-mail: of the message that was said last.
    subject text
);
INSERT INTO comms_conversations_new
    SELECT id, organization_id, account_id, contact_id, channel, status, assignee_id, unread, last_message_id, last_message_at,
        last_inbound_at, created_at, updated_at, inbound_count, arrived_at, decided_at, decided_by, snoozed_until, closed_at,
        said_at, said_key, NULL
    FROM comms_conversations;
DROP TABLE comms_conversations;
ALTER TABLE comms_conversations_new RENAME TO comms_conversations;
CREATE INDEX comms_conversations_recent_idx ON comms_conversations (organization_id, last_message_at, id);
CREATE INDEX comms_conversations_status_idx ON comms_conversations (organization_id, status, last_message_at, id);
CREATE INDEX comms_conversations_assignee_idx ON comms_conversations (organization_id, assignee_id, last_message_at, id)
    WHERE assignee_id IS NOT NULL;
CREATE INDEX comms_conversations_snoozed_idx ON comms_conversations (organization_id, snoozed_until) WHERE status = 'snoozed';
CREATE INDEX comms_conversations_contact_idx ON comms_conversations (contact_id);
CREATE INDEX comms_conversations_pair_idx ON comms_conversations (account_id, contact_id);

-- By what a thread of a contact is known: ids made of the ids of its messages, of the provider's id of it, of its subject.
CREATE TABLE comms_mail_threads (
    id blob PRIMARY KEY,
    organization_id text NOT NULL,
    contact_id blob NOT NULL,
    conversation_id blob NOT NULL,
    -- The row is a conversation that turned out to be a part of another.
    joined boolean NOT NULL DEFAULT false,
    created_at bigint NOT NULL
);
CREATE INDEX comms_mail_threads_contact_idx ON comms_mail_threads (contact_id);
CREATE INDEX comms_mail_threads_conversation_idx ON comms_mail_threads (conversation_id);

-- Mailboxes and lists that are asked, and how far each was read.
CREATE TABLE comms_sources (
    account_id text PRIMARY KEY,
    organization_id text NOT NULL,
    cursor text,
    -- 0 = works, 1 = waits after a failure, 2 = stands still until somebody mends it
    state smallint NOT NULL DEFAULT 0,
    -- Why it does not work: code, message, kind.
    problem text,
    failures integer NOT NULL DEFAULT 0,
    -- When it was asked last, and when that last went well.
    checked_at bigint,
    read_at bigint,
    next_at bigint NOT NULL,
    -- How often somebody said that there is something.
    hints integer NOT NULL DEFAULT 0,
    -- How often it is still looked at soon after it was said that there is something.
    looks smallint NOT NULL DEFAULT 0,
    lease_until bigint,
    token bigint NOT NULL DEFAULT 0
);
CREATE INDEX comms_sources_due_idx ON comms_sources (next_at);
-- Who somebody is, whatever account of the organisation knows them.
CREATE INDEX comms_identities_external_idx ON comms_identities (organization_id, external_id);
