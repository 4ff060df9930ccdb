-- Conventions. Instants: INTEGER, unix milliseconds UTC, 0 for none. Local days:
-- TEXT 'YYYY-MM-DD', '' for none. Lists: JSON text. References that may be
-- absent hold 0 and carry no foreign key.

-- "number" is the next free #number; the others count changes, so that a
-- process knows when what it remembers is old.
CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counters (name, next) VALUES ('number', 1), ('roster', 0), ('adoptions', 0);

CREATE TABLE marks (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- 停发: one row.
CREATE TABLE halt (
  id    INTEGER PRIMARY KEY CHECK (id = 1),
  halted INTEGER NOT NULL,
  since INTEGER NOT NULL
) STRICT;
INSERT INTO halt (id, halted, since) VALUES (1, 0, 0);

-- What was done by whom, other than the changes of a delivery.
CREATE TABLE log (
  id     INTEGER PRIMARY KEY,
  at     INTEGER NOT NULL,
  person INTEGER NOT NULL,
  via    TEXT NOT NULL,
  asker  TEXT NOT NULL,
  verb   TEXT NOT NULL,
  ref    TEXT NOT NULL,
  note   TEXT NOT NULL
) STRICT;
CREATE TRIGGER log_kept BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'log rows do not change'); END;
CREATE TRIGGER log_stays BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'log rows are not deleted'); END;

CREATE TABLE units (
  id      INTEGER PRIMARY KEY,
  name    TEXT NOT NULL,
  path    TEXT NOT NULL,
  parent  INTEGER NOT NULL,
  school  INTEGER NOT NULL,
  contact INTEGER NOT NULL
) STRICT;
CREATE INDEX units_by_path ON units (path);

CREATE TABLE groups (
  id        INTEGER PRIMARY KEY,
  name      TEXT NOT NULL,
  unit_id   INTEGER NOT NULL REFERENCES units (id),
  kind      TEXT NOT NULL,
  audiences TEXT NOT NULL,
  keeper    INTEGER NOT NULL,
  carrier   TEXT NOT NULL,
  since     TEXT NOT NULL,
  until     TEXT NOT NULL
) STRICT;

CREATE TABLE persons (
  id      INTEGER PRIMARY KEY,
  name    TEXT NOT NULL,
  unit_id INTEGER NOT NULL,
  role    TEXT NOT NULL,
  phone   TEXT NOT NULL,
  tag     TEXT NOT NULL
) STRICT;

CREATE TABLE bindings (
  id       INTEGER PRIMARY KEY,
  group_id INTEGER NOT NULL REFERENCES groups (id),
  room     TEXT NOT NULL,
  UNIQUE (group_id, room)
) STRICT;

CREATE TABLE adoptions (
  id         INTEGER PRIMARY KEY,
  unit_id    INTEGER NOT NULL,
  unit_path  TEXT NOT NULL,
  terms      TEXT NOT NULL,
  adopted_at INTEGER NOT NULL,
  dropped_on TEXT NOT NULL,
  asker      TEXT NOT NULL
) STRICT;

CREATE TABLE items (
  id                TEXT PRIMARY KEY,
  title             TEXT NOT NULL,
  body              TEXT NOT NULL,
  link              TEXT NOT NULL,
  media             TEXT NOT NULL,
  audiences         TEXT NOT NULL,
  themes            TEXT NOT NULL,
  attachments       TEXT NOT NULL,
  poster            INTEGER NOT NULL,
  author            TEXT NOT NULL,
  approver          TEXT NOT NULL,
  state             TEXT NOT NULL,
  approved_revision TEXT NOT NULL,
  created_at        INTEGER NOT NULL,
  approved_at       INTEGER NOT NULL,
  expires_on        TEXT NOT NULL
) STRICT;

