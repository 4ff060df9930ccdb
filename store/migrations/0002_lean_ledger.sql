-- A message of a push rewrites fewer pages. The log is appended to in one place;
-- what credits an obligation is counted from the ledger when it changes; what a
-- group was sent today is read from its deliveries.

-- Every change of a delivery, in the order it happened, with the facts as they
-- stood after it. prev: the change of the same delivery before it, 0 for none.
CREATE TABLE delivery_changes (
  id          INTEGER PRIMARY KEY,
  prev        INTEGER NOT NULL,
  delivery    INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  person      INTEGER NOT NULL,
  via         TEXT NOT NULL,
  asker       TEXT NOT NULL,
  from_state  TEXT NOT NULL,
  to_state    TEXT NOT NULL,
  reason      TEXT NOT NULL,
  sent_at     INTEGER NOT NULL,
  accepted_at INTEGER NOT NULL,
  said_at     INTEGER NOT NULL,
  said_day    TEXT NOT NULL,
  said_by     INTEGER NOT NULL,
  seen_at     INTEGER NOT NULL,
  handoff     INTEGER NOT NULL
) STRICT;
INSERT INTO delivery_changes
  SELECT ROW_NUMBER() OVER (ORDER BY at, delivery, n), 0, delivery, at, person, via, asker, from_state, to_state, reason,
    sent_at, accepted_at, said_at, said_day, said_by, seen_at, handoff FROM delivery_log;
UPDATE delivery_changes SET prev = b.before
  FROM (SELECT id, LAG(id, 1, 0) OVER (PARTITION BY delivery ORDER BY id) AS before FROM delivery_changes) AS b
  WHERE b.id = delivery_changes.id;
DROP TABLE delivery_log;
ALTER TABLE delivery_changes RENAME TO delivery_log;
CREATE TRIGGER delivery_log_kept BEFORE UPDATE ON delivery_log
BEGIN SELECT RAISE(ABORT, 'log rows do not change'); END;
CREATE TRIGGER delivery_log_stays BEFORE DELETE ON delivery_log
BEGIN SELECT RAISE(ABORT, 'log rows are not deleted'); END;

-- logged: the last change in the log.
ALTER TABLE deliveries ADD COLUMN logged INTEGER NOT NULL DEFAULT 0;
UPDATE deliveries SET logged = l.last
  FROM (SELECT delivery, MAX(id) AS last FROM delivery_log GROUP BY delivery) AS l WHERE l.delivery = deliveries.id;

DROP TABLE credits;
DROP INDEX obligations_short;
ALTER TABLE obligations DROP COLUMN distinct_days;

-- Messages claimed by the account by local day, for its cap.
DELETE FROM claims WHERE group_id <> 0;
CREATE TABLE account_claims (
  day TEXT PRIMARY KEY,
  n   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO account_claims SELECT day, n FROM claims;
DROP TABLE claims;
ALTER TABLE account_claims RENAME TO claims;
