-- The account whose pace this one shares with others; null = it has one of its own.
ALTER TABLE comms_pacing ADD COLUMN lane_id text;
