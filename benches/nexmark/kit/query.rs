//! The queries: what each reads, whether the engine runs it, and how its answer is compared.

use crate::kit::answers::{self, Rows};
use crate::kit::events::{Events, Topic};
use crate::support::table::last_rows;
use Topic::{Auctions, Bids, Persons, Side};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub struct Query {
    pub name: &'static str,
    pub told: &'static str,
    pub reads: &'static [Topic],
    /// False where the engine lacks a step of it.
    pub runs: bool,
    /// More events than these it cannot answer for.
    pub events_max: u64,
    /// What a row of a table is known by; none: every row counts.
    key: &'static [&'static str],
    answer: fn(&Events) -> Rows,
}

const fn query(
    name: &'static str,
    told: &'static str,
    reads: &'static [Topic],
    key: &'static [&'static str],
    answer: fn(&Events) -> Rows,
) -> Query {
    Query { name, told, reads, runs: true, events_max: u64::MAX, key, answer }
}

const fn lacking(query: Query) -> Query {
    Query { runs: false, ..query }
}

/// `count_distinct` ends at 10,000 values of one key: here the auctions of a day.
const fn counting_distinct(query: Query) -> Query {
    Query { events_max: 150_000, ..query }
}

/// Without q10 and q12: README.md says why.
pub const QUERIES: [Query; 21] = [
    query("q0", "pass through", &[Bids], &[], answers::q0),
    query("q1", "currency conversion", &[Bids], &[], answers::q1),
    query("q2", "selection", &[Bids], &[], answers::q2),
    query("q3", "local item suggestion", &[Persons, Auctions], &["id"], answers::q3),
    query("q4", "average price of a category", &[Auctions, Bids], &["category"], answers::q4),
    query("q5", "hot items", &[Bids], &[], answers::q5),
    query("q6", "average price of a seller", &[Auctions, Bids], &[], answers::q6),
    query("q7", "highest bid", &[Bids], &[], answers::q7),
    query("q8", "monitor new users", &[Persons, Auctions], &[], answers::q8),
    query("q9", "winning bids", &[Auctions, Bids], &["auction", "rank"], answers::q9),
    query("q11", "user sessions", &[Bids], &[], answers::q11),
    query("q13", "bounded side input", &[Bids, Side], &[], answers::q13),
    query("q14", "calculation", &[Bids], &[], answers::q14),
    counting_distinct(query("q15", "statistics of a day", &[Bids], &["day"], answers::q15)),
    counting_distinct(query("q16", "statistics of a channel", &[Bids], &["channel", "day"], answers::q16)),
    query("q17", "statistics of an auction", &[Bids], &["auction", "day"], answers::q17),
    query("q18", "last bid", &[Bids], &["bidder", "auction"], answers::q18),
    query("q19", "ten highest bids", &[Bids], &["auction", "rank"], answers::q19),
    query("q20", "bids with their auctions", &[Auctions, Bids], &[], answers::q20),
    query("q21", "channel id", &[Bids], &[], answers::q21),
    query("q22", "directories of a URL", &[Bids], &[], answers::q22),
];

impl Query {
    pub fn topology(&self) -> PathBuf {
        let file = format!("benches/nexmark/queries/{}.tide", self.name);
        Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
    }

    /// Runs it on the embedded log; its rows go into `dir`, where the events' files are.
    pub fn run(&self, tidegate: &Path, dir: &Path, partitions: u32) -> Output {
        let mut command = Command::new(tidegate);
        command.args(["--quiet", "run", "--partitions", &partitions.to_string()]).arg(self.topology());
        for topic in self.reads {
            command.arg("--input").arg(format!("{}={}", topic.name(), events_file(dir, *topic).display()));
        }
        let rows = self.rows_file(dir);
        let _ = std::fs::remove_file(&rows);
        command.arg("--output").arg(format!("{}={}", self.name, rows.display()));
        command.stdin(Stdio::null()).output().expect("tidegate can be started")
    }

    fn rows_file(&self, dir: &Path) -> PathBuf {
        dir.join(self.name)
    }

    /// What is wrong with the rows of a run; None: nothing.
    pub fn verify(&self, dir: &Path, events: &Events) -> Option<String> {
        let text = std::fs::read_to_string(self.rows_file(dir)).unwrap_or_default();
        let found = if self.key.is_empty() {
            counted(text.lines())
        } else {
            counted(last_rows(&text, self.key).into_values())
        };
        let right = (self.answer)(events);
        assert!(!right.is_empty(), "{} has an answer for these events", self.name);
        let right = counted(right.iter().map(String::as_str));
        differences(&found, &right)
    }
}

pub fn events_file(dir: &Path, topic: Topic) -> PathBuf {
    dir.join(format!("{}.ndjson", topic.name()))
}

/// How often each row is there.
fn counted<'a>(rows: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry(row).or_default() += 1;
    }
    counts
}

fn differences(found: &BTreeMap<&str, usize>, right: &BTreeMap<&str, usize>) -> Option<String> {
    let only = |these: &BTreeMap<&str, usize>, those: &BTreeMap<&str, usize>| {
        let rows = these.iter().filter(|(row, count)| those.get(*row) != Some(*count));
        rows.map(|(row, count)| format!("{count} times {row}")).collect::<Vec<_>>()
    };
    let (more, less) = (only(found, right), only(right, found));
    if more.is_empty() && less.is_empty() {
        return None;
    }
    let few = |rows: &[String]| rows.iter().take(3).cloned().collect::<Vec<_>>().join("\n    ");
    Some(format!(
        "{} rows are wrong:\n    {}\n  {} are lacking:\n    {}",
        more.len(),
        few(&more),
        less.len(),
        few(&less)
    ))
}
