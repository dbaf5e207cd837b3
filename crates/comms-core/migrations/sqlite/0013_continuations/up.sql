-- Calls that go on by chat: which, how far, and the bursts of messages that an agent answers.

CREATE TABLE comms_continuations (
    number integer PRIMARY KEY AUTOINCREMENT,
    -- Made of organisation, provider and call: whoever tells of a call tells of the same row.
    id blob NOT NULL UNIQUE,
    organization_id text NOT NULL,
    provider text NOT NULL,
    call_id text NOT NULL,
    agent_id text NOT NULL,
    agent_name text,
    batch_id text,
    recipient_id text,
    told_by text NOT NULL,
    phone text,
    client_name text,
    metadata text NOT NULL,
    outcome text,
    state text NOT NULL,
    reason text,
    problem text,
    call_summary text,
    call_duration_secs integer,
    called_at bigint,
    transcript text,
    -- Since when nothing of the call changes any more.
    facts_at bigint,
    account_id text,
    conversation_id blob,
    -- The first message, once it is decided what it says, and the id that it has.
    opening text,
    opening_id blob,
    -- How many of the conversation's inbound messages are in bursts, or are none of its business.
    taken integer NOT NULL DEFAULT 0,
    turns integer NOT NULL DEFAULT 0,
    -- The last burst is not over.
    open_turn boolean NOT NULL DEFAULT false,
    attempts integer NOT NULL DEFAULT 0,
    due_at bigint NOT NULL,
    lease_until bigint,
    -- Grows with each claim: who comes with an older one changes nothing.
    token bigint NOT NULL DEFAULT 0,
    created_at bigint NOT NULL,
    opened_at bigint,
    listens_since bigint NOT NULL,
    ended_at bigint,
    updated_at bigint NOT NULL
);
CREATE INDEX comms_continuations_due_idx ON comms_continuations (due_at, number) WHERE state IN ('pending', 'active');
CREATE INDEX comms_continuations_phone_idx ON comms_continuations (organization_id, phone, number);
CREATE INDEX comms_continuations_recent_idx ON comms_continuations (organization_id, number);
CREATE INDEX comms_continuations_conversation_idx ON comms_continuations (conversation_id, number)
    WHERE conversation_id IS NOT NULL;

CREATE TABLE comms_agent_turns (
    id blob PRIMARY KEY,
    organization_id text NOT NULL,
    continuation_id blob NOT NULL,
    number integer NOT NULL,
    -- 0 = to be asked, 1 = to be said, 2 = said or nothing to say, 3 = given up
    state smallint NOT NULL,
    reply text,
    problem text,
    first_at bigint NOT NULL,
    last_at bigint NOT NULL,
    created_at bigint NOT NULL,
    answered_at bigint,
    ended_at bigint
);
CREATE UNIQUE INDEX comms_agent_turns_number_idx ON comms_agent_turns (continuation_id, number);
CREATE INDEX comms_agent_turns_recent_idx ON comms_agent_turns (organization_id, created_at);

-- Which messages an agent heard and said: each is of one burst. Turn 0 is the first message.
CREATE TABLE comms_agent_messages (
    message_id blob PRIMARY KEY,
    organization_id text NOT NULL,
    continuation_id blob NOT NULL,
    turn integer NOT NULL,
    said boolean NOT NULL,
    created_at bigint NOT NULL
);
CREATE INDEX comms_agent_messages_turn_idx ON comms_agent_messages (continuation_id, turn);
CREATE INDEX comms_agent_messages_recent_idx ON comms_agent_messages (organization_id, created_at);

CREATE TABLE comms_agent_cursors (
    name text PRIMARY KEY,
    cursor text NOT NULL,
    updated_at bigint NOT NULL
);

