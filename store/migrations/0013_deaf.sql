-- The times in which no answer could be heard though the PC was on: nobody was
-- logged in, or the login may have been dead. [from_at, to_at).
CREATE TABLE deaf_times (
  from_at INTEGER PRIMARY KEY,
  to_at   INTEGER NOT NULL
) STRICT;
