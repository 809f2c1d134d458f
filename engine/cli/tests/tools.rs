//! The program's tools on files, as a person or a script runs them: what they write, and their exit codes.

use std::path::Path;
use std::process::{Command, Output, Stdio};

fn tidegate(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tidegate"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("tidegate can be started")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn what_new_makes_is_right_and_its_tests_pass() {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, example) in [("volume", "payment-volume"), ("alerts", "fraud")] {
        let made = tidegate(dir.path(), &["new", name, "--example", example]);
        assert!(made.status.success(), "{made:?}");
        let folder = dir.path().join(name);
        let checked = tidegate(&folder, &["check", "--deny-warnings", "topology.tide"]);
        assert!(checked.status.success(), "{checked:?}");
        let tested = tidegate(&folder, &["test", "topology.tide"]);
        assert!(tested.status.success(), "{}", out(&tested));
        // The last line that was told runs as it stands.
        let told = out(&made);
        let line =
            told.lines().last().and_then(|line| line.trim().strip_prefix("tidegate ")).expect("a command");
        let run = tidegate(&folder, &line.split(' ').collect::<Vec<_>>());
        assert!(run.status.success() && !run.stdout.is_empty(), "{run:?}");
    }
    assert_eq!(tidegate(dir.path(), &["new", "volume"]).status.code(), Some(1), "it is there already");
    assert_eq!(tidegate(dir.path(), &["new", "my-topology"]).status.code(), Some(1));
}

#[test]
fn fmt_rewrites_tells_and_leaves_wrong_files() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("a.tide");
    std::fs::write(&path, "topology   a\n").expect("write");
    let checked = tidegate(dir.path(), &["fmt", "--check", "a.tide"]);
    assert_eq!((checked.status.code(), out(&checked).as_str()), (Some(1), "a.tide\n"));
    assert!(tidegate(dir.path(), &["fmt", "a.tide"]).status.success());
    assert_eq!(std::fs::read_to_string(&path).expect("read"), "topology a\n");
    assert!(tidegate(dir.path(), &["fmt", "--check", "a.tide"]).status.success());
    std::fs::write(&path, "topology   a\nsink   b\n").expect("write");
    assert_eq!(tidegate(dir.path(), &["fmt", "a.tide"]).status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(&path).expect("read"), "topology   a\nsink   b\n");
}

#[test]
fn check_has_forms_for_machines_and_exit_codes() {
    let dir = tempfile::tempdir().expect("a folder");
    let warned = "topology a\nsource s: { id: string, card: string } = kafka(\"s\") key id\nstream o = s |> rolling 5m by card { n: count() }\nsink o -> kafka(\"o\")\n";
    std::fs::write(dir.path().join("warned.tide"), warned).expect("write");
    std::fs::write(dir.path().join("wrong.tide"), "topology a\nsink b\n").expect("write");
    let code = |arguments: &[&str]| tidegate(dir.path(), &[&["check"], arguments].concat()).status.code();
    assert_eq!(code(&["warned.tide"]), Some(0));
    assert_eq!(code(&["--deny-warnings", "warned.tide"]), Some(1));
    assert_eq!(code(&["warned.tide", "wrong.tide"]), Some(1));
    assert_eq!(code(&["none.tide"]), Some(1));
    assert_eq!(code(&["--format", "none", "warned.tide"]), Some(2));
    let json = tidegate(dir.path(), &["check", "--format", "json", "warned.tide", "wrong.tide"]);
    for line in out(&json).lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("each line is JSON");
    }
    let sarif = tidegate(dir.path(), &["check", "--format", "sarif", "warned.tide", "wrong.tide"]);
    let log: serde_json::Value = serde_json::from_str(&out(&sarif)).expect("one log");
    assert_eq!(log["runs"][0]["results"].as_array().map(Vec::len), Some(2));
}

#[test]
fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = tidegate(Path::new("."), &["completions", shell]);
        assert!(output.status.success() && out(&output).contains("convert"), "{shell}");
    }
}

/// Rows that no `--output` writes are not lost, and a file that was read is not read again: both look like nothing, and are told.
#[test]
fn run_says_where_rows_are_and_why_nothing_was_new() {
    let dir = tempfile::tempdir().expect("a folder");
    let topology = "topology t\nsource s: { id: string, n: int } = embedded(\"s\") key id\nstream a = s |> filter n > 1\nsink a -> embedded(\"rows.a\")\nsink s -> embedded(\"rows.s\")\n";
    std::fs::write(dir.path().join("t.tide"), topology).expect("write");
    std::fs::write(dir.path().join("s.ndjson"), "{\"id\":\"1\",\"n\":5}\n").expect("write");
    let said = |arguments: &[&str]| {
        let all = [&["run", "t.tide", "--input", "s=s.ndjson"], arguments].concat();
        let output = tidegate(dir.path(), &all);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert_eq!(
        said(&[]),
        "t: 1 records in, 2 out\n  the rows of rows.a, rows.s went with this run's log, since there is no --data; `--output a=FILE` (or `=-`) writes them out\n"
    );
    let kept = "  the rows of rows.a, rows.s are kept in the log of data; `--output a=FILE` (or `=-`) writes them out\n";
    assert_eq!(said(&["--data", "data"]), format!("t: 1 records in, 2 out\n{kept}"));
    assert_eq!(
        said(&["--data", "data", "--output", "a=a.ndjson"]),
        "t: 0 records in, 0 out\n  nothing was new for `s`: an earlier run with this --data has read the file to its end\n"
    );
    assert_eq!(said(&["--data", "data", "--quiet"]), "");
}

#[test]
fn a_run_that_is_refused_shows_no_rows_of_an_earlier_one() {
    let dir = tempfile::tempdir().expect("a folder");
    let run = |computed: &str, arguments: &[&str]| {
        let topology = format!(
            "topology t\nsource s: {{ id: string, n: int }} = embedded(\"s\") key id\nstream sums = s |> group by id |> aggregate {{ {computed} }}\nsink sums -> embedded(\"sums\")\nsink s -> embedded(\"rows\")\n"
        );
        std::fs::write(dir.path().join("t.tide"), topology).expect("write");
        tidegate(
            dir.path(),
            &[&["run", "t.tide", "--data", "data", "--input", "s=s.ndjson"], arguments].concat(),
        )
    };
    std::fs::write(dir.path().join("s.ndjson"), "{\"id\":\"1\",\"n\":5}\n").expect("write");
    assert!(run("count: count()", &[]).status.success());
    let refused = run("count: count(), sum: sum(n)", &["--output", "sums=-"]);
    assert_eq!((refused.status.code(), out(&refused).as_str()), (Some(1), ""), "{refused:?}");
    let again = run("count: count()", &["--output", "sums=-"]);
    assert_eq!(
        (again.status.code(), out(&again).as_str()),
        (Some(0), "{\"id\":\"1\",\"count\":1}\n"),
        "{again:?}"
    );
}
