DROP INDEX messages_outgoing_idx;
ALTER TABLE messages DROP COLUMN discarded_at;
DROP INDEX outbox_order_idx;
DROP INDEX outbox_due_idx;
-- Whoever comes after knows attempts only: what waits must not be taken for one that was cut off.
DELETE FROM outbox WHERE state <> 1;
ALTER TABLE outbox DROP COLUMN unknown_since;
ALTER TABLE outbox DROP COLUMN attempted_at;
ALTER TABLE outbox DROP COLUMN expires_at;
ALTER TABLE outbox DROP COLUMN hold_ms;
ALTER TABLE outbox DROP COLUMN holds_until;
ALTER TABLE outbox DROP COLUMN ordered_at;
ALTER TABLE outbox DROP COLUMN conversation_id;
ALTER TABLE outbox DROP COLUMN mode;
ALTER TABLE outbox DROP COLUMN token;
ALTER TABLE outbox DROP COLUMN state;
