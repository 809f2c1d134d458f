//! What the tests with processes share: the program, a process of it, and oracles that compute results from the input alone.

#![allow(dead_code, reason = "each test program uses a part of it")]

pub mod oracle;
pub mod table;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// The program, which `make test` and `make bench` build first.
pub fn tidegate() -> PathBuf {
    let program = std::env::current_exe().expect("this program has a path");
    let release =
        program.ancestors().find(|dir| dir.ends_with("release")).expect("tests are built in release");
    let path = release.join("tidegate");
    assert!(path.is_file(), "{} is not there: build it with `cargo build --release`", path.display());
    path
}

/// A file of this repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A `tidegate run` on a broker, which ends with the value.
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// `data`: the process's own directory; its log is kept beside it.
    pub fn run(topology: &Path, brokers: &str, data: &Path, more: &[&str]) -> Process {
        Process::run_in(&[], topology, brokers, data, more)
    }

    /// `variables`: of its environment, besides this process's own.
    pub fn run_in(
        variables: &[(&str, &str)],
        topology: &Path,
        brokers: &str,
        data: &Path,
        more: &[&str],
    ) -> Process {
        Process::run_program(&tidegate(), variables, topology, brokers, data, more)
    }

    /// `program`: this version or another one.
    pub fn run_program(
        program: &Path,
        variables: &[(&str, &str)],
        topology: &Path,
        brokers: &str,
        data: &Path,
        more: &[&str],
    ) -> Process {
        let log = data.with_extension("log");
        let file = File::options().create(true).append(true).open(&log).expect("the log can be written");
        let child = Command::new(program)
            .arg("run")
            .arg(topology)
            .args(["--brokers", brokers, "--data"])
            .arg(data)
            .args(more)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .expect("tidegate can be started");
        Process { child, log }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it has ended");
    }

    /// SIGTERM, and waits for the end.
    pub fn stop(mut self) -> ExitStatus {
        self.signal(libc::SIGTERM);
        self.child.wait().expect("it has ended")
    }

    #[expect(unsafe_code, reason = "the standard library sends no signal but SIGKILL")]
    pub fn signal(&self, signal: i32) {
        // SAFETY: the process is our child and was not waited for.
        unsafe { libc::kill(self.child.id() as i32, signal) };
    }

    pub fn exit(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("its state")
    }

    /// Waits for the end by itself.
    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("it has ended")
    }

    /// Every time that all tasks were open, in order; a process that restores nothing says nothing.
    pub fn opened(&self) -> Vec<Open> {
        let told = self.told();
        let of_line = |line: &str| {
            let (_, rest) = line.split_once("INFO ")?;
            let words: Vec<&str> = rest.split(' ').collect();
            words.windows(3).find(|three| *three == ["tasks", "are", "open,"])?;
            let standbys = words.iter().position(|word| *word == "from")?;
            let replayed = words.iter().position(|word| *word == "changelog")?;
            let number = |place: usize| words[place].parse::<u64>().ok();
            // `4 tasks are open, 2 of them from standbys: 17 changelog records replayed in 0.1 s`
            Some(Open {
                from_standbys: number(standbys.checked_sub(3)?)?,
                replayed: number(replayed.checked_sub(1)?)?,
            })
        };
        told.lines().filter_map(of_line).collect()
    }

    /// What it has told on standard error.
    pub fn told(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

/// What a process says when all its tasks run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Open {
    pub from_standbys: u64,
    pub replayed: u64,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks until there is an answer; panics with `what` where it does not come.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    const TRIES: u32 = 1200;
    for _ in 0..TRIES {
        if let Some(answer) = ask() {
            return answer;
        }
        pause(Duration::from_millis(100));
    }
    panic!("{what} did not come in 2 minutes");
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests watch other processes, which tell nobody when they are done"
)]
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// How large a process has been and is: memory in KiB at most, threads, open files.
pub fn size_of(pid: u32) -> Option<(u64, u64, usize)> {
    let of = |path: &str| Path::new("/proc").join(pid.to_string()).join(path);
    let status = std::fs::read_to_string(of("status")).ok()?;
    let field = |name: &str| -> Option<u64> {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse().ok()
    };
    Some((field("VmHWM:")?, field("Threads:")?, std::fs::read_dir(of("fd")).ok()?.count()))
}
