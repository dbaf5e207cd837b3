DROP TABLE comms_hook_deliveries;
DROP TABLE comms_hook_endpoints;
