//! Topologies with tables and joins.

use crate::shape::Shape;
use crate::steps::{keyed_steps, steps};
use proptest::prelude::*;

fn kind() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just(""), Just("left "), Just("outer ")]
}

fn left() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just(""), Just("left ")]
}

pub fn join_streams() -> impl Strategy<Value = Shape> {
    let reach = prop_oneof![(1i64..10, 0i64..10), (0i64..10, 1i64..10)];
    let sides = prop_oneof![2 => Just("b"), 1 => Just("a |> filter v > 1"), 1 => Just("a")];
    let key = prop_oneof![2 => Just("k"), 1 => Just("j")];
    (kind(), keyed_steps(), sides, reach, key, 0i64..8, 0u8..3).prop_map(
        |(kind, steps, side, (before, after), key, grace, condition)| {
            let within = match (before, after) {
                (0, after) => format!("{after}us after"),
                (before, 0) => format!("{before}us before"),
                (before, after) => format!("{before}us before, {after}us after"),
            };
            let condition = if condition == 0 { " and v <= r.v" } else { "" };
            let grace = if grace == 0 { String::new() } else { format!(", grace {grace}us") };
            let whose = if kind == "outer " { format!("key: {key} ?? r.{key}") } else { format!("key: {key}") };
            Shape {
                body: format!(
                    "stream l$ = a\n{steps}stream q$ = {side}\n\
                     stream out$ = l$\n  |> {kind}join q$ as r within {within} on {key} == r.{key}{condition}{grace}, late -> embedded(\"NAME.late\")\n  |> map {{ {whose}, l: id, lw: w, r: r.id, rw: r.w }}\nsink out$ -> embedded(\"NAME.out$\")\n"
                ),
                topics: if side == "b" { vec!["a", "b"] } else { vec!["a"] },
                needs_order: false,
                needs_on_time: false, ..Shape::default()
            }
        },
    )
}

/// The declaration of a table `n` with the key `k`, and the topics that it needs besides `a`.
fn table() -> impl Strategy<Value = (&'static str, Vec<&'static str>)> {
    prop_oneof![
        Just(("", vec!["t"])),
        Just(("table n$ = b |> latest by k\n", vec!["b"])),
        Just(("table n$ = a |> filter v != 1 |> latest by k\n", vec![])),
        Just(("table n1$ = b |> latest by k\ntable n$ = n1$ |> join t as h by k\n", vec!["b", "t"])),
        Just((
            "table n1$ = b |> latest by (k, j)\ntable n$ = n1$ |> group by k |> aggregate { v: count(), w: max(w) }\n",
            vec!["b"]
        )),
    ]
}

pub fn join_table() -> impl Strategy<Value = Shape> {
    (left(), keyed_steps(), table(), any::<bool>()).prop_map(|(left, steps, (table, more), condition)| {
        let name = if table.is_empty() { "t" } else { "n$" };
        let condition = if condition { " where r.v > 2" } else { "" };
        Shape {
            body: format!(
                "{table}stream out$ = a\n{steps}  |> {left}join {name} as r by k{condition}\n  |> map {{ k, l: id, v, rv: r.v, rw: r.w }}\nsink out$ -> embedded(\"NAME.out$\")\n"
            ),
            topics: [vec!["a"], more].concat(),
            needs_order: true,
            needs_on_time: false, ..Shape::default()
        }
    })
}

fn tables_body() -> impl Strategy<Value = (String, Vec<&'static str>)> {
    let right = prop_oneof![
        Just(("t", "", vec!["t"])),
        Just(("q$", "table q$ = b |> latest by k\n", vec!["b"])),
        Just(("q$", "table q$ = a |> filter v != 2 |> latest by k\n", vec![])),
    ];
    (kind(), keyed_steps(), right, any::<bool>()).prop_map(|(kind, steps, (name, right, more), condition)| {
        let condition = if condition && !kind.is_empty() { " where v <= r.v" } else { "" };
        let body = format!(
            "table p$ = a\n{steps}  |> latest by k\n{right}table out$ = p$\n  |> {kind}join {name} as r by k{condition}\n"
        );
        (body, [vec!["a"], more].concat())
    })
}

