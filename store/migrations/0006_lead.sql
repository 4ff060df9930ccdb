-- Questions are answered without going over the ledger: what has ended is added
-- up, the requests to a person are found by when they were made, and flags are
-- found by when they began.

-- ended: the instant up to which the sums below hold what has ended.
INSERT INTO counters (name, next) VALUES ('ended', 0);

-- Obligations that have ended, counted by unit, duty, period and what became of
-- them. cause and person: those of the open flag of what is behind, '' and 0
-- while none is raised.
CREATE TABLE sums (
  period_start TEXT NOT NULL,
  unit_id      INTEGER NOT NULL,
  adoption     INTEGER NOT NULL,
  duty         TEXT NOT NULL,
  per          TEXT NOT NULL,
  period_key   TEXT NOT NULL,
  period_end   TEXT NOT NULL,
  standing     TEXT NOT NULL,
  cause        TEXT NOT NULL,
  person       INTEGER NOT NULL,
  n            INTEGER NOT NULL,
  PRIMARY KEY (period_start, unit_id, adoption, duty, per, period_key, period_end, standing, cause, person)
) STRICT, WITHOUT ROWID;

-- The rows of sums as the obligations and flags say they must be.
CREATE VIEW sums_due AS
  SELECT o.end_at, o.period_start, o.unit_id, o.adoption, o.duty, o.per, o.period_key, o.period_end,
    CASE WHEN o.excuse <> '' THEN 'excused' WHEN o.credits >= o.need THEN 'met'
      WHEN o.makeups >= o.need - o.credits THEN 'late' ELSE 'behind' END AS standing,
    CASE WHEN o.excuse = '' AND o.credits + o.makeups < o.need THEN COALESCE(f.cause, '') ELSE '' END AS cause,
    CASE WHEN o.excuse = '' AND o.credits + o.makeups < o.need THEN COALESCE(f.person, 0) ELSE 0 END AS person
  FROM obligations o LEFT JOIN flags f ON f.obligation = o.id AND f.state <> 'resolved';

CREATE TRIGGER sums_insert AFTER INSERT ON obligations
WHEN NEW.end_at <= (SELECT next FROM counters WHERE name = 'ended')
BEGIN
  INSERT INTO sums VALUES (NEW.period_start, NEW.unit_id, NEW.adoption, NEW.duty, NEW.per, NEW.period_key, NEW.period_end,
    CASE WHEN NEW.excuse <> '' THEN 'excused' WHEN NEW.credits >= NEW.need THEN 'met'
      WHEN NEW.makeups >= NEW.need - NEW.credits THEN 'late' ELSE 'behind' END, '', 0, 1)
  ON CONFLICT DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER sums_delete AFTER DELETE ON obligations
WHEN OLD.end_at <= (SELECT next FROM counters WHERE name = 'ended')
BEGIN
  UPDATE sums SET n = n - 1 WHERE period_start = OLD.period_start AND unit_id = OLD.unit_id AND adoption = OLD.adoption
    AND duty = OLD.duty AND per = OLD.per AND period_key = OLD.period_key AND period_end = OLD.period_end
    AND standing = CASE WHEN OLD.excuse <> '' THEN 'excused' WHEN OLD.credits >= OLD.need THEN 'met'
      WHEN OLD.makeups >= OLD.need - OLD.credits THEN 'late' ELSE 'behind' END
    AND (cause, person) = (SELECT COALESCE(MAX(cause), ''), COALESCE(MAX(person), 0) FROM flags
      WHERE obligation = OLD.id AND state <> 'resolved' AND OLD.excuse = '' AND OLD.credits + OLD.makeups < OLD.need);
END;

