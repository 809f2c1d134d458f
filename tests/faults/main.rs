//! Faults on a real Kafka: each case has processes of the `tidegate` program at work on a topology with every way of keeping state, does
//! something bad to them, to their brokers or to the network between, and judges everything that is left (`verdicts.rs`).
//! `tests/faults/README.md` lists the cases.
//!
//! ```text
//! cargo test --release --test faults                   # the short form, as in CI
//! cargo test --release --test faults -- --long         # every case (`make faults`)
//! cargo test --release --test faults -- held_end       # the cases whose name has this in it, short or long
//! TIDEGATE_FAULT_SEED=7 cargo test …                   # another schedule; a failure prints the seed
//! ```

mod bed;
mod coordinators;
mod load;
mod machine;
mod network;
mod processes;
mod report;
mod steps;
mod storm;
#[path = "../support/mod.rs"]
mod support;
mod verdicts;
mod watcher;

use bed::{Bed, Cluster};
use report::{Report, Told};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// One kind of bad luck.
pub struct Case {
    pub name: &'static str,
    /// Its number in the plan of faults, as the README has it.
    pub fault: &'static str,
    /// Is it in the short form, too?
    pub short: bool,
    pub brokers: usize,
    /// Panics where something is not as it must be. What is left is judged behind it, unless it has done that itself.
    pub run: fn(&mut Bed<'_>),
}

impl Case {
    /// Of the long form, on one broker.
    const fn new(name: &'static str, fault: &'static str, run: fn(&mut Bed<'_>)) -> Case {
        Case { name, fault, short: false, brokers: 1, run }
    }

    const fn in_short_form(self) -> Case {
        Case { short: true, ..self }
    }

    const fn on_brokers(self, brokers: usize) -> Case {
        Case { brokers, ..self }
    }
}

fn cases() -> Vec<&'static Case> {
    [network::CASES, steps::CASES, processes::CASES, machine::CASES, coordinators::CASES, storm::CASES]
        .into_iter()
        .flatten()
        .collect()
}

struct Choice {
    long: bool,
    list: bool,
    words: Vec<String>,
}

fn choice() -> Choice {
    let mut choice = Choice { long: false, list: false, words: Vec::new() };
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--long" => choice.long = true,
            "--list" => choice.list = true,
            // What `cargo test` may hand to every test program.
            option if option.starts_with('-') => {}
            word => choice.words.push(word.to_owned()),
        }
    }
    choice
}

/// A number that the environment may set.
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn main() -> ExitCode {
    let choice = choice();
    let mut chosen = cases();
    chosen.retain(|case| match choice.words.as_slice() {
        [] => choice.long || case.short,
        words => words.iter().any(|word| case.name.contains(word.as_str())),
    });
    if choice.list {
        for case in &chosen {
            println!("{}: test", case.name);
        }
        return ExitCode::SUCCESS;
    }
    check_failpoints();
    // Cases with as many brokers share them.
    chosen.sort_by_key(|case| case.brokers);
    let seed = setting("TIDEGATE_FAULT_SEED", 42);
    println!("\nfaults: {} cases, seed {seed} (TIDEGATE_FAULT_SEED)", chosen.len());
    let mut report = Report::new(seed);
    let mut cluster: Option<Cluster> = None;
    for case in &chosen {
        if cluster.as_ref().is_none_or(|cluster| cluster.brokers.len() != case.brokers) {
            cluster = None;
        }
        let on = cluster.get_or_insert_with(|| Cluster::start(case.brokers));
        let is_well = report.case(case, |told| run(case, seed, on, told));
        if !is_well {
            // The next case is not to suffer from what this one has left.
            cluster = None;
        }
    }
    report.end()
}

/// A failpoint without a case would show nothing.
fn check_failpoints() {
    let sources = [include_str!("steps.rs"), include_str!("network.rs")].concat();
    for point in tidegate_engine::failpoint::Failpoint::ALL {
        assert!(sources.contains(point.name()), "no case comes to the failpoint {}", point.name());
    }
}

/// Runs a case. Err: what is wrong.
fn run(case: &Case, seed: u64, cluster: &mut Cluster, told: &mut Told) -> Result<(), String> {
    let mut bed = Bed::new(cluster, case.name, seed);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        (case.run)(&mut bed);
        if !bed.is_judged {
            bed.judge();
        }
    }));
    told.lines = std::mem::take(&mut bed.evidence);
    match outcome {
        Ok(()) if told.lines.is_empty() => Err("nothing shows that the fault has bitten".to_owned()),
        Ok(()) => Ok(()),
        Err(_) => {
            let why = report::last_panic();
            Err(format!("{why}\n{}", bed.keep()))
        }
    }
}
