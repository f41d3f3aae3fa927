//! Setting the node's clock, when that is wanted.

use super::*;

fn clock_setter(rig: &mut Rig) -> Vec<u32> {
    let mut times = Vec::new();
    for message in rig.take() {
        let To::Packet(packet) = message else {
            continue;
        };
        assert_eq!((packet.from, packet.to), (OWN.0, OWN.0));
        assert_ne!(packet.id, 0);
        let Some(mesh_packet::PayloadVariant::Decoded(data)) = packet.payload_variant else {
            panic!("no content");
        };
        assert_eq!(data.portnum, PortNum::AdminApp as i32);
        // protocol.md §3.19: field 43, fixed32, and nothing else.
        assert_eq!(data.payload[..2], [0xdd, 0x02]);
        times.push(u32::from_le_bytes(data.payload[2..].try_into().unwrap()));
    }
    times
}

#[test]
fn a_clock_that_is_not_set_or_far_off_is_set_once_a_day_if_that_is_wanted() {
    for (off, wanted, sets) in [
        (None, true, true),
        (Some(-600), true, true),
        (Some(600), true, true),
        (Some(-60), true, false),
        (Some(60), true, false),
        (None, false, false),
        (Some(-600), false, false),
    ] {
        let mut rig = Rig::steady();
        rig.session.settings.set_clock = wanted;
        let hear = |rig: &mut Rig, id: u32, off: Option<i64>| {
            let mut packet = ping(id);
            packet.rx_time =
                off.map(|off| u32::try_from(rig.now.unix.saturating_add_signed(off)).unwrap());
            rig.hear(packet);
        };
        // Twice: one packet that was held up is no reason.
        hear(&mut rig, 80, off);
        rig.now = rig.now.plus(Duration::from_secs(3));
        hear(&mut rig, 81, off);
        let times = clock_setter(&mut rig);
        let now = u32::try_from(rig.now.unix).unwrap();
        match times[..] {
            [] => assert!(!sets, "{off:?}"),
            [time] => assert!(sets && now - time <= 3, "{off:?}"),
            _ => panic!("{off:?}: {times:?}"),
        }
        // It did not help; nobody insists before a day has passed.
        for hours in 0..23 {
            rig.now = rig.now.plus(Duration::from_secs(3_600));
            hear(&mut rig, 100 + hours, off);
            assert!(clock_setter(&mut rig).is_empty());
        }
        rig.now = rig.now.plus(Duration::from_secs(2 * 3_600));
        hear(&mut rig, 200, off);
        rig.now = rig.now.plus(Duration::from_secs(3));
        hear(&mut rig, 201, off);
        assert_eq!(clock_setter(&mut rig).len(), usize::from(sets), "{off:?}");
    }
}

/// A packet without a time says nothing about a clock that was told before.
#[test]
fn a_clock_that_was_told_is_set() {
    let mut rig = Rig::steady();
    rig.session.settings.set_clock = true;
    for id in 80..84 {
        let mut packet = ping(id);
        packet.rx_time = u32::try_from(rig.now.unix).ok();
        rig.hear(packet);
        rig.now = rig.now.plus(Duration::from_secs(3));
    }
    rig.hear(ping(90));
    assert!(clock_setter(&mut rig).is_empty());
}

#[test]
fn a_board_without_a_clock_sets_no_clock() {
    let mut rig = Rig::steady();
    rig.session.settings.set_clock = true;
    rig.now.unix = 1_000;
    rig.hear(ping(80));
    rig.hear(ping(81));
    assert!(clock_setter(&mut rig).is_empty());
}
