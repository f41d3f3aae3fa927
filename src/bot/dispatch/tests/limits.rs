//! Many questions at once, and what each costs.

use super::*;

/// features.md C8, C10.
#[test]
fn twenty_pings_are_five_answers_and_one_notice() {
    let mut rig = rig(|_| {});
    rig.step = Duration::from_secs(1);
    let said: Vec<_> = (0..20).flat_map(|_| rig.say(ALICE, ALL, "/ping")).collect();
    assert_eq!(said.len(), 6);
    assert_eq!(said[4..5], on_channel(PONG));
    assert!(said[5].contains("Many questions"), "{said:?}");
    assert_eq!(rig.bot.tally().answered, 5);
    assert_eq!(rig.bot.tally().refused, 15);
    // The others are not bothered by it.
    assert_eq!(rig.say(BOB, ALL, "/ping"), on_channel(PONG));
}

/// features.md C9.
#[test]
fn a_crowd_gets_what_channel_and_node_can_carry() {
    let few = |count| Rate {
        count,
        per: Duration::from_secs(600),
    };
    for (per_channel, total, expected) in [(12, 60, 12), (30, 7, 7)] {
        let mut rig = rig(|settings| {
            settings.limits.per_channel = few(per_channel);
            settings.limits.total = few(total);
        });
        rig.step = Duration::ZERO;
        // Half of it goes to whoever comes, all of it to the town (C25).
        let mut say = |who| rig.say(NodeNum(who), ALL, "/ping").len();
        assert_eq!(
            (500..530).map(&mut say).sum::<usize>(),
            usize::div_ceil(expected, 2)
        );
        assert_eq!(REGULARS.map(&mut say).sum::<usize>(), expected / 2);
    }
}

/// features.md B17.
#[test]
fn those_who_ask_the_same_are_answered_together() {
    let mut rig = rig(|settings| settings.limits.per_channel.count = 3);
    rig.step = Duration::from_secs(5);
    let legend = |rig: &mut Rig, who, to| rig.say(NodeNum(who), to, "/weather help").len();
    let answers: Vec<_> = (100..107).map(|who| legend(&mut rig, who, ALL)).collect();
    assert_eq!(answers, [1, 0, 0, 0, 0, 0, 1]);
    assert_eq!(
        legend(&mut rig, 107, OWN),
        1,
        "directly everybody has his own"
    );
    let tally = rig.bot.tally();
    assert_eq!((tally.answered, tally.together, tally.refused), (3, 5, 0));
    // What was not said did not cost the channel anything.
    assert_eq!(rig.say(BOB, ALL, "/ping"), on_channel(PONG));
    assert_eq!(rig.say(BOB, ALL, "/ping"), NOTHING);
    // Another channel has heard nothing.
    let mut elsewhere = received(NodeNum(110), ALL, "/weather help");
    elsewhere.packet.channel = ChannelIndex(2);
    assert_eq!(rig.hear(elsewhere).len(), 1);
    // Not even the same words, when the answer is about the asker.
    assert_eq!(rig.say(NodeNum(111), OWN, "/ping").len(), 1);
}

/// features.md B17: an answer that went wrong has answered nobody, and whoever
/// was to read it gets his own.
#[test]
fn a_failed_answer_is_said_again_for_the_others() {
    let mut rig = rig(|_| {});
    rig.step = Duration::from_secs(2);
    let said = rig.say(ALICE, ALL, "/help");
    rig.now = rig.now.plus(Duration::from_secs(60));
    let question = Event::Packet(Box::new(received(ALICE, ALL, "/help")));
    rig.bot.handle(rig.now, question);
    let Ok(Request::Text(ticket, text)) = rig.far.requests.try_recv() else {
        panic!("no answer");
    };
    // Bob may be further away than Alice was.
    assert!(text.for_others);
    assert_eq!(rig.say(BOB, ALL, "/help"), NOTHING);
    assert_eq!(rig.bot.tally().together, 1);
    let outcome = Outcome::Failed(Failure::Nak(5));
    rig.bot.handle(rig.now, Event::Outcome(ticket, outcome));
    assert_eq!(rig.sent(), said);
    let tally = rig.bot.tally();
    assert_eq!((tally.answered, tally.together), (3, 0));
    // The outcome of the first says nothing about the second.
    rig.bot.handle(rig.now, Event::Outcome(ticket, outcome));
    assert_eq!(rig.say(NodeNum(100), ALL, "/help"), NOTHING);
}

