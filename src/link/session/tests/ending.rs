//! The program's end: last words, and an outcome for everything.

use super::*;

#[test]
fn the_end_says_goodbye_after_the_last_word() {
    let mut rig = Rig::steady();
    let last = rig.sent(1, PUBLIC);
    rig.send(2, answer(PUBLIC, Keep::For(REPLY_EXPIRY)));
    rig.session.request(rig.now, Request::Stop);
    assert_eq!(
        rig.outcomes(),
        [(2, Outcome::Dropped(DropReason::Stopping))]
    );
    assert!(rig.take().is_empty(), "the node has not spoken yet");
    rig.give(From::QueueStatus(status(15, last.id, 0)));
    assert!(matches!(rig.take()[..], [To::Disconnect(true)]));
    assert!(!rig.session.is_done());
    rig.lose();
    rig.session.tick(rig.now);
    assert!(rig.session.is_done());
}

#[test]
fn the_end_does_not_wait_for_a_silent_node() {
    let mut rig = Rig::steady();
    rig.sent(1, PUBLIC);
    rig.session.request(rig.now, Request::Stop);
    rig.wait(700);
    assert!(matches!(rig.take()[..], [To::Disconnect(true)]));
    rig.wait(500);
    assert!(rig.session.is_done());
}

/// What the session wants at this very moment, over and over.
fn looks_at_once(rig: &mut Rig) -> usize {
    (0..100)
        .take_while(|_| {
            let due = rig.session.deadline().is_some_and(|at| at <= rig.now.mono);
            if due {
                rig.session.tick(rig.now);
            }
            due
        })
        .count()
}

#[test]
fn probes_that_wait_at_the_end_neither_spin_nor_vanish() {
    let mut rig = Rig::steady();
    rig.sent(1, PUBLIC);
    for ticket in [2, 3] {
        rig.session
            .request(rig.now, Request::Traceroute(Ticket(ticket), FRIEND));
    }
    rig.take();
    rig.session.request(rig.now, Request::NodeInfo(FRIEND));
    rig.session.request(rig.now, Request::Stop);
    let stopping = Outcome::Dropped(DropReason::Stopping);
    assert_eq!(rig.outcomes(), [(3, stopping)]);
    // Too late is refused in the same way.
    rig.session
        .request(rig.now, Request::Traceroute(Ticket(4), FRIEND));
    rig.session.request(rig.now, Request::NodeInfo(FRIEND));
    assert_eq!(rig.outcomes(), [(4, stopping)]);
    rig.now = rig.now.plus(Duration::from_millis(100));
    assert!(looks_at_once(&mut rig) < 3);
}

#[test]
fn the_end_gives_everything_under_way_an_outcome() {
    let mut rig = Rig::steady();
    rig.sent(1, PUBLIC);
    rig.wait(2_500);
    rig.send(2, answer(PUBLIC, Keep::Always));
    rig.session.request(rig.now, Request::Stop);
    // The second one is cut off in the middle: there will be no next time.
    rig.session.wrote(rig.now, 3);
    rig.wait(700);
    rig.wait(500);
    assert!(rig.session.is_done());
    assert_eq!(
        rig.outcomes(),
        [
            (2, Outcome::Dropped(DropReason::Stopping)),
            (1, Outcome::Unknown),
        ]
    );
    assert_eq!(rig.gate.waiting(), 0);
}

#[test]
fn a_text_refused_as_too_early_at_the_end_is_given_up() {
    let mut rig = Rig::steady();
    let last = rig.sent(1, PUBLIC);
    rig.session.request(rig.now, Request::Stop);
    rig.give(From::Packet(ack(OWN, PacketId(last.id), 38)));
    assert_eq!(
        rig.outcomes(),
        [(1, Outcome::Dropped(DropReason::Stopping))]
    );
    assert!(matches!(rig.take()[..], [To::Disconnect(true)]));
}
