-- Which process does what only one at a time should.
CREATE TABLE leases (
    name text PRIMARY KEY,
    holder uuid NOT NULL,
    until timestamptz NOT NULL,
    -- Grows with each holder: who comes with an older one holds nothing any more.
    token bigint NOT NULL
);
