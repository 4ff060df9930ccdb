-- Messages that were dealt with, by a hash of who said what where and when: one
-- that is said again after a restart or another login has no second effect.
CREATE TABLE heard (
  mark BLOB PRIMARY KEY,
  at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX heard_by_time ON heard (at);
