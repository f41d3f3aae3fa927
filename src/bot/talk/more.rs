//! `/more`: the rest of an answer that had too many parts. Where it was
//! public the rest is public, where it was private it stays so.

use crate::bot::ask::{Ask, Place};
use crate::bot::command::{Command, Context, Topic};
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

/// Pages are turned before a command is run: there was none.
fn run_back(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    if ask.place == Place::Direct {
        reply.say(context.desk, Text::NothingBack.plain(context.lang));
    }
}

fn run(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    // The second place matters only when this answer is private to a public
    // question: then the rest of a public one may be read out, too.
    let rest = [reply.place(), ask.place].into_iter().find_map(|place| {
        let who = (ask.from, place);
        let rest = context.desk.take_more(who, context.now.mono)?;
        Some((who, rest))
    });
    if let Some((who, rest)) = rest {
        if let Handed::Refused(0, _) = reply.say(context.desk, &rest) {
            context.desk.keep(who, rest, context.now.mono);
        }
    } else if ask.place == Place::Direct {
        reply.say(context.desk, Text::NothingMore.plain(context.lang));
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
            .keep((question.from, Place::Direct), rest, world.now.mono);
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
        world.desk.keep(who, "secret".into(), world.now.mono);
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
        world.desk.keep(who, "rest".into(), world.now.mono);
        world.link_is_up = false;
        assert!(world.run(&question, Lang::En).is_empty());
        world.link_is_up = true;
        assert_eq!(world.run(&question, Lang::En), ["rest"]);
    }
}
