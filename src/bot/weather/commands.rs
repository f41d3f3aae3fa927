//! `/weather`, `/rain` and `/astro`: of which place, and what of it. What they
//! answer is written by [`overview`], [`rain`] and [`astro`] as soon as the
//! weather desk has what it takes.

mod astro;
mod howfar;
mod overview;
mod rain;
#[cfg(test)]
mod tests;
mod whereami;
mod words;

use crate::bot::ask::{Ask, Place};
use crate::bot::command::{Command, Context, Topic};
use crate::bot::reply::Reply;
use crate::bot::say::format;
use crate::bot::weather::{Wanted, Wish};
use crate::lang::Text;
use crate::mesh::name::fold;
use crate::weather::{Cell, HORIZON, Typed, When, sentence, spoken, typed};

/// Days of which the rain is told at most; each is a packet.
const DAYS: usize = 3;

pub const WEATHER: Command = Command {
    name: "weather",
    names: Some(Text::NamesWeather),
    phrases: Some(Text::AskingWeather),
    topic: Topic::Weather,
    usage: Some(Text::UsageWeather),
    example: Some(Text::ExampleWeather),
    summary: Text::HelpWeather,
    same_for_all: true,
    ..Command::BASE
};

pub const RAIN: Command = Command {
    name: "rain",
    names: Some(Text::NamesRain),
    phrases: Some(Text::AskingRain),
    topic: Topic::Weather,
    usage: Some(Text::UsageRain),
    example: Some(Text::ExampleRain),
    summary: Text::HelpRain,
    ..WEATHER
};

pub const ASTRO: Command = Command {
    name: "astro",
    names: Some(Text::NamesAstro),
    phrases: Some(Text::AskingAstro),
    topic: Topic::Weather,
    usage: Some(Text::UsagePlace),
    example: Some(Text::ExampleWeather),
    summary: Text::HelpAstro,
    ..WEATHER
};

/// All of them, in the order of the help.
pub const ALL: &[Command] = &[WEATHER, RAIN, ASTRO, howfar::COMMAND, whereami::COMMAND];

/// What is wanted of which place; what makes no sense is answered.
pub fn asked(
    command: &Command,
    ask: &Ask,
    context: &mut Context<'_>,
    reply: &mut Reply<'_>,
) -> Option<(Wish, Wanted)> {
    match command.name {
        name if name == howfar::COMMAND.name => howfar::asked(ask, context, reply),
        name if name == whereami::COMMAND.name => whereami::asked(ask, context, reply),
        name if name == RAIN.name => tell_rain(&ask.args, &RAIN, ask, context, reply),
        name if name == ASTRO.name => tell_sky(&ask.args, &ASTRO, ask, context, reply),
        _ => asked_weather(ask, context, reply),
    }
}

fn asked_weather(
    ask: &Ask,
    context: &mut Context<'_>,
    reply: &mut Reply<'_>,
) -> Option<(Wish, Wanted)> {
    let (word, rest) = ask
        .args
        .split_once(char::is_whitespace)
        .unwrap_or((&ask.args, ""));
    match fold(word).as_str() {
        word if is_called(&RAIN, word) => tell_rain(rest, &WEATHER, ask, context, reply),
        word if is_called(&ASTRO, word) => tell_sky(rest, &WEATHER, ask, context, reply),
        _ => {
            let wish = Wish {
                command: &WEATHER,
                days: DAYS,
                when: When::default(),
                needs_report: true,
                from: None,
                render: overview::write,
            };
            tell(&ask.args, HORIZON, wish, &WEATHER, ask, context, reply)
        }
    }
}

/// Whether a folded word means this command.
fn is_called(command: &Command, word: &str) -> bool {
    command.words().any(|name| fold(name) == word)
}

fn tell_rain(
    args: &str,
    command: &Command,
    ask: &Ask,
    context: &mut Context<'_>,
    reply: &mut Reply<'_>,
) -> Option<(Wish, Wanted)> {
    let wish = Wish {
        command: &RAIN,
        days: 1,
        when: When::default(),
        needs_report: true,
        from: None,
        render: rain::write,
    };
    tell(args, DAYS, wish, command, ask, context, reply)
}

fn tell_sky(
    args: &str,
    command: &Command,
    ask: &Ask,
    context: &mut Context<'_>,
    reply: &mut Reply<'_>,
) -> Option<(Wish, Wanted)> {
    let wish = Wish {
        command: &ASTRO,
        days: 1,
        when: When::default(),
        needs_report: false,
        from: None,
        render: astro::write,
    };
    // A number of days makes no sense there.
    tell(args, 0, wish, command, ask, context, reply)
}

/// `most` is how many days somebody may count.
fn tell(
    args: &str,
    most: usize,
    mut wish: Wish,
    command: &Command,
    ask: &Ask,
    context: &mut Context<'_>,
    reply: &mut Reply<'_>,
) -> Option<(Wish, Wanted)> {
    let spoken = spoken(args, context.lang, most);
    if let Some(word) = spoken.wrong {
        explain_days(&word, most, command, ask, context, reply);
        return None;
    }
    let place = spoken.place.as_str();
    wish.when = spoken.when;
    if matches!(fold(place).as_str(), "help" | "aide" | "hilfe" | "?") {
        let help = Text::WeatherHelp.fill(context.lang, &[("prefix", &context.prefix)]);
        reply.say(context.desk, &help);
        return None;
    }
    let cell = |num| Cell::around(&context.book.get(num)?.position?);
    let home = || Wanted::Home(context.book.own().and_then(cell));
    let wanted = match typed(place, context.lang) {
        Typed::Unsaid => Some(cell(ask.from).map_or_else(home, Wanted::At)),
        // He may be anywhere but at the bot's home.
        Typed::Here => match cell(ask.from) {
            Some(cell) => Some(Wanted::At(cell)),
            None => {
                let word = wish.command.shown(context.lang);
                let values: [(&str, &dyn std::fmt::Display); 2] =
                    [("prefix", &context.prefix), ("word", &word)];
                let text = Text::WhereAreYou.fill(context.lang, &values);
                reply.say(context.desk, &text);
                return None;
            }
        },
        Typed::Home => Some(home()),
        Typed::At(position) => Cell::around(&position).map(Wanted::At),
        Typed::Named(query) => Some(Wanted::Named(query)),
        Typed::Wrong(wrong) if ask.place == Place::Direct => {
            let example = format!("{}{}", context.prefix, wish.command.shown(context.lang));
            let text = sentence(wrong, place, &example, context.lang);
            reply.say(context.desk, &text);
            return None;
        }
        Typed::Wrong(_) | Typed::Nothing => None,
    };
    if wanted.is_none() {
        format::explain(ask, command, context, reply);
    }
    Some((wish, wanted?))
}

/// In a direct message: which numbers of days make sense.
fn explain_days(
    word: &str,
    most: usize,
    command: &Command,
    ask: &Ask,
    context: &mut Context<'_>,
    reply: &mut Reply<'_>,
) {
    if ask.place != Place::Direct {
        return;
    }
    let (lang, prefix) = (context.lang, context.prefix);
    let example = format!(
        "{prefix}{} {}",
        command.shown(lang),
        Text::ExampleRain.plain(lang)
    );
    let values: [(&str, &dyn std::fmt::Display); 3] =
        [("word", &word), ("n", &most), ("example", &example)];
    reply.say(context.desk, &Text::DaysRange.fill(lang, &values));
}
