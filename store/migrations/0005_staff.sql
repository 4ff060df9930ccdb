-- What a person has just sent to the bot, on its way to a push or an item; its
-- media lie in media/drafts. version: counts changes, so that none is lost.
CREATE TABLE drafts (
  person      INTEGER PRIMARY KEY,
  body        TEXT NOT NULL,
  title       TEXT NOT NULL,
  link        TEXT NOT NULL,
  attachments TEXT NOT NULL,
  version     INTEGER NOT NULL,
  expires     INTEGER NOT NULL
) STRICT;

-- What the bot has asked a person, and only that person may answer, there. id is
-- a #number. payload: JSON, '' once the time is over.
CREATE TABLE questions (
  id       INTEGER PRIMARY KEY,
  person   INTEGER NOT NULL,
  place    TEXT NOT NULL,
  kind     TEXT NOT NULL,
  payload  TEXT NOT NULL,
  asked_at INTEGER NOT NULL,
  expires  INTEGER NOT NULL
) STRICT;
CREATE INDEX questions_by_person ON questions (person, place, kind);
CREATE INDEX questions_by_end ON questions (expires);

-- The person who gave a push another window: cannot approve it.
ALTER TABLE pushes ADD COLUMN mover INTEGER NOT NULL DEFAULT 0;
