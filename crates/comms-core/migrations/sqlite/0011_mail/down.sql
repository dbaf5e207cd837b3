DROP INDEX comms_identities_external_idx;
DROP TABLE comms_sources;
DROP TABLE comms_mail_threads;

-- One conversation for each contact and account again: the oldest of them takes what the others hold.
CREATE TEMPORARY TABLE moved AS
    SELECT c.id AS old_id, (
        SELECT k.id FROM comms_conversations k WHERE k.account_id = c.account_id AND k.contact_id = c.contact_id
        ORDER BY k.created_at, k.id LIMIT 1
    ) AS new_id FROM comms_conversations c;
DELETE FROM moved WHERE old_id = new_id;
UPDATE comms_messages SET conversation_id = (SELECT new_id FROM moved WHERE old_id = conversation_id)
    WHERE conversation_id IN (SELECT old_id FROM moved);
UPDATE comms_outbox SET conversation_id = (SELECT new_id FROM moved WHERE old_id = conversation_id)
    WHERE conversation_id IN (SELECT old_id FROM moved);
UPDATE comms_conversation_notes SET conversation_id = (SELECT new_id FROM moved WHERE old_id = conversation_id)
    WHERE conversation_id IN (SELECT old_id FROM moved);
DELETE FROM comms_conversation_reads WHERE conversation_id IN (SELECT old_id FROM moved);
DELETE FROM comms_conversations WHERE id IN (SELECT old_id FROM moved);
DROP TABLE moved;

CREATE TABLE comms_conversations_old (
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
    UNIQUE (account_id, contact_id)
);
INSERT INTO comms_conversations_old
    SELECT id, organization_id, account_id, contact_id, channel, status, assignee_id, unread, last_message_id, last_message_at,
        last_inbound_at, created_at, updated_at, inbound_count, arrived_at, decided_at, decided_by, snoozed_until, closed_at,
        said_at, said_key
    FROM comms_conversations;
DROP TABLE comms_conversations;
ALTER TABLE comms_conversations_old RENAME TO comms_conversations;
CREATE INDEX comms_conversations_recent_idx ON comms_conversations (organization_id, last_message_at, id);
CREATE INDEX comms_conversations_status_idx ON comms_conversations (organization_id, status, last_message_at, id);
CREATE INDEX comms_conversations_assignee_idx ON comms_conversations (organization_id, assignee_id, last_message_at, id)
    WHERE assignee_id IS NOT NULL;
CREATE INDEX comms_conversations_snoozed_idx ON comms_conversations (organization_id, snoozed_until) WHERE status = 'snoozed';
CREATE INDEX comms_conversations_contact_idx ON comms_conversations (contact_id);