pub fn join_tables() -> impl Strategy<Value = Shape> {
    tables_body().prop_map(|(body, topics)| Shape {
        body: format!("{body}sink out$ -> embedded(\"NAME.out$\", compacted)\n"),
        topics,
        needs_order: false,
        needs_on_time: false,
        ..Shape::default()
    })
}

/// Of rows in the order of their keys, in whatever order they came.
const FUNCTIONS: [&str; 3] = [
    "n: count(), some: count(w), total: sum(v), low: min(w), high: max(v), half: avg(v)",
    "big: count_if(v > 2), any: any(w > 2), all: all(v > 0), kinds: count_distinct(w), low: min_by(w, v), set: collect_distinct(w, 2), often: mode(w), bins: histogram(v, [1, 3])",
    "first: first(v), last: last(w), list: collect(v, 4)",
];

/// Tables grouped by what may change, and by a part of their key.
pub fn aggregates() -> impl Strategy<Value = Shape> {
    let table = prop_oneof![
        2 => Just(("t".to_owned(), String::new(), vec!["t"])),
        1 => steps().prop_map(|steps| ("p$".to_owned(), format!("table p$ = a\n{steps}  |> latest by k\n"), vec!["a"])),
        1 => Just(("p$".to_owned(), "table p$ = a |> latest by (k, j)\n".to_owned(), vec!["a"])),
        1 => tables_body().prop_map(|(body, topics)| ("out$".to_owned(), body, topics)),
        1 => keyed_steps().prop_map(|steps| {
            let sums = "  |> group by k\n  |> aggregate { v: count(), w: max(w) }\n";
            ("p$".to_owned(), format!("table p$ = a\n{steps}{sums}"), vec!["a"])
        }),
    ];
    let step = prop_oneof![
        2 => Just(""),
        1 => Just("  |> filter v != 3\n"),
        1 => Just("  |> filter w is not null\n"),
        1 => Just("  |> map match v { 1 => drop, _ => { KEY, v, w } }\n"),
    ];
    let key = prop_oneof![
        3 => Just("  |> add { g: V % 3 }\n  |> group by g\n"),
        1 => Just("  |> add { g: w ?? 9, u: 1 }\n  |> group by (g, u)\n"),
        1 => Just("  |> group by k\n"),
    ];
    (table, step, key, 0..FUNCTIONS.len(), any::<bool>()).prop_map(
        |((name, body, topics), step, key, functions, changes)| {
            // A pair of which nothing changes that is read further on is not given again, and does not tell its new time.
            let is_timed = !body.contains("join");
            let functions = FUNCTIONS[if is_timed { functions } else { functions % 2 }];
            let step = step.replace("KEY", if body.contains("(k, j)") { "k, j" } else { "k" });
            // Of an outer join a row may have no left side.
            let key = key.replace('V', if body.contains("outer join") { "(v ?? 9)" } else { "v" });
            let more = if changes { "stream moves$ = groups$ |> changes\nsink moves$ -> embedded(\"NAME.moves$\")\n" } else { "" };
            Shape {
                body: format!(
                    "{body}table groups$ = {name}\n{step}{key}  |> aggregate {{ {functions} }}\nsink groups$ -> embedded(\"NAME.groups$\", compacted)\n{more}"
                ),
                topics,
                needs_order: changes,
                needs_on_time: false,
                ..Shape::default()
            }
        },
    )
}

