-- Which room was which group when it was last bound, and what it was like then:
-- members are keyed hashes (no name can be read from them), a lasting id is one.
CREATE TABLE traces (
  group_id INTEGER PRIMARY KEY,
  name     TEXT NOT NULL,
  members  INTEGER NOT NULL,
  sketch   BLOB NOT NULL,
  stable   TEXT NOT NULL,
  owner    INTEGER NOT NULL,
  login    TEXT NOT NULL,
  handle   TEXT NOT NULL,
  by       TEXT NOT NULL,
  word     INTEGER NOT NULL,
  expected INTEGER NOT NULL,
  lost     TEXT NOT NULL
) STRICT;
-- One handle is one group.
CREATE UNIQUE INDEX traces_by_handle ON traces (login, handle) WHERE handle <> '';

-- What was decided about each group in the last session. body: JSON.
CREATE TABLE decisions (
  group_id INTEGER PRIMARY KEY,
  session  TEXT NOT NULL,
  body     TEXT NOT NULL
) STRICT;

-- One-time codes that are said in a group. No code is kept, only its salted hash.
CREATE TABLE group_codes (
  group_id   INTEGER PRIMARY KEY,
  salt       BLOB NOT NULL,
  hash       BLOB NOT NULL,
  issued_at  INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
