DROP INDEX outbox_account_idx;
DROP TABLE pacing_pairs;
DROP TABLE pacing;
