-- Everything lies twice in the file, so that a byte that a disk has changed is
-- found: integrity_check holds each row against its indexes, `audit verify` the
-- ledger against its logs. These indexes repeat what no other index and no log
-- does; no question needs them. What every message writes is not in them, for an
-- index costs it a page: that is repeated in its own row.

-- In which session a delivery was; '' in rows of older versions, whose hashes know
-- nothing of it.
ALTER TABLE delivery_log ADD COLUMN session TEXT NOT NULL DEFAULT '';
-- message_id, as a number, less at: of a message that the server accepted, else 0.
ALTER TABLE parts ADD COLUMN twice INTEGER NOT NULL DEFAULT 0;

CREATE INDEX deliveries_twice ON deliveries (media, themes, item, unit_id, carrier, attempts, opens, closes, due, asked_at,
  makeup, entered);
CREATE INDEX obligations_twice ON obligations (per, period_end, start_at, until_at, last_makeup, need, excuse, excused_by,
  excused_at, done_at, done_day);
CREATE INDEX handoffs_twice ON handoffs (hops, above, state, readable_at, readable_by, due, done_count, all_count, remind_at,
  reminders, acked, answered_at, reason, created_at);
CREATE INDEX notices_twice ON notices (part, last, reminder, due, state, sent_at, muted_at);
CREATE INDEX flags_twice ON flags (why, obligation, state, cause, person, since, next_at, resolved_at, unit_id);
CREATE INDEX pushes_twice ON pushes (hash, slot, day, item, revision, selector, opens, closes, ready_at, author, asker,
  approver, relay, created_at, reason, approved_at, mover);
CREATE INDEX items_twice ON items (poster, title, body, link, media, audiences, themes, attachments, author, approver, state,
  approved_revision, created_at, approved_at, expires_on);
CREATE INDEX adoptions_twice ON adoptions (asker, unit_id, unit_path, adopted_at, dropped_on, ready_at, person, terms);
CREATE INDEX units_twice ON units (school, contact, parent, name);
CREATE INDEX groups_twice ON groups (audiences, name, unit_id, kind, keeper, carrier, since, until);
CREATE INDEX persons_twice ON persons (until, role, name, unit_id, phone, tag);
CREATE INDEX vacancies_twice ON vacancies (why, since, filled_at, group_id);
CREATE INDEX slots_twice ON slots (why, opens, closes, outcome, all_count, missed, handed, settled_at);
CREATE INDEX sums_twice ON sums (n);
CREATE INDEX claims_twice ON claims (day);
CREATE INDEX moves_twice ON moves (to_state);
CREATE INDEX jobs_twice ON jobs (kind, ref);
CREATE INDEX marks_twice ON marks (value);
CREATE INDEX counters_twice ON counters (next);
CREATE INDEX halt_twice ON halt (halted, since);
CREATE INDEX migrations_twice ON migrations (name);
CREATE INDEX codes_twice ON codes (salt, hash, issued_at, expires_at);
CREATE INDEX group_codes_twice ON group_codes (salt, hash, issued_at, expires_at);
CREATE INDEX code_tries_twice ON code_tries (n, since, locked_until);
CREATE INDEX proofs_twice ON proofs (salt, stable, at);
CREATE INDEX drafts_twice ON drafts (version, expires, body, title, link, attachments);
CREATE INDEX questions_twice ON questions (asked_at, payload);
CREATE INDEX prints_twice ON prints (w, gray);
CREATE INDEX looks_twice ON looks (n);
CREATE INDEX seen_twice ON seen (at);
CREATE INDEX photos_twice ON photos (person, at);
CREATE INDEX waiting_photos_twice ON waiting_photos (said, fits, expires, photo);
CREATE INDEX traces_twice ON traces (members, name, sketch, stable, owner, login, handle, by, word, expected, lost);
CREATE INDEX decisions_twice ON decisions (session, body);
CREATE INDEX absences_twice ON absences (to_at);
CREATE INDEX deaf_times_twice ON deaf_times (to_at);
CREATE INDEX alerts_twice ON alerts (count, opened, gone, closed, times, told, next, tries, acked, person, asker, rev);
