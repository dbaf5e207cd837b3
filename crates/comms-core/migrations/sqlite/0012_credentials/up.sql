-- What users gave us for their accounts at providers, such as mailboxes. The table of before was never written to.

DROP TABLE comms_credentials;
CREATE TABLE comms_credentials (
    id blob PRIMARY KEY,
    organization_id text NOT NULL,
    owner_id text NOT NULL,
    provider text NOT NULL,
    account_id text NOT NULL,
    -- What was permitted, with spaces between.
    scopes text NOT NULL,
    -- The key under which both secrets are encrypted.
    key_id text NOT NULL,
    secret text NOT NULL,
    -- The access token of the moment, for all processes.
    access text,
    access_until bigint,
    state text NOT NULL,
    reason text,
    detail text,
    changed_at bigint NOT NULL,
    -- When the permission itself ends, where that is known.
    ends_at bigint,
    refreshed_at bigint,
    failing_since bigint,
    failure text,
    -- Grows with each change: who changes what they read names it.
    version bigint NOT NULL,
    -- Who refreshes: grows with each holder.
    lease bigint NOT NULL,
    lease_until bigint,
    created_at bigint NOT NULL,
    UNIQUE (organization_id, account_id)
);
CREATE INDEX comms_credentials_owner_idx ON comms_credentials (organization_id, owner_id, id);
CREATE INDEX comms_credentials_key_idx ON comms_credentials (key_id, id);

-- Consents that were begun. A state works once: whoever takes it deletes it.
CREATE TABLE comms_oauth_states (
    -- SHA-256 of the state: who reads the table cannot conclude anything.
    hash text PRIMARY KEY,
    organization_id text NOT NULL,
    owner_id text NOT NULL,
    provider text NOT NULL,
    secret text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX comms_oauth_states_expires_idx ON comms_oauth_states (expires_at);
