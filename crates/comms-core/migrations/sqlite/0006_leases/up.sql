-- Which process does what only one at a time should.
CREATE TABLE comms_leases (
    name text PRIMARY KEY,
    holder blob NOT NULL,
    until bigint NOT NULL,
    -- Grows with each holder: who comes with an older one holds nothing any more.
    token bigint NOT NULL
);
