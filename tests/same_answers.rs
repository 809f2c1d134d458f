//! One answer, wherever a topology runs: Kafka, the embedded log, the driver of `test` blocks; in either spelling, on 1 and 4 partitions.

mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use support::{Process, repository, tidegate, until};
use tidegate_model::partition::partition_for;
use tidegate_sim::{Broker, Topics};

/// A ready topology with its sample events.
struct Case {
    name: &'static str,
    /// Source or table, its topic, and its file; tables first.
    inputs: &'static [(&'static str, &'static str, &'static str)],
    sink: &'static str,
    output: &'static str,
    /// Its other topics.
    routes: &'static [&'static str],
}

const VOLUME: Case = Case {
    name: "payment_volume",
    inputs: &[("payments", "payments", "payments.ndjson")],
    sink: "hourly",
    output: "payment-volume.hourly",
    routes: &["payments.malformed", "payments.late"],
};

const FRAUD: Case = Case {
    name: "fraud",
    inputs: &[
        ("blocklist", "card.blocklist", "blocklist.ndjson"),
        ("payments", "payments", "payments.ndjson"),
    ],
    sink: "alerts",
    output: "fraud.alerts",
    routes: &["payments.malformed", "card.blocklist.malformed"],
};

/// Rows of a day later, one for each of four partitions: they carry event time past every window of the sample.
fn closing(case: &Case) -> Vec<String> {
    if case.name != VOLUME.name {
        return Vec::new();
    }
    let mut cards: Vec<Option<String>> = vec![None; 4];
    for number in 0..100 {
        let card = format!("z{number}");
        cards[partition_for(card.as_bytes(), 4).0 as usize].get_or_insert(card);
    }
    let row = |card: String| {
        format!(
            r#"{{"id":"end","card":"{card}","amount":1.00,"country":"FR","status":"s","merchant":{{"id":"m","currency":"XXX"}},"at":1700090000000}}"#
        )
    };
    cards.into_iter().map(|card| row(card.expect("a hundred cards fill four partitions"))).collect()
}

fn rows(case: &Case, file: &str) -> Vec<String> {
    let path = repository(&format!("topologies/{}/{file}", case.name));
    let text = std::fs::read_to_string(path).expect("the sample is there");
    let mut rows: Vec<String> = text.lines().map(str::to_owned).collect();
    if file == "payments.ndjson" {
        rows.extend(closing(case));
    }
    rows
}

/// The rows that do not come from the closing events.
fn of_sample(rows: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    let mut set = BTreeSet::new();
    for row in rows.into_iter().filter(|row| !row.contains("XXX")) {
        assert!(set.insert(row.clone()), "{row} came twice");
    }
    set
}

fn on_the_embedded_log(case: &Case, spelling: &str, partitions: u32, dir: &Path) -> BTreeSet<String> {
    let output = dir.join("rows");
    let mut command = Command::new(tidegate());
    command
        .args(["--quiet", "run"])
        .arg(repository(&format!("topologies/{}/topology.{spelling}", case.name)));
    command.args(["--partitions", &partitions.to_string(), "--workers", &partitions.to_string()]);
    for (source, _, file) in case.inputs {
        let path = dir.join(file);
        std::fs::write(&path, rows(case, file).join("\n")).expect("written");
        command.arg("--input").arg(format!("{source}={}", path.display()));
    }
    command.arg("--output").arg(format!("{}={}", case.sink, output.display()));
    assert!(command.stdin(Stdio::null()).status().expect("started").success());
    of_sample(std::fs::read_to_string(output).expect("rows").lines().map(str::to_owned))
}

/// A row of JSON as the language writes it.
fn literal(value: &serde_json::Value, field: &str, out: &mut String) {
    match value {
        serde_json::Value::Object(fields) => {
            out.push_str("{ ");
            for (name, value) in fields {
                let _ = write!(out, "{name}: ");
                literal(value, name, out);
                out.push_str(", ");
            }
            out.push('}');
        }
        serde_json::Value::Number(number) if field == "at" => {
            let millis = number.as_i64().expect("milliseconds");
            let _ = write!(out, "@{}", tidegate_model::EventTime::from_millis(millis));
        }
        other => {
            let _ = write!(out, "{other}");
        }
    }
}

