//! What the comparison has found, as small as it was then.

use crate::bed::Bed;
use crate::case::{BASE, Case, Event, FAR, Feed};
use crate::shape::Shape;
use crate::{compare, generate};

/// One by one, on three partitions.
const FEED: Feed = Feed { partitions: 3, together: 1, batch: 1, restart: None, crash: None, ends: false };

fn event(topic: &'static str, id: i64, j: &str) -> Event {
    Event {
        topic,
        id,
        k: "k0".to_owned(),
        j: j.to_owned(),
        v: 0,
        w: Some(0),
        time: BASE,
        deletes: false,
        malformed: false,
    }
}

/// `body`: behind the declarations of the topics.
fn same(topics: Vec<&'static str>, body: &str, mut events: Vec<Event>, feed: Feed) {
    events.extend(generate::one_each(&topics, feed.partitions, BASE + FAR, events.len() as i64));
    let shape = Shape { body: body.to_owned(), topics, needs_order: true, ..Shape::default() };
    let case = Case { text: crate::shape::text(&shape, 0), topics: shape.topics, events, feed };
    compare::compare(&mut Bed::new(), &case).unwrap_or_else(|difference| panic!("{difference}"));
}

/// What was committed behind a restart, and not written to the store when the queue was read on, was forgotten.
#[test]
fn timers_that_came_behind_a_restart_are_due() {
    let body = "stream out = a\n  |> schedule at at + 5us by j\nsink out -> embedded(\"NAME.out\")\n";
    let events = (0..4).map(|id| event("a", id, "j0")).collect();
    same(vec!["a"], body, events, Feed { restart: Some(0), ..FEED });
}

/// The operators of a task that was opened again learned how far time had come only behind the first event.
#[test]
fn time_is_known_before_the_first_event_behind_a_crash() {
    let body = "stream out = a\n  |> schedule at at + 5us by j\nsink out -> embedded(\"NAME.out\")\n";
    let mut events: Vec<Event> = (0..4).map(|id| event("a", id, "j0")).collect();
    events[3].time -= 5;
    same(vec!["a"], body, events, Feed { partitions: 1, crash: Some((3, 1)), ..FEED });
}

/// Of several changes that came of one event only the last was one.
#[test]
fn each_change_of_a_pair_of_tables_is_an_event() {
    let body = "table p = a\n  |> expand [v, v + 10] as e\n  |> map { id, k, j, v: e, w, x, at }\n  |> latest by k\n\
                table out = p |> join t as r by k\nstream moves = out |> changes\nsink moves -> embedded(\"NAME.out\")\n";
    same(vec!["a", "t"], body, vec![event("t", 0, ""), event("a", 1, "j0")], FEED);
}
