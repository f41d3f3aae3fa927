//! `/echo <text>`: the bot repeats a text where it was asked, and says whose
//! it is. One packet in, one packet out.

use crate::bot::ask::Ask;
use crate::bot::command::{Command, Context, Topic};
use crate::bot::reply::Reply;
use crate::bot::say::format;
use crate::lang::Text;
use crate::mesh::{NodeBook, name};

pub const COMMAND: Command = Command {
    name: "echo",
    names: Some(Text::NamesEcho),
    phrases: None,
    topic: Topic::Bot,
    usage: Some(Text::UsageText),
    example: Some(Text::ExampleEcho),
    summary: Text::HelpEcho,
    takes_text: true,
    has_own_limit: true,
    run: Some(run),
    ..Command::BASE
};

fn run(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    if let Some(answer) = answer(ask, context.book, context.part_limit) {
        reply.say(context.desk, &answer);
    } else {
        format::explain(ask, &COMMAND, context, reply);
    }
}

/// `None` when there is nothing to repeat.
fn answer(ask: &Ask, book: &NodeBook, limit: usize) -> Option<String> {
    let text = name::clean(ask.args.as_bytes(), limit);
    if text.is_empty() {
        return None;
    }
    let short = book
        .get(ask.from)
        .and_then(|node| node.short_name.as_deref());
    // Who has no name yet is called as his node will call him by default.
    let who = short.map_or_else(|| format!("{:04x}", ask.from.0 & 0xFFFF), str::to_owned);
    Some(name::cut(&format!("{who}: {text}"), limit).to_owned())
}

#[cfg(test)]
mod tests {
    use crate::bot::ask::Place;
    use crate::bot::testing::{ALICE, World, ask};
    use crate::mesh::ChannelIndex;
    use expect_test::expect;

    #[test]
    fn a_text_is_repeated_under_its_author_s_name() {
        let mut question = ask("echo", "hello  \u{202e}mesh\n/ping");
        World::town().check(
            &question,
            expect![[r#"
                cafe: hello mesh /ping
                cafe: hello mesh /ping
                cafe: hello mesh /ping"#]],
        );
        question.from = ALICE;
        question.place = Place::Channel(ChannelIndex(1));
        World::town().check(
            &question,
            expect![[r#"
                ALB: hello mesh /ping
                ALB: hello mesh /ping
                ALB: hello mesh /ping"#]],
        );
    }

    #[test]
    fn a_long_text_stays_one_packet() {
        let question = ask("echo", &"é".repeat(150));
        let mut world = World::town();
        let texts = world.run(&question, crate::lang::Lang::En);
        assert_eq!(texts.len(), 1);
        assert!((198..=200).contains(&texts[0].len()));
    }

    #[test]
    fn nothing_to_repeat() {
        let mut question = ask("echo", " /!");
        World::town().check(
            &question,
            expect![[r#"
                Usage: /echo <text>, for example /echo hello
                So geht's: /echo <Text>, zum Beispiel /echo hallo
                Ça s'écrit : /écho <texte>, par exemple /écho bonjour"#]],
        );
        question.place = Place::Channel(ChannelIndex(1));
        World::town().check(
            &question,
            expect![[r#"
                (silence)
                (silence)
                (silence)"#]],
        );
    }
}
