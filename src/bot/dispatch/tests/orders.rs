//! On which node orders are given (features.md A14).

use super::*;

const OTHER: NodeNum = NodeNum(0x0000_0bbb);

fn move_to(rig: &mut Rig, num: NodeNum) {
    let mut identity = identity();
    identity.num = num;
    identity.own = Some(node(num, "Weather Bot", "BOT"));
    rig.bot.handle(rig.now, Event::Ready(Box::new(identity)));
}

fn order(rig: &mut Rig, to: NodeNum, text: &str) -> String {
    rig.order(to, text, Some(KEY)).join("|")
}

fn after(pinned: Option<NodeNum>, own: Option<NodeNum>) -> Rig {
    let before = Before {
        pinned,
        own,
        ..Before::default()
    };
    rig_with(|_| {}, None, before)
}

#[test]
fn on_another_node_the_operator_says_an_order_twice() {
    let mut rig = rig(|_| {});
    assert_eq!(rig.pins.try_recv(), Ok(OWN), "the first node that comes");
    move_to(&mut rig, OTHER);
    let question = order(&mut rig, OTHER, "/mute");
    assert!(
        question.contains("!00000bbb now and was on !00000aaa"),
        "{question}"
    );
    assert_eq!(rig.say(ALICE, OTHER, "/ping").len(), 1, "not muted");
    // Ten minutes later it is the first one again: two of them have passed.
    rig.pass(540 - 60);
    assert!(order(&mut rig, OTHER, "/mute").contains("Say it again"));
    assert_eq!(rig.say(ALICE, OTHER, "/ping").len(), 1);
    assert!(rig.pins.is_empty() && rig.kept.is_empty());
    let done = order(&mut rig, OTHER, "/mute");
    assert!(done.contains("Muted"), "{done}");
    assert_eq!(rig.pins.try_recv(), Ok(OTHER));
    assert_eq!(rig.say(ALICE, OTHER, "/ping"), NOTHING);
    assert!(order(&mut rig, OTHER, "/unmute").contains("talk again"));
}

/// Who was not told of the other node has confirmed nothing.
#[test]
fn a_question_that_could_not_be_sent_is_asked_again() {
    let mut rig = rig(|_| {});
    move_to(&mut rig, OTHER);
    rig.far.set_up(false);
    assert_eq!(order(&mut rig, OTHER, "/mute"), "");
    rig.far.set_up(true);
    assert!(order(&mut rig, OTHER, "/mute").contains("Say it again"));
    assert!(order(&mut rig, OTHER, "/mute").contains("Muted"));
}

/// Nobody else confirms anything, and nothing but orders needs it.
#[test]
fn only_the_operator_can_confirm_another_node() {
    let mut rig = rig(|_| {});
    move_to(&mut rig, OTHER);
    for _ in 0..3 {
        assert_eq!(rig.order(OTHER, "/mute", None), NOTHING);
        assert_eq!(rig.order(OTHER, "/mute", Some([8; 32])), NOTHING);
        assert_eq!(rig.say(ALICE, OTHER, "/mute"), NOTHING);
    }
    assert!(order(&mut rig, OTHER, "/ping").contains("pong"));
    assert!(order(&mut rig, OTHER, "/mute").contains("Say it again"));
    move_to(&mut rig, NodeNum(0xccc));
    assert!(order(&mut rig, NodeNum(0xccc), "/mute").contains("Say it again"));
    assert!(rig.kept.is_empty());
}

#[test]
fn back_on_the_node_of_before_nothing_has_to_be_confirmed() {
    let mut rig = rig(|_| {});
    move_to(&mut rig, OTHER);
    order(&mut rig, OTHER, "/mute");
    move_to(&mut rig, OWN);
    assert!(order(&mut rig, OWN, "/mute").contains("Muted"));
}

/// What was settled counts, then the node of the last run, then the first that comes.
#[test]
fn a_restart_forgets_no_node() {
    for (pinned, own, obeys, kept) in [
        (Some(OWN), Some(OTHER), true, None),
        (Some(OTHER), Some(OWN), false, None),
        (None, Some(OTHER), false, Some(OTHER)),
        (None, Some(OWN), true, Some(OWN)),
        (None, None, true, Some(OWN)),
    ] {
        let mut rig = after(pinned, own);
        assert_eq!(rig.pins.try_recv().ok(), kept, "{pinned:?} {own:?}");
        let answer = order(&mut rig, OWN, "/mute");
        assert_eq!(answer.contains("Muted"), obeys, "{pinned:?} {own:?}");
    }
}

#[test]
fn without_an_operator_nothing_is_kept() {
    let rig = rig(|settings| settings.operator = None);
    assert!(rig.pins.is_empty());
}
