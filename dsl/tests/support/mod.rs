//! Shared by the tests of this crate.
#![allow(dead_code, reason = "each test file uses its part of this module")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tidegate_dsl::{Files, Options, SourceFile, compile_with};
use tidegate_model::plan::Plan;
use tidegate_model::test_case::{TestCase, TestStep};

pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Files under the repository's topologies and tests whose names end like this, without the wrong ones.
pub fn files(ending: &str) -> Vec<String> {
    let root = repository("");
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = ["topologies", "tests", "examples", "dsl/tests/right"]
        .iter()
        .map(|folder| root.join(folder))
        .collect();
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

struct Beside(PathBuf);

impl Files for Beside {
    fn read(&self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(self.0.join(path)).map_err(|_| "there is no such file".to_owned())
    }
}

/// Is it a topology, and not only a file that others use?
pub fn is_whole(path: &str) -> bool {
    !path.contains("/shared/")
}

/// The plan and the tests of a file in a folder of the repository, without lines: None if it has errors. Rows that are fed one behind the other are one step.
pub fn plan(folder: &str, name: &str, text: &str) -> Option<(Plan, Vec<TestCase>)> {
    let files = Beside(repository(folder));
    let options = Options { environment: &|_| None, params: &BTreeMap::new(), files: &files };
    let compiled = compile_with(&SourceFile::new(name, text), &options);
    let mut plan = compiled.plan?;
    for node in &mut plan.nodes {
        node.line = 0;
    }
    let mut tests = compiled.tests;
    for test in &mut tests {
        test.line = 0;
        for step in &mut test.steps {
            if let TestStep::Expect { line, .. }
            | TestStep::ExpectAside { line, .. }
            | TestStep::Snapshot { line, .. } = step
            {
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

/// The folder of a file of the repository.
pub fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
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
