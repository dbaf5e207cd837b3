DROP INDEX comms_messages_outgoing_idx;
ALTER TABLE comms_messages DROP COLUMN discarded_at;
DROP INDEX comms_outbox_order_idx;
DROP INDEX comms_outbox_due_idx;
-- Whoever comes after knows attempts only: what waits must not be taken for one that was cut off.
DELETE FROM comms_outbox WHERE state <> 1;
ALTER TABLE comms_outbox DROP COLUMN unknown_since;
ALTER TABLE comms_outbox DROP COLUMN attempted_at;
ALTER TABLE comms_outbox DROP COLUMN expires_at;
ALTER TABLE comms_outbox DROP COLUMN hold_ms;
ALTER TABLE comms_outbox DROP COLUMN holds_until;
ALTER TABLE comms_outbox DROP COLUMN ordered_at;
ALTER TABLE comms_outbox DROP COLUMN conversation_id;
ALTER TABLE comms_outbox DROP COLUMN mode;
ALTER TABLE comms_outbox DROP COLUMN token;
ALTER TABLE comms_outbox DROP COLUMN state;
