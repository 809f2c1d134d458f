//! Events that look into tables whose rows come through a topic: joined by a foreign key, ranked, added up by another key. Each event is read when
//! what came before it has settled, so it meets what the table shows.

use crate::shape::Shape;
use crate::steps::keyed_steps;
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct Table {
    body: String,
    /// Whose events look into it.
    from: &'static str,
    topics: Vec<&'static str>,
    /// Before the join: what gives the events the fields that find a row.
    adds: &'static str,
    on: &'static str,
    /// Two of the row's fields.
    fields: &'static str,
}

fn table(
    body: impl Into<String>,
    topics: &[&'static str],
    adds: &'static str,
    on: &'static str,
    fields: &'static str,
) -> Table {
    Table { body: body.into(), from: "a", topics: topics.to_vec(), adds, on, fields }
}

/// The left table is another topic's, or has the very events in it that look into it.
fn by_foreign_key() -> impl Strategy<Value = Table> {
    let refers = "match v { 0 => \"k0\", 1 => \"k1\", 2 => null, _ => \"k2\" }";
    // The reference gives the rows of an aggregate with the commit, so events do not look into those that they made.
    let left = prop_oneof![
        1 => Just(("a", "  |> latest by k\n")),
        1 => Just(("b", "  |> latest by k\n")),
        1 => Just(("b", "  |> group by k\n  |> aggregate { ref: last(ref), v: sum(v) }\n")),
    ];
    let behind = prop_oneof![
        2 => Just(""),
        1 => Just("  |> filter v != 3\n"),
        1 => Just("  |> add { v: v + 1 }\n"),
    ];
    let ranked = prop_oneof![Just(""), Just("left ")].prop_map(|kind| {
        let row = if kind.is_empty() { "r.v" } else { "r.v ?? 77" };
        let body = format!(
            "table c$ = t |> top 3 by v, k\ntable p$ = b |> latest by k\ntable n$ = p$\n  |> {kind}join c$ as r on v == r.rank\n  |> add {{ rv: {row} }}\n"
        );
        table(body, &["b", "t"], "", "k == q.k", "qv: q.v, qw: q.rv")
    });
    let joined = (prop_oneof![Just(""), Just("left ")], left, behind).prop_map(move |(kind, (left, made), behind)| {
        let row = if kind.is_empty() { "r.v" } else { "r.v ?? 77" };
        let body = format!(
            "table p$ = {left}\n  |> map {{ k, v, ref: {refers} }}\n{made}table n$ = p$\n  |> {kind}join t as r on ref == r.k\n  |> add {{ rv: {row} }}\n{behind}"
        );
        let topics: &[&'static str] = if left == "a" { &["t"] } else { &["b", "t"] };
        table(body, topics, "", "k == q.k", "qv: q.v, qw: q.rv")
    });
    // All rows of a `top` without `per` lie in one partition.
    prop_oneof![3 => joined.boxed(), 1 => ranked.boxed()]
}

fn ranked() -> impl Strategy<Value = Table> {
    let fields = "qv: q.v, qw: q.rank";
    prop_oneof![
        Just(table("table n$ = a |> top 2 by v per k\n", &[], "", "k == q.k and q.rank == 1", fields)),
        Just(table(
            "table n$ = b |> top 3 by v asc, id per k\n",
            &["b"],
            "",
            "k == q.k and q.rank == v % 3 + 1",
            fields
        )),
        // The events, and what is made of them, come by one way.
        Just(Table {
            from: "s$",
            ..table(
                "stream s$ = a |> repartition by j\ntable n$ = s$ |> top 2 by v per j\n",
                &[],
                "",
                "j == q.j and q.rank == 2",
                fields
            )
        }),
        Just(table(
            "table p$ = b |> latest by k\ntable n$ = p$ |> top 2 by v, id per j\n",
            &["b"],
            "",
            "j == q.j and q.rank == 1",
            fields
        )),
        Just(table(
            "table p$ = b |> latest by (k, j)\ntable n$ = p$ |> top 2 by v per k |> filter v != 3\n",
            &["b"],
            "  |> add { place: if v > 2 { 1 } else { 2 } }\n",
            "k == q.k and place == q.rank",
            fields
        )),
        Just(table(
            "table p$ = b |> group by k |> aggregate { n: count(), v: sum(v) }\ntable n$ = p$ |> top 1 by v per k\n",
            &["b"],
            "",
            "k == q.k and q.rank == 1",
            fields
        )),
        Just(table("table n$ = t |> top 3 by v, k\n", &["t"], "", "q.rank == v % 4", fields)),
        Just(table(
            "table n$ = t |> top 2 by v per v |> add { twice: v * 2 }\n",
            &["t"],
            "",
            "v == q.v and q.rank == 1",
            "qv: q.twice, qw: q.rank"
        )),
    ]
}

fn added_up() -> impl Strategy<Value = Table> {
    let functions = "n: count(), total: sum(v), low: min(w), list: collect(v, 4)";
    let fields = "qv: q.total, qw: q.low";
    let of = prop_oneof![
        Just(("t", "", vec!["t"])),
        Just(("p$", "table p$ = b |> latest by k\n", vec!["b"])),
        Just(("p$", "table p$ = b |> latest by k |> filter v != 1\n", vec!["b"])),
    ];
    (of, any::<bool>()).prop_map(move |((name, before, topics), is_pair)| {
        let (adds, by) = match is_pair {
            false => ("  |> add { g: v % 3 }\n", "g"),
            true => ("  |> add { g: v % 3, u: 1 }\n", "(g, u)"),
        };
        let body = format!(
            "{before}table n$ = {name}\n{adds}  |> group by {by}\n  |> aggregate {{ {functions} }}\n"
        );
        let on = if is_pair { "g == q.g and u == q.u" } else { "g == q.g" };
        table(body, &topics, adds, on, fields)
    })
}

pub fn shapes() -> impl Strategy<Value = Shape> {
    let tables = prop_oneof![by_foreign_key().boxed(), ranked().boxed(), added_up().boxed()];
    let condition = prop_oneof![3 => Just(""), 1 => Just(" where qs > 2")];
    (prop_oneof![Just(""), Just("left ")], keyed_steps(), tables, condition).prop_map(
        |(kind, steps, table, condition)| {
            let Table { body, from, topics, adds, on, fields } = table;
            let first = fields.split([' ', ',']).nth(1).expect("a field");
            let condition = condition.replace("qs", first);
            Shape {
                body: format!(
                    "{body}stream out$ = {from}\n{steps}{adds}  |> {kind}join n$ as q on {on}{condition}\n  |> map {{ k, l: id, v, {fields} }}\nsink out$ -> embedded(\"NAME.out$\")\nsink n$ -> embedded(\"NAME.n$\", compacted)\n"
                ),
                topics: [vec!["a"], topics].concat(),
                needs_order: true,
                ..Shape::default()
            }
        },
    )
}
