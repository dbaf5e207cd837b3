-- What is kept and for how long: files by their age, people who are erased.

CREATE INDEX attachments_stored_idx ON attachments (created_at, id) WHERE state = 1;

-- Who had a person erased, and when. While it is under way it says how far it is and whose data is looked for; both are gone
-- once it is done.
CREATE TABLE erasures (
    id uuid PRIMARY KEY,
    organization_id text NOT NULL,
    contact_id uuid,
    requested_by text NOT NULL,
    reason text,
    requested_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    phase smallint NOT NULL,
    place text,
    work jsonb,
    counts jsonb NOT NULL,
    done_at timestamptz
);
CREATE UNIQUE INDEX erasures_contact_idx ON erasures (organization_id, contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX erasures_due_idx ON erasures (due_at, id) WHERE done_at IS NULL;

-- With which the addresses are hashed that somebody who was erased is not to be written to at.
CREATE TABLE erasure_keys (
    organization_id text PRIMARY KEY,
    secret text NOT NULL
);