/// The rest of an answer belongs to everybody who was answered by it.
#[test]
fn more_is_for_those_answered_together_too() {
    let mut rig = rig(|settings| {
        settings.bot.part_limit = 60;
        settings.bot.max_parts = 1;
    });
    rig.step = Duration::from_secs(5);
    let help = rig.say(ALICE, ALL, "/weather help");
    assert!(help[0].ends_with("/more"), "{help:?}");
    assert_eq!(rig.say(BOB, ALL, "/weather help"), NOTHING);
    let more = rig.say(BOB, ALL, "/more");
    assert_eq!(more, rig.say(ALICE, ALL, "/more"));
    assert_eq!(more.len(), 1);
}

/// A sentence that fits every question answers only the one that was asked.
#[test]
fn an_excuse_is_for_one_question() {
    let mut rig = rig_with(
        |_| {},
        Some(Box::new(Idle { takes: true })),
        Before::default(),
    );
    rig.step = Duration::from_secs(1);
    for (who, text) in [
        (100, "/rain paris"),
        (101, "/weather rome"),
        (102, "/RAIN paris"),
    ] {
        assert_eq!(rig.say(NodeNum(who), ALL, text), NOTHING);
    }
    rig.pass(30);
    rig.bot.tick(rig.now);
    assert_eq!(rig.sent().len(), 2);
    let tally = rig.bot.tally();
    assert_eq!((tally.answered, tally.together), (2, 1));
}

/// features.md D19.
#[test]
fn echoes_are_rare() {
    let mut rig = rig(|_| {});
    assert_eq!(
        rig.say(ALICE, ALL, "/echo hi all"),
        on_channel("ALB: hi all")
    );
    let notice = rig.say(ALICE, ALL, "/echo hi all");
    assert!(notice[0].contains("Many questions"), "{notice:?}");
    assert_eq!(rig.say(ALICE, ALL, "/echo hi all"), NOTHING);
    rig.pass(600);
    assert_eq!(
        rig.say(ALICE, ALL, "/echo hi all"),
        on_channel("ALB: hi all")
    );
}

/// Nothing was said, so that nothing is used up (and nobody asks too much).
#[test]
fn what_is_not_answered_costs_nothing() {
    let mut rig = rig(|_| {});
    rig.step = Duration::from_millis(100);
    for _ in 0..20 {
        assert_eq!(rig.say(ALICE, ALL, "/echo"), NOTHING);
        assert_eq!(rig.say(ALICE, ALL, "/info"), NOTHING);
    }
    assert_eq!(rig.say(ALICE, ALL, "/echo hello").len(), 1);
    for _ in 0..4 {
        assert_eq!(rig.say(ALICE, ALL, "/ping"), on_channel(PONG));
    }
    let slower = rig.say(ALICE, ALL, "/ping");
    assert!(slower[0].contains("wait a few minutes"), "{slower:?}");
}

#[test]
fn a_notice_takes_nothing_off_the_desk() {
    let mut rig = rig(|settings| {
        settings.bot.part_limit = 60;
        settings.bot.max_parts = 1;
        settings.limits.per_sender.count = 1;
    });
    rig.step = Duration::from_secs(1);
    let first = rig.say(ALICE, OWN, "/weather help");
    assert!(first[0].ends_with("…/more"), "{first:?}");
    let notice = rig.say(ALICE, OWN, "/more");
    assert!(notice[0].contains("Many questions"), "{notice:?}");
    rig.pass(300);
    let rest = rig.say(ALICE, OWN, "/more");
    assert!(rest[0].contains('/'), "{rest:?}");
}

/// Only what is answered costs a token, in every bucket.
#[test]
fn an_echo_that_the_channel_refused_is_not_counted() {
    let mut rig = rig(|settings| {
        settings.limits.per_channel = Rate {
            count: 1,
            per: Duration::from_secs(60),
        };
    });
    rig.step = Duration::from_secs(1);
    assert_eq!(rig.say(BOB, ALL, "/ping"), on_channel(PONG));
    assert_eq!(rig.say(ALICE, ALL, "/echo hi"), NOTHING);
    rig.pass(60);
    assert_eq!(rig.say(ALICE, ALL, "/echo hi"), on_channel("ALB: hi"));
}

/// features.md C10.
#[test]
fn a_refused_hint_is_no_lost_notice() {
    let mut rig = rig(|settings| settings.limits.per_sender.count = 1);
    rig.step = Duration::from_secs(1);
    assert_eq!(rig.say(ALICE, OWN, "/ping"), to_alice(PONG));
    let talk = ["what is this?", "/ping", "/ping"];
    let said: Vec<_> = talk
        .iter()
        .flat_map(|text| rig.say(ALICE, OWN, text))
        .collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("Many questions"), "{said:?}");
}
