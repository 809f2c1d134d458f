//! `tidegate test`, as a person runs it: what it says, and its exit codes.

use std::path::Path;
use std::process::{Command, Output, Stdio};

fn test(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tidegate"))
        .arg("test")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .env("NO_COLOR", "1")
        .output()
        .expect("tidegate can be started")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    dir
}

const SIZES: &str = r#"topology sizes
source s: { id: string, n: int } = embedded("s") key id
stream sized = s |> map { id, size: if n > 9 { "large" } else { "small" }, part: { n, half: n / 2 } }
sink sized -> embedded("sized")
"#;

fn sizes(tests: &str) -> tempfile::TempDir {
    folder(&[("t.tide", &format!("{SIZES}{tests}"))])
}

#[test]
fn rows_that_differ_are_told_beside_what_is_like_them() {
    let dir = sizes(
        r#"test "another order" {
  s <- { id: "a", n: 1 }, { id: "b", n: 10 }
  expect sized == [ { id: "b", .. }, { id: "a", .. } ]
}
test "one is other, one is more" {
  s <- { id: "a", n: 1 }, { id: "b", n: 10 }, { id: "c", n: 3 }
  expect sized == [ { id: "b", size: "small", .. }, { id: "c", .. } ]
}
test "a part of a nested record" {
  s <- { id: "a", n: 4 }
  expect sized == [ { id: "a", size: "small", part: { half: 2, .. } } ]
}
test "all of a nested record" {
  s <- { id: "a", n: 4 }
  expect sized == [ { part: { n: 4, half: 3 }, .. } ]
}
"#,
    );
    let output = test(dir.path(), &["t.tide"]);
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    insta::assert_snapshot!("rows_that_differ", out(&output));
}

#[test]
fn only_a_name_that_is_there_can_be_chosen() {
    let dir = sizes("test \"ten is large\" {\n}\ntest \"nine is small\" {\n}\n");
    let output = test(dir.path(), &["t.tide", "--only", "large"]);
    assert_eq!(
        (output.status.code(), out(&output).as_str()),
        (Some(0), "ok    ten is large\n1 passed, 0 failed\n")
    );
    let output = test(dir.path(), &["t.tide", "--only", "lagre"]);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(2), ""));
    assert_eq!(
        err(&output),
        "error: --only \"lagre\": no test has this in its name; did you mean\n  ten is large\n"
    );
}

#[test]
fn nothing_is_counted_where_nothing_was_run() {
    let dir = sizes("test \"wrong\" {\n  s <- { id: 1, n: 1 }\n}\n");
    let output = test(dir.path(), &["t.tide"]);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(2), ""));
    assert!(err(&output).contains("error[T0301]"), "{}", err(&output));
    let dir = sizes("");
    let output = test(dir.path(), &["t.tide"]);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(0), "t.tide: has no tests\n"));
}

