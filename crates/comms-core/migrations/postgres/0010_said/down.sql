ALTER TABLE identities DROP COLUMN username_at;
ALTER TABLE identities DROP COLUMN named_at;
ALTER TABLE conversations DROP COLUMN said_key;
ALTER TABLE conversations DROP COLUMN said_at;
