ALTER TABLE comms_pacing DROP COLUMN lane_id;
