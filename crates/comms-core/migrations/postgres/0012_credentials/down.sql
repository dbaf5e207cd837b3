DROP TABLE oauth_states;
DROP TABLE credentials;
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
