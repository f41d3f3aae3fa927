//! What is told of words that a command cannot use, and in which language.

use super::*;

/// `/who made` showed the asker's own card.
#[test]
fn what_follows_a_command_that_takes_nothing_is_not_dropped_without_a_word() {
    let mut rig = rig(|_| {});
    assert_eq!(
        rig.say(ALICE, OWN, "/who made"),
        to_alice("made? Nothing goes behind /whoami.")
    );
    for command in all::registry().iter() {
        let is_free = command.usage.is_none() && !command.takes_text;
        if !is_free || command.operator_only {
            continue;
        }
        let said = rig.say(ALICE, OWN, &format!("/{} qwertz", command.name));
        assert!(said[0].contains("qwertz? Nothing goes"), "{said:?}");
    }
    // Politeness is none of it, and on a channel the answer is worth more.
    assert!(rig.say(ALICE, OWN, "/whoami please")[0].contains("👤"));
    assert!(rig.say(ALICE, ALL, "/whoami made")[0].contains("👤"));
}

/// `/distanz berlin` was answered in German with the English `/distance`.
#[test]
fn a_proposal_is_in_the_language_of_the_answer() {
    for (lang, text, proposal) in [
        (Lang::De, "/distanz berlin", "/entfernung berlin"),
        (Lang::Fr, "/distanz berlin", "/distance berlin"),
        (Lang::En, "/distanz berlin", "/distance berlin"),
        (Lang::De, "/wettr köln", "/wetter köln"),
        (Lang::Fr, "/weahter paris", "/météo paris"),
        (Lang::En, "/méteoo paris", "/weather paris"),
    ] {
        let mut rig = rig(|settings| settings.lang = lang);
        let said = rig.say(ALICE, OWN, text);
        assert!(said[0].contains(proposal), "{lang:?} {text}: {said:?}");
    }
}