/// Tables whose rows are deleted some time behind the watermark, and what is made of them.
pub fn with_ttl() -> impl Strategy<Value = Shape> {
    let table = prop_oneof![
        2 => (steps(), prop_oneof![Just("k"), Just("j")]).prop_map(|(steps, key)| {
            (format!("table out$ = a\n{steps}  |> latest by {key}\n  |> ttl TTL\n"), vec!["a"], key == "j")
        }),
        2 => (steps(), prop_oneof![Just("k"), Just("j")]).prop_map(|(steps, key)| {
            let functions = "n: count(), total: sum(v), low: min(w), first: first(v)";
            let body = format!("table out$ = a\n{steps}  |> group by {key}\n  |> aggregate {{ {functions} }}\n  |> ttl TTL\n");
            (body, vec!["a"], key == "j")
        }),
        1 => Just((
            "table t: { k: string, v: int, w: int? } = embedded(\"NAME.t\") key k, ttl TTL\ntable out$ = t |> filter v != 3\n".to_owned(),
            vec!["t"],
            false
        )),
        1 => Just((
            "table t: { k: string, v: int, w: int? } = embedded(\"NAME.t\") key k, ttl TTL\ntable l$ = a |> latest by k |> ttl TTL\ntable out$ = l$ |> left join t as r by k\n".to_owned(),
            vec!["a", "t"],
            false
        )),
        1 => Just((
            "table l$ = a |> latest by k |> ttl TTL\ntable out$ = l$ |> group by j |> aggregate { n: count(), total: sum(v), high: max(w) }\n".to_owned(),
            vec!["a"],
            false
        )),
    ];
    (table, 1i64..40, 0u8..3).prop_map(|((body, topics, needs_order), ttl, more)| {
        let body = body.replace("TTL", &format!("{ttl}us"));
        let others = ["join", "group", "match v"];
        let is_keyed = body.contains("latest by k\n") && !others.iter().any(|word| body.contains(word));
        let (more, needs_order) = match more {
            // What events meet, when rows go in between.
            0 if is_keyed => ("stream seen$ = a |> left join out$ as row by k |> map { id, v: row.v }\nsink seen$ -> embedded(\"NAME.seen$\")\n", true),
            _ => ("", needs_order),
        };
        Shape {
            body: format!("{body}sink out$ -> embedded(\"NAME.out$\", compacted)\n{more}"),
            topics,
            needs_order,
            needs_on_time: false,
            ..Shape::default()
        }
    })
}

pub fn latest() -> impl Strategy<Value = Shape> {
    let key = prop_oneof![Just("k"), Just("j"), Just("(k, j)")];
    (steps(), key).prop_map(|(steps, key)| Shape {
        body: format!(
            "table newest$ = a\n{steps}  |> latest by {key}\nsink newest$ -> embedded(\"NAME.out$\", compacted)\n"
        ),
        topics: vec!["a"],
        needs_order: key == "j",
        needs_on_time: false, ..Shape::default()
    })
}

pub fn changes() -> impl Strategy<Value = Shape> {
    let of_latest =
        keyed_steps().prop_map(|steps| (format!("table out$ = a\n{steps}  |> latest by k\n"), vec!["a"]));
    let of_totals = keyed_steps().prop_map(|steps| {
        let totals = "  |> group by k\n  |> aggregate { v: count(), w: max(w) }\n  |> emit changes\n";
        (format!("table out$ = a\n{steps}{totals}"), vec!["a"])
    });
    let condition = prop_oneof![Just(""), Just(" where old.v != v"), Just(" where (old.v ?? 2) < 4")];
    let table = prop_oneof![of_latest.boxed(), of_totals.boxed(), tables_body().boxed()];
    (table, condition).prop_map(|((body, topics), condition)| Shape {
        body: format!(
            "{body}stream moves$ = out$\n  |> changes{condition}\nsink moves$ -> embedded(\"NAME.moves$\")\n"
        ),
        topics,
        needs_order: true,
        needs_on_time: false,
        ..Shape::default()
    })
}

/// `top N`, of events and of tables.
pub fn top() -> impl Strategy<Value = Shape> {
    let order = prop_oneof![Just("v"), Just("v asc, id"), Just("id asc"), Just("x, k asc")];
    let per = prop_oneof![Just(""), Just(" per k"), Just(" per j"), Just(" per (v, j)")];
    let of_events = (steps(), order.clone(), per.clone())
        .prop_map(|(steps, order, per)| (format!("a\n{steps}"), String::new(), order, per));
    let of_latest = (keyed_steps(), order, per).prop_map(|(steps, order, per)| {
        ("p$\n".to_owned(), format!("table p$ = a\n{steps}  |> latest by k\n"), order, per)
    });
    let of_topic = prop_oneof![Just("v, k"), Just("w ?? 9 asc"), Just("k")];
    let of_topic = (of_topic, prop_oneof![Just(""), Just(" per v"), Just(" per k")])
        .prop_map(|(order, per)| ("t\n".to_owned(), String::new(), order, per));
    let of_sums = (steps(), prop_oneof![Just("n"), Just("s asc, n")], prop_oneof![Just(""), Just(" per n")])
        .prop_map(|(steps, order, per)| {
            let sums = "  |> group by j\n  |> aggregate { n: count(), s: sum(v) }\n";
            ("p$\n".to_owned(), format!("table p$ = a\n{steps}{sums}"), order, per)
        });
    let of_windows = (steps(), 1i64..14, prop_oneof![Just(" per window.start"), Just(" per (j, window.end)")]).prop_map(
        |(steps, size, per)| {
            let sums = "  |> group by k, j\n  |> window tumbling {size}us\n  |> aggregate { n: count() }\n  |> emit final\n"
                .replace("{size}", &size.to_string());
            ("p$\n".to_owned(), format!("stream p$ = a\n{steps}{sums}"), "n, k asc, j asc", per)
        },
    );
    let what = prop_oneof![
        of_events.boxed(),
        of_latest.boxed(),
        of_topic.boxed(),
        of_sums.boxed(),
        of_windows.boxed()
    ];
    (what, 1u32..5).prop_map(|((from, before, order, per), count)| Shape {
        body: format!(
            "{before}table out$ = {from}  |> top {count} by {order}{per}\nsink out$ -> embedded(\"NAME.out$\", compacted)\n"
        ),
        topics: if from.starts_with('t') { vec!["t"] } else { vec!["a"] },
        needs_order: true,
        ..Shape::default()
    })
}

