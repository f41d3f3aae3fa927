//! Packets as they lie in the database: packed, unpacked, brought over from
//! single rows, damaged.

use super::*;

/// Every packet is there afterwards, in its place, and as if it had been packed
/// at once.
#[test]
fn single_rows_of_version_3_are_packed_in_version_4() {
    let (_folder, path) = place();
    let conn = of_version(3, &path);
    let own = |id: i64, num: u32| {
        conn.execute("INSERT INTO own VALUES (?1, ?2, ?1)", (id, num))
            .unwrap();
    };
    own(1, OWN.0);
    own(7, 0xbbb);
    let mut rng = fastrand::Rng::with_seed(5);
    // With hours in between of which there is nothing, and one far away.
    let mut hours: Vec<u64> = (0..40).map(|_| START / 3_600 + rng.u64(..90)).collect();
    hours.push(START / 3_600 + 200_000);
    hours.sort_unstable();
    let mut insert = conn
        .prepare("INSERT INTO packets VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")
        .unwrap();
    let mut expected = [Vec::new(), Vec::new()];
    for (nth, hour) in (0_i64..).zip(hours) {
        let heard = anything(&mut rng, hour);
        let When::Unix(at) = heard.at else { panic!() };
        let second = usize::from(rng.bool());
        let medium = [Medium::Radio, Medium::Mqtt, Medium::Other];
        let medium = medium.iter().position(|&it| it == heard.medium).unwrap();
        insert
            .execute(rusqlite::params![
                int(at) * 1_024 + nth,
                [1, 7][second],
                heard.from.0,
                heard.to.map(|to| to.0),
                heard.port,
                heard.channel,
                heard.hops,
                heard.snr_q,
                heard.rssi,
                heard.relay,
                i64::try_from(medium).unwrap(),
                heard.late,
            ])
            .unwrap();
        expected[second].push(heard);
    }
    drop(insert);
    drop(conn);
    let writer = open(&path, Limits::default()).unwrap().writer;
    for (own, mut expected) in [1, 7].into_iter().zip(expected) {
        assert!(expected.len() > 10);
        expected.sort_by_key(|heard| match heard.at {
            When::Unix(at) => at,
            When::Mono(_) => 0,
        });
        assert_eq!(kept(&writer.conn, own), expected);
    }
    assert_eq!(packets(&writer.conn), 41);
}

/// Anything that a recorder may hand over, heard in this hour.
fn anything(rng: &mut fastrand::Rng, hour: u64) -> Heard {
    Heard {
        at: When::Unix(hour * 3_600 + rng.u64(..3_600)),
        from: NodeNum(rng.u32(..)),
        to: rng.bool().then(|| NodeNum(rng.u32(..))),
        port: rng.i32(-3..=511),
        channel: rng.u8(..),
        hops: rng.bool().then(|| rng.u8(..)),
        snr_q: rng.bool().then(|| rng.i16(..)),
        rssi: rng.bool().then(|| rng.i16(..)),
        relay: rng.bool().then(|| rng.u8(..)),
        medium: [Medium::Radio, Medium::Mqtt, Medium::Other][rng.usize(..3)],
        late: rng.bool(),
    }
}

/// What one node of ours has heard, in the order in which it lies there.
fn kept(conn: &Connection, own: i64) -> Vec<Heard> {
    let mut kept = Vec::new();
    packed::each_piece(conn, &(0..=u64::MAX), |piece| {
        let packets = piece.packets().filter(|_| piece.own == own);
        kept.extend(packets.map(|(_, heard)| heard));
        Ok(())
    })
    .unwrap();
    kept
}

#[test]
fn packets_come_out_as_they_went_in() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let mut rng = fastrand::Rng::with_seed(6);
    let mut expected = Vec::new();
    for nth in 0..20 {
        let mut rows = batch(START + nth * 600);
        let hour = rows.now.unix / 3_600 - 2;
        rows.packets = (0..300)
            .map(|_| {
                let hour = hour + rng.u64(..3);
                anything(&mut rng, hour)
            })
            .collect();
        writer.apply(&rows).unwrap();
        expected.extend(rows.packets);
    }
    let in_order = |mut all: Vec<Heard>| {
        all.sort_by_key(|heard| format!("{heard:?}"));
        all
    };
    assert_eq!(packets(&writer.conn), 6_000);
    assert_eq!(in_order(kept(&writer.conn, 1)), in_order(expected));
}

/// The card has changed a byte here and there: that costs these packets.
#[test]
fn damaged_packets_cost_no_others() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let mut rows = batch(START);
    rows.packets = vec![heard(START); 3];
    writer.apply(&rows).unwrap();
    rows.packets = vec![heard(START); 2];
    writer.apply(&rows).unwrap();
    let spoil = |sql: &str| assert_eq!(writer.conn.execute(sql, []).unwrap(), 1, "{sql}");
    let replace = |by: &str| {
        spoil(&format!(
            "UPDATE packed SET packets = CAST({by} AS BLOB) WHERE id % 65536 = 0"
        ));
    };
    // Half a packet, a destination that is nowhere, no packets at all.
    replace("packets || x'11'");
    assert_eq!(kept(&writer.conn, 1).len(), 5);
    replace("substr(packets, 1, 2) || x'78' || substr(packets, 4)");
    assert_eq!(kept(&writer.conn, 1), [heard(START); 5]);
    spoil("UPDATE packed SET packets = 'text' WHERE id % 65536 = 1");
    assert_eq!(kept(&writer.conn, 1), [heard(START); 3]);
}
