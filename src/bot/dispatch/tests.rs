//! The bot from packet to text, with a test in the place of the link and a
//! virtual clock. Each question comes a minute after the one before, so that
//! limits matter only where a test turns the clock itself.

mod books;
mod elsewhere;
mod orders;
mod trace;
mod words;

use crate::lang::Lang;
use std::cell::Cell;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::*;
use crate::bot::all;
use crate::bot::all::{Outside, capabilities};
use crate::bot::jobs::{Inline, Job};
use crate::config::{ChannelRules, CommandRules, Config, Operator, PingAnswer, Rate};
use crate::link::memory::FarEnd;
use crate::link::message::ChannelInfo;
use crate::link::{Failure, Link, Loss, Request, Target};
use crate::mesh::Packet;
use crate::proto::{self, PortNum, mesh_packet};

const SANITY: Sanity = Sanity { built: 1_000_000 };
const OWN: NodeNum = NodeNum(0x0000_0aaa);
const ALICE: NodeNum = NodeNum(0x1111_aaaa);
const BOB: NodeNum = NodeNum(0x2222_bbbb);
const BOSS: NodeNum = NodeNum(0x3333_cccc);
const KEY: [u8; 32] = [7; 32];
const ALL: NodeNum = NodeNum::BROADCAST;
const PONG: &str = "🏓 pong · 1 hop";

/// Keeps the mute switch and the node of the orders where a test can see them.
struct Notes(Sender<Option<u64>>, Sender<NodeNum>);

impl Keeper for Notes {
    fn mute(&self, until: Option<u64>) {
        self.0.send(until).unwrap();
    }

    fn pin(&self, node: NodeNum) {
        self.1.send(node).unwrap();
    }
}

/// Takes every errand and does none, or takes none at all.
struct Idle {
    takes: bool,
}

impl Errands for Idle {
    fn submit(&self, _id: JobId, _job: Job) -> bool {
        self.takes
    }
}

struct Rig {
    bot: Bot,
    far: FarEnd,
    now: Now,
    /// Between two questions.
    step: Duration,
    results: Receiver<JobResult>,
    kept: Receiver<Option<u64>>,
    pins: Receiver<NodeNum>,
}

fn test_command(name: &'static str, run: fn(&Ask, &mut Context<'_>, &mut Reply<'_>)) -> Command {
    Command {
        name,
        summary: Text::Pong,
        run: Some(run),
        ..Command::BASE
    }
}

const TIMEOUT: Duration = Duration::from_secs(20);

fn registry() -> Registry {
    let mut registry = all::registry();
    registry.push(test_command("boom", |_, _, _| panic!("broken command")));
    registry.push(test_command("fetch", |_, _, reply| {
        reply.errand(TIMEOUT, Box::new(|| "fetched".to_owned()));
    }));
    registry.push(test_command("crash", |_, _, reply| {
        reply.errand(TIMEOUT, Box::new(|| panic!("broken errand")));
    }));
    registry
}

/// Whom our node has known for long, besides Alice and Bob.
const REGULARS: std::ops::Range<u32> = 100..130;

fn rig(change: impl FnOnce(&mut Settings)) -> Rig {
    rig_with(change, None, Before::default())
}

/// Without `errands` they are done at once.
fn rig_with(
    change: impl FnOnce(&mut Settings),
    errands: Option<Box<dyn Errands>>,
    before: Before,
) -> Rig {
    rig_outside(change, errands, before, &Outside::default())
}

fn rig_outside(
    change: impl FnOnce(&mut Settings),
    errands: Option<Box<dyn Errands>>,
    before: Before,
    outside: &Outside,
) -> Rig {
    let mut settings = Settings::from_config(&Config::default(), SANITY);
    settings.operator = Some(Operator {
        node: BOSS,
        key: KEY,
    });
    change(&mut settings);
    let (link, far) = Link::memory(Duration::from_millis(2_500));
    let (done, results) = unbounded();
    let (keeper, kept) = unbounded();
    let (pin, pins) = unbounded();
    let parts = Parts {
        outbox: link.outbox,
        errands: errands.unwrap_or_else(|| Box::new(Inline(done))),
        keeper: Arc::new(Notes(keeper, pin)),
        history: None,
        archive: None,
        capabilities: capabilities(&settings, outside),
        host: Box::new(HostStats::default),
        registry: registry(),
    };
    let now = Now {
        mono: Duration::from_secs(100),
        unix: 10_000_000,
    };
    let mut bot = Bot::new(settings, parts, before);
    far.set_up(true);
    bot.handle(now, Event::Ready(Box::new(identity())));
    let mut town = vec![
        node(ALICE, "Alice Base", "ALB"),
        node(BOB, "Alice Mobile", "ALM"),
    ];
    town.extend(REGULARS.map(|num| node(NodeNum(num), "", "")));
    bot.handle(now, Event::Nodes(town));
    Rig {
        bot,
        far,
        now,
        step: Duration::from_secs(60),
        results,
        kept,
        pins,
    }
}

/// Our node has the channels 0, 1 and 2.
fn identity() -> Identity {
    let mut channels: [ChannelInfo; ChannelIndex::COUNT] = Default::default();
    for channel in &mut channels[..3] {
        channel.enabled = true;
    }
    Identity {
        num: OWN,
        own: Some(node(OWN, "Weather Bot", "BOT")),
        channels,
        opened: 1,
        ..Identity::default()
    }
}

fn node(num: NodeNum, long: &str, short: &str) -> proto::NodeInfo {
    proto::NodeInfo {
        num: num.0,
        last_heard: 9_999_000,
        user: Some(proto::User {
            long_name: long.into(),
            short_name: short.into(),
            ..proto::User::default()
        }),
        ..proto::NodeInfo::default()
    }
}

thread_local! {
    /// No two texts have the same number.
    static NEXT: Cell<u32> = const { Cell::new(77) };
}