CREATE TABLE pushes (
  id         INTEGER PRIMARY KEY,
  slot       TEXT NOT NULL,
  day        TEXT NOT NULL,
  item       TEXT NOT NULL,
  revision   TEXT NOT NULL,
  selector   TEXT NOT NULL,
  opens      INTEGER NOT NULL,
  closes     INTEGER NOT NULL,
  state      TEXT NOT NULL,
  ready_at   INTEGER NOT NULL,
  hash       TEXT NOT NULL,
  author     INTEGER NOT NULL,
  asker      TEXT NOT NULL,
  approver   INTEGER NOT NULL,
  relay      INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX pushes_by_state ON pushes (state, id);

-- The lawful changes of a delivery: a copy of schedule.Moves, compared with it
-- at every opening.
CREATE TABLE moves (
  from_state TEXT NOT NULL,
  to_state   TEXT NOT NULL,
  PRIMARY KEY (from_state, to_state)
) STRICT, WITHOUT ROWID;

-- The ledger. armed: the push is ready or running. heard_on: the local day
-- the group got the item, or is to get it. counted_at: the instant it counts at,
-- while it is evidence.
CREATE TABLE deliveries (
  id          INTEGER PRIMARY KEY,
  push        INTEGER REFERENCES pushes (id),
  item        TEXT NOT NULL,
  media       TEXT NOT NULL,
  themes      TEXT NOT NULL,
  slot        TEXT NOT NULL,
  day         TEXT NOT NULL,
  group_id    INTEGER NOT NULL REFERENCES groups (id),
  unit_id     INTEGER NOT NULL,
  carrier     TEXT NOT NULL,
  state       TEXT NOT NULL,
  armed       INTEGER NOT NULL,
  attempts    INTEGER NOT NULL,
  opens       INTEGER NOT NULL,
  closes      INTEGER NOT NULL,
  due         INTEGER NOT NULL,
  sent_at     INTEGER NOT NULL,
  asked_at    INTEGER NOT NULL,
  accepted_at INTEGER NOT NULL,
  said_at     INTEGER NOT NULL,
  said_day    TEXT NOT NULL,
  said_by     INTEGER NOT NULL,
  seen_at     INTEGER NOT NULL,
  handoff     INTEGER NOT NULL,
  makeup      INTEGER NOT NULL,
  entered     INTEGER NOT NULL,
  reason      TEXT NOT NULL,
  session     TEXT NOT NULL,
  heard_on    TEXT NOT NULL,
  counted_at  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX deliveries_slot ON deliveries (day, slot, group_id) WHERE slot <> '';
CREATE INDEX deliveries_by_group ON deliveries (group_id, day);
CREATE INDEX deliveries_by_day ON deliveries (day);
CREATE INDEX deliveries_by_push ON deliveries (push);
CREATE INDEX deliveries_by_handoff ON deliveries (handoff) WHERE handoff <> 0;
-- What is out, then what may go next, in one index: each message takes one from
-- the second to the first, and the end of the one lies beside the head of the other.
CREATE INDEX deliveries_queue ON deliveries (state DESC, due, id) WHERE (state = 'sending' OR state = 'queued')
  AND (state = 'sending' OR armed = 1) AND (state = 'sending' OR carrier <> 'keeper');
CREATE INDEX deliveries_held ON deliveries (reason, id) WHERE state = 'held';
-- What is live, at 0, and what is counted, at its instant.
CREATE INDEX deliveries_live ON deliveries (group_id, counted_at)
  WHERE counted_at <> 0 OR state IN ('queued', 'held', 'sending', 'handed');
CREATE INDEX deliveries_heard ON deliveries (heard_on, item, group_id) WHERE heard_on <> '';
CREATE TRIGGER deliveries_move BEFORE UPDATE OF state ON deliveries
WHEN OLD.state <> NEW.state
  AND NOT EXISTS (SELECT 1 FROM moves WHERE from_state = OLD.state AND to_state = NEW.state)
BEGIN SELECT RAISE(ABORT, 'unlawful change of a delivery'); END;
CREATE TRIGGER deliveries_stay BEFORE DELETE ON deliveries
BEGIN SELECT RAISE(ABORT, 'deliveries are not deleted'); END;

-- The messages of a delivery. client_id: 17 digits, NULL before the first claim;
-- no two are the same by the way they are made (clientID).
CREATE TABLE parts (
  delivery   INTEGER NOT NULL REFERENCES deliveries (id),
  n          INTEGER NOT NULL,
  kind       TEXT NOT NULL,
  state      TEXT NOT NULL,
  client_id  INTEGER,
  message_id TEXT NOT NULL,
  at         INTEGER NOT NULL,
  PRIMARY KEY (delivery, n)
) STRICT, WITHOUT ROWID;

-- Every change of a delivery, with the facts as they stood after it.
-- n counts those of one delivery.
CREATE TABLE delivery_log (
  delivery    INTEGER NOT NULL REFERENCES deliveries (id),
  n           INTEGER NOT NULL,
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
  handoff     INTEGER NOT NULL,
  PRIMARY KEY (delivery, n)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER delivery_log_kept BEFORE UPDATE ON delivery_log
BEGIN SELECT RAISE(ABORT, 'log rows do not change'); END;
CREATE TRIGGER delivery_log_stays BEFORE DELETE ON delivery_log
BEGIN SELECT RAISE(ABORT, 'log rows are not deleted'); END;

-- Messages claimed by local day, for the caps: group 0 is the account.
CREATE TABLE claims (
  day      TEXT NOT NULL,
  group_id INTEGER NOT NULL,
  n        INTEGER NOT NULL,
  PRIMARY KEY (day, group_id)
) STRICT, WITHOUT ROWID;

-- What is owed, with its tallies. until_at: the first instant nothing can
-- credit it any more. distinct_days: a copy of the term's.
CREATE TABLE obligations (
  id            INTEGER PRIMARY KEY,
  adoption      INTEGER NOT NULL REFERENCES adoptions (id),
  duty          TEXT NOT NULL,
  group_id      INTEGER NOT NULL,
  unit_id       INTEGER NOT NULL,
  per           TEXT NOT NULL,
  period_key    TEXT NOT NULL,
  period_start  TEXT NOT NULL,
  period_end    TEXT NOT NULL,
  start_at      INTEGER NOT NULL,
  end_at        INTEGER NOT NULL,
  last_makeup   INTEGER NOT NULL,
  until_at      INTEGER NOT NULL,
  need          INTEGER NOT NULL,
  push          INTEGER NOT NULL,
  distinct_days INTEGER NOT NULL,
  credits       INTEGER NOT NULL,
  makeups       INTEGER NOT NULL,
  excuse        TEXT NOT NULL,
  excused_by    TEXT NOT NULL,
  excused_at    INTEGER NOT NULL DEFAULT 0,
  number        INTEGER NOT NULL,
  done_at       INTEGER NOT NULL,
  done_day      TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX obligations_of_group ON obligations (group_id, adoption, duty, period_key, push) WHERE group_id <> 0;
-- "IS 0" and not "= 0": else each binding of a question with "group_id = ?"
-- has its plan made anew, in case this index could serve it.
CREATE UNIQUE INDEX obligations_of_unit ON obligations (unit_id, adoption, duty, period_key, push) WHERE group_id IS 0;
CREATE UNIQUE INDEX obligations_by_number ON obligations (number) WHERE number <> 0;
CREATE INDEX obligations_by_until ON obligations (group_id, until_at) WHERE group_id <> 0;
CREATE INDEX obligations_by_unit ON obligations (unit_id, start_at);
CREATE INDEX obligations_by_end ON obligations (end_at);
CREATE INDEX obligations_by_period ON obligations (period_start);
CREATE INDEX obligations_by_push ON obligations (push) WHERE push <> 0;
CREATE INDEX obligations_short ON obligations (end_at) WHERE excuse = '' AND credits < need;

-- Which delivery credits which obligation. merit: 1 on time, 2 made up.
CREATE TABLE credits (
  obligation INTEGER NOT NULL REFERENCES obligations (id) ON DELETE CASCADE,
  delivery   INTEGER NOT NULL REFERENCES deliveries (id),
  day        TEXT NOT NULL,
  merit      INTEGER NOT NULL CHECK (merit IN (1, 2)),
  PRIMARY KEY (obligation, delivery)
) STRICT, WITHOUT ROWID;

CREATE TABLE handoffs (
  id          INTEGER PRIMARY KEY,
  push        INTEGER NOT NULL,
  person      INTEGER NOT NULL,
  unit_id     INTEGER NOT NULL,
  hop         INTEGER NOT NULL,
  hops        INTEGER NOT NULL,
  above       INTEGER NOT NULL,
  state       TEXT NOT NULL,
  readable_at INTEGER NOT NULL,
  readable_by TEXT NOT NULL,
  due         INTEGER NOT NULL,
  done_count  INTEGER NOT NULL,
  all_count   INTEGER NOT NULL,
  remind_at   INTEGER NOT NULL,
  reminders   INTEGER NOT NULL,
  acked       INTEGER NOT NULL,
  answered_at INTEGER NOT NULL,
  reason      TEXT NOT NULL,
  obligation  INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  UNIQUE (push, person, unit_id, hop, obligation)
) STRICT;
CREATE INDEX handoffs_by_person ON handoffs (person);
CREATE INDEX handoffs_by_above ON handoffs (above) WHERE above <> 0;
CREATE INDEX handoffs_by_state ON handoffs (state, id);

CREATE TABLE notices (
  id        INTEGER PRIMARY KEY,
  person    INTEGER NOT NULL,
  handoff   INTEGER NOT NULL,
  key       TEXT NOT NULL UNIQUE,
  part      TEXT NOT NULL,
  last      INTEGER NOT NULL,
  reminder  INTEGER NOT NULL,
  due       INTEGER NOT NULL,
  state     TEXT NOT NULL,
  client_id INTEGER,
  sent_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX notices_queue ON notices (due, id) WHERE state = 'queued';
CREATE INDEX notices_sending ON notices (id) WHERE state = 'sending';
CREATE INDEX notices_by_person ON notices (person);
CREATE INDEX notices_by_handoff ON notices (handoff) WHERE handoff <> 0;
CREATE UNIQUE INDEX notices_by_client ON notices (client_id) WHERE client_id IS NOT NULL;

CREATE TABLE flags (
  id          INTEGER PRIMARY KEY,
  obligation  INTEGER NOT NULL,
  state       TEXT NOT NULL,
  cause       TEXT NOT NULL,
  person      INTEGER NOT NULL,
  since       INTEGER NOT NULL,
  next_at     INTEGER NOT NULL,
  resolved_at INTEGER NOT NULL,
  why         TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX flags_open ON flags (obligation) WHERE state <> 'resolved';

CREATE TABLE jobs (
  key  TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  ref  INTEGER NOT NULL,
  at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_by_at ON jobs (at, key);
