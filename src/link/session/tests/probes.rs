//! Questions to single nodes, and where texts go.

use prost::Message;

use super::*;

impl Rig {
    /// Lets `ms` pass, whatever the session writes meanwhile.
    fn pass(&mut self, ms: u64) {
        let end = self.now.mono + Duration::from_millis(ms);
        while self.now.mono < end {
            let left = end - self.now.mono;
            self.wait(u64::try_from(left.as_millis()).unwrap());
            self.take_all();
        }
    }

    fn probe(&mut self, request: Request) -> (proto::MeshPacket, proto::Data) {
        self.session.request(self.now, request);
        let packet = self.take_packet();
        match packet.payload_variant.clone() {
            Some(mesh_packet::PayloadVariant::Decoded(data)) => (packet, data),
            other => panic!("no data: {other:?}"),
        }
    }
}

#[test]
fn a_traceroute_asks_as_far_as_the_node_is_set_to_and_waits_a_minute() {
    let mut rig = Rig::steady();
    let (packet, data) = rig.probe(Request::Traceroute(Ticket(1), FRIEND));
    assert_eq!((packet.from, packet.to), (OWN.0, FRIEND.0));
    assert_eq!((packet.hop_limit, packet.want_ack), (5, false));
    assert_eq!(data.portnum, PortNum::TracerouteApp as i32);
    assert!(data.want_response && data.payload.is_empty());
    rig.pass(59_999);
    assert_eq!(rig.outcomes(), []);
    rig.pass(1);
    assert_eq!(rig.outcomes(), [(1, Outcome::Failed(Failure::NoAnswer))]);
}

#[test]
fn a_node_is_asked_who_it_is_by_saying_who_we_are() {
    let mut rig = Rig::steady();
    let (packet, data) = rig.probe(Request::NodeInfo(FRIEND));
    assert_eq!((packet.from, packet.to), (OWN.0, FRIEND.0));
    assert_eq!(packet.hop_limit, 5);
    assert_eq!(data.portnum, PortNum::NodeinfoApp as i32);
    assert!(data.want_response);
    let user = proto::User::decode(&data.payload[..]).unwrap();
    assert_eq!(Some(user), node_info(OWN).user);
}

#[test]
fn a_text_goes_out_on_its_channel_and_never_on_one_that_is_off() {
    let mut rig = Rig::steady();
    let identity = rig.session.identity.as_mut().unwrap();
    identity.channels[2].enabled = true;
    let direct = |channel| Target::Node {
        num: FRIEND,
        channel: ChannelIndex(channel),
    };
    for (ticket, target, channel) in [
        (1, Target::Channel(ChannelIndex(2)), 2),
        (2, direct(2), 2),
        (3, direct(3), 0),
    ] {
        assert_eq!(rig.sent(ticket, target).channel, channel, "{target:?}");
        rig.pass(2_500);
    }
    rig.events();
    let off = Target::Channel(ChannelIndex(3));
    rig.send(4, answer(off, Keep::For(REPLY_EXPIRY)));
    assert!(rig.take().is_empty());
    assert_eq!(
        rig.outcomes(),
        [(4, Outcome::Dropped(DropReason::NoChannel))]
    );
    assert_eq!(rig.gate.waiting(), 0);
    // It holds up nobody for longer than a text that was written.
    rig.send(5, answer(PUBLIC, Keep::For(REPLY_EXPIRY)));
    rig.wait(2_500);
    assert_eq!(rig.take_packet().channel, 0);
}

/// features.md B15, as the firmware does it; more than 7 garbles the packet
/// (protocol.md §4.2).
#[test]
fn an_answer_goes_as_far_as_its_question_came() {
    let limit = |set, hops_used, for_others| {
        let mut rig = Rig::steady();
        rig.session.identity.as_mut().unwrap().lora.hop_limit = set;
        let mut text = answer(DIRECT, Keep::For(REPLY_EXPIRY));
        text.hops_used = hops_used;
        text.for_others = for_others;
        rig.send(1, text);
        rig.take_packet().hop_limit
    };
    let limits =
        |set, others| [0, 1, 2, 3, 4, 5, 6, 7].map(|it| limit(set, Hops::Known(it), others));
    assert_eq!(limits(3, false), [2, 3, 3, 3, 4, 5, 6, 7]);
    assert_eq!(limits(3, true), [3, 3, 3, 3, 4, 5, 6, 7]);
    assert_eq!(limits(7, false), [2, 3, 4, 5, 6, 7, 7, 7]);
    assert_eq!(limits(1, false), [1, 1, 2, 3, 4, 5, 6, 7]);
    for (set, used, hops) in [
        (2, Hops::Unknown, 2),
        (200, Hops::Unknown, 7),
        (3, Hops::Known(200), 7),
    ] {
        assert_eq!(limit(set, used, false), hops, "{set} {used:?}");
    }
}

/// protocol.md §4.6: some nodes tell of a full queue once and never again.
#[test]
fn a_node_that_does_not_report_is_written_to_after_six_questions() {
    let mut rig = Rig::steady();
    rig.give(From::QueueStatus(status(0, 0x7777, 0)));
    let since = rig.now.mono;
    rig.send(1, answer(PUBLIC, Keep::For(REPLY_EXPIRY)));
    let mut asked = 0;
    loop {
        for message in rig.take_all() {
            match message {
                To::Heartbeat(_) => asked += 1,
                To::Packet(_) => {
                    let waited = rig.now.mono - since;
                    assert_eq!((asked, waited), (6, Duration::from_secs(18)));
                    return;
                }
                other => panic!("{other:?}"),
            }
        }
        rig.wait(3_000);
    }
}

