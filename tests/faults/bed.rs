//! What a case works with: brokers with proxies in front of them, topics of its own, processes, a steady load and a second reader.

use crate::load::{CARDS, Load};
use crate::setting;
use crate::support::{Process, oracle, pause, repository, until};
use crate::watcher::Watcher;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tidegate_sim::{Broker, Proxy, Topics};

pub const PARTITIONS: u32 = 4;
/// Ways from processes to the brokers, each with a network of its own.
const LINKS: usize = 3;
/// Of payments, in a second.
const RATE: u64 = 1_500;
pub const OUTPUTS: [&str; 6] =
    ["w1.large", "w2.hourly", "w2.late", "w3.velocity", "w4.enriched", "w5.totals"];

/// Brokers, and the ways to them.
pub struct Cluster {
    // Before the proxies that lead to them.
    pub brokers: Vec<Broker>,
    pub links: Vec<Proxy>,
}

impl Cluster {
    pub fn start(brokers: usize) -> Cluster {
        Cluster::start_in(brokers, None)
    }

    /// `place`: where the brokers keep what they have.
    pub fn start_in(brokers: usize, place: Option<&Path>) -> Cluster {
        let links: Vec<Proxy> = (0..LINKS).map(|_| Proxy::start(brokers)).collect();
        let heap = if brokers == 1 { "512m" } else { "320m" };
        let brokers = Broker::start_cluster(heap, brokers, &links.iter().collect::<Vec<_>>(), place);
        Cluster { brokers, links }
    }

    /// By the straight way.
    fn topics(&self) -> Topics {
        let all: Vec<String> = self.brokers.iter().map(Broker::address).collect();
        let mut config = self.brokers[0].config();
        config.set("bootstrap.servers", all.join(","));
        Topics::new(&config)
    }
}

/// How a process is started.
#[derive(Clone, Default)]
pub struct How {
    /// `TIDEGATE_FAILPOINTS`
    pub failpoints: String,
    /// More of its environment.
    pub variables: Vec<(String, String)>,
    pub options: Vec<String>,
}

pub struct Bed {
    /// Goes before the names of the case's topics and of its topology.
    pub prefix: String,
    pub topics: Topics,
    pub dir: tempfile::TempDir,
    pub topology: PathBuf,
    pub processes: Vec<Option<Process>>,
    pub load: Option<Load>,
    pub watcher: Option<Watcher>,
    /// What has shown that the fault has bitten.
    pub evidence: Vec<String>,
    pub is_judged: bool,
    /// A process died of librdkafka 5280.
    has_crashed: bool,
    pub dice: Dice,
    /// Given to every process.
    pub options: Vec<String>,
    // Behind those who use it.
    pub cluster: Cluster,
}

/// A small generator of the schedule's numbers (xorshift64*).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(tidegate_sim::payments::mix(seed) | 1)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % limit
    }
}

impl Bed {
    pub fn new(cluster: Cluster, case: &str, seed: u64) -> Bed {
        let topics = cluster.topics();
        let dir = tempfile::Builder::new().prefix("tidegate-fault-").tempdir().expect("a directory");
        let text = std::fs::read_to_string(repository("tests/topologies/everything.tide")).expect("read");
        let text = text
            .replace("kafka(\"", &format!("kafka(\"{case}."))
            .replace("topology everything", &format!("topology {case}"));
        let topology = dir.path().join("topology.tide");
        std::fs::write(&topology, text).expect("written");
        Bed {
            prefix: case.to_owned(),
            topics,
            dir,
            topology,
            processes: Vec::new(),
            load: None,
            watcher: None,
            evidence: Vec::new(),
            is_judged: false,
            has_crashed: false,
            dice: Dice::new(seed),
            options: vec!["--standbys".to_owned(), setting("TIDEGATE_FAULT_STANDBYS", 1).to_string()],
            cluster,
        }
    }

    /// Other brokers, for what follows.
    pub fn on(&mut self, cluster: Cluster) {
        self.cluster = cluster;
        self.topics = self.cluster.topics();
    }

    /// A topic's whole name.
    pub fn name(&self, topic: &str) -> String {
        format!("{}.{topic}", self.prefix)
    }

    /// Makes the topics, fills the table, and has the second reader and `processes` processes begin, and the load with them, and waits for their first rows.
    pub fn begin(&mut self, processes: usize) {
        self.begin_with(&vec![How::default(); processes]);
        self.rows_go_on();
    }

    pub fn begin_with(&mut self, processes: &[How]) {
        self.prepare();
        for (number, how) in processes.iter().enumerate() {
            let process = self.process(number, how);
            self.processes.push(Some(process));
        }
        self.begin_load(RATE);
    }

