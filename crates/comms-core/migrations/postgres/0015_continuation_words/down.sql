DROP INDEX imported_messages_words_idx;
DROP INDEX agent_turns_words_idx;
DROP INDEX continuations_words_idx;
