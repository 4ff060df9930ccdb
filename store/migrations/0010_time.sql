-- Every line of the timetable on every day ends in exactly one outcome, and the
-- times in which nobody kept the clock are known.

-- outcome: planned until the window is over; then fired, missed or cancelled,
-- for good. all_count: deliveries planned for it; missed: those that its window
-- did not serve; handed: those of them that people carry instead.
CREATE TABLE slots (
  day        TEXT NOT NULL,
  name       TEXT NOT NULL,
  opens      INTEGER NOT NULL,
  closes     INTEGER NOT NULL,
  outcome    TEXT NOT NULL CHECK (outcome IN ('planned', 'fired', 'missed', 'cancelled')),
  why        TEXT NOT NULL,
  all_count  INTEGER NOT NULL,
  missed     INTEGER NOT NULL,
  handed     INTEGER NOT NULL,
  settled_at INTEGER NOT NULL,
  PRIMARY KEY (day, name)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER slots_settled BEFORE UPDATE ON slots WHEN OLD.outcome <> 'planned'
BEGIN SELECT RAISE(ABORT, 'the outcome of a slot does not change'); END;
CREATE TRIGGER slots_stay BEFORE DELETE ON slots
BEGIN SELECT RAISE(ABORT, 'slots are not deleted'); END;

-- The PC was off or asleep, or its clock could not be believed: [from_at, to_at).
CREATE TABLE absences (
  from_at INTEGER PRIMARY KEY,
  to_at   INTEGER NOT NULL
) STRICT;
