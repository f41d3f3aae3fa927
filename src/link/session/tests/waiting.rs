//! Texts that wait: for room in the node, for the socket, for another connection.

use super::*;

#[test]
fn nothing_is_written_while_the_node_has_no_room() {
    let mut rig = Rig::steady();
    rig.give(From::QueueStatus(status(3, 0, 0)));
    rig.send(1, answer(PUBLIC, Keep::For(REPLY_EXPIRY)));
    let mut asked = 0;
    for _ in 0..10 {
        for message in rig.take_all() {
            assert!(matches!(message, To::Heartbeat(_)), "{message:?}");
            asked += 1;
            rig.give(From::QueueStatus(status(0, 0, 0)));
        }
        rig.wait(1_000);
    }
    assert_eq!(asked, 4, "at once, then every three seconds");
    rig.take();
    rig.give(From::QueueStatus(status(4, 0, 0)));
    assert!(matches!(rig.take()[..], [To::Packet(_)]));
}

#[test]
fn a_node_that_dies_with_a_full_queue_is_noticed_as_soon_as_any_other() {
    let mut rig = Rig::steady();
    rig.give(From::QueueStatus(status(3, 0, 0)));
    rig.send(1, answer(PUBLIC, Keep::Always));
    let silent_since = rig.now.mono;
    while rig.session.verdict.is_none() {
        rig.take_all();
        rig.wait(1_000);
        let silent = rig.now.mono - silent_since;
        assert!(silent < Duration::from_secs(80), "not noticed");
    }
    assert_eq!(rig.session.verdict, Some(Loss::NoAnswer));
    assert!(rig.now.mono >= silent_since + Duration::from_secs(45));
}

#[test]
fn a_text_that_waits_for_the_socket_when_the_node_restarts_is_sent_once() {
    for taken in [0, 5] {
        let mut rig = Rig::steady();
        rig.send(1, answer(PUBLIC, Keep::For(REPLY_EXPIRY)));
        let written = rig.session.output()[..taken].to_vec();
        rig.written.push(&written);
        rig.session.wrote(rig.now, taken);
        rig.give(From::Rebooted(true));
        let mut texts = 0;
        for _ in 0..2 {
            for message in rig.take_all() {
                match message {
                    To::Packet(_) => texts += 1,
                    To::WantConfigId(nonce) => {
                        rig.give_configuration(OWN);
                        rig.give(From::ConfigCompleteId(nonce));
                    }
                    _ => {}
                }
            }
            rig.now = rig.now.plus(Duration::from_secs(3));
            rig.session.tick(rig.now);
        }
        assert_eq!((texts, rig.gate.waiting()), (1, 0), "{taken} bytes taken");
    }
}

#[test]
fn a_question_that_meets_a_lost_link_is_not_kept_for_the_next() {
    let mut rig = Rig::steady();
    rig.lose();
    rig.events();
    // The gate was still open when it was asked.
    rig.session
        .request(rig.now, Request::Traceroute(Ticket(1), FRIEND));
    rig.session.request(rig.now, Request::NodeInfo(FRIEND));
    assert_eq!(rig.outcomes(), [(1, Outcome::Expired)]);
    rig.wait(3_600_000);
    rig.connect();
    rig.configure(NONCE_CONFIG);
    assert!(rig.take().is_empty());
}

#[test]
fn a_part_cut_off_by_a_loss_goes_again_and_a_whole_one_does_not() {
    let mut rig = Rig::steady();
    let whole = rig.sent(1, PUBLIC);
    rig.wait(2_500);
    rig.send(2, answer(PUBLIC, Keep::For(REPLY_EXPIRY)));
    let length = rig.session.output().len();
    rig.session.wrote(rig.now, length - 1);
    rig.lose();
    assert_eq!(rig.outcomes(), [(1, Outcome::Unknown)]);
    rig.wait(3_000);
    rig.connect();
    rig.configure(NONCE_CONFIG);
    let again = rig.take_packet();
    assert_ne!(again.id, whole.id);
    assert_eq!(rig.gate.waiting(), 0);
    rig.give(From::Packet(ack(OWN, PacketId(again.id), 0)));
    assert_eq!(rig.outcomes(), [(2, Outcome::Relayed)]);
}

