-- The same tables as on PostgreSQL, with a prefix: SQLite has one schema. Times are microseconds since 1970, ids 16 bytes.
-- Table comunicaciones is not created here: one piece of code creates it for both engines.

CREATE TABLE comms_organizations (
    id text PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE comms_accounts (
    id text PRIMARY KEY,
    organization_id text NOT NULL REFERENCES comms_organizations (id),
    channel text NOT NULL,
    name text,
    parent_id text,
    owner_id text,
    caller_id text,
    active boolean NOT NULL DEFAULT true,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE INDEX comms_accounts_organization_idx ON comms_accounts (organization_id, channel);
CREATE INDEX comms_accounts_parent_idx ON comms_accounts (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE comms_service_tokens (
    id blob PRIMARY KEY,
    organization_id text NOT NULL REFERENCES comms_organizations (id),
    name text NOT NULL,
    sha256 text NOT NULL UNIQUE,
    created_at bigint NOT NULL,
    revoked_at bigint
);
CREATE INDEX comms_service_tokens_organization_idx ON comms_service_tokens (organization_id);

-- Raw webhooks. organization_id is null where one body concerns several organisations or none that is known.
CREATE TABLE comms_webhooks (
    id blob PRIMARY KEY,
    organization_id text,
    provider text NOT NULL,
    method text NOT NULL,
    url text NOT NULL,
    headers text NOT NULL,
    body blob NOT NULL,
    problem text,
    received_at bigint NOT NULL
);
CREATE INDEX comms_webhooks_problem_idx ON comms_webhooks (id) WHERE problem IS NOT NULL;

CREATE TABLE comms_quarantine (
    webhook_id blob NOT NULL,
    account_id text NOT NULL,
    received_at bigint NOT NULL,
    PRIMARY KEY (account_id, webhook_id)
);

CREATE TABLE comms_contacts (
    id blob PRIMARY KEY,
    organization_id text NOT NULL,
    name text,
    -- Directory entries that may be this person, where more than one matched: for a person to decide.
    candidates text,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE INDEX comms_contacts_organization_idx ON comms_contacts (organization_id, created_at, id);

CREATE TABLE comms_identities (
    id blob PRIMARY KEY,
    organization_id text NOT NULL,
    account_id text NOT NULL,
    external_id text NOT NULL,
    kind text NOT NULL,
    contact_id blob NOT NULL,
    name text,
    username text,
    -- Learnt from the last message sent to this identity, else from the directory.
    lead_id text,
    client_id text,
    contract_id text,
    user_id text,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    UNIQUE (account_id, external_id)
);
CREATE INDEX comms_identities_contact_idx ON comms_identities (contact_id);

CREATE TABLE comms_conversations (
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
    UNIQUE (account_id, contact_id)
);
CREATE INDEX comms_conversations_recent_idx ON comms_conversations (organization_id, last_message_at, id);

CREATE TABLE comms_messages (
    id blob PRIMARY KEY,
    organization_id text NOT NULL,
    -- Null for rows of comunicaciones that another program wrote.
    account_id text,
    provider_id text,
    conversation_id blob,
    contact_id blob,
    lead_id text,
    client_id text,
    contract_id text,
    user_id text,
    channel text NOT NULL,
    direction smallint NOT NULL,
    counterpart text NOT NULL,
    counterpart_kind text NOT NULL,
    content text,
    body text,
    -- body in lower case and without accents.
    search text,
    reply_to text,
    extra text,
    status smallint NOT NULL,
    foreign_status text,
    problem text,
    duration_seconds integer,
    idempotency_key text,
    request_hash text,
    retry_of blob,
    comunicacion_id integer,
    webhook_id blob,
    occurred_at bigint,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    UNIQUE (account_id, provider_id)
);
CREATE UNIQUE INDEX comms_messages_idempotency_idx ON comms_messages (organization_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
-- A message is tried again once; its retry may be tried again in turn.
CREATE UNIQUE INDEX comms_messages_retry_idx ON comms_messages (retry_of) WHERE retry_of IS NOT NULL;
CREATE UNIQUE INDEX comms_messages_comunicacion_idx ON comms_messages (comunicacion_id) WHERE comunicacion_id IS NOT NULL;
CREATE INDEX comms_messages_recent_idx ON comms_messages (organization_id, created_at, id);
CREATE INDEX comms_messages_lead_idx ON comms_messages (organization_id, lead_id, created_at, id) WHERE lead_id IS NOT NULL;
CREATE INDEX comms_messages_client_idx ON comms_messages (organization_id, client_id, created_at, id) WHERE client_id IS NOT NULL;
CREATE INDEX comms_messages_contract_idx ON comms_messages (organization_id, contract_id, created_at, id) WHERE contract_id IS NOT NULL;
CREATE INDEX comms_messages_user_idx ON comms_messages (organization_id, user_id, created_at, id) WHERE user_id IS NOT NULL;
CREATE INDEX comms_messages_conversation_idx ON comms_messages (conversation_id, created_at, id) WHERE conversation_id IS NOT NULL;
-- A user whose id is no number has no row in comunicaciones, and waits for none.
CREATE INDEX comms_messages_waiting_idx ON comms_messages (created_at, id)
    WHERE comunicacion_id IS NULL AND (user_id IS NULL OR ltrim(user_id, '0123456789') = '');

CREATE TABLE comms_status_events (
    id blob PRIMARY KEY,
    organization_id text NOT NULL,
    account_id text NOT NULL,
    key text NOT NULL,
    -- Null while the message is not known (yet).
    message_id blob,
    provider_id text,
    status smallint,
    provider_status text NOT NULL,
    problem text,
    extra text,
    webhook_id blob,
    occurred_at bigint NOT NULL,
    recorded_at bigint NOT NULL,
    UNIQUE (account_id, key)
);
CREATE INDEX comms_status_events_message_idx ON comms_status_events (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX comms_status_events_orphan_idx ON comms_status_events (account_id, provider_id) WHERE message_id IS NULL;

-- Whatever else providers tell us: identity and opt changes, account changes, what is not understood.
CREATE TABLE comms_updates (
    id blob PRIMARY KEY,
    organization_id text NOT NULL,
    account_id text NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    subject text NOT NULL,
    payload text NOT NULL,
    webhook_id blob,
    occurred_at bigint,
    recorded_at bigint NOT NULL,
    UNIQUE (account_id, kind, key)
);

CREATE TABLE comms_outbox (
    message_id blob PRIMARY KEY,
    organization_id text NOT NULL,
    account_id text NOT NULL,
    due_at bigint NOT NULL,
    attempts integer NOT NULL,
    lease_until bigint NOT NULL
);
CREATE INDEX comms_outbox_lease_idx ON comms_outbox (lease_until);

-- The event log. cursor is assigned under an advisory lock held to commit: no reader sees a later one before an earlier.
CREATE TABLE comms_events (
    cursor integer PRIMARY KEY AUTOINCREMENT,
    organization_id text NOT NULL,
    kind text NOT NULL,
    account_id text,
    message_id blob,
    conversation_id blob,
    payload text NOT NULL,
    created_at bigint NOT NULL
);

CREATE TABLE comms_attachments (
    id blob PRIMARY KEY,
    organization_id text NOT NULL,
    account_id text NOT NULL,
    message_id blob NOT NULL,
    kind text NOT NULL,
    mime_type text,
    filename text,
    size bigint,
    sha256 text,
    source text NOT NULL,
    blob_key text,
    state smallint NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    due_at bigint NOT NULL,
    error text,
    created_at bigint NOT NULL
);
CREATE INDEX comms_attachments_message_idx ON comms_attachments (message_id);
CREATE INDEX comms_attachments_due_idx ON comms_attachments (due_at) WHERE state = 0;

CREATE TABLE comms_opt_outs (
    id blob PRIMARY KEY,
    organization_id text NOT NULL,
    account_id text NOT NULL,
    address text NOT NULL,
    scope text NOT NULL,
    opted_in boolean NOT NULL,
    occurred_at bigint NOT NULL,
    UNIQUE (account_id, address, scope)
);

-- For channels of sellers, such as mailboxes: their credentials, encrypted. Empty until such a channel exists.
CREATE TABLE comms_credentials (
    id blob PRIMARY KEY,
    organization_id text NOT NULL,
    owner_id text NOT NULL,
    provider text NOT NULL,
    key_id text NOT NULL,
    ciphertext blob NOT NULL,
    state text NOT NULL,
    reason text,
    expires_at bigint,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    UNIQUE (organization_id, owner_id, provider)
);

-- Marks that outlive a process, such as how far comunicaciones has been taken in.
CREATE TABLE comms_marks (
    name text PRIMARY KEY,
    value bigint NOT NULL
);
