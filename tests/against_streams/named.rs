//! Each named difference is really there: its smallest case, with what each of both answers. Where Kafka Streams comes to answer as Tidegate
//! does, the name and what `differences.rs` and `generate.rs` do for it can go.

use crate::case::{BASE, Case, Emit, Event, Feed, Kind, Operator, Row, Topic, Window};
use crate::engine::Engine;
use crate::streams;
use Topic::{A, B};
use std::collections::BTreeSet;
use std::path::Path;

fn event(topic: Topic, key: u8, value: impl Into<Option<i64>>, ahead: i64) -> Event {
    Event { topic, key, value: value.into(), time: BASE + ahead }
}

fn told(rows: Vec<Vec<Row>>) -> Vec<String> {
    let short = |row: &Row| row.to_string().replace(&BASE.to_string()[..4], "");
    rows.iter().flatten().map(short).collect()
}

/// Times are told from the first one on, in three digits.
fn answers(operator: Operator, events: &[Event], feed: Feed, theirs: &[&str], ours: &[&str]) {
    let case = Case { operator, events: events.to_vec(), feed };
    assert_eq!(told(streams::ask(&case.question())), theirs, "Kafka Streams");
    let answer = Engine::new().ask(&case).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(told(answer), ours, "Tidegate");
}

const TUMBLING_10: Operator =
    Operator::Window { window: Window::Hopping { size: 10, advance: 10 }, grace: 0, emit: Emit::Close };

fn join(kind: Kind, grace: i64) -> Operator {
    Operator::JoinStreams { kind, before: 5, after: 5, grace }
}

#[test]
fn own_watermark() {
    // The event of `b` is the first of its partition. Kafka Streams has forgotten its partner, since `a` was read faster.
    let events = [event(A, 0, 0, 1), event(A, 1, 1, 100), event(B, 0, 2, 1)];
    answers(join(Kind::Inner, 0), &events, Feed::PLAIN, &[], &["k0 0 2 at 001"]);
}

#[test]
fn one_row_a_commit() {
    let events = [event(A, 0, 7, 1), event(A, 0, 8, 2)];
    let feed = Feed { together: 2, ..Feed::PLAIN };
    let each = ["k0 1 7 7 7 at 001", "k0 2 15 7 8 at 002"];
    answers(Operator::Totals, &events, feed, &each, &each[1..]);
    // Nor does a session's row go and come in one commit.
    let session = Operator::Window { window: Window::Session { gap: 4 }, grace: 0, emit: Emit::Changes };
    let events = [event(A, 0, 1, 1), event(A, 0, 2, 3), event(A, 0, 3, 2)];
    let first = ["k0 001..001 1 1 1 1 at 001", "k0 001..001 deleted at 001", "k0 001..003 2 3 1 2 at 003"];
    let again = ["k0 001..003 deleted at 003", "k0 001..003 3 6 1 3 at 003"];
    let theirs = [&first[..], &again[..]].concat();
    let ours = [&first[..], &again[1..]].concat();
    answers(session, &events, Feed::PLAIN, &theirs, &ours);
}

#[test]
fn latest_by_time() {
    let events = [event(A, 0, 7, 2), event(A, 0, 8, 1)];
    let theirs = ["k0 7 at 002", "k0 8 at 002"];
    answers(Operator::Latest, &events, Feed::PLAIN, &theirs, &theirs[..1]);
}

#[test]
fn row_time() {
    let events = [event(A, 0, 7, 1), event(A, 1, 7, 10)];
    answers(
        TUMBLING_10,
        &events,
        Feed::PLAIN,
        &["k0 000..010 1 7 7 7 at 001"],
        &["k0 000..010 1 7 7 7 at 009"],
    );
}

#[test]
fn closed_at_end() {
    // The session of `k0` is final at 6, and `k1` is at 6. Kafka Streams gives it out, and then again with one more event.
    let session = Operator::Window { window: Window::Session { gap: 4 }, grace: 0, emit: Emit::Close };
    let events = [event(A, 0, 1, 1), event(A, 1, 2, 6), event(A, 0, 3, 2), event(A, 2, 0, 100)];
    let first = "k0 001..001 1 1 1 1 at 001";
    let last = "k1 006..006 1 2 2 2 at 006";
    let theirs = [first, "k0 001..002 2 4 1 3 at 002", last];
    let ours = [first, "k0 002..002 1 3 3 3 at 002", last];
    answers(session, &events, Feed::PLAIN, &theirs, &ours);
}

