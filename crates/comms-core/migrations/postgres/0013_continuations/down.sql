DROP VIEW conversation_messages;
DROP VIEW conversation_state;
DROP TABLE imported_messages;
DROP TABLE agent_cursors;
DROP TABLE agent_messages;
DROP TABLE agent_turns;
DROP TABLE continuations;
