DROP INDEX messages_conversation_user_idx;
DROP INDEX messages_channel_idx;
