//! Years of misfortune in minutes: from one seed come a mesh, its people, what
//! they say, and everything that can go wrong with a node, under one virtual
//! clock (features.md M4). Whatever happens, the promises hold.
//!
//! A seed that fails prints itself and the command that replays it.

mod end;
pub mod home;
mod life;
mod mischief;
mod real;
mod talk;
mod week;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use end::Summary;
use life::Life;

/// Seeds that the ordinary tests run.
const SEEDS: u64 = 200;
/// What a seed lives through.
const HOURS: u64 = 6;

/// Runs a seed; what went wrong, if anything did.
fn run(seed: u64, trace: bool) -> Result<Summary, (String, Vec<String>)> {
    let mut life = Life::new(seed, trace);
    let end = catch_unwind(AssertUnwindSafe(|| life.live(HOURS)));
    let what = match end {
        Ok(Ok(summary)) => return Ok(summary),
        Ok(Err(what)) => what,
        Err(panic) => {
            let said = panic.downcast_ref::<String>().cloned();
            let said = said.or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned()));
            format!("panic: {}", said.unwrap_or_default())
        }
    };
    let trace = life.world.witness.trace.take();
    Err((what, trace.into_iter().flatten().collect()))
}

/// Runs a seed, and once more with a trace when it fails.
fn check(seed: u64) -> Result<Summary, String> {
    run(seed, false).map_err(|(what, _)| {
        let trace = run(seed, true).err().map(|(_, trace)| trace);
        let trace = trace.unwrap_or_else(|| vec!["the second run passed".to_owned()]);
        let lines = number("MESHBOT_LINES").and_then(|lines| usize::try_from(lines).ok());
        let last = &trace[trace.len().saturating_sub(lines.unwrap_or(60))..];
        format!(
            "seed {seed}: {what}\nthe last of what happened:\n{}\n\
             replay: MESHBOT_SEED={seed} cargo test --test it soak::one -- --exact --nocapture",
            last.join("\n")
        )
    })
}

/// Runs seeds on all cores until `more` says no; how many passed, what they
/// came to, and those that failed.
fn run_many(more: impl Fn() -> Option<u64> + Sync) -> (u64, Summary, Vec<String>) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        let (mut passed, mut total, mut failed) = (0, Summary::default(), Vec::new());
        while let Some(seed) = more() {
            match check(seed) {
                Ok(summary) => {
                    passed += 1;
                    total.add(&summary);
                }
                Err(what) => {
                    say(&what);
                    failed.push(what);
                }
            }
        }
        (passed, total, failed)
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        let ends = workers.into_iter().map(|worker| worker.join().unwrap());
        let (mut passed, mut total, mut failed) = (0, Summary::default(), Vec::new());
        for (more, summary, lost) in ends {
            passed += more;
            total.add(&summary);
            failed.extend(lost);
        }
        (passed, total, failed)
    })
}

/// Shown at once, even if the test is not over for an hour.
#[allow(clippy::print_stderr)]
fn say(what: &str) {
    eprintln!("{what}");
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn some_hundred_seeds() {
    let next = AtomicU64::new(0);
    let (passed, total, failed) = run_many(|| {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        (seed < SEEDS).then_some(seed)
    });
    assert!(failed.is_empty(), "{} of {SEEDS} failed", failed.len());
    assert_eq!(passed, SEEDS);
    // What never happens proves nothing.
    assert!(total.answers > 20 * SEEDS, "{total}");
    assert!(total.promised > 5 * SEEDS, "{total}");
    assert!(total.connections > 10 * SEEDS, "{total}");
    assert!(total.rows > 100 * SEEDS, "{total}");
}

/// Four of them found a dead link that nobody noticed while pongs went out, and
/// telemetry that was held up and made the node's clock look late, and one that what
/// is held up twice in half a minute made an old question young; the others
/// what the simulation itself got wrong. The bugs have tests of their own beside
/// the code (`session::liveness`, `session::tests`, `session::queue`).
#[test]
fn seeds_that_once_failed() {
    let seeds = [
        116, 178, 204, 339, 672, 1_988, 3_729, 4_717, 5_027, 5_171, 5_987, 6_437, 9_944,
    ];
    let failed: Vec<String> = seeds.into_iter().filter_map(|it| check(it).err()).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// `MESHBOT_SEED=123 cargo test --test it soak::one -- --exact --nocapture`
#[test]
fn one() {
    let seed = number("MESHBOT_SEED").unwrap_or(1);
    match check(seed) {
        Ok(summary) => say(&format!("seed {seed}: {summary}")),
        Err(what) => panic!("{what}"),
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    let hash = |seed| match run(seed, false) {
        Ok(summary) => summary.hash,
        Err((what, _)) => panic!("seed {seed}: {what}"),
    };
    for seed in 0..4 {
        assert_eq!(hash(seed), hash(seed), "seed {seed}");
    }
    assert_ne!(hash(0), hash(1));
}

/// As many as the time allows: `make soak SECONDS=600` or `make soak SEEDS=10000`.
#[test]
#[ignore = "make soak"]
fn as_many_as_the_time_allows() {
    let first = number("MESHBOT_SEED").unwrap_or(0);
    let seeds = number("MESHBOT_SEEDS");
    let most = number("MESHBOT_SECONDS").unwrap_or(if seeds.is_some() { u64::MAX } else { 60 });
    let start = Instant::now();
    let next = AtomicU64::new(first);
    let (passed, total, failed) = run_many(|| {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        let wanted = seeds.is_none_or(|seeds| seed - first < seeds);
        let in_time = start.elapsed() < Duration::from_secs(most);
        let done = seed - first;
        if done > 0 && done.is_multiple_of(1_000) {
            say(&format!("{done} seeds in {:.0?}", start.elapsed()));
        }
        (wanted && in_time).then_some(seed)
    });
    let wall = start.elapsed();
    say(&format!(
        "{passed} seeds passed, {} failed: {} simulated hours in {wall:.1?}; {total}",
        failed.len(),
        passed * HOURS,
    ));
    assert!(failed.is_empty());
    assert!(passed > 0);
}
