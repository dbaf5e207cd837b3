-- The outbox becomes a queue: what waits for its turn, what is being sent, and what is looked for at the provider.

-- 0 waits, 1 is being sent, 2 is looked for. Whatever is here by now is an attempt under way.
ALTER TABLE outbox ADD COLUMN state smallint NOT NULL DEFAULT 1;
-- Grows with each claim: who comes with an older one has lost the message to somebody else.
ALTER TABLE outbox ADD COLUMN token integer NOT NULL DEFAULT 1;
-- 0 at most once, 1 at least once.
ALTER TABLE outbox ADD COLUMN mode smallint NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN conversation_id uuid;
-- The place within the conversation: when it was accepted, or for when it was scheduled.
ALTER TABLE outbox ADD COLUMN ordered_at timestamptz NOT NULL DEFAULT now();
-- Until when those behind it wait for it; null = nobody waits.
ALTER TABLE outbox ADD COLUMN holds_until timestamptz;
ALTER TABLE outbox ADD COLUMN hold_ms bigint NOT NULL DEFAULT 0;
-- Not tried again after this; null = tried once.
ALTER TABLE outbox ADD COLUMN expires_at timestamptz;
ALTER TABLE outbox ADD COLUMN attempted_at timestamptz;
ALTER TABLE outbox ADD COLUMN unknown_since timestamptz;
CREATE INDEX outbox_due_idx ON outbox (state, due_at);
CREATE INDEX outbox_order_idx ON outbox (conversation_id, ordered_at) WHERE conversation_id IS NOT NULL;

-- Since when nobody needs to be shown that this message did not arrive.
ALTER TABLE messages ADD COLUMN discarded_at timestamptz;
-- What waits or did not arrive (ranks of the states), for the list of it.
CREATE INDEX messages_outgoing_idx ON messages (organization_id, created_at, id)
    WHERE direction = 1 AND discarded_at IS NULL AND status IN (0, 10, 30, 50, 80);