/// A text from one relay away; to everybody it goes on channel 1.
fn received(from: NodeNum, to: NodeNum, text: &str) -> Received {
    let data = proto::Data {
        portnum: PortNum::TextMessageApp as i32,
        payload: text.as_bytes().to_vec(),
        bitfield: Some(1),
        ..proto::Data::default()
    };
    let packet = Packet::from_wire(&proto::MeshPacket {
        from: from.0,
        to: to.0,
        channel: u32::from(to == ALL),
        id: NEXT.replace(NEXT.get() + 1),
        rx_snr: 5.0,
        hop_start: 3,
        hop_limit: 2,
        transport_mechanism: 1,
        payload_variant: Some(mesh_packet::PayloadVariant::Decoded(data)),
        ..proto::MeshPacket::default()
    });
    Received {
        packet,
        standing: Standing::Live,
        age: None,
        answers_ours: false,
        traceroute: None,
    }
}

impl Rig {
    fn hear(&mut self, received: Received) -> Vec<String> {
        self.now = self.now.plus(self.step);
        self.bot.handle(self.now, Event::Packet(Box::new(received)));
        self.sent()
    }

    /// What the bot says to this text: `#1 …` on a channel, `!id …` directly.
    fn say(&mut self, from: NodeNum, to: NodeNum, text: &str) -> Vec<String> {
        self.hear(received(from, to, text))
    }

    /// An order from the operator's node, with a key or in the open.
    fn order(&mut self, to: NodeNum, text: &str, key: Option<[u8; 32]>) -> Vec<String> {
        let mut order = received(BOSS, to, text);
        order.packet.sender_key = key;
        self.hear(order)
    }

    fn sent(&self) -> Vec<String> {
        let texts = self.far.texts().into_iter();
        texts
            .map(|text| match text.target {
                Target::Channel(channel) => format!("#{channel} {}", text.text),
                Target::Node { num, .. } => format!("{num} {}", text.text),
            })
            .collect()
    }

    /// Errands that have ended come back.
    fn finish(&mut self) -> Vec<String> {
        for result in self.results.try_iter() {
            self.bot.finished(self.now, result);
        }
        self.sent()
    }

    fn pass(&mut self, secs: u64) {
        self.now = self.now.plus(Duration::from_secs(secs));
    }
}

fn on_channel(text: &str) -> Vec<String> {
    vec![format!("#1 {text}")]
}

fn to_alice(text: &str) -> Vec<String> {
    vec![format!("{ALICE} {text}")]
}

const NOTHING: [&str; 0] = [];

/// features.md C4.
#[test]
fn what_is_a_command_and_what_is_talk() {
    let mut rig = rig(|_| {});
    for (to, text, is_asked) in [
        (ALL, "/ping", true),
        (ALL, "/PÏNG", true),
        (ALL, "@BOT /ping", true),
        (ALL, "@weather bot: ping", true),
        (ALL, "> who?\n/ping", true),
        (ALL, "/pinging", false),
        (ALL, "ping", false),
        (ALL, "@ALB /ping", false),
        (ALL, "say /ping", false),
        (OWN, "/ping", true),
        (OWN, "Test", true),
        (ALL, "@BOT ping me later", true),
        (ALL, "BOT is a short name", false),
        (ALL, "BOT ping", true),
        (ALL, "ping @BOT", true),
        (BOB, "/ping", false),
    ] {
        let expected = match (is_asked, to) {
            (false, _) => vec![],
            (true, OWN) => to_alice(PONG),
            (true, _) => on_channel(PONG),
        };
        assert_eq!(rig.say(ALICE, to, text), expected, "{text}");
    }
    assert_eq!(rig.say(OWN, ALL, "/ping"), NOTHING, "our own words");
}

/// In a direct message a command that takes something needs no mark either.
#[test]
fn a_bare_word_may_have_arguments() {
    let mut rig = rig(|_| {});
    let usage = rig.say(ALICE, OWN, "/rain paris 9");
    assert_eq!(rig.say(ALICE, OWN, "rain paris 9"), usage);
    let help = rig.say(ALICE, OWN, "/help rain");
    assert_eq!(rig.say(ALICE, OWN, "Help rain"), help);
    assert_eq!(rig.say(ALICE, ALL, "@BOT help rain").len(), 1);
    assert_eq!(rig.say(ALICE, ALL, "help rain"), NOTHING);
    assert_eq!(rig.say(ALICE, OWN, "ping please!"), to_alice(PONG));
}

/// features.md J8.
#[test]
fn a_channel_may_have_a_language_of_its_own() {
    let mut rig = rig(|settings| {
        let rules = ChannelRules {
            language: Some(Lang::De),
            ..ChannelRules::default()
        };
        settings.channels.insert(ChannelIndex(1), rules);
    });
    assert_eq!(rig.say(ALICE, ALL, "/ping"), on_channel("🏓 pong · 1 Hop"));
    assert_eq!(rig.say(ALICE, OWN, "/ping"), to_alice(PONG));
    let list = rig.say(ALICE, ALL, "/info alice");
    assert!(list[0].contains("Antworte"), "{list:?}");
}

/// features.md C5, A17: lists, missing and disabled channels.
#[test]
fn channels_have_their_own_rules() {
    let mut rig = rig(|settings| {
        let rules = ChannelRules {
            commands: Some(["ping".to_owned()].into()),
            ..ChannelRules::default()
        };
        settings.channels.insert(ChannelIndex(1), rules);
        settings.bot.channels = Some([0, 1, 5].map(ChannelIndex).into());
    });
    let mut ask = |channel, text| {
        let mut question = received(ALICE, ALL, text);
        question.packet.channel = ChannelIndex(channel);
        rig.hear(question).len()
    };
    assert_eq!((ask(1, "/ping"), ask(1, "/my")), (1, 0));
    assert_eq!((ask(0, "/ping"), ask(0, "/my")), (1, 1));
    assert_eq!(ask(2, "/ping"), 0, "not configured");
    assert_eq!(ask(5, "/ping"), 0, "the node does not have it");
    assert_eq!(rig.say(ALICE, OWN, "/my").len(), 1);
}

