//! `/more`: the rest of an answer that had too many parts. `/back`: what stood before. Where it was
//! public the rest is public, where it was private it stays so.

use crate::bot::ask::{Ask, Place};
use crate::bot::command::{Command, Context, Topic};
use crate::bot::desk::Long;
use crate::bot::reply::{Handed, Reply};
use crate::lang::Text;

pub const COMMAND: Command = Command {
    name: "more",
    names: Some(Text::NamesMore),
    phrases: Some(Text::AskingMore),
    topic: Topic::Bot,
    summary: Text::HelpMore,
    turns: 1,
    run: Some(run),
    ..Command::BASE
};

pub const BACK: Command = Command {
    name: "back",
    names: Some(Text::NamesBack),
    phrases: Some(Text::AskingBack),
    summary: Text::HelpBack,
    turns: -1,
    run: Some(run_back),
    ..COMMAND
};

/// Pages are turned before a command is run: what is left are long answers.
fn run_back(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    turn(Long::back, Text::NothingBack, ask, context, reply);
}

fn run(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    turn(Long::on, Text::NothingMore, ask, context, reply);
}

/// Says another piece of the long answer, else `nothing`.
fn turn(
    to: fn(Long) -> Option<Long>,
    nothing: Text,
    ask: &Ask,
    context: &mut Context<'_>,
    reply: &mut Reply<'_>,
) {
    let now = context.now.mono;
    // The second place matters only when this answer is private to a public
    // question: then the rest of a public one may be read out, too.
    let turned = [reply.place(), ask.place].into_iter().find_map(|place| {
        let long = context.desk.long((ask.from, place), now)?;
        to(long)
    });
    if let Some(long) = turned {
        if !matches!(reply.say(context.desk, long.piece()), Handed::Refused(0, _)) {
            let who = (ask.from, reply.place());
            context.desk.goes_on(who, long, now);
        }
    } else if ask.place == Place::Direct {
        let who = (ask.from, reply.place());
        let lies = context.desk.long(who, now);
        reply.say(context.desk, nothing.plain(context.lang));
        if let Some(lies) = lies {
            context.desk.put_back(who, lies, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::testing::{World, ask};
    use crate::lang::Lang;
    use crate::mesh::ChannelIndex;
    use expect_test::expect;

    #[test]
    fn the_rest_comes_in_parts_until_there_is_none() {
        let mut world = World::town();
        let question = ask("more", "");
        let rest = "word ".repeat(200);
        world
            .desk
            .keep((question.from, Place::Direct), &rest, &rest, world.now.mono);
        let first = world.run(&question, Lang::En);
        assert_eq!(first.len(), 3);
        assert!(first[2].ends_with(" …/more"), "{first:?}");
        let second = world.run(&question, Lang::En);
        assert!(second[1].starts_with("(2/3) word"), "{second:?}");
        world.check(
            &question,
            expect![[r#"
                There is nothing more.
                Mehr gibt es nicht.
                Il n'y a rien de plus."#]],
        );
    }

    #[test]
    fn a_private_rest_is_not_read_out_in_public() {
        let mut world = World::town();
        let mut question = ask("more", "");
        let who = (question.from, Place::Direct);
        world.desk.keep(who, "secret", "secret", world.now.mono);
        question.place = Place::Channel(ChannelIndex(0));
        assert!(world.run(&question, Lang::En).is_empty());
        question.place = Place::Direct;
        assert_eq!(world.run(&question, Lang::En), ["secret"]);
    }

    #[test]
    fn what_could_not_be_sent_is_still_there() {
        let mut world = World::town();
        let question = ask("more", "");
        let who = (question.from, Place::Direct);
        world.desk.keep(who, "rest", "rest", world.now.mono);
        world.link_is_up = false;
        assert!(world.run(&question, Lang::En).is_empty());
        world.link_is_up = true;
        assert_eq!(world.run(&question, Lang::En), ["rest"]);
    }

    /// Only lists could be turned back.
    #[test]
    fn a_long_answer_is_read_forth_and_back() {
        let mut world = World::town();
        let words: Vec<String> = (0..300).map(|n| n.to_string()).collect();
        let rest = words.join(" ");
        let who = (ask("more", "").from, Place::Direct);
        world.desk.keep(who, &rest, &rest, world.now.mono);
        let mut said = |word| world.run(&ask(word, ""), Lang::En);
        let (first, second) = (said("more"), said("more"));
        assert!(first[2].ends_with(" …/more"), "{first:?}");
        assert_ne!(first, second);
        assert_eq!(said("more"), ["There is nothing more."]);
        assert_eq!(said("back"), first);
        assert_eq!(said("more"), second);
    }
}
