-- Outgoing webhooks: who is told of events, and each telling.

CREATE TABLE hook_endpoints (
    id uuid PRIMARY KEY,
    organization_id text NOT NULL,
    url text NOT NULL,
    description text,
    -- Kinds of the log and channels that are told; empty lists are all.
    kinds jsonb NOT NULL,
    channels jsonb NOT NULL,
    -- The signing key, encrypted; the one before it is valid until a time.
    secret text NOT NULL,
    previous_secret text,
    previous_until timestamptz,
    state text NOT NULL,
    reason text,
    disabled_at timestamptz,
    -- The first failure since something was last delivered.
    failing_since timestamptz,
    -- Everything up to here in the log has its delivery.
    cursor bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX hook_endpoints_organization_idx ON hook_endpoints (organization_id, created_at, id);

CREATE TABLE hook_deliveries (
    id uuid PRIMARY KEY,
    organization_id text NOT NULL,
    endpoint_id uuid NOT NULL,
    cursor bigint NOT NULL,
    kind text NOT NULL,
    state smallint NOT NULL,
    attempts integer NOT NULL,
    -- Grows with each claim; who comes with an older one has lost it.
    token integer NOT NULL,
    -- While it is claimed: when the claim ends.
    due_at timestamptz NOT NULL,
    attempted_at timestamptz,
    last_status smallint,
    last_error text,
    response text,
    created_at timestamptz NOT NULL,
    done_at timestamptz
);
CREATE INDEX hook_deliveries_due_idx ON hook_deliveries (endpoint_id, due_at, id) WHERE done_at IS NULL;
CREATE INDEX hook_deliveries_endpoint_idx ON hook_deliveries (endpoint_id, created_at, id);
CREATE INDEX hook_deliveries_done_idx ON hook_deliveries (done_at) WHERE done_at IS NOT NULL;
