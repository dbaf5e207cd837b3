-- What people and agents said in calls and chats, as long as it is there: it is emptied by its age, the oldest first.
-- Each condition is word for word that of the query.
CREATE INDEX comms_continuations_words_idx ON comms_continuations (ended_at)
    WHERE ended_at IS NOT NULL AND (call_summary IS NOT NULL OR transcript IS NOT NULL OR opening IS NOT NULL OR metadata <> '{}');
CREATE INDEX comms_agent_turns_words_idx ON comms_agent_turns (ended_at) WHERE ended_at IS NOT NULL AND reply IS NOT NULL;
CREATE INDEX comms_imported_messages_words_idx ON comms_imported_messages (sent_at)
    WHERE content <> '' OR reply IS NOT NULL OR metadata IS NOT NULL;
