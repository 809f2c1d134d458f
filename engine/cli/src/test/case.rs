//! One test: it is fed, and what it expects is compared.

use super::compare::{Difference, difference};
use super::driver::{Driver, Observed};
use super::looked::Looked;
use super::snapshot;
use std::collections::BTreeMap;
use std::path::Path;
use tidegate_engine::operator::RowCount;
use tidegate_model::plan::Plan;
use tidegate_model::test_case::{Aside, TestCase, TestStep};

/// Why a test failed, and at which line of the file.
pub struct Failure {
    pub line: u32,
    pub why: String,
}

/// What became of a test.
pub struct Outcome {
    /// The snapshots that were written, or why it failed.
    pub result: Result<Vec<String>, Failure>,
    /// What went through each node.
    pub rows: BTreeMap<String, RowCount>,
}

pub struct Runner<'a> {
    pub plan: &'a Plan,
    /// The topology's file.
    pub path: &'a Path,
    pub accept: bool,
    pub looked: &'a Looked,
}

impl Runner<'_> {
    pub fn run(&self, case: &TestCase) -> Outcome {
        let observed: Vec<(&str, &[usize])> = case
            .steps
            .iter()
            .filter_map(|step| match step {
                TestStep::Expect { stream, key, .. } | TestStep::Snapshot { stream, key, .. } => {
                    Some((stream.as_str(), key.as_slice()))
                }
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
        let mut driver = match Driver::new(self.plan, &observed, &asides) {
            Ok(driver) => driver,
            Err(error) => {
                let failure = Failure { line: case.line, why: format!("{error:#}") };
                return Outcome { result: Err(failure), rows: BTreeMap::new() };
            }
        };
        let result = self.steps(case, &mut driver);
        Outcome { result, rows: driver.row_counts() }
    }

    fn steps(&self, case: &TestCase, driver: &mut Driver) -> Result<Vec<String>, Failure> {
        let fail = |line: u32, why: String| Failure { line, why };
        let stopped = |line: u32| move |error: anyhow::Error| Failure { line, why: format!("{error:#}") };
        let mut accepted = Vec::new();
        for step in &case.steps {
            match step {
                TestStep::Feed { input, rows } => driver.feed(input, rows).map_err(stopped(case.line))?,
                TestStep::AdvanceTo(to) => driver.advance(*to).map_err(stopped(case.line))?,
                TestStep::Expect { stream, rows, line, .. } => {
                    let new = driver.rows_since(stream, Observed::Expectation).map_err(stopped(*line))?;
                    match difference(rows, &new) {
                        None => {}
                        Some(Difference::Order(told)) => {
                            let why = format!("`{stream}` gave the same rows in another order\n{told}");
                            return Err(fail(*line, why));
                        }
                        Some(Difference::Rows(told)) => {
                            let aside = driver.set_aside().map_err(stopped(*line))?;
                            let waits = match new.len() < rows.len() {
                                true => driver.not_final(stream, rows),
                                false => String::new(),
                            };
                            return Err(fail(
                                *line,
                                format!("`{stream}` gave something else\n{told}{waits}{aside}"),
                            ));
                        }
                    }
                }
                TestStep::ExpectAside { aside, node, rows, line } => {
                    let new = driver.set_aside_since(node, *aside).map_err(stopped(*line))?;
                    let what = format!("what was set aside as {} by `{node}` is", aside.word());
                    match difference(rows, &new) {
                        None => {}
                        Some(Difference::Order(told)) => {
                            return Err(fail(*line, format!("{what} the same in another order\n{told}")));
                        }
                        Some(Difference::Rows(told)) => {
                            return Err(fail(*line, format!("{what} something else\n{told}")));
                        }
                    }
                }
                TestStep::Snapshot { stream, line, .. } => {
                    let all = driver.rows_since(stream, Observed::Start).map_err(stopped(*line))?;
                    let kept = snapshot::path(self.path, case, stream);
                    let written = snapshot::compare(&kept, &all, self.accept, self.looked);
                    accepted.extend(written.map_err(|why| fail(*line, why))?);
                }
            }
        }
        Ok(accepted)
    }
}
