//! A `test` block of a topology file, ready to be driven: names are resolved, rows are JSON text.

use crate::time::EventTime;
use crate::value::write_json_string;

#[derive(Clone, PartialEq, Debug)]
pub struct TestCase {
    pub name: String,
    /// Line of the file, from 1.
    pub line: u32,
    pub steps: Vec<TestStep>,
}

impl TestCase {
    /// The name of the file that keeps what a stream gave in this test: `<name>.<stream>.ndjson`, with dashes for what is no letter
    /// and no digit. Tests whose names differ in nothing else would share it.
    pub fn snapshot_file(&self, stream: &str) -> String {
        let mut name = String::new();
        for letter in self.name.chars() {
            match letter {
                letter if letter.is_ascii_alphanumeric() => name.push(letter.to_ascii_lowercase()),
                _ if name.ends_with('-') || name.is_empty() => {}
                _ => name.push('-'),
            }
        }
        format!("{}.{stream}.ndjson", name.trim_end_matches('-'))
    }

    /// The files of all its snapshots.
    pub fn snapshot_files(&self) -> impl Iterator<Item = String> {
        self.steps.iter().filter_map(|step| match step {
            TestStep::Snapshot { stream, .. } => Some(self.snapshot_file(stream)),
            _ => None,
        })
    }
}

#[derive(Clone, PartialEq, Debug)]
pub enum TestStep {
    /// Rows for a source or table, in order, each as a JSON object (or `null` with a key for a table's deletion).
    Feed { input: String, rows: Vec<FeedRow> },
    /// Event time passes for every source: as if each had said that nothing older will come.
    AdvanceTo(EventTime),
    /// What a stream or sink has given out since the last expectation on it, in order, equals these rows. `key`: of a table, its key's columns.
    Expect { stream: String, key: Vec<usize>, rows: Vec<ExpectedRow>, line: u32 },
    /// What was set aside at a node since the last such expectation, in order, equals these rows: `{ code, message, step, key, value }`.
    ExpectAside { aside: Aside, node: String, rows: Vec<ExpectedRow>, line: u32 },
    /// What it has given out in the whole test is compared with a kept file.
    Snapshot { stream: String, key: Vec<usize>, line: u32 },
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
    /// It was written as a record of the input's type, and not as the text of one: it is not to be malformed.
    pub is_record: bool,
}

#[derive(Clone, PartialEq, Debug)]
pub struct ExpectedRow {
    /// A JSON object.
    pub json: String,
    /// The records in it that are written with `..` and may have other fields, as the names that lead to them; none lead to the row itself.
    pub open: Vec<Vec<String>>,
}

impl ExpectedRow {
    /// That a table's row was deleted.
    pub fn deletion(key: &str) -> ExpectedRow {
        ExpectedRow { json: deletion(key), open: Vec::new() }
    }
}

/// The one field of the row that stands for a deletion. No other has such a name.
pub const DELETED: &str = "null key";

/// The row that stands for a deletion of a key, as JSON.
pub fn deletion(key: &str) -> String {
    let mut json = format!("{{\"{DELETED}\":").into_bytes();
    write_json_string(key, &mut json);
    json.push(b'}');
    String::from_utf8(json).expect("JSON is text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_named_after_its_test_and_stream() {
        let named = |name: &str| TestCase { name: name.to_owned(), line: 1, steps: Vec::new() };
        assert_eq!(named("A day, given out!").snapshot_file("daily"), "a-day-given-out.daily.ndjson");
        assert_eq!(named("sizes [case 2]").snapshot_file("s"), "sizes-case-2.s.ndjson");
    }
}
