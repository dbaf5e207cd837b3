-- The account whose pace this one shares with others; null = it has one of its own.
ALTER TABLE pacing ADD COLUMN lane_id text;
