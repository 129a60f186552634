-- What retention knows: everything below `uidnext` was in `mailbox` at `at` (milliseconds since 1970). Made at
-- every opening, because stores of format 1 may come from before it.
CREATE TABLE IF NOT EXISTS retention_mark (
    mailbox INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    uidnext INTEGER NOT NULL,
    PRIMARY KEY (mailbox, at)
) WITHOUT ROWID;
