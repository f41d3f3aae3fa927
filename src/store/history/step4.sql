-- Packets lie together, those of an hour and a batch in one row: a week of single
-- rows took longer to read than somebody waits for an answer. `id` is the hour
-- (since 1970) times 65536 plus a running number. `packets`: 16 bytes for each,
-- greatest byte first, negative numbers as two's complement:
--   2 second of the hour
--   1 flags: 1 MQTT, 2 other than radio, 4 late; what is there of the rest:
--     8 destination, 16 hops, 32 SNR, 64 RSSI, 128 relay
--   1 channel, 4 node, 2 port, 1 hops, 1 relay, 2 SNR, 2 RSSI; 0 where nothing is
-- `dests`: 4 bytes for each packet that has a destination, in the same order.
CREATE TABLE packed (
    id INTEGER PRIMARY KEY,
    own INTEGER NOT NULL,
    packets BLOB NOT NULL,
    dests BLOB NOT NULL
);

-- A node has announced another key than `public_key`, and nobody believed it.
ALTER TABLE nodes ADD COLUMN other_key INTEGER NOT NULL DEFAULT 0;

-- Hour by hour, so that only one is in memory. A value that the card has damaged
-- fills its place like any other, or all after it would be read wrongly.
WITH RECURSIVE hour_of (hour) AS (
    SELECT min(id) / 3686400 FROM packets WHERE id >= 0
    UNION ALL
    SELECT (SELECT min(id) / 3686400 FROM packets WHERE id >= (hour + 1) * 3686400)
    FROM hour_of WHERE hour IS NOT NULL
)
INSERT INTO packed
SELECT * FROM (
    SELECT hour * 65536 + (SELECT count(*) FROM own WHERE own.id < o.id), o.id,
        (SELECT unhex(group_concat(printf('%04x%02x%02x%08x%04x%02x%02x%04x%04x',
              id / 1024 % 3600,
              CASE medium WHEN 0 THEN 0 WHEN 1 THEN 1 ELSE 2 END
                + 4 * (late <> 0) + 8 * (dest IS NOT NULL) + 16 * (hops IS NOT NULL)
                + 32 * (snr IS NOT NULL) + 64 * (rssi IS NOT NULL) + 128 * (relay IS NOT NULL),
              channel & 255, node & 4294967295, port & 65535,
              ifnull(hops, 0) & 255, ifnull(relay, 0) & 255,
              ifnull(snr, 0) & 65535, ifnull(rssi, 0) & 65535), ''))
         FROM packets
         WHERE id >= hour * 3686400 AND id < (hour + 1) * 3686400 AND own = o.id) AS packets,
        (SELECT ifnull(unhex(group_concat(printf('%08x', dest & 4294967295), '')), x'')
         FROM packets
         WHERE id >= hour * 3686400 AND id < (hour + 1) * 3686400 AND own = o.id
           AND dest IS NOT NULL)
    FROM hour_of CROSS JOIN own o
    WHERE hour IS NOT NULL
)
WHERE packets IS NOT NULL;
DROP TABLE packets;
