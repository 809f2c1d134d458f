//! `tidegate test`: the `test` blocks of a file, each on an engine of its own, in virtual time.

mod compare;
mod driver;

use crate::{FAILED, OK, UNUSABLE, load, print};
use driver::{Driver, Observed};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use tidegate_model::plan::Plan;
use tidegate_model::test_case::{Aside, TestCase, TestStep};

#[derive(clap::Args)]
pub struct Arguments {
    /// Topology files (.tide or .yaml)
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Keeps what the tests give now as their snapshots
    #[arg(long)]
    accept: bool,
    /// Runs only the tests whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    #[command(flatten)]
    params: load::Params,
}

pub fn test(arguments: &Arguments) -> u8 {
    let mut code = OK;
    let (mut run, mut failed) = (0, 0);
    for path in &arguments.files {
        let Some(compiled) = load::load_to_run(path, &arguments.params) else {
            code = UNUSABLE;
            continue;
        };
        let plan = compiled.plan.expect("told otherwise");
        for case in &compiled.tests {
            if arguments.only.as_ref().is_some_and(|text| !case.name.contains(text)) {
                continue;
            }
            run += 1;
            match run_case(&plan, case, path, arguments.accept) {
                Ok(accepted) => {
                    print(&format!("ok    {}\n", case.name));
                    accepted.iter().for_each(|name| print(&format!("      kept {name}\n")));
                }
                Err(why) => {
                    failed += 1;
                    print(&format!(
                        "FAIL  {}\n{}",
                        case.name,
                        indented(&why.told(&compiled.sources.own().name))
                    ));
                }
            }
        }
        if compiled.tests.is_empty() {
            print(&format!("{}: has no tests\n", compiled.sources.own().name));
        }
    }
    print(&format!("{} passed, {failed} failed\n", run - failed));
    if failed > 0 && code == OK { FAILED } else { code }
}

/// Why a test failed, and at which line of the file.
struct Failure {
    line: u32,
    why: String,
}

impl Failure {
    fn told(&self, file: &str) -> String {
        format!("{file}:{}: {}", self.line, self.why)
    }
}

fn indented(text: &str) -> String {
    text.lines().fold(String::new(), |mut out, line| {
        let _ = writeln!(out, "      {line}");
        out
    })
}

/// Runs one test. Returns the snapshots that were written.
fn run_case(plan: &Plan, case: &TestCase, path: &Path, accept: bool) -> Result<Vec<String>, Failure> {
    let fail = |line: u32, why: String| Failure { line, why };
    let observed: Vec<&str> = case
        .steps
        .iter()
        .filter_map(|step| match step {
            TestStep::Expect { stream, .. } | TestStep::Snapshot { stream, .. } => Some(stream.as_str()),
            _ => None,
        })
        .collect();
    let asides: Vec<(&str, Aside)> = case
        .steps
        .iter()
        .filter_map(|step| match step {
            TestStep::ExpectAside { aside, node, .. } => Some((node.as_str(), *aside)),
            _ => None,
        })
        .collect();
    let mut driver =
        Driver::new(plan, &observed, &asides).map_err(|error| fail(case.line, format!("{error:#}")))?;
    let mut accepted = Vec::new();
    for step in &case.steps {
        match step {
            TestStep::Feed { input, rows } => {
                driver.feed(input, rows).map_err(|error| fail(case.line, format!("{error:#}")))?
            }
            TestStep::AdvanceTo(to) => {
                driver.advance(*to).map_err(|error| fail(case.line, format!("{error:#}")))?
            }
            TestStep::Expect { stream, rows, line } => {
                let new = driver
                    .rows_since(stream, Observed::Expectation)
                    .map_err(|error| fail(*line, format!("{error:#}")))?;
                if let Some(difference) = compare::difference(rows, &new) {
                    let aside = driver.set_aside().map_err(|error| fail(*line, format!("{error:#}")))?;
                    return Err(fail(*line, format!("`{stream}` gave something else\n{difference}{aside}")));
                }
            }
            TestStep::ExpectAside { aside, node, rows, line } => {
                let new = driver
                    .set_aside_since(node, *aside)
                    .map_err(|error| fail(*line, format!("{error:#}")))?;
                if let Some(difference) = compare::difference(rows, &new) {
                    let word = aside.word();
                    return Err(fail(
                        *line,
                        format!("what was set aside as {word} by `{node}` is something else\n{difference}"),
                    ));
                }
            }
            TestStep::Snapshot { stream, line } => {
                let all = driver
                    .rows_since(stream, Observed::Start)
                    .map_err(|error| fail(*line, format!("{error:#}")))?;
                let kept = snapshot_path(path, &case.name, stream);
                if let Some(name) = compare_snapshot(&kept, &all, accept).map_err(|why| fail(*line, why))? {
                    accepted.push(name);
                }
            }
        }
    }
    Ok(accepted)
}

/// `snapshots/<file>/<test>.<stream>.ndjson`, beside the topology file; both spellings of a topology share it.
fn snapshot_path(path: &Path, test: &str, stream: &str) -> PathBuf {
    let file = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut slug = String::new();
    for letter in test.chars() {
        match letter {
            letter if letter.is_ascii_alphanumeric() => slug.push(letter.to_ascii_lowercase()),
            _ if slug.ends_with('-') || slug.is_empty() => {}
            _ => slug.push('-'),
        }
    }
    load::snapshots_dir(path).join(file).join(format!("{}.{stream}.ndjson", slug.trim_end_matches('-')))
}

fn compare_snapshot(path: &Path, rows: &[String], accept: bool) -> Result<Option<String>, String> {
    let text = rows.iter().map(|row| format!("{row}\n")).collect::<String>();
    let kept = match std::fs::read_to_string(path) {
        Ok(kept) => Some(kept),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    if kept.as_ref() == Some(&text) {
        return Ok(None);
    }
    if accept {
        let dir = path.parent().expect("a snapshot lies in a folder");
        std::fs::create_dir_all(dir)
            .and_then(|()| std::fs::write(path, &text))
            .map_err(|error| format!("{}: {error}", path.display()))?;
        return Ok(Some(path.display().to_string()));
    }
    Err(match kept {
        None => format!("there is no snapshot yet; `--accept` keeps this as {}:\n{text}", path.display()),
        Some(kept) => format!(
            "the snapshot {} differs (`--accept` keeps the new one):\n{}",
            path.display(),
            compare::lines(&kept, &text)
        ),
    })
}
