//! Shared by the tests of this crate.
#![allow(dead_code, reason = "each test file uses its part of this module")]

use std::path::{Path, PathBuf};
use tidegate_dsl::{SourceFile, compile};
use tidegate_model::plan::Plan;
use tidegate_model::test_case::{TestCase, TestStep};

pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Files under the repository's topologies and tests whose names end like this, without the wrong ones.
pub fn files(ending: &str) -> Vec<String> {
    let root = repository("");
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> =
        ["topologies", "tests", "examples"].iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path.strip_prefix(&root).expect("below the root").to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    assert!(!found.is_empty());
    found
}

pub fn tide_files() -> Vec<String> {
    files(".tide")
}

pub fn yaml_files() -> Vec<String> {
    files(".yaml")
}

/// The plan and the tests of a file, without lines: None if it has errors. Rows that are fed one behind the other are one step.
pub fn plan(name: &str, text: &str) -> Option<(Plan, Vec<TestCase>)> {
    let compiled = compile(&SourceFile::new(name, text), &|_| None);
    let mut plan = compiled.plan?;
    for node in &mut plan.nodes {
        node.line = 0;
    }
    let mut tests = compiled.tests;
    for test in &mut tests {
        test.line = 0;
        for step in &mut test.steps {
            if let TestStep::Expect { line, .. } | TestStep::Snapshot { line, .. } = step {
                *line = 0;
            }
        }
        let mut joined: Vec<TestStep> = Vec::new();
        for step in std::mem::take(&mut test.steps) {
            match (joined.last_mut(), step) {
                (Some(TestStep::Feed { input, rows }), TestStep::Feed { input: next, rows: more })
                    if *input == next =>
                {
                    rows.extend(more)
                }
                (_, step) => joined.push(step),
            }
        }
        test.steps = joined;
    }
    Some((plan, tests))
}

/// Tells where two texts begin to differ.
pub fn assert_same(left: &str, right: &str, what: &str) {
    if left == right {
        return;
    }
    let at = left.lines().zip(right.lines()).take_while(|(left, right)| left == right).count();
    let around = |text: &str| text.lines().skip(at.saturating_sub(2)).take(6).collect::<Vec<_>>().join("\n");
    panic!("{what}: line {} differs\n{}\n---- and\n{}", at + 1, around(left), around(right));
}