-- A change of what has ended takes it out of one row and puts it into another.
-- What is still open costs a message one comparison here.
CREATE TRIGGER sums_change AFTER UPDATE OF credits, makeups, excuse, end_at, need, unit_id ON obligations
WHEN min(OLD.end_at, NEW.end_at) <= (SELECT next FROM counters WHERE name = 'ended')
BEGIN
  UPDATE sums SET n = n - 1 WHERE OLD.end_at <= (SELECT next FROM counters WHERE name = 'ended')
    AND period_start = OLD.period_start AND unit_id = OLD.unit_id AND adoption = OLD.adoption
    AND duty = OLD.duty AND per = OLD.per AND period_key = OLD.period_key AND period_end = OLD.period_end
    AND standing = CASE WHEN OLD.excuse <> '' THEN 'excused' WHEN OLD.credits >= OLD.need THEN 'met'
      WHEN OLD.makeups >= OLD.need - OLD.credits THEN 'late' ELSE 'behind' END
    AND (cause, person) = (SELECT COALESCE(MAX(cause), ''), COALESCE(MAX(person), 0) FROM flags
      WHERE obligation = OLD.id AND state <> 'resolved' AND OLD.excuse = '' AND OLD.credits + OLD.makeups < OLD.need);
  INSERT INTO sums SELECT period_start, unit_id, adoption, duty, per, period_key, period_end, standing, cause, person, 1
    FROM (SELECT NEW.end_at AS end_at, NEW.period_start AS period_start, NEW.unit_id AS unit_id, NEW.adoption AS adoption,
      NEW.duty AS duty, NEW.per AS per, NEW.period_key AS period_key, NEW.period_end AS period_end,
      CASE WHEN NEW.excuse <> '' THEN 'excused' WHEN NEW.credits >= NEW.need THEN 'met'
        WHEN NEW.makeups >= NEW.need - NEW.credits THEN 'late' ELSE 'behind' END AS standing,
      COALESCE((SELECT cause FROM flags WHERE obligation = NEW.id AND state <> 'resolved'
        AND NEW.excuse = '' AND NEW.credits + NEW.makeups < NEW.need), '') AS cause,
      COALESCE((SELECT person FROM flags WHERE obligation = NEW.id AND state <> 'resolved'
        AND NEW.excuse = '' AND NEW.credits + NEW.makeups < NEW.need), 0) AS person)
    WHERE end_at <= (SELECT next FROM counters WHERE name = 'ended')
  ON CONFLICT DO UPDATE SET n = n + 1;
END;

-- A flag names the cause of what is behind, and takes its name away again.
CREATE TRIGGER sums_flag_before BEFORE UPDATE OF state, cause, person ON flags WHEN OLD.state <> 'resolved'
BEGIN
  UPDATE sums SET n = n - 1 WHERE (period_start, unit_id, adoption, duty, per, period_key, period_end, standing, cause, person) =
    (SELECT period_start, unit_id, adoption, duty, per, period_key, period_end, 'behind', OLD.cause, OLD.person FROM obligations
      WHERE id = OLD.obligation AND excuse = '' AND credits + makeups < need
        AND end_at <= (SELECT next FROM counters WHERE name = 'ended'));
END;
CREATE TRIGGER sums_flag_after AFTER UPDATE OF state, cause, person ON flags WHEN OLD.state <> 'resolved'
BEGIN
  INSERT INTO sums SELECT period_start, unit_id, adoption, duty, per, period_key, period_end, 'behind',
      iif(NEW.state = 'resolved', '', NEW.cause), iif(NEW.state = 'resolved', 0, NEW.person), 1 FROM obligations
    WHERE id = NEW.obligation AND excuse = '' AND credits + makeups < need
      AND end_at <= (SELECT next FROM counters WHERE name = 'ended')
  ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER sums_flag_raised AFTER INSERT ON flags WHEN NEW.state <> 'resolved'
BEGIN
  UPDATE sums SET n = n - 1 WHERE (period_start, unit_id, adoption, duty, per, period_key, period_end, standing, cause, person) =
    (SELECT period_start, unit_id, adoption, duty, per, period_key, period_end, 'behind', '', 0 FROM obligations
      WHERE id = NEW.obligation AND excuse = '' AND credits + makeups < need
        AND end_at <= (SELECT next FROM counters WHERE name = 'ended'));
  INSERT INTO sums SELECT period_start, unit_id, adoption, duty, per, period_key, period_end, 'behind', NEW.cause, NEW.person, 1
    FROM obligations WHERE id = NEW.obligation AND excuse = '' AND credits + makeups < need
      AND end_at <= (SELECT next FROM counters WHERE name = 'ended')
  ON CONFLICT DO UPDATE SET n = n + 1;
END;

-- A flag knows its obligation's unit, so that open ones are counted in one index.
ALTER TABLE flags ADD COLUMN unit_id INTEGER NOT NULL DEFAULT 0;
UPDATE flags SET unit_id = COALESCE((SELECT unit_id FROM obligations WHERE id = obligation), 0);
CREATE INDEX flags_since ON flags (since, id, unit_id, cause, person, obligation, state) WHERE state <> 'resolved';
-- What somebody must look at, as the office's digest counts it every day.
CREATE INDEX deliveries_unsettled ON deliveries (state, day, unit_id, push) WHERE state IN ('uncertain', 'declined', 'failed');
CREATE INDEX handoffs_by_creation ON handoffs (created_at, person);
-- What is still open of a unit, without its past.
DROP INDEX obligations_by_unit;
CREATE INDEX obligations_by_unit ON obligations (unit_id, end_at);

-- muted_at: when a reminder was kept back, by the cap of its person's day or
-- because its own day was over; the next digest says so.
ALTER TABLE notices ADD COLUMN muted_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX notices_muted ON notices (muted_at) WHERE muted_at <> 0;
