//! Tidegate's operators against Flink SQL: 360 generated cases are run by both, and the answers must be the same but for the differences that
//! have a name. `README.md` tells how.

#[path = "../support/mod.rs"]
mod support;

mod case;
mod flink;
mod operator;
mod pattern;
mod tidegate;

use case::{Event, Part, Rows};
use operator::Operator;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;

const SEED: u64 = 1;
const CASES_OF_PART: u64 = 30;
/// Of each pattern, in seconds.
const WITHIN_AND_DELAY: [(i64, i64); pattern::PATTERNS.len()] =
    [(5, 0), (12, 0), (30, 6), (12, 15), (60, 0), (90, 0), (60, 6), (60, 15)];

fn parts() -> Vec<Part> {
    let sessions = [(3, 0), (5, 0), (9, 0), (5, 6)].map(|(gap, delay)| (Operator::Session { gap }, delay));
    let cumulated = [(2, 10, 0), (5, 5, 0), (3, 12, 0), (4, 20, 6)]
        .map(|(step, size, delay)| (Operator::Cumulate { step, size }, delay));
    let patterns = pattern::PATTERNS.iter().enumerate();
    let matches = patterns.map(|(index, pattern)| {
        let (within, delay) = WITHIN_AND_DELAY[index];
        (Operator::Match { pattern, within }, delay)
    });
    let operators: Vec<(Operator, i64)> = sessions.into_iter().chain(cumulated).chain(matches).collect();
    let part = |(index, (operator, delay)): (usize, &(Operator, i64))| {
        Part::generate(SEED + index as u64, *operator, *delay, CASES_OF_PART)
    };
    operators.iter().enumerate().map(part).collect()
}

fn event(key: u64, v: i64, at: i64) -> Event {
    Event { key, v, at }
}

/// The smallest case of each named difference.
fn named() -> [Part; 3] {
    let session = Operator::Session { gap: 4 };
    let a_then_b = Operator::Match { pattern: &pattern::PATTERNS[0], within: 5 };
    let within = Part::of(a_then_b, vec![event(0, 1, 0), event(0, 2, 5)]);
    [
        // [session-end]
        Part::of(session, vec![event(0, 1, 0)]),
        // [session-touch] The event of key 0 at 4 is just in reach. The one of key 1, which is read before it, has Flink give the session out.
        Part::of(session, vec![event(0, 1, 0), event(1, 1, 4), event(0, 2, 4)]),
        // [within-inclusive]
        Part { sql: within.sql.replace(".001", ""), ..within },
    ]
}

/// Flink is started once, for both tests.
static PARTS: LazyLock<Vec<Part>> = LazyLock::new(|| named().into_iter().chain(parts()).collect());
static FLINK: LazyLock<Vec<Rows>> = LazyLock::new(|| flink::ask(&PARTS));

#[test]
fn answers_are_those_of_flink() {
    let named = named().len();
    let (parts, answers) = (&PARTS[named..], &FLINK[named..]);
    assert!(parts.len() as u64 * CASES_OF_PART >= 300);
    let mut told = String::new();
    let (mut cases, mut rows) = (0, 0);
    for (part, theirs) in parts.iter().zip(answers) {
        let ours = tidegate::ask(part);
        let theirs: Rows = theirs.iter().cloned().map(|row| part.operator.as_ours(row)).collect();
        if ours.is_empty() {
            let _ = writeln!(told, "no rows, so nothing is compared: {}", part.sql);
        }
        rows += ours.len();
        for case in 0..part.cases.len() {
            cases += 1;
            let of_case =
                |rows: &Rows| -> Rows { rows.iter().filter(|row| part.is_of(case, row)).cloned().collect() };
            let (ours, theirs) = (of_case(&ours), of_case(&theirs));
            if ours != theirs {
                let _ = writeln!(told, "{}", part.told(case, &ours, &theirs));
            }
        }
    }
    assert!(told.is_empty(), "{told}");
    eprintln!("{cases} cases as Flink, {rows} rows");
}

#[test]
fn named_differences_are_really_there() {
    let theirs = |index: usize| PARTS[index].short(&FLINK[index]);
    let ours = |index: usize| PARTS[index].short(&tidegate::ask(&PARTS[index]));
    assert_eq!(theirs(0), ["k0 0 4 1 0 1 1"]);
    assert_eq!(ours(0), ["k0 0 0 1 0 1 1"]);
    assert_eq!(theirs(1), ["k0 0 4 1 0 1 1", "k0 4 8 1 2 2 2", "k1 4 8 1 1 1 1"]);
    assert_eq!(ours(1), ["k0 0 4 2 2 1 2", "k1 4 4 1 1 1 1"]);
    assert_eq!(theirs(2), Vec::<String>::new());
    assert_eq!(ours(2), ["k0 0 1 0"]);
}

/// The names that this program refers to are those of the rules.
#[test]
fn every_difference_has_its_rule() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rules = std::fs::read_to_string(root.join("engine/OPERATORS.md")).expect("it is in the repository");
    let mut names = BTreeSet::new();
    for file in ["main.rs", "case.rs", "operator.rs", "pattern.rs"] {
        let text = std::fs::read_to_string(root.join("tests/against_flink").join(file))
            .expect("it is in the repository");
        let inside = text.split('[').skip(1).filter_map(|rest| Some(rest.split_once(']')?.0.to_owned()));
        let is_name = |text: &String| {
            text.contains('-') && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        };
        names.extend(inside.filter(is_name));
    }
    assert!(!names.is_empty());
    for name in names {
        assert!(rules.contains(&format!("[{name}]")), "engine/OPERATORS.md does not have [{name}]");
    }
}
