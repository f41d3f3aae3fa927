//! The desk itself: questions and results come in, answers and jobs go out.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use log::{debug, error, warn};

use super::{Job, Work};
use crate::bot::ask::{Ask, Way};
use crate::bot::jobs::MOST as ERRANDS;
use crate::bot::weather::cache::Cache;
use crate::bot::weather::{Frame, Need, Settings, Snapshot, Wanted, Wish};
use crate::bounds::Held;
use crate::lang::Text;
use crate::mesh::Now;
use crate::mesh::time::sooner;
use crate::weather::{Failure, Found, Query, Report, Source, Spot};

/// Longest wait of an asker; two services that hang take less.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
/// Questions that wait at a time.
pub(super) const WAITING: usize = 64;
/// The SD card's peace between two writings (decisions.md, Storage).
pub(super) const SAVE_EVERY: Duration = Duration::from_secs(10 * 60);
/// Seconds in a day.
const DAY: u64 = 86_400;

/// Somebody who waits for an answer.
#[derive(Clone, Debug)]
pub struct Waiter {
    /// His question.
    pub ask: Ask,
    /// The way back.
    pub way: Way,
    /// What he wants to know.
    pub wish: Wish,
    pub(super) wants: Wants,
    deadline: Duration,
}

/// What a waiter needs next.
#[derive(Clone, Debug)]
pub(super) enum Wants {
    Nothing,
    Place(Query),
    Report(Spot),
}

/// What the bot has to do.
pub enum Act {
    /// Tell this to him.
    Say(Box<Waiter>, String),
    /// Tell this to him: a list from which he picks one of these arguments.
    Offer(Box<Waiter>, String, Vec<String>),
    /// Too much goes on; he cannot be served.
    Busy(Box<Waiter>),
    /// Do this, and report with [`Forecasts::came`].
    Start(Need, Job),
    /// Put this away, and report with [`Forecasts::came`] of [`Need::Save`].
    Save(Snapshot),
}

/// The weather desk.
pub struct Forecasts {
    pub(super) settings: Settings,
    pub(super) frame: Frame,
    pub(super) source: Arc<dyn Source>,
    pub(super) cache: Cache,
    pub(super) waiting: Vec<Waiter>,
    /// What errands are out for, and whether anybody still waits for it.
    pub(super) under_way: BTreeMap<Need, Arc<AtomicBool>>,
    pub(super) acts: VecDeque<Act>,
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
        let home = settings.home.name().map(|name| name.key().to_owned());
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
        if self.deadline().is_none_or(|at| now.mono < at) {
            return;
        }
        let (late, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|waiter| waiter.deadline <= now.mono);
        self.waiting = rest;
        if !late.is_empty() {
            self.let_go_of_unwanted();
        }
        for waiter in late {
            debug!("{}: the weather takes too long", waiter.ask.line);
            if self.has_old_answer(now, &waiter) {
                self.write(now, waiter);
            } else {
                self.excuse(waiter, Text::TookTooLong);
            }
        }
        if self.save_due().is_some_and(|due| due <= now.mono) {
            self.under_way.insert(Need::Save, Arc::default());
            self.saved_at = now.mono;
            let snapshot = self.cache.snapshot(now);
            self.acts.push_back(Act::Save(snapshot));
        }
    }

    /// When [`Forecasts::tick`] is needed again, at the latest.
    #[must_use]
    #[inline]
    pub fn deadline(&self) -> Option<Duration> {
        let waiting = self.waiting.iter().map(|waiter| waiter.deadline).min();
        sooner(waiting, self.save_due())
    }

    /// What it holds.
    #[must_use]
    pub fn held(&self) -> [Held; 2] {
        [
            Held::new("askers who wait for weather", self.waiting.len(), WAITING),
            Held::new("weather errands", self.under_way.len(), ERRANDS),
        ]
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

    #[inline]
    pub(super) fn save_due(&self) -> Option<Duration> {
        let due = self.cache.has_changed() && !self.under_way.contains_key(&Need::Save);
        due.then(|| self.saved_at + SAVE_EVERY)
    }

    pub(super) fn waiter(&self, now: Now, ask: &Ask, way: Way, wish: Wish, wants: Wants) -> Waiter {
        Waiter {
            ask: ask.clone(),
            way,
            wish,
            wants,
            deadline: now.mono + PATIENCE,
        }
    }

    pub(super) fn wait(&mut self, waiter: Waiter, need: Need, job: Job) {
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
    pub(super) fn let_go_of_unwanted(&mut self) {
        for (need, wanted) in &self.under_way {
            let mut waiting = self.waiting.iter();
            let is_wanted = waiting.any(|waiter| waiter.needs().as_ref() == Some(need));
            wanted.store(is_wanted, Ordering::Relaxed);
        }
    }

    /// Goes on with everybody who waited for this.
    pub(super) fn wake(&mut self, now: Now, need: &Need) {
        for waiter in self.take_waiting(need) {
            self.go_on(now, waiter);
        }
    }

    pub(super) fn failed(&mut self, now: Now, need: &Need, failure: Failure) {
        debug!("{need}: {failure}");
        self.cache.keep_failure(need.clone(), failure, now);
        self.wake(now, need);
    }

    /// A forecast of another day is told as it is, because the board's clock may
    /// be the wrong one; but somebody should look.
    pub(super) fn compare_clocks(&self, now: Now, report: &Report) {
        if let Some((board, service)) = self.board_clock(now).zip(report.time)
            && board.abs_diff(service) > DAY
        {
            let days = board.abs_diff(service) / DAY;
            warn!("the weather service and this board's clock are {days} d apart");
        }
    }

    /// What the board's clock says, if it is set.
    pub(super) fn board_clock(&self, now: Now) -> Option<i64> {
        let unix = self.frame.sanity.check(now.unix)?;
        i64::try_from(unix).ok()
    }

    pub(super) fn take_waiting(&mut self, need: &Need) -> Vec<Waiter> {
        let (met, rest) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|waiter| waiter.needs().as_ref() == Some(need));
        self.waiting = rest;
        met
    }
}

impl Waiter {
    pub(super) fn needs(&self) -> Option<Need> {
        match &self.wants {
            Wants::Nothing => None,
            Wants::Place(query) => Some(Need::Place(query.key().to_owned())),
            Wants::Report(spot) => Some(Need::Report(spot.cell)),
        }
    }
}
