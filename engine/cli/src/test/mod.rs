//! `tidegate test`: the `test` blocks of a file, each on an engine of its own, in virtual time.

mod case;
mod compare;
mod coverage;
mod driver;
mod late;
mod looked;
mod only;
mod routes;
mod runnable;
mod snapshot;
mod watch;

use crate::{FAILED, OK, UNUSABLE, load, print};
use case::{Failure, Outcome, Runner};
use coverage::Coverage;
use looked::Looked;
use runnable::Runnable;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use tidegate_dsl::Compiled;
use tidegate_dsl::diagnostic::render;
use tidegate_model::test_case::TestCase;

#[derive(clap::Args)]
pub struct Arguments {
    /// Topology files (.tide or .yaml)
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Keeps what the tests give now as their snapshots, and removes snapshots that no test has any more
    #[arg(long)]
    accept: bool,
    /// Runs only the tests whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Lists the steps and branches that no test reached
    #[arg(long)]
    coverage: bool,
    /// Stays, and runs the tests again when a topology, a file that it uses, a data file or a snapshot has changed
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    params: load::Params,
}

pub const HELP: &str = "Examples:
  tidegate test topologies/fraud/topology.tide
  tidegate test topology.tide --watch --coverage
  tidegate test topology.tide --only 'two countries' --accept

Snapshots are kept beside the topology, as snapshots/<file>/<test>.<stream>.ndjson.

Exit codes: 0 all tests passed (--watch: it was ended by Ctrl-C); 1 a test failed; 2 a file is wrong, no test has the name, or a test needs something that this version cannot run yet.";

pub fn test(arguments: &Arguments) -> u8 {
    match arguments.watch {
        false => round(arguments, &Looked::default()),
        true => watch::watch(|looked| {
            round(arguments, looked);
        }),
    }
}

/// What became of the tests of all files.
#[derive(Default)]
struct Total {
    passed: usize,
    failed: usize,
    /// They need something that the engine lacks.
    not_run: usize,
    /// Files with errors.
    unusable: usize,
    /// Of all tests, those that were not chosen too.
    names: Vec<String>,
    unused_snapshots: BTreeSet<PathBuf>,
}

impl Total {
    fn chosen(&self) -> usize {
        self.passed + self.failed + self.not_run
    }
}

/// Runs the chosen tests of all files once.
fn round(arguments: &Arguments, looked: &Looked) -> u8 {
    let mut total = Total::default();
    for path in &arguments.files {
        let loaded = load::load_noting(path, &arguments.params, &|path| looked.at(path));
        match load::right_or_tell(loaded) {
            Some(compiled) => file(path, &compiled, arguments, looked, &mut total),
            None => total.unusable += 1,
        }
    }
    tidy(arguments, looked, &total);
    if let Some(text) = &arguments.only
        && total.chosen() == 0
        && total.unusable == 0
    {
        eprint!("{}", only::none_chosen(text, &total.names));
        return UNUSABLE;
    }
    if total.chosen() > 0 {
        let not_run = if total.not_run > 0 { format!(", {} not run", total.not_run) } else { String::new() };
        print(&format!("{} passed, {} failed{not_run}\n", total.passed, total.failed));
    }
    match &total {
        Total { unusable: 0, not_run: 0, failed: 0, .. } => OK,
        Total { unusable: 0, not_run: 0, .. } => FAILED,
        _ => UNUSABLE,
    }
}

fn file(path: &Path, compiled: &Compiled, arguments: &Arguments, looked: &Looked, total: &mut Total) {
    let name = &compiled.sources.own().name;
    let plan = runnable::fed(compiled.plan.clone().expect("it has no errors"));
    let runnable = Runnable::of(&plan);
    let mut coverage = Coverage::new(&plan, &compiled.places, |node| runnable.runs(node));
    let runner = Runner { plan: &runnable.plan, path, accept: arguments.accept, looked };
    let is_chosen = |case: &&TestCase| arguments.only.as_ref().is_none_or(|text| case.name.contains(text));
    let before = (total.failed, total.not_run);
    let mut ran = 0;
    for case in compiled.tests.iter().filter(is_chosen) {
        if let Some(lacking) = runnable.lacks(case) {
            total.not_run += 1;
            print(&format!("skip  {}\n      {lacking}\n", case.name));
            continue;
        }
        ran += 1;
        let Outcome { result, rows } = runner.run(case);
        coverage.add(&rows);
        match result {
            Ok(accepted) => {
                total.passed += 1;
                print(&format!("ok    {}\n", case.name));
                accepted.iter().for_each(|name| print(&format!("      kept {name}\n")));
            }
            Err(Failure { line, why }) => {
                total.failed += 1;
                print(&format!("FAIL  {}\n{}", case.name, indented(&format!("{name}:{line}: {why}"))));
            }
        }
    }
    if compiled.tests.is_empty() {
        print(&format!("{name}: has no tests\n"));
    }
    let is_whole = arguments.only.is_none() && (total.failed, total.not_run) == before;
    if ran > 0
        && (arguments.coverage || is_whole)
        && let Some(told) = coverage.told(&compiled.sources, arguments.coverage)
    {
        print(&format!("{name}: {told}"));
    }
    if let Some(refusal) = &compiled.refusal {
        if total.not_run > before.1 {
            eprint!("{}", render(&compiled.sources, std::slice::from_ref(refusal)));
        } else if ran > 0 {
            eprintln!(
                "{name}: some of its steps cannot run yet, and these tests need none of them (`tidegate explain {name}` says which)"
            );
        }
    }
    total.names.extend(compiled.tests.iter().map(|case| case.name.clone()));
    total.unused_snapshots.extend(snapshot::unused(path, &compiled.tests, &arguments.params, looked));
}

/// Tells of snapshots that no test has any more, or removes them.
fn tidy(arguments: &Arguments, looked: &Looked, total: &Total) {
    for path in &total.unused_snapshots {
        let shown = path.display();
        // Who accepts some tests only has not looked at the others.
        if !arguments.accept || arguments.only.is_some() {
            print(&format!("{shown}: no test has this snapshot any more (`--accept` removes it)\n"));
            continue;
        }
        match snapshot::remove(path, looked) {
            Ok(()) => print(&format!("removed {shown}, which no test has any more\n")),
            Err(error) => eprintln!("error: {shown}: {error}"),
        }
    }
}

fn indented(text: &str) -> String {
    text.lines().fold(String::new(), |mut out, line| {
        let _ = writeln!(out, "      {line}");
        out
    })
}