/// Rows that refer to rows of another table.
pub fn join_foreign() -> impl Strategy<Value = Shape> {
    let refers = "match v { 0 => \"k0\", 1 => \"k1\", 2 => null, _ => \"k2\" }";
    let of_topic =
        format!("table p$ = a\n  |> map {{ id, k, j, v, w, x, at, ref: {refers} }}\n  |> latest by k\n");
    let tables = prop_oneof![
        Just((of_topic, "p$", "t", "ref == r.k", vec!["a", "t"])),
        Just(("table q$ = b |> latest by v\n".to_owned(), "t", "q$", "w == r.v", vec!["b", "t"])),
        Just((
            "table p$ = a |> latest by k\ntable q$ = b |> filter v != 3 |> latest by v\n".to_owned(),
            "p$",
            "q$",
            "w == r.v",
            vec!["a", "b"]
        )),
        Just(("table p$ = a |> latest by k\n".to_owned(), "p$", "t", "j == r.k", vec!["a", "t"])),
    ];
    (left(), tables, any::<bool>()).prop_map(|(left, (before, table, right, on, topics), condition)| {
        let condition = if condition { " and v <= r.v" } else { "" };
        Shape {
            body: format!(
                "{before}table out$ = {table}\n  |> {left}join {right} as r on {on}{condition}\nsink out$ -> embedded(\"NAME.out$\", compacted)\n"
            ),
            topics,
            needs_order: true,
            ..Shape::default()
        }
    })
}

/// The row that was the key's at a time, among those that were read.
pub fn join_as_of() -> impl Strategy<Value = Shape> {
    let time = prop_oneof![Just("at"), Just("at - 5us"), Just("if v > 2 { at } else { at + 9us }")];
    (left(), keyed_steps(), time, any::<bool>()).prop_map(|(left, steps, time, condition)| {
        let condition = if condition { " and v <= r.v" } else { "" };
        Shape {
            body: format!(
                "stream out$ = a\n{steps}  |> {left}join t as r on k == r.k{condition} as of {time}\n  |> map {{ k, l: id, v, rv: r.v, rw: r.w }}\nsink out$ -> embedded(\"NAME.out$\")\n"
            ),
            topics: vec!["a", "t"],
            needs_order: true,
            ..Shape::default()
        }
    })
}

/// Rows of a table that every worker has.
pub fn join_global() -> impl Strategy<Value = Shape> {
    let key = prop_oneof![
        Just("k == r.k"),
        Just("(if v > 2 { k } else { \"k1\" }) == r.k"),
        Just("replace(j, \"j\", \"k\") == r.k"),
        Just("k == r.k and v <= r.v"),
    ];
    (left(), steps(), key).prop_map(|(left, steps, key)| Shape {
        body: format!(
            "stream out$ = a\n{steps}  |> {left}join g as r on {key}\n  |> map {{ k, l: id, v, rv: r.v, rw: r.w }}\nsink out$ -> embedded(\"NAME.out$\")\n"
        ),
        topics: vec!["a", "g"],
        needs_order: true,
        ..Shape::default()
    })
}
