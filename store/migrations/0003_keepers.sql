-- People leave, and a group without anybody is on record until it has a keeper.

-- until: the local day from which the person is gone, '' while here.
ALTER TABLE persons ADD COLUMN until TEXT NOT NULL DEFAULT '';

-- why: none, gone or mute. filled_at: 0 while the group has no keeper.
CREATE TABLE vacancies (
  id        INTEGER PRIMARY KEY,
  group_id  INTEGER NOT NULL REFERENCES groups (id),
  why       TEXT NOT NULL,
  since     INTEGER NOT NULL,
  filled_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX vacancies_open ON vacancies (group_id) WHERE filled_at = 0;