#[test]
fn answers_expire_during_a_long_absence_and_alerts_do_not() {
    let mut rig = Rig::steady();
    rig.sent(1, PUBLIC);
    rig.send(2, answer(PUBLIC, Keep::For(REPLY_EXPIRY)));
    rig.send(3, answer(PUBLIC, Keep::Always));
    rig.lose();
    rig.wait(300_000);
    assert_eq!(
        rig.outcomes(),
        [(1, Outcome::Unknown), (2, Outcome::Expired)]
    );
    rig.connect();
    rig.configure(NONCE_CONFIG);
    let alert = rig.take_packet();
    rig.give(From::Packet(ack(OWN, PacketId(alert.id), 0)));
    assert_eq!(rig.outcomes(), [(3, Outcome::Relayed)]);
}

#[test]
fn a_queue_without_places_blocks_nothing() {
    let mut rig = Rig::steady();
    let nothing = proto::QueueStatus::default();
    rig.give(From::QueueStatus(nothing));
    rig.sent(1, PUBLIC);
}

#[test]
fn a_refusal_in_the_middle_of_the_writing_does_not_block_the_queue() {
    let mut rig = Rig::steady();
    rig.send(1, answer(PUBLIC, Keep::For(REPLY_EXPIRY)));
    let bytes = rig.session.output().to_vec();
    let message = <proto::ToRadio as prost::Message>::decode(&bytes[frame::HEADER..]).unwrap();
    let Some(To::Packet(packet)) = message.payload_variant else {
        panic!("no packet");
    };
    rig.session.wrote(rig.now, bytes.len() - 1);
    rig.hear(ack(OWN, PacketId(packet.id), 38));
    assert_eq!(rig.gate.waiting(), 1, "it waits again, and once");
    rig.session.wrote(rig.now, 1);
    rig.wait(5_000);
    assert_ne!(rig.take_packet().id, packet.id);
    assert_eq!(rig.gate.waiting(), 0);
}

#[test]
fn a_traceroute_lost_while_it_was_written_does_not_block_the_next() {
    let mut rig = Rig::steady();
    let ask = |rig: &mut Rig, ticket| {
        let request = Request::Traceroute(Ticket(ticket), FRIEND);
        rig.session.request(rig.now, request);
    };
    ask(&mut rig, 1);
    rig.lose();
    assert_eq!(rig.outcomes(), [(1, Outcome::Unknown)]);
    rig.now = rig.now.plus(Duration::from_secs(60));
    rig.connect();
    rig.configure(NONCE_CONFIG);
    ask(&mut rig, 2);
    let written = rig.take();
    assert!(matches!(written[..], [To::Packet(_)]), "{written:?}");
}

#[test]
fn a_text_in_the_output_when_the_node_restarts_is_written_once() {
    let mut rig = Rig::steady();
    rig.send(1, answer(PUBLIC, Keep::For(REPLY_EXPIRY)));
    rig.give(From::Rebooted(true));
    rig.now = rig.now.plus(Duration::from_secs(5));
    let written = rig.take();
    let [To::Packet(_), To::WantConfigId(NONCE_CONFIG)] = written[..] else {
        panic!("{written:?}");
    };
    assert!(rig.outcomes().is_empty());
    rig.give_configuration(OWN);
    rig.give(From::ConfigCompleteId(NONCE_CONFIG));
    rig.now = rig.now.plus(Duration::from_secs(5));
    rig.session.tick(rig.now);
    assert!(
        rig.take()
            .iter()
            .all(|message| !matches!(message, To::Packet(_)))
    );
}
