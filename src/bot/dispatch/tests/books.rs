//! What the bot counts and keeps of what it did.

use crossbeam_channel::bounded;

use super::*;
use crate::bot::run;
use crate::history::{Batch, History};
use crate::link::Clock;
use crate::thread::{Pulse, spawn};

/// A store that a test can look into.
struct Ledger(Sender<Batch>);

impl History for Ledger {
    fn keep(&self, batch: Box<Batch>) -> Result<(), Box<Batch>> {
        self.0.send(*batch).unwrap();
        Ok(())
    }
}

/// A bot with a memory, which comes out at its end.
fn rig_with_memory(change: impl FnOnce(&mut Settings)) -> (Rig, Receiver<Batch>) {
    let mut rig = rig(change);
    let (kept, batches) = bounded(8);
    rig.bot.memory = Some(remember::Memory::new(Box::new(Ledger(kept)), SANITY));
    rig.bot.handle(rig.now, Event::Ready(Box::new(identity())));
    (rig, batches)
}

/// Alice asks, and this becomes of the answer.
fn answered(rig: &mut Rig, outcome: Outcome) {
    rig.pass(60);
    let question = Event::Packet(Box::new(received(ALICE, OWN, "/ping")));
    rig.bot.handle(rig.now, question);
    let Ok(Request::Text(ticket, _)) = rig.far.requests.try_recv() else {
        panic!("no answer");
    };
    let open = |rig: &Rig| rig.bot.held()[1].now;
    assert_eq!(open(rig), 1);
    rig.bot.handle(rig.now, Event::Outcome(ticket, outcome));
    assert_eq!(open(rig), 0);
}

#[test]
fn every_outcome_is_counted_once() {
    let mut rig = rig(|_| {});
    for outcome in [
        Outcome::Relayed,
        Outcome::Sent,
        Outcome::Delivered(Duration::from_secs(1)),
        Outcome::Unknown,
        Outcome::Unknown,
        Outcome::Expired,
        Outcome::Failed(Failure::Nak(5)),
    ] {
        answered(&mut rig, outcome);
    }
    let tally = rig.bot.tally();
    assert_eq!((tally.answered, tally.refused), (7, 0));
    assert_eq!((tally.good, tally.unknown, tally.bad), (3, 2, 2));
}

/// The ledger of what did not arrive holds nothing that did, and nothing that
/// was only cut off by the end of the program.
#[test]
fn only_what_failed_is_a_failure() {
    let (mut rig, batches) = rig_with_memory(|_| {});
    let stopping = Outcome::Dropped(crate::link::DropReason::Stopping);
    for outcome in [Outcome::Relayed, Outcome::Expired, stopping] {
        answered(&mut rig, outcome);
    }
    rig.bot.close(rig.now);
    let batch = batches.try_recv().unwrap();
    let errors: Vec<_> = batch.errors.iter().map(|it| &it.reason[..]).collect();
    assert_eq!(errors, [Outcome::Expired.to_string()]);
    assert_eq!(batch.errors[0].to, ALICE);
    assert_eq!(batch.packets.len(), 3);
    assert!(batch.closing && batches.is_empty());
}

/// features.md H9: what people say on the channels where the bot listens.
#[test]
fn what_is_said_is_kept_where_the_bot_listens_and_where_it_may() {
    for (keep, channel, text, kept) in [
        (true, 1, "good evening", 1),
        (false, 1, "good evening", 0),
        (true, 5, "good evening", 0),
        (true, 1, "/ping", 0),
    ] {
        let (mut rig, batches) = rig_with_memory(|settings| settings.keep_texts = keep);
        let mut said = received(ALICE, ALL, text);
        said.packet.channel = ChannelIndex(channel);
        rig.hear(said);
        rig.bot.close(rig.now);
        let texts = batches.try_recv().unwrap().texts;
        assert_eq!(texts.len(), kept, "{keep} {channel} {text}");
    }
}

#[test]
fn two_errands_at_once_do_not_take_each_other_s_place() {
    let mut rig = rig(|_| {});
    for asker in [ALICE, BOB] {
        assert_eq!(rig.say(asker, OWN, "/fetch"), NOTHING);
    }
    let answers = rig.finish();
    assert_eq!(
        answers,
        [format!("{ALICE} fetched"), format!("{BOB} fetched")]
    );
    assert!(!rig.bot.awaits_results());
}

#[test]
fn what_was_refused_or_came_too_late_is_counted() {
    let busy = Some(Box::new(Idle { takes: false }) as Box<dyn Errands>);
    let mut rig = rig_with(|_| {}, busy, Before::default());
    assert_eq!(rig.say(ALICE, OWN, "/fetch").len(), 1);
    assert_eq!(rig.say(ALICE, ALL, "/fetch"), NOTHING);
    assert_eq!(rig.bot.tally().refused, 2);
    let mut rig = super::rig(|_| {});
    rig.say(ALICE, OWN, "/fetch");
    rig.order(OWN, "/mute", Some(KEY));
    assert_eq!(rig.finish(), NOTHING);
    assert_eq!(rig.bot.tally().refused, 1);
}

#[test]
fn a_session_of_pongs_is_one_answer_and_its_end_another() {
    let mut rig = rig(|_| {});
    let counted = |rig: &mut Rig, text: &str, texts| {
        assert_eq!(rig.say(ALICE, OWN, text).len(), texts, "{text}");
        let tally = rig.bot.tally();
        (tally.answered, tally.refused)
    };
    assert_eq!(counted(&mut rig, "/ping 3", 1), (1, 0));
    assert_eq!(counted(&mut rig, "/ping 3", 2), (1, 1), "one at a time");
    assert_eq!(counted(&mut rig, "/ping stop", 1), (2, 1));
    assert_eq!(counted(&mut rig, "/ping stop", 1), (2, 2), "there is none");
}

#[test]
fn what_the_bot_holds_is_within_its_bounds() {
    let mut rig = rig(|_| {});
    for who in 100..2_000 {
        rig.pass(1);
        let question = Event::Packet(Box::new(received(NodeNum(who), ALL, "/ping")));
        rig.bot.handle(rig.now, question);
        let requests: Vec<_> = rig.far.requests.try_iter().collect();
        for request in requests {
            let Request::Text(ticket, _) = request else {
                continue;
            };
            rig.bot
                .handle(rig.now, Event::Outcome(ticket, Outcome::Sent));
        }
    }
    let held = rig.bot.held();
    assert!(held.len() > 9);
    for held in held {
        assert!(held.now <= held.most, "{held:?}");
    }
}

/// A small board pays for every round.
#[test]
fn a_bot_with_nothing_to_do_does_not_wake_up() {
    let rig = rig(|_| {});
    let (link, events) = bounded(4);
    let (_workers, results) = bounded(1);
    let pulse = Pulse::default();
    let beats = pulse.clone();
    let dispatch = spawn(
        "dispatch",
        |_| {},
        move || {
            run::run(rig.bot, Clock::start(), &events, results, &beats, |_| {});
        },
    );
    link.send(Event::Beat).unwrap();
    let (_nobody, nothing) = bounded::<()>(1);
    let idle = Duration::from_millis(350);
    assert!(nothing.recv_timeout(idle).is_err());
    let rounds = pulse.count();
    assert!(rounds <= 2, "{rounds}: one at the start, one for the event");
    drop(link);
    dispatch.unwrap().join().unwrap();
}
