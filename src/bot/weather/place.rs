//! Which place is meant: home, a name looked up before, or one to look up.

use std::sync::Arc;

use log::warn;

use super::{Job, Work};
use crate::bot::say::format;
use crate::bot::weather::desk::{Act, Forecasts, Waiter, Wants};
use crate::bot::weather::{Need, Wanted};
use crate::lang::Text;
use crate::mesh::{Now, name};
use crate::weather::{Cell, Failure, Found, Home, Query, Spot};

/// What of a place's name is repeated when there is no answer, bytes.
pub(super) const SHOWN: usize = 40;

impl Forecasts {
    pub(super) fn home(&self, otherwise: Option<Cell>) -> Option<Wanted> {
        match &self.settings.home {
            Home::OwnNode => otherwise.map(Wanted::At),
            Home::At(cell) => Some(Wanted::At(*cell)),
            Home::Named(query) => Some(Wanted::Named(query.clone())),
        }
    }

    /// The named place at this cell if it is home, else one without a name.
    pub(super) fn spot_at(&mut self, cell: Cell, now: Now) -> Spot {
        match self.home_spot(now) {
            Some(home) if home.cell == cell => home,
            _ => Spot::nameless(cell),
        }
    }

    pub(super) fn is_home(&self, query: &Query) -> bool {
        let home = self.settings.home.name();
        home.is_some_and(|home| home.key() == query.key())
    }

    pub(super) fn home_spot(&mut self, now: Now) -> Option<Spot> {
        let home = self.settings.home.name()?;
        self.cache.old_place(home.key(), now)
    }

    /// Looks for the place, and for home first if its country decides.
    pub(super) fn place_job(&mut self, now: Now, query: Query) -> Job {
        let source = Arc::clone(&self.source);
        let lang = self.frame.lang;
        let mut country = self.settings.country.clone();
        let home = self.home_to_find(now, &query);
        if country.is_none() {
            country = self.home_spot(now).and_then(|home| home.country);
        }
        let is_home = self.is_home(&query);
        Box::new(move || {
            // Nobody can be asked which home is meant.
            let home = home.map(|home| Ok(home.find(&*source, lang, None)?.settled()));
            if let Some(Ok(Found::Spot(spot))) = &home {
                country.clone_from(&spot.country);
            }
            let found = query.find(&*source, lang, country.as_deref());
            let found = found.map(|found| if is_home { found.settled() } else { found });
            Work::Place { found, home }
        })
    }

    /// Home, if its country decides about `query` and nobody has looked for it
    /// lately.
    pub(super) fn home_to_find(&mut self, now: Now, query: &Query) -> Option<Query> {
        let home = self.settings.home.name()?.clone();
        let need = Need::Place(home.key().to_owned());
        let wanted = self.settings.country.is_none()
            && home.key() != query.key()
            && self.cache.place(home.key(), now).is_none()
            && self.cache.failure(&need, now).is_none();
        wanted.then_some(home)
    }

    /// Home was looked for on the way to another place.
    pub(super) fn home_came(&mut self, now: Now, home: Option<Result<Found, Failure>>) {
        let (Some(name), Some(home)) = (self.settings.home.name(), home) else {
            return;
        };
        let key = name.key().to_owned();
        match home {
            Ok(found) => self.keep_place(now, key, found),
            Err(failure) => {
                warn!("[weather] home: {failure}");
                self.cache.keep_failure(Need::Place(key), failure, now);
            }
        }
    }

    pub(super) fn keep_place(&mut self, now: Now, key: String, found: Found) {
        if let Some(home) = self.settings.home.name()
            && home.key() == key
            && found == Found::Nothing
        {
            let shown = home.shown();
            warn!("[weather] home: nobody knows a place called \"{shown}\"");
        }
        self.cache.keep_place(key, found, now);
    }

    pub(super) fn place_came(&mut self, now: Now, need: &Need, found: &Found) {
        for waiter in self.take_waiting(need) {
            self.place_known(now, waiter, found);
        }
    }

    /// Several places of one name, from which he picks one.
    fn offer(&mut self, now: Now, waiter: Waiter, spots: &[Spot]) {
        let lang = self.frame.lang;
        let home = match self.settings.home {
            Home::At(cell) => Some(cell),
            Home::OwnNode | Home::Named(_) => self.home_spot(now).map(|home| home.cell),
        };
        let home = home.and_then(Cell::position);
        let days = waiter.wish.when.words();
        let name = spots.first().map_or("", |spot| spot.name.as_str());
        let mut text = Text::SeveralPlaces.fill(lang, &[("name", &name::cut(name, SHOWN))]);
        let mut args = Vec::new();
        for (number, spot) in (1_usize..).zip(spots) {
            let title = spot.title(usize::MAX);
            let is_alone = spots
                .iter()
                .filter(|other| other.title(usize::MAX) == title)
                .count()
                == 1;
            let way = home.zip(spot.cell.position());
            let way =
                way.map(|(home, there)| format!(" · {}", format::way_to(lang, &home, &there)));
            let mut line = format!(
                "\n{number} {}",
                spot.region.as_deref().unwrap_or(&spot.name)
            );
            if !is_alone {
                line = format!("{line} {}", spot.cell);
            }
            line.push_str(&way.unwrap_or_default());
            if text.len() + line.len() > self.frame.part_limit {
                break;
            }
            text.push_str(&line);
            // What picks it has to mean it alone.
            let place = if is_alone {
                title
            } else {
                spot.cell.to_string()
            };
            args.push(format!("{place} {days}").trim_end().to_owned());
        }
        self.acts
            .push_back(Act::Offer(Box::new(waiter), text, args));
    }

    /// The place that he named is this one.
    pub(super) fn place_known(&mut self, now: Now, mut waiter: Waiter, found: &Found) {
        match (found, &waiter.wants) {
            (Found::Spot(spot) | Found::Guess(spot), _) => {
                waiter.wants = Wants::Report(spot.clone());
                self.go_on(now, waiter);
            }
            (Found::Several(spots), _) => self.offer(now, waiter, spots),
            // Nobody has to know what the operator has written there.
            (Found::Nothing, Wants::Place(query)) if self.is_home(query) => self.ask_back(waiter),
            (Found::Nothing, Wants::Place(query)) => {
                let name = name::cut(query.shown(), SHOWN);
                let text = Text::NoSuchPlace.fill(waiter.ask.lang, &[("name", &name)]);
                self.say(waiter, text);
            }
            (Found::Nothing, _) => {}
        }
    }
}
