//! The conversation as data: who says what where, what has to come of it, and
//! what goes wrong in between. [`SCRIPT`] is what `meshbot demo` plays.

use std::time::Duration;

use crate::sim::Fault;

/// One step of a script; they are played in order.
#[derive(Clone, PartialEq, Debug)]
pub enum Step {
    /// Somebody says something.
    Say(Exchange),
    /// The node misbehaves, and the bot has to get over it.
    Happens(Happening),
    /// From now on something about the node is different; nobody notices yet.
    Prepare(Fault),
}

/// What happens between node and bot. A restart and a rival cost the bot its
/// connection, and it has to be back by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Happening {
    /// The bot has been sent the node list, a few seconds after connecting.
    NodeList,
    /// The node restarts; its port refuses for this long.
    Restart(Duration),
    /// While the node sends its list of nodes, another client takes the slot.
    /// Needs [`Fault::StallInNodes`] beforehand, so that the list is still
    /// under way whatever the speed of the machine.
    Rival,
}

/// Somebody of the made-up mesh. He is given these properties before the play.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Character {
    /// Long name, as in the node list.
    pub name: &'static str,
    /// Short name.
    pub short: &'static str,
    /// Relays between him and the bot's node.
    pub hops: u8,
}

/// Where something is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// On the first channel.
    Public,
    /// On another channel, 1 to 7.
    Channel(u8),
    /// As a direct message to the bot's node.
    Direct,
}

impl Place {
    /// On the channel with this index, 0 to 7.
    #[must_use]
    pub const fn on(index: u8) -> Self {
        match index {
            0 => Self::Public,
            index => Self::Channel(index),
        }
    }
}

/// What is special about a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Twist {
    /// Nothing.
    Plain,
    /// It is the very packet of the exchange with this label, once more.
    Repeats(&'static str),
    /// It answers what the bot said in the exchange with this label.
    AnswersBot(&'static str),
    /// The node heard it so many minutes ago.
    MinutesOld(u32),
}

/// What has to come of a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expect {
    /// One answer, threaded to the text and said there, that contains all of
    /// these.
    Answer(Place, &'static [&'static str]),
    /// Nothing; the words say why.
    Silence(&'static str),
}

/// A text and what has to come of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exchange {
    /// Who says it.
    pub who: Character,
    /// Where.
    pub place: Place,
    /// The words.
    pub text: &'static str,
    /// What is special about it.
    pub twist: Twist,
    /// What has to come of it.
    pub expect: Expect,
    /// For later steps to point at.
    pub label: &'static str,
}

impl Character {
    /// He speaks on the first channel.
    #[must_use]
    pub const fn says(self, text: &'static str) -> Exchange {
        Exchange {
            who: self,
            place: Place::Public,
            text,
            twist: Twist::Plain,
            expect: Expect::Silence("nobody was asked"),
            label: "",
        }
    }

    /// He writes to the bot alone.
    #[must_use]
    pub const fn writes(self, text: &'static str) -> Exchange {
        Exchange {
            place: Place::Direct,
            ..self.says(text)
        }
    }
}

impl Exchange {
    /// It has to be answered, where it was said, with a text that contains all
    /// of `parts`.
    #[must_use]
    pub const fn hears(self, parts: &'static [&'static str]) -> Step {
        Step::Say(Self {
            expect: Expect::Answer(self.place, parts),
            ..self
        })
    }

    /// It has to be answered in private, wherever it was said.
    #[must_use]
    pub const fn hears_in_private(self, parts: &'static [&'static str]) -> Step {
        Step::Say(Self {
            expect: Expect::Answer(Place::Direct, parts),
            ..self
        })
    }

    /// It has to stay without an answer.
    #[must_use]
    pub const fn hears_nothing(self, why: &'static str) -> Step {
        Step::Say(Self {
            expect: Expect::Silence(why),
            ..self
        })
    }

    /// The same, with a label.
    #[must_use]
    pub const fn labelled(self, label: &'static str) -> Self {
        Self { label, ..self }
    }

    /// The same, with a twist.
    #[must_use]
    pub const fn but(self, twist: Twist) -> Self {
        Self { twist, ..self }
    }
}

const fn character(name: &'static str, short: &'static str, hops: u8) -> Character {
    Character { name, short, hops }
}

/// A neighbour, heard directly.
pub const ALICE: Character = character("Alice Neighbour", "ALI", 0);
/// Somebody behind two relays, who asks too much.
pub const BOB: Character = character("Bob mobile", "BOB", 2);
/// Somebody behind one relay.
pub const DORA: Character = character("Dora", "DORA", 1);
/// Another neighbour.
pub const EMILE: Character = character("Émile", "EMI", 0);
/// Somebody far away.
pub const ZIGA: Character = character("Žiga na vrhu", "ŽIG", 2);
/// Relays for those who are further away.
pub const RELAY: Character = character("Ridge Relay 🏔", "🏔", 0);
/// Who types on the terminal after the script.
pub const YOU: Character = character("You", "YOU", 0);

/// Who may give orders, if the configuration names somebody.
pub const OPERATOR: Character = character("The operator", "OP", 0);

/// Everybody who can speak, but for the operator.
pub const CAST: &[Character] = &[ALICE, BOB, DORA, EMILE, ZIGA, RELAY, YOU];

/// Others of the made-up mesh, who ask only when there is much to ask.
pub const OTHERS: &[Character] = &[
    character("Büro Änderung", "BÜR", 1),
    character("山田太郎", "山", 0),
    character("Solar Node ☀", "☀", 2),
    character("Weather Station", "WX1", 0),
    character("K7ABC/M", "K7", 1),
    character("🦊 Foxhole", "🦊", 0),
    character("Hütte Nord", "HÜT", 3),
    character("Tracker 3", "TR3", 1),
    character("Кот Матроскин", "КОТ", 0),
    character("mesh-router-west", "RTW", 0),
];

