//! The log: one line a fact, on standard error.
//!
//! Whoever logs never waits: a thread of its own writes, and what nobody
//! reads is left out and counted. Lines that somebody outside can cause at will are
//! thinned ([`thin`]), unless the level is `debug`, which is for looking at everything.
//!
//! Under systemd standard error is the journal, which stamps the time itself
//! and wants the priority as a `<N>` prefix; anywhere else simplelog writes
//! RFC 3339 local time and the level. A message never spans lines, whatever it
//! quotes: control characters are escaped. Other crates are heard from
//! `warn` on, meshbot itself at the chosen level.

pub mod thin;
mod thread;

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::time::Duration;

use log::{Level, LevelFilter, Log, Metadata, Record};
use simplelog::{ConfigBuilder, WriteLogger, format_description};

use self::thread::{Entry, LINE_MAX, Queue, Stderr};

/// How the lines begin that the operator has asked for one by one.
const CONVERSATION: char = '💬';
/// How the lines of the log contract begin, and no others.
const CONTRACT: [char; 4] = ['🔌', '✅', '🔄', '❌'];
/// How long the end of the program waits for its last sentence to be taken.
const LAST_WORD: Duration = Duration::from_millis(200);

/// What standard error is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Destination {
    /// The systemd journal.
    Journal,
    /// A terminal, a file, a pipe: anything that knows no time of its own.
    Plain,
}

impl Destination {
    /// Looks whether `$JOURNAL_STREAM` names the very file that is our
    /// standard error. The variable alone proves nothing: it is inherited by
    /// programs whose output somebody redirected.
    #[must_use]
    pub fn detect() -> Self {
        let named = std::env::var("JOURNAL_STREAM").ok();
        let ours = rustix::fs::fstat(io::stderr())
            .ok()
            .map(|stat| (stat.st_dev, stat.st_ino));
        Self::of(named.as_deref(), ours)
    }

    fn of(journal_stream: Option<&str>, stderr: Option<(u64, u64)>) -> Self {
        let named = journal_stream.and_then(|text| {
            let (device, inode) = text.split_once(':')?;
            Some((device.parse().ok()?, inode.parse().ok()?))
        });
        if named.is_some() && named == stderr {
            Self::Journal
        } else {
            Self::Plain
        }
    }
}

/// Starts logging to standard error. Call it while the program has only one
/// thread: with more, the local time zone cannot be found out and times are
/// in UTC. The offset stays as it was at this moment.
///
/// # Errors
/// When logging was started before, or the system has no thread left.
pub fn init(level: LevelFilter, destination: Destination) -> io::Result<()> {
    let (queue, writer) = thread::queue(Stderr, logger(destination, Stderr));
    let logger = OneLine::new(level, queue, |to| logger(destination, to));
    // Only now a second thread: the time zone is known.
    writer.start()?;
    log::set_boxed_logger(Box::new(logger)).map_err(io::Error::other)?;
    log::set_max_level(level);
    std::panic::set_hook(Box::new(|panic| log::error!("{panic}")));
    Ok(())
}

/// The last sentence of the program, on standard error after all of the log. Nobody
/// has to read it.
pub fn last_words(text: &str) {
    log::logger().flush();
    let line = format!("{text}\n");
    let (done, written) = crossbeam_channel::bounded(1);
    let say = move || {
        let _ = io::stderr().lock().write_all(line.as_bytes());
        let _ = done.try_send(());
    };
    if crate::thread::spawn("last-words", |_| {}, say).is_ok() {
        let _ = written.recv_timeout(LAST_WORD);
    }
}

/// What makes lines for this destination.
fn logger(destination: Destination, to: impl Write + Send + 'static) -> Box<dyn Log> {
    match destination {
        Destination::Journal => Box::new(Journal(std::sync::Mutex::new(to))),
        Destination::Plain => plain(to),
    }
}

/// Decides what is logged, keeps every message in one line, and sends it on its way.
struct OneLine {
    level: LevelFilter,
    queue: Queue,
    /// Makes the line and writes it into a [`Collector`].
    logger: Box<dyn Log>,
}

impl OneLine {
    /// `maker` says what makes lines that go to a collector.
    fn new(
        level: LevelFilter,
        queue: Queue,
        maker: impl FnOnce(Collector) -> Box<dyn Log>,
    ) -> Self {
        let collector = Collector {
            line: Vec::new(),
            queue: queue.clone(),
        };
        Self {
            level,
            queue,
            logger: maker(collector),
        }
    }
}

thread_local! {
    /// What is known of the line that this thread is making.
    static MAKING: Cell<Option<Making>> = const { Cell::new(None) };
}

#[derive(Clone, Copy)]
struct Making {
    level: Level,
    place: u64,
    contract: bool,
    wanted: bool,
    text: usize,
}

