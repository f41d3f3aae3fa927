//! Who waits for which weather, and what is known already.
//!
//! Pure: questions, results and the time come in, answers and jobs come out.
//! - What is fresh is answered at once; nothing is fetched twice at a time
//!   however many ask (features.md C23).
//! - A question that waits too long gets the old answer with its age, or a true
//!   sentence; the late result still helps the next one.

mod cache;

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::tz::TimeZone;
use log::{debug, error, warn};

pub use cache::{Boot, Need, Snapshot};

use self::cache::Cache;
use super::command::Ask;
use super::errands::{Job, Work};
use super::reply::Way;
use super::together::Together;
use crate::config;
use crate::mesh::{Now, Sanity, name};
use crate::text::{Lang, Text};
use crate::thread::panic_message;
use crate::weather::{Cell, Failure, Found, Home, Query, Report, Source, Spot, Units};

/// Longest wait of an asker; two services that hang take less.
const PATIENCE: Duration = Duration::from_secs(20);
/// Questions that wait at a time.
const WAITING: usize = 64;
/// The SD card's peace between two writings (decisions.md, Storage).
const SAVE_EVERY: Duration = Duration::from_secs(10 * 60);
/// Seconds in a day.
const DAY: u64 = 86_400;
/// What of a place's name is repeated when there is no answer, bytes.
const SHOWN: usize = 40;

/// What the operator has settled.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Where people are who do not say where.
    pub home: Home,
    /// ISO 3166 code of the country whose places are meant first; that of a
    /// named home when absent.
    pub country: Option<String>,
    /// In which units.
    pub units: Units,
    /// Who knows the places.
    pub atlas: String,
}

impl Settings {
    /// The part of the configuration that matters here.
    #[must_use]
    pub fn from_config(config: &config::Weather) -> Self {
        Self {
            home: config.home.clone(),
            country: config.country.clone(),
            units: Units {
                temperature: config.temperature,
                wind: config.wind,
                rain: config.rain,
            },
            atlas: config.geocoding_base().to_owned(),
        }
    }

    /// All that decides what a place's name means.
    fn context(&self, lang: Lang) -> String {
        let home = match &self.home {
            Home::Named(query) => query.key(),
            Home::OwnNode | Home::At(_) => "",
        };
        let country = self.country.as_deref().unwrap_or("");
        format!("{lang:?}|{country}|{home}|{}", self.atlas)
    }
}

/// What is settled for the whole bot.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Language of the answers.
    pub lang: Lang,
    /// The mark before commands.
    pub prefix: String,
    /// The longest part of an answer in bytes.
    pub part_limit: usize,
    /// Which clocks to believe.
    pub sanity: Sanity,
    /// Time zone of the board, for places whose own is not known.
    pub local_zone: TimeZone,
    /// The run of the board.
    pub boot: Boot,
}

/// What somebody wants to know.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// The command's word, for who has to ask again.
    pub word: &'static str,
    /// Of how many days, for what comes by the day.
    pub days: usize,
    /// Whether a forecast is needed, or nothing but the place and its hours.
    pub needs_report: bool,
    /// Writes the answer; its parts are separated by form feeds.
    pub render: fn(&Outlook<'_>) -> String,
}

/// Of which place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// There.
    At(Cell),
    /// The place of this name.
    Named(Query),
    /// Home; there if none is configured.
    Home(Option<Cell>),
}

/// All that an answer is written from.
#[derive(Debug)]
pub struct Outlook<'a> {
    /// The place.
    pub spot: &'a Spot,
    /// Its weather; always there for a wish that needs it.
    pub report: Option<&'a Report>,
    /// The age of the report, when it should have been newer.
    pub stale: Option<Duration>,
    /// What time it is, seconds since 1970.
    pub now: i64,
    /// The place's time zone.
    pub zone: TimeZone,
    /// It is only the board's: the place's own is not known.
    pub zone_is_foreign: bool,
    /// Of how many days.
    pub days: usize,
    /// In which language.
    pub lang: Lang,
    /// In which units.
    pub units: Units,
    /// The longest part of an answer in bytes.
    pub part_limit: usize,
}

