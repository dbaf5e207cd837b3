-- Everything of ours. Runs with search_path on our schema (COMMS_DB_SCHEMA, default comms).
-- Table comunicaciones is not created here: it may belong to Prisma.

CREATE TABLE organizations (
    id text PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE accounts (
    id text PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations (id),
    channel text NOT NULL,
    name text,
    parent_id text,
    owner_id text,
    caller_id text,
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX accounts_organization_idx ON accounts (organization_id, channel);
CREATE INDEX accounts_parent_idx ON accounts (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE service_tokens (
    id uuid PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations (id),
    name text NOT NULL,
    sha256 text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX service_tokens_organization_idx ON service_tokens (organization_id);

-- Raw webhooks. organization_id is null where one body concerns several organisations or none that is known.
CREATE TABLE webhooks (
    id uuid PRIMARY KEY,
    organization_id text,
    provider text NOT NULL,
    method text NOT NULL,
    url text NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    problem text,
    received_at timestamptz NOT NULL
);
CREATE INDEX webhooks_problem_idx ON webhooks (id) WHERE problem IS NOT NULL;

CREATE TABLE quarantine (
    webhook_id uuid NOT NULL,
    account_id text NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, webhook_id)
);

CREATE TABLE contacts (
    id uuid PRIMARY KEY,
    organization_id text NOT NULL,
    name text,
    -- Directory entries that may be this person, where more than one matched: for a person to decide.
    candidates jsonb,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX contacts_organization_idx ON contacts (organization_id, created_at, id);

CREATE TABLE identities (
    id uuid PRIMARY KEY,
    organization_id text NOT NULL,
    account_id text NOT NULL,
    external_id text NOT NULL,
    kind text NOT NULL,
    contact_id uuid NOT NULL,
    name text,
    username text,
    -- Learnt from the last message sent to this identity, else from the directory.
    lead_id text,
    client_id text,
    contract_id text,
    user_id text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (account_id, external_id)
);
CREATE INDEX identities_contact_idx ON identities (contact_id);

CREATE TABLE conversations (
    id uuid PRIMARY KEY,
    organization_id text NOT NULL,
    account_id text NOT NULL,
    contact_id uuid NOT NULL,
    channel text NOT NULL,
    status text NOT NULL DEFAULT 'open',
    assignee_id text,
    unread integer NOT NULL DEFAULT 0,
    last_message_id uuid,
    last_message_at timestamptz NOT NULL,
    last_inbound_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (account_id, contact_id)
);
CREATE INDEX conversations_recent_idx ON conversations (organization_id, last_message_at, id);

CREATE TABLE messages (
    id uuid PRIMARY KEY,
    organization_id text NOT NULL,
    -- Null for rows of comunicaciones that another program wrote.
    account_id text,
    provider_id text,
    conversation_id uuid,
    contact_id uuid,
    lead_id text,
    client_id text,
    contract_id text,
    user_id text,
    channel text NOT NULL,
    direction smallint NOT NULL,
    counterpart text NOT NULL,
    counterpart_kind text NOT NULL,
    content jsonb,
    body text,
    -- body in lower case and without accents.
    search text,
    reply_to text,
    extra jsonb,
    status smallint NOT NULL,
    foreign_status text,
    problem jsonb,
    duration_seconds integer,
    idempotency_key text,
    request_hash text,
    retry_of uuid,
    comunicacion_id integer,
    webhook_id uuid,
    occurred_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (account_id, provider_id)
);
CREATE UNIQUE INDEX messages_idempotency_idx ON messages (organization_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
-- A message is tried again once; its retry may be tried again in turn.
CREATE UNIQUE INDEX messages_retry_idx ON messages (retry_of) WHERE retry_of IS NOT NULL;
CREATE UNIQUE INDEX messages_comunicacion_idx ON messages (comunicacion_id) WHERE comunicacion_id IS NOT NULL;
CREATE INDEX messages_recent_idx ON messages (organization_id, created_at, id);
CREATE INDEX messages_lead_idx ON messages (organization_id, lead_id, created_at, id) WHERE lead_id IS NOT NULL;
CREATE INDEX messages_client_idx ON messages (organization_id, client_id, created_at, id) WHERE client_id IS NOT NULL;
CREATE INDEX messages_contract_idx ON messages (organization_id, contract_id, created_at, id) WHERE contract_id IS NOT NULL;
CREATE INDEX messages_user_idx ON messages (organization_id, user_id, created_at, id) WHERE user_id IS NOT NULL;
CREATE INDEX messages_conversation_idx ON messages (conversation_id, created_at, id) WHERE conversation_id IS NOT NULL;
-- A user whose id is no number has no row in comunicaciones, and waits for none.
CREATE INDEX messages_waiting_idx ON messages (created_at, id)
    WHERE comunicacion_id IS NULL AND (user_id IS NULL OR ltrim(user_id, '0123456789') = '');

CREATE TABLE status_events (
    id uuid PRIMARY KEY,
    organization_id text NOT NULL,
    account_id text NOT NULL,
    key text NOT NULL,
    -- Null while the message is not known (yet).
    message_id uuid,
    provider_id text,
    status smallint,
    provider_status text NOT NULL,
    problem jsonb,
    extra jsonb,
    webhook_id uuid,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    UNIQUE (account_id, key)
);
CREATE INDEX status_events_message_idx ON status_events (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX status_events_orphan_idx ON status_events (account_id, provider_id) WHERE message_id IS NULL;

-- Whatever else providers tell us: identity and opt changes, account changes, what is not understood.
CREATE TABLE updates (
    id uuid PRIMARY KEY,
    organization_id text NOT NULL,
    account_id text NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    subject text NOT NULL,
    payload jsonb NOT NULL,
    webhook_id uuid,
    occurred_at timestamptz,
    recorded_at timestamptz NOT NULL,
    UNIQUE (account_id, kind, key)
);

CREATE TABLE outbox (
    message_id uuid PRIMARY KEY,
    organization_id text NOT NULL,
    account_id text NOT NULL,
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL,
    lease_until timestamptz NOT NULL
);
CREATE INDEX outbox_lease_idx ON outbox (lease_until);

-- The event log. cursor is assigned under an advisory lock held to commit: no reader sees a later one before an earlier.
CREATE TABLE events (
    cursor bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    organization_id text NOT NULL,
    kind text NOT NULL,
    account_id text,
    message_id uuid,
    conversation_id uuid,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE attachments (
    id uuid PRIMARY KEY,
    organization_id text NOT NULL,
    account_id text NOT NULL,
    message_id uuid NOT NULL,
    kind text NOT NULL,
    mime_type text,
    filename text,
    size bigint,
    sha256 text,
    source jsonb NOT NULL,
    blob_key text,
    state smallint NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    error text,
    created_at timestamptz NOT NULL
);
CREATE INDEX attachments_message_idx ON attachments (message_id);
CREATE INDEX attachments_due_idx ON attachments (due_at) WHERE state = 0;

CREATE TABLE opt_outs (
    id uuid PRIMARY KEY,
    organization_id text NOT NULL,
    account_id text NOT NULL,
    address text NOT NULL,
    scope text NOT NULL,
    opted_in boolean NOT NULL,
    occurred_at timestamptz NOT NULL,
    UNIQUE (account_id, address, scope)
);

-- For channels of sellers, such as mailboxes: their credentials, encrypted. Empty until such a channel exists.
CREATE TABLE credentials (
    id uuid PRIMARY KEY,
    organization_id text NOT NULL,
    owner_id text NOT NULL,
    provider text NOT NULL,
    key_id text NOT NULL,
    ciphertext bytea NOT NULL,
    state text NOT NULL,
    reason text,
    expires_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (organization_id, owner_id, provider)
);

-- Marks that outlive a process, such as how far comunicaciones has been taken in.
CREATE TABLE marks (
    name text PRIMARY KEY,
    value bigint NOT NULL
);
