//! Seeds on all cores, as long as asked.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::action::{Action, actions};
use super::coverage::Coverage;
use super::property::{Check, Property, Violation};
use super::regressions::{Kept, keep, numbers, read};
use super::shrink::shrink;
use super::story::Story;

/// Things done in each world.
const ACTIONS: usize = 60;
/// Worlds of a run that says nothing else.
const WORLDS: u64 = 60;
/// How often a failing history is tried while it is shrunk.
const TRIES: usize = 400;
/// After so many violations there is enough to mend.
const ENOUGH: usize = 5;

/// What to run.
pub(super) struct Plan {
    seeds: Range<u64>,
    steps: u64,
    time: Option<Duration>,
    /// One history alone, with what it does printed.
    replayed: Option<Kept>,
}

impl Plan {
    pub(super) fn from_environment() -> Self {
        let text = |name| std::env::var(name).ok();
        let number = |name| text(name).map(|text| text.parse::<u64>().expect(name));
        let seeds = text("SOAK_SEEDS").map(|text| {
            let (from, to) = text.split_once("..").expect("seeds as A..B");
            from.parse().unwrap()..to.parse().unwrap()
        });
        let (time, steps) = (number("SOAK_MINUTES"), number("SOAK_STEPS"));
        let is_long = time.is_some() || steps.is_some();
        Self {
            seeds: seeds.unwrap_or(0..if is_long { u64::MAX } else { WORLDS }),
            steps: steps.unwrap_or(u64::MAX),
            time: time.map(|minutes| Duration::from_secs(minutes * 60)),
            replayed: number("SOAK_SEED").map(|seed| {
                let all = (0..ACTIONS).collect();
                (
                    seed,
                    text("SOAK_ACTIONS").map_or(all, |text| numbers(&text)),
                )
            }),
        }
    }
}

/// What a run has shown.
#[derive(Default)]
pub(super) struct Report {
    seeds: u64,
    steps: u64,
    took: Duration,
    coverage: Coverage,
    pub(super) violations: Vec<Violation>,
    /// One world alone meets little.
    is_replay: bool,
}

/// Regressions first, then the seeds.
pub(super) fn run(plan: &Plan) -> Report {
    let begun = Instant::now();
    if let Some((seed, numbers)) = &plan.replayed {
        let mut report = Report {
            is_replay: true,
            ..Report::default()
        };
        report.add(world(*seed, numbers, true));
        report.took = begun.elapsed();
        return report;
    }
    std::panic::set_hook(Box::new(note_panic));
    let shared = Mutex::new(Report::default());
    let regressions = read();
    let (kept, next) = (AtomicU64::new(0), AtomicU64::new(plan.seeds.start));
    let is_over = |report: &Report| {
        let is_late = plan.time.is_some_and(|time| begun.elapsed() >= time);
        is_late || report.steps >= plan.steps || report.violations.len() >= ENOUGH
    };
    let all: Vec<usize> = (0..ACTIONS).collect();
    let work = || {
        while !is_over(&shared.lock().unwrap()) {
            let at = kept.fetch_add(1, Ordering::Relaxed) as usize;
            let (seed, numbers) = match regressions.get(at) {
                Some((seed, numbers)) => (*seed, numbers),
                None => (next.fetch_add(1, Ordering::Relaxed), &all),
            };
            if at >= regressions.len() && seed >= plan.seeds.end {
                return;
            }
            let mut outcome = world(seed, numbers, false);
            if let Some(violation) = &mut outcome.violation {
                *violation = shortest(violation);
                keep(violation);
            }
            shared.lock().unwrap().add(outcome);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    drop(std::panic::take_hook());
    let mut report = shared.into_inner().unwrap();
    report.took = begun.elapsed();
    report
}

/// What one world has shown.
struct Outcome {
    steps: u64,
    coverage: Coverage,
    violation: Option<Violation>,
}

/// Some actions of a seed, in a world of that seed.
fn world(seed: u64, numbers: &[usize], trace: bool) -> Outcome {
    let all = actions(seed, ACTIONS);
    let chosen: Vec<Action> = numbers.iter().map(|number| all[*number]).collect();
    let mut story = Story::new(seed);
    let check = guarded(|| story.run(&chosen, trace));
    let steps = story.world.steps;
    let mut coverage = story.coverage;
    coverage.merge(&story.world.happenings);
    let violation = check.err().map(|(property, detail)| Violation {
        property,
        seed,
        step: steps,
        detail,
        actions: numbers.to_vec(),
    });
    Outcome {
        steps,
        coverage,
        violation,
    }
}

/// What it finds; a panic is a finding.
pub(super) fn guarded(run: impl FnOnce() -> Check) -> Check {
    let check = catch_unwind(AssertUnwindSafe(run));
    check.unwrap_or_else(|_| Err((Property::Running, PANIC.take())))
}

/// The same property violated by fewer actions.
fn shortest(violation: &Violation) -> Violation {
    let (seed, property) = (violation.seed, violation.property);
    let again = |numbers: &[usize]| {
        let outcome = world(seed, numbers, false);
        outcome.violation.filter(|other| other.property == property)
    };
    let numbers = shrink(&violation.actions, TRIES, |numbers| {
        again(numbers).is_some()
    });
    again(&numbers).expect("a seed gives one history")
}

thread_local! {
    /// What the last panic of the thread said.
    static PANIC: RefCell<String> = RefCell::default();
}

fn note_panic(info: &std::panic::PanicHookInfo<'_>) {
    PANIC.set(info.to_string());
}

impl Report {
    fn add(&mut self, outcome: Outcome) {
        self.seeds += 1;
        self.steps += outcome.steps;
        self.coverage.merge(&outcome.coverage.0);
        self.violations.extend(outcome.violation);
    }

    pub(super) fn never(&self) -> Vec<&'static str> {
        if self.is_replay {
            Vec::new()
        } else {
            self.coverage.never()
        }
    }

    pub(super) fn failures(&self) -> String {
        let texts: Vec<String> = self.violations.iter().map(ToString::to_string).collect();
        texts.join("\n\n")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.took.as_secs_f64();
        let rate = self.steps as f64 / seconds.max(0.001);
        writeln!(f, "{:>12}  worlds", self.seeds)?;
        writeln!(
            f,
            "{:>12}  steps in {seconds:.1} s, {rate:.0} a second",
            self.steps
        )?;
        for (name, count) in &self.coverage.0 {
            writeln!(f, "{count:>12}  {name}")?;
        }
        for name in self.never() {
            writeln!(f, "{:>12}  {name}", "never")?;
        }
        write!(f, "{:>12}  violations", self.violations.len())
    }
}
