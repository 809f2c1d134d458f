//! The programs that are compared.

use crate::bed::Bed;
use crate::job::Job;
use crate::support::{repository, tidegate};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum System {
    Tidegate,
    /// A single-threaded program of this repository for just this job: librdkafka and a hash map.
    HandWritten,
    /// Kafka Streams 4.2, tuned: state in memory, which a crash loses and the changelog gives back.
    Streams,
    /// The same with state in RocksDB, as Tidegate keeps it.
    StreamsRocksDb,
}

/// A program at work.
pub struct Running {
    child: Child,
    log: PathBuf,
    pub group: String,
    /// Prefix of its output topics.
    pub prefix: String,
}

impl System {
    pub const ALL: [System; 4] =
        [System::Tidegate, System::HandWritten, System::Streams, System::StreamsRocksDb];

    pub fn parse(text: &str) -> Option<System> {
        System::ALL.into_iter().find(|system| system.name() == text)
    }

    pub fn name(self) -> &'static str {
        match self {
            System::Tidegate => "tidegate",
            System::HandWritten => "hand-written",
            System::Streams => "streams",
            System::StreamsRocksDb => "streams-rocksdb",
        }
    }

    /// Kafka Streams' two kinds of store differ only where there is one by card.
    pub fn runs(self, job: Job) -> bool {
        self != System::StreamsRocksDb || matches!(job, Job::W3 | Job::W4 | Job::W5)
    }

    pub fn is_streams(self) -> bool {
        matches!(self, System::Streams | System::StreamsRocksDb)
    }

    /// Starts the job on `input`; `run` tells its topics and its directory from those of other runs.
    pub fn start(self, bed: &Bed, job: Job, input: &str, run: &str) -> Running {
        let prefix = format!("{}-{}-{run}", self.name(), job.name());
        let output = format!("{prefix}.{}", job.output());
        bed.topics.create(&output, crate::bed::PARTITIONS as i32, &[]);
        let dir = bed.run_dir(&prefix);
        let group = prefix.replace(['-', '.'], "_");
        let mut command = match self {
            System::Tidegate => {
                if job == Job::W2 {
                    bed.topics.create(&format!("{prefix}.w2.late"), crate::bed::PARTITIONS as i32, &[]);
                }
                tidegate_command(bed, job, input, &prefix, &group, &dir)
            }
            System::HandWritten => {
                let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
                command.args(["hand-written", job.name(), &bed.broker.address(), input, &output, &group]);
                command
            }
            System::Streams | System::StreamsRocksDb => {
                let mut command = streams_command();
                if self == System::StreamsRocksDb {
                    command.env("STREAMS_STORES", "rocksdb");
                }
                command.args([job.name(), &bed.broker.address(), input, &output, &group]);
                command.arg(dir.join("state"));
                command
            }
        };
        let log = dir.join("log");
        let file = File::create(&log).expect("the log can be written");
        command.stdin(Stdio::null()).stdout(file.try_clone().expect("duplicated")).stderr(file);
        Running { child: command.spawn().expect("it can be started"), log, group, prefix }
    }
}

fn tidegate_command(bed: &Bed, job: Job, input: &str, prefix: &str, group: &str, dir: &Path) -> Command {
    let name = job.topology();
    let text = std::fs::read_to_string(repository(&format!("tests/topologies/{name}.tide"))).expect("read");
    let text = text
        .replace("kafka(\"payments\")", &format!("kafka(\"{input}\")"))
        .replace("kafka(\"w", &format!("kafka(\"{prefix}.w"))
        .replace(&format!("topology {name}"), &format!("topology {group}"));
    let path = dir.join("topology.tide");
    std::fs::write(&path, text).expect("written");
    let mut command = Command::new(tidegate());
    command.arg("run").arg(path).args(["--brokers", &bed.broker.address(), "--data"]).arg(dir.join("data"));
    command
}

/// Compiles the Kafka Streams program once.
fn streams_command() -> Command {
    let source = repository("benches/streams");
    let program = std::env::current_exe().expect("this program has a path");
    let target = program.ancestors().find(|dir| dir.join("release").is_dir()).expect("a target directory");
    let classes = target.join("tidegate-tests/streams");
    std::fs::create_dir_all(&classes).expect("a directory");
    let path = tidegate_sim::classpath("Kafka Streams for the benchmarks", &source.join("pom.xml"));
    let compiled = Command::new("javac")
        .args(["-cp", &path, "-d"])
        .arg(&classes)
        .arg(source.join("Jobs.java"))
        .status()
        .expect("javac can be started: install a JDK");
    assert!(compiled.success(), "Jobs.java does not compile");
    let mut command = Command::new("java");
    command
        .args([
            "-Xms1g",
            "-Xmx2g",
            "-Xmn512m",
            "-XX:+UseSerialGC",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
            "-cp",
        ])
        .arg(format!("{path}:{}", classes.display()))
        .arg("Jobs");
    command
}

impl Running {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Panics with what it told if it has ended.
    pub fn assert_alive(&mut self) {
        let ended = self.child.try_wait().expect("its state");
        assert!(ended.is_none(), "it ended: {}", self.told());
    }

    /// Starts the same run of Tidegate again.
    pub fn again(&self, bed: &Bed) -> Running {
        let dir = bed.run_dir(&self.prefix);
        let mut command = Command::new(tidegate());
        command.arg("run").arg(dir.join("topology.tide")).args([
            "--brokers",
            &bed.broker.address(),
            "--data",
        ]);
        command.arg(dir.join("data")).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(File::options().append(true).open(&self.log).expect("the log can be written"));
        let child = command.spawn().expect("it can be started");
        Running { child, log: self.log.clone(), group: self.group.clone(), prefix: self.prefix.clone() }
    }

    /// What it has told so far.
    pub fn told(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}
