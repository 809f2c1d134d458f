//! Topologies whose expressions fail for some events and some rows of tables, and whose topics hold records that are no events.

use crate::shape::Shape;
use crate::steps::steps;
use proptest::prelude::*;

const ASIDE: &str = "errors -> embedded(\"NAME.errors\")";

/// Each fails where it is worked out for a zero.
const STEPS: [&str; 4] = [
    "filter 6 % v < 2, ASIDE",
    "add { v: 12 % v }, ASIDE",
    "map { id, k, j, v: 7 % v - 1, w, x, at }, ASIDE",
    "expand [v % v, 12 % v] as e, ASIDE\n  |> map { id, k, j, v: e, w, x, at }",
];

const LASTS: [&str; 9] = [
    "group by j\n  |> aggregate { n: count(), low: min(12 % v) }, ASIDE",
    "group by k\n  |> window tumbling 6us, late -> embedded(\"NAME.late\")\n  |> aggregate { n: count(), total: sum(12 % v) }, ASIDE\n  |> emit final",
    "group by j\n  |> window hopping 6us every 2us, late -> embedded(\"NAME.late\")\n  |> aggregate { n: count(), total: sum(12 % v) }, ASIDE\n  |> emit final",
    "group by j\n  |> window session gap 3us, late -> embedded(\"NAME.late\")\n  |> aggregate { n: count(), low: min(12 % v) }, ASIDE\n  |> emit final",
    "group by k\n  |> window sliding 5us, late -> embedded(\"NAME.late\")\n  |> aggregate { n: count(), low: min(12 % v) }, ASIDE\n  |> emit final",
    "rolling 2 rows by k { n: count(), low: min(12 % v) }, ASIDE",
    "schedule at if 12 % v > 1 { at + 5us } else { at + 2us } by k, ASIDE",
    "schedule at at + 5us by j, cancel when 7 % v == 1, ASIDE",
    "repartition by j\n  |> filter 12 % v > 1, ASIDE",
];

pub fn shapes() -> impl Strategy<Value = Shape> {
    let step = proptest::option::weighted(0.7, 0..STEPS.len());
    let last = proptest::option::weighted(0.7, 0..LASTS.len());
    (steps(), step, steps(), last, any::<bool>()).prop_map(|(steps, step, more, last, has_malformed)| {
        let with_route = |text: &str| format!("  |> {}\n", text.replace("ASIDE", ASIDE));
        let step = step.map_or_else(String::new, |step| with_route(STEPS[step]));
        let last = last.map_or_else(String::new, |last| with_route(LASTS[last]));
        Shape {
            body: format!("stream out$ = a\n{steps}{step}{more}{last}sink out$ -> embedded(\"NAME.out$\")\n"),
            topics: vec!["a"],
            needs_order: true,
            has_malformed,
            ..Shape::default()
        }
    })
}

const TABLES: [(&str, &str, &str); 3] = [
    ("t", "t", ""),
    ("a", "q$", "table q$ = a |> latest by k\n"),
    ("a", "q$", "table q$ = a |> group by k |> aggregate { v: min(v), w: max(w) }\n"),
];

const STEPS_OF_TABLE: [&str; 4] = [
    "filter 6 % v < 2, ASIDE",
    "add { u: 12 % v }, ASIDE",
    "add { u: 12 % v }, ASIDE\n  |> filter 7 % (v - 1) > 0, ASIDE",
    "top 2 by 12 % v, ASIDE",
];

pub fn tables() -> impl Strategy<Value = Shape> {
    (0..TABLES.len(), 0..STEPS_OF_TABLE.len()).prop_map(|(table, step)| {
        let (topic, name, declared) = TABLES[table];
        let step = STEPS_OF_TABLE[step].replace("ASIDE", ASIDE);
        Shape {
            body: format!("{declared}table out$ = {name}\n  |> {step}\nsink out$ -> embedded(\"NAME.out$\", compacted)\n"),
            topics: vec![topic],
            needs_order: true,
            ..Shape::default()
        }
    })
}
