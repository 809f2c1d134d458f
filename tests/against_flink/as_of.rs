//! Joins with the row that was a key's at a time, in both languages.

use crate::fed::{Of, Question};

/// `left`: an event without a row stays. `greater`: only rows with a greater value than the event's.
pub fn question(of: Of, left: bool, greater: bool, history: &'static str) -> Question {
    let (join, ours) = if left { ("LEFT JOIN", "left join") } else { ("JOIN", "join") };
    let (and, ours_on) = match greater {
        true => (" AND r.v > e.v", "on k == r.k and r.v > v"),
        false => ("", "by k"),
    };
    let sql = format!(
        "SELECT e.k, e.id, r.g, r.v FROM events AS e {join} facts FOR SYSTEM_TIME AS OF e.ts AS r ON e.k = r.k{and}"
    );
    let body = format!(
        "stream out = events |> {ours} facts as r {ours_on} as of at |> map {{ k, id, g: r.g, v: r.v }}\nsink out -> embedded(\"NAME.out\")\n"
    );
    Question { sql, body, history, is_table: false, is_shown_between: false, of, cases: Vec::new() }
}

pub fn questions() -> Vec<Question> {
    vec![
        // [as-of-read] Where the table's rows come first, whatever their times are, the answer is that of everything.
        question(Of::FactsThenEvents, true, false, ""),
        question(Of::FactsThenEvents, false, false, ""),
        question(Of::FactsThenEvents, true, true, ""),
        question(Of::FactsThenEvents, false, true, ", history 90d"),
        // [as-of-history] Events come later than rows of their time by less than the rows are kept.
        question(Of::Together, true, false, ", history 40s"),
        question(Of::Together, false, false, ", history 16s"),
    ]
}
