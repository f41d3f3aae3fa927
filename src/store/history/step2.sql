-- Links say how far apart the two were: `metres` at the last reception, `far` at
-- most and `far_at` when. Two more witnesses: our own node (2), and relays that
-- were heard repeating (3), for which no SNR is known.
CREATE TABLE links_2 (
    own INTEGER NOT NULL,
    sender INTEGER NOT NULL,
    hearer INTEGER NOT NULL,
    witness INTEGER NOT NULL,
    time INTEGER NOT NULL,
    snr INTEGER,
    best_snr INTEGER,
    times INTEGER NOT NULL,
    metres INTEGER,
    far INTEGER,
    far_at INTEGER,
    PRIMARY KEY (own, hearer, sender, witness)
) WITHOUT ROWID;
INSERT INTO links_2
    SELECT own, sender, hearer, witness, time, snr, best_snr, times, NULL, NULL, NULL FROM links;
DROP TABLE links;
ALTER TABLE links_2 RENAME TO links;

-- What was said on channels, for a day. `id` as of packets; `packet` is the number
-- that the sender gave it: the same again is a late echo.
CREATE TABLE texts (
    id INTEGER PRIMARY KEY,
    own INTEGER NOT NULL,
    node INTEGER NOT NULL,
    packet INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    text TEXT NOT NULL
);