/// features.md C6.
#[test]
fn each_mode_answers_in_its_place() {
    for (mode, expected) in [
        (Mode::Public, on_channel(PONG)),
        (Mode::Direct, vec![]),
        (Mode::Private, to_alice(PONG)),
    ] {
        let mut rig = rig(|settings| {
            let rules = CommandRules {
                mode: Some(mode),
                ..CommandRules::default()
            };
            settings.commands.insert("ping".into(), rules);
        });
        assert_eq!(rig.say(ALICE, ALL, "/ping"), expected, "{mode:?}");
        assert_eq!(rig.say(ALICE, OWN, "/ping"), to_alice(PONG));
    }
}

#[test]
fn what_is_switched_off_does_not_exist() {
    let mut rig = rig(|settings| {
        let off = CommandRules {
            enabled: false,
            ..CommandRules::default()
        };
        settings.commands.insert("echo".into(), off);
    });
    assert_eq!(rig.say(ALICE, ALL, "/echo hi"), NOTHING);
    let help = rig.say(ALICE, OWN, "/help");
    assert!(!help[0].contains("/echo"), "{help:?}");
}

/// T1, C7: a mistake is met with what was meant, and no silence follows it.
#[test]
fn whoever_speaks_to_the_bot_is_always_answered() {
    let mut rig = rig(|_| {});
    assert_eq!(rig.say(ALICE, ALL, "/whatever"), NOTHING);
    // The first time it is the help, then a sentence, a minute apart for ever.
    let help = rig.say(ALICE, OWN, "/help");
    assert_eq!(rig.say(ALICE, OWN, "qwertz uiop"), help);
    let sentence = to_alice(
        "I don't understand that. Try /ping or /weather paris; /help shows what I can do.",
    );
    for _ in 0..5 {
        assert_eq!(rig.say(ALICE, OWN, "qwertz uiop"), sentence);
    }
    for mistake in [
        "/weahter paris",
        "/wether paris",
        "/weathr paris",
        "weathre paris",
    ] {
        let said = rig.say(ALICE, OWN, mistake);
        assert!(said[0].ends_with("Perhaps /weather paris"), "{said:?}");
    }
    assert_eq!(
        rig.say(ALICE, OWN, "/pign"),
        to_alice("pign? Perhaps /ping")
    );
    assert_eq!(
        rig.say(ALICE, ALL, "@BOT"),
        on_channel(&help[0]["!1111aaaa ".len()..])
    );
    for polite in ["thanks", "ok", "merci !", "👍", "danke schön"] {
        assert_eq!(rig.say(ALICE, OWN, polite), NOTHING, "{polite}");
    }
    // Within the ordinary limits.
    rig.step = Duration::from_secs(1);
    let said: Vec<_> = (0..20).flat_map(|_| rig.say(BOB, OWN, "qwertz")).collect();
    assert_eq!(said.len(), 6, "{said:?}");
}

/// Whoever greets may not know what can be asked; who greets again does.
#[test]
fn who_says_hello_first_is_told_what_can_be_asked() {
    for hello in ["hi", "bonjour", "Guten Tag", "Hi bot, how are you?"] {
        let mut rig = rig(|_| {});
        let help = rig.say(BOB, OWN, "/help");
        assert_eq!(help.len(), 1);
        let help = help[0].replace("!2222bbbb", "!1111aaaa");
        assert_eq!(rig.say(ALICE, OWN, hello), [help], "{hello}");
        assert_eq!(rig.say(ALICE, OWN, hello), NOTHING, "{hello}");
        assert_eq!(rig.say(ALICE, ALL, hello), NOTHING, "{hello}");
    }
}

/// features.md B13: where an emoji is enough, it costs the mesh least.
#[test]
fn a_ping_and_thanks_may_be_answered_with_an_emoji() {
    let mut rig = rig(|settings| settings.bot.ping = PingAnswer::Tapback);
    for (to, text, emoji) in [
        (ALL, "/ping", "🏓"),
        (OWN, "ping", "🏓"),
        (OWN, "thanks!", "👍"),
        (OWN, "merci beaucoup", "👍"),
    ] {
        rig.now = rig.now.plus(Duration::from_secs(60));
        let asked = Event::Packet(Box::new(received(ALICE, to, text)));
        rig.bot.handle(rig.now, asked);
        let texts = rig.far.texts();
        let [said] = &texts[..] else {
            panic!("{text}: {texts:?}");
        };
        assert!(said.is_reaction && said.reply_to.is_some(), "{text}");
        assert_eq!(said.text, emoji, "{text}");
    }
    // More than one is a question about figures.
    assert!(rig.say(ALICE, OWN, "/ping 2")[0].contains("1/2"));
    assert_eq!(rig.say(ALICE, ALL, "thanks"), NOTHING, "not to us");
}

/// T13: what people shall do is the operator's to say.
#[test]
fn who_calls_for_help_is_told_what_the_operator_wants() {
    let mut rig = rig(|settings| settings.bot.distress = "Call 112, then channel 3.".into());
    for call in [
        "SOS",
        "au secours !",
        "ich brauche Hilfe",
        "@BOT mayday mayday",
    ] {
        assert_eq!(
            rig.say(ALICE, OWN, call),
            to_alice("Call 112, then channel 3.")
        );
    }
    let mut rig = self::rig(|_| {});
    let said = rig.say(ALICE, OWN, "SOS");
    assert!(
        said[0].contains("112") && said[0].ends_with("/help"),
        "{said:?}"
    );
}

/// T2: only the same word again is left alone, and that is told once.
#[test]
fn the_same_bare_word_again_and_again_does_not_silence_other_words() {
    let mut rig = rig(|settings| settings.limits.per_sender.count = 100);
    rig.step = Duration::from_secs(5);
    let pings: Vec<_> = (0..6).map(|_| rig.say(ALICE, OWN, "ping")).collect();
    let answered = pings.iter().filter(|said| **said == to_alice(PONG)).count();
    let told = pings.iter().filter(|said| !said.is_empty()).count();
    assert_eq!((answered, told), (3, 4), "{pings:?}");
    for other in ["help", "about", "/ping", "‘/ping’", "@BOT ping", "test"] {
        assert_eq!(rig.say(ALICE, OWN, other).len(), 1, "{other}");
    }
}

