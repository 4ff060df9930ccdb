-- The times in which no answer could be heard though the PC was on: nobody was
-- logged in, or the login may have been dead. [from_at, to_at).
CREATE TABLE unheard (
  from_at INTEGER PRIMARY KEY,
  to_at   INTEGER NOT NULL
) STRICT;
