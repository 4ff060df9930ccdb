-- A list of three words or more, after IN, is a table that SQLite makes for each
-- row it looks at; two per index, and each message changes its row twice. The
-- same said with OR is only compared.
DROP INDEX deliveries_live;
CREATE INDEX deliveries_live ON deliveries (group_id, counted_at)
  WHERE counted_at <> 0 OR (state = 'queued' OR state = 'held' OR state = 'sending' OR state = 'handed');
DROP INDEX deliveries_unsettled;
CREATE INDEX deliveries_unsettled ON deliveries (state, day, unit_id, push)
  WHERE state = 'uncertain' OR state = 'declined' OR state = 'failed';
