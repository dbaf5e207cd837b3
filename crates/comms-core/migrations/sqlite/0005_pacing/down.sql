DROP INDEX comms_outbox_account_idx;
DROP TABLE comms_pacing_pairs;
DROP TABLE comms_pacing;
