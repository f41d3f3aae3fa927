//! The weather services in a box: an HTTP server on this machine that answers
//! as open-meteo.com, its geocoding and wttr.in do, for tests and for
//! demonstrations without a network.
//!
//! - One thread, named "web"; it sleeps in `accept` and is woken by a
//!   connection of its own when it shall end.
//! - A request that hangs is put aside, so the others are served meanwhile.
//! - The weather depends on the scenario and the place's own clock only.

mod answer;
mod forecast;
mod places;
mod request;
mod sky;
#[cfg(test)]
mod tests;
mod wttr;

use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use answer::Answer;
use request::Request;
pub use sky::Scenario;

/// A client that says nothing, or reads nothing, for this long is given up.
const PATIENCE: Duration = Duration::from_secs(2);
/// Request targets remembered.
const TARGETS_MAX: usize = 1_000;
/// The year 2100; these services have no weather beyond, in seconds since 1970.
const TIME_MAX: i64 = 4_102_444_800;
/// Requests put aside.
const HELD_MAX: usize = 64;

/// Whether there is a place in this world that `text` may mean, as the name of a
/// place or as such a name with region and country behind it.
#[must_use]
pub fn knows(text: &str) -> bool {
    let name = text.split(',').next().unwrap_or_default();
    let words: Vec<&str> = name.split_whitespace().collect();
    let mut names = (1..=words.len()).map(|count| words[..count].join(" "));
    names.any(|name| !places::search(&name).is_empty())
}

/// The names of a few places in this world.
#[must_use]
pub fn some_places() -> Vec<&'static str> {
    places::names().into_iter().take(5).collect()
}

/// Which of the services a request is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Service {
    /// open-meteo.com's forecasts.
    Forecast,
    /// open-meteo.com's places.
    Search,
    /// wttr.in, both.
    Wttr,
}

/// What a service does instead of answering, until told otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// This HTTP status, and a page that says so.
    Status(u16),
    /// This HTTP status, and the reason in the service's own form.
    Told(u16, &'static str),
    /// The right answer, but nothing in it about rain.
    NoRain,
    /// The right answer, but wttr.in believes that the place is in the Philippines.
    Abroad,
    /// Leads to this address instead.
    Redirect(SocketAddr),
    /// No answer: closed by [`Web::release`] or at the end.
    Hang,
    /// The right answer, but only after [`Web::release`].
    Slow,
    /// 200 and nothing.
    Empty,
    /// 200 and more than anybody should read.
    Huge,
    /// 200 and a web page.
    Html,
    /// The right answer with numbers as texts, holes and missing keys.
    WrongTypes,
    /// 200 and what only begins as JSON.
    Garbage,
    /// The connection closes before the announced end.
    CutOff,
    /// The place is not known, in the service's own way of saying so.
    NoSuchPlace,
}