/// T3: whatever page was said last is turned, there and back, and the ends are told.
#[test]
fn more_and_back_turn_the_page_that_was_said_last_here() {
    let mut rig = rig(|_| {});
    let first = rig.say(ALICE, OWN, "/lheard");
    let (_, mark) = first[0].rsplit_once('\n').unwrap();
    let pages: usize = mark
        .strip_prefix("1/")
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(pages > 2 && mark.ends_with(" · /more"), "{mark}");
    for page in 2..=pages {
        let said = rig.say(ALICE, OWN, "more");
        assert!(said[0].contains(&format!("\n{page}/{pages}")), "{said:?}");
    }
    assert_eq!(
        rig.say(ALICE, OWN, "/suite"),
        to_alice("That was the last page.")
    );
    let before = rig.say(ALICE, OWN, "/back");
    assert!(
        before[0].contains(&format!("\n{}/{pages}", pages - 1)),
        "{before:?}"
    );
    // A page can be named.
    let second = rig.say(ALICE, OWN, "/more 2");
    assert!(second[0].contains(&format!("\n2/{pages}")), "{second:?}");
    assert_eq!(
        rig.say(ALICE, OWN, "/more 99"),
        to_alice(&format!("There are {pages} pages."))
    );
    // Somebody else, and the same man elsewhere, have read nothing.
    let nothing = "There is nothing more.";
    assert!(rig.say(BOB, OWN, "/more")[0].ends_with(nothing));
    assert_eq!(
        rig.say(ALICE, OWN, "/lheard 99"),
        to_alice(&format!("There are {pages} pages."))
    );
}

/// W9.
#[test]
fn help_with_a_mark_behind_it_is_help() {
    let mut rig = rig(|_| {});
    let help = rig.say(ALICE, OWN, "/help");
    for text in ["/help !", "/aide !", "help me!", "/? "] {
        assert_eq!(rig.say(ALICE, OWN, text), help, "{text}");
    }
    let one = rig.say(ALICE, OWN, "/help ping");
    assert_eq!(rig.say(ALICE, OWN, "/help ping !"), one);
}

/// T13.
#[test]
fn distress_is_never_taken_for_a_typing_mistake() {
    let mut rig = rig(|_| {});
    for text in [
        "SOS",
        "sos help",
        "112",
        "mayday mayday",
        "/sos",
        "Urgence !",
        "Notfall",
    ] {
        let said = rig.say(ALICE, OWN, text);
        assert!(said[0].contains("call 112"), "{text}: {said:?}");
    }
}

/// features.md C8, C10.
#[test]
fn twenty_pings_are_five_answers_and_one_notice() {
    let mut rig = rig(|_| {});
    rig.step = Duration::from_secs(1);
    let said: Vec<_> = (0..20).flat_map(|_| rig.say(ALICE, ALL, "/ping")).collect();
    assert_eq!(said.len(), 6);
    assert_eq!(said[4..5], on_channel(PONG));
    assert!(said[5].contains("Many questions"), "{said:?}");
    assert_eq!(rig.bot.tally().answered, 5);
    assert_eq!(rig.bot.tally().refused, 15);
    // The others are not bothered by it.
    assert_eq!(rig.say(BOB, ALL, "/ping"), on_channel(PONG));
}

/// features.md C9.
#[test]
fn a_crowd_gets_what_channel_and_node_can_carry() {
    let few = |count| Rate {
        count,
        per: Duration::from_secs(600),
    };
    for (per_channel, total, expected) in [(12, 60, 12), (30, 7, 7)] {
        let mut rig = rig(|settings| {
            settings.limits.per_channel = few(per_channel);
            settings.limits.total = few(total);
        });
        rig.step = Duration::ZERO;
        // Half of it goes to whoever comes, all of it to the town (C25).
        let mut say = |who| rig.say(NodeNum(who), ALL, "/ping").len();
        assert_eq!(
            (500..530).map(&mut say).sum::<usize>(),
            usize::div_ceil(expected, 2)
        );
        assert_eq!(REGULARS.map(&mut say).sum::<usize>(), expected / 2);
    }
}

/// features.md B17.
#[test]
fn those_who_ask_the_same_are_answered_together() {
    let mut rig = rig(|settings| settings.limits.per_channel.count = 3);
    rig.step = Duration::from_secs(5);
    let legend = |rig: &mut Rig, who, to| rig.say(NodeNum(who), to, "/weather help").len();
    let answers: Vec<_> = (100..107).map(|who| legend(&mut rig, who, ALL)).collect();
    assert_eq!(answers, [1, 0, 0, 0, 0, 0, 1]);
    assert_eq!(
        legend(&mut rig, 107, OWN),
        1,
        "directly everybody has his own"
    );
    let tally = rig.bot.tally();
    assert_eq!((tally.answered, tally.together, tally.refused), (3, 5, 0));
    // What was not said did not cost the channel anything.
    assert_eq!(rig.say(BOB, ALL, "/ping"), on_channel(PONG));
    assert_eq!(rig.say(BOB, ALL, "/ping"), NOTHING);
    // Another channel has heard nothing.
    let mut elsewhere = received(NodeNum(110), ALL, "/weather help");
    elsewhere.packet.channel = ChannelIndex(2);
    assert_eq!(rig.hear(elsewhere).len(), 1);
    // Not even the same words, when the answer is about the asker.
    assert_eq!(rig.say(NodeNum(111), OWN, "/ping").len(), 1);
}

