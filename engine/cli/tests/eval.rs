//! `tidegate eval` as a person or a script runs it: values, types, errors, and a conversation through a pipe.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const ORDERS: &str = "topology orders
enum Status { placed, paid }
type Order { id: string, total: decimal(18,2), status: Status, note: string?, tags: [string], at: timestamp }
param least: int = 3
fn twice(n: int) -> int = n * 2
source orders: Order = kafka(\"orders\") key id
stream large = orders |> filter total > 10.00
sink large -> kafka(\"large\")
";

/// A folder with `orders.tide`.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("orders.tide"), ORDERS).expect("write");
    dir
}

/// Runs it with these arguments and this input: what it shows on both outputs, and its exit code.
fn eval(folder: &Path, arguments: &[&str], input: &str) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tidegate"))
        .arg("eval")
        .args(arguments)
        .current_dir(folder)
        .env_remove("TIDEGATE_LOG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("tidegate can be started");
    // One that was given an expression does not read.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!(
        "{}{}exit code {}\n",
        text(&output.stdout),
        text(&output.stderr),
        output.status.code().expect("it was not killed")
    )
}

/// Each with its line above what it shows.
fn all(folder: &Path, runs: &[&[&str]]) -> String {
    let shown = runs.iter().map(|arguments| {
        let quoted: Vec<String> = arguments
            .iter()
            .map(
                |argument| {
                    if argument.contains(' ') { format!("'{argument}'") } else { (*argument).to_owned() }
                },
            )
            .collect();
        format!("$ tidegate eval {}\n{}", quoted.join(" "), eval(folder, arguments, ""))
    });
    shown.collect::<Vec<_>>().join("\n")
}

#[test]
fn an_expression_has_a_value_and_a_type() {
    let dir = folder();
    insta::assert_snapshot!(all(
        dir.path(),
        &[
            &["10.00 / 3"],
            &["upper(\"ab\")"],
            &["{ a: [1, 2], b: { \"k\": 1h30m } }"],
            &["null"],
            &["amount * 2", "--event", r#"{"amount": 10.00, "tags": []}"#],
            &[
                "it",
                "--event",
                r#"{"id": "p1", "n": 5, "ratio": 1e3, "at": "2026-01-01T10:00:00Z", "m": null}"#
            ],
            &["timestamp(at) + 1h", "--event", r#"{"at": "2026-01-01T10:00:00Z"}"#],
            &["twice(least)", "--file", "orders.tide", "--param", "least=5"],
            &[
                "{ id, stage: match status { paid => 1, placed => 0 }, on: date(at), note }",
                "--file",
                "orders.tide",
                "--type",
                "Order",
                "--event",
                r#"{"id": "o1", "total": "12.5", "status": "paid", "tags": [], "at": 1767261600000}"#,
            ],
        ]
    ));
}

#[test]
fn what_is_wrong_is_shown_as_the_check_shows_it() {
    let dir = folder();
    std::fs::write(dir.path().join("wrong.tide"), "topology a\nsink b\n").expect("write");
    insta::assert_snapshot!(all(
        dir.path(),
        &[
            &["1 +"],
            &["\"a\" * 2"],
            &["amuont", "--event", r#"{"amount": 1}"#],
            &["amount"],
            &["sum(1)"],
            &["9223372036854775807 + 1"],
            &["1 / n", "--event", r#"{"n": 0}"#],
            &["int(text)", "--event", r#"{"text": "many"}"#],
            &["1", "--event", "[1]"],
            &["1", "--file", "wrong.tide"],
            &["1", "--file", "none.tide"],
            &["1", "--file", "orders.tide", "--type", "Ordr"],
            &["total", "--file", "orders.tide", "--type", "Order"],
            &["total", "--file", "orders.tide", "--type", "orders", "--event", r#"{"id": 5}"#],
        ]
    ));
    let usage = eval(dir.path(), &["1", "--type", "Order"], "");
    assert!(usage.contains("--file") && usage.ends_with("exit code 2\n"), "{usage}");
}

#[test]
fn machines_get_lines_of_json() {
    let dir = folder();
    let runs: &[&[&str]] = &[
        &["{ a: 1.50, b: @2026-01-01T10:00:00Z, c: null ?? \"x\" }"],
        &["1 / 0 * n", "--event", r#"{"n": 0}"#],
        &["x"],
        &["total", "--file", "orders.tide", "--type", "Order"],
    ];
    let json = runs.iter().map(|run| eval(dir.path(), &[run, &["--format", "json"][..]].concat(), ""));
    let json: Vec<String> = json.collect();
    for line in json.iter().flat_map(|shown| shown.lines()).filter(|line| !line.starts_with("exit code")) {
        serde_json::from_str::<serde_json::Value>(line).expect("each line is JSON");
    }
    insta::assert_snapshot!(json.concat());
}

/// Each line above what it is answered with.
#[test]
fn a_conversation_through_a_pipe() {
    let dir = folder();
    let lines = [
        "// what is on the table",
        "1 + 2",
        "amount",
        "event",
        "event { \"amount\": 10.00, \"tags\": [\"a\", \"b\"] }",
        "amount * 3",
        ":type amount / 3",
        "let total = amount * 3",
        "event {\n  \"amount\": 1.5\n}",
        "[total, amount]",
        "event",
        "map([1, 2],\n  x => x + 1)",
        "let it = 3",
        "let x",
        "amuont",
        "evnt { \"amount\": 1 }",
        "event { \"amount\": }",
        "hlep",
        "help lowr",
        "help truncate",
        "help error T0302",
        "help error overflow",
        "help error T9999",
        ":typ 1",
        "9223372036854775807 + 1",
        "\"never closed",
        "quit",
        "1",
    ];
    let shown = lines.iter().enumerate().map(|(upto, line)| {
        // A fresh run up to this line; what it adds is the answer.
        let before = eval(dir.path(), &[], &(lines[..upto].join("\n") + "\n"));
        let with = eval(dir.path(), &[], &(lines[..=upto].join("\n") + "\n"));
        let answers = |shown: &str| shown.rsplit_once("exit code").expect("its code").0.to_owned();
        let (before, with) = (answers(&before), answers(&with));
        format!("> {line}\n{}", with.strip_prefix(&before).expect("what was said stays"))
    });
    insta::assert_snapshot!(shown.collect::<String>());
    assert!(eval(dir.path(), &[], "1\n2").ends_with("2 : int\nexit code 0\n"));
    assert!(eval(dir.path(), &[], "1\nx\n").ends_with("exit code 1\n"));
    assert!(eval(dir.path(), &[], "").ends_with("exit code 0\n"));
}

#[test]
fn a_conversation_about_a_file() {
    let dir = folder();
    let lines = "least\ntwice(least)\ntotal\n:type total * 2\nevent { \"id\": \"o1\", \"total\": 12.5, \"status\": \"paid\", \"tags\": [], \"at\": 0 }\ntotal * 2\nstatus == \"payed\"\nhelp\n";
    insta::assert_snapshot!(eval(dir.path(), &["--file", "orders.tide", "--type", "Order"], lines));
    insta::assert_snapshot!(
        "a_conversation_of_machines",
        eval(dir.path(), &["--format", "json"], "1 + 1\n:type 1.5\nlet a = 2\na / 0\nb\n")
    );
}

#[test]
fn the_schema_is_written_whole() {
    let output = Command::new(env!("CARGO_BIN_EXE_tidegate")).arg("schema").output().expect("it runs");
    assert!(output.status.success());
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dsl/reference/topology.schema.json");
    assert!(output.stdout == std::fs::read(kept).expect("it is there"));
}
