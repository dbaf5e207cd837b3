DROP INDEX identities_external_idx;
DROP TABLE sources;
DROP TABLE mail_threads;

-- One conversation for each contact and account again: the oldest of them takes what the others hold.
CREATE TEMPORARY TABLE kept ON COMMIT DROP AS
    SELECT DISTINCT ON (account_id, contact_id) account_id, contact_id, id FROM conversations
    ORDER BY account_id, contact_id, created_at, id;
CREATE TEMPORARY TABLE moved ON COMMIT DROP AS
    SELECT c.id AS old_id, k.id AS new_id FROM conversations c
    JOIN kept k ON k.account_id = c.account_id AND k.contact_id = c.contact_id WHERE k.id <> c.id;
UPDATE messages m SET conversation_id = v.new_id FROM moved v WHERE m.conversation_id = v.old_id;
UPDATE outbox o SET conversation_id = v.new_id FROM moved v WHERE o.conversation_id = v.old_id;
UPDATE conversation_notes n SET conversation_id = v.new_id FROM moved v WHERE n.conversation_id = v.old_id;
DELETE FROM conversation_reads WHERE conversation_id IN (SELECT old_id FROM moved);
DELETE FROM conversations WHERE id IN (SELECT old_id FROM moved);
DROP TABLE moved;
DROP TABLE kept;

ALTER TABLE conversations DROP COLUMN subject;
DROP INDEX conversations_pair_idx;
ALTER TABLE conversations ADD CONSTRAINT conversations_account_id_contact_id_key UNIQUE (account_id, contact_id);
