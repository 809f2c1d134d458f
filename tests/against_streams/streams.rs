//! Kafka Streams: one Java process that answers all cases, one after the other.

use crate::case::Row;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex};

/// Started at the first question. It ends at the end of its standard input, so with this process.
static STREAMS: LazyLock<Mutex<Streams>> = LazyLock::new(|| Mutex::new(Streams::start()));

struct Streams {
    /// Kept, so that it is not lost sight of while it runs.
    _process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Streams {
    fn start() -> Streams {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/against_streams");
        let classpath = tidegate_sim::classpath("Kafka Streams", &dir.join("pom.xml"));
        let mut child = Command::new("java")
            .args(["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"])
            .args(["-Dorg.slf4j.simpleLogger.defaultLogLevel=off", "-cp", &classpath])
            .arg(dir.join("Answers.java"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("java can be started: install a JDK of version 17 or newer");
        let input = child.stdin.take().expect("it is piped");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        Streams { _process: child, input, output }
    }

    fn ask(&mut self, question: &str) -> std::io::Result<String> {
        writeln!(self.input, "{question}")?;
        self.input.flush()?;
        let mut answer = String::new();
        self.output.read_line(&mut answer)?;
        Ok(answer)
    }
}

/// The rows after each event.
pub fn ask(question: &str) -> Vec<Vec<Row>> {
    let mut streams = STREAMS.lock().expect("nobody has panicked with it");
    let answer = streams.ask(question).expect("Answers.java answers");
    drop(streams);
    let answer: Value = serde_json::from_str(&answer).unwrap_or_else(|error| {
        panic!("Answers.java has ended, or does not speak JSON ({error}): {answer:?}\nasked: {question}")
    });
    let steps = answer["steps"].as_array();
    let steps =
        steps.unwrap_or_else(|| panic!("Kafka Streams failed: {}\nasked: {question}", answer["error"]));
    steps.iter().map(|rows| rows.as_array().expect("rows").iter().map(row).collect()).collect()
}

fn row(row: &Value) -> Row {
    let window = row[1].as_i64().zip(row[2].as_i64());
    let values = row[3].as_array().map(|values| values.iter().map(Value::as_i64).collect());
    Row { key: row[0].as_str().expect("a key").to_owned(), window, values, time: row[4].as_i64() }
}
