//! Six fates, six sentences, one packet each (features.md D21).

use std::collections::VecDeque;

use expect_test::expect;

use super::*;
use crate::bot::testing::{World, ask};
use crate::lang::Lang;
use crate::link::Failure;
use crate::proto::routing::Error;

/// What he reads after a question with this fate and this outcome, in all
/// languages.
fn after(place: Place, fate: Fate, outcome: Option<Outcome>) -> String {
    let mut texts = Vec::new();
    for lang in Lang::ALL {
        let mut world = World::town();
        let mut why = Why::default();
        let question = Ask {
            place,
            lang,
            relay: Some(0x7e),
            ..ask("weather", "paris")
        };
        let (mut list, mut next) = (VecDeque::new(), 0);
        let (said, ()) = world.with(&ask("why", ""), lang, |command, ask, context, reply| {
            let mut acts = Acts::new(&mut list, &mut next);
            let scene = context.scene();
            why.happened(Happened::Question(&question, fate), &scene, &mut acts);
            if let Some(outcome) = outcome {
                let event = Happened::Became(question.from, &question.line, outcome);
                why.happened(event, &scene, &mut acts);
            }
            why.asked(command, ask, context, reply, &mut acts);
        });
        assert!(said.len() == 1 && said[0].len() <= 200, "{said:?}");
        texts.extend(said);
    }
    texts.join("\n")
}