/// Somebody who waits for an answer.
#[derive(Clone, Debug)]
pub struct Waiter {
    /// His question.
    pub ask: Ask,
    /// The way back.
    pub way: Way,
    wish: Wish,
    wants: Wants,
    deadline: Duration,
}

/// What a waiter needs next.
#[derive(Clone, Debug)]
enum Wants {
    Nothing,
    Place(Query),
    Report(Spot),
}

/// What the bot has to do.
pub enum Act {
    /// Tell this to him.
    Say(Box<Waiter>, String),
    /// Too much goes on; he cannot be served.
    Busy(Box<Waiter>),
    /// Do this, and report with [`Forecasts::came`].
    Start(Need, Job),
    /// Put this away, and report with [`Forecasts::came`] of [`Need::Save`].
    Save(Snapshot),
}

/// The weather desk.
pub struct Forecasts {
    settings: Settings,
    frame: Frame,
    source: Arc<dyn Source>,
    cache: Cache,
    waiting: Vec<Waiter>,
    /// What errands are out for, and whether anybody still waits for it.
    under_way: BTreeMap<Need, Arc<AtomicBool>>,
    acts: VecDeque<Act>,
    saved_at: Duration,
}

impl Forecasts {
    /// Knows what was known before the restart.
    #[must_use]
    pub fn new(
        settings: Settings,
        frame: Frame,
        source: Arc<dyn Source>,
        before: Snapshot,
    ) -> Self {
        let home = match &settings.home {
            Home::Named(query) => Some(query.key().to_owned()),
            Home::OwnNode | Home::At(_) => None,
        };
        let context = settings.context(frame.lang);
        let boot = frame.boot.clone();
        Self {
            cache: Cache::new(frame.sanity, boot, context, home, before),
            settings,
            frame,
            source,
            waiting: Vec::new(),
            under_way: BTreeMap::new(),
            acts: VecDeque::new(),
            saved_at: Duration::ZERO,
        }
    }

    /// Somebody asks.
    pub fn ask(&mut self, now: Now, ask: &Ask, way: Way, wish: Wish, wanted: Wanted) {
        let wanted = match wanted {
            Wanted::Home(otherwise) => self.home(otherwise),
            other => Some(other),
        };
        let wants = match wanted {
            Some(Wanted::At(cell)) => Wants::Report(self.spot_at(cell, now)),
            Some(Wanted::Named(query)) => Wants::Place(query),
            Some(Wanted::Home(_)) | None => {
                let waiter = self.waiter(now, ask, way, wish, Wants::Nothing);
                return self.ask_back(waiter);
            }
        };
        let waiter = self.waiter(now, ask, way, wish, wants);
        self.go_on(now, waiter);
    }

    /// What the errand for `need` has brought, or what its panic said.
    pub fn came(&mut self, now: Now, need: &Need, work: Result<Work, String>) {
        self.under_way.remove(need);
        match (need, work) {
            (Need::Place(key), Ok(Work::Place { found, home })) => {
                // A choice made without knowing home is good for now only.
                let is_settled = matches!(home, None | Some(Ok(Found::Spot(_))));
                self.home_came(now, home);
                match found {
                    Ok(found) => {
                        let found = match found {
                            Found::Spot(spot) if !is_settled => Found::Guess(spot),
                            found => found,
                        };
                        self.keep_place(now, key.clone(), found.clone());
                        self.place_came(now, need, &found);
                    }
                    Err(failure) => self.failed(now, need, failure),
                }
            }
            (Need::Report(cell), Ok(Work::Report(Ok(report)))) => {
                self.compare_clocks(now, &report);
                self.cache.keep_report(*cell, report, now);
                self.wake(now, need);
            }
            (Need::Report(_), Ok(Work::Report(Err(failure)))) => self.failed(now, need, failure),
            // Somebody may have come since it was given up.
            (Need::Place(_) | Need::Report(_), Ok(Work::Unwanted)) => self.wake(now, need),
            (Need::Save, Ok(Work::Saved(true))) => {}
            (Need::Save, _) => self.cache.keep_trying(),
            (_, Ok(other)) => warn!("the weather desk cannot use {other:?}"),
            (_, Err(panic)) => {
                error!("{need}: the errand panicked: {panic}");
                for waiter in self.take_waiting(need) {
                    self.excuse(waiter, Text::Apology);
                }
            }
        }
    }

