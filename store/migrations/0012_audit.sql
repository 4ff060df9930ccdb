-- Both logs are hash chains (store/audit.go): hash is the SHA-256 of the hash of
-- the row before and of the row. Rows that are older get theirs in this step.
DROP TRIGGER log_kept;
DROP TRIGGER delivery_log_kept;
ALTER TABLE log ADD COLUMN hash BLOB NOT NULL DEFAULT x'';
ALTER TABLE delivery_log ADD COLUMN hash BLOB NOT NULL DEFAULT x'';
CREATE TRIGGER log_kept BEFORE UPDATE ON log WHEN OLD.hash <> x''
BEGIN SELECT RAISE(ABORT, 'log rows do not change'); END;
CREATE TRIGGER delivery_log_kept BEFORE UPDATE ON delivery_log WHEN OLD.hash <> x''
BEGIN SELECT RAISE(ABORT, 'log rows do not change'); END;
