//! Who is answered where: channels and their rules, direct messages, MQTT, from afar.

use super::*;

/// features.md J8.
#[test]
fn a_channel_may_have_a_language_of_its_own() {
    let mut rig = rig(|settings| {
        let rules = ChannelRules {
            language: Some(Lang::De),
            ..ChannelRules::default()
        };
        settings.channels.insert(ChannelIndex(1), rules);
    });
    assert_eq!(rig.say(ALICE, ALL, "/ping"), on_channel("🏓 pong · 1 Hop"));
    assert_eq!(rig.say(ALICE, OWN, "/ping"), to_alice(PONG));
    let list = rig.say(ALICE, ALL, "/info alice");
    assert!(list[0].contains("Antworte"), "{list:?}");
}

/// features.md C5, A17: lists, missing and disabled channels.
#[test]
fn channels_have_their_own_rules() {
    let mut rig = rig(|settings| {
        let rules = ChannelRules {
            commands: Some(["ping".to_owned()].into()),
            ..ChannelRules::default()
        };
        settings.channels.insert(ChannelIndex(1), rules);
        settings.bot.channels = Some([0, 1, 5].map(ChannelIndex).into());
    });
    let mut ask = |channel, text| {
        let mut question = received(ALICE, ALL, text);
        question.packet.channel = ChannelIndex(channel);
        rig.hear(question).len()
    };
    assert_eq!((ask(1, "/ping"), ask(1, "/my")), (1, 0));
    assert_eq!((ask(0, "/ping"), ask(0, "/my")), (1, 1));
    assert_eq!(ask(2, "/ping"), 0, "not configured");
    assert_eq!(ask(5, "/ping"), 0, "the node does not have it");
    assert_eq!(rig.say(ALICE, OWN, "/my").len(), 1);
}

/// features.md C6.
#[test]
fn each_mode_answers_in_its_place() {
    for (mode, expected) in [
        (Mode::Public, on_channel(PONG)),
        (Mode::Direct, vec![]),
        (Mode::Private, to_alice(PONG)),
    ] {
        let mut rig = rig(|settings| {
            let rules = CommandRules {
                mode: Some(mode),
                ..CommandRules::default()
            };
            settings.commands.insert("ping".into(), rules);
        });
        assert_eq!(rig.say(ALICE, ALL, "/ping"), expected, "{mode:?}");
        assert_eq!(rig.say(ALICE, OWN, "/ping"), to_alice(PONG));
    }
}

#[test]
fn what_is_switched_off_does_not_exist() {
    let mut rig = rig(|settings| {
        let off = CommandRules {
            enabled: false,
            ..CommandRules::default()
        };
        settings.commands.insert("echo".into(), off);
    });
    assert_eq!(rig.say(ALICE, ALL, "/echo hi"), NOTHING);
    let help = rig.say(ALICE, OWN, "/help");
    assert!(!help[0].contains("/echo"), "{help:?}");
}

/// features.md C13.
#[test]
fn public_questions_from_afar_are_left_to_others() {
    let mut rig = rig(|settings| settings.bot.max_hops = 3);
    for (to, hops, answers) in [
        (ALL, Hops::Known(3), 1),
        (ALL, Hops::Known(5), 0),
        (ALL, Hops::Unknown, 1),
        (OWN, Hops::Known(5), 1),
    ] {
        let mut question = received(ALICE, to, "/ping");
        question.packet.hops = hops;
        assert_eq!(rig.hear(question).len(), answers, "{to} {hops:?}");
    }
}

/// features.md C10: what is said in private takes nothing from the channel.
#[test]
fn private_answers_to_public_questions_cost_the_channel_nothing() {
    let mut rig = rig(|settings| settings.limits.per_channel.count = 1);
    rig.step = Duration::ZERO;
    for who in 100..105 {
        assert_eq!(rig.say(NodeNum(who), ALL, "/legend").len(), 1, "{who}");
    }
    assert_eq!(rig.say(ALICE, ALL, "/ping"), on_channel(PONG));
    assert_eq!(rig.say(BOB, ALL, "/ping"), NOTHING);
}

/// features.md C14.
#[test]
fn mqtt_is_answered_ignored_or_answered_in_private() {
    let pong = "🏓 pong · via MQTT · 1 hop";
    for (policy, expected) in [
        (Mqtt::Answer, on_channel(pong)),
        (Mqtt::Ignore, vec![]),
        (Mqtt::Private, to_alice(pong)),
    ] {
        let mut rig = rig(|settings| settings.bot.mqtt = policy);
        let mut question = received(ALICE, ALL, "/ping");
        question.packet.via_mqtt = true;
        assert_eq!(rig.hear(question), expected, "{policy:?}");
    }
}

/// features.md C16.
#[test]
fn two_bots_do_not_keep_each_other_busy() {
    let mut rig = rig(|_| {});
    rig.step = Duration::from_secs(1);
    let mut reply = received(ALICE, OWN, "/ping");
    reply.answers_ours = true;
    assert_eq!(rig.hear(reply), NOTHING, "an answer to us is no question");
    let answers: Vec<_> = (0..6).map(|_| rig.say(BOB, OWN, "ping").len()).collect();
    assert_eq!(answers, [1, 1, 1, 1, 0, 0], "the fourth says how else");
    assert_eq!(rig.say(BOB, OWN, "/ping").len(), 1, "with its mark");
    rig.pass(600);
    assert_eq!(rig.say(BOB, OWN, "ping").len(), 1);
}

/// features.md C24, A9, A10.
#[test]
fn only_what_is_asked_now_is_answered() {
    let mut rig = rig(|_| {});
    for (age, standing, answers) in [
        (Some(300), Standing::Live, 1),
        (Some(301), Standing::Live, 0),
        (None, Standing::Backlog, 0),
        (None, Standing::Replay, 0),
    ] {
        let mut question = received(ALICE, OWN, "/ping");
        (question.age, question.standing) = (age, standing);
        assert_eq!(rig.hear(question).len(), answers, "{age:?} {standing:?}");
    }
}

/// protocol.md §5.1: 0 is nobody's number, nobody could be answered.
#[test]
fn a_text_from_nobody_is_not_answered() {
    let mut rig = rig(|_| {});
    assert_eq!(rig.say(NodeNum(0), ALL, "/ping"), NOTHING);
    assert_eq!(rig.say(NodeNum(0), OWN, "/ping"), NOTHING);
    assert_eq!(rig.say(ALL, ALL, "/ping"), NOTHING);
}

/// features.md B11, B12, B15.
#[test]
fn an_answer_goes_back_the_way_that_the_question_came() {
    let mut rig = rig(|_| {});
    rig.step = Duration::ZERO;
    for (to, channel, target) in [
        (ALL, 2, Target::Channel(ChannelIndex(2))),
        (
            OWN,
            1,
            Target::Node {
                num: ALICE,
                channel: ChannelIndex(1),
            },
        ),
    ] {
        let mut question = received(ALICE, to, "/ping");
        question.packet.channel = ChannelIndex(channel);
        let id = question.packet.id;
        rig.bot.handle(rig.now, Event::Packet(Box::new(question)));
        let texts = rig.far.texts();
        assert_eq!(texts.len(), 1);
        assert_eq!(texts[0].target, target);
        assert_eq!(texts[0].reply_to, Some(id));
        assert_eq!(texts[0].hops_used, Hops::Known(1));
        assert_eq!(&*texts[0].command, "/ping");
    }
}
