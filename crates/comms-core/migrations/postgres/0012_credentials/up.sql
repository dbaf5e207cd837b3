-- What users gave us for their accounts at providers, such as mailboxes. The table of before was never written to.

DROP TABLE credentials;
CREATE TABLE credentials (
    id uuid PRIMARY KEY,
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
    access_until timestamptz,
    state text NOT NULL,
    reason text,
    detail text,
    changed_at timestamptz NOT NULL,
    -- When the permission itself ends, where that is known.
    ends_at timestamptz,
    refreshed_at timestamptz,
    failing_since timestamptz,
    failure text,
    -- Grows with each change: who changes what they read names it.
    version bigint NOT NULL,
    -- Who refreshes: grows with each holder.
    lease bigint NOT NULL,
    lease_until timestamptz,
    created_at timestamptz NOT NULL,
    UNIQUE (organization_id, account_id)
);
CREATE INDEX credentials_owner_idx ON credentials (organization_id, owner_id, id);
CREATE INDEX credentials_key_idx ON credentials (key_id, id);

-- Consents that were begun. A state works once: whoever takes it deletes it.
CREATE TABLE oauth_states (
    -- SHA-256 of the state: who reads the table cannot conclude anything.
    hash text PRIMARY KEY,
    organization_id text NOT NULL,
    owner_id text NOT NULL,
    provider text NOT NULL,
    secret text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX oauth_states_expires_idx ON oauth_states (expires_at);
