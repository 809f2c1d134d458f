//! The program on the embedded log, as a person runs it: outputs, exit codes, bad input, kill -9.

mod support;

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use support::{oracle, pause, repository, tidegate};
use tidegate_sim::payments::{Payment, Payments};

fn run(arguments: &[&str]) -> Output {
    Command::new(tidegate())
        .args(arguments)
        .current_dir(repository(""))
        .stdin(Stdio::null())
        .output()
        .expect("tidegate can be started")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

const VOLUME: &str = "topologies/payment_volume";

#[test]
fn the_demo_gives_the_rows_that_are_kept() {
    for spelling in ["tide", "yaml"] {
        let output = run(&[
            "run",
            &format!("{VOLUME}/topology.{spelling}"),
            "--input",
            &format!("payments={VOLUME}/payments.ndjson"),
            "--output",
            "hourly=-",
        ]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        insta::assert_snapshot!("demo", text(&output.stdout));
    }
}

#[test]
fn tests_of_the_ready_topologies_pass() {
    let files: Vec<String> = ["payment_volume", "fraud", "order_loyalty"]
        .iter()
        .flat_map(|name| ["tide", "yaml"].map(|spelling| format!("topologies/{name}/topology.{spelling}")))
        .collect();
    let mut arguments = vec!["test"];
    arguments.extend(files.iter().map(String::as_str));
    let output = run(&arguments);
    assert!(output.status.success(), "{}", text(&output.stdout));
    insta::assert_snapshot!("test", text(&output.stdout));
}

#[test]
fn every_step_gives_what_was_worked_out_by_hand() {
    let files = [
        "steps.tide",
        "tables.tide",
        "lists.tide",
        "lists.yaml",
        "collections.tide",
        "aggregates.tide",
        "aggregates.yaml",
        "failing_rows.tide",
    ];
    let files: Vec<String> = files.iter().map(|file| format!("tests/topologies/{file}")).collect();
    let mut arguments = vec!["test"];
    arguments.extend(files.iter().map(String::as_str));
    let output = run(&arguments);
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn functions_give_what_was_worked_out_by_hand() {
    let output = run(&["test", "tests/topologies/functions.tide"]);
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

/// Branches, a way through a topic, cases, data files, and what is set aside: in both spellings where a file has both.
#[test]
fn tests_of_every_form_pass() {
    let files = [
        "tests/topologies/branches.tide",
        "dsl/tests/right/tests.tide",
        "dsl/tests/right/tests.yaml",
        "dsl/tests/right/uses.tide",
        "dsl/tests/right/uses.yaml",
    ];
    for file in files {
        let output = run(&["test", file]);
        assert!(output.status.success(), "{file}: {}{}", text(&output.stdout), text(&output.stderr));
        assert!(text(&output.stdout).contains(" passed, 0 failed"));
    }
}

/// An expectation of what is set aside fails when something else was.
#[test]
fn a_wrong_expectation_of_what_is_set_aside_fails() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("t.tide");
    let declared = "topology t\nsource s: { n: int } = embedded(\"s\")\nstream r = s |> map { share: 10 / n }\nsink r -> embedded(\"r\")\n\
        test \"a\" {\n  s <- { n: 0 }, { n: 5 }\n  expect errors of r.map == []\n}\n\
        test \"b\" {\n  s <- { n: 5 }\n  expect malformed of s == [ { value: \"x\", .. } ]\n}\n";
    std::fs::write(&path, declared).expect("written");
    let output = run(&["test", &path.display().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stdout);
    assert!(told.contains("0 passed, 2 failed") && told.contains("division_by_zero"), "{told}");
}

/// What the language has and the engine lacks is checked and explained, and not run; tests that need nothing of it are.
#[test]
fn what_the_engine_lacks_is_refused_by_run_and_skipped_by_test() {
    for (file, tested, told) in [("topologies/bike_stations/topology.tide", 0, 0)] {
        assert!(run(&["check", file]).status.success(), "{file}");
        assert!(text(&run(&["explain", file]).stdout).contains("cannot run yet"), "{file}");
        for (command, code, told) in [("run", 2, 1), ("test", tested, told)] {
            let output = run(&[command, file]);
            assert_eq!(output.status.code(), Some(code), "{command} {file}: {}", text(&output.stdout));
            assert_eq!(text(&output.stderr).matches("error[T0901]").count(), told, "{command} {file}");
        }
    }
}

#[test]
fn params_are_given_on_the_command_line() {
    let file = "topologies/fraud/topology.tide";
    assert!(run(&["check", file, "--param", "max_per_5m=9"]).status.success());
    assert!(
        !run(&["test", file, "--param", "max_per_5m=9"]).status.success(),
        "the sixth payment is not one too many then"
    );
    let wrong = run(&["check", file, "--param", "max_per_6m=9"]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(text(&wrong.stdout).contains("T0309"), "{}", text(&wrong.stdout));
}

/// An event with one element that cannot be used is set aside as a whole, once, and as it came.
#[test]
fn a_failed_element_sets_its_event_aside_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = |name: &str| dir.path().join(name).display().to_string();
    let declared = "topology t\nenum Kind { a, b }\n\
        source s: { ns: [int], kind: Kind } = embedded(\"s\")\n  malformed -> embedded(\"s.malformed\")\n\
        stream each = s |> expand map(ns, n => 10 / n) as part, errors -> embedded(\"s.errors\") |> select kind, part\n\
        sink each -> embedded(\"each\")\n";
    std::fs::write(file("t.tide"), declared).expect("written");
    let events = "{\"ns\":[5,2],\"kind\":\"a\"}\n{\"ns\":[1,0,0],\"kind\":\"b\"}\n{\"ns\":[1],\"kind\":\"c\"}\n\
        {\"ns\":[1,\"2\"],\"kind\":\"a\"}\n{\"ns\":[],\"kind\":\"a\"}\n";
    std::fs::write(file("in.ndjson"), events).expect("written");
    let output = run(&[
        "run",
        &file("t.tide"),
        "--input",
        &format!("s={}", file("in.ndjson")),
        "--output",
        &format!("each={}", file("each")),
        "--output",
        &format!("s.errors={}", file("errors")),
        "--output",
        &format!("s.malformed={}", file("malformed")),
    ]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let read = |name: &str| std::fs::read_to_string(file(name)).expect("the file is there");
    assert_eq!(read("each"), "{\"kind\":\"a\",\"part\":2}\n{\"kind\":\"a\",\"part\":5}\n");
    let aside = |name: &str| -> Vec<(String, String)> {
        let row = |line: &str| {
            let row: serde_json::Value = serde_json::from_str(line).expect("rows are JSON");
            let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
            (text(&row["headers"]["tidegate.code"]), text(&row["value"]))
        };
        read(name).lines().map(row).collect()
    };
    let told = |code: &str, value: &str| (code.to_owned(), value.to_owned());
    assert_eq!(aside("errors"), [told("division_by_zero", "{\"ns\":[1,0,0],\"kind\":\"b\"}")]);
    assert_eq!(
        aside("malformed"),
        [
            told("wrong_type", "{\"ns\":[1],\"kind\":\"c\"}"),
            told("wrong_type", "{\"ns\":[1,\"2\"],\"kind\":\"a\"}")
        ]
    );
}

/// An event whose condition fails goes to the errors' route, and nowhere else.
#[test]
fn a_failed_condition_sets_the_event_aside_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let (topology, input, errors) =
        (dir.path().join("t.tide"), dir.path().join("in.ndjson"), dir.path().join("errors"));
    let declared = "topology t\nsource s: { n: int } = embedded(\"s\")\n\
        stream kept = s |> filter not (10 / n > 3), errors -> embedded(\"s.errors\")\nsink kept -> embedded(\"kept\")\n";
    std::fs::write(&topology, declared).expect("written");
    std::fs::write(&input, "{\"n\":0}\n{\"n\":1}\n{\"n\":10}\n").expect("written");
    let output = run(&[
        "run",
        &topology.display().to_string(),
        "--input",
        &format!("s={}", input.display()),
        "--output",
        "kept=-",
        "--output",
        &format!("s.errors={}", errors.display()),
    ]);
    assert_eq!(text(&output.stdout), "{\"n\":10}\n", "{}", text(&output.stderr));
    let errors = std::fs::read_to_string(errors).expect("written");
    assert_eq!(errors.lines().count(), 1);
    assert!(errors.contains("division_by_zero") && errors.contains(r#""value":"{\"n\":0}""#), "{errors}");
}

#[test]
fn a_failed_test_shows_what_came() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("topology.tide");
    let right = std::fs::read_to_string(repository(&format!("{VOLUME}/topology.tide"))).expect("read");
    std::fs::write(&path, right.replace("volume: 7.00, payments: 1", "volume: 7.50, payments: 1"))
        .expect("written");
    let output = run(&["test", &path.display().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(
        "failed_test",
        text(&output.stdout).replace(&dir.path().display().to_string(), "DIR")
    );
}

/// What a change keeps is told before it is run, from the old file or from what its runs have left; and `run` says the same.
#[test]
fn a_plan_tells_what_a_change_keeps_begins_anew_and_refuses() {
    let dir = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    };
    let old = "topology t\nsource s: { id: int, key: int } = embedded(\"s\") key id\n\
        stream totals = s |> group by key |> aggregate { n: count() }\n\
        stream seen = s |> dedupe by id within 1h\n\
        sink totals -> embedded(\"totals\")\nsink seen -> embedded(\"seen\")\n";
    let changed = old
        .replace("{ n: count() }", "{ n: count(), ids: sum(id) }")
        .replace("stream seen = s |>", "stream seen = s |> filter id > 0 |>")
        .replace("sink seen -> embedded(\"seen\")", "stream fresh = s |> dedupe by key within 1m\nsink fresh -> embedded(\"fresh\")\nsink seen -> embedded(\"seen.positive\")");
    let (old, changed) = (write("old.tide", old), write("new.tide", &changed));
    let input = write("in.ndjson", "{\"id\":1,\"key\":2}\n");
    let data = dir.path().join("data").display().to_string();
    let input = format!("s={input}");
    let ran = run(&["run", &old, "--data", &data, "--input", &input]);
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    let against_file = run(&["plan", &changed, "--against", &old]);
    assert_eq!(against_file.status.code(), Some(1));
    insta::assert_snapshot!("plan_against_file", text(&against_file.stdout));
    let against_data = run(&["plan", &changed, "--against", &data]);
    assert_eq!(against_data.status.code(), Some(1));
    insta::assert_snapshot!("plan_against_data", text(&against_data.stdout));
    assert_eq!(run(&["plan", &old, "--against", &data]).status.code(), Some(0));
    let refused = run(&["run", &changed, "--data", &data, "--input", &input]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("it was made by another topology"), "{}", text(&refused.stderr));
}

#[test]
fn bad_topologies_and_bad_options_start_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    let broken = dir.path().join("broken.tide");
    std::fs::write(&broken, "topology t\nsource s: { a: int } = kafka(\"s\")\nsink s -> kafka(\"s\")\n")
        .expect("written");
    let (data, broken) = (data.display().to_string(), broken.display().to_string());
    let volume = format!("{VOLUME}/topology.tide");
    let missing = format!("payments={}", dir.path().join("missing.ndjson").display());
    for arguments in [
        vec!["run", &broken, "--data", &data],
        vec!["run", "no-such-file.tide", "--data", &data],
        vec!["run", &volume, "--data", &data],
        vec!["run", &volume, "--data", &data, "--input", "paymens=-"],
        vec!["run", &volume, "--data", &data, "--input", &missing],
        vec!["run", &volume, "--data", &data, "--input", "payments=-", "--output", "hourl=-"],
        vec!["run", &volume, "--data", &data, "--brokers", "localhost:1", "--kafka", "group.id=x"],
        vec!["run", &volume, "--data", &data, "--brokers", "localhost:1", "--kafka", "linger"],
    ] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains("error"), "{arguments:?} says why");
        assert!(!Path::new(&data).exists(), "{arguments:?} made nothing");
    }
}

/// One record of each kind that cannot be used, and where it goes.
#[test]
fn what_cannot_be_used_goes_where_the_topology_says_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let input = dir.path().join("payments.ndjson");
    let good = |id: &str, at: &str| {
        format!(
            r#"{{"id":"{id}","card":"c1","amount":1.50,"country":"FR","status":"s","merchant":{{"id":"m","currency":"EUR"}},"at":"{at}"}}"#
        )
    };
    let lines = [
        good("p1", "2024-01-01T10:00:00Z"),
        "{\"id\":".to_owned(),
        good("p2", "2024-01-01T10:00:00Z").replace("1.50", "\"much\""),
        good("p3", "2024-01-01T10:00:00Z").replace("\"country\":\"FR\",", ""),
        good("p4", "2024-01-01T10:00:00Z").replace("\"card\":\"c1\"", "\"card\":null"),
        good("p5", "2024-01-01T10:00:00Z").replace("\"FR\"", &format!("\"{}\"", "x".repeat(1_100_000))),
        format!("another\t{}", good("p6", "2024-01-01T10:00:00Z")),
        good("p7", "2024-01-01T13:00:00Z"),
        good("p8", "2024-01-01T10:30:00Z"),
    ];
    std::fs::write(&input, lines.join("\n")).expect("written");
    let (malformed, late) = (dir.path().join("malformed"), dir.path().join("late"));
    let output = run(&[
        "run",
        &format!("{VOLUME}/topology.tide"),
        "--input",
        &format!("payments={}", input.display()),
        "--output",
        "hourly=-",
        "--output",
        &format!("payments.malformed={}", malformed.display()),
        "--output",
        &format!("payments.late={}", late.display()),
    ]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told = |path: &Path| -> String {
        let lines = std::fs::read_to_string(path).expect("written");
        let rows = lines.lines().map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let header = |name: &str| row["headers"][name].as_str().unwrap_or("").to_owned();
            format!(
                "{}-{}@{} {}: {}\n",
                header("tidegate.topic"),
                header("tidegate.partition"),
                header("tidegate.offset"),
                header("tidegate.code"),
                header("tidegate.message")
            )
        });
        rows.collect()
    };
    insta::assert_snapshot!(
        "bad_input",
        format!("{}malformed:\n{}late:\n{}", text(&output.stdout), told(&malformed), told(&late))
    );
}

/// As many records are there as before, so no offset tells that they are others.
#[test]
fn a_global_table_whose_topic_was_made_anew_has_no_row_of_the_old_one() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    };
    let topology = file(
        "g.tide",
        r#"topology g
source evs: { id: int, k: string, at: timestamp } = embedded("evs") key k time at
global table names: { k: string, name: string } = embedded("names") key k
stream out = evs |> left join names as n by k |> map { id, name: n.name ?? "none" }
sink out -> embedded("out")
"#,
    );
    let data = dir.path().join("data");
    let rows = |names: &str| {
        let names = format!("names={}", file("names.ndjson", &format!("{names}\n")));
        let evs = r#"{"id":1,"k":"a","at":1}"#.to_owned() + "\n" + r#"{"id":2,"k":"x","at":2}"# + "\n";
        let evs = format!("evs={}", file("evs.ndjson", &evs));
        let output = run(&[
            "run",
            &topology,
            "--input",
            &names,
            "--input",
            &evs,
            "--output",
            "out=-",
            "--data",
            &data.display().to_string(),
        ]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    assert_eq!(rows(r#"{"k":"a","name":"A"}"#), "{\"id\":1,\"name\":\"A\"}\n{\"id\":2,\"name\":\"none\"}\n");
    std::fs::remove_dir_all(data.join("log")).expect("removed");
    assert_eq!(rows(r#"{"k":"x","name":"X"}"#), "{\"id\":1,\"name\":\"none\"}\n{\"id\":2,\"name\":\"X\"}\n");
}

/// Of rows that are the same but for their keys, which nothing reads, the one that changes is the one that moves.
#[test]
fn equal_rows_of_a_ranked_table_keep_the_order_of_their_keys() {
    let dir = tempfile::tempdir().expect("a directory");
    let topology = dir.path().join("ranked.tide");
    let declared = r#"topology ranked
table scores: { player: string, team: string, score: int, note: string } = embedded("scores") key player
table best = scores |> top 1 by score per team |> select team, rank, note
sink best -> embedded("best")
"#;
    std::fs::write(&topology, declared).expect("written");
    let ranked = |players: &[(&str, &str)]| {
        let line = |(player, note): &(&str, &str)| {
            format!("{{\"player\":\"{player}\",\"team\":\"t\",\"score\":5,\"note\":\"{note}\"}}\n")
        };
        let scores = dir.path().join("scores.ndjson");
        let mut file = std::fs::File::options().create(true).append(true).open(&scores).expect("open");
        file.write_all(players.iter().map(line).collect::<String>().as_bytes()).expect("written");
        let output = run(&[
            "run",
            &topology.display().to_string(),
            "--input",
            &format!("scores={}", scores.display()),
            "--output",
            "best=-",
            "--data",
            &dir.path().join("data").display().to_string(),
        ]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let first = ranked(&[("a", "old"), ("b", "old")]);
    assert!(first.contains("old"), "{first}");
    assert_eq!(ranked(&[("b", "new")]), "", "`a` is still the first");
    assert!(ranked(&[("a", "newer")]).contains("newer"));
}

/// What others could read is closed to them, as it is made closed.
#[test]
fn a_data_directory_is_its_owners_only() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    let input = format!("payments={VOLUME}/payments.ndjson");
    let shown = data.display().to_string();
    let file = format!("{VOLUME}/topology.tide");
    let start = || run(&["run", &file, "--input", &input, "--output", "hourly=-", "--data", &shown]);
    assert!(start().status.success());
    let parts = ["log", "state/payment_volume"].map(|part| data.join(part));
    let mode = |part: &Path| std::fs::metadata(part).expect("there").permissions().mode() & 0o777;
    assert_eq!(parts.each_ref().map(|part| mode(part)), [0o700, 0o700]);
    for part in &parts {
        std::fs::set_permissions(part, Permissions::from_mode(0o755)).expect("set");
    }
    assert!(start().status.success());
    assert_eq!(parts.each_ref().map(|part| mode(part)), [0o700, 0o700]);
}

#[test]
fn without_a_route_the_topology_stops_at_the_record() {
    let dir = tempfile::tempdir().expect("a directory");
    let input = dir.path().join("payments.ndjson");
    std::fs::write(&input, "{\"id\":\"p1\"\n").expect("written");
    let output =
        run(&["run", "tests/topologies/w1_filter.tide", "--input", &format!("payments={}", input.display())]);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!("poison", text(&output.stderr));
}

/// Behind a repartition the record that it stops at is there already, and nothing was read of it that no step needs.
#[test]
fn a_route_that_is_given_when_it_has_stopped_behind_a_repartition_lets_it_go_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = |name: &str| dir.path().join(name).display().to_string();
    let rows = [(1, 2), (2, 0), (3, 5)].map(|(id, parts)| {
        format!(r#"{{"id":{id},"card":"c","amount":10,"parts":{parts},"note":"read by nobody","at":{id}}}"#)
    });
    std::fs::write(path("pays.ndjson"), rows.join("\n") + "\n").expect("written");
    let ran = |errors: &str| {
        let declared = format!(
            "topology shares\n\
             source pays: {{ id: int, card: string, amount: int, parts: int, note: string, at: timestamp }} = embedded(\"pays\") key id time at\n\
             stream each = pays |> repartition by card |> map {{ id, each: amount / parts }}{errors}\n\
             sink each -> embedded(\"each\")\n"
        );
        std::fs::write(path("shares.tide"), declared).expect("written");
        let input = format!("pays={}", path("pays.ndjson"));
        let (topology, data, aside) =
            (path("shares.tide"), path("data"), format!("aside={}", path("aside.ndjson")));
        let mut arguments = vec!["run", &topology, "--input", &input, "--output", "each=-", "--data", &data];
        if !errors.is_empty() {
            arguments.extend(["--output", &aside]);
        }
        run(&arguments)
    };
    let output = ran("");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("division by zero"), "{}", text(&output.stderr));
    let output = ran(", errors -> embedded(\"aside\")");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains(r#"{"id":3,"each":2}"#), "{}", text(&output.stdout));
    let aside = std::fs::read_to_string(path("aside.ndjson")).expect("readable");
    assert!(aside.contains(r#"{\"id\":2,\"amount\":10,\"parts\":0}"#), "{aside}");
}

fn payments(count: u64) -> Vec<Payment> {
    let payments = Payments { seed: 3, cards: 2_000, step_ms: 100, disorder_ms: 5_000 };
    (0..count).map(|n| payments.payment(n)).collect()
}

/// Killed at any moment, a run with `--data` goes on where it had committed.
#[test]
fn kill_9_loses_and_doubles_nothing() {
    const EVENTS: u64 = 300_000;
    const KILLS: u64 = 8;
    let dir = tempfile::tempdir().expect("a directory");
    let (input, data) = (dir.path().join("payments.ndjson"), dir.path().join("data"));
    let (large, velocity, hourly) =
        (dir.path().join("large"), dir.path().join("velocity"), dir.path().join("hourly"));
    let cards = dir.path().join("cards.ndjson");
    let payments = payments(EVENTS);
    let mut rows = Vec::new();
    for payment in &payments {
        payment.write_json(&mut rows);
        rows.push(b'\n');
    }
    std::fs::write(&input, rows).expect("written");
    std::fs::write(&cards, "").expect("written");
    let start = || {
        Command::new(tidegate())
            .args(["--quiet", "run", "tests/topologies/everything.tide", "--data"])
            .arg(&data)
            .args(["--workers", "2", "--partitions", "2"])
            .arg("--input")
            .arg(format!("payments={}", input.display()))
            .arg("--input")
            .arg(format!("cards={}", cards.display()))
            .arg("--output")
            .arg(format!("large={}", large.display()))
            .arg("--output")
            .arg(format!("velocity={}", velocity.display()))
            .arg("--output")
            .arg(format!("hourly={}", hourly.display()))
            .current_dir(repository(""))
            .spawn()
            .expect("started")
    };
    for kill in 0..KILLS {
        let mut child = start();
        pause(Duration::from_millis(60 + kill * 40));
        child.kill().expect("killed");
        child.wait().expect("ended");
    }
    assert!(start().wait().expect("ended").success());
    let lines = |path: &Path| -> Vec<String> {
        let mut lines: Vec<String> =
            std::fs::read_to_string(path).expect("written").lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let sorted = |mut rows: Vec<String>| {
        rows.sort();
        rows
    };
    let right = payments.iter().filter(|payment| oracle::is_large(payment));
    let right = sorted(right.map(|payment| text(&payment.json())).collect());
    assert!(lines(&large) == right, "{} rows, {} are right", lines(&large).len(), right.len());
    let right: Vec<String> = (0..2)
        .flat_map(|partition| {
            oracle::velocity(payments.iter().filter(move |payment| payment.partition(2) == partition))
        })
        .collect();
    assert!(right.len() > 1_000, "there is something to find");
    assert!(lines(&velocity) == sorted(right), "the rolling counts are right");
    assert_eq!(lines(&hourly), oracle::hourly(payments.iter(), 0, i64::MAX));
}
