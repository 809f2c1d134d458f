//! What the server offers where something is being written.

use crate::client::{TEXT, URI, YAML, YAML_URI, completions};
use std::fmt::Write as _;

/// The text with one line in place of the declaration that begins with these words.
fn with(declaration: &str) -> String {
    let text = TEXT.replace("param wrong: int = = 5\n", "");
    format!("{text}\n{declaration}\n")
}

#[test]
fn completion_offers_what_the_check_would_take() {
    let cases = [
        ("a declaration", with("s▮")),
        ("a step", with("stream x = payments\n  // 💶\n  |> ▮")),
        ("a step, others behind", with("stream x = payments\n  |> f▮\n  |> map { card }")),
        ("an input", with("stream x = ▮")),
        ("inputs", with("stream x = merge payments, v▮")),
        ("a field", with("stream x = payments |> filter f\"💶\" == id and c▮")),
        ("a field, nothing written", with("stream x = payments |> filter ▮")),
        ("fields of a record", with("stream x = payments |> map { a: f\"💶 {merchant.▮")),
        ("in a function's arguments", with("stream x = payments |> add { a: upper(▮) }")),
        ("a key", with("stream x = payments |> group by ▮")),
        ("a key of rolling", with("stream x = payments |> rolling 5m by ▮")),
        ("an aggregate", with("stream x = payments |> group by card |> aggregate { n: ▮ }")),
        ("in an aggregate", with("stream x = payments |> group by card |> aggregate { n: sum(▮) }")),
        ("behind a branch", with("stream x = payments |> add { a: if amount > 1.0 { merchant.▮")),
        ("a table to join", with("stream x = payments |> join ▮")),
        ("a type", with("source x: ▮")),
        ("a type in a function", with("fn f(p: P▮")),
        ("an argument in a function", with("fn f(p: Payment) -> string = p.▮")),
        ("clauses of a source", with("source x: Payment = kafka(\"x\") ▮")),
        ("an event time", with("source x: Payment = kafka(\"x\") time ▮")),
        ("options of a sink", with("sink velocity -> kafka(\"💶\", ▮)")),
        ("a sink", with("sink ▮")),
        ("a window", with("stream x = payments |> group by card |> window ▮")),
        ("when to emit", with("stream x = payments |> group by card |> aggregate { n: count() } |> emit ▮")),
        ("in a test", with("test \"a\" {\n  expect ▮\n}")),
        ("in a comment", with("stream x = payments // c▮")),
        ("in a text", with("stream x = payments |> filter id == \"💶 c▮\"")),
    ];
    let mut told = String::new();
    for (what, text) in cases {
        let last = text.trim_end().rsplit("\n}\n").next().unwrap_or_default().trim();
        let _ = writeln!(told, "== {what}: {last}\n{}", completions(&text, URI));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn completion_in_yaml_offers_keys_and_names() {
    let cases = [
        ("a section", YAML.replace("sinks:", "si▮\nsinks:")),
        ("a key of a source", YAML.replace("    time: at\n", "    time: at\n    ▮\n")),
        ("a step", format!("{}\n", YAML.replace("      - filter:", "      - ▮\n      - filter:"))),
        ("a type", YAML.replace("type: Payment", "type: P▮")),
        ("an input", YAML.replace("from: payments", "from: ▮")),
        ("an expression", YAML.replace("n > limit", "▮ > limit")),
        ("a key", YAML.replace("by: card", "by: ▮")),
    ];
    let mut told = String::new();
    for (what, text) in cases {
        let _ = writeln!(told, "== {what}\n{}", completions(&text, YAML_URI));
    }
    insta::assert_snapshot!(told);
}
