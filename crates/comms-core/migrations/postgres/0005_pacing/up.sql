-- How fast each account may be sent on, and whether it may at all. Times are microseconds since 1970 by the database's clock.

CREATE TABLE pacing (
    account_id text PRIMARY KEY,
    organization_id text NOT NULL,
    -- The time between two messages, as the channel says and as the operator says; 1 = no limit.
    interval_us bigint NOT NULL DEFAULT 1,
    own_interval_us bigint,
    -- How many go at once.
    burst bigint NOT NULL DEFAULT 1,
    -- The same for one conversation; 0 = no limit.
    pair_interval_us bigint NOT NULL DEFAULT 0,
    pair_burst bigint NOT NULL DEFAULT 1,
    -- When the next message would be due if all before it had been sent at their rate.
    tat_us bigint NOT NULL DEFAULT 0,
    -- Of the last reservation: how many, and when.
    granted bigint NOT NULL DEFAULT 0,
    reserved_at_us bigint NOT NULL DEFAULT 0,
    -- The provider asked for silence until then.
    paused_until_us bigint NOT NULL DEFAULT 0,
    -- Since when nothing is sent, as it would be in vain; null = it is sent.
    stopped_at_us bigint,
    -- When one message is sent to see whether it goes again.
    probe_at_us bigint NOT NULL DEFAULT 0,
    -- How often in a row that was in vain, the first time included.
    trips integer NOT NULL DEFAULT 0,
    -- Failures of the provider in a row.
    failures bigint NOT NULL DEFAULT 0,
    -- Why it was stopped or paused last.
    reason jsonb
);
INSERT INTO pacing (account_id, organization_id) SELECT id, organization_id FROM accounts;

CREATE TABLE pacing_pairs (
    conversation_id uuid PRIMARY KEY,
    organization_id text NOT NULL,
    account_id text NOT NULL,
    tat_us bigint NOT NULL
);
CREATE INDEX pacing_pairs_tat_idx ON pacing_pairs (tat_us);

-- Whose turn it is, account by account.
CREATE INDEX outbox_account_idx ON outbox (account_id, state, due_at);
