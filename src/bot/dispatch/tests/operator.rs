//! What only the operator may, and a bot that is muted.

use super::*;

/// features.md C18.
#[test]
fn a_muted_bot_listens_to_its_operator_only() {
    let mut rig = rig(|_| {});
    let muted = rig.order(OWN, "/mute 10", Some(KEY));
    assert_eq!(
        muted,
        [format!("{BOSS} 🔇 Muted for 10 min. /unmute ends it.")]
    );
    assert_eq!(rig.kept.try_recv(), Ok(Some(rig.now.unix + 600)));
    assert_eq!(rig.say(ALICE, ALL, "/ping"), NOTHING);
    assert_eq!(rig.say(ALICE, OWN, "hello?"), NOTHING);
    assert_eq!(rig.order(OWN, "/ping", Some(KEY)), NOTHING);
    rig.pass(600);
    assert_eq!(rig.say(ALICE, ALL, "/ping"), on_channel(PONG));
    rig.order(OWN, "/mute", Some(KEY));
    assert_eq!(rig.kept.try_recv(), Ok(Some(u64::MAX)));
    assert_eq!(rig.say(ALICE, OWN, "/ping"), NOTHING);
    rig.order(OWN, "/unmute", Some(KEY));
    assert_eq!(rig.kept.try_recv(), Ok(None));
    assert_eq!(rig.say(ALICE, OWN, "/ping"), to_alice(PONG));
}

#[test]
fn a_bot_stays_muted_over_a_restart() {
    let before = Before {
        muted_until: Some(u64::MAX),
        ..Before::default()
    };
    let mut rig = rig_with(|_| {}, None, before);
    assert_eq!(rig.say(ALICE, OWN, "/ping"), NOTHING);
    assert_eq!(rig.order(OWN, "/unmute", Some(KEY)).len(), 1);
    assert_eq!(rig.kept.try_recv(), Ok(None));
}

#[test]
fn an_errand_ends_silently_when_the_bot_was_muted_meanwhile() {
    let mut rig = rig(|_| {});
    rig.say(ALICE, ALL, "/fetch");
    rig.order(OWN, "/mute", Some(KEY));
    assert_eq!(rig.finish(), NOTHING);
}

/// features.md L1.
#[test]
fn orders_need_number_and_key_and_a_direct_message() {
    let mut rig = rig(|_| {});
    assert_eq!(rig.order(OWN, "/mute", None), NOTHING, "in the open");
    assert_eq!(rig.order(OWN, "/mute", Some([8; 32])), NOTHING, "wrong key");
    assert_eq!(rig.order(ALL, "/mute", Some(KEY)), NOTHING, "on a channel");
    let mut stranger = received(ALICE, OWN, "/mute");
    stranger.packet.sender_key = Some(KEY);
    assert_eq!(rig.hear(stranger), NOTHING, "wrong number");
    assert!(rig.kept.is_empty());
    assert_eq!(rig.order(OWN, "/mute", Some(KEY)).len(), 1);
    // What belongs to the operator is not even listed for others.
    rig.order(OWN, "/unmute", Some(KEY));
    assert!(rig.order(OWN, "/help operator", Some(KEY))[0].contains("/mute "));
    assert!(!rig.order(OWN, "/help", None)[0].contains(" mute "));
}

/// The same as the node delivers it: the key stands in the packet, and nothing
/// says that the message was opened with it.
#[test]
fn an_order_with_the_key_but_without_its_seal_is_not_obeyed() {
    let mut rig = rig(|_| {});
    for (sealed, key, answers) in [(false, KEY, 0), (true, [8; 32], 0), (true, KEY, 1)] {
        let mut order = received(BOSS, OWN, "/mute");
        let data = proto::Data {
            portnum: PortNum::TextMessageApp as i32,
            payload: b"/mute".to_vec(),
            ..proto::Data::default()
        };
        order.packet = Packet::from_wire(&proto::MeshPacket {
            from: BOSS.0,
            to: OWN.0,
            id: 78,
            public_key: key.to_vec(),
            pki_encrypted: sealed,
            payload_variant: Some(mesh_packet::PayloadVariant::Decoded(data)),
            ..proto::MeshPacket::default()
        });
        assert_eq!(rig.hear(order).len(), answers, "{sealed} {key:?}");
        assert_eq!(rig.kept.is_empty(), answers == 0);
    }
}

/// Nothing proves who speaks on a channel, whatever key a packet brings.
#[test]
fn on_a_channel_the_operator_is_anybody() {
    let mut rig = rig(|_| {});
    rig.step = Duration::ZERO;
    let answers = |rig: &mut Rig, to| -> usize {
        let asked = (0..8).map(|_| rig.order(to, "/ping", Some(KEY)).len());
        asked.sum()
    };
    assert_eq!(answers(&mut rig, OWN), 8, "no limit for him");
    assert_eq!(answers(&mut rig, ALL), 6, "five answers and one notice");
}

#[test]
fn a_muted_bot_does_not_tell_the_channel_of_a_missing_key() {
    let mut rig = rig(|_| {});
    let question = Event::Packet(Box::new(received(ALICE, ALL, "/sys")));
    rig.bot.handle(rig.now, question);
    let Ok(Request::Text(ticket, _)) = rig.far.requests.try_recv() else {
        panic!("no answer");
    };
    rig.order(OWN, "/mute", Some(KEY));
    let outcome = Outcome::Failed(Failure::Nak(39));
    rig.bot.handle(rig.now, Event::Outcome(ticket, outcome));
    assert_eq!(rig.sent(), NOTHING);
}

#[test]
fn a_command_can_be_kept_for_the_operator() {
    let mut rig = rig(|settings| {
        let rules = CommandRules {
            operator_only: true,
            ..CommandRules::default()
        };
        settings.commands.insert("echo".into(), rules);
    });
    assert_eq!(rig.say(ALICE, OWN, "/echo hi"), NOTHING);
    assert_eq!(rig.order(ALL, "/echo hi", None), NOTHING);
    assert_eq!(rig.order(OWN, "/echo hi", Some(KEY)).len(), 1);
}

/// The operator's silence ends the sessions of everybody, for good.
#[test]
fn muted_there_are_no_more_pongs() {
    let mut rig = rig(|_| {});
    rig.step = Duration::from_secs(1);
    let first = rig.say(ALICE, OWN, "/ping 3");
    assert_eq!(first, to_alice("🏓 pong 1/3 · 1 hop"));
    rig.pass(30);
    rig.bot.tick(rig.now);
    assert_eq!(rig.sent(), to_alice("🏓 pong 2/3"));
    rig.order(OWN, "/mute 5", Some(KEY));
    assert!(rig.bot.deadline().is_none());
    rig.order(OWN, "/unmute", Some(KEY));
    rig.pass(600);
    rig.bot.tick(rig.now);
    assert_eq!(rig.sent(), NOTHING);
}

/// A board without a clock of its own is told the time after the order.
#[test]
fn setting_the_clock_does_not_end_a_mute() {
    for (before, after) in [(1_000, 10_000_000), (10_000_000, 1_000)] {
        let mut rig = rig(|_| {});
        rig.now.unix = before;
        assert_eq!(rig.order(OWN, "/mute 60", Some(KEY)).len(), 1);
        rig.now.unix = after;
        assert_eq!(rig.say(ALICE, OWN, "/ping"), NOTHING);
        rig.pass(3_600);
        assert_eq!(rig.say(ALICE, OWN, "/ping"), to_alice(PONG));
    }
}
