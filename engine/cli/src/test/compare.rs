//! What was expected beside what came.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};
use std::fmt::Write;
use tidegate_model::test_case::ExpectedRow;

/// None: the rows are as expected, in this order.
pub fn difference(expected: &[ExpectedRow], got: &[String]) -> Option<String> {
    let parse = |text: &str| serde_json::from_str::<Value>(text).expect("rows are JSON");
    let got: Vec<Value> = got.iter().map(|row| parse(row)).collect();
    let expected: Vec<(Value, bool)> = expected.iter().map(|row| (parse(&row.json), row.open)).collect();
    let equal = expected.len() == got.len()
        && expected
            .iter()
            .zip(&got)
            .all(|((wanted, open), got)| if *open { holds(got, wanted) } else { wanted == got });
    if equal {
        return None;
    }
    // An open row is shown with the fields that came, so that only what matters differs.
    let mut wanted = String::new();
    for (index, (row, open)) in expected.iter().enumerate() {
        let filled = match got.get(index) {
            Some(got) if *open => overlay(got, row),
            _ => row.clone(),
        };
        let _ = writeln!(wanted, "{filled}");
    }
    let given = got.iter().fold(String::new(), |mut out, row| {
        let _ = writeln!(out, "{row}");
        out
    });
    Some(format!("{}(- expected, + came)\n", lines(&wanted, &given)))
}

/// Does `whole` have every field of `part`, with its value?
fn holds(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(name, part)| whole.get(name).is_some_and(|whole| holds(whole, part)))
        }
        (whole, part) => whole == part,
    }
}

fn overlay(whole: &Value, part: &Value) -> Value {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            let mut merged = whole.clone();
            for (name, part) in part {
                let value = whole.get(name).map_or_else(|| part.clone(), |whole| overlay(whole, part));
                merged.insert(name.clone(), value);
            }
            Value::Object(merged)
        }
        (_, part) => part.clone(),
    }
}

/// A diff by lines.
pub fn lines(before: &str, after: &str) -> String {
    let mut out = String::new();
    for change in TextDiff::from_lines(before, after).iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        let _ = write!(out, "{sign} {change}");
    }
    out
}