fn in_a_test_block(case: &Case, dir: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(repository(&format!("topologies/{}/topology.tide", case.name)));
    let text = text.expect("read");
    let declarations = text.split("\ntest ").next().expect("the part before the tests");
    let mut test = format!("{declarations}\ntest \"sample\" {{\n");
    for (source, _, file) in case.inputs {
        // What is no JSON, or of the wrong type, cannot be written in a test; elsewhere it goes to its route.
        let literals: Vec<String> = rows(case, file)
            .iter()
            .filter_map(|row| {
                let row: serde_json::Value = serde_json::from_str(row).ok()?;
                let mut out = String::new();
                literal(&row, "", &mut out);
                (!row["amount"].is_string()).then_some(out)
            })
            .collect();
        let _ = writeln!(test, "  {source} <- {}", literals.join(",\n    "));
    }
    let _ = writeln!(test, "  snapshot {}\n}}", case.sink);
    let path = dir.join("sample.tide");
    std::fs::write(&path, test).expect("written");
    let output = Command::new(tidegate()).args(["test", "--accept"]).arg(&path).output().expect("started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let snapshot = dir.join(format!("snapshots/sample/sample.{}.ndjson", case.sink));
    of_sample(std::fs::read_to_string(snapshot).expect("a snapshot").lines().map(str::to_owned))
}

fn on_kafka(case: &Case, broker: &Broker, partitions: u32, dir: &Path, count: usize) -> BTreeSet<String> {
    let topics = Topics::new(&broker.config());
    let prefix = format!("{}{partitions}", case.name);
    let name = |topic: &str| format!("{prefix}.{topic}");
    let text = std::fs::read_to_string(repository(&format!("topologies/{}/topology.tide", case.name)));
    let text = text
        .expect("read")
        .replace("kafka(\"", &format!("kafka(\"{prefix}."))
        .replace(&format!("topology {}", case.name), &format!("topology {prefix}"));
    let topology: PathBuf = dir.join("topology.tide");
    std::fs::write(&topology, text).expect("written");
    for topic in case.inputs.iter().map(|(_, topic, _)| *topic).chain(case.routes.iter().copied()) {
        topics.create(&name(topic), partitions as i32, &[]);
    }
    topics.create(&name(case.output), partitions as i32, &[]);
    for (_, topic, file) in case.inputs {
        let keyed: Vec<(String, String)> = rows(case, file)
            .into_iter()
            .map(|row| {
                let json: serde_json::Value = serde_json::from_str(&row).unwrap_or_default();
                (json["card"].as_str().unwrap_or("no card").to_owned(), row)
            })
            .collect();
        let records = keyed.iter().map(|(key, row)| (None, Some(key.as_bytes()), Some(row.as_bytes())));
        topics.produce(&name(topic), records);
    }
    let mut process = Process::run(&topology, &broker.address(), &dir.join("data"), &[]);
    let found = until(&format!("{count} rows of {prefix}"), || {
        assert!(process.exit().is_none(), "{}", process.told());
        let messages = topics.read_committed(&name(case.output));
        (messages.len() >= count).then_some(messages)
    });
    assert!(process.stop().success());
    of_sample(found.iter().map(tidegate_sim::Message::text))
}

fn is_the_same_everywhere(case: &Case, least: usize) {
    let dir = || tempfile::tempdir().expect("a directory");
    let right = on_the_embedded_log(case, "tide", 1, dir().path());
    assert!(right.len() >= least, "the sample gives rows: {right:?}");
    assert_eq!(on_the_embedded_log(case, "yaml", 1, dir().path()), right, "the YAML form");
    assert_eq!(on_the_embedded_log(case, "tide", 4, dir().path()), right, "4 partitions, 4 workers");
    assert_eq!(in_a_test_block(case, dir().path()), right, "a test block");
    let broker = Broker::start();
    for partitions in [1, 4] {
        let found = on_kafka(case, &broker, partitions, dir().path(), right.len());
        assert_eq!(found, right, "Kafka, {partitions} partitions");
    }
}

#[test]
fn payment_volume_is_the_same_everywhere() {
    is_the_same_everywhere(&VOLUME, 18);
}

#[test]
fn fraud_is_the_same_everywhere() {
    is_the_same_everywhere(&FRAUD, 3);
}
