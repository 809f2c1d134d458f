//! An operator in both languages.

use crate::case::Row;
use crate::pattern::{Pattern, Skip};

#[derive(Clone, Copy)]
pub enum Operator {
    Session { gap: i64 },
    Cumulate { step: i64, size: i64 },
    Match { pattern: &'static Pattern, skip: Skip, within: i64 },
}

const AGGREGATES: &str = "COUNT(*), SUM(id), MIN(v), MAX(v)";

impl Operator {
    /// The steps of the stream `out`, behind the source `events`.
    pub fn steps(self) -> String {
        let window = match self {
            Operator::Session { gap } => format!("session gap {gap}s"),
            Operator::Cumulate { step, size } => format!("cumulate {size}s every {step}s"),
            Operator::Match { pattern, skip, within } => {
                let (elements, skip) = (pattern.elements, skip.ours());
                return format!(
                    "|> match by k within {within}s {{ {elements} }}{skip} |> map {{ {} }}",
                    pattern.row
                );
            }
        };
        format!(
            "|> group by k |> window {window} |> aggregate {{ n: count(), ids: sum(id), low: min(v), high: max(v) }} |> emit final"
        )
    }

    /// The query over the table `events`.
    pub fn sql(self) -> String {
        let windows = match self {
            Operator::Session { gap } => {
                format!("SESSION(TABLE events PARTITION BY k, DESCRIPTOR(ts), INTERVAL '{gap}' SECOND)")
            }
            Operator::Cumulate { step, size } => {
                format!(
                    "CUMULATE(TABLE events, DESCRIPTOR(ts), INTERVAL '{step}' SECOND, INTERVAL '{size}' SECOND)"
                )
            }
            Operator::Match { pattern, skip, within } => {
                let skip = skip.sql();
                let Pattern { measures, pattern, define, .. } = pattern;
                // [within-inclusive]
                return format!(
                    "SELECT * FROM events MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts MEASURES {measures} ONE ROW PER MATCH \
                     AFTER MATCH SKIP {skip} PATTERN ({pattern}) WITHIN INTERVAL '{within}.001' SECOND DEFINE {define})"
                );
            }
        };
        format!(
            "SELECT k, window_start, window_end, {AGGREGATES} FROM TABLE({windows}) GROUP BY k, window_start, window_end"
        )
    }

    /// [session-touch] Times of sessions are even, as watermarks are, and gaps are odd: nothing is just in reach.
    pub fn seconds_of_a_step(self) -> i64 {
        if matches!(self, Operator::Session { .. }) { 2 } else { 1 }
    }

    /// Flink's row as it is to be here.
    pub fn as_ours(self, mut row: Row) -> Row {
        if let Operator::Session { gap } = self {
            // [session-end]
            let end: i64 = row[2].parse().expect("milliseconds");
            row[2] = (end - gap * 1_000).to_string();
        }
        row
    }
}