#[test]
fn a_text_that_the_queue_calls_too_early_goes_again_after_five_seconds() {
    let mut rig = Rig::steady();
    let first = rig.sent(1, PUBLIC);
    let since = rig.now.mono;
    rig.give(From::QueueStatus(status(15, first.id, 38)));
    rig.give(From::QueueStatus(status(15, first.id, 38)));
    rig.wait(60_000);
    let again = rig.take_packet();
    assert_eq!(rig.now.mono - since, Duration::from_secs(5));
    assert_eq!(first.payload_variant, again.payload_variant);
    assert_eq!(rig.outcomes(), []);
}

#[test]
fn a_traceroute_ends_by_a_refusal_and_not_by_an_acknowledgement() {
    for (reason, outcomes) in [
        (0, vec![]),
        (8, vec![(1, Outcome::Failed(Failure::Nak(8)))]),
    ] {
        let mut rig = Rig::steady();
        let (packet, _) = rig.probe(Request::Traceroute(Ticket(1), FRIEND));
        rig.give(From::Packet(ack(OWN, PacketId(packet.id), reason)));
        assert_eq!(rig.outcomes(), outcomes);
    }
}

#[test]
fn the_answer_to_a_traceroute_is_known_as_such() {
    let mut rig = Rig::steady();
    let (packet, _) = rig.probe(Request::Traceroute(Ticket(1), FRIEND));
    let mut data = data(PortNum::TracerouteApp, b"");
    data.request_id = packet.id;
    let response = proto::MeshPacket {
        to: OWN.0,
        ..heard(FRIEND, 9, data)
    };
    rig.give(From::Packet(response));
    let traced: Vec<_> = (rig.events().into_iter())
        .filter_map(|event| match event {
            Event::Packet(received) => received.traceroute,
            _ => None,
        })
        .collect();
    assert_eq!(traced, [Ticket(1)]);
}

/// protocol.md §4.5: the node drops what comes sooner.
#[test]
fn questions_to_single_nodes_keep_their_distance() {
    let traceroute = |ticket| Request::Traceroute(Ticket(ticket), FRIEND);
    let who = |ticket: u64| Request::NodeInfo(NodeNum(100 + u32::try_from(ticket).unwrap()));
    let requests: [(&dyn Fn(u64) -> Request, u64); 2] = [(&traceroute, 32), (&who, 11)];
    for (request, secs) in requests {
        let mut rig = Rig::steady();
        for ticket in 1..=3 {
            rig.session.request(rig.now, request(ticket));
        }
        let mut at = Vec::new();
        let start = rig.now.mono;
        while rig.now.mono < start + Duration::from_secs(3 * secs) {
            if !rig.take().is_empty() {
                at.push((rig.now.mono - start).as_secs());
            }
            rig.wait(1_000);
        }
        assert_eq!(at, [0, secs, 2 * secs]);
    }
}

#[test]
fn whoever_has_no_place_in_the_queue_learns_it() {
    let mut rig = Rig::steady();
    rig.give(From::QueueStatus(status(0, 0, 0)));
    let scheduled = Text {
        class: Class::Scheduled,
        ..answer(PUBLIC, Keep::Always)
    };
    for ticket in 0..64 {
        rig.send(ticket, scheduled.clone());
    }
    assert_eq!((rig.outcomes(), rig.gate.waiting()), (vec![], 64));
    rig.send(64, answer(PUBLIC, Keep::For(REPLY_EXPIRY)));
    let full = Outcome::Dropped(DropReason::QueueFull);
    assert_eq!((rig.outcomes(), rig.gate.waiting()), (vec![(0, full)], 64));
    let probes = 100..200;
    for ticket in probes.clone() {
        let request = Request::Traceroute(Ticket(ticket), FRIEND);
        rig.session.request(rig.now, request);
    }
    let outcomes = rig.outcomes();
    assert!(outcomes.len() > 50 && outcomes.contains(&(199, full)));
    // What is not said within a minute is not said at all.
    rig.give(From::QueueStatus(status(0, 0, 0)));
    for _ in 0..61 {
        rig.wait(1_000);
        rig.take_all();
        rig.give(From::QueueStatus(status(0, 0, 0)));
    }
    assert!(rig.outcomes().contains(&(64, Outcome::Expired)));
    assert_eq!(rig.gate.waiting(), 63);
}

#[test]
fn what_comes_after_the_goodbye_is_dropped() {
    let mut rig = Rig::steady();
    rig.session.request(rig.now, Request::Stop);
    rig.send(1, answer(PUBLIC, Keep::Always));
    let stopping = Outcome::Dropped(DropReason::Stopping);
    assert_eq!(rig.outcomes(), [(1, stopping)]);
    assert_eq!(rig.gate.waiting(), 0);
}

#[test]
fn a_socket_that_takes_nothing_for_half_a_minute_is_dead() {
    let mut rig = Rig::steady();
    rig.send(1, answer(PUBLIC, Keep::For(REPLY_EXPIRY)));
    assert!(!rig.session.output().is_empty());
    rig.now = rig.now.plus(Duration::from_millis(29_999));
    rig.session.tick(rig.now);
    assert_eq!(rig.session.verdict, None);
    rig.now = rig.now.plus(Duration::from_millis(1));
    rig.session.tick(rig.now);
    assert_eq!(rig.session.verdict, Some(Loss::WriteStalled));
}
