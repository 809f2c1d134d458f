//! Rows that leave by HTTP, on the embedded log: in order for each key, at least once through kills, and nothing in silence.

#[path = "support/http_server.rs"]
mod http_server;
mod support;

use http_server::{HttpServer, Request, ok};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::{Process, pause, repository, size_of, tidegate, until};
use tidegate_sim::{Broker, Topics};

const TOKEN: &str = "s3cr3t-of-the-crm";
const KEYS: u64 = 20;

/// Revision after revision of some contacts.
fn contacts(count: u64) -> String {
    let mut text = String::new();
    for number in 0..count {
        let (id, rev, at) = (number % KEYS, number / KEYS, 1_772_323_200_000 + number as i64);
        let _ = writeln!(text, r#"{{"id":"c{id}","name":"n{number}","rev":{rev},"at":{at}}}"#);
    }
    text
}

struct Bed {
    dir: tempfile::TempDir,
    topology: String,
}

impl Bed {
    fn new(events: &str) -> Bed {
        let text = std::fs::read_to_string(repository("tests/topologies/crm.tide")).expect("read");
        Bed::with(events, &text)
    }

    fn with(events: &str, topology: &str) -> Bed {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("contacts.ndjson"), events).expect("written");
        let path = dir.path().join("crm.tide");
        std::fs::write(&path, topology).expect("written");
        Bed { dir, topology: path.display().to_string() }
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    fn command(&self, arguments: &[&str], url: &str) -> Command {
        let mut command = Command::new(tidegate());
        command.args(arguments).env("CRM_URL", url).env("CRM_TOKEN", TOKEN).stdin(Stdio::null());
        for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy", "HTTPS_PROXY"] {
            command.env_remove(proxy);
        }
        command
    }

    /// Runs the topology on its contacts, with this directory for its data.
    fn run(&self, url: &str) -> Output {
        self.runner(url).output().expect("it runs")
    }

    fn runner(&self, url: &str) -> Command {
        let input = format!("contacts={}", self.path("contacts.ndjson"));
        let failed = format!("contacts.failed={}", self.path("failed.ndjson"));
        let data = self.path("data");
        self.command(&["run", &self.topology, "--input", &input, "--output", &failed, "--data", &data], url)
    }

    fn failed(&self) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(Path::new(&self.path("failed.ndjson"))).expect("written");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn revisions(requests: &[Request]) -> BTreeMap<String, Vec<u64>> {
    let mut revisions: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for request in requests {
        let id = request.field("id").as_str().expect("a text").to_owned();
        revisions.entry(id).or_default().push(request.field("rev").as_u64().expect("a number"));
    }
    revisions
}

/// Each row has one idempotency key, and each key one row.
fn assert_keys_tell_rows_apart(requests: &[Request]) {
    let mut keys: BTreeMap<&str, &str> = BTreeMap::new();
    let mut rows: BTreeMap<&str, &str> = BTreeMap::new();
    for request in requests {
        let key = request.header("idempotency-key").expect("each request has one");
        assert_eq!(*keys.entry(&request.body).or_insert(key), key, "a row keeps its key");
        assert_eq!(*rows.entry(key).or_insert(&request.body), request.body, "a key stays with its row");
    }
}

#[test]
fn rows_arrive_in_order_for_each_key() {
    let bed = Bed::new(&contacts(2_000));
    let server = HttpServer::start(|_, _| ok());
    let output = bed.run(&server.url("/contacts"));
    assert!(output.status.success(), "{}", told(&output));
    assert!(
        told(&output).contains("named.sink: 2000 sent, 0 retried, 0 failed, 0 waiting"),
        "{}",
        told(&output)
    );
    let requests = server.requests();
    assert_eq!(requests.len(), 2_000);
    for (id, revisions) in revisions(&requests) {
        assert!(revisions.is_sorted() && revisions.len() == 100, "{id}: {revisions:?}");
    }
    assert_keys_tell_rows_apart(&requests);
    let first = &requests[0];
    assert_eq!((first.method.as_str(), first.path.as_str()), ("PUT", "/contacts"));
    assert_eq!(first.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    assert_eq!(first.header("content-type"), Some("application/json"));
}

#[test]
fn what_may_get_better_is_sent_again_with_the_same_key_and_holds_back_its_own_key_only() {
    let bed = Bed::new(&contacts(200));
    let server = HttpServer::start(|request, before| match (request.field("id").as_str(), before) {
        (Some("c3"), 0..3) => (503, Vec::new(), "busy".to_owned()),
        (Some("c4"), 0) => (429, vec![("Retry-After", "0".to_owned())], String::new()),
        _ => ok(),
    });
    let output = bed.run(&server.url("/"));
    assert!(output.status.success(), "{}", told(&output));
    assert!(told(&output).contains("200 sent, 40 retried, 0 failed"), "{}", told(&output));
    let requests = server.requests();
    assert_keys_tell_rows_apart(&requests);
    let revisions = revisions(&requests);
    let four_times: Vec<u64> = (0..10).flat_map(|rev| [rev; 4]).collect();
    assert_eq!(revisions["c3"], four_times, "a row is taken before the next of its key is sent");
    assert_eq!(revisions["c5"], (0..10).collect::<Vec<u64>>());
    assert!(bed.failed().is_empty());
}

#[test]
fn what_is_refused_goes_to_its_route_with_the_cause_and_can_be_sent_again_mended() {
    let bed = Bed::new(&contacts(60));
    let server = HttpServer::start(|request, _| match request.field("name").as_str() {
        Some("n7") => (400, Vec::new(), format!("no such name (token {TOKEN})")),
        _ => ok(),
    });
    let output = bed.run(&server.url("/"));
    assert!(output.status.success(), "{}", told(&output));
    let failed = bed.failed();
    assert_eq!(failed.len(), 1, "{failed:?}");
    let header = |name: &str| failed[0]["headers"][name].as_str().map(str::to_owned);
    assert_eq!(header("tidegate.route").as_deref(), Some("failed"));
    assert_eq!(header("tidegate.code").as_deref(), Some("http_400"));
    assert_eq!(
        header("tidegate.message").as_deref(),
        Some("answered 400 Bad Request: no such name (token [secret])")
    );
    assert_eq!(header("tidegate.step").as_deref(), Some("named.sink"));
    assert_eq!(failed[0]["key"], "c7");
    let refused =
        server.requests().into_iter().find(|request| request.field("name") == "n7").expect("it came");
    assert_eq!(header("tidegate.idempotency-key").as_deref(), refused.header("idempotency-key"));

    let data = bed.path("data");
    let replay = |more: &[&str]| {
        let arguments = [&["dlq", "replay", &bed.topology, "failed", "--data", &data], more].concat();
        let output = bed.command(&arguments, "http://127.0.0.1:9/").output().expect("it runs");
        assert!(output.status.success(), "{}", told(&output));
        told(&output)
    };
    assert!(
        replay(&["--edit", "s/\"n7\"/\"mended\"/"])
            .contains("1 sent back to crm.named.sink-outbox (1 mended)")
    );
    assert!(replay(&[]).contains("0 sent back"), "a row is sent back once");
    let before = server.requests().len();
    assert!(bed.run(&server.url("/")).status.success());
    let after = server.requests().split_off(before);
    assert_eq!(after.len(), 1, "{after:?}");
    assert_eq!((after[0].field("name"), after[0].field("id")), ("mended".into(), "c7".into()));
    assert_ne!(
        after[0].header("idempotency-key"),
        refused.header("idempotency-key"),
        "another row has another key"
    );
}

#[test]
fn a_row_that_used_its_attempts_up_goes_to_the_route_with_the_last_cause() {
    let text = std::fs::read_to_string(repository("tests/topologies/crm.tide")).expect("read");
    let bed = Bed::with(&contacts(3), &text.replace("100ms, 1000", "100ms, 4"));
    let server = HttpServer::start(|_, _| (502, Vec::new(), "away".to_owned()));
    let output = bed.run(&server.url("/"));
    assert!(output.status.success(), "{}", told(&output));
    assert_eq!(server.requests().len(), 12);
    for failed in bed.failed() {
        assert_eq!(failed["headers"]["tidegate.code"], "not_delivered");
        assert_eq!(
            failed["headers"]["tidegate.message"],
            "not taken in 4 attempts; the last one: answered 502 Bad Gateway: away"
        );
    }
    assert_eq!(bed.failed().len(), 3);
}

#[test]
fn without_a_route_the_topology_stops_at_the_row_and_mended_it_goes_on() {
    let text = std::fs::read_to_string(repository("tests/topologies/crm.tide")).expect("read");
    let without = text.replace("  failed -> kafka(\"contacts.failed\"),\n", "");
    let bed = Bed::with(&contacts(40), &without);
    let run = |url: &str| {
        let input = format!("contacts={}", bed.path("contacts.ndjson"));
        let data = bed.path("data");
        bed.command(&["run", &bed.topology, "--input", &input, "--data", &data], url)
            .output()
            .expect("it runs")
    };
    let strict = HttpServer::start(|request, _| match request.field("name").as_str() {
        Some("n7") => (422, Vec::new(), "what is n7?".to_owned()),
        _ => ok(),
    });
    let output = run(&strict.url("/"));
    assert_eq!(output.status.code(), Some(1));
    let stopped = "crm.named.sink-outbox-0@7: http_422: answered 422 Unprocessable Content: what is n7?\n  in `named.sink` (line 13); add `failed -> kafka(\"…\")` there";
    assert!(told(&output).contains(stopped), "{}", told(&output));
    let server = HttpServer::start(|_, _| ok());
    let output = run(&server.url("/"));
    assert!(output.status.success(), "{}", told(&output));
    let names = |requests: &[Request]| -> BTreeSet<String> {
        requests.iter().map(|request| request.field("name").to_string()).collect()
    };
    let all: BTreeSet<String> =
        names(&strict.requests()).union(&names(&server.requests())).cloned().collect();
    assert_eq!(all.len(), 40, "nothing is lost");
    assert!(names(&server.requests()).contains("\"n7\""));
}

#[test]
fn killed_runs_deliver_each_row_at_least_once_with_its_own_key() {
    const KILLS: u64 = 6;
    let bed = Bed::new(&contacts(3_000));
    let server = HttpServer::start(|_, _| {
        // As long as it takes for a kill to meet rows on their way.
        pause(Duration::from_millis(3));
        ok()
    });
    let url = server.url("/");
    let start = || -> Child { bed.runner(&url).stderr(Stdio::null()).spawn().expect("started") };
    for _ in 0..KILLS {
        let before = server.requests().len();
        let mut child = start();
        until("more rows", || {
            assert!(child.try_wait().expect("asked").is_none(), "it came to its end before it was killed");
            (server.requests().len() >= before + 200).then_some(())
        });
        child.kill().expect("killed");
        child.wait().expect("ended");
    }
    assert!(start().wait().expect("ended").success());
    let requests = server.requests();
    assert_keys_tell_rows_apart(&requests);
    let rows: BTreeSet<String> = requests.iter().map(|request| request.field("name").to_string()).collect();
    assert_eq!(rows.len(), 3_000, "each arrived");
    assert!(requests.len() > 3_000, "no kill met a row on its way: the test shows nothing");
    assert!(requests.len() < 3_000 + (KILLS as usize) * 1_008, "more than a window came again");
}

/// It ends with the test, however that ends.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a receiver has not taken yet waits in the outbox, on the disk: its slowness holds nothing up, and loses nothing.
#[test]
fn what_a_slow_receiver_has_not_taken_waits_in_the_outbox() {
    const COUNT: u64 = 4_000;
    const TEXT_BYTES: usize = 80_000;
    const MEMORY_MIB: u64 = 304;
    assert!((COUNT * TEXT_BYTES as u64) >> 20 > MEMORY_MIB, "there is more to send than memory");
    let text = "x".repeat(TEXT_BYTES);
    let mut events = String::new();
    for number in 0..COUNT {
        let (id, rev) = (number % KEYS, number / KEYS);
        let _ = writeln!(events, r#"{{"id":"c{id}","name":"{text}","rev":{rev},"at":{number}}}"#);
    }
    let bed = Bed::new(&events);
    drop(events);
    // Nobody gets an answer before all rows wait.
    let is_open = Arc::new(AtomicBool::new(false));
    let gate = Arc::clone(&is_open);
    let server = HttpServer::start(move |_, _| {
        while !gate.load(Ordering::SeqCst) {
            pause(Duration::from_millis(10));
        }
        ok()
    });
    let (mut runner, log) = (bed.runner(&server.url("/")), bed.path("run.log"));
    runner.args(["--memory", &format!("{MEMORY_MIB}MiB")]);
    let mut child = Ended(runner.stderr(File::create(&log).expect("made")).spawn().expect("it runs"));
    let told = || std::fs::read_to_string(&log).expect("readable");
    let mut memory_kib = 0;
    let mut look = |child: &mut Child| {
        memory_kib = size_of(child.id()).map_or(memory_kib, |(memory, _, _)| memory);
        child.try_wait().expect("its state")
    };
    until("all rows in the outbox", || {
        assert_eq!(look(&mut child.0), None, "it ended: {}", told());
        let told = told();
        let waiting = told.lines().filter_map(|line| line.strip_suffix(" waiting")?.rsplit(' ').next());
        let waiting = waiting.filter_map(|number| number.parse::<u64>().ok()).max();
        waiting.filter(|rows| *rows >= COUNT)
    });
    is_open.store(true, Ordering::SeqCst);
    let status = until("its end", || look(&mut child.0));
    assert!(status.success(), "{}", told());
    let in_order = |mut revisions: Vec<u64>| {
        // Who waited in vain for an answer asks again.
        revisions.dedup();
        revisions == (0..COUNT / KEYS).collect::<Vec<u64>>()
    };
    let revisions = revisions(&server.requests());
    assert_eq!(revisions.len() as u64, KEYS);
    for (id, revisions) in revisions {
        assert!(in_order(revisions.clone()), "{id}: {revisions:?}");
    }
    println!("{COUNT} rows of {TEXT_BYTES} bytes waited: {} MiB of memory at most", memory_kib >> 10);
    assert!(memory_kib >> 10 <= MEMORY_MIB, "it took more than `--memory` allows: {} MiB", memory_kib >> 10);
}

#[test]
fn a_secret_that_is_not_set_is_told_before_anything_runs() {
    let bed = Bed::new(&contacts(1));
    let output = bed.runner("http://127.0.0.1:9/").env_remove("CRM_TOKEN").output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    let needed = "`named.sink` (line 13): the header `Authorization` needs the environment variable CRM_TOKEN, which is not set";
    assert!(told(&output).contains(needed), "{}", told(&output));
    let explained =
        bed.command(&["explain", &bed.topology], "http://127.0.0.1:9/").output().expect("it runs");
    let explained = String::from_utf8_lossy(&explained.stdout).into_owned();
    assert!(explained.contains("Bearer ${env:CRM_TOKEN}") && !explained.contains(TOKEN), "{explained}");
}

/// Two processes share the outbox's partitions; one is killed again and again. What fails is set aside once.
#[test]
fn on_kafka_rows_arrive_through_kills_and_what_fails_is_set_aside_once() {
    const COUNT: u64 = 4_000;
    const KILLS: usize = 4;
    let broker = Broker::start();
    let topics = Topics::new(&broker.config());
    for topic in ["contacts", "contacts.malformed", "contacts.failed"] {
        topics.create(topic, 4, &[]);
    }
    let server = HttpServer::start(|request, _| {
        pause(Duration::from_millis(4));
        match request.field("rev").as_u64() {
            Some(rev) if rev % 10 == 3 => (409, Vec::new(), "another revision was there".to_owned()),
            _ => ok(),
        }
    });
    let text = std::fs::read_to_string(repository("tests/topologies/crm.tide")).expect("read");
    let text = text
        .replace(
            "env(\"CRM_URL\", \"http://127.0.0.1:9/contacts\")",
            &format!("{:?}", server.url("/contacts")),
        )
        .replace("${env:CRM_TOKEN}", "t");
    let bed = Bed::with("", &text);
    let events = contacts(COUNT);
    let records = events.lines().enumerate().map(|(number, line)| {
        (Some((number as u64 % KEYS % 4) as i32), format!("c{}", number as u64 % KEYS), line)
    });
    let records: Vec<(Option<i32>, String, &str)> = records.collect();
    topics.produce(
        "contacts",
        records
            .iter()
            .map(|(partition, key, line)| (*partition, Some(key.as_bytes()), Some(line.as_bytes()))),
    );
    let start = |number: usize| {
        let data = bed.dir.path().join(format!("data-{number}"));
        Process::run(Path::new(&bed.topology), &broker.address(), &data, &[])
    };
    let mut steady = start(0);
    for _ in 0..KILLS {
        let before = server.requests().len();
        let mut other = start(1);
        until("more rows", || {
            assert!(steady.exit().is_none(), "it ended:\n{}", steady.told());
            (server.requests().len() >= before + 300).then_some(())
        });
        other.kill();
    }
    let failed = (COUNT / 10) as usize;
    let records = until("all that failed", || {
        assert!(steady.exit().is_none(), "it ended:\n{}", steady.told());
        let records = topics.read_committed("contacts.failed");
        assert!(records.len() <= failed, "{} set aside, and {failed} are right", records.len());
        let names: BTreeSet<String> =
            server.requests().iter().map(|request| request.field("name").to_string()).collect();
        (records.len() == failed && names.len() == COUNT as usize).then_some(records)
    });
    let requests = server.requests();
    assert_keys_tell_rows_apart(&requests);
    for record in &records {
        assert_eq!(record.header("tidegate.code").as_deref(), Some("http_409"));
    }
    for (id, revisions) in revisions(&requests) {
        let mut first_times: Vec<u64> = Vec::new();
        for revision in revisions {
            if !first_times.contains(&revision) {
                first_times.push(revision);
            }
        }
        assert!(first_times.is_sorted(), "{id}: {first_times:?}");
    }
    assert!(steady.stop().success());
}
