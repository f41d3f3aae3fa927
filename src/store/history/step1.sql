-- Node numbers are written as they are (unsigned 32 bits), times in seconds
-- since 1970, percentages and volts as the nodes say them.

-- Our own node's number, and others that we were connected with: what was heard
-- through different nodes is never mixed. `latest` is greatest for the last one.
CREATE TABLE own (
    id INTEGER PRIMARY KEY,
    num INTEGER NOT NULL UNIQUE,
    latest INTEGER NOT NULL
);

-- Who the nodes are, wherever they were heard.
CREATE TABLE nodes (
    num INTEGER PRIMARY KEY,
    long_name TEXT,
    short_name TEXT,
    role INTEGER NOT NULL,
    hw_model INTEGER NOT NULL,
    public_key BLOB,
    unmessagable INTEGER NOT NULL,
    first_seen INTEGER
);

-- What they were called before.
CREATE TABLE names (
    num INTEGER NOT NULL,
    until INTEGER NOT NULL,
    long_name TEXT,
    short_name TEXT,
    PRIMARY KEY (num, until)
) WITHOUT ROWID;

-- Keys that changed; without a key: another one was announced and not believed.
CREATE TABLE keys (
    id INTEGER PRIMARY KEY,
    time INTEGER,
    num INTEGER NOT NULL,
    public_key BLOB
);

-- The last that was heard of each node. This changes all the time, so it lies
-- close together, apart from the names.
CREATE TABLE heard (
    own INTEGER NOT NULL,
    num INTEGER NOT NULL,
    last_heard INTEGER,
    hops INTEGER,
    via_mqtt INTEGER NOT NULL,
    latitude INTEGER,
    longitude INTEGER,
    altitude INTEGER,
    precision_bits INTEGER,
    position_at INTEGER,
    battery INTEGER,
    voltage REAL,
    channel_utilization REAL,
    air_util_tx REAL,
    uptime INTEGER,
    metrics_at INTEGER,
    hop_history BLOB,
    direct_at INTEGER,
    direct_rssi INTEGER,
    direct_snrs BLOB,
    PRIMARY KEY (own, num)
) WITHOUT ROWID;

-- One row for each packet of another node. `id` is the time in seconds times
-- 1024 plus a running number: sorted by time without an index.
-- port: -1 unreadable, -2 empty, -3 no port. snr: quarters of a dB, of the last
-- hop like rssi and relay. medium: 0 radio, 1 MQTT, 2 other. late: had waited in
-- our node, and is left out of all figures.
CREATE TABLE packets (
    id INTEGER PRIMARY KEY,
    own INTEGER NOT NULL,
    node INTEGER NOT NULL,
    dest INTEGER,
    port INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    hops INTEGER,
    snr INTEGER,
    rssi INTEGER,
    relay INTEGER,
    medium INTEGER NOT NULL,
    late INTEGER NOT NULL
);

-- What is left of packets after a week, by the hour (hours since 1970).
-- direct: received straight from the sender by radio, best_snr the best of
-- these in quarters of a dB; far: the most relays that one by radio had passed.
CREATE TABLE hours (
    hour INTEGER NOT NULL,
    own INTEGER NOT NULL,
    node INTEGER NOT NULL,
    port INTEGER NOT NULL,
    packets INTEGER NOT NULL,
    mqtt INTEGER NOT NULL,
    direct INTEGER NOT NULL,
    best_snr INTEGER,
    far INTEGER,
    PRIMARY KEY (hour, own, node, port)
) WITHOUT ROWID;

-- Who was heard by whom, as neighbour lists (witness 0) and traceroutes (1) say;
-- what our own node hears directly stands in packets and hours. snr and best_snr
-- in quarters of a dB. A neighbour list is one stretch of the key.
CREATE TABLE links (
    own INTEGER NOT NULL,
    sender INTEGER NOT NULL,
    hearer INTEGER NOT NULL,
    witness INTEGER NOT NULL,
    time INTEGER NOT NULL,
    snr INTEGER NOT NULL,
    best_snr INTEGER NOT NULL,
    times INTEGER NOT NULL,
    PRIMARY KEY (own, hearer, sender, witness)
) WITHOUT ROWID;

-- What our node says of the air around it, in hundredths of a per cent.
CREATE TABLE air (
    time INTEGER PRIMARY KEY,
    own INTEGER NOT NULL,
    channel_utilization INTEGER NOT NULL,
    air_util_tx INTEGER NOT NULL
);

-- The last answers that did not arrive.
CREATE TABLE errors (
    id INTEGER PRIMARY KEY,
    time INTEGER,
    own INTEGER NOT NULL,
    num INTEGER NOT NULL,
    reason TEXT NOT NULL
);
