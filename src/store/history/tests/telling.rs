//! The history in other forms, read while the bot writes.

use super::*;

/// Reads slowly: meanwhile the bot writes and empties its log.
struct Slow {
    writer: Writer,
    written: Vec<u8>,
    next: u64,
}

impl std::io::Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.written.extend_from_slice(bytes);
        if self.written.len() as u64 > self.next {
            self.next += 20_000;
            let mut rows = batch(START + 600);
            rows.packets = vec![heard(START + 600); 100];
            self.writer.apply(&rows).unwrap();
            checkpointed(&self.writer);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn whoever_reads_an_export_slowly_holds_up_nobody() {
    use crate::store::history::export::{Form, export};
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let mut rows = batch(START);
    rows.packets = (0..2_600)
        .map(|n| Heard {
            from: NodeNum(10_000 + n),
            ..heard(START)
        })
        .collect();
    // In another hour each, so that some are summed up.
    for (nth, heard) in rows.packets.iter_mut().enumerate() {
        heard.at = When::Unix(START - 9 * DAY + nth as u64 * 300);
    }
    rows.links = (0..1_100)
        .map(|n| Link {
            at: When::Unix(START),
            from: NodeNum(n),
            to: NodeNum(n % 7),
            witness: Witness::Neighbours,
            snr_q: Some(4),
            best_q: Some(4),
            times: 1,
            metres: None,
        })
        .collect();
    writer.apply(&rows).unwrap();
    // Another node of ours, with a smaller number and a later place.
    let mut second = batch(START);
    second.own = NodeNum(1);
    second.links = rows.links.clone();
    writer.apply(&second).unwrap();
    let [sums] = numbers::<1>(&writer.conn, "SELECT sum(packets) FROM hours").map(Option::unwrap);
    assert!(sums > 500, "{sums}");
    let mut slow = Slow {
        writer,
        written: Vec::new(),
        next: 1_000,
    };
    let conn = open::read(&path, false).unwrap();
    export(&conn, Form::Json, &mut slow).unwrap();
    let told: serde_json::Value = serde_json::from_slice(&slow.written).unwrap();
    let column = |table: &str, column: &str| -> Vec<String> {
        let rows = told[table].as_array().unwrap().iter();
        rows.map(|row| row[column].to_string()).collect()
    };
    let distinct = |mut values: Vec<String>| {
        values.sort();
        values.dedup();
        values.len()
    };
    // All that was there is there once, and some of what came meanwhile.
    let summed = column("hours", "packets")
        .iter()
        .map(|n| n.parse::<i64>().unwrap())
        .sum::<i64>();
    assert_eq!(summed, sums);
    let left = 2_600 - usize::try_from(sums).unwrap();
    let packets = column("packets", "node").into_iter();
    let (news, old): (Vec<_>, Vec<_>) = packets.partition(|node| node.contains("ffff11a1"));
    assert_eq!((old.len(), distinct(old)), (left, left));
    assert!(news.len() > 100, "{}", news.len());
    assert_eq!(distinct(column("links", "sender")), 1_100);
    assert_eq!(column("links", "sender").len(), 2_200);
    // CSV has a head even when there is nothing to tell.
    slow.writer.conn.execute("DELETE FROM packed", []).unwrap();
    let mut head = Vec::new();
    export(&conn, Form::Csv, &mut head).unwrap();
    assert_eq!(String::from_utf8(head).unwrap().lines().count(), 1);
}

#[test]
fn what_cannot_be_read_is_told_as_far_as_it_can() {
    use crate::store::history::export::{Form, export};
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let mut rows = batch(START);
    rows.packets = vec![heard(START)];
    rows.nodes = vec![Known {
        num: ALICE,
        long_name: Some("Alice".into()),
        short_name: Some("A".into()),
        ..Known::default()
    }];
    writer.apply(&rows).unwrap();
    let spoil = "UPDATE nodes SET long_name = CAST(x'41ff' AS TEXT), short_name = x'41';
         UPDATE own SET num = 1 << 40;
         INSERT INTO hours VALUES (9223372036854775807, 1, 1, 1, 1, 0, 0, NULL, NULL);";
    writer.conn.execute_batch(spoil).unwrap();
    let mut told = Vec::new();
    export(&writer.conn, Form::Csv, &mut told).unwrap();
    let told = String::from_utf8(told).unwrap();
    let line = told.lines().nth(1).unwrap();
    let expected = "2100000000,!10000000000,!ffff11a1,,A\u{fffd},,1,0,0,-3.25,-97,,radio,0";
    assert_eq!(line, expected);
    let stock = stats::stats(&writer.conn, &path).unwrap();
    assert_eq!((stock.packets, stock.hours), (1, 1));
}

/// One good row of each kind, and one in which the card has changed something.
#[test]
fn one_bad_row_costs_no_answer() {
    use crate::history::insight::{By, Links, Look, Question, Talking};
    use crate::mesh::ChannelIndex;
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    writer.apply(&batch(START)).unwrap();
    let rows = format!(
        "INSERT INTO hours VALUES (10, 1, 5, 1, 3, 0, 0, NULL, NULL),
           (10, 1, 1 << 40, 1, 3, 0, 0, NULL, NULL), (10, 1, 6, 1, 'x', 0, 0, NULL, NULL),
           (10, 1, 7, 'x', 1, 0, 0, NULL, NULL);
         INSERT INTO links VALUES (1, 5, 6, 0, {START}, 4, 4, 1, NULL, NULL, NULL),
           (1, 5, -1, 0, {START}, 4, 4, 1, NULL, NULL, NULL),
           (1, 5, 7, 0, {START}, 'x', 4, 1, NULL, NULL, NULL);
         INSERT INTO texts VALUES ({START} * 1024, 1, 5, 1, 0, 'good'),
           ({START} * 1024 + 1, 1, 5, 2, 0, CAST(x'ff' AS TEXT));
         INSERT INTO errors VALUES (1, {START}, 1, 5, 'good'), (2, 'x', 1, 5, 'bad'),
           (3, {START}, 1, 5, x'00');
         INSERT INTO air VALUES ({START}, 1, 500, 0);"
    );
    writer.conn.execute_batch(&rows).unwrap();
    let question = Question {
        own: OWN,
        until: START + 1,
        look: Look {
            packets: Some(By::Sender(None)),
            air: true,
            links: Some(Links::BestConnected),
            texts: Some(Talking::On(ChannelIndex(0))),
            failures: true,
            stock: true,
        },
        ..Question::default()
    };
    let answer = read::answer(&path, &question).unwrap();
    assert_eq!(answer.packets.groups, 1);
    assert_eq!((answer.links.links, answer.talk.total), (1, 1));
    assert_eq!(answer.failures.len(), 1);
    // Nor is the bot without a history when it does not know whose it was.
    let bad = "INSERT INTO own VALUES (2, 1 << 40, 99)";
    writer.conn.execute(bad, []).unwrap();
    drop(writer);
    let mut opened = open(&path, Limits::default()).unwrap();
    assert_eq!((opened.own, opened.others.len()), (Some(OWN), 0));
    opened.writer.apply(&batch(START + 600)).unwrap();
    assert_eq!(read::answer(&path, &question).unwrap().talk.total, 1);
}

/// T12.
#[test]
fn what_waits_is_in_the_stock_as_in_every_other_figure() {
    use crate::history::insight::{Look, Question};
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let mut rows = batch(START);
    rows.packets = vec![heard(START); 3];
    writer.apply(&rows).unwrap();
    let mut question = Question {
        own: OWN,
        until: START + 1,
        look: Look {
            stock: true,
            ..Look::default()
        },
        ..Question::default()
    };
    question.fresh.stock.packets = 70;
    question.fresh.stock.span = Some((START + 5, START + 90));
    let stock = read::answer(&path, &question).unwrap().stock;
    assert_eq!(stock.packets, 73);
    assert_eq!(stock.span, Some((START, START + 90)));
}
