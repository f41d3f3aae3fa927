//! A witness that sees nothing proves nothing.

use super::*;
use meshbot::link::frame;

fn at(secs: f64) -> Now {
    Now {
        mono: Duration::from_secs_f64(secs),
        unix: 2_100_000_000,
    }
}

fn packet(port: PortNum, payload: &[u8]) -> proto::MeshPacket {
    proto::MeshPacket {
        from: 1,
        to: NodeNum::BROADCAST.0,
        id: 5,
        payload_variant: Some(mesh_packet::PayloadVariant::Decoded(proto::Data {
            portnum: port as i32,
            payload: payload.to_vec(),
            ..Default::default()
        })),
        ..Default::default()
    }
}

fn framed(message: &impl Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    assert!(frame::encode(message, &mut bytes));
    bytes
}

fn write(witness: &mut Witness, secs: f64, variant: to_radio::PayloadVariant) {
    let message = proto::ToRadio {
        payload_variant: Some(variant),
    };
    witness.bot_wrote(at(secs), &framed(&message), true);
}

fn send(witness: &mut Witness, secs: f64, port: PortNum) {
    write(
        witness,
        secs,
        to_radio::PayloadVariant::Packet(packet(port, b"x")),
    );
}

fn tell(witness: &mut Witness, secs: f64, variant: from_radio::PayloadVariant) {
    let message = proto::FromRadio {
        payload_variant: Some(variant),
        ..Default::default()
    };
    witness.bot_read(at(secs), &framed(&message));
}

/// Connected and configured.
fn ready() -> Witness {
    let mut witness = Witness::default();
    witness.opened(at(0.0));
    write(
        &mut witness,
        0.0,
        to_radio::PayloadVariant::WantConfigId(69_420),
    );
    tell(
        &mut witness,
        0.1,
        from_radio::PayloadVariant::ConfigCompleteId(69_420),
    );
    assert_eq!(witness.violations.len(), 0);
    witness
}

fn accused(witness: &Witness, of: &str) -> bool {
    witness.violations.iter().any(|what| what.contains(of))
}

#[test]
fn a_second_connection_is_seen() {
    let mut witness = ready();
    witness.opened(at(1.0));
    assert!(accused(&witness, "a second connection"));
}

#[test]
fn a_broken_pace_is_seen() {
    for (port, good, bad) in [
        (PortNum::TextMessageApp, 2.3, 2.2),
        (PortNum::TracerouteApp, 32.0, 29.0),
    ] {
        let mut witness = ready();
        send(&mut witness, 10.0, port);
        send(&mut witness, 10.0 + good, port);
        assert_eq!(witness.violations.len(), 0);
        send(&mut witness, 10.0 + good + bad, port);
        assert!(accused(&witness, "apart"), "{port:?}");
    }
}

#[test]
fn a_packet_too_early_or_into_a_full_queue_is_seen() {
    let mut witness = Witness::default();
    witness.opened(at(0.0));
    send(&mut witness, 1.0, PortNum::TextMessageApp);
    assert!(accused(&witness, "before the configuration"));
    let mut witness = ready();
    let status = |free| {
        from_radio::PayloadVariant::QueueStatus(proto::QueueStatus {
            free,
            maxlen: 16,
            ..Default::default()
        })
    };
    tell(&mut witness, 1.0, status(4));
    send(&mut witness, 10.0, PortNum::TextMessageApp);
    assert_eq!(witness.violations.len(), 0);
    tell(&mut witness, 11.0, status(3));
    send(&mut witness, 20.0, PortNum::TextMessageApp);
    assert!(accused(&witness, "3 places are free"));
}

#[test]
fn a_second_outcome_is_seen() {
    let mut witness = ready();
    witness.requested(at(1.0), &Request::Traceroute(Ticket(7), NodeNum(9)));
    let outcome = Event::Outcome(Ticket(7), Outcome::Delivered(Duration::from_secs(3)));
    witness.event(at(2.0), &outcome);
    assert_eq!(witness.violations.len(), 0);
    witness.event(at(3.0), &outcome);
    assert!(accused(&witness, "a second outcome"));
}

#[test]
fn a_doubled_answer_and_one_that_should_not_be_are_seen() {
    let answer = |id, text: &str| Answer {
        id: PacketId(77),
        to: NodeNum(7),
        channel: 0,
        reply_to: PacketId(id).known(),
        hop_limit: 3,
        text: text.to_owned(),
    };
    let mut witness = ready();
    witness.on_air(at(1.0), &answer(1, "pong"));
    witness.on_air(at(1.0), &answer(1, "pong (2/2)"));
    witness.on_air(at(1.0), &answer(2, "pong"));
    assert_eq!(witness.violations.len(), 0);
    witness.on_air(at(1.0), &answer(1, "pong"));
    assert!(accused(&witness, "said twice"));
    witness.forbid(PacketId(3), "our own");
    witness.on_air(at(1.0), &answer(3, "pong"));
    assert!(accused(&witness, "our own"));
}

#[test]
fn a_back_log_and_an_old_question_are_known() {
    let heard = |id, rx_time| {
        let mut packet = packet(PortNum::TextMessageApp, b"/ping");
        packet.id = id;
        packet.rx_time = rx_time;
        from_radio::PayloadVariant::Packet(packet)
    };
    let mut witness = ready();
    witness.clocks_are_right = true;
    tell(&mut witness, 0.2, heard(1, None));
    tell(&mut witness, 0.3, heard(2, Some(2_099_999_940)));
    tell(&mut witness, 0.8, heard(3, Some(2_099_999_941)));
    tell(&mut witness, 1.2, heard(4, None));
    tell(&mut witness, 9.0, heard(5, None));
    tell(&mut witness, 40.0, heard(6, Some(2_099_999_695)));
    tell(&mut witness, 40.0, heard(7, Some(2_099_999_694)));
    let may = |id| witness.may_answer(PacketId(id));
    assert_eq!(
        [1, 2, 3, 4, 5, 6, 7].map(may),
        [false, false, true, false, true, true, false]
    );
}

#[test]
fn the_hash_knows_what_happened_and_when() {
    let after = |secs: f64| {
        let mut witness = ready();
        send(&mut witness, secs, PortNum::TextMessageApp);
        witness.hash
    };
    assert_eq!(after(3.0), after(3.0));
    assert_ne!(after(3.0), after(3.5));
}
