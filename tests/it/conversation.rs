//! A page that a person can read through: what is asked, and what is answered, in
//! every language, by the whole bot with a simulated node and simulated services.
//! `UPDATE_CONVERSATION=1 cargo test --test it conversation` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use meshbot::bot::all;
use meshbot::lang::{Lang, Text};
use meshbot::sim::Said;
use meshbot::sim::web::Web;

use crate::history::truth::Inline;
use crate::history::{place, writer};
use crate::soak::home::Reading;
use crate::support::sources::root;
use crate::support::weather;
use crate::support::world::{Options, World};

const PAGE: &str = "tests/conversation.md";

/// What is asked besides each command by itself: in words, with mistakes, wrongly.
fn questions(lang: Lang) -> Vec<&'static str> {
    let own: &[&str] = match lang.code() {
        "fr" => &[
            "météo à Paris demain",
            "pleut-il à Londres ?",
            "où est bob",
            "tu m'entends ?",
            "/méteoo paris",
            "/pluie paris 9",
            "/météo Paris samedi",
            "/météo à Paris demain soir",
            "/pluie demain",
            "/météo Paris lundi prochain",
            "à quelle distance est Londres",
        ],
        "de" => &[
            "Wetter morgen in Paris",
            "regnet es in London?",
            "wo ist bob",
            "hörst du mich?",
            "/weter paris",
            "/regen paris 9",
            "/wetter Paris Samstag",
            "/wetter morgen Abend in Paris",
            "/regen morgen",
            "/wetter köln",
            "/entfernung berlin",
            "wie weit ist London",
        ],
        _ => &[
            "weather in Paris tomorrow",
            "will it rain in London?",
            "where is bob",
            "can you hear me?",
            "/weahter paris",
            "/rain paris 9",
            "/weather paris saturday",
            "/weather paris tomorrow evening",
            "/rain tomorrow",
            "/weather new york 99",
            "how far is London",
        ],
    };
    let all = [
        "qwertz uiop",
        "SOS",
        "hello, how are you?",
        "are you a bot?",
        "thanks!",
        "/nodes 99",
        "/info 0000",
        "/weather 91,0",
        "/top 999",
        "/more",
        "/back",
    ];
    [own, &all].concat()
}

/// A bot that speaks `lang`, knows the weather, keeps its history there, and may be
/// asked a thousand things.
pub fn patient(lang: Lang, web: &Web, path: &Path) -> Options {
    let config = format!(
        "language = \"{}\"\n[limits]\nper_sender = {{ count = 1000, per = \"1h\" }}\n\
         total = {{ count = 1000, per = \"1h\" }}\n",
        lang.code()
    );
    drop(writer(path));
    Options {
        history: Inline::at(path),
        archive: Some(Reading::at(path.to_owned())),
        ..weather::options(web, &config)
    }
}

/// What one language's page says.
fn written(lang: Lang) -> String {
    let web = weather::web();
    let (_folder, path) = place();
    let mut world = World::with(patient(lang, &web, &path));
    world.settle();
    world.run(120_000);
    let asker = world.person(3);
    let mut page = format!("\n## {}\n", lang.name());
    let registry = all::registry();
    let commands = registry.iter().filter(|command| !command.operator_only);
    let commands = commands.map(|command| {
        let args = match command.name {
            "echo" => " hello",
            "info" | "trace" | "neighbors" => " bob",
            "weather" | "rain" | "astro" | "howfar" => " paris",
            _ => "",
        };
        format!("/{}{args}", command.shown(lang))
    });
    let help = Text::NamesHelp.list(lang)[0];
    let helps = registry
        .iter()
        .filter(|command| !command.operator_only)
        .map(|command| format!("/{help} {}", command.shown(lang)));
    let talk = questions(lang).into_iter().map(str::to_owned);
    for question in commands.chain(helps).chain(talk) {
        world.run(70_000);
        let _ = write!(page, "\n**{question}**\n");
        let answers = world.ask(Said::to_us(asker, &question));
        if answers.is_empty() {
            page.push_str("\n> (nothing)\n");
        }
        for answer in answers {
            assert!(answer.text.len() <= 220, "{}", answer.text);
            let _ = write!(page, "\n> {}\n", answer.text.replace('\n', "  \n> "));
        }
    }
    page
}

#[test]
fn the_conversation_page_is_what_the_bot_says() {
    let mut page = String::from(
        "# What the bot says\n\nMade by `tests/it/conversation.rs`, with a simulated node: \
         every command once, how each is explained, and how people ask.\n",
    );
    for lang in Lang::ALL {
        page += &written(lang);
    }
    let path = root().join(PAGE);
    if std::env::var_os("UPDATE_CONVERSATION").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = kept
        .lines()
        .zip(page.lines())
        .find(|(kept, now)| kept != now);
    assert_eq!(differs, None);
    assert_eq!(
        kept.lines().count(),
        page.lines().count(),
        "{PAGE} is older"
    );
}
