DROP TABLE comms_erasure_keys;
DROP TABLE comms_erasures;
DROP INDEX comms_attachments_stored_idx;
