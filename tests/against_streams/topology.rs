//! A case as a topology file.

use crate::case::{Case, Emit, Kind, Operator, Window};
use std::fmt::Write;

const AGGREGATE: &str = "aggregate { n: count(), total: sum(v), low: min(v), high: max(v) }";

const GROUPED: &str =
    "  |> add { g: f\"g{v % 3}\" }\n  |> group by g\n  |> aggregate { n: count(), total: sum(v) }";

/// The topology `name`; its topics are called `<name>.a`, `<name>.b` and `<name>.out`, or `<name>.s` where both sides come from one.
pub fn topology(case: &Case, name: &str) -> String {
    let mut text = format!(
        "topology {name}\ntype Event {{ k: string, v: int, side: string }}\ntype Row {{ k: string, v: int }}\n"
    );
    declare(case, name, &mut text);
    let option = match case.operator {
        Operator::Latest
        | Operator::AggregateTable
        | Operator::JoinTables { .. }
        | Operator::JoinForeign { .. } => ", compacted",
        // A session that grows has another window: the row before is deleted by its key.
        Operator::Window { .. } => ", key: (k, window)",
        _ => "",
    };
    let _ = writeln!(text, "sink out -> embedded(\"{name}.out\"{option})");
    text
}

fn declare(case: &Case, name: &str, text: &mut String) {
    let key = if case.feed.regrouped { "" } else { " key k" };
    let source =
        |stream: &str, ty: &str| format!("source {stream}: {ty} = embedded(\"{name}.{stream}\"){key}\n");
    let table = |stream: &str| format!("table {stream}: Row = embedded(\"{name}.{stream}\") key k\n");
    // A table of a topic, or of the newest events of a stream.
    let either = |table_name: &str, derived: bool| {
        if derived {
            let events = format!("{table_name}_events");
            format!(
                "source {events}: Row = embedded(\"{name}.{table_name}\") key k\ntable {table_name} = {events} |> latest by k\n"
            )
        } else {
            table(table_name)
        }
    };
    match case.operator {
        Operator::Totals => {
            text.push_str(&source("a", "Event"));
            let _ = writeln!(text, "stream out = a\n  |> group by k\n  |> {AGGREGATE}\n  |> emit changes");
        }
        Operator::Latest => {
            text.push_str(&source("a", "Event"));
            text.push_str("table out = a |> latest by k\n");
        }
        Operator::AggregateTable => {
            text.push_str(&table("a"));
            let _ = writeln!(text, "table out = a\n{GROUPED}");
        }
        Operator::Window { window, grace, emit } => {
            text.push_str(&source("a", "Event"));
            let emit = if emit == Emit::Changes { "changes" } else { "final" };
            let _ = writeln!(
                text,
                "stream out = a\n  |> group by k\n  |> window {}{}\n  |> {AGGREGATE}\n  |> emit {emit}",
                window_words(window),
                grace_words(grace)
            );
        }
        Operator::JoinStreams { kind, before, after, grace } => {
            if case.feed.one_topic {
                text.push_str(&source("s", "Event"));
                text.push_str("stream a = s |> filter side == \"a\"\nstream b = s |> filter side == \"b\"\n");
            } else {
                text.push_str(&source("a", "Event"));
                text.push_str(&source("b", "Event"));
            }
            let within = match (before, after) {
                (0, after) => format!("{after}us after"),
                (before, 0) => format!("{before}us before"),
                (before, after) => format!("{before}us before, {after}us after"),
            };
            let key = if kind == Kind::Outer { "k: k ?? right.k" } else { "k" };
            let _ = writeln!(
                text,
                "stream out = a\n  |> {}join b as right within {within} on k == right.k{}\n  |> map {{ {key}, l: v, r: right.v }}",
                kind_words(kind),
                grace_words(grace)
            );
        }
        Operator::JoinTable { kind, derived } => {
            text.push_str(&source("a", "Event"));
            text.push_str(&either("b", derived));
            let _ = writeln!(
                text,
                "stream out = a\n  |> {}join b as right by k\n  |> map {{ k, l: v, r: right.v }}",
                kind_words(kind)
            );
        }
        Operator::JoinSums { kind } => {
            text.push_str(&source("a", "Event"));
            text.push_str(&source("b_events", "Row").replace(".b_events", ".b"));
            text.push_str("table b = b_events |> group by k |> aggregate { v: sum(v) }\n");
            let _ = writeln!(
                text,
                "stream out = a\n  |> {}join b as right by k\n  |> map {{ k, l: v, r: right.v }}",
                kind_words(kind)
            );
        }
        Operator::JoinForeign { kind } => {
            text.push_str(&referring(name, "out", kind));
            text.push_str(&table("b"));
        }
        Operator::LookUpForeign { kind, tables } => {
            text.push_str(&referring(name, "rows", tables));
            text.push_str(&table("b"));
            text.push_str(&source("c", "Event"));
            let _ = writeln!(
                text,
                "stream out = c\n  |> {}join rows as row by k\n  |> map {{ k, l: v, r: row.v, rr: row.right.v }}",
                kind_words(kind)
            );
        }
        Operator::LookUpGroups { kind } => {
            text.push_str(&table("a"));
            text.push_str(&source("c", "Event"));
            let _ = writeln!(text, "table groups = a\n{GROUPED}");
            let _ = writeln!(
                text,
                "stream out = c\n  |> add {{ g: f\"g{{v % 3}}\" }}\n  |> {}join groups as row by g\n  |> map {{ g, l: v, n: row.n, total: row.total }}",
                kind_words(kind)
            );
        }
        Operator::JoinTables { kind, derived } => {
            text.push_str(&either("a", derived));
            text.push_str(&either("b", derived));
            let _ = writeln!(text, "table out = a\n  |> {}join b as right by k", kind_words(kind));
        }
    }
}

/// The table `made`: the rows of `a` with those of `b` that they refer to.
fn referring(name: &str, made: &str, kind: Kind) -> String {
    format!(
        "type Left {{ k: string, v: int, refers: string? }}\ntable a: Left = embedded(\"{name}.a\") key k\n\
         table {made} = a\n  |> {}join b as right on refers == right.k\n",
        kind_words(kind)
    )
}

fn kind_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Inner => "",
        Kind::Left => "left ",
        Kind::Outer => "outer ",
    }
}

fn grace_words(grace: i64) -> String {
    if grace == 0 { String::new() } else { format!(", grace {grace}us") }
}

fn window_words(window: Window) -> String {
    match window {
        Window::Hopping { size, advance } if size == advance => format!("tumbling {size}us"),
        Window::Hopping { size, advance } => format!("hopping {size}us every {advance}us"),
        Window::Session { gap } => format!("session gap {gap}us"),
        Window::Sliding { size } => format!("sliding {size}us"),
    }
}