impl Log for OneLine {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.level() <= limit(self.level, metadata.target())
    }

    fn log(&self, record: &Record) {
        if !self.enabled(record.metadata()) {
            return;
        }
        if !self.queue.has_room(record.level()) {
            self.queue.lose();
            return;
        }
        let message = match record.target() {
            target if is_ours(target) => record.args().to_string(),
            crate_name => format!("{crate_name}: {}", record.args()),
        };
        let message = one_line(cut(&message));
        MAKING.set(Some(Making {
            level: record.level(),
            place: place(record),
            contract: is_contract(&message),
            wanted: self.level >= LevelFilter::Debug || message.starts_with(CONVERSATION),
            text: message.len(),
        }));
        self.logger.log(
            &Record::builder()
                .metadata(record.metadata().clone())
                .args(format_args!("{message}"))
                .build(),
        );
    }

    fn flush(&self) {
        self.queue.flush();
    }
}

/// As much of a message as fits into a line with time and level.
fn cut(message: &str) -> &str {
    let mut end = message.len().min(LINE_MAX - 100);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    &message[..end]
}

/// Whether a line belongs to the log contract.
#[must_use]
pub fn is_contract(message: &str) -> bool {
    message.starts_with(CONTRACT)
}

/// Where in the source a line comes from.
#[must_use]
pub fn place(record: &Record) -> u64 {
    let mut hasher = DefaultHasher::new();
    (record.module_path(), record.line()).hash(&mut hasher);
    hasher.finish()
}

/// Puts the pieces of a line together and sends it whole.
struct Collector {
    line: Vec<u8>,
    queue: Queue,
}

