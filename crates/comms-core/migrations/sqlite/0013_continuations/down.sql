DROP VIEW comms_conversation_messages;
DROP VIEW comms_conversation_state;
DROP TABLE comms_imported_messages;
DROP TABLE comms_agent_cursors;
DROP TABLE comms_agent_messages;
DROP TABLE comms_agent_turns;
DROP TABLE comms_continuations;