/// features.md B17: an answer that went wrong has answered nobody, and whoever
/// was to read it gets his own.
#[test]
fn a_failed_answer_is_said_again_for_the_others() {
    let mut rig = rig(|_| {});
    rig.step = Duration::from_secs(2);
    let said = rig.say(ALICE, ALL, "/help");
    rig.now = rig.now.plus(Duration::from_secs(60));
    let question = Event::Packet(Box::new(received(ALICE, ALL, "/help")));
    rig.bot.handle(rig.now, question);
    let Ok(Request::Text(ticket, text)) = rig.far.requests.try_recv() else {
        panic!("no answer");
    };
    // Bob may be further away than Alice was.
    assert!(text.for_others);
    assert_eq!(rig.say(BOB, ALL, "/help"), NOTHING);
    assert_eq!(rig.bot.tally().together, 1);
    let outcome = Outcome::Failed(Failure::Nak(5));
    rig.bot.handle(rig.now, Event::Outcome(ticket, outcome));
    assert_eq!(rig.sent(), said);
    let tally = rig.bot.tally();
    assert_eq!((tally.answered, tally.together), (3, 0));
    // The outcome of the first says nothing about the second.
    rig.bot.handle(rig.now, Event::Outcome(ticket, outcome));
    assert_eq!(rig.say(NodeNum(100), ALL, "/help"), NOTHING);
}

/// The rest of an answer belongs to everybody who was answered by it.
#[test]
fn more_is_for_those_answered_together_too() {
    let mut rig = rig(|settings| {
        settings.bot.part_limit = 60;
        settings.bot.max_parts = 1;
    });
    rig.step = Duration::from_secs(5);
    let help = rig.say(ALICE, ALL, "/weather help");
    assert!(help[0].ends_with("/more"), "{help:?}");
    assert_eq!(rig.say(BOB, ALL, "/weather help"), NOTHING);
    let more = rig.say(BOB, ALL, "/more");
    assert_eq!(more, rig.say(ALICE, ALL, "/more"));
    assert_eq!(more.len(), 1);
}

/// A sentence that fits every question answers only the one that was asked.
#[test]
fn an_excuse_is_for_one_question() {
    let mut rig = rig_with(
        |_| {},
        Some(Box::new(Idle { takes: true })),
        Before::default(),
    );
    rig.step = Duration::from_secs(1);
    for (who, text) in [
        (100, "/rain paris"),
        (101, "/weather rome"),
        (102, "/RAIN paris"),
    ] {
        assert_eq!(rig.say(NodeNum(who), ALL, text), NOTHING);
    }
    rig.pass(30);
    rig.bot.tick(rig.now);
    assert_eq!(rig.sent().len(), 2);
    let tally = rig.bot.tally();
    assert_eq!((tally.answered, tally.together), (2, 1));
}

/// features.md C13.
#[test]
fn public_questions_from_afar_are_left_to_others() {
    let mut rig = rig(|settings| settings.bot.max_hops = 3);
    for (to, hops, answers) in [
        (ALL, Hops::Known(3), 1),
        (ALL, Hops::Known(5), 0),
        (ALL, Hops::Unknown, 1),
        (OWN, Hops::Known(5), 1),
    ] {
        let mut question = received(ALICE, to, "/ping");
        question.packet.hops = hops;
        assert_eq!(rig.hear(question).len(), answers, "{to} {hops:?}");
    }
}

/// features.md C10: what is said in private takes nothing from the channel.
#[test]
fn private_answers_to_public_questions_cost_the_channel_nothing() {
    let mut rig = rig(|settings| settings.limits.per_channel.count = 1);
    rig.step = Duration::ZERO;
    for who in 100..105 {
        assert_eq!(rig.say(NodeNum(who), ALL, "/legend").len(), 1, "{who}");
    }
    assert_eq!(rig.say(ALICE, ALL, "/ping"), on_channel(PONG));
    assert_eq!(rig.say(BOB, ALL, "/ping"), NOTHING);
}

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

/// features.md C14.
#[test]
fn mqtt_is_answered_ignored_or_answered_in_private() {
    let pong = "🏓 pong · via MQTT · 1 hop";
    for (policy, expected) in [
        (Mqtt::Answer, on_channel(pong)),
        (Mqtt::Ignore, vec![]),
        (Mqtt::Private, to_alice(pong)),
    ] {
        let mut rig = rig(|settings| settings.bot.mqtt = policy);
        let mut question = received(ALICE, ALL, "/ping");
        question.packet.via_mqtt = true;
        assert_eq!(rig.hear(question), expected, "{policy:?}");
    }
}

/// features.md C16.
#[test]
fn two_bots_do_not_keep_each_other_busy() {
    let mut rig = rig(|_| {});
    rig.step = Duration::from_secs(1);
    let mut reply = received(ALICE, OWN, "/ping");
    reply.answers_ours = true;
    assert_eq!(rig.hear(reply), NOTHING, "an answer to us is no question");
    let answers: Vec<_> = (0..6).map(|_| rig.say(BOB, OWN, "ping").len()).collect();
    assert_eq!(answers, [1, 1, 1, 1, 0, 0], "the fourth says how else");
    assert_eq!(rig.say(BOB, OWN, "/ping").len(), 1, "with its mark");
    rig.pass(600);
    assert_eq!(rig.say(BOB, OWN, "ping").len(), 1);
}

/// features.md C18.
#[test]
fn a_muted_bot_listens_to_its_operator_only() {
    let mut rig = rig(|_| {});
    let muted = rig.order(OWN, "/mute 10", Some(KEY));
    assert_eq!(
        muted,
        [format!("{BOSS} 🔇 Muted for 10 min. /unmute ends it.")]
    );
    assert_eq!(rig.kept.try_recv(), Ok(Some(rig.now.unix + 600)));
    assert_eq!(rig.say(ALICE, ALL, "/ping"), NOTHING);
    assert_eq!(rig.say(ALICE, OWN, "hello?"), NOTHING);
    assert_eq!(rig.order(OWN, "/ping", Some(KEY)), NOTHING);
    rig.pass(600);
    assert_eq!(rig.say(ALICE, ALL, "/ping"), on_channel(PONG));
    rig.order(OWN, "/mute", Some(KEY));
    assert_eq!(rig.kept.try_recv(), Ok(Some(u64::MAX)));
    assert_eq!(rig.say(ALICE, OWN, "/ping"), NOTHING);
    rig.order(OWN, "/unmute", Some(KEY));
    assert_eq!(rig.kept.try_recv(), Ok(None));
    assert_eq!(rig.say(ALICE, OWN, "/ping"), to_alice(PONG));
}

