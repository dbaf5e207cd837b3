DROP TABLE erasure_keys;
DROP TABLE erasures;
DROP INDEX attachments_stored_idx;
