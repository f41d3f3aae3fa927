//! Somebody at the keyboard speaks as a user of the made-up mesh, and a second
//! thread writes down what the bot says meanwhile.

use std::io::{self, BufRead, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::air::{self, Heard};
use super::paper::{Mark, Paper};
use super::script::{Character, OPERATOR, Place, YOU};
use crate::app::AppError;
use crate::config::{Config, Rate, duration_text};
use crate::lang::Text;
use crate::sim::Handle;

/// Texts of the mesh are short (protocol.md §4.4).
const LONGEST: usize = 200;
/// Who listens while somebody types looks up this often even if nothing comes.
const LONG: Duration = Duration::from_secs(3_600);
/// What makes a line the operator's.
const ORDER: &str = "operator:";

/// How what is typed is understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Manner {
    /// Before commands.
    prefix: String,
    /// The word for the help.
    help: &'static str,
    /// Before a line it makes it public. Never what a command begins with.
    mark: char,
    /// Where a public line is said that names no channel.
    public: Place,
    /// It matters which channel.
    channels: bool,
    /// There is an operator to speak as.
    operator: bool,
    /// How many questions are answered.
    limit: Rate,
}

impl Manner {
    /// As the configuration has it; a public line is said in `public`.
    #[must_use]
    pub fn new(config: &Config, public: Place) -> Self {
        let taken = config.bot.prefix.starts_with('#');
        let names = Text::NamesHelp.list(config.language);
        Self {
            prefix: config.bot.prefix.clone(),
            help: names.first().copied().unwrap_or("help"),
            mark: if taken { '>' } else { '#' },
            public,
            channels: config.bot.channels.is_some() || !config.channels.is_empty(),
            operator: config.operator.is_some(),
            limit: config.limits.per_sender,
        }
    }

    /// What whoever types has to know, a line each; `name` is the bot's.
    fn explained(&self, name: &str) -> Vec<String> {
        let Self {
            mark,
            limit,
            prefix,
            help,
            ..
        } = self;
        let mut lines = vec![format!(
            "Your turn: a line is a direct message to the bot, a command or in your own words \
             (try {help})."
        )];
        let mut public = format!(
            "{mark} before it makes it public; there the bot listens to {mark} {prefix}ping or \
             {mark} @{name} ping, other talk is none of its business"
        );
        if self.channels {
            public.push_str(&format!(" ({mark}0 to {mark}7 name the channel)"));
        }
        lines.push(public + ".");
        if self.operator {
            lines.push(format!("{ORDER} before it makes it an order."));
        }
        let count = match limit.count {
            1 => "One question".to_owned(),
            5 => "Five questions".to_owned(),
            count => format!("{count} questions"),
        };
        let per = match limit.per.as_secs() {
            300 => "five minutes".to_owned(),
            _ => duration_text(limit.per),
        };
        lines.push(format!(
            "{count} in {per}, as for everybody, then a notice and a pause. An empty line ends."
        ));
        lines
    }

    /// What is told, once, to who speaks on a channel and not to the bot.
    fn overheard(&self, name: &str) -> String {
        let Self { mark, prefix, .. } = self;
        format!(
            "  (said to everybody, so the bot keeps quiet; {mark} {prefix}ping or {mark} @{name} \
             ping is for it)"
        )
    }
}

/// What a line from the keyboard means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Typed<'a> {
    Over,
    Nothing,
    TooLong,
    Text(Character, Place, &'a str),
}

fn typed<'a>(line: &'a str, manner: &Manner) -> Typed<'a> {
    let line = line.trim();
    let order = line.strip_prefix(ORDER).filter(|_| manner.operator);
    let (who, place, text) = match (order, line.strip_prefix(manner.mark)) {
        (Some(text), _) => (OPERATOR, Place::Direct, text.trim_start()),
        (None, Some(text)) => {
            let (place, text) = channel(text).unwrap_or((manner.public, text.trim_start()));
            (YOU, place, text)
        }
        (None, None) => (YOU, Place::Direct, line),
    };
    match text.len() {
        0 if line.is_empty() => Typed::Over,
        0 => Typed::Nothing,
        1..=LONGEST => Typed::Text(who, place, text),
        _ => Typed::TooLong,
    }
}

/// Whether nobody is spoken to who could be the bot.
fn is_talk(text: &str, prefix: &str, name: &str) -> bool {
    let is_number = text.len() == 1 && text.bytes().all(|byte| byte.is_ascii_digit());
    !text.starts_with(prefix) && !text.to_lowercase().contains(name) && !is_number
}

/// `2 text` is said on channel 2.
fn channel(text: &str) -> Option<(Place, &str)> {
    let (index, text) = text.split_once(char::is_whitespace)?;
    let index: u8 = index.parse().ok().filter(|index| *index < 8)?;
    Some((Place::on(index), text.trim_start()))
}

/// Lets somebody type as a user of the mesh, until he is done.
///
/// # Errors
/// When nothing can be read or written, or there is no thread left.
pub fn join_in<W: Write + Send>(
    node: &Handle,
    manner: &Manner,
    mut paper: Paper<W>,
    keyboard: impl BufRead,
) -> Result<(), AppError> {
    paper.line("")?;
    let own = node.with(|node, _| node.own());
    // What a node is called that nobody has given a name.
    let name = format!("{:04x}", own.0 & 0xffff);
    let mut lines = manner.explained(&name).into_iter();
    paper.title(&lines.next().unwrap_or_default())?;
    for line in lines {
        paper.line(&line)?;
    }
    let paper = Mutex::new(paper);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let listener = std::thread::Builder::new()
            .name("listener".to_owned())
            .spawn_scoped(scope, || write_down(node, &paper, &over))?;
        let read = read_out(node, (manner, &name), &paper, keyboard);
        over.store(true, Ordering::Release);
        // Whoever waits for the node looks again.
        node.with(|_, _| ());
        let written = listener.join().unwrap_or(Ok(()));
        read.and(written)
    })
    .map_err(AppError::from)
}