#[test]
fn a_snapshot_that_no_test_has_any_more_is_told_and_removed() {
    let one = |name: &str| {
        format!("{SIZES}test \"{name}\" {{\n  s <- {{ id: \"a\", n: 1 }}\n  snapshot sized\n}}\n")
    };
    let dir = folder(&[("t.tide", &one("before")), ("snapshots/t/notes.txt", "mine")]);
    assert_eq!(test(dir.path(), &["t.tide", "--accept"]).status.code(), Some(0));
    std::fs::write(dir.path().join("t.tide"), one("after")).expect("written");
    let gone = dir.path().join("snapshots/t/before.sized.ndjson");
    let told =
        "snapshots/t/before.sized.ndjson: no test has this snapshot any more (`--accept` removes it)\n";
    let output = test(dir.path(), &["t.tide"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(out(&output).contains(told), "{}", out(&output));
    // Who accepts one test does not decide on the others.
    assert!(out(&test(dir.path(), &["t.tide", "--accept", "--only", "after"])).contains(told));
    // The other spelling may have the test still; one that cannot be read is not known.
    let yaml = "topology: sizes\nsources:\n  s: { type: { id: string }, embedded: s, key: id }\n";
    for text in [
        yaml,
        &format!(
            "{yaml}streams:\n  sized: {{ from: s, steps: [] }}\nsinks:\n  sized: {{ embedded: sized }}\ntests:\n  - name: before\n    steps:\n      - snapshot: sized\n"
        ),
    ] {
        std::fs::write(dir.path().join("t.yaml"), text).expect("written");
        let wrong = text == yaml;
        let output = test(dir.path(), &["t.tide"]);
        assert_eq!(out(&output).contains(told), wrong, "{text}: {}", out(&output));
    }
    std::fs::write(dir.path().join("t.yaml"), "topology: [\n").expect("written");
    assert!(!out(&test(dir.path(), &["t.tide", "--accept"])).contains("removed"));
    std::fs::remove_file(dir.path().join("t.yaml")).expect("removed");
    let output = test(dir.path(), &["t.tide", "--accept"]);
    assert_eq!(
        out(&output),
        "ok    after\nremoved snapshots/t/before.sized.ndjson, which no test has any more\n1 passed, 0 failed\n"
    );
    assert!(!gone.exists() && dir.path().join("snapshots/t/notes.txt").exists());
}

#[test]
fn a_snapshot_with_the_same_rows_in_another_order_says_so() {
    let dir = sizes("test \"t\" {\n  s <- { id: \"a\", n: 1 }, { id: \"b\", n: 1 }\n  snapshot sized\n}\n");
    assert_eq!(test(dir.path(), &["t.tide", "--accept"]).status.code(), Some(0));
    let path = dir.path().join("snapshots/t/t.sized.ndjson");
    let kept = std::fs::read_to_string(&path).expect("kept");
    let other: Vec<&str> = kept.lines().rev().collect();
    std::fs::write(&path, other.join("\n") + "\n").expect("written");
    let output = test(dir.path(), &["t.tide"]);
    assert!(out(&output).contains("has the same rows in another order"), "{}", out(&output));
}

/// Each step that can fail, without a route of its own.
#[test]
fn errors_of_every_step_can_be_expected() {
    let dir = folder(&[(
        "t.tide",
        r#"topology t
source s: { id: string, n: int, ns: [int] } = embedded("s") key id
source c: { id: string, m: int } = embedded("c") key id
stream divided = s |> map match id { "out" => drop, _ => { id, share: 10 / n } }
stream each = s |> expand map(ns, x => 10 / x) as part
stream parts = s |> flat map map(ns, x => { whole: 10 / x })
stream summed = s |> group by id |> aggregate { shares: sum(10 / n) }
table latest_s = s |> latest by id
table latest_c = c |> latest by id
table both = latest_s |> left join latest_c as c by id where 10 / c.m > n
stream changed = latest_c |> changes where 10 / m != 3
sink divided -> embedded("divided")
sink each -> embedded("each")
sink parts -> embedded("parts")
sink summed -> embedded("summed")
sink both -> embedded("both")
sink changed -> embedded("changed")

test "errors" {
  s <- { id: "a", n: 0, ns: [0] }, { id: "b", n: 5, ns: [5] }
  c <- { id: "b", m: 0 }
  expect errors of divided.map == [ { code: "division_by_zero", step: "divided.map", .. } ]
  expect errors of each == [ { step: "each.expand", .. } ]
  expect errors of parts == [ { step: "parts.flat-map-expand", .. } ]
  expect errors of summed == [ { value: "{\"id\":\"a\",\"n\":0,\"ns\":[0]}", .. } ]
  expect errors of both == [ { step: "both.join", .. } ]
  expect errors of changed == [ { code: "division_by_zero", step: "changed.changes", .. } ]
}
"#,
    )]);
    let output = test(dir.path(), &["t.tide"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
}

const BRANCHES: &str = r#"topology t
use "shared.tide" { s }
table names: { id: string, name: string } = embedded("names") key id
stream split = s |> filter n > 0 |> branch { large if n > 9, small if n > 1, else rest }
stream named = large |> join names as t by id where n < 1000
stream again = small |> via embedded("again") |> group by id |> aggregate { n: count() }
stream gone = rest |> dedupe by id within 1h |> map { id }
sink named -> embedded("named")
sink again -> embedded("again.counts")
sink gone -> embedded("gone")

test "small ones" {
  s <- { id: "a", n: 3 }, { id: "b", n: 0 }
  expect again == [ { n: 1, .. } ]
}
"#;

#[test]
fn steps_that_no_test_reached_are_told() {
    let shared = "topology shared\nsource s: { id: string, n: int } = embedded(\"s\") key id\nsink s -> embedded(\"copy\")\n";
    let dir = folder(&[("t.tide", BRANCHES), ("shared.tide", shared)]);
    let output = test(dir.path(), &["t.tide", "--coverage"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    insta::assert_snapshot!("coverage", out(&output));
    let short = out(&test(dir.path(), &["t.tide"]));
    assert!(short.contains("steps were reached by no test (`--coverage` lists them)\n1 passed"), "{short}");
    // A part of the tests says nothing of the whole.
    let part = out(&test(dir.path(), &["t.tide", "--only", "small"]));
    assert_eq!(part, "ok    small ones\n1 passed, 0 failed\n");
    let rest = "test \"the others\" {\n  names <- { id: \"c\", name: \"C\" }\n  s <- { id: \"c\", n: 10 }, { id: \"d\", n: 1 }\n  expect named == [ { id: \"c\", .. } ]\n}\n";
    std::fs::write(dir.path().join("t.tide"), format!("{BRANCHES}{rest}")).expect("written");
    let output = test(dir.path(), &["t.tide", "--coverage"]);
    assert_eq!(out(&output), "ok    small ones\nok    the others\n2 passed, 0 failed\n");
}

#[test]
fn tests_that_need_nothing_that_is_lacking_are_run() {
    let topology = r#"topology t
source s: { id: string, n: int, at: timestamp, due: timestamp } = embedded("s") key id time at
source made: { id: string } = generate(every: 1s, { id: pick("a", "b") }) key id
stream kept = s |> filter n > 0
stream later = s |> schedule at due by id
global table names: { id: string, name: string } = embedded("names") key id
table newest = s |> latest by id
table much = newest |> left join names as of_name by id
stream copy = made |> filter id != ""
sink kept -> embedded("kept")
sink later -> websocket("/later")
sink much -> embedded("much")
sink copy -> embedded("copy")
"#;
    let runs = r#"test "what can run" {
  s <- { id: "a", n: 1, at: @10:00, due: @11:00 }
  made <- { id: "made" }
  expect kept == [ { id: "a", .. } ]
  expect copy == [ { id: "made" } ]
}
"#;
    let lacks = "test \"what cannot\" {\n  expect much == []\n}\n";
    let dir = folder(&[("t.tide", &format!("{topology}{runs}{lacks}"))]);
    let output = test(dir.path(), &["t.tide"]);
    assert_eq!(output.status.code(), Some(2), "{}{}", out(&output), err(&output));
    insta::assert_snapshot!("lacking", out(&output));
    assert_eq!(err(&output).matches("error[T0901]").count(), 1, "{}", err(&output));
    std::fs::write(dir.path().join("t.tide"), format!("{topology}{runs}")).expect("written");
    let output = test(dir.path(), &["t.tide", "--coverage"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    assert_eq!(out(&output), "ok    what can run\n1 passed, 0 failed\n");
    assert!(err(&output).contains("some of its steps cannot run yet"), "{}", err(&output));
}

#[test]
fn a_record_that_is_malformed_fails_its_test() {
    let text = r#"topology t
source s: { id: string, n: int, note: string } = embedded("s") key id
  malformed -> embedded("bad")
stream large = s |> filter n > 9 |> select id
sink large -> embedded("large")
test "passes for nothing" {
  s <- { id: "a", note: "n is read, and missing" }
  expect large == []
}
test "what nobody reads may be left out" {
  s <- { id: "a", n: 10 }
  expect large == [ { id: "a" } ]
}
test "meant so" {
  s <- raw "{\"id\": \"a\"}"
  expect large == []
  expect malformed s == [ { code: "missing", .. } ]
}
"#;
    let dir = folder(&[("t.tide", text)]);
    let output = test(dir.path(), &["t.tide"]);
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    insta::assert_snapshot!("malformed_record", out(&output));
}

const SPENT: &str = r#"topology spent
source p: { card: string, amount: int, at: timestamp } = embedded("p") key card time at, out_of_order 30s
stream spent = p |> group by card |> window tumbling 1h, grace 5m, late -> embedded("late") |> aggregate { total: sum(amount) } |> filter total > 5
stream order = p |> rolling 1h by card ordered { n: count() }
sink spent -> embedded("spent")
sink order -> embedded("order")
"#;

#[test]
fn why_a_row_is_missing_is_told() {
    let tests = r#"test "not final yet" {
  p <- { card: "c", amount: 9, at: @10:00 }
  advance to @11:00
  expect spent == [ { card: "c", window: { start: @10:00, end: @11:00 }, total: 9 } ]
}
test "not final, of any window" {
  p <- { card: "c", amount: 9, at: @10:00 }
  expect spent == [ { card: "c", total: 9, .. } ]
}
test "final, and another" {
  p <- { card: "c", amount: 9, at: @10:00 }
  advance to @11:05
  expect spent == [ { card: "c", window: { start: @10:00, end: @11:00 }, total: 8 } ]
}
test "late for an order" {
  p <- { card: "c", amount: 1, at: @10:00 }, { card: "c", amount: 1, at: @09:00 }
  advance to @12:00
  expect order == [ { n: 1, .. }, { n: 2, .. } ]
}
test "no rows" {
  snapshot spent
}
"#;
    let dir = folder(&[("t.tide", &format!("{SPENT}{tests}"))]);
    let output = test(dir.path(), &["t.tide"]);
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    insta::assert_snapshot!("missing_rows", out(&output));
}
