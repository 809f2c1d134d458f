//! Flink SQL: one Java process that answers all parts in one job.

use crate::case::Row;
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// How a result changes: a row comes, or goes.
#[derive(Clone, Debug)]
pub struct Change {
    pub comes: bool,
    pub row: Row,
}

/// How the result of each part changes, in order. `Answers.java` tells what a part is.
pub fn ask(parts: Vec<Value>) -> Vec<Vec<Change>> {
    let count = parts.len();
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/against_flink");
    let classpath = tidegate_sim::classpath("Flink SQL", &dir.join("pom.xml"));
    // Flink loads the program's classes anew, so they must lie in files.
    let classes = tempfile::tempdir().expect("a directory");
    let classpath = format!("{}:{classpath}", classes.path().display());
    let compiled = Command::new("javac")
        .args(["-nowarn", "-cp", &classpath, "-d"])
        .arg(classes.path())
        .arg(dir.join("Answers.java"))
        .status()
        .expect("javac can be started: install a JDK of version 17 or newer");
    assert!(compiled.success(), "Answers.java does not compile");
    let question = Value::Array(parts).to_string();
    let mut child = Command::new("java")
        .args([
            "-Xmx768m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xshare:auto",
            "-cp",
            &classpath,
            "Answers",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("java can be started: install a JDK of version 17 or newer");
    child.stdin.take().expect("it is piped").write_all(question.as_bytes()).expect("Answers.java reads");
    let output = child.wait_with_output().expect("Answers.java ends");
    assert!(output.status.success(), "Flink failed: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let mut answers = vec![Vec::new(); count];
    for line in text.lines() {
        let mut values = line.split('\t').map(str::to_owned);
        let part: usize = values.next().expect("the part").parse().expect("a number");
        let kind = values.next().expect("how it changes");
        answers[part].push(Change { comes: kind.starts_with('+'), row: values.collect() });
    }
    answers
}
