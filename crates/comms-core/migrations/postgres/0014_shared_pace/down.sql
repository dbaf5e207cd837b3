ALTER TABLE pacing DROP COLUMN lane_id;
