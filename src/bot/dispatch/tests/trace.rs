//! `/trace <node>`: what the asker is told of a traceroute that fails, in his
//! language.

use super::*;
use crate::lang::Lang;
use crate::link::DropReason;

/// What is said when the traceroute to Bob that Alice asks for ends like this.
fn traced(lang: Lang, outcome: Outcome) -> Vec<String> {
    let mut rig = rig(|settings| settings.lang = lang);
    let question = received(ALICE, OWN, &format!("/trace {BOB}"));
    let event = Event::Packet(Box::new(question));
    rig.bot.handle(rig.now, event);
    let asked = rig
        .far
        .requests
        .try_iter()
        .find_map(|request| match request {
            Request::Traceroute(ticket, BOB) => Some(ticket),
            _ => None,
        });
    let ticket = asked.expect("a traceroute");
    rig.bot.handle(rig.now, Event::Outcome(ticket, outcome));
    rig.sent()
}

#[test]
fn the_asker_learns_in_his_language_why_there_is_no_way() {
    let told = |lang, outcome| traced(lang, outcome).concat();
    let no_key = Outcome::Failed(Failure::Nak(39));
    for (lang, outcome, reason) in [
        (
            Lang::En,
            Outcome::Expired,
            "expired before it could be sent",
        ),
        (
            Lang::Fr,
            Outcome::Expired,
            "a attendu l'envoi trop longtemps",
        ),
        (Lang::En, no_key, "PKI_SEND_FAIL_PUBLIC_KEY"),
        (Lang::Fr, no_key, "sa clé m'est inconnue"),
        (
            Lang::Fr,
            Outcome::Dropped(DropReason::QueueFull),
            "trop d'envois en attente",
        ),
        (
            Lang::Fr,
            Outcome::Failed(Failure::Nak(77)),
            "erreur de routage 77",
        ),
    ] {
        let expected = match lang {
            Lang::Fr => format!("{ALICE} 🔍 Alice Mobile : chemin inconnu, {reason}."),
            _ => format!("{ALICE} 🔍 Alice Mobile: not traced, {reason}."),
        };
        assert_eq!(told(lang, outcome), expected);
    }
    let silence = Outcome::Failed(Failure::NoAnswer);
    let expected = format!("{ALICE} 🔍 Alice Mobile : pas de réponse.");
    assert_eq!(told(Lang::Fr, silence), expected);
}

#[test]
fn so_many_wait_for_a_way_and_the_next_is_told_so() {
    let mut rig = rig(|_| {});
    for who in 100..104 {
        let said = rig.say(NodeNum(who), OWN, &format!("/trace {BOB}"));
        assert_eq!(said, NOTHING, "{who}");
    }
    let busy = rig.say(NodeNum(104), OWN, &format!("/trace {BOB}"));
    assert_eq!(busy.len(), 1);
    assert_eq!(rig.bot.tally().refused, 1);
}