#[test]
fn a_bot_stays_muted_over_a_restart() {
    let before = Before {
        muted_until: Some(u64::MAX),
        ..Before::default()
    };
    let mut rig = rig_with(|_| {}, None, before);
    assert_eq!(rig.say(ALICE, OWN, "/ping"), NOTHING);
    assert_eq!(rig.order(OWN, "/unmute", Some(KEY)).len(), 1);
    assert_eq!(rig.kept.try_recv(), Ok(None));
}

#[test]
fn an_errand_ends_silently_when_the_bot_was_muted_meanwhile() {
    let mut rig = rig(|_| {});
    rig.say(ALICE, ALL, "/fetch");
    rig.order(OWN, "/mute", Some(KEY));
    assert_eq!(rig.finish(), NOTHING);
}

/// features.md C24, A9, A10.
#[test]
fn only_what_is_asked_now_is_answered() {
    let mut rig = rig(|_| {});
    for (age, standing, answers) in [
        (Some(300), Standing::Live, 1),
        (Some(301), Standing::Live, 0),
        (None, Standing::Backlog, 0),
        (None, Standing::Replay, 0),
    ] {
        let mut question = received(ALICE, OWN, "/ping");
        (question.age, question.standing) = (age, standing);
        assert_eq!(rig.hear(question).len(), answers, "{age:?} {standing:?}");
    }
}

/// features.md L1.
#[test]
fn orders_need_number_and_key_and_a_direct_message() {
    let mut rig = rig(|_| {});
    assert_eq!(rig.order(OWN, "/mute", None), NOTHING, "in the open");
    assert_eq!(rig.order(OWN, "/mute", Some([8; 32])), NOTHING, "wrong key");
    assert_eq!(rig.order(ALL, "/mute", Some(KEY)), NOTHING, "on a channel");
    let mut stranger = received(ALICE, OWN, "/mute");
    stranger.packet.sender_key = Some(KEY);
    assert_eq!(rig.hear(stranger), NOTHING, "wrong number");
    assert!(rig.kept.is_empty());
    assert_eq!(rig.order(OWN, "/mute", Some(KEY)).len(), 1);
    // What belongs to the operator is not even listed for others.
    rig.order(OWN, "/unmute", Some(KEY));
    assert!(rig.order(OWN, "/help operator", Some(KEY))[0].contains("/mute "));
    assert!(!rig.order(OWN, "/help", None)[0].contains(" mute "));
}

/// The same as the node delivers it: the key stands in the packet, and nothing
/// says that the message was opened with it.
#[test]
fn an_order_with_the_key_but_without_its_seal_is_not_obeyed() {
    let mut rig = rig(|_| {});
    for (sealed, key, answers) in [(false, KEY, 0), (true, [8; 32], 0), (true, KEY, 1)] {
        let mut order = received(BOSS, OWN, "/mute");
        let data = proto::Data {
            portnum: PortNum::TextMessageApp as i32,
            payload: b"/mute".to_vec(),
            ..proto::Data::default()
        };
        order.packet = Packet::from_wire(&proto::MeshPacket {
            from: BOSS.0,
            to: OWN.0,
            id: 78,
            public_key: key.to_vec(),
            pki_encrypted: sealed,
            payload_variant: Some(mesh_packet::PayloadVariant::Decoded(data)),
            ..proto::MeshPacket::default()
        });
        assert_eq!(rig.hear(order).len(), answers, "{sealed} {key:?}");
        assert_eq!(rig.kept.is_empty(), answers == 0);
    }
}

/// Nothing proves who speaks on a channel, whatever key a packet brings.
#[test]
fn on_a_channel_the_operator_is_anybody() {
    let mut rig = rig(|_| {});
    rig.step = Duration::ZERO;
    let answers = |rig: &mut Rig, to| -> usize {
        let asked = (0..8).map(|_| rig.order(to, "/ping", Some(KEY)).len());
        asked.sum()
    };
    assert_eq!(answers(&mut rig, OWN), 8, "no limit for him");
    assert_eq!(answers(&mut rig, ALL), 6, "five answers and one notice");
}

/// protocol.md §5.1: 0 is nobody's number, nobody could be answered.
#[test]
fn a_text_from_nobody_is_not_answered() {
    let mut rig = rig(|_| {});
    assert_eq!(rig.say(NodeNum(0), ALL, "/ping"), NOTHING);
    assert_eq!(rig.say(NodeNum(0), OWN, "/ping"), NOTHING);
    assert_eq!(rig.say(ALL, ALL, "/ping"), NOTHING);
}

#[test]
fn a_muted_bot_does_not_tell_the_channel_of_a_missing_key() {
    let mut rig = rig(|_| {});
    let question = Event::Packet(Box::new(received(ALICE, ALL, "/sys")));
    rig.bot.handle(rig.now, question);
    let Ok(Request::Text(ticket, _)) = rig.far.requests.try_recv() else {
        panic!("no answer");
    };
    rig.order(OWN, "/mute", Some(KEY));
    let outcome = Outcome::Failed(Failure::Nak(39));
    rig.bot.handle(rig.now, Event::Outcome(ticket, outcome));
    assert_eq!(rig.sent(), NOTHING);
}

#[test]
fn a_command_can_be_kept_for_the_operator() {
    let mut rig = rig(|settings| {
        let rules = CommandRules {
            operator_only: true,
            ..CommandRules::default()
        };
        settings.commands.insert("echo".into(), rules);
    });
    assert_eq!(rig.say(ALICE, OWN, "/echo hi"), NOTHING);
    assert_eq!(rig.order(ALL, "/echo hi", None), NOTHING);
    assert_eq!(rig.order(OWN, "/echo hi", Some(KEY)).len(), 1);
}

