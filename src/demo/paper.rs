//! How the play looks: a line for everything that is said or happens, with the
//! time since the start. Colours are the caller's choice.

use std::fmt::Display;
use std::io::{self, Write};
use std::time::Duration;

use super::script::Place;
use crate::logging::one_line;

/// Width of the column with the names.
const NAMES: usize = 16;
/// Columns before the text of a line.
const INDENT: usize = 39;

/// How the outcome of something is marked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
    /// Nothing to judge.
    None,
}

/// A transcript on its way to somebody's eyes.
pub struct Paper<W> {
    out: W,
    colour: bool,
}

#[derive(Clone, Copy)]
enum Ink {
    Plain,
    Dim,
    Bold,
    Green,
    Red,
    Cyan,
}

impl<W: Write> Paper<W> {
    /// Writes to `out`; with `colour` for a terminal.
    pub fn new(out: W, colour: bool) -> Self {
        Self { out, colour }
    }

    /// A line of its own.
    ///
    /// # Errors
    /// When it cannot be written, like all other verbs.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// A heading.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn title(&mut self, text: &str) -> io::Result<()> {
        let text = self.ink(Ink::Bold, text);
        self.line(&text)
    }

    /// Somebody says something.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn said(&mut self, at: Duration, place: Place, who: &str, text: &str) -> io::Result<()> {
        self.row(at, place, (Ink::Plain, who), Mark::None, text)
    }

    /// The bot says something.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn answered(
        &mut self,
        at: Duration,
        place: Place,
        mark: Mark,
        text: &str,
    ) -> io::Result<()> {
        self.row(at, place, (Ink::Cyan, "the bot"), mark, text)
    }

    /// Nobody says anything, as it should be, and `why`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn silence(&mut self, at: Duration, why: &str) -> io::Result<()> {
        self.no_answer(at, Mark::Good, &format!("no answer: {why}"))
    }

    /// Nobody says anything: `text` says so.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn no_answer(&mut self, at: Duration, mark: Mark, text: &str) -> io::Result<()> {
        let time = self.time(at);
        let mark = self.mark(mark);
        let why = self.ink(Ink::Dim, text);
        let left = INDENT - 11;
        self.line(&format!("{time}{:left$}{mark} {why}", ""))
    }

    /// Something happens beside the conversation.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn event(&mut self, at: Duration, mark: Mark, text: &str) -> io::Result<()> {
        let time = self.time(at);
        let mark = match mark {
            Mark::None => self.ink(Ink::Dim, "──"),
            mark => format!(" {}", self.mark(mark)),
        };
        let text = self.ink(Ink::Bold, text);
        self.line(&format!("{time}  {mark} {text}"))
    }

    /// One line of the summary.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn verdict(&mut self, good: bool, text: &dyn Display) -> io::Result<()> {
        let mark = self.mark(if good { Mark::Good } else { Mark::Bad });
        self.line(&format!("  {mark} {text}"))
    }

    fn row(
        &mut self,
        at: Duration,
        place: Place,
        (ink, who): (Ink, &str),
        mark: Mark,
        text: &str,
    ) -> io::Result<()> {
        let time = self.time(at);
        let place = match place {
            Place::Public => "#public".to_owned(),
            Place::Channel(index) => format!("#{index:<6}"),
            Place::Direct => "direct ".to_owned(),
        };
        let name: String = who.chars().take(NAMES).collect();
        let gap = " ".repeat(NAMES - name.chars().count());
        let (place, name) = (self.ink(Ink::Dim, &place), self.ink(ink, &name));
        let mark = self.mark(mark);
        for (at, text) in text.lines().enumerate() {
            let text = self.ink(ink, &one_line(text));
            if at == 0 {
                self.line(&format!("{time}  {place}  {name}{gap} {mark} {text}"))?;
            } else {
                self.line(&format!("{:INDENT$}{text}", ""))?;
            }
        }
        self.out.flush()
    }

    fn time(&self, at: Duration) -> String {
        self.ink(Ink::Dim, &format!("{:7.1} s", at.as_secs_f64()))
    }

    fn mark(&self, mark: Mark) -> String {
        match mark {
            Mark::Good => self.ink(Ink::Green, "✓"),
            Mark::Bad => self.ink(Ink::Red, "✗"),
            Mark::None => " ".to_owned(),
        }
    }

    fn ink(&self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Plain => return text.to_owned(),
            Ink::Bold => 1,
            Ink::Dim => 2,
            Ink::Red => 31,
            Ink::Green => 32,
            Ink::Cyan => 36,
        };
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn sample(colour: bool) -> String {
        let mut out = Vec::new();
        let mut paper = Paper::new(&mut out, colour);
        let at = Duration::from_millis(12_345);
        paper.title("A play").unwrap();
        paper.event(at, Mark::None, "the node restarts").unwrap();
        paper.said(at, Place::Public, "Émile", "/ping").unwrap();
        paper
            .answered(at, Place::Direct, Mark::Good, "one\ntwo\x07")
            .unwrap();
        paper.said(at, Place::on(2), "Bob", "/my").unwrap();
        paper.silence(at, "too old").unwrap();
        paper.verdict(false, &"gap").unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_columns_stand_below_each_other() {
        expect![[r#"
            A play
               12.3 s  ── the node restarts
               12.3 s  #public  Émile              /ping
               12.3 s  direct   the bot          ✓ one
                                                   two\u{7}
               12.3 s  #2       Bob                /my
               12.3 s                            ✓ no answer: too old
              ✗ gap
        "#]]
        .assert_eq(&sample(false));
    }

    #[test]
    fn colours_are_all_that_a_terminal_gets_in_addition() {
        let mut coloured = sample(true);
        assert!(coloured.contains("\x1b[32m✓\x1b[0m"));
        for code in [0, 1, 2, 31, 32, 36] {
            coloured = coloured.replace(&format!("\x1b[{code}m"), "");
        }
        assert_eq!(coloured, sample(false));
    }
}
