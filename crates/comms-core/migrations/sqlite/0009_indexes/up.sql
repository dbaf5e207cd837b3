-- What the lists of a long history are read by.

-- A channel that is rare among the others.
CREATE INDEX comms_messages_channel_idx ON comms_messages (organization_id, channel, created_at, id);
-- Whether a seller has a message in a conversation.
CREATE INDEX comms_messages_conversation_user_idx ON comms_messages (conversation_id, user_id) WHERE conversation_id IS NOT NULL;