-- Messages of a table conversation_messages that another program had before us.
CREATE TABLE comms_imported_messages (
    id blob PRIMARY KEY,
    organization_id text NOT NULL,
    continuation_id blob NOT NULL,
    number integer NOT NULL,
    direction text NOT NULL,
    content text NOT NULL,
    provider_id text,
    reply text,
    sent_at bigint NOT NULL,
    delivered_at bigint,
    read_at bigint,
    metadata text
);
CREATE INDEX comms_imported_messages_continuation_idx ON comms_imported_messages (continuation_id, number);

-- For programs that read the tables of before: one row a phone, its newest continuation. Times as SQLite writes them.
CREATE VIEW comms_conversation_state AS
SELECT
    c.number AS id,
    c.phone AS phone_number,
    c.client_name,
    c.call_id AS elevenlabs_conversation_id,
    c.agent_id,
    c.batch_id,
    c.recipient_id,
    CASE c.state WHEN 'pending' THEN 'active' WHEN 'active' THEN 'active' WHEN 'escalated' THEN 'escalated' ELSE 'closed' END AS status,
    c.call_summary,
    c.call_duration_secs,
    datetime(COALESCE(c.opened_at, c.created_at) / 1000000, 'unixepoch') AS started_at,
    datetime(COALESCE(
        (SELECT max(m.created_at) FROM comms_messages m WHERE m.conversation_id = c.conversation_id AND m.created_at >= c.created_at),
        (SELECT max(i.sent_at) FROM comms_imported_messages i WHERE i.continuation_id = c.id),
        c.opened_at, c.created_at) / 1000000, 'unixepoch') AS last_message_at,
    CASE WHEN c.state IN ('closed', 'skipped', 'failed') THEN datetime(c.ended_at / 1000000, 'unixepoch') END AS closed_at,
    (SELECT count(*) FROM comms_messages m WHERE m.conversation_id = c.conversation_id AND m.created_at >= c.created_at)
        + (SELECT count(*) FROM comms_imported_messages i WHERE i.continuation_id = c.id) AS message_count,
    c.metadata,
    c.organization_id
FROM comms_continuations c
WHERE c.phone IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM comms_continuations n
    WHERE n.organization_id = c.organization_id AND n.phone = c.phone AND n.number > c.number
);

CREATE VIEW comms_conversation_messages AS
SELECT
    m.comunicacion_id AS id,
    s.number AS conversation_id,
    CASE m.direction WHEN 0 THEN 'inbound' ELSE 'outbound' END AS direction,
    COALESCE(m.body, '') AS content,
    m.provider_id AS twilio_message_id,
    t.reply AS elevenlabs_response,
    datetime(m.created_at / 1000000, 'unixepoch') AS sent_at,
    datetime((SELECT min(e.occurred_at) FROM comms_status_events e WHERE e.message_id = m.id AND e.status = 90) / 1000000, 'unixepoch')
        AS delivered_at,
    datetime((SELECT min(e.occurred_at) FROM comms_status_events e WHERE e.message_id = m.id AND e.status = 100) / 1000000, 'unixepoch')
        AS read_at,
    '{}' AS metadata,
    m.organization_id
FROM comms_continuations s
JOIN comms_messages m ON m.conversation_id = s.conversation_id AND m.created_at >= s.created_at
LEFT JOIN comms_agent_messages a ON a.message_id = m.id AND a.said
LEFT JOIN comms_agent_turns t ON t.continuation_id = a.continuation_id AND t.number = a.turn
WHERE s.phone IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM comms_continuations n
    WHERE n.organization_id = s.organization_id AND n.phone = s.phone AND n.number > s.number
)
UNION ALL
SELECT
    i.number,
    c.number,
    i.direction,
    i.content,
    i.provider_id,
    i.reply,
    datetime(i.sent_at / 1000000, 'unixepoch'),
    datetime(i.delivered_at / 1000000, 'unixepoch'),
    datetime(i.read_at / 1000000, 'unixepoch'),
    COALESCE(i.metadata, '{}'),
    i.organization_id
FROM comms_imported_messages i
JOIN comms_continuations c ON c.id = i.continuation_id;
