//! Tidegate's operators against Flink SQL: generated cases are run by both, and the answers must be the same but for the differences that
//! have a name. `README.md` tells how.

#[path = "../support/bed.rs"]
mod bed;
#[path = "../support/mod.rs"]
mod support;

mod as_of;
mod case;
mod fed;
mod flink;
mod in_memory;
mod operator;
mod pattern;
mod tidegate;
mod top;

use case::{Event, Part, Rows};
use fed::{Fed, Of, Question};
use flink::Change;
use operator::Operator;
use pattern::Skip;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;

const SEED: u64 = 1;
const CASES_OF_PART: u64 = 30;
/// Of each pattern, in seconds.
const WITHIN_AND_DELAY: [(i64, i64); pattern::PATTERNS.len()] = [
    (5, 0),
    (12, 0),
    (30, 6),
    (12, 15),
    (60, 0),
    (90, 0),
    (60, 6),
    (60, 15),
    (40, 0),
    (90, 6),
    (60, 0),
    (30, 15),
];
/// Other places than the next event at which the search goes on, with the pattern that has them.
const SKIPS: [(usize, Skip); 11] = [
    (0, Skip::PastLast),
    (1, Skip::PastLast),
    (1, Skip::ToFirst("b")),
    (2, Skip::ToFirst("b")),
    (2, Skip::ToLast("c")),
    (4, Skip::PastLast),
    (6, Skip::PastLast),
    (8, Skip::PastLast),
    (9, Skip::ToFirst("b")),
    (10, Skip::ToLast("b")),
    (11, Skip::PastLast),
];

fn parts() -> Vec<Part> {
    let sessions = [(3, 0), (5, 0), (9, 0), (5, 6)].map(|(gap, delay)| (Operator::Session { gap }, delay));
    let cumulated = [(2, 10, 0), (5, 5, 0), (3, 12, 0), (4, 20, 6)]
        .map(|(step, size, delay)| (Operator::Cumulate { step, size }, delay));
    let all = (0..pattern::PATTERNS.len()).map(|index| (index, Skip::ToNext));
    let matches = all.chain(SKIPS).map(|(index, skip)| {
        let (within, delay) = WITHIN_AND_DELAY[index];
        (Operator::Match { pattern: &pattern::PATTERNS[index], skip, within }, delay)
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
    let a_then_b = Operator::Match { pattern: &pattern::PATTERNS[0], skip: Skip::ToNext, within: 5 };
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

fn questions() -> Vec<Question> {
    let all = top::questions().into_iter().chain(as_of::questions()).enumerate();
    all.map(|(index, question)| question.generate(SEED + index as u64, CASES_OF_PART)).collect()
}

/// The smallest case of each named difference of a table.
fn named_questions() -> [Question; 3] {
    let one = |question: Question, case: Vec<Fed>| Question { cases: vec![case], ..question };
    [
        // [top-by-key]
        one(
            top::of_facts("by v per g", "g", "v DESC", 1),
            vec![Fed::fact(1, Some(3), 0), Fed::fact(0, Some(3), 1)],
        ),
        // [as-of-read]
        one(
            as_of::question(Of::Together, true, false, ""),
            vec![Fed::event(0, 0, 5), Fed::fact(0, Some(7), 4)],
        ),
        // [as-of-history]
        one(
            as_of::question(Of::Together, true, false, ", history 5s"),
            vec![
                Fed::fact(0, Some(7), 0),
                Fed::fact(0, Some(8), 9),
                Fed::fact(0, Some(9), 20),
                Fed::event(0, 0, 5),
            ],
        ),
    ]
}

/// Flink is started once, for all tests.
static PARTS: LazyLock<Vec<Part>> = LazyLock::new(|| named().into_iter().chain(parts()).collect());
static QUESTIONS: LazyLock<Vec<Question>> =
    LazyLock::new(|| named_questions().into_iter().chain(questions()).collect());
static FLINK: LazyLock<Vec<Vec<Change>>> = LazyLock::new(|| {
    let parts = PARTS.iter().map(Part::question);
    flink::ask(parts.chain(QUESTIONS.iter().map(Question::question)).collect())
});

fn of_parts() -> &'static [Vec<Change>] {
    &FLINK[..PARTS.len()]
}

fn of_questions() -> &'static [Vec<Change>] {
    &FLINK[PARTS.len()..]
}

#[test]
fn answers_are_those_of_flink() {
    let named = named().len();
    let (parts, answers) = (&PARTS[named..], &of_parts()[named..]);
    assert!(parts.len() as u64 * CASES_OF_PART >= 300);
    let mut told = String::new();
    let (mut cases, mut rows) = (0, 0);
    for (part, theirs) in parts.iter().zip(answers) {
        let ours = tidegate::ask(part);
        let theirs: Rows = case::rows(theirs).into_iter().map(|row| part.operator.as_ours(row)).collect();
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

/// A case's result changes, and must be the same at last; and what Tidegate shows behind each event must have been Flink's result, too, in that order.
#[test]
fn tables_come_to_be_those_of_flink() {
    let named = named_questions().len();
    let mut told = String::new();
    let (mut cases, mut shown) = (0, 0);
    for (question, changes) in QUESTIONS[named..].iter().zip(&of_questions()[named..]) {
        let ours = in_memory::ask(question);
        if ours.iter().all(|results| results.len() == 1) {
            let _ = writeln!(told, "no rows, so nothing is compared: {}", question.sql);
        }
        for (case, ours) in ours.iter().enumerate() {
            cases += 1;
            shown += ours.len() - 1;
            let mut theirs = fed::results(case, changes).into_iter();
            let last = theirs.clone().next_back().expect("at first there is none");
            let end = ours.last().expect("at first there is none");
            if *end != last {
                let _ = writeln!(told, "{}", question.told(case, "not the same at last", end, &last));
            } else if question.is_shown_between {
                let never = ours.iter().find(|shown| !theirs.any(|result| result == **shown));
                if let Some(shown) = never {
                    let _ = writeln!(told, "{}", question.told(case, "never so in Flink", shown, &last));
                }
            }
        }
    }
    assert!(told.is_empty(), "{told}");
    assert!(shown > cases, "most cases show something");
    eprintln!("{cases} cases come to be as Flink has them, looked at {shown} times");
}

#[test]
fn named_differences_of_tables_are_really_there() {
    let short = |rows: &Rows| -> Vec<String> { rows.iter().map(|row| row.join(" ")).collect() };
    let theirs =
        |index: usize| short(fed::results(0, &of_questions()[index]).last().expect("at first there is none"));
    let ours =
        |index: usize| short(in_memory::ask(&QUESTIONS[index])[0].last().expect("at first there is none"));
    assert_eq!(theirs(0), ["c0.k1 c0.all c0.g0 3 1"]);
    assert_eq!(ours(0), ["c0.k0 c0.all c0.g0 3 1"]);
    assert_eq!(theirs(1), ["c0.k0 0 c0.g0 7"]);
    assert_eq!(ours(1), ["c0.k0 0 null null"]);
    assert_eq!(theirs(2), ["c0.k0 3 c0.g0 7"]);
    assert_eq!(ours(2), ["c0.k0 3 null null"]);
}

#[test]
fn named_differences_are_really_there() {
    let theirs = |index: usize| PARTS[index].short(&case::rows(&of_parts()[index]));
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
    for file in ["main.rs", "as_of.rs", "case.rs", "operator.rs", "pattern.rs", "top.rs"] {
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
