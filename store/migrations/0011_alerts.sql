-- What the operator is told by another road than the one that may be broken:
-- one record a kind of trouble, open or closed. rev guards every change.
CREATE TABLE alerts (
  kind   TEXT PRIMARY KEY,
  count  INTEGER NOT NULL,
  opened INTEGER NOT NULL,
  gone   INTEGER NOT NULL,
  closed INTEGER NOT NULL,
  times  INTEGER NOT NULL,
  told   INTEGER NOT NULL,
  next   INTEGER NOT NULL,
  tries  INTEGER NOT NULL,
  acked  INTEGER NOT NULL,
  person INTEGER NOT NULL,
  asker  TEXT NOT NULL,
  rev    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX delivery_log_missed ON delivery_log (at) WHERE to_state = 'missed';
