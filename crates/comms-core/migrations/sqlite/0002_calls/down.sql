DROP INDEX comms_updates_recording_idx;
ALTER TABLE comms_attachments DROP COLUMN position;
ALTER TABLE comms_status_events DROP COLUMN answered_by;
ALTER TABLE comms_status_events DROP COLUMN duration_seconds;
ALTER TABLE comms_messages DROP COLUMN answered_by;
