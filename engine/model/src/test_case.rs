//! A `test` block of a topology file, ready to be driven: names are resolved, rows are JSON text.

use crate::time::EventTime;

#[derive(Clone, PartialEq, Debug)]
pub struct TestCase {
    pub name: String,
    /// Line of the file, from 1.
    pub line: u32,
    pub steps: Vec<TestStep>,
}

#[derive(Clone, PartialEq, Debug)]
pub enum TestStep {
    /// Rows for a source or table, in order, each as a JSON object (or `null` with a key for a table's deletion).
    Feed { input: String, rows: Vec<FeedRow> },
    /// Event time passes for every source: as if each had said that nothing older will come.
    AdvanceTo(EventTime),
    /// What a stream or sink has given out since the last expectation on it, in order, equals these rows.
    Expect { stream: String, rows: Vec<ExpectedRow>, line: u32 },
    /// What was set aside at a node since the last such expectation, in order, equals these rows: `{ code, message, step, key, value }`.
    ExpectAside { aside: Aside, node: String, rows: Vec<ExpectedRow>, line: u32 },
    /// What it has given out in the whole test is compared with a kept file.
    Snapshot { stream: String, line: u32 },
}

/// Why an event was set aside.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Aside {
    /// It cannot be read as the source's or table's type.
    Malformed,
    /// An expression of the step fails for it.
    Errors,
    /// Its window was final before.
    Late,
}

impl Aside {
    /// The language's word.
    pub fn word(self) -> &'static str {
        match self {
            Aside::Malformed => "malformed",
            Aside::Errors => "errors",
            Aside::Late => "late",
        }
    }
}

#[derive(Clone, PartialEq, Debug)]
pub struct FeedRow {
    /// The record's key, as text, where the source declares one.
    pub key: Option<String>,
    /// JSON; None is a null payload.
    pub payload: Option<String>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct ExpectedRow {
    /// A JSON object.
    pub json: String,
    /// Written with `..`: other fields may be there.
    pub open: bool,
}
