//! Which questions show somebody's own configuration at work.
//!
//! - A question is about one key, which is named.
//! - Nobody asks more than his limits allow; what that leaves out is counted.

use std::time::Duration;

use super::own::channel;
use super::script::{ALICE, BOB, Character, DORA, EMILE, OPERATOR, OTHERS, Place, ZIGA};
use crate::bot::command::Registry;
use crate::config::{CommandRules, Config, Mode, Mqtt, duration_text};
use crate::mesh::ChannelIndex;
use crate::weather::Home;

/// Those who ask first. Žiga tells nobody where he is.
const ASKERS: [Character; 5] = [ALICE, DORA, EMILE, BOB, ZIGA];
/// Nobody asks more often, whatever the limits.
const EACH: usize = 5;

/// A question, and what of the configuration it is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// Who asks.
    pub who: Character,
    /// Where.
    pub place: Place,
    /// The words.
    pub text: String,
    /// It comes through MQTT.
    pub by_mqtt: bool,
    /// What of the configuration it shows.
    pub shows: Option<String>,
}

/// What is asked to see a configuration at work.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// In this order.
    pub questions: Vec<Question>,
    /// What would be too much, for people who have their limits.
    pub left_out: usize,
}

/// What to ask to see a configuration at work.
#[must_use]
pub fn plan(config: &Config, registry: &Registry) -> Plan {
    let mut all = Asked {
        prefix: &config.bot.prefix,
        each: usize::try_from(config.limits.per_sender.count).map_or(EACH, |it| it.min(EACH)),
        questions: Vec::new(),
        left_out: 0,
    };
    let public = channel(config);
    let here = public.unwrap_or(Place::Direct);
    all.ask(ALICE, here, "ping", None);
    all.say(EMILE, Place::Direct, "help".to_owned(), None);
    all.ask(BOB, here, "weather rain argenteuil 1", None);
    let home = match &config.weather.home {
        Home::OwnNode => "is not set".to_owned(),
        Home::At(cell) => format!("= \"{cell}\""),
        Home::Named(place) => format!("= {:?}", place.shown()),
    };
    let shows = format!("[weather] home {home}: somebody whose place nobody knows");
    all.ask(ZIGA, here, "weather", Some(shows));
    all.ask(DORA, here, "nodes", None);
    listening(&mut all, config, public);
    orders(&mut all, config);
    for (index, rules) in &config.channels {
        let Some(names) = &rules.commands else {
            continue;
        };
        let mut asked = vec!["ping"];
        asked.extend(names.first().map(String::as_str).filter(|it| *it != "ping"));
        for name in asked {
            let shows = format!("[channel.{index}] commands");
            all.anybody(Place::on(index.0), name, &shows);
        }
    }
    for (name, rules) in &config.commands {
        // A muted bot would show nothing more.
        if !["mute", "unmute"].contains(&name.as_str()) {
            command(&mut all, config, registry, (name, *rules));
        }
    }
    Plan {
        questions: all.questions,
        left_out: all.left_out,
    }
}

/// Where and whom the bot answers.
fn listening(all: &mut Asked, config: &Config, public: Option<Place>) {
    let bot = &config.bot;
    if let Some(channels) = &bot.channels {
        let list: Vec<String> = channels.iter().map(ToString::to_string).collect();
        let answered = |index: &u8| channels.contains(&ChannelIndex(*index));
        if let Some(silent) = (0..8).find(|index| !answered(index)) {
            let shows = format!(
                "[bot] channels = [{}]: a question on channel {silent}",
                list.join(", ")
            );
            all.ask(ALICE, Place::on(silent), "ping", Some(shows));
        }
    }
    let Some(public) = public else { return };
    if bot.max_hops < 7 {
        let hops = bot.max_hops + 1;
        let shows = format!(
            "[bot] max_hops = {}: a question over {hops} relays",
            bot.max_hops
        );
        all.ask(Character { hops, ..ZIGA }, public, "ping", Some(shows));
    }
    let word = match bot.mqtt {
        Mqtt::Answer => return,
        Mqtt::Ignore => "ignore",
        Mqtt::Private => "private",
    };
    let shows = format!("[bot] mqtt = {word:?}: a question through MQTT");
    all.anybody(public, "ping", &shows);
    if let Some(question) = all.questions.last_mut() {
        question.by_mqtt = true;
    }
}

/// Who may give orders.
fn orders(all: &mut Asked, config: &Config) {
    if config.operator.is_none() {
        return;
    }
    let direct = Place::Direct;
    let somebody = "[operator]: an order from somebody else".to_owned();
    all.ask(BOB, direct, "db", Some(somebody));
    let the_operator = "[operator]: the same from the operator".to_owned();
    all.ask(OPERATOR, direct, "db", Some(the_operator));
    if let Some(name) = config.remote.keys().next() {
        let shows = format!("[remote] {name}");
        all.ask(OPERATOR, direct, &format!("nodes @{name}"), Some(shows));
    }
}

/// A command that the configuration changes.
fn command(
    all: &mut Asked,
    config: &Config,
    registry: &Registry,
    (name, rules): (&str, CommandRules),
) {
    let mut keys = Vec::new();
    if !rules.enabled {
        keys.push("enabled = false".to_owned());
    }
    if let Some(mode) = rules.mode {
        let word = match mode {
            Mode::Public => "public",
            Mode::Direct => "direct",
            Mode::Private => "private",
        };
        keys.push(format!("mode = {word:?}"));
    }
    if rules.operator_only {
        keys.push("operator_only = true".to_owned());
    }
    if keys.is_empty() {
        return;
    }
    let shows = format!("[commands.{name}] {}", keys.join(", "));
    let here = channel(config).unwrap_or(Place::Direct);
    all.anybody(here, name, &shows);
    let order = registry
        .iter()
        .any(|it| it.name == name && it.operator_only);
    if rules.enabled && (rules.operator_only || order) {
        if config.operator.is_some() {
            all.ask(OPERATOR, Place::Direct, &called(name), Some(shows));
        }
    } else if rules.enabled && rules.mode == Some(Mode::Direct) && here != Place::Direct {
        all.anybody(Place::Direct, name, &shows);
    }
}