impl Write for Collector {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        if self.line.ends_with(b"\n") {
            let bytes = std::mem::take(&mut self.line);
            if let Some(making) = MAKING.take() {
                self.queue.push(Entry {
                    level: making.level,
                    place: making.place,
                    contract: making.contract,
                    wanted: making.wanted,
                    text_at: bytes.len().saturating_sub(making.text + 1),
                    bytes: bytes.into(),
                });
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The level at which `target` is heard when meshbot itself is at `chosen`.
fn limit(chosen: LevelFilter, target: &str) -> LevelFilter {
    if is_ours(target) {
        chosen
    } else {
        chosen.min(LevelFilter::Warn)
    }
}

fn is_ours(target: &str) -> bool {
    target
        .strip_prefix("meshbot")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The message without anything that could break its line or rearrange it on
/// a screen: control characters, line and paragraph separators and the marks
/// that turn the writing direction appear as `\n`, `\u{202e}` and so on.
/// Accents, emoji and their joiners stay.
#[must_use]
pub fn one_line(message: &str) -> Cow<'_, str> {
    if !message.contains(breaks) {
        return Cow::Borrowed(message);
    }
    let mut line = String::with_capacity(message.len() + 8);
    for c in message.chars() {
        if breaks(c) {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    Cow::Owned(line)
}

fn breaks(c: char) -> bool {
    let turns =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns || matches!(c, '\u{2028}' | '\u{2029}')
}

struct Journal<W>(std::sync::Mutex<W>);

impl<W: Write + Send> Log for Journal<W> {
    fn enabled(&self, _: &Metadata) -> bool {
        true
    }

    fn log(&self, record: &Record) {
        let line = journal_line(record.level(), record.args());
        if let Ok(mut to) = self.0.lock() {
            // A log that cannot be written has nobody left to tell.
            let _ = to.write_all(line.as_bytes());
        }
    }

    fn flush(&self) {}
}

/// A line as the journal reads it: syslog's priority, the message, a line end.
fn journal_line(level: Level, message: impl std::fmt::Display) -> String {
    let priority = match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    };
    let mut line = String::new();
    let _ = writeln!(line, "<{priority}>{message}");
    line
}

/// Time, level and message; the target from `debug` on.
fn plain(to: impl Write + Send + 'static) -> Box<dyn Log> {
    let mut config = ConfigBuilder::new();
    config
        .set_time_level(LevelFilter::Error)
        .set_thread_level(LevelFilter::Off)
        .set_location_level(LevelFilter::Off)
        .set_target_level(LevelFilter::Debug)
        .set_time_format_custom(format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second][offset_hour sign:mandatory]:[offset_minute]"
        ));
    // Where the offset cannot be found out, UTC stays, and the line says so.
    let _ = config.set_time_offset_to_local();
    WriteLogger::new(LevelFilter::Trace, config.build(), to)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn the_journal_is_known_by_its_file() {
        let of = Destination::of;
        assert_eq!(of(Some("9:1234"), Some((9, 1234))), Destination::Journal);
        assert_eq!(of(Some("9:1234"), Some((9, 1235))), Destination::Plain);
        assert_eq!(of(None, Some((9, 1234))), Destination::Plain);
        assert_eq!(of(None, None), Destination::Plain);
        for junk in ["", ":", "9", "9:x", "9:1234:5"] {
            assert_eq!(of(Some(junk), Some((9, 1234))), Destination::Plain);
            assert_eq!(of(Some(junk), None), Destination::Plain);
        }
    }

    #[test]
    fn other_crates_are_heard_from_warnings_on() {
        for (chosen, target, heard) in [
            (LevelFilter::Debug, "meshbot", LevelFilter::Debug),
            (LevelFilter::Debug, "meshbot::link::io", LevelFilter::Debug),
            (LevelFilter::Debug, "meshbottle", LevelFilter::Warn),
            (LevelFilter::Trace, "ureq::tls", LevelFilter::Warn),
            (LevelFilter::Error, "rustls", LevelFilter::Error),
            (LevelFilter::Off, "meshbot", LevelFilter::Off),
            (LevelFilter::Off, "rustls", LevelFilter::Off),
        ] {
            assert_eq!(limit(chosen, target), heard, "{chosen} {target}");
        }
    }

    #[test]
    fn a_message_stays_in_its_line() {
        for (message, line) in [
            ("plain", "plain"),
            ("hé 👩‍🚀 日本", "hé 👩‍🚀 日本"),
            ("a\nb\r\n<3>c", "a\\nb\\r\\n<3>c"),
            ("tab\there", "tab\\there"),
            ("\x1b[31mred\x07\0", "\\u{1b}[31mred\\u{7}\\u{0}"),
            ("\u{85}\u{2028}\u{202e}x", "\\u{85}\\u{2028}\\u{202e}x"),
        ] {
            assert_eq!(one_line(message), line);
        }
    }

    #[test]
    fn the_journal_gets_a_priority_and_no_time() {
        let line = |level| journal_line(level, "text");
        assert_eq!(line(Level::Error), "<3>text\n");
        assert_eq!(line(Level::Warn), "<4>text\n");
        assert_eq!(line(Level::Info), "<6>text\n");
        assert_eq!(line(Level::Debug), "<7>text\n");
        assert_eq!(line(Level::Trace), "<7>text\n");
    }

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A logger at work, and where its lines arrive.
    fn started(level: LevelFilter) -> (OneLine, Sink) {
        let sink = Sink::default();
        let (queue, writer) = thread::queue(sink.clone(), plain(sink.clone()));
        writer.start().unwrap();
        (OneLine::new(level, queue, |to| plain(to)), sink)
    }

    #[test]
    fn elsewhere_a_line_has_time_level_and_message() {
        let (logger, sink) = started(LevelFilter::Debug);
        let log = |level, target: &str, text: &str| {
            logger.log(
                &Record::builder()
                    .level(level)
                    .target(target)
                    .args(format_args!("{text}"))
                    .build(),
            );
        };
        log(Level::Info, "meshbot::app", "up\nand running");
        log(Level::Info, "ureq", "not heard");
        log(Level::Debug, "meshbot::link", "a packet");
        log(Level::Warn, "ureq::tls", "heard");
        logger.flush();
        let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<_> = text.lines().collect();
        let shape: String = lines[0]
            .chars()
            .take(25)
            .map(|c| if c.is_ascii_digit() { '9' } else { c })
            .collect();
        assert_eq!(shape.replace('-', "+"), "9999+99+99T99:99:99+99:99");
        assert_eq!(&lines[0][25..], " [INFO] up\\nand running");
        assert_eq!(&lines[1][25..], " [DEBUG] meshbot::link: a packet");
        assert_eq!(&lines[2][25..], " [WARN] ureq::tls: heard");
        assert_eq!(lines.len(), 3);
    }

    /// Everything that the contract says from `info` on, and nothing that begins with
    /// what somebody else says.
    #[test]
    fn the_lines_of_the_contract_are_known_by_their_signs() {
        use crate::lang::{Lang, Text};
        for text in [
            Text::LogConnect,
            Text::LogReady,
            Text::LogLost,
            Text::LogReconnect,
            Text::LogSent,
            Text::LogNoLink,
            Text::LogFailed,
        ] {
            for lang in Lang::ALL {
                let line = text.fill(lang, &[]);
                assert!(line.starts_with(CONTRACT), "{line}");
            }
        }
    }

    #[test]
    fn what_somebody_repeats_is_counted_unless_everything_is_wanted() {
        for (level, lines) in [(LevelFilter::Info, 2), (LevelFilter::Debug, 50)] {
            let (logger, sink) = started(level);
            for n in 0..50 {
                logger.log(
                    &Record::builder()
                        .level(Level::Warn)
                        .target("meshbot::link")
                        .line(Some(7))
                        .args(format_args!("node: again in {n} mins"))
                        .build(),
                );
            }
            logger.flush();
            let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
            assert_eq!(text.lines().count(), lines, "{text}");
            assert!(text.contains("node: again in 0 mins"));
            let told = "49 times more in 10 min: node: again in 0 mins";
            assert_eq!(text.contains(told), lines == 2);
        }
    }
}
