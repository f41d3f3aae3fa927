//! A text that was written, and what becomes of it.

use super::*;

#[test]
fn a_text_is_addressed_threaded_and_limited_as_its_question_asks() {
    let mut rig = Rig::steady();
    let packet = rig.sent(1, DIRECT);
    assert_eq!((packet.from, packet.to), (OWN.0, FRIEND.0));
    assert!(packet.id != 0 && packet.want_ack);
    assert_eq!(packet.hop_limit, 3, "one hop used, two more, five allowed");
    let Some(mesh_packet::PayloadVariant::Decoded(data)) = packet.payload_variant else {
        panic!("no data");
    };
    assert_eq!((data.portnum, data.reply_id), (1, 7));
    assert_eq!(data.payload, b"pong");
    assert!(!data.want_response);
}

#[test]
fn acknowledgements_mean_what_they_say() {
    let mut rig = Rig::steady();
    // A broadcast is relayed at best.
    let id = PacketId(rig.sent(1, PUBLIC).id);
    rig.hear(ack(OWN, id, 0));
    rig.wait(2_500);
    // A direct message: relayed, then delivered.
    let id = PacketId(rig.sent(2, DIRECT).id);
    rig.give(From::Packet(ack(OWN, id, 0)));
    assert_eq!(rig.outcomes(), [], "the destination may still speak");
    rig.wait(700);
    rig.give(From::Packet(ack(FRIEND, id, 0)));
    let after = Duration::from_millis(700);
    assert_eq!(rig.outcomes(), [(2, Outcome::Delivered(after))]);
    rig.wait(2_500);
    // Relayed, and nothing more.
    let id = PacketId(rig.sent(3, DIRECT).id);
    rig.give(From::Packet(ack(OWN, id, 0)));
    let mut outcomes = Vec::new();
    for _ in 0..70 {
        rig.wait(1_000);
        rig.take();
        outcomes.extend(rig.outcomes());
    }
    assert_eq!(outcomes, [(3, Outcome::Relayed)]);
}

#[test]
fn refusals_end_a_text_at_once_with_their_reason() {
    for reason in [5, 9, 39] {
        let mut rig = Rig::steady();
        let id = PacketId(rig.sent(1, DIRECT).id);
        rig.give(From::Packet(ack(OWN, id, reason)));
        let failure = Failure::Nak(i32::from(reason));
        assert_eq!(rig.outcomes(), [(1, Outcome::Failed(failure))]);
    }
    let mut rig = Rig::steady();
    let id = rig.sent(1, PUBLIC).id;
    rig.give(From::QueueStatus(status(0, id, 32)));
    let failure = Failure::Queue(32);
    assert_eq!(rig.outcomes(), [(1, Outcome::Failed(failure))]);
}

/// From the one whom it was for it means another key; from our own node that there
/// is no such channel.
#[test]
fn no_channel_of_a_reader_is_trouble_with_his_key() {
    for (from, failure) in [(FRIEND, Failure::Unreadable), (OWN, Failure::Nak(6))] {
        let mut rig = Rig::steady();
        let id = PacketId(rig.sent(1, DIRECT).id);
        rig.give(From::Packet(ack(from, id, 6)));
        assert_eq!(rig.outcomes(), [(1, Outcome::Failed(failure))]);
    }
}

/// Neighbours may have heard it all the same.
#[test]
fn a_text_on_a_channel_that_nobody_repeats_has_not_failed() {
    for (target, outcome) in [
        (PUBLIC, Outcome::Sent),
        (DIRECT, Outcome::Failed(Failure::Nak(5))),
    ] {
        let mut rig = Rig::steady();
        let id = PacketId(rig.sent(1, target).id);
        rig.give(From::Packet(ack(OWN, id, 5)));
        assert_eq!(rig.outcomes(), [(1, outcome)]);
    }
}

#[test]
fn no_word_at_all_is_a_failure_too() {
    let mut rig = Rig::steady();
    rig.sent(1, DIRECT);
    let mut outcomes = Vec::new();
    for _ in 0..181 {
        rig.wait(1_000);
        if !rig.take_all().is_empty() {
            rig.give(From::QueueStatus(status(16, 0, 0)));
        }
        outcomes.extend(rig.outcomes());
    }
    assert_eq!(outcomes, [(1, Outcome::Failed(Failure::NoAnswer))]);
}

#[test]
fn a_text_that_came_too_early_goes_again_under_a_new_id() {
    let mut rig = Rig::steady();
    let first = rig.sent(1, PUBLIC);
    rig.give(From::QueueStatus(status(15, first.id, 0)));
    rig.give(From::Packet(ack(OWN, PacketId(first.id), 38)));
    assert_eq!(rig.outcomes(), []);
    assert!(rig.take().is_empty());
    rig.wait(5_000);
    let second = rig.take_packet();
    assert_ne!(first.id, second.id);
    assert_eq!(first.payload_variant, second.payload_variant);
    rig.give(From::Packet(ack(OWN, PacketId(second.id), 0)));
    assert_eq!(rig.outcomes(), [(1, Outcome::Relayed)]);
    assert_eq!(rig.gate.waiting(), 0);
}

#[test]
fn only_our_own_node_can_say_that_a_text_was_not_sent() {
    // Found by the simulation: whoever else says so has it already, and would
    // get it three times.
    let mut rig = Rig::steady();
    let first = rig.sent(1, DIRECT);
    rig.give(From::Packet(ack(FRIEND, PacketId(first.id), 38)));
    let failure = Failure::Nak(38);
    assert_eq!(rig.outcomes(), [(1, Outcome::Failed(failure))]);
    rig.wait(20_000);
    assert!(rig.take().is_empty());
}

#[test]
fn a_node_that_always_refuses_is_believed_in_the_end() {
    let mut rig = Rig::steady();
    let mut packet = rig.sent(1, PUBLIC);
    for _ in 0..2 {
        rig.give(From::Packet(ack(OWN, PacketId(packet.id), 38)));
        rig.wait(5_000);
        packet = rig.take_packet();
    }
    rig.give(From::Packet(ack(OWN, PacketId(packet.id), 38)));
    assert_eq!(
        rig.outcomes(),
        [(1, Outcome::Dropped(DropReason::RateLimit))]
    );
}

#[test]
fn a_traceroute_refused_as_too_early_has_an_outcome_too() {
    let mut rig = Rig::steady();
    rig.session
        .request(rig.now, Request::Traceroute(Ticket(1), FRIEND));
    let id = rig.take_packet().id;
    rig.give(From::QueueStatus(status(15, id, 38)));
    assert_eq!(rig.outcomes(), [(1, Outcome::Failed(Failure::Queue(38)))]);
}
