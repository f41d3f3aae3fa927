//! `/legend`: what the signs in the answers mean, a page a packet, or one of them.

use crate::bot::ask::Ask;
use crate::bot::command::{Command, Context, Topic};
use crate::bot::reply::Reply;
use crate::bot::say::{format, pages};
use crate::config::Mode;
use crate::lang::Text;
use crate::mesh::name::clean;

/// The longest sign that is looked for, bytes.
const SIGN: usize = 32;

pub const COMMAND: Command = Command {
    name: "legend",
    names: Some(Text::NamesLegend),
    phrases: Some(Text::AskingLegend),
    topic: Topic::Bot,
    usage: Some(Text::UsageLegend),
    example: Some(Text::ExamplePage),
    summary: Text::HelpLegend,
    mode: Mode::Private,
    same_for_all: true,
    run: Some(run),
    ..Command::BASE
};

fn run(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    let signs = Text::Legend.list(context.lang);
    if let ("", page) = pages::without_page(&ask.args) {
        let all = pages::of_lines(signs, context.telling());
        let page = pages::told(&all, "", page, context.telling());
        let turn = page.turn(COMMAND.name, "");
        reply.turn(context.desk, &page.text, turn);
        return;
    }
    // A phone may put a variation behind a sign, or leave it out.
    let sign = ask.args.trim().replace('\u{fe0f}', "");
    let lines: Vec<_> = signs
        .iter()
        .filter(|line| line.replace('\u{fe0f}', "").contains(&sign))
        .map(|line| (1, (*line).to_owned()))
        .collect();
    let answer = if lines.is_empty() {
        let sign = clean(sign.as_bytes(), SIGN);
        Text::NoSuchSign.fill(context.lang, &[("sign", &sign)])
    } else {
        format::fit(lines, context.part_limit)
    };
    reply.say(context.desk, &answer);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::bot::testing::{World, ask};
    use crate::lang::Lang;

    /// Signs of everyday writing, which need no legend.
    const PLAIN: &str = "·«»“”„°§–";

    fn signs(text: &str) -> BTreeSet<char> {
        text.chars()
            .filter(|c| !c.is_ascii() && !c.is_alphanumeric() && !PLAIN.contains(*c))
            .filter(|c| !c.is_whitespace() && *c != '\u{fe0f}')
            .collect()
    }

    /// T9: what can occur in an answer is in the legend: every sign of the sentences,
    /// and of the source that writes answers.
    #[test]
    fn every_sign_that_an_answer_can_hold_is_explained() {
        let mut used = BTreeSet::new();
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut folders = vec![root.join("src/bot"), root.join("src/weather")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                let others = ["tests", "tests.rs", "testing.rs", "parse.rs", "legend.rs"];
                if others.contains(&&*name) {
                    continue;
                }
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let code = std::fs::read_to_string(&path).unwrap();
                let code = code.split("#[cfg(test)]").next().unwrap();
                for line in code
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("//"))
                {
                    used.extend(signs(line));
                }
            }
        }
        // The line of the conversation log is for the operator.
        assert!(used.len() > 40, "{used:?}");
        for lang in Lang::ALL {
            let mut all = used.clone();
            for text in Text::ALL {
                let name = format!("{text:?}");
                if !name.starts_with("Log") && *text != Text::Legend {
                    all.extend(signs(text.plain(lang)));
                }
            }
            let legend = signs(&Text::Legend.list(lang).concat());
            let missing: BTreeSet<_> = all.difference(&legend).collect();
            assert!(missing.is_empty(), "{lang:?}: {missing:?}");
        }
    }

    #[test]
    fn one_sign_or_all_of_them_page_by_page() {
        let mut world = World::town();
        let said = world.run(&ask("legend", "🪫"), Lang::En);
        assert!(said[0].contains("nearly empty"), "{said:?}");
        let said = world.run(&ask("legend", "☃"), Lang::En);
        assert_eq!(said, ["No answer of mine has the sign ☃."]);
        for lang in Lang::ALL {
            let mut read = String::new();
            for page in 1..9 {
                let said = world.run(&ask("legend", &page.to_string()), lang);
                assert!(said.len() == 1 && said[0].len() <= 200, "{said:?}");
                read += &said[0];
            }
            assert!(
                Text::Legend
                    .list(lang)
                    .iter()
                    .all(|line| read.contains(line))
            );
        }
    }
}
