DROP TABLE hook_deliveries;
DROP TABLE hook_endpoints;
