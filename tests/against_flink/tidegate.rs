//! Tidegate: the program on the embedded log, a process for each part.

use crate::case::{Part, Row, Rows};
use crate::support::tidegate;
use serde_json::Value;
use std::fmt::Write as _;
use std::process::Command;

pub fn ask(part: &Part) -> Rows {
    let dir = tempfile::tempdir().expect("a directory");
    let (topology, events) = (dir.path().join("part.tide"), dir.path().join("events.ndjson"));
    std::fs::write(&topology, text(part)).expect("written");
    let mut lines = String::new();
    for (key, id, ms, event) in part.events() {
        let _ = writeln!(lines, r#"{{"k":"{key}","v":{},"id":{id},"at":{ms}}}"#, event.v);
    }
    std::fs::write(&events, lines).expect("written");
    let output = Command::new(tidegate())
        .args(["--quiet", "run"])
        .arg(&topology)
        .arg("--input")
        .arg(format!("events={}", events.display()))
        .args(["--output", "out=-"])
        .output()
        .expect("tidegate can be started");
    assert!(output.status.success(), "{}{}", text(part), String::from_utf8_lossy(&output.stderr));
    let mut rows = Rows::new();
    for line in String::from_utf8(output.stdout).expect("text").lines() {
        let mut row = Row::new();
        flatten(&serde_json::from_str(line).expect("rows are JSON"), &mut row);
        assert!(rows.insert(row), "no row comes twice: {line}");
    }
    rows
}

fn text(part: &Part) -> String {
    format!(
        "topology part\nsource events: {{ k: string, v: int, id: int, at: timestamp }} = embedded(\"events\") key k time at, out_of_order {}s\n\
         stream out = events\n  {}\nsink out -> embedded(\"out\", timestamps: millis)\n",
        part.delay,
        part.operator.steps()
    )
}

/// The values of a row, one behind the other.
pub fn flatten(value: &Value, row: &mut Row) {
    match value {
        Value::Object(fields) => fields.values().for_each(|value| flatten(value, row)),
        Value::String(text) => row.push(text.clone()),
        other => row.push(other.to_string()),
    }
}
