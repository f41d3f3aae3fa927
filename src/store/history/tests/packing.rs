//! Packets as they lie in the database: packed, unpacked, brought over from
//! single rows, and what a damaged card costs of them.

use rusqlite::types::Value;

use super::*;
use crate::history::insight::{By, Question, Talking};

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

/// What the card has damaged costs itself, and the rest comes over.
#[test]
fn odd_rows_of_version_3_cost_no_others() {
    let (_folder, path) = place();
    let conn = of_version(3, &path);
    let id = START * 1_024;
    let hour = 3_600 * 1_024;
    conn.execute_batch(&format!(
        "INSERT INTO own VALUES (1, 170, 1), (-5, 171, 2), (65537, 172, 3), (70000, 173, 4);
         INSERT INTO packets SELECT {id} + abs(o.id % 1000), o.id, 7, 8, 1, 0, 0, 1, -9, 1, 0, 0
         FROM own o;
         INSERT INTO packets SELECT id + {hour}, own, 7, 8, 1, 0, 0, 1, -9, 1, 0, 0
         FROM packets;
         INSERT INTO packets VALUES
           ({id} + 1000, 1, 1 << 36, -1, 'x', 'x', -1, 'x', 1 << 20, -1, -1, 'x'),
           ({id} + 1001, 1, -1, 1 << 40, -1, -1, 1 << 12, -1, -1, 1 << 12, 7, 7),
           ({id} + 1002, 'x', 7, 8, 1, 0, 0, 1, -9, 1, 0, 0),
           ({id} + 1003, 99, 7, 8, 1, 0, 0, 1, -9, 1, 0, 0),
           ({id} + 1004, 1, 7, 8, 1, 0, 0, 1, -9, 1, 0, 0),
           (-1, 1, 7, 8, 1, 0, 0, 1, -9, 1, 0, 0),
           (-{id}, 1, 7, 8, 1, 0, 0, 1, -9, 1, 0, 0),
           (5, 1, 7, 8, 1, 0, 0, 1, -9, 1, 0, 0),
           (9223372036854775807, 1, 7, 8, 1, 0, 0, 1, -9, 1, 0, 0)"
    ))
    .unwrap();
    drop(conn);
    let writer = open(&path, Limits::default()).unwrap().writer;
    let sound = |at| Heard {
        from: NodeNum(7),
        to: Some(NodeNum(8)),
        snr_q: Some(1),
        rssi: Some(-9),
        relay: Some(1),
        ..heard(at)
    };
    for own in [-5, 65_537, 70_000] {
        let expected = [START, START + 3_600].map(sound);
        assert_eq!(kept(&writer.conn, own), expected, "{own}");
    }
    let mut ours = kept(&writer.conn, 1);
    ours.retain(|heard| heard.from == NodeNum(7));
    let last = i64::MAX.unsigned_abs() / 1_024;
    let expected = [0, START, START, START + 3_600, last].map(sound);
    assert_eq!(ours, expected);
    let mediums: Vec<_> = kept(&writer.conn, 1)[2..4]
        .iter()
        .map(|heard| (heard.medium, heard.late))
        .collect();
    assert_eq!(mediums, [(Medium::Other, true); 2]);
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

/// A history with these packets, which came at `START`.
fn holding(packets: Vec<Heard>) -> (tempfile::TempDir, Writer) {
    let (folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let mut rows = batch(START);
    rows.packets = packets;
    writer.apply(&rows).unwrap();
    (folder, writer)
}

/// The card has changed a byte here and there: that costs these packets.
#[test]
fn damaged_packets_cost_no_others() {
    let (_folder, mut writer) = holding(vec![heard(START); 3]);
    let mut rows = batch(START);
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

/// The time itself is damaged.
#[test]
fn a_packet_of_no_second_of_its_hour_is_left_out() {
    let to = |to: u32| Heard {
        to: Some(NodeNum(to)),
        ..heard(START)
    };
    let (_folder, writer) = holding(vec![to(5), to(6)]);
    let spoil = "UPDATE packed SET packets = CAST(x'0e10' || substr(packets, 3) AS BLOB)";
    assert_eq!(writer.conn.execute(spoil, []).unwrap(), 1);
    assert_eq!(kept(&writer.conn, 1), [to(6)]);
    assert_eq!(packed::span(&writer.conn).unwrap(), Some((START, START)));
}

/// A row whose node of ours cannot be read costs itself, not the history.
#[test]
fn a_row_of_nobody_costs_no_others() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let mut rows = batch(START);
    rows.nodes = vec![Known {
        num: ALICE,
        ..Known::default()
    }];
    rows.packets = vec![heard(START); 3];
    writer.apply(&rows).unwrap();
    writer.apply(&rows).unwrap();
    let spoil = "UPDATE packed SET own = 'nobody' WHERE id % 65536 = 0";
    assert_eq!(writer.conn.execute(spoil, []).unwrap(), 1);
    drop(writer);
    let mut opened = open(&path, Limits::default()).unwrap();
    assert_eq!(opened.nodes[0].last_heard, Some(START));
    assert_eq!(kept(&opened.writer.conn, 1), [heard(START); 3]);
    // A clock that is a week ahead is believed after a day.
    for day in 8..10 {
        opened.writer.apply(&batch(START + day * DAY)).unwrap();
    }
    let sums = "SELECT count(*), sum(packets) FROM hours";
    assert_eq!(numbers(&opened.writer.conn, sums), [Some(1), Some(3)]);
    assert_eq!(count(&opened.writer.conn, "packed"), 0);
}

/// The card has put a row at the end of time.
#[test]
fn the_last_hour_that_can_be_is_an_hour_like_any_other() {
    let (_folder, mut writer) = holding(vec![heard(START)]);
    let moved = "UPDATE packed SET id = 9223372036854775807";
    assert_eq!(writer.conn.execute(moved, []).unwrap(), 1);
    let hour = i64::MAX as u64 / 65_536;
    let at = hour * 3_600 + START % 3_600;
    assert_eq!(packed::span(&writer.conn).unwrap(), Some((at, at)));
    assert_eq!(packed::next_hour(&writer.conn, 0).unwrap(), Some(hour));
    assert_eq!(packed::next_hour(&writer.conn, hour + 1).unwrap(), None);
    // Who reads hour by hour comes to an end, and who makes room does as well.
    let mut told = Vec::new();
    export::export(&writer.conn, export::Form::Csv, &mut told).unwrap();
    assert_eq!(String::from_utf8(told).unwrap().lines().count(), 2);
    writer.limits.max_bytes = 0;
    writer.prune(START).unwrap();
    assert_eq!(count(&writer.conn, "packed"), 0);
}

/// The card has put a row where an hour ends.
#[test]
fn what_has_no_room_in_its_hour_is_in_no_other() {
    let (_folder, mut writer) = holding(vec![heard(START)]);
    let moved = "UPDATE packed SET id = id + 65535";
    assert_eq!(writer.conn.execute(moved, []).unwrap(), 1);
    let mut rows = batch(START);
    rows.packets = vec![heard(START + 1), heard(START + 3_600)];
    writer.apply(&rows).unwrap();
    let expected = [START, START + 3_600].map(heard);
    assert_eq!(kept(&writer.conn, 1), expected);
}

/// Whatever the card makes of it, nobody stumbles over it.
#[test]
fn rows_of_anything_stop_nobody() {
    let mut rng = fastrand::Rng::with_seed(7);
    for _ in 0..30 {
        let (_folder, writer) = holding(vec![heard(START); 3]);
        for _ in 0..20 {
            let id = match rng.u8(..4) {
                0 => rng.i64(..),
                1 => [i64::MIN, -1, 0, 65_535, i64::MAX - 65_536, i64::MAX][rng.usize(..6)],
                _ => int(START / 3_600 - rng.u64(..200)) * 65_536 + rng.i64(..65_536),
            };
            let values = [1, 2, 3].map(|_| any_value(&mut rng));
            let insert = "INSERT OR IGNORE INTO packed VALUES (?1, ?2, ?3, ?4)";
            let [own, packets, dests] = values;
            let row = rusqlite::params![id, own, packets, dests];
            writer.conn.execute(insert, row).unwrap();
        }
        let path = writer.path().to_owned();
        drop(writer);
        let mut writer = open(&path, Limits::default()).unwrap().writer;
        assert!(kept(&writer.conn, 1).len() >= 3);
        for by in [By::Sender(None), By::Kind, By::Hour(None), By::Hops] {
            let mut question = Question {
                own: OWN,
                until: u64::MAX,
                ..Question::default()
            };
            question.look.packets = Some(by);
            question.look.stock = true;
            question.look.texts = Some(Talking::SharedWith(ALICE));
            let answer = read::answer(&path, &question).unwrap();
            assert!(answer.packets.total >= 3 || by == By::Hops, "{by:?}");
        }
        for form in [export::Form::Json, export::Form::Csv] {
            export::export(&writer.conn, form, &mut Vec::new()).unwrap();
        }
        for day in [0, 1, 8, 9, 10, 18] {
            writer.apply(&batch(START + day * DAY)).unwrap();
        }
        let sums = "SELECT max(packets) >= 3 FROM hours WHERE node = 4294906273";
        assert_eq!(numbers(&writer.conn, sums), [Some(1)]);
        writer.limits.max_bytes = 0;
        writer.prune(START + 18 * DAY).unwrap();
        assert_eq!(count(&writer.conn, "packed"), 0);
    }
}

fn any_value(rng: &mut fastrand::Rng) -> Value {
    let bytes =
        |rng: &mut fastrand::Rng, most| (0..rng.usize(..most)).map(|_| rng.u8(..)).collect();
    match rng.u8(..6) {
        0 => Value::Integer(rng.i64(..)),
        1 => Value::Integer(rng.i64(..3)),
        2 => Value::Real(rng.f64()),
        3 => Value::Text("nobody".to_owned()),
        _ => Value::Blob(bytes(rng, 200)),
    }
}