/// The demonstration: about a minute.
pub const SCRIPT: &[Step] = &[
    // Public and direct, near and far.
    ALICE
        .says("/ping")
        .labelled("first")
        .hears(&["pong", "direct", "SNR"]),
    ZIGA.writes("/ping").hears(&["pong", "2 hops"]),
    DORA.says("Good morning everyone, back from the hut")
        .hears_nothing("that was not for the bot"),
    Step::Happens(Happening::NodeList),
    // A broadcast, the help, the bot called by its name, a stranger.
    DORA.says("/echo anybody on the ridge today?")
        .hears(&["DORA: anybody on the ridge today?"]),
    EMILE.writes("help").hears(&["/help +", "/ping"]),
    EMILE.says("@c3d4 ping").hears(&["pong"]),
    EMILE
        .writes("hello, do you play chess?")
        .hears(&["/help +", "/ping"]),
    // The seed's question, asked again at once by somebody else; weather of a
    // place far away, and what needs no Internet.
    ALICE
        .says("/weather rain argenteuil 1")
        .hears(&["Argenteuil, Île-de-France, FR", "peak"]),
    DORA.says("/weather rain Argenteuil 1")
        .hears_nothing("the answer has just been said here; it is not said twice"),
    ZIGA.writes("/weather longyearbyen")
        .hears(&["Longyearbyen", "Now", "°C"]),
    EMILE.says("/astro tromsø").hears(&["Tromsø", "☀️", "🌙"]),
    // The node goes away, and its slot is contested.
    Step::Prepare(Fault::StallInNodes(6)),
    Step::Happens(Happening::Restart(Duration::from_millis(300))),
    Step::Happens(Happening::Rival),
    ALICE.says("/about").hears(&["meshbot", "connections 3"]),
    // What must not be answered.
    ALICE
        .says("/ping")
        .but(Twist::Repeats("first"))
        .hears_nothing("answered before; the node forgot that in its restart, the bot did not"),
    DORA.says("/ping")
        .but(Twist::MinutesOld(10))
        .hears_nothing("too late to be of use"),
    ALICE
        .says("/ping")
        .but(Twist::AnswersBot("first"))
        .hears_nothing("replies to the bot are not questions, it could be another bot"),
    // One after the other until it is too much.
    BOB.writes("/my").hears(&["2 hops"]),
    BOB.writes("/trace").hears(&["2 hops", "Ridge Relay"]),
    BOB.writes("/info dora").hears(&["Dora", "1 hop"]),
    BOB.says("/nodes").hears_in_private(&["Heard directly"]),
    BOB.writes("/sys").hears(&["bot up"]),
    BOB.writes("/legend").hears(&["please wait"]),
    BOB.writes("/ping")
        .hears_nothing("five questions in five minutes and one notice are enough"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::testing::{World, ask};
    use crate::lang::Lang;

    fn exchanges() -> impl Iterator<Item = &'static Exchange> {
        SCRIPT.iter().filter_map(|step| match step {
            Step::Say(exchange) => Some(exchange),
            _ => None,
        })
    }

    #[test]
    fn the_script_points_only_at_what_came_before() {
        let mut labels = vec![];
        for exchange in exchanges() {
            assert!(CAST.contains(&exchange.who), "{}", exchange.who.name);
            if let Twist::Repeats(label) | Twist::AnswersBot(label) = exchange.twist {
                assert!(labels.contains(&label), "{label}");
            }
            labels.push(exchange.label);
        }
    }

    #[test]
    fn there_is_enough_to_see() {
        let answered = |exchange: &&Exchange| matches!(exchange.expect, Expect::Answer(..));
        assert!(exchanges().filter(answered).count() >= 12);
        assert!(exchanges().any(|e| matches!(e.twist, Twist::Repeats(_))));
        assert!(exchanges().any(|e| matches!(e.twist, Twist::MinutesOld(6..))));
    }

    /// The answer is the registry's, which grows.
    #[test]
    fn the_help_is_expected_as_it_is_today() {
        let help = exchanges().find(|exchange| exchange.text == "help");
        let Some(Expect::Answer(_, words)) = help.map(|exchange| exchange.expect) else {
            panic!("nobody asks for help");
        };
        let said = World::town().run(&ask("help", ""), Lang::En);
        assert!(words.iter().all(|word| said[0].contains(word)), "{said:?}");
    }

    /// Whoever is not there would speak with the number of somebody else.
    #[test]
    fn the_others_are_in_the_mesh() {
        let settings = crate::sim::Settings {
            nodes: crate::demo::NODES,
            ..Default::default()
        };
        let node = crate::sim::SimNode::new(settings, crate::mesh::Now::default());
        for other in OTHERS {
            let is_there = |person: &crate::sim::Person| person.long_name == other.name;
            assert!(node.people().iter().any(is_there), "{}", other.name);
            assert!(CAST.iter().all(|it| it.name != other.name));
        }
    }

    #[test]
    fn a_rival_comes_only_while_the_list_is_sent() {
        for (at, step) in SCRIPT.iter().enumerate() {
            if matches!(step, Step::Happens(Happening::Rival)) {
                assert!(matches!(
                    &SCRIPT[at - 2..at],
                    [
                        Step::Prepare(Fault::StallInNodes(_)),
                        Step::Happens(Happening::Restart(_))
                    ]
                ));
            }
        }
    }
}
