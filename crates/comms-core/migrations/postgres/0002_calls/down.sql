DROP INDEX updates_recording_idx;
ALTER TABLE attachments DROP COLUMN position;
ALTER TABLE status_events DROP COLUMN answered_by;
ALTER TABLE status_events DROP COLUMN duration_seconds;
ALTER TABLE messages DROP COLUMN answered_by;