/// Says what is typed, until there is no more.
fn read_out<W: Write>(
    node: &Handle,
    (manner, name): (&Manner, &str),
    paper: &Mutex<Paper<W>>,
    keyboard: impl BufRead,
) -> io::Result<()> {
    let mut is_new = true;
    for line in keyboard.split(b'\n') {
        match typed(&String::from_utf8_lossy(&line?), manner) {
            Typed::Over => break,
            Typed::Nothing => {}
            Typed::TooLong => {
                let text = format!("too long: a text holds {LONGEST} bytes");
                let mut paper = paper.lock().unwrap_or_else(PoisonError::into_inner);
                paper.line(&text)?;
            }
            Typed::Text(who, place, text) => {
                node.with(|node, now| {
                    let said = air::spoken(node, who, place, text);
                    node.hear_text(now, said);
                });
                let to_all = place != Place::Direct && is_talk(text, &manner.prefix, name);
                if to_all && std::mem::take(&mut is_new) {
                    let mut paper = paper.lock().unwrap_or_else(PoisonError::into_inner);
                    paper.line(&manner.overheard(name))?;
                }
            }
        }
    }
    Ok(())
}

/// Writes down what the bot says, until it is over.
fn write_down<W: Write>(
    node: &Handle,
    paper: &Mutex<Paper<W>>,
    over: &AtomicBool,
) -> io::Result<()> {
    while !over.load(Ordering::Acquire) {
        let heard = node.wait_for(LONG, |node| {
            let heard: Vec<Heard> = node.on_air().iter().filter_map(Heard::of).collect();
            (over.load(Ordering::Acquire) || !heard.is_empty()).then_some(heard)
        });
        let mut paper = paper.lock().unwrap_or_else(PoisonError::into_inner);
        for heard in heard.iter().flatten() {
            paper.answered(heard.at, heard.place(), Mark::None, &heard.text)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manner(text: &str, public: Place) -> Manner {
        let text = format!("[node]\nhost = \"x\"\n{text}");
        Manner::new(&Config::parse(&text, "x.toml").unwrap(), public)
    }

    #[test]
    fn a_mark_makes_a_line_public() {
        let usual = Manner::new(&Config::default(), Place::Public);
        let long = "x".repeat(LONGEST + 1);
        for (line, meaning) in [
            ("/ping\n", Typed::Text(YOU, Place::Direct, "/ping")),
            ("# /ping ", Typed::Text(YOU, Place::Public, "/ping")),
            ("#/ping", Typed::Text(YOU, Place::Public, "/ping")),
            ("#0 /ping", Typed::Text(YOU, Place::Public, "/ping")),
            ("#2 /ping", Typed::Text(YOU, Place::Channel(2), "/ping")),
            ("#8 of us", Typed::Text(YOU, Place::Public, "8 of us")),
            (
                "operator: x",
                Typed::Text(YOU, Place::Direct, "operator: x"),
            ),
            (" \n", Typed::Over),
            ("#", Typed::Nothing),
            (&long, Typed::TooLong),
        ] {
            assert_eq!(typed(line, &usual), meaning, "{line}");
        }
    }

    #[test]
    fn the_marks_leave_the_configured_prefix_alone() {
        let hashes = manner(
            "[bot]\nprefix = \"#\"\nchannels = [1]\n[operator]\nnode = \"!a1b2c3d5\"\n\
             key = \"ERERERERERERERERERERERERERERERERERERERERERE=\"",
            Place::Channel(1),
        );
        for (line, meaning) in [
            ("#ping", Typed::Text(YOU, Place::Direct, "#ping")),
            ("> #ping", Typed::Text(YOU, Place::Channel(1), "#ping")),
            ("operator: #db", Typed::Text(OPERATOR, Place::Direct, "#db")),
        ] {
            assert_eq!(typed(line, &hashes), meaning, "{line}");
        }
        let said = hashes.explained("c3d4").join("\n");
        assert!(said.contains("> before it makes it public"), "{said}");
        assert!(said.contains("(>0 to >7"), "{said}");
        assert!(said.contains("operator: before it"), "{said}");
    }

    #[test]
    fn the_limit_is_the_configured_one() {
        let few = "[limits]\nper_sender = { count = 2, per = \"90s\" }";
        let said = manner(few, Place::Public).explained("c3d4").join("\n");
        assert!(said.contains("2 questions in 1.5m, as for"), "{said}");
        let usual = Manner::new(&Config::default(), Place::Public).explained("c3d4");
        let usual = usual.join("\n");
        assert!(usual.contains("Five questions in five minutes, as for"));
    }

    /// Nobody learned how to speak to it on the channel.
    #[test]
    fn the_name_of_the_bot_and_its_mark_are_told() {
        let french = manner("[bot]\nprefix = \"!\"", Place::Public);
        let said = french.explained("c3d4").join("\n");
        assert!(said.contains("# !ping or # @c3d4 ping"), "{said}");
        assert!(!said.contains("silence"), "{said}");
        for (text, expected) in [
            ("good morning", true),
            ("!ping", false),
            ("@C3D4 ping", false),
            ("2", false),
        ] {
            assert_eq!(is_talk(text, "!", "c3d4"), expected, "{text}");
        }
    }
}