/// features.md D7.
#[test]
fn a_number_picks_from_the_list_shown_before() {
    let mut rig = rig(|_| {});
    assert_eq!(rig.say(ALICE, OWN, "2"), NOTHING, "no list yet");
    let list = rig.say(ALICE, OWN, "/info alice");
    assert!(list[0].contains("\n2 "), "{list:?}");
    let mobile = rig.say(ALICE, OWN, "2");
    assert!(
        mobile[0].contains("Alice Mobile (ALM) !2222bbbb"),
        "{mobile:?}"
    );
    assert_eq!(rig.say(BOB, OWN, "2"), NOTHING, "another's list");
    assert_eq!(rig.say(ALICE, ALL, "2"), NOTHING, "another place");
    rig.pass(300);
    assert_eq!(rig.say(ALICE, OWN, "1"), NOTHING, "too late");
    // A private command's list lies where it is shown.
    assert_eq!(rig.say(ALICE, ALL, "/nodes near alice").len(), 1);
    assert_eq!(rig.say(ALICE, OWN, "1").len(), 1);
}

/// features.md D19.
#[test]
fn echoes_are_rare() {
    let mut rig = rig(|_| {});
    assert_eq!(
        rig.say(ALICE, ALL, "/echo hi all"),
        on_channel("ALB: hi all")
    );
    let notice = rig.say(ALICE, ALL, "/echo hi all");
    assert!(notice[0].contains("Many questions"), "{notice:?}");
    assert_eq!(rig.say(ALICE, ALL, "/echo hi all"), NOTHING);
    rig.pass(600);
    assert_eq!(
        rig.say(ALICE, ALL, "/echo hi all"),
        on_channel("ALB: hi all")
    );
}