#[test]
fn sliding_late() {
    // The window that ends at the event of 8 is final. Kafka Streams has nowhere to keep the event, and it lacks in the window of 14.
    let sliding = Operator::Window { window: Window::Sliding { size: 9 }, grace: 0, emit: Emit::Close };
    let events = [event(A, 0, 1, 10), event(A, 1, 2, 8), event(A, 1, 3, 14), event(A, 2, 0, 100)];
    let first = "k0 001..010 1 1 1 1 at 010";
    let theirs = [first, "k1 005..014 1 3 3 3 at 014"];
    let ours = [first, "k1 005..014 2 5 2 3 at 014", "k1 009..018 1 3 3 3 at 018"];
    answers(sliding, &events, Feed::PLAIN, &theirs, &ours);
}

#[test]
fn no_contradiction() {
    // Out of order by more than the window, and within the grace: Kafka Streams gives it out alone at once, and then with its partner.
    let events = [event(A, 1, 0, 100), event(A, 0, 1, 50), event(B, 0, 2, 50)];
    answers(
        join(Kind::Left, 60),
        &events,
        Feed::PLAIN,
        &["k0 1 null at 050", "k0 1 2 at 050"],
        &["k0 1 2 at 050"],
    );
}

#[test]
fn late_joins_nothing() {
    // The event of `b` is late for us; where it stands alone, Kafka Streams gives it out, too.
    let feed = Feed { one_topic: true, ..Feed::PLAIN };
    let events = [event(A, 0, 0, 1), event(A, 1, 1, 4), event(B, 0, 2, 2)];
    answers(join(Kind::Inner, 0), &events, feed, &["k0 0 2 at 002"], &[]);
    let events = [event(A, 1, 0, 40), event(B, 0, 1, 2)];
    answers(join(Kind::Outer, 0), &events, feed, &["k0 null 1 at 002"], &[]);
}

#[test]
fn no_empty_tombstone() {
    let inner = Operator::JoinTables { kind: Kind::Inner, derived: false };
    let events = [event(B, 0, 7, 1), event(A, 0, None, 2)];
    answers(inner, &events, Feed::PLAIN, &["k0 deleted at 002"], &[]);
    let left = Operator::JoinTables { kind: Kind::Left, derived: false };
    let events = [event(A, 0, 7, 1), event(A, 0, 7, 2)];
    answers(left, &events, Feed::PLAIN, &["k0 7 null at 001", "k0 7 null at 002"], &["k0 7 null at 001"]);
}

#[test]
fn unchanged_row() {
    let events = [event(A, 0, 3, 5), event(A, 0, 3, 9), event(A, 1, 3, 7)];
    let theirs = ["g0 1 3 at 005", "g0 1 3 at 009", "g0 2 6 at 009"];
    let ours = ["g0 1 3 at 005", "g0 2 6 at 007"];
    answers(Operator::AggregateTable, &events, Feed::PLAIN, &theirs, &ours);
}

#[test]
fn deletion_time() {
    let outer = Operator::JoinTables { kind: Kind::Outer, derived: false };
    let events = [event(A, 0, 7, 1), event(B, 0, 8, 2), event(B, 0, None, 3), event(A, 0, None, 4)];
    let theirs = ["k0 7 null at 001", "k0 7 8 at 002", "k0 7 null at 003", "k0 deleted at 004"];
    let ours = ["k0 7 null at 001", "k0 7 8 at 002", "k0 7 null at 001", "k0 deleted at 001"];
    answers(outer, &events, Feed::PLAIN, &theirs, &ours);
}

#[test]
fn foreign_key_time() {
    let inner = Operator::JoinForeign { kind: Kind::Inner };
    let events = [event(A, 1, 0, 2), event(B, 0, 7, 1)];
    answers(inner, &events, Feed::PLAIN, &["k1 0 7 at 001"], &["k1 0 7 at 002"]);
}

/// The names that this program refers to are those of the rules.
#[test]
fn every_difference_has_its_rule() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).expect("it is in the repository");
    let names = |text: &str| -> BTreeSet<String> {
        let inside = text.split('[').skip(1).filter_map(|rest| Some(rest.split_once(']')?.0.to_owned()));
        let is_name = |text: &String| {
            text.contains('-') && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        };
        inside.filter(is_name).collect()
    };
    let rules = names(&read("engine/OPERATORS.md"));
    for file in ["differences.rs", "generate.rs", "compare.rs"] {
        let used = names(&read(&format!("tests/against_streams/{file}")));
        let unknown: Vec<&String> = used.difference(&rules).collect();
        assert!(unknown.is_empty(), "{file} refers to {unknown:?}, which engine/OPERATORS.md does not have");
    }
}