#[test]
fn each_fate_has_its_sentence() {
    let direct = Place::Direct;
    let channel = Place::Channel(crate::mesh::ChannelIndex(0));
    let nak = |error: Error| Some(Outcome::Failed(Failure::Nak(error as i32)));
    let all = [
        after(
            direct,
            Fate::Handed,
            Some(Outcome::Delivered(Duration::from_millis(1_250))),
        ),
        after(direct, Fate::Handed, Some(Outcome::Relayed)),
        after(direct, Fate::Handed, nak(Error::PkiUnknownPubkey)),
        after(direct, Fate::Limit, None),
        after(direct, Fate::Handed, nak(Error::DutyCycleLimit)),
        after(direct, Fate::Handed, nak(Error::MaxRetransmit)),
        after(channel, Fate::Handed, Some(Outcome::Sent)),
        after(channel, Fate::Together, None),
        after(direct, Fate::Later, None),
        after(direct, Fate::Handed, Some(Outcome::Expired)),
    ];
    expect![[r#"
        “/weather paris”, 0 s ago, 1 hop, last relay ..7e · my answer was delivered after 1.2 s
        „/weather paris“, vor 0 s, 1 Hop, zuletzt über ..7e · meine Antwort kam nach 1,2 s an
        « /weather paris », il y a 0 s, 1 relais, dernier relais ..7e · ma réponse est arrivée en 1,2 s
        “/weather paris”, 0 s ago, 1 hop, last relay ..7e · my answer was passed on, but your node has not confirmed it: ask again, or from a better place
        „/weather paris“, vor 0 s, 1 Hop, zuletzt über ..7e · meine Antwort ging unterwegs weiter, aber dein Knoten hat sie nicht bestätigt: frag noch mal oder an einer besseren Stelle
        « /weather paris », il y a 0 s, 1 relais, dernier relais ..7e · ma réponse a été relayée, mais ton nœud ne l'a pas confirmée : redemande, ou essaie d'un meilleur endroit
        “/weather paris”, 0 s ago, 1 hop, last relay ..7e · your node cannot read my answers, our keys do not fit: /keys says what to do
        „/weather paris“, vor 0 s, 1 Hop, zuletzt über ..7e · dein Knoten kann meine Antworten nicht lesen, die Schlüssel passen nicht: /schlüssel sagt, was hilft
        « /weather paris », il y a 0 s, 1 relais, dernier relais ..7e · ton nœud ne peut pas lire mes réponses, les clés diffèrent : /clés te dit que faire
        “/weather paris”, 0 s ago, 1 hop, last relay ..7e · not answered: too many questions within a few minutes, wait a little
        „/weather paris“, vor 0 s, 1 Hop, zuletzt über ..7e · keine Antwort: zu viele Fragen in wenigen Minuten, warte ein bisschen
        « /weather paris », il y a 0 s, 1 relais, dernier relais ..7e · sans réponse : trop de questions en quelques minutes, patiente un peu
        “/weather paris”, 0 s ago, 1 hop, last relay ..7e · my node may not transmit more just now (duty cycle): ask later
        „/weather paris“, vor 0 s, 1 Hop, zuletzt über ..7e · mein Knoten darf gerade nicht mehr senden: frag später noch mal
        « /weather paris », il y a 0 s, 1 relais, dernier relais ..7e · mon nœud n'a plus le droit d'émettre pour l'instant : redemande plus tard
        “/weather paris”, 0 s ago, 1 hop, last relay ..7e · nobody took my answer further: you may be out of reach, try from another place
        „/weather paris“, vor 0 s, 1 Hop, zuletzt über ..7e · niemand hat meine Antwort weitergegeben: vielleicht bist du außer Reichweite, versuch's woanders
        « /weather paris », il y a 0 s, 1 relais, dernier relais ..7e · personne n'a relayé ma réponse : tu es peut-être hors de portée, essaie d'ailleurs
        “/weather paris”, 0 s ago, 1 hop, last relay ..7e · my answer went out, nobody was heard repeating it: perhaps only neighbours got it
        „/weather paris“, vor 0 s, 1 Hop, zuletzt über ..7e · meine Antwort ging raus, aber niemand hat sie wiederholt: vielleicht haben sie nur Nachbarn gehört
        « /weather paris », il y a 0 s, 1 relais, dernier relais ..7e · ma réponse est partie, mais personne ne l'a répétée : peut-être n'a-t-elle atteint que des voisins
        “/weather paris”, 0 s ago, 1 hop, last relay ..7e · others had just been told the same on the channel
        „/weather paris“, vor 0 s, 1 Hop, zuletzt über ..7e · dasselbe stand gerade schon auf dem Kanal
        « /weather paris », il y a 0 s, 1 relais, dernier relais ..7e · la même chose venait d'être dite sur le canal
        “/weather paris”, 0 s ago, 1 hop, last relay ..7e · my answer still waits to be sent or confirmed
        „/weather paris“, vor 0 s, 1 Hop, zuletzt über ..7e · meine Antwort wartet noch: aufs Senden oder auf die Bestätigung
        « /weather paris », il y a 0 s, 1 relais, dernier relais ..7e · ma réponse attend encore : l'envoi ou la confirmation
        “/weather paris”, 0 s ago, 1 hop, last relay ..7e · my answer did not arrive: expired before it could be sent
        „/weather paris“, vor 0 s, 1 Hop, zuletzt über ..7e · meine Antwort kam nicht an: wartete zu lange aufs Senden
        « /weather paris », il y a 0 s, 1 relais, dernier relais ..7e · ma réponse n'est pas arrivée : a attendu l'envoi trop longtemps"#]].assert_eq(&all.join("\n"));
}

#[test]
fn the_worst_of_several_parts_and_never_the_question_why_itself() {
    let good = Outcome::Delivered(Duration::from_secs(1));
    let mut world = World::town();
    let mut why = Why::default();
    let question = ask("nodes", "");
    let (mut list, mut next) = (VecDeque::new(), 0);
    let (said, ()) = world.with(&ask("why", ""), Lang::En, |command, ask, context, reply| {
        let mut acts = Acts::new(&mut list, &mut next);
        let scene = context.scene();
        why.happened(
            Happened::Question(&question, Fate::Handed),
            &scene,
            &mut acts,
        );
        for outcome in [good, Outcome::Expired, good] {
            let event = Happened::Became(question.from, &question.line, outcome);
            why.happened(event, &scene, &mut acts);
        }
        for word in ["/why", "/pourquoi"] {
            let again = Ask {
                line: word.into(),
                ..ask.clone()
            };
            why.happened(Happened::Question(&again, Fate::Handed), &scene, &mut acts);
        }
        why.asked(command, ask, context, reply, &mut acts);
    });
    assert!(
        said[0].contains("/nodes") && said[0].contains("expired"),
        "{said:?}"
    );
    let (said, ()) = world.with(&ask("why", ""), Lang::En, |command, ask, context, reply| {
        let mut acts = Acts::new(&mut list, &mut next);
        Why::default().asked(command, ask, context, reply, &mut acts);
    });
    assert!(said[0].contains("nothing"), "{said:?}");
}

#[test]
fn many_who_ask_are_not_remembered_for_ever() {
    let mut why = Why::default();
    for who in 0..1_000 {
        let question = Ask {
            from: NodeNum(100 + who),
            ..ask("ping", "")
        };
        why.question(&question, Fate::Handed, Duration::from_secs(u64::from(who)));
    }
    assert_eq!(why.last.len(), MOST);
}
