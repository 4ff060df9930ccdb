-- Binding people. No code is kept, only its salted hash; one code a person.
CREATE TABLE codes (
  person     INTEGER PRIMARY KEY,
  salt       BLOB NOT NULL,
  hash       BLOB NOT NULL,
  issued_at  INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;

-- Tries at codes by whoever sends them, under a hash of session and handle.
CREATE TABLE code_tries (
  sender       TEXT PRIMARY KEY,
  n            INTEGER NOT NULL,
  since        INTEGER NOT NULL,
  locked_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who proved by a code to be a person, in one session; stable is a salted hash
-- of the friend's stable id, empty where the session gave none.
CREATE TABLE proofs (
  person  INTEGER PRIMARY KEY,
  session TEXT NOT NULL,
  handle  TEXT NOT NULL,
  salt    BLOB NOT NULL,
  stable  BLOB NOT NULL,
  at      INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX proofs_by_handle ON proofs (session, handle);

-- Why a push waits (again), and when a person approved it: 0 for the clock.
ALTER TABLE pushes ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE pushes ADD COLUMN approved_at INTEGER NOT NULL DEFAULT 0;

-- An adoption by one person sends from ready_at on, or once another confirmed
-- it; 0: at once.
ALTER TABLE adoptions ADD COLUMN ready_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE adoptions ADD COLUMN person INTEGER NOT NULL DEFAULT 0;