/// features.md B11, B12, B15.
#[test]
fn an_answer_goes_back_the_way_that_the_question_came() {
    let mut rig = rig(|_| {});
    rig.step = Duration::ZERO;
    for (to, channel, target) in [
        (ALL, 2, Target::Channel(ChannelIndex(2))),
        (
            OWN,
            1,
            Target::Node {
                num: ALICE,
                channel: ChannelIndex(1),
            },
        ),
    ] {
        let mut question = received(ALICE, to, "/ping");
        question.packet.channel = ChannelIndex(channel);
        let id = question.packet.id;
        rig.bot.handle(rig.now, Event::Packet(Box::new(question)));
        let texts = rig.far.texts();
        assert_eq!(texts.len(), 1);
        assert_eq!(texts[0].target, target);
        assert_eq!(texts[0].reply_to, Some(id));
        assert_eq!(texts[0].hops_used, Hops::Known(1));
        assert_eq!(&*texts[0].command, "/ping");
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

/// features.md B16.
#[test]
fn a_missing_key_costs_one_request_and_one_notice_an_hour() {
    key_trouble(Failure::Nak(39), "I can't");
}

/// Whoever was flashed anew cannot read what our node sends.
#[test]
fn a_newly_flashed_user_is_told_on_the_channel_once_an_hour() {
    key_trouble(Failure::Unreadable, "your node cannot read");
}

fn key_trouble(failure: Failure, notice: &str) {
    let mut rig = rig(|_| {});
    let fail = |rig: &mut Rig, secs| {
        rig.pass(secs);
        let question = received(ALICE, ALL, "/sys");
        rig.bot.handle(rig.now, Event::Packet(Box::new(question)));
        let Ok(Request::Text(ticket, _)) = rig.far.requests.try_recv() else {
            panic!("no answer");
        };
        let outcome = Outcome::Failed(failure);
        rig.bot.handle(rig.now, Event::Outcome(ticket, outcome));
        let mut seen = Vec::new();
        for request in rig.far.requests.try_iter() {
            match request {
                Request::NodeInfo(num) => seen.push(format!("who is {num}")),
                Request::Text(_, text) => seen.push(format!("{:?} {}", text.target, text.text)),
                other => panic!("{other:?}"),
            }
        }
        seen
    };
    let seen = fail(&mut rig, 60);
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert_eq!(seen[0], format!("who is {ALICE}"));
    let notice = format!("Channel(ChannelIndex(1)) Alice Base: {notice}");
    assert!(seen[1].starts_with(&notice), "{seen:?}");
    assert_eq!(fail(&mut rig, 60), NOTHING);
    assert_eq!(fail(&mut rig, 3_539), NOTHING, "the hour is not over");
    let again = fail(&mut rig, 1);
    assert_eq!(again.len(), 2);
    assert!(again[1].ends_with("/keys says more."), "{again:?}");
    assert_eq!(rig.bot.tally().key_trouble, 4);
    // Where nobody may ask that, nobody is sent to it.
    let only_there = CommandRules {
        mode: Some(Mode::Direct),
        ..CommandRules::default()
    };
    rig.bot
        .settings
        .commands
        .insert("keys".to_owned(), only_there);
    let again = fail(&mut rig, 3_600);
    assert!(!again[1].contains("/keys"), "{again:?}");
}

/// What he can do about it is nothing private (findings R2): it is said where he reads
/// it, for as long as it is so.
#[test]
fn about_his_own_key_somebody_is_told_where_he_can_read_it() {
    let mut rig = rig(|_| {});
    let keys = |rig: &mut Rig, args: &str| rig.say(ALICE, ALL, &format!("/keys{args}"));
    let is_private = |said: &[String]| said[0].starts_with(&format!("{ALICE} 🔑 0 with a key"));
    let said = keys(&mut rig, "");
    assert!(is_private(&said), "{said:?}");
    rig.say(ALICE, ALL, "/sys");
    let question = received(ALICE, ALL, "/sys");
    rig.bot.handle(rig.now, Event::Packet(Box::new(question)));
    let Ok(Request::Text(ticket, _)) = rig.far.requests.try_recv() else {
        panic!("no answer");
    };
    // An older key of our node's is as bad as a newer one of his.
    let outcome = Outcome::Failed(Failure::Nak(35));
    rig.bot.handle(rig.now, Event::Outcome(ticket, outcome));
    rig.sent();
    for args in ["", " alb", " !1111aaaa"] {
        let public = keys(&mut rig, args);
        assert!(
            public[0].starts_with("#1 🔑 Alice Base aaaa:"),
            "{args} {public:?}"
        );
    }
    // In a direct message, should he read it, everything is as ever.
    let direct = rig.say(ALICE, OWN, "/keys");
    assert!(is_private(&direct), "{direct:?}");
    // What came through MQTT stays as private as the operator wants it.
    let mut far = received(ALICE, ALL, "/keys");
    far.packet.via_mqtt = true;
    rig.bot.settings.bot.mqtt = Mqtt::Private;
    let private = rig.hear(far);
    assert!(private[0].starts_with(&ALICE.to_string()), "{private:?}");
    // Of others he is told in private, and others of him.
    assert!(keys(&mut rig, " alm")[0].starts_with(&ALICE.to_string()));
    let other = rig.say(BOB, ALL, "/keys alb");
    assert!(other[0].starts_with(&BOB.to_string()), "{other:?}");
    assert!(rig.say(ALICE, ALL, "/sys")[0].starts_with(&ALICE.to_string()));
    rig.pass(3_600);
    let said = keys(&mut rig, "");
    assert!(is_private(&said), "{said:?}");
}

/// Nothing was said, so that nothing is used up (and nobody asks too much).
#[test]
fn what_is_not_answered_costs_nothing() {
    let mut rig = rig(|_| {});
    rig.step = Duration::from_millis(100);
    for _ in 0..20 {
        assert_eq!(rig.say(ALICE, ALL, "/echo"), NOTHING);
        assert_eq!(rig.say(ALICE, ALL, "/info"), NOTHING);
    }
    assert_eq!(rig.say(ALICE, ALL, "/echo hello").len(), 1);
    for _ in 0..4 {
        assert_eq!(rig.say(ALICE, ALL, "/ping"), on_channel(PONG));
    }
    let slower = rig.say(ALICE, ALL, "/ping");
    assert!(slower[0].contains("wait a few minutes"), "{slower:?}");
}

#[test]
fn the_notice_about_a_bare_word_has_the_word_s_name() {
    let mut rig = rig(|_| {});
    rig.step = Duration::from_secs(1);
    for _ in 0..3 {
        rig.say(ALICE, OWN, "ping");
    }
    let again = received(ALICE, OWN, "ping");
    rig.now = rig.now.plus(rig.step);
    rig.bot.handle(rig.now, Event::Packet(Box::new(again)));
    let notice = rig.far.texts();
    assert!(notice[0].text.contains("/ping"), "{notice:?}");
    assert_eq!(&*notice[0].command, "ping");
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

/// features.md L6: the one word of a direct message may be a secret.
#[test]
fn what_is_no_command_is_not_called_by_its_text() {
    for text in ["hunter2", "/hunter2", "/hunter2 again"] {
        let mut rig = rig(|_| {});
        let question = received(ALICE, OWN, text);
        rig.bot.handle(rig.now, Event::Packet(Box::new(question)));
        let texts = rig.far.texts();
        assert_eq!(texts.len(), 1);
        assert!(["?", "/help"].contains(&&*texts[0].command), "{text}");
    }
}

/// The operator's silence ends the sessions of everybody, for good.
#[test]
fn muted_there_are_no_more_pongs() {
    let mut rig = rig(|_| {});
    rig.step = Duration::from_secs(1);
    let first = rig.say(ALICE, OWN, "/ping 3");
    assert_eq!(first, to_alice("🏓 pong 1/3 · 1 hop"));
    rig.pass(30);
    rig.bot.tick(rig.now);
    assert_eq!(rig.sent(), to_alice("🏓 pong 2/3"));
    rig.order(OWN, "/mute 5", Some(KEY));
    assert!(rig.bot.deadline().is_none());
    rig.order(OWN, "/unmute", Some(KEY));
    rig.pass(600);
    rig.bot.tick(rig.now);
    assert_eq!(rig.sent(), NOTHING);
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

#[test]
fn a_notice_takes_nothing_off_the_desk() {
    let mut rig = rig(|settings| {
        settings.bot.part_limit = 60;
        settings.bot.max_parts = 1;
        settings.limits.per_sender.count = 1;
    });
    rig.step = Duration::from_secs(1);
    let first = rig.say(ALICE, OWN, "/weather help");
    assert!(first[0].ends_with("…/more"), "{first:?}");
    let notice = rig.say(ALICE, OWN, "/more");
    assert!(notice[0].contains("Many questions"), "{notice:?}");
    rig.pass(300);
    let rest = rig.say(ALICE, OWN, "/more");
    assert!(rest[0].contains('/'), "{rest:?}");
}

/// Only what is answered costs a token, in every bucket.
#[test]
fn an_echo_that_the_channel_refused_is_not_counted() {
    let mut rig = rig(|settings| {
        settings.limits.per_channel = Rate {
            count: 1,
            per: Duration::from_secs(60),
        };
    });
    rig.step = Duration::from_secs(1);
    assert_eq!(rig.say(BOB, ALL, "/ping"), on_channel(PONG));
    assert_eq!(rig.say(ALICE, ALL, "/echo hi"), NOTHING);
    rig.pass(60);
    assert_eq!(rig.say(ALICE, ALL, "/echo hi"), on_channel("ALB: hi"));
}

/// A board without a clock of its own is told the time after the order.
#[test]
fn setting_the_clock_does_not_end_a_mute() {
    for (before, after) in [(1_000, 10_000_000), (10_000_000, 1_000)] {
        let mut rig = rig(|_| {});
        rig.now.unix = before;
        assert_eq!(rig.order(OWN, "/mute 60", Some(KEY)).len(), 1);
        rig.now.unix = after;
        assert_eq!(rig.say(ALICE, OWN, "/ping"), NOTHING);
        rig.pass(3_600);
        assert_eq!(rig.say(ALICE, OWN, "/ping"), to_alice(PONG));
    }
}

/// features.md C10.
#[test]
fn a_refused_hint_is_no_lost_notice() {
    let mut rig = rig(|settings| settings.limits.per_sender.count = 1);
    rig.step = Duration::from_secs(1);
    assert_eq!(rig.say(ALICE, OWN, "/ping"), to_alice(PONG));
    let talk = ["what is this?", "/ping", "/ping"];
    let said: Vec<_> = talk
        .iter()
        .flat_map(|text| rig.say(ALICE, OWN, text))
        .collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("Many questions"), "{said:?}");
}
