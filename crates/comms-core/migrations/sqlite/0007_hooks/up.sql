-- Outgoing webhooks: who is told of events, and each telling.

CREATE TABLE comms_hook_endpoints (
    id blob PRIMARY KEY,
    organization_id text NOT NULL,
    url text NOT NULL,
    description text,
    -- Kinds of the log and channels that are told; empty lists are all.
    kinds text NOT NULL,
    channels text NOT NULL,
    -- The signing key, encrypted; the one before it is valid until a time.
    secret text NOT NULL,
    previous_secret text,
    previous_until bigint,
    state text NOT NULL,
    reason text,
    disabled_at bigint,
    -- The first failure since something was last delivered.
    failing_since bigint,
    -- Everything up to here in the log has its delivery.
    cursor bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE INDEX comms_hook_endpoints_organization_idx ON comms_hook_endpoints (organization_id, created_at, id);

CREATE TABLE comms_hook_deliveries (
    id blob PRIMARY KEY,
    organization_id text NOT NULL,
    endpoint_id blob NOT NULL,
    cursor bigint NOT NULL,
    kind text NOT NULL,
    state smallint NOT NULL,
    attempts integer NOT NULL,
    -- Grows with each claim; who comes with an older one has lost it.
    token integer NOT NULL,
    -- While it is claimed: when the claim ends.
    due_at bigint NOT NULL,
    attempted_at bigint,
    last_status smallint,
    last_error text,
    response text,
    created_at bigint NOT NULL,
    done_at bigint
);
CREATE INDEX comms_hook_deliveries_due_idx ON comms_hook_deliveries (endpoint_id, due_at, id) WHERE done_at IS NULL;
CREATE INDEX comms_hook_deliveries_endpoint_idx ON comms_hook_deliveries (endpoint_id, created_at, id);
CREATE INDEX comms_hook_deliveries_done_idx ON comms_hook_deliveries (done_at) WHERE done_at IS NOT NULL;
