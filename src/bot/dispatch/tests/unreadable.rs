//! Those who cannot read a private answer.

use super::*;

/// features.md B16.
#[test]
fn a_missing_key_costs_one_request_and_one_notice_an_hour() {
    key_trouble(Failure::Nak(39), "I can't");
}

/// Whoever was flashed anew cannot read what our node sends.
#[test]
fn a_newly_flashed_user_is_told_on_the_channel_once_an_hour() {
    key_trouble(Failure::Unreadable, "your node cannot read");
}

fn key_trouble(failure: Failure, notice: &str) {
    let mut rig = rig(|_| {});
    let fail = |rig: &mut Rig, secs| {
        rig.pass(secs);
        let question = received(ALICE, ALL, "/sys");
        rig.bot.handle(rig.now, Event::Packet(Box::new(question)));
        let Ok(Request::Text(ticket, _)) = rig.far.requests.try_recv() else {
            panic!("no answer");
        };
        let outcome = Outcome::Failed(failure);
        rig.bot.handle(rig.now, Event::Outcome(ticket, outcome));
        let mut seen = Vec::new();
        for request in rig.far.requests.try_iter() {
            match request {
                Request::NodeInfo(num) => seen.push(format!("who is {num}")),
                Request::Text(_, text) => seen.push(format!("{:?} {}", text.target, text.text)),
                other => panic!("{other:?}"),
            }
        }
        seen
    };
    let seen = fail(&mut rig, 60);
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert_eq!(seen[0], format!("who is {ALICE}"));
    let notice = format!("Channel(ChannelIndex(1)) Alice Base: {notice}");
    assert!(seen[1].starts_with(&notice), "{seen:?}");
    assert_eq!(fail(&mut rig, 60), NOTHING);
    assert_eq!(fail(&mut rig, 3_539), NOTHING, "the hour is not over");
    let again = fail(&mut rig, 1);
    assert_eq!(again.len(), 2);
    assert!(again[1].ends_with("/keys says more."), "{again:?}");
    assert_eq!(rig.bot.tally().key_trouble, 4);
    // Where nobody may ask that, nobody is sent to it.
    let only_there = CommandRules {
        mode: Some(Mode::Direct),
        ..CommandRules::default()
    };
    rig.bot
        .settings
        .commands
        .insert("keys".to_owned(), only_there);
    let again = fail(&mut rig, 3_600);
    assert!(!again[1].contains("/keys"), "{again:?}");
}

/// What he can do about it is nothing private (findings R2): it is said where he reads
/// it, for as long as it is so.
#[test]
fn about_his_own_key_somebody_is_told_where_he_can_read_it() {
    let mut rig = rig(|_| {});
    let keys = |rig: &mut Rig, args: &str| rig.say(ALICE, ALL, &format!("/keys{args}"));
    let is_private = |said: &[String]| said[0].starts_with(&format!("{ALICE} 🔑 0 with a key"));
    let said = keys(&mut rig, "");
    assert!(is_private(&said), "{said:?}");
    rig.say(ALICE, ALL, "/sys");
    let question = received(ALICE, ALL, "/sys");
    rig.bot.handle(rig.now, Event::Packet(Box::new(question)));
    let Ok(Request::Text(ticket, _)) = rig.far.requests.try_recv() else {
        panic!("no answer");
    };
    // An older key of our node's is as bad as a newer one of his.
    let outcome = Outcome::Failed(Failure::Nak(35));
    rig.bot.handle(rig.now, Event::Outcome(ticket, outcome));
    rig.sent();
    for args in ["", " alb", " !1111aaaa"] {
        let public = keys(&mut rig, args);
        assert!(
            public[0].starts_with("#1 🔑 Alice Base aaaa:"),
            "{args} {public:?}"
        );
    }
    // In a direct message, should he read it, everything is as ever.
    let direct = rig.say(ALICE, OWN, "/keys");
    assert!(is_private(&direct), "{direct:?}");
    // What came through MQTT stays as private as the operator wants it.
    let mut far = received(ALICE, ALL, "/keys");
    far.packet.via_mqtt = true;
    rig.bot.settings.bot.mqtt = Mqtt::Private;
    let private = rig.hear(far);
    assert!(private[0].starts_with(&ALICE.to_string()), "{private:?}");
    // Of others he is told in private, and others of him.
    assert!(keys(&mut rig, " alm")[0].starts_with(&ALICE.to_string()));
    let other = rig.say(BOB, ALL, "/keys alb");
    assert!(other[0].starts_with(&BOB.to_string()), "{other:?}");
    assert!(rig.say(ALICE, ALL, "/sys")[0].starts_with(&ALICE.to_string()));
    rig.pass(3_600);
    let said = keys(&mut rig, "");
    assert!(is_private(&said), "{said:?}");
}
