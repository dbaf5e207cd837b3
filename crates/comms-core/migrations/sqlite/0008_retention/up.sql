-- What is kept and for how long: files by their age, people who are erased.

CREATE INDEX comms_attachments_stored_idx ON comms_attachments (created_at, id) WHERE state = 1;

-- Who had a person erased, and when. While it is under way it says how far it is and whose data is looked for; both are gone
-- once it is done.
CREATE TABLE comms_erasures (
    id blob PRIMARY KEY,
    organization_id text NOT NULL,
    contact_id blob,
    requested_by text NOT NULL,
    reason text,
    requested_at bigint NOT NULL,
    due_at bigint NOT NULL,
    phase smallint NOT NULL,
    place text,
    work text,
    counts text NOT NULL,
    done_at bigint
);
CREATE UNIQUE INDEX comms_erasures_contact_idx ON comms_erasures (organization_id, contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX comms_erasures_due_idx ON comms_erasures (due_at, id) WHERE done_at IS NULL;

-- With which the addresses are hashed that somebody who was erased is not to be written to at.
CREATE TABLE comms_erasure_keys (
    organization_id text PRIMARY KEY,
    secret text NOT NULL
);
