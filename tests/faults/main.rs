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
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, ExitCode, ExitStatus};

/// One kind of bad luck.
pub struct Case {
    pub name: &'static str,
    /// Its number in the plan of faults, as the README has it.
    pub fault: &'static str,
    /// Is it in the short form, too?
    pub short: bool,
    pub brokers: usize,
    /// Panics where something is not as it must be. What is left is judged behind it, unless it has done that itself.
    pub run: fn(&mut Bed),
}

impl Case {
    /// Of the long form, on one broker.
    const fn new(name: &'static str, fault: &'static str, run: fn(&mut Bed)) -> Case {
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
    /// This process is the one of a case.
    one: bool,
    words: Vec<String>,
}

fn choice() -> Choice {
    let mut choice = Choice { long: false, list: false, one: false, words: Vec::new() };
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--long" => choice.long = true,
            "--list" => choice.list = true,
            ONE => choice.one = true,
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
    let seed = setting("TIDEGATE_FAULT_SEED", 42);
    if choice.one {
        let case = chosen.iter().find(|case| case.name == choice.words[0]).expect("there is such a case");
        return report::one(case, seed, |told| run(case, seed, told));
    }
    check_failpoints();
    println!("\nfaults: {} cases, seed {seed} (TIDEGATE_FAULT_SEED)", chosen.len());
    let mut report = Report::new(seed);
    for case in &chosen {
        report.case(case, || process_of(case));
    }
    report.end()
}

const ONE: &str = "--one";

/// Has a process of its own run a case: the tests' own clients may die of librdkafka, too (5280), and are not to take other cases along.
#[expect(unsafe_code, reason = "the standard library sends no signal to a group, and has no such bond")]
fn process_of(case: &Case) -> ExitStatus {
    let program = std::env::current_exe().expect("this program has a path");
    let mut command = Command::new(program);
    command.args([ONE, case.name]).process_group(0);
    // SAFETY: prctl may be called between fork and exec. The case ends with this process, whatever ends it.
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        });
    }
    let mut child = command.spawn().expect("this program can be started");
    let group = child.id() as i32;
    let status = child.wait().expect("it ends");
    // SAFETY: a signal to the group of a process that was our child; what it has left behind is in no other.
    unsafe { libc::kill(-group, libc::SIGKILL) };
    status
}

/// A failpoint without a case would show nothing.
fn check_failpoints() {
    let sources = [include_str!("steps.rs"), include_str!("network.rs")].concat();
    for point in tidegate_engine::failpoint::Failpoint::ALL {
        assert!(sources.contains(point.name()), "no case comes to the failpoint {}", point.name());
    }
}

/// Runs a case. Err: what is wrong.
fn run(case: &Case, seed: u64, told: &mut Told) -> Result<(), String> {
    let cluster = catch_unwind(|| Cluster::start(case.brokers)).map_err(|_| report::last_panic())?;
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
