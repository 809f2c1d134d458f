//! Topologies whose steps look back, or wait for event time.

use crate::shape::Shape;
use crate::steps::steps;
use proptest::prelude::*;

const FUNCTIONS: [&str; 3] = [
    "n: count(), some: count(w)",
    "total: sum(v), low: min(w), mean: avg(x)",
    "first: first(v), last: last(w), list: collect(v, 4)",
];

/// The key, and whether its events are in one partition without a repartition.
fn key() -> impl Strategy<Value = (&'static str, bool)> {
    prop_oneof![2 => Just(("k", true)), 1 => Just(("j", false)), 1 => Just(("(k, j)", true))]
}

pub fn rolling() -> impl Strategy<Value = Shape> {
    let reach = prop_oneof![
        3 => (1i64..20).prop_map(|range| format!("{range}us")),
        1 => (1i64..5).prop_map(|rows| format!("{rows} rows")),
    ];
    let order =
        prop_oneof![2 => Just(("", "")), 1 => Just((" ordered", ", late -> embedded(\"NAME.late\")"))];
    let except = prop_oneof![2 => Just(""), 1 => Just(" excluding current")];
    (steps(), key(), reach, order, except, 0..FUNCTIONS.len(), any::<bool>()).prop_map(
        |(steps, (key, is_near), reach, (order, late), except, functions, needs_order)| {
            let needs_order = needs_order || !is_near;
            let functions = FUNCTIONS[functions];
            Shape {
                body: format!(
                    "stream out$ = a\n{steps}  |> rolling {reach} by {key}{except}{order} {{ {functions} }}{late}\nsink out$ -> embedded(\"NAME.out$\")\n"
                ),
                topics: vec!["a"],
                needs_order,
                needs_on_time: !needs_order && order.is_empty(), ..Shape::default()
            }
        },
    )
}

pub fn rolling_coarse() -> impl Strategy<Value = Shape> {
    let except = prop_oneof![2 => Just(""), 1 => Just(" excluding current")];
    (steps(), key(), 1i64..5, 1i64..5, except, 0..2usize, any::<bool>()).prop_map(
        |(steps, (key, is_near), step, times, except, functions, needs_order)| {
            let needs_order = needs_order || !is_near;
            let (range, functions) = (step * times, FUNCTIONS[functions]);
            Shape {
                body: format!(
                    "stream out$ = a\n{steps}  |> rolling {range}us by {key}{except} granularity {step}us {{ {functions} }}\nsink out$ -> embedded(\"NAME.out$\")\n"
                ),
                topics: vec!["a"],
                needs_order,
                needs_on_time: !needs_order, ..Shape::default()
            }
        },
    )
}

pub fn dedupe() -> impl Strategy<Value = Shape> {
    (steps(), key(), 1i64..20).prop_map(|(steps, (key, is_near), within)| Shape {
        body: format!("stream out$ = a\n{steps}  |> dedupe by {key} within {within}us\nsink out$ -> embedded(\"NAME.out$\")\n"),
        topics: vec!["a"],
        needs_order: !is_near,
        needs_on_time: true, ..Shape::default()
    })
}

/// With an element that the search may go on at.
const PATTERNS: [(&str, &str); 12] = [
    ("p, q if q.v > p.v", "first q"),
    ("p if p.v > 1, q+ if q.v > 2, r if r.v < 2", "first q"),
    ("p, q? if q.v == 3, r if r.v > 3", "last r"),
    ("p, q{1,3} if q.v >= 2", "last q"),
    ("p if p.v < 3, not n if n.v == 0, q if q.v > 3", "first q"),
    ("p if p.v > 2, absent n if n.v == p.v", ""),
    ("p, q* if q.v == 1, r if r.v == 4", "first r"),
    ("p if p.v > 3 | o if o.v == 0, q if q.v == 2", "last q"),
    ("p if p.v != 2, q{2,} if q.v > 1, not n if n.v == 0, r? if r.v == 5", "last q"),
    ("p{2,} { total: sum(v), some: count(w), low: min(x) } if p.v < 3, q if q.v > p.total", "last p"),
    ("p, q* { total: sum(v), list: collect(w, 3) } if q.v > 1, r if (q.total ?? 0) > r.v", "first r"),
    ("p, q{2,3} { mean: avg(v) } if q.v != 3, r if r.v > q.mean", "first q"),
];

pub fn pattern() -> impl Strategy<Value = Shape> {
    let skip = prop_oneof![3 => Just(""), 2 => Just("past last"), 2 => Just("to")];
    (steps(), key(), 1i64..25, 0..PATTERNS.len(), skip).prop_map(
        |(steps, (key, is_near), within, pattern, skip)| {
            let (pattern, place) = PATTERNS[pattern];
            let skip = match skip {
                "to" if !place.is_empty() => format!(", skip to {place}"),
                "to" | "" => String::new(),
                past => format!(", skip {past}"),
            };
            Shape {
                body: format!(
                    "stream out$ = a\n{steps}  |> match by {key} within {within}us {{ {pattern} }}{skip}, late -> embedded(\"NAME.late\")\nsink out$ -> embedded(\"NAME.out$\")\n"
                ),
                topics: vec!["a"],
                needs_order: !is_near,
                needs_on_time: false,
                ..Shape::default()
            }
        },
    )
}

pub fn schedule() -> impl Strategy<Value = Shape> {
    let due = prop_oneof![
        Just("at + 5us"),
        Just("if v > 3 { at + 14us } else { at + 2us }"),
        Just("if v == 0 { at - 3us } else { at + 8us }"),
    ];
    let replace = prop_oneof![Just(""), Just(", replace")];
    let cancel = prop_oneof![2 => Just(""), 1 => Just(", cancel when v == 1")];
    (steps(), key(), due, replace, cancel).prop_map(|(steps, (key, is_near), due, replace, cancel)| Shape {
        body: format!(
            "stream out$ = a\n{steps}  |> schedule at {due} by {key}{replace}{cancel}\nsink out$ -> embedded(\"NAME.out$\")\n"
        ),
        topics: vec!["a"],
        needs_order: !is_near,
        needs_on_time: false, ..Shape::default()
    })
}

/// Steps alone, of one source or of two, through repartitions.
pub fn steps_only() -> impl Strategy<Value = Shape> {
    let head = prop_oneof![Just("a"), Just("merge a, b")];
    let between =
        prop_oneof![Just(""), Just("  |> repartition by j\n"), Just("  |> repartition by (j, k)\n")];
    (head, steps(), between, steps()).prop_map(|(head, steps, between, more)| Shape {
        body: format!("stream out$ = {head}\n{steps}{between}{more}sink out$ -> embedded(\"NAME.out$\")\n"),
        topics: if head == "a" { vec!["a"] } else { vec!["a", "b"] },
        needs_order: false,
        needs_on_time: false,
        ..Shape::default()
    })
}
