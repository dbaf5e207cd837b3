DROP TABLE comms_oauth_states;
DROP TABLE comms_credentials;
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