/// The services, running. Ends when dropped.
#[derive(Debug)]
pub struct Web {
    addr: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Web {
    /// The services on a free port, by the board's clock.
    ///
    /// # Errors
    /// When there is no port or no thread left.
    pub fn start() -> io::Result<Self> {
        Self::with_clock(|| {
            let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            unix.ok()
                .and_then(|unix| i64::try_from(unix.as_secs()).ok())
                .unwrap_or(0)
        })
    }

    /// The services on a free port, by this clock, in seconds since 1970.
    ///
    /// # Errors
    /// When there is no port or no thread left.
    pub fn with_clock(clock: impl Fn() -> i64 + Send + Sync + 'static) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            clock: Box::new(clock),
        });
        let served = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("web".to_owned())
            .spawn(move || serve(&listener, &served))?;
        Ok(Self {
            addr,
            shared,
            thread: Some(thread),
        })
    }

    /// Where all of the services are: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The services believe that it is this moment, in seconds since 1970, and
    /// that time stands still.
    pub fn set_time(&self, unix: i64) {
        self.shared.lock().time = Some(unix);
    }

    /// The weather, everywhere.
    pub fn set_scenario(&self, scenario: Scenario) {
        self.shared.lock().scenario = scenario;
    }

    /// What `service` does from the next request on; `None`: what it should.
    pub fn set_fault(&self, service: Service, fault: Option<Fault>) {
        *self.shared.lock().fault(service) = fault;
    }

    /// Requests that came for `service`.
    #[must_use]
    pub fn count(&self, service: Service) -> usize {
        self.shared.lock().counts[at(service)]
    }

    /// The targets of all requests so far, as they came: path and parameters.
    #[must_use]
    pub fn targets(&self) -> Vec<String> {
        self.shared.lock().targets.iter().cloned().collect()
    }

    /// Waits until `service` has had `count` requests, but no longer than
    /// `most`; says whether it has.
    #[must_use]
    pub fn wait_for(&self, service: Service, count: usize, most: Duration) -> bool {
        let end = Instant::now() + most;
        let mut state = self.shared.lock();
        while state.counts[at(service)] < count {
            let Some(left) = end.checked_duration_since(Instant::now()) else {
                return false;
            };
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Ends the wait of whoever hangs: the slow get their answers, the others
    /// a closed connection.
    pub fn release(&self) {
        let held = std::mem::take(&mut self.shared.lock().held);
        for (stream, answer) in held {
            give(stream, answer.as_ref());
        }
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.shared.lock().is_over = true;
        self.release();
        // Whether it wakes by this or by a client is all the same.
        let _ = TcpStream::connect(self.addr);
        if let Some(thread) = self.thread.take() {
            // A panic of that thread has been reported by its hook already.
            let _ = thread.join();
        }
    }
}

struct Shared {
    state: Mutex<State>,
    /// A request has come.
    changed: Condvar,
    clock: Box<dyn Fn() -> i64 + Send + Sync>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Shared {
    /// A panic in a test must not hide what the services know.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct State {
    time: Option<i64>,
    scenario: Scenario,
    faults: [Option<Fault>; 3],
    counts: [usize; 3],
    targets: VecDeque<String>,
    /// Who waits, and for what; `None`: for nothing.
    held: Vec<(TcpStream, Option<Answer>)>,
    is_over: bool,
}

fn at(service: Service) -> usize {
    match service {
        Service::Forecast => 0,
        Service::Search => 1,
        Service::Wttr => 2,
    }
}

impl State {
    fn fault(&mut self, service: Service) -> &mut Option<Fault> {
        &mut self.faults[at(service)]
    }

    fn note(&mut self, request: &Request) {
        if let Some(service) = request.service() {
            self.counts[at(service)] += 1;
        }
        if self.targets.len() == TARGETS_MAX {
            self.targets.pop_front();
        }
        self.targets.push_back(request.target().to_owned());
    }

    /// `None` never comes.
    fn hold(&mut self, stream: TcpStream, answer: Option<Answer>) {
        if self.held.len() < HELD_MAX {
            self.held.push((stream, answer));
        }
    }
}

fn serve(listener: &TcpListener, shared: &Shared) {
    for stream in listener.incoming() {
        if shared.lock().is_over {
            return;
        }
        if let Ok(stream) = stream {
            // A client that went away is its own concern.
            let _ = answer_one(stream, shared);
        }
    }
}

fn answer_one(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let Some(request) = Request::read(&mut stream)? else {
        give(stream, Some(&Answer::status(400)));
        return Ok(());
    };
    let mut state = shared.lock();
    let now = state.time.unwrap_or_else(|| (shared.clock)());
    let now = now.clamp(0, TIME_MAX);
    let service = request.service();
    let fault = service.and_then(|service| *state.fault(service));
    let right = || match service {
        Some(Service::Forecast) => forecast::answer(&request, state.scenario, now),
        Some(Service::Search) => places::answer(&request),
        Some(Service::Wttr) => wttr::answer(&request, state.scenario, now),
        None => Answer::status(404),
    };
    let answer = match fault {
        None | Some(Fault::Slow) => Some(right()),
        Some(Fault::Hang) => None,
        Some(fault) => Some(answer::spoilt(fault, service, right())),
    };
    state.note(&request);
    if matches!(fault, Some(Fault::Hang | Fault::Slow)) {
        state.hold(stream, answer);
    } else {
        // Whoever has the answer finds the request counted.
        drop(state);
        give(stream, answer.as_ref());
    }
    shared.changed.notify_all();
    Ok(())
}

/// Writes the answer, if there is one, and closes. A client that has read
/// enough of it may have left.
fn give(mut stream: TcpStream, answer: Option<&Answer>) {
    if let Some(answer) = answer {
        let _ = stream.write_all(&answer.bytes());
    }
    let _ = stream.shutdown(Shutdown::Both);
}
