//! `top N by E per K` in both languages.

use crate::fed::{Of, Question};

const OUT: &str = "sink out -> embedded(\"NAME.out\", compacted, timestamps: millis)\n";

/// The first `count` rows of `from` by the columns `order`, with their place.
fn sql(columns: &str, from: &str, per: &str, order: &str, count: u32) -> String {
    format!(
        "SELECT {columns}, rn FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY {per} ORDER BY {order}) AS rn FROM {from}) WHERE rn <= {count}"
    )
}

fn question(of: Of, sql: String, table: &str) -> Question {
    Question {
        sql,
        body: format!("{table}{OUT}"),
        history: "",
        is_table: true,
        is_shown_between: true,
        of,
        cases: Vec::new(),
    }
}

/// Of events, which are only added. Equal ones stay as they came.
fn of_events(step: &str, per: &str, order: &str, count: u32) -> Question {
    let sql = sql("k, c, v, id, ms", "events", per, order, count);
    question(Of::Events, sql, &format!("table out = events |> top {count} {step}\n"))
}

/// Of a table, whose rows change, go, and come to another key.
pub fn of_facts(step: &str, per: &str, order: &str, count: u32) -> Question {
    let sql = sql("k, c, g, v", "facts", per, order, count);
    question(Of::Facts, sql, &format!("table out = facts |> top {count} {step}\n"))
}

/// Of sums, which change with every event.
fn of_sums(step: &str, order: &str, count: u32) -> Question {
    let from = "(SELECT c, k, COUNT(*) AS n, SUM(v - 2) AS s FROM events GROUP BY c, k)";
    let sql = sql("c, k, n, s", from, "c", order, count);
    question(
        Of::Events,
        sql,
        &format!(
            "table sums = events |> group by c, k |> aggregate {{ n: count(), s: sum(v - 2) }}\ntable out = sums |> top {count} {step}\n"
        ),
    )
}

/// Of the rows of each window, which Flink ranks when it has all of them; here each task gives its own when it comes to the window's end.
fn of_windows(window: &str, windows: &str, count: u32) -> Question {
    let bounds = "c, k, window_start, window_end";
    let from =
        format!("(SELECT {bounds}, COUNT(*) AS n, SUM(v) AS s FROM TABLE({windows}) GROUP BY {bounds})");
    let sql =
        sql(&format!("{bounds}, n, s"), &from, "c, window_start, window_end", "n DESC, s DESC, k ASC", count);
    let question = question(
        Of::Events,
        sql,
        &format!(
            "stream sums = events |> group by c, k |> window {window} |> aggregate {{ n: count(), s: sum(v) }} |> emit final\n\
             table out = sums |> top {count} by n, s, k asc per (c, window.start)\n"
        ),
    );
    Question { is_shown_between: false, ..question }
}

pub fn questions() -> Vec<Question> {
    let tumble = "TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '10' SECOND)";
    let hop = "HOP(TABLE events, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '15' SECOND)";
    vec![
        of_events("by v per k", "k", "v DESC", 1),
        of_events("by v asc, id desc per k", "k", "v ASC, id DESC", 3),
        of_events("by v per c", "c", "v DESC", 4),
        // [top-by-key] Equal rows of a table are told apart by their keys.
        of_facts("by v, k asc per g", "g", "v DESC, k ASC", 2),
        of_facts("by v asc, k desc per c", "c", "v ASC, k DESC", 1),
        of_facts("by k asc per (g, v)", "g, v", "k ASC", 2),
        of_sums("by s, k asc per c", "s DESC, k ASC", 2),
        of_sums("by n, k asc per c", "n DESC, k ASC", 3),
        of_windows("tumbling 10s", tumble, 1),
        of_windows("hopping 15s every 5s", hop, 2),
    ]
}
