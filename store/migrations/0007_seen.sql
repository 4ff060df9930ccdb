-- What forwarded content is recognised by, and what of it is remembered: never
-- the message, its sender or its picture.

-- What an approved picture looks like, by the hash of its bytes.
CREATE TABLE prints (
  sha  TEXT PRIMARY KEY,
  w    INTEGER NOT NULL,
  h    INTEGER NOT NULL,
  gray BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX prints_by_shape ON prints (h);

-- How many pictures of a group were fetched on a local day.
CREATE TABLE looks (
  day      TEXT NOT NULL,
  group_id INTEGER NOT NULL,
  n        INTEGER NOT NULL,
  PRIMARY KEY (day, group_id)
) STRICT, WITHOUT ROWID;

-- The kinds of message of a handed delivery that have been seen in its group.
CREATE TABLE seen (
  delivery INTEGER NOT NULL REFERENCES deliveries (id),
  kind     TEXT NOT NULL,
  at       INTEGER NOT NULL,
  PRIMARY KEY (delivery, kind)
) STRICT, WITHOUT ROWID;

-- Photos that persons filed to a handoff or a task; the bytes are media.
CREATE TABLE photos (
  number INTEGER NOT NULL,
  sha    TEXT NOT NULL,
  person INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  PRIMARY KEY (number, sha)
) STRICT, WITHOUT ROWID;

-- A photo that could belong to more than one thing, until its person has said
-- which, or for some minutes. fits: the #numbers asked about. said: when it was
-- sent.
CREATE TABLE waiting_photos (
  person  INTEGER PRIMARY KEY,
  photo   BLOB NOT NULL,
  fits    TEXT NOT NULL,
  said    INTEGER NOT NULL,
  expires INTEGER NOT NULL
) STRICT;