    /// The job for `need` found no place in the queue.
    pub fn not_started(&mut self, now: Now, need: &Need) {
        self.under_way.remove(need);
        if *need == Need::Save {
            self.cache.keep_trying();
        }
        for waiter in self.take_waiting(need) {
            if self.has_old_answer(now, &waiter) {
                self.write(now, waiter);
            } else {
                self.acts.push_back(Act::Busy(Box::new(waiter)));
            }
        }
    }

    /// Looks at everything that depends on time.
    pub fn tick(&mut self, now: Now) {
        let (late, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|waiter| waiter.deadline <= now.mono);
        self.waiting = rest;
        for waiter in late {
            debug!("{}: the weather takes too long", waiter.ask.line);
            if self.has_old_answer(now, &waiter) {
                self.write(now, waiter);
            } else {
                self.excuse(waiter, Text::TookTooLong);
            }
        }
        self.let_go_of_unwanted();
        if self.save_due().is_some_and(|due| due <= now.mono) {
            self.under_way.insert(Need::Save, Arc::default());
            self.saved_at = now.mono;
            let snapshot = self.cache.snapshot(now);
            self.acts.push_back(Act::Save(snapshot));
        }
    }

    /// When [`Forecasts::tick`] is needed again, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let waiting = self.waiting.iter().map(|waiter| waiter.deadline).min();
        waiting.into_iter().chain(self.save_due()).min()
    }

    /// What is to be done next.
    pub fn act(&mut self) -> Option<Act> {
        self.acts.pop_front()
    }

    /// At the end: what is worth keeping, if anything is new. What an errand
    /// was to put away may still wait for its turn.
    pub fn last_words(&mut self, now: Now) -> Option<Snapshot> {
        let due = self.cache.has_changed() || self.under_way.contains_key(&Need::Save);
        due.then(|| self.cache.snapshot(now))
    }

    fn save_due(&self) -> Option<Duration> {
        let due = self.cache.has_changed() && !self.under_way.contains_key(&Need::Save);
        due.then_some(self.saved_at + SAVE_EVERY)
    }

    fn waiter(&self, now: Now, ask: &Ask, way: Way, wish: Wish, wants: Wants) -> Waiter {
        Waiter {
            ask: ask.clone(),
            way,
            wish,
            wants,
            deadline: now.mono + PATIENCE,
        }
    }

    fn home(&self, otherwise: Option<Cell>) -> Option<Wanted> {
        match &self.settings.home {
            Home::OwnNode => otherwise.map(Wanted::At),
            Home::At(cell) => Some(Wanted::At(*cell)),
            Home::Named(query) => Some(Wanted::Named(query.clone())),
        }
    }

    /// The named place at this cell if it is home, else one without a name.
    fn spot_at(&mut self, cell: Cell, now: Now) -> Spot {
        match self.home_spot(now) {
            Some(home) if home.cell == cell => home,
            _ => Spot::nameless(cell),
        }
    }

    fn is_home(&self, query: &Query) -> bool {
        matches!(&self.settings.home, Home::Named(home) if home.key() == query.key())
    }

    fn home_spot(&mut self, now: Now) -> Option<Spot> {
        let Home::Named(query) = &self.settings.home else {
            return None;
        };
        self.cache.old_place(query.key(), now)
    }

    /// Answers, or lets him wait for what is missing.
    fn go_on(&mut self, now: Now, waiter: Waiter) {
        match &waiter.wants {
            Wants::Nothing => {}
            Wants::Place(query) => {
                let query = query.clone();
                self.go_on_with_name(now, waiter, query);
            }
            Wants::Report(spot) => {
                let (cell, name) = (spot.cell, spot.name.clone());
                self.go_on_with_place(now, waiter, cell, &name);
            }
        }
    }

    fn go_on_with_name(&mut self, now: Now, waiter: Waiter, query: Query) {
        if let Some(found) = self.cache.place(query.key(), now) {
            return self.place_known(now, waiter, &found);
        }
        let need = Need::Place(query.key().to_owned());
        if let Some(sentence) = self.known_failure(now, &need, query.shown()) {
            return match self.cache.old_place(query.key(), now) {
                Some(spot) => self.place_known(now, waiter, &Found::Spot(spot)),
                None => self.say(waiter, sentence),
            };
        }
        let job = self.place_job(now, query);
        self.wait(waiter, need, job);
    }

    fn go_on_with_place(&mut self, now: Now, waiter: Waiter, cell: Cell, name: &str) {
        let has_enough = match (&waiter.wants, waiter.wish.needs_report) {
            (Wants::Report(spot), false) => {
                spot.zone.is_some() || self.cache.report(cell, now).is_some()
            }
            _ => self.is_fresh(cell, now),
        };
        if has_enough {
            return self.write(now, waiter);
        }
        let need = Need::Report(cell);
        if let Some(sentence) = self.known_failure(now, &need, name) {
            return match self.has_old_answer(now, &waiter) {
                true => self.write(now, waiter),
                false => self.say(waiter, sentence),
            };
        }
        let source = Arc::clone(&self.source);
        let job: Job = Box::new(move || Work::Report(source.forecast(cell)));
        self.wait(waiter, need, job);
    }

    fn wait(&mut self, waiter: Waiter, need: Need, job: Job) {
        if self.waiting.len() >= WAITING {
            self.acts.push_back(Act::Busy(Box::new(waiter)));
            return;
        }
        self.waiting.push(waiter);
        if let Some(wanted) = self.under_way.get(&need) {
            wanted.store(true, Ordering::Relaxed);
            return;
        }
        let wanted = Arc::new(AtomicBool::new(true));
        self.under_way.insert(need.clone(), Arc::clone(&wanted));
        // Whoever waited in the queue with it may have given up.
        let job = Box::new(move || match wanted.load(Ordering::Relaxed) {
            true => job(),
            false => Work::Unwanted,
        });
        self.acts.push_back(Act::Start(need, job));
    }

    /// Errands that nobody waits for need not begin any more.
    fn let_go_of_unwanted(&mut self) {
        for (need, wanted) in &self.under_way {
            let mut waiting = self.waiting.iter();
            let is_wanted = waiting.any(|waiter| waiter.needs().as_ref() == Some(need));
            wanted.store(is_wanted, Ordering::Relaxed);
        }
    }

    /// Looks for the place, and for home first if its country decides.
    fn place_job(&mut self, now: Now, query: Query) -> Job {
        let source = Arc::clone(&self.source);
        let lang = self.frame.lang;
        let mut country = self.settings.country.clone();
        let home = self.home_to_find(now, &query);
        if country.is_none() {
            country = self.home_spot(now).and_then(|home| home.country);
        }
        Box::new(move || {
            let home = home.map(|home| home.find(&*source, lang, None));
            if let Some(Ok(Found::Spot(spot))) = &home {
                country.clone_from(&spot.country);
            }
            let found = query.find(&*source, lang, country.as_deref());
            Work::Place { found, home }
        })
    }

    /// Home, if its country decides about `query` and nobody has looked for it
    /// lately.
    fn home_to_find(&mut self, now: Now, query: &Query) -> Option<Query> {
        let Home::Named(home) = &self.settings.home else {
            return None;
        };
        let home = home.clone();
        let need = Need::Place(home.key().to_owned());
        let wanted = self.settings.country.is_none()
            && home.key() != query.key()
            && self.cache.place(home.key(), now).is_none()
            && self.cache.failure(&need, now).is_none();
        wanted.then_some(home)
    }

    /// Home was looked for on the way to another place.
    fn home_came(&mut self, now: Now, home: Option<Result<Found, Failure>>) {
        let (Home::Named(query), Some(home)) = (&self.settings.home, home) else {
            return;
        };
        let key = query.key().to_owned();
        match home {
            Ok(found) => self.keep_place(now, key, found),
            Err(failure) => {
                warn!("[weather] home: {failure}");
                self.cache.keep_failure(Need::Place(key), failure, now);
            }
        }
    }

    fn keep_place(&mut self, now: Now, key: String, found: Found) {
        if let Home::Named(home) = &self.settings.home
            && home.key() == key
            && found == Found::Nothing
        {
            let shown = home.shown();
            warn!("[weather] home: nobody knows a place called \"{shown}\"");
        }
        self.cache.keep_place(key, found, now);
    }

    fn place_came(&mut self, now: Now, need: &Need, found: &Found) {
        for waiter in self.take_waiting(need) {
            self.place_known(now, waiter, found);
        }
    }

    /// The place that he named is this one.
    fn place_known(&mut self, now: Now, mut waiter: Waiter, found: &Found) {
        match (found, &waiter.wants) {
            (Found::Spot(spot) | Found::Guess(spot), _) => {
                waiter.wants = Wants::Report(spot.clone());
                self.go_on(now, waiter);
            }
            // Nobody has to know what the operator has written there.
            (Found::Nothing, Wants::Place(query)) if self.is_home(query) => self.ask_back(waiter),
            (Found::Nothing, Wants::Place(query)) => {
                let name = name::cut(query.shown(), SHOWN);
                let text = Text::NoSuchPlace.fill(self.frame.lang, &[("name", &name)]);
                self.say(waiter, text);
            }
            (Found::Nothing, _) => {}
        }
    }

    /// Goes on with everybody who waited for this.
    fn wake(&mut self, now: Now, need: &Need) {
        for waiter in self.take_waiting(need) {
            self.go_on(now, waiter);
        }
    }

    fn failed(&mut self, now: Now, need: &Need, failure: Failure) {
        debug!("{need}: {failure}");
        self.cache.keep_failure(need.clone(), failure, now);
        self.wake(now, need);
    }

    /// A forecast of another day is told as it is, because the board's clock may
    /// be the wrong one; but somebody should look.
    fn compare_clocks(&self, now: Now, report: &Report) {
        let board = self.frame.sanity.check(now.unix);
        let board = board.and_then(|unix| i64::try_from(unix).ok());
        if let Some((board, service)) = board.zip(report.time)
            && board.abs_diff(service) > DAY
        {
            let days = board.abs_diff(service) / DAY;
            warn!("the weather service and this board's clock are {days} d apart");
        }
    }

    fn take_waiting(&mut self, need: &Need) -> Vec<Waiter> {
        let (met, rest) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|waiter| waiter.needs().as_ref() == Some(need));
        self.waiting = rest;
        met
    }

    fn is_fresh(&mut self, cell: Cell, now: Now) -> bool {
        let report = self.cache.report(cell, now);
        report.is_some_and(|(_, age)| age.is_fresh())
    }

    /// Whether he can be answered without anything new: from an old report, or
    /// without any.
    fn has_old_answer(&mut self, now: Now, waiter: &Waiter) -> bool {
        match &waiter.wants {
            Wants::Report(spot) => {
                !waiter.wish.needs_report || self.cache.report(spot.cell, now).is_some()
            }
            Wants::Place(_) | Wants::Nothing => false,
        }
    }

    /// Answers from what is in the cache.
    fn write(&mut self, now: Now, waiter: Waiter) {
        let frame = &self.frame;
        let Wants::Report(spot) = &waiter.wants else {
            return;
        };
        let board = frame.sanity.check(now.unix);
        let board = board.and_then(|unix| i64::try_from(unix).ok());
        let kept = self.cache.report(spot.cell, now);
        let time = match kept {
            Some((report, age)) => report.now(age.time, board),
            None => board,
        };
        let Some(time) = time else {
            return self.excuse(waiter, Text::ClockUnset);
        };
        let report = kept.map(|(report, _)| report);
        let named = spot
            .zone
            .as_deref()
            .and_then(|name| TimeZone::get(name).ok());
        let zone = named.or_else(|| report.map(Report::time_zone));
        let outlook = Outlook {
            spot,
            report,
            stale: kept
                .filter(|(_, age)| !age.is_fresh())
                .map(|(_, age)| age.time),
            now: time,
            zone_is_foreign: zone.is_none(),
            zone: zone.unwrap_or_else(|| frame.local_zone.clone()),
            days: waiter.wish.days,
            lang: frame.lang,
            units: self.settings.units,
            part_limit: frame.part_limit,
        };
        match catch_unwind(AssertUnwindSafe(|| (waiter.wish.render)(&outlook))) {
            Ok(text) => self.say(waiter, text),
            Err(panic) => {
                let what = panic_message(&*panic);
                error!(
                    "{}: the weather could not be written: {what}",
                    waiter.ask.line
                );
                self.excuse(waiter, Text::Apology);
            }
        }
    }

    /// A true sentence when this has just failed.
    fn known_failure(&self, now: Now, need: &Need, shown: &str) -> Option<String> {
        let lang = self.frame.lang;
        let reason = match self.cache.failure(need, now)? {
            Failure::Timeout => Text::ServiceSlow.plain(lang).to_owned(),
            Failure::Unreachable(_) => Text::ServiceAway.plain(lang).to_owned(),
            Failure::Status(429) => Text::ServiceTired.plain(lang).to_owned(),
            Failure::Status(status) => Text::ServiceStatus.fill(lang, &[("n", status)]),
            Failure::Nonsense(_) => Text::ServiceNonsense.plain(lang).to_owned(),
        };
        let name = name::cut(shown, SHOWN);
        let sentence = match need {
            Need::Place(_) => Text::NoPlace,
            Need::Report(_) | Need::Save => Text::NoWeather,
        };
        Some(sentence.fill(lang, &[("name", &name), ("reason", &reason)]))
    }

    /// A sentence that does not name the place: only who asks the very same
    /// may be answered together with it.
    fn excuse(&mut self, mut waiter: Waiter, text: Text) {
        if waiter.way.together != Together::Never {
            waiter.way.together = Together::SameQuestion;
        }
        self.say(waiter, text.plain(self.frame.lang).to_owned());
    }

    /// Nobody knows where he is.
    fn ask_back(&mut self, waiter: Waiter) {
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("prefix", &self.frame.prefix), ("word", &waiter.wish.word)];
        let text = Text::WhereAreYou.fill(self.frame.lang, &values);
        self.say(waiter, text);
    }

    fn say(&mut self, waiter: Waiter, text: String) {
        self.acts.push_back(Act::Say(Box::new(waiter), text));
    }
}

impl Waiter {
    fn needs(&self) -> Option<Need> {
        match &self.wants {
            Wants::Nothing => None,
            Wants::Place(query) => Some(Need::Place(query.key().to_owned())),
            Wants::Report(spot) => Some(Need::Report(spot.cell)),
        }
    }
}

#[cfg(test)]
mod tests;
