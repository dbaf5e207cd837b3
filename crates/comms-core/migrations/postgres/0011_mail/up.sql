-- E-mail: a thread is a conversation, so that a contact may have many; and mailboxes that are asked instead of telling.

ALTER TABLE conversations DROP CONSTRAINT conversations_account_id_contact_id_key;
CREATE INDEX conversations_pair_idx ON conversations (account_id, contact_id);
-- What it is about, for e-mail: of the message that was said last.
ALTER TABLE conversations ADD COLUMN subject text;

-- By what a thread of a contact is known: ids made of the ids of its messages, of the provider's id of it, of its subject.
CREATE TABLE mail_threads (
    id uuid PRIMARY KEY,
    organization_id text NOT NULL,
    contact_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    -- The row is a conversation that turned out to be a part of another.
    joined boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL
);
CREATE INDEX mail_threads_contact_idx ON mail_threads (contact_id);
CREATE INDEX mail_threads_conversation_idx ON mail_threads (conversation_id);

-- Mailboxes and lists that are asked, and how far each was read.
CREATE TABLE sources (
    account_id text PRIMARY KEY,
    organization_id text NOT NULL,
    cursor text,
    -- 0 = works, 1 = waits after a failure, 2 = stands still until somebody mends it
    state smallint NOT NULL DEFAULT 0,
    -- Why it does not work: code, message, kind.
    problem jsonb,
    failures integer NOT NULL DEFAULT 0,
    -- When it was asked last, and when that last went well.
    checked_at timestamptz,
    read_at timestamptz,
    next_at timestamptz NOT NULL,
    -- How often somebody said that there is something.
    hints integer NOT NULL DEFAULT 0,
    -- How often it is still looked at soon after it was said that there is something.
    looks smallint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    token bigint NOT NULL DEFAULT 0
);
CREATE INDEX sources_due_idx ON sources (next_at);
-- Who somebody is, whatever account of the organisation knows them.
CREATE INDEX identities_external_idx ON identities (organization_id, external_id);
