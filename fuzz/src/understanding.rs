//! Texts: taken apart, and what is meant by them. The first byte says where it was
//! said and in which language the bot speaks, the rest is the text.

use meshbot::bot::all;
use meshbot::bot::command::Registry;
use meshbot::bot::parse::{Names, Parsed, parse};
use meshbot::bot::understand::{Meaning, understand};
use meshbot::lang::Lang;
use meshbot::mesh::NodeNum;

const NAMES: Names<'_> = Names {
    short: "BOT",
    long: "Weather Bot",
    id: NodeNum(0xa1b2_c3d4),
};
/// What goes without saying in a phrase is a word or two.
const MEANT: usize = 32;

thread_local! {
    /// It takes longer to make than a text to understand.
    static REGISTRY: Registry = all::registry();
}

pub fn run(bytes: &[u8]) {
    let [how, text @ ..] = bytes else { return };
    let text = String::from_utf8_lossy(text);
    let is_direct = how & 1 != 0;
    let lang = Lang::ALL[usize::from(how >> 1) % Lang::ALL.len()];
    let parsed = parse(&text, "/", is_direct, NAMES);
    let Parsed::Asked(asked) = parsed else {
        assert!(
            !is_direct || matches!(parsed, Parsed::Pick(_)),
            "{text:?} is for nobody"
        );
        return;
    };
    assert!(text.contains(asked.typed), "{asked:?} was not typed");
    let meaning = REGISTRY.with(|registry| understand(&asked, registry, lang, &|_| true));
    match meaning {
        Meaning::Command {
            command,
            args,
            said,
            ..
        } => {
            assert!(
                args.len() <= asked.text.len().max(asked.typed.len()).max(MEANT),
                "{args:?}"
            );
            assert!(!said.is_empty(), "{text:?} is {command:?} without a word");
            assert_eq!(args.trim(), args, "{text:?}");
        }
        Meaning::Unknown { said, perhaps } => {
            assert!(!said.contains(char::is_whitespace), "{said:?}");
            let perhaps = perhaps.unwrap_or_default();
            let name = perhaps.split(' ').next().unwrap_or_default();
            let is_known = REGISTRY.with(|registry| {
                let mut words = registry
                    .iter()
                    .flat_map(meshbot::bot::command::Command::words);
                words.any(|word| word == name)
            });
            assert!(perhaps.is_empty() || is_known, "{perhaps:?} is no command");
        }
        _ => {}
    }
}
