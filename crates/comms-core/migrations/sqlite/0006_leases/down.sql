DROP TABLE comms_leases;