/// A command with what it cannot do without.
fn called(name: &str) -> String {
    match name {
        "echo" => "echo good morning".to_owned(),
        "info" => "info dora".to_owned(),
        name => name.to_owned(),
    }
}

/// Questions as they are gathered.
struct Asked<'a> {
    prefix: &'a str,
    /// So often anybody may ask.
    each: usize,
    questions: Vec<Question>,
    left_out: usize,
}

impl Asked<'_> {
    /// A command, marked as the configuration wants it.
    fn ask(&mut self, who: Character, place: Place, command: &str, shows: Option<String>) {
        self.say(who, place, format!("{}{command}", self.prefix), shows);
    }

    fn say(&mut self, who: Character, place: Place, text: String, shows: Option<String>) {
        self.questions.push(Question {
            who,
            place,
            text,
            by_mqtt: false,
            shows,
        });
    }

    /// A command from whoever has asked least.
    fn anybody(&mut self, place: Place, name: &str, shows: &str) {
        let count = |who: &Character| {
            let asks = |question: &&Question| question.who.name == who.name;
            self.questions.iter().filter(asks).count()
        };
        // The others only when those are through.
        let through = |who: &Character| count(who) >= self.each;
        let some = ASKERS.into_iter().filter(|who| !through(who));
        let others = OTHERS.iter().copied().filter(|who| !through(who));
        match some.min_by_key(count).or(others.min_by_key(count)) {
            Some(who) => {
                self.ask(who, place, &called(name), Some(shows.to_owned()));
            }
            None => self.left_out += 1,
        }
    }
}

/// How long all of it takes at most, roughly.
#[must_use]
pub fn estimate(config: &Config, questions: usize) -> String {
    let questions = u32::try_from(questions).unwrap_or(u32::MAX);
    let seconds = config.bot.text_spacing.saturating_mul(questions).as_secs();
    duration_text(Duration::from_secs(seconds.div_ceil(10) * 10))
}

#[cfg(test)]
mod tests {
    use super::super::own::tests::{RICH, config};
    use super::*;
    use crate::bot::all;
    use expect_test::expect;

    fn asked(config: &Config) -> String {
        let mut out = String::new();
        for question in plan(config, &all::registry()).questions {
            let Question {
                place, text, shows, ..
            } = question;
            let shows = shows.unwrap_or_default();
            out.push_str(&format!("{place:?} {text} | {shows}\n"));
        }
        out
    }

    #[test]
    fn all_that_a_configuration_changes_is_asked_for() {
        expect![[r#"
            Channel(1) !ping | 
            Direct help | 
            Channel(1) !weather rain argenteuil 1 | 
            Channel(1) !weather | [weather] home = "Innsbruck": somebody whose place nobody knows
            Channel(1) !nodes | 
            Public !ping | [bot] channels = [1, 2]: a question on channel 0
            Channel(1) !ping | [bot] max_hops = 3: a question over 4 relays
            Channel(1) !ping | [bot] mqtt = "private": a question through MQTT
            Direct !db | [operator]: an order from somebody else
            Direct !db | [operator]: the same from the operator
            Direct !nodes @hill | [remote] hill
            Channel(2) !ping | [channel.2] commands
            Channel(2) !echo good morning | [channel.2] commands
            Channel(1) !nodes | [commands.nodes] mode = "direct"
            Direct !nodes | [commands.nodes] mode = "direct"
            Channel(1) !sys | [commands.sys] operator_only = true
            Direct !sys | [commands.sys] operator_only = true
        "#]]
        .assert_eq(&asked(&config(RICH)));
        let silent = asked(&config("[bot]\nchannels = []"));
        assert!(silent.starts_with("Direct /ping | \n"), "{silent}");
        assert!(
            silent.contains("Public /ping | [bot] channels = []: a question on channel 0"),
            "{silent}"
        );
    }

    /// Nobody is refused by the usual limits because of the demonstration.
    #[test]
    fn nobody_asks_too_much() {
        let mut text = RICH.to_owned();
        for command in all::registry().iter() {
            if !text.contains(&format!("[commands.{}]", command.name)) {
                text.push_str(&format!("[commands.{}]\nenabled = false\n", command.name));
            }
        }
        for (most, is_enough) in [(1, false), (5, true), (9, true)] {
            let limits = format!("[limits]\nper_sender = {{ count = {most}, per = \"5m\" }}\n");
            let plan = plan(&config(&format!("{text}{limits}")), &all::registry());
            // What is ignored in any case does not count.
            let counts = |question: &&Question| {
                let shows = question.shows.as_deref().unwrap_or_default();
                !["max_hops", "[bot] channels", "somebody else"]
                    .iter()
                    .any(|it| shows.contains(it))
            };
            for who in ASKERS.iter().chain(OTHERS) {
                let asks = |question: &&Question| question.who.name == who.name;
                let asked = plan.questions.iter().filter(asks).filter(counts).count();
                assert!(asked <= EACH.min(most), "{}: {asked}", who.name);
            }
            assert_eq!(plan.left_out == 0, is_enough, "{}", plan.left_out);
        }
    }
}
