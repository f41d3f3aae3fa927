//! A node that takes nothing for the mesh.

use super::*;

/// A16.
#[test]
fn nothing_is_sent_to_a_locked_node() {
    use proto::lockdown_status::State;
    let mut rig = Rig::steady();
    rig.give(lockdown(State::Locked));
    assert!(!rig.gate.is_up());
    rig.send(1, answer(PUBLIC, Keep::Always));
    rig.send(2, answer(PUBLIC, Keep::For(Duration::from_secs(20))));
    rig.session
        .request(rig.now, Request::Traceroute(Ticket(3), FRIEND));
    rig.wait(25_000);
    assert!(rig.take().is_empty());
    let expired = [3, 2].map(|ticket| (ticket, Outcome::Expired));
    assert_eq!(rig.outcomes(), expired);
    // Locked says nothing new; unlocked, everything is asked for, and then sent.
    rig.give(lockdown(State::Locked));
    assert!(rig.take().is_empty());
    rig.give(lockdown(State::Unlocked));
    rig.configure(NONCE_CONFIG);
    assert!(rig.gate.is_up());
    rig.wait(10_000);
    let sent = rig.take();
    assert!(
        sent.iter().any(|it| matches!(it, To::Packet(_))),
        "{sent:?}"
    );
}

/// What is written into a text locks nothing, and a packet proves the contrary.
#[test]
fn a_node_that_gives_out_packets_is_not_locked() {
    let mut rig = Rig::steady();
    rig.give(lockdown(proto::lockdown_status::State::Locked));
    assert!(!rig.gate.is_up());
    rig.hear(ping(77));
    assert!(rig.gate.is_up());
}
