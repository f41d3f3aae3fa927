//! Answers on their way: links that are down, full queues, errands that hang.

use super::*;

/// features.md C19: what somebody writes to the bot alone stays out of the log
/// unless its operator wants it there.
#[test]
fn the_arguments_of_direct_questions_are_not_told_to_the_log() {
    for (logged, to, text, line) in [
        (false, OWN, "/echo my secret", "/echo"),
        (false, OWN, "echo my secret", "/echo"),
        (false, OWN, "my secret is", "/help"),
        (false, ALL, "/echo my secret", "/echo my secret"),
        (true, OWN, "/echo my secret", "/echo my secret"),
        (true, OWN, "/info #2", "/info #2"),
    ] {
        let mut rig = rig(|settings| settings.log_direct_texts = logged);
        let question = Event::Packet(Box::new(received(ALICE, to, text)));
        rig.bot.handle(rig.now, question);
        let texts = rig.far.texts();
        assert_eq!(&*texts[0].command, line, "{text}");
    }
}

/// seed.md S3, S12 (2).
#[test]
fn without_a_link_nothing_is_sent_and_nothing_breaks() {
    let mut rig = rig(|_| {});
    rig.far.set_up(false);
    rig.bot.handle(rig.now, Event::Lost(Loss::EndOfFile));
    assert_eq!(rig.say(ALICE, ALL, "/ping"), NOTHING);
    assert_eq!(rig.say(ALICE, OWN, "/my"), NOTHING);
    rig.far.set_up(true);
    let again = Identity {
        opened: 2,
        ..identity()
    };
    rig.bot.handle(rig.now, Event::Ready(Box::new(again)));
    let about = rig.say(ALICE, OWN, "/about");
    assert!(
        about[0].contains("reconnects 1 · connections 2"),
        "{about:?}"
    );
}

/// seed.md S11.
#[test]
fn about_shows_the_one_connection() {
    let about = rig(|_| {}).say(ALICE, ALL, "/about");
    assert!(
        about[0].contains("reconnects 0 · connections 1"),
        "{about:?}"
    );
}

#[test]
fn a_broken_command_apologises() {
    let mut rig = rig(|_| {});
    let sorry = to_alice("Sorry, that went wrong.");
    assert_eq!(rig.say(ALICE, OWN, "/boom"), sorry);
    assert_eq!(rig.say(ALICE, OWN, "/ping"), to_alice(PONG));
}

/// features.md C22, C23.
#[test]
fn errands_answer_break_or_take_too_long() {
    let mut rig = rig(|_| {});
    assert_eq!(rig.say(ALICE, ALL, "/fetch"), NOTHING);
    assert_eq!(rig.finish(), on_channel("fetched"));
    assert_eq!(rig.say(ALICE, OWN, "/crash"), NOTHING);
    assert_eq!(rig.finish(), to_alice("Sorry, that went wrong."));
    assert_eq!(rig.bot.deadline(), None);

    // The answer that comes after its time limit is not wanted any more.
    assert_eq!(rig.say(ALICE, OWN, "/fetch"), NOTHING);
    assert_eq!(rig.bot.deadline(), Some(rig.now.mono + TIMEOUT));
    rig.pass(20);
    rig.bot.tick(rig.now);
    let late = to_alice("Sorry, that takes too long. Please try again later.");
    assert_eq!(rig.sent(), late);
    assert_eq!(rig.finish(), NOTHING);
}

#[test]
fn a_hung_errand_holds_up_nobody() {
    let mut rig = rig_with(
        |_| {},
        Some(Box::new(Idle { takes: true })),
        Before::default(),
    );
    assert_eq!(rig.say(ALICE, ALL, "/fetch"), NOTHING);
    assert_eq!(rig.say(ALICE, ALL, "/ping"), on_channel(PONG));
}

#[test]
fn a_full_queue_is_told_in_direct_messages_only() {
    let mut rig = rig_with(
        |_| {},
        Some(Box::new(Idle { takes: false })),
        Before::default(),
    );
    let busy = to_alice("Busy just now, please try again in a minute.");
    assert_eq!(rig.say(ALICE, OWN, "/fetch"), busy);
    assert_eq!(rig.say(ALICE, ALL, "/fetch"), NOTHING);
    assert_eq!(rig.bot.deadline(), None);
}

/// features.md B2.
#[test]
fn the_rest_of_a_long_answer_waits_for_more() {
    let mut rig = rig(|settings| {
        settings.bot.part_limit = 60;
        settings.bot.max_parts = 1;
    });
    let first = rig.say(ALICE, OWN, "/weather help");
    assert!(first[0].ends_with("…/more"), "{first:?}");
    let rest = rig.say(ALICE, OWN, "more");
    assert_eq!(rest.len(), 1);
    assert_ne!(rest, first);
    assert_eq!(
        rig.say(ALICE, ALL, "/more"),
        NOTHING,
        "kept for another place"
    );
}

/// Whom our node knew before it was asked is not new.
#[test]
fn the_node_s_own_list_is_no_news() {
    let new = rig(|_| {}).say(ALICE, OWN, "/nodes new");
    assert_eq!(new, to_alice("New in 24 h: 0"));
}

/// The queue had a place for the first part only.
#[test]
fn parts_that_were_refused_wait_for_more() {
    let small = || rig(|settings| settings.bot.part_limit = 80);
    let body = |part: &String| {
        let body = part.split_once(") ").unwrap().1;
        // An answer never begins like a command.
        body.trim_start_matches("» ").to_owned()
    };
    // The rest may be cut elsewhere.
    let bodies = |parts: &[String]| parts.iter().map(body).collect::<Vec<_>>().join(" ");
    let whole = small().say(ALICE, OWN, "/weather help");
    assert_eq!(whole.len(), 3);
    for waiting in 0..60 {
        let mut rig = small();
        let others = (0..waiting).map(|n| {
            let who = NodeNum(REGULARS.start + n % 30);
            let line = if n < 30 { "/ping" } else { "/about" };
            received(who, OWN, line)
        });
        for question in others.chain([received(ALICE, OWN, "/weather help")]) {
            rig.bot.handle(rig.now, Event::Packet(Box::new(question)));
        }
        let mut said = rig.sent();
        said.retain(|text| text.contains("/3) "));
        if said.len() == 1 {
            let rest = rig.say(ALICE, OWN, "/more");
            assert_eq!(bodies(&rest), bodies(&whole[1..]));
            return;
        }
    }
    panic!("the queue never refused the second part alone");
}
