-- What people and agents said in calls and chats, as long as it is there: it is emptied by its age, the oldest first.
-- Each condition is word for word that of the query.
CREATE INDEX continuations_words_idx ON continuations (ended_at)
    WHERE ended_at IS NOT NULL AND (call_summary IS NOT NULL OR transcript IS NOT NULL OR opening IS NOT NULL OR metadata <> '{}');
CREATE INDEX agent_turns_words_idx ON agent_turns (ended_at) WHERE ended_at IS NOT NULL AND reply IS NOT NULL;
CREATE INDEX imported_messages_words_idx ON imported_messages (sent_at)
    WHERE content <> '' OR reply IS NOT NULL OR metadata IS NOT NULL;
