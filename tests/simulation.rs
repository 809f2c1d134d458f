//! Production workers on a simulated cluster, with faults from a seed (`engine/sim/DESIGN.md` tells what is simulated).
//!
//! `SIMULATION_SEED=42` runs one seed and tells what happened; `SIMULATION_SEEDS=10000` runs so many of them, from `SIMULATION_FROM` on;
//! `SIMULATION_SECONDS=600` goes on with fresh ones for so long.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::File;
use std::io::Read;
use std::process::Command;
use std::time::Duration;
use tidegate_dsl::{SourceFile, compile};
use tidegate_engine::clock::{Clock, SystemClock};
use tidegate_sim::simulation::{Case, Counts, Mode, Outcome, Planted, Simulation, Topology, shrink};

const SEEDS: u64 = 3_000;
/// A planted bug must be found in the first so many seeds.
const PLANTED_SEEDS: u64 = 4_000;
/// So many of the last things that happened are told.
const TOLD_LINES: usize = 120;

fn setting(name: &str) -> Option<u64> {
    Some(std::env::var(name).ok()?.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// A seed that nobody has tried.
fn fresh() -> u64 {
    let mut bytes = [0; 4];
    let random = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    random.expect("the system has random numbers");
    u64::from(u32::from_le_bytes(bytes)) << 20
}

macro_rules! topology {
    ($name:literal, $($sink:literal: $mode:ident),+) => {
        topology(
            $name,
            include_str!(concat!("topologies/simulated/", $name, ".tide")),
            vec![$(($sink, Mode::$mode)),+],
        )
    };
}

fn topology(name: &str, text: &str, sinks: Vec<(&'static str, Mode)>) -> Topology {
    let compiled = compile(&SourceFile::new(format!("{name}.tide"), text.to_owned()), &|_| None);
    let plan = compiled.plan.unwrap_or_else(|| panic!("{name} compiles: {:?}", compiled.diagnostics));
    Topology { plan, sinks, takes_late: name != "deduped" }
}

fn simulation() -> Simulation {
    Simulation::new(vec![
        topology!("filtered", "out": Sequence),
        topology!("totals", "out": Table),
        topology!("moved_totals", "out": LastRows),
        topology!("windows", "out": Rows, "late": Rows),
        topology!("moved", "out": Rows),
        topology!("joined", "out": Rows, "late": Rows),
        topology!("with_table", "out": Sequence),
        topology!("with_global", "out": Sequence),
        topology!("latest", "out": Table),
        topology!("timers", "out": Rows),
        topology!("deduped", "once": Sequence, "paid": Sequence),
        topology!("sessions", "sess": Rows, "late": Rows, "pat": Rows),
        topology!("related", "referred": LastRows, "best": LastRows, "sums": LastRows),
        topology!("fading", "out": Table),
        topology!("everything", "large": Sequence, "hourly": Rows, "late": Rows, "totals": Table,
            "priced": Sequence, "pairs": Rows, "moved": Rows),
    ])
}

/// A seed gives the same with the same code only.
fn commit() -> String {
    let output = Command::new("git").args(["describe", "--always", "--dirty"]).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.ok().filter(|text| !text.is_empty()).unwrap_or_else(|| "(there is no git here)".to_owned())
}

/// What went wrong, how to see it again, and the smallest case that was found for it.
fn told(simulation: &Simulation, case: &Case, planted: Planted, outcome: &Outcome) -> String {
    let wrong = outcome.wrong.as_ref().expect("it failed");
    let mut text = format!(
        "seed {} ({}), at commit {}: {wrong}\n\nrun it again:  SIMULATION_SEED={} cargo test --release --test simulation seeds\n",
        case.seed,
        simulation.name(case),
        commit(),
        case.seed
    );
    let (smallest, wrong) = shrink(case, |case| {
        let outcome = simulation.run(case, planted, false);
        Some((outcome.wrong?, outcome.faults))
    });
    let _ = writeln!(text, "\nthe smallest like it: {wrong}\n{smallest:?}\n");
    let lines = simulation.run(&smallest, planted, true).lines;
    let last = &lines[lines.len().saturating_sub(TOLD_LINES)..];
    let _ = writeln!(
        text,
        "the last {} of {} things that happened:\n{}",
        last.len(),
        lines.len(),
        last.join("\n")
    );
    text
}

fn add(all: &mut Counts, one: &Counts) {
    let Counts { commits, aborts, unknown, suspects, resets, restores, undelivered, late_ends, .. } = one;
    all.commits += commits;
    all.aborts += aborts;
    all.unknown += unknown;
    all.suspects += suspects;
    all.resets += resets;
    all.restores += restores;
    all.undelivered += undelivered;
    all.late_ends += late_ends;
    all.rebalances += one.rebalances;
    all.kills += one.kills;
    all.faults += one.faults;
    all.stores_checked += one.stores_checked;
    all.rows += one.rows;
    all.nested += one.nested;
}

#[test]
fn seeds() {
    let simulation = simulation();
    if let Some(seed) = setting("SIMULATION_SEED") {
        let case = simulation.case(seed);
        println!("{case:?}");
        let outcome = simulation.run(&case, Planted::None, true);
        println!("{}\n{:?}\nhash {:016x}", outcome.lines.join("\n"), outcome.counts, outcome.hash);
        assert!(outcome.wrong.is_none(), "{}", told(&simulation, &case, Planted::None, &outcome));
        return;
    }
    let seconds = setting("SIMULATION_SECONDS").map(Duration::from_secs);
    let from = setting("SIMULATION_FROM").unwrap_or_else(|| if seconds.is_some() { fresh() } else { 0 });
    let most = if seconds.is_some() { u64::MAX - from } else { setting("SIMULATION_SEEDS").unwrap_or(SEEDS) };
    let clock = SystemClock::start();
    let (start, mut count) = (clock.now(), 0);
    let mut all = Counts::default();
    while count < most && seconds.is_none_or(|seconds| clock.now().since(start) < seconds) {
        let seed = from + count;
        count += 1;
        let case = simulation.case(seed);
        let outcome = simulation.run(&case, Planted::None, false);
        assert!(outcome.wrong.is_none(), "{}", told(&simulation, &case, Planted::None, &outcome));
        add(&mut all, &outcome.counts);
    }
    println!("{count} seeds from {from} on: {all:?}");
    let Counts { aborts, unknown, suspects, restores, undelivered, late_ends, .. } = all;
    let bitten =
        [aborts, unknown, suspects, restores, undelivered, late_ends, all.rebalances, all.kills, all.nested];
    assert!(count < SEEDS || bitten.iter().all(|count| *count > 100), "faults that did not bite: {all:?}");
}

#[test]
fn the_same_seed_gives_the_same_every_time() {
    let simulation = simulation();
    for seed in 0..40 {
        let case = simulation.case(seed);
        let (first, second) =
            (simulation.run(&case, Planted::None, false), simulation.run(&case, Planted::None, true));
        assert_eq!((first.hash, first.counts), (second.hash, second.counts), "seed {seed}");
    }
}

#[test]
fn every_planted_bug_is_found() {
    let simulation = simulation();
    let mut found = BTreeMap::new();
    let mut missed = Vec::new();
    for planted in Planted::ALL {
        let fails = |seed: &u64| simulation.run(&simulation.case(*seed), planted, false).wrong.is_some();
        match (0..PLANTED_SEEDS).find(fails) {
            Some(seed) => drop(found.insert(format!("{planted:?}"), seed)),
            None => missed.push(planted),
        }
    }
    println!("found at seed: {found:?}");
    assert!(missed.is_empty(), "not found in {PLANTED_SEEDS} seeds: {missed:?}");
}