    /// Topics, table and second reader only.
    pub fn prepare(&mut self) {
        for topic in ["payments"].iter().chain(&OUTPUTS) {
            self.topics.create(&self.name(topic), PARTITIONS as i32, &[]);
        }
        self.topics.create(&self.name("cards"), PARTITIONS as i32, &[("cleanup.policy", "compact")]);
        let cards = oracle::cards(CARDS);
        self.topics.produce(
            &self.name("cards"),
            cards.iter().map(|(key, row)| (None, Some(key.as_bytes()), Some(row.as_bytes()))),
        );
        let outputs: Vec<String> = OUTPUTS.iter().map(|topic| self.name(topic)).collect();
        self.watcher = Some(Watcher::start(self.topics.config(), &outputs, PARTITIONS as i32));
    }

    pub fn begin_load(&mut self, per_second: u64) {
        self.load = Some(Load::start(self.topics.config(), &self.name("payments"), PARTITIONS, per_second));
    }

    /// A process's own directory.
    pub fn data(&self, number: usize) -> PathBuf {
        self.dir.path().join(format!("data-{number}"))
    }

    /// The network of a process.
    pub fn link(&self, number: usize) -> &Proxy {
        &self.cluster.links[number % LINKS]
    }

    /// Starts a process by its number. It has the same directory as before.
    pub fn process(&self, number: usize, how: &How) -> Process {
        let mut options: Vec<&str> = self.options.iter().map(String::as_str).collect();
        options.extend(how.options.iter().map(String::as_str));
        let mut variables: Vec<(&str, &str)> =
            how.variables.iter().map(|(name, value)| (&**name, &**value)).collect();
        if !how.failpoints.is_empty() {
            variables.push(("TIDEGATE_FAILPOINTS", how.failpoints.as_str()));
        }
        let brokers = self.link(number).address();
        Process::run_in(&variables, &self.topology, &brokers, &self.data(number), &options)
    }

    /// Starts a process, in the place of one that has ended or of a new one.
    pub fn start(&mut self, number: usize, how: &How) {
        let process = self.process(number, how);
        if self.processes.len() <= number {
            self.processes.resize_with(number + 1, || None);
        }
        self.processes[number] = Some(process);
    }

    pub fn running(&mut self, number: usize) -> &mut Process {
        self.processes[number].as_mut().expect("the process was started")
    }

    /// SIGKILL.
    pub fn kill(&mut self, number: usize) {
        self.running(number).kill();
        self.processes[number] = None;
    }

    /// Deletes a process's stores; its name stays.
    pub fn lose_stores(&self, number: usize) {
        let state = self.data(number).join("state").join(&self.prefix);
        let mut lost = 0;
        for entry in std::fs::read_dir(&state).expect("a process has a directory") {
            let path = entry.expect("read").path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("task-")) {
                std::fs::remove_dir_all(&path).expect("removed");
                lost += 1;
            }
        }
        assert!(lost > 0, "there were stores in {}", state.display());
    }

    /// Panics where a process has ended by itself. A response of a broker that is going may have librdkafka read behind its metadata (librdkafka 5280,
    /// open): as somebody who watches over it would, the bed starts such a process again, once, and the report says so. The verdicts hold all the same.
    pub fn all_alive(&mut self) {
        let may_crash = self.cluster.brokers.iter().any(Broker::was_stopped);
        for number in 0..self.processes.len() {
            if let Some(process) = &mut self.processes[number]
                && let Some(status) = process.exit()
            {
                if status.signal() == Some(libc::SIGSEGV) && may_crash && !self.has_crashed {
                    self.has_crashed = true;
                    self.processes[number] = None;
                    self.start(number, &How::default());
                    self.bitten(format!("process {number} died of librdkafka 5280, and was started again"));
                    continue;
                }
                panic!("process {number} ended by itself ({status}):\n{}", self.tail(number));
            }
        }
    }

    /// The end of what it has told.
    pub fn tail(&self, number: usize) -> String {
        let told = self.told(number);
        let lines: Vec<&str> = told.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    /// What a process, and those before it in its place, have told.
    pub fn told(&self, number: usize) -> String {
        std::fs::read_to_string(self.data(number).with_extension("log")).unwrap_or_default()
    }

    /// Notes what has shown that the fault has bitten.
    pub fn bitten(&mut self, what: impl Into<String>) {
        self.evidence.push(what.into());
    }

    /// Waits until the load has sent so many more payments.
    pub fn more_payments(&self, count: u64) {
        let load = self.load.as_ref().expect("there is a load");
        let from = load.sent();
        while load.sent() < from + count {
            pause(Duration::from_millis(20));
        }
    }

    /// Waits until committed rows come: what is not at work cannot be disturbed.
    pub fn rows_go_on(&self) {
        let watcher = self.watcher.as_ref().expect("there is a second reader");
        let from = watcher.count();
        until("the next committed row", || (watcher.count() > from).then_some(()));
    }

    /// Keeps the directory, and shows the ends of the logs.
    pub fn keep(&mut self) -> String {
        self.dir.disable_cleanup(true);
        let mut out = format!("    kept: {}\n", self.dir.path().display());
        for number in 0..self.processes.len() {
            out += &format!("---- process {number}\n{}", self.tail(number));
            out.push('\n');
        }
        out
    }
}
