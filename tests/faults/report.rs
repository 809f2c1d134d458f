//! What a run has shown: a line for each case, and a file of the form that JUnit has made common.

use crate::Case;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus};
use std::sync::Mutex;
use std::time::Instant;

/// What a case says of itself.
#[derive(Default)]
pub struct Told {
    pub lines: Vec<String>,
}

/// What became of a case, as its process tells it.
#[derive(Serialize, Deserialize)]
struct Done {
    name: String,
    fault: String,
    seconds: f64,
    told: Vec<String>,
    failure: Option<String>,
}

pub struct Report {
    seed: u64,
    done: Vec<Done>,
}

static LAST_PANIC: Mutex<String> = Mutex::new(String::new());

/// What the last panic said, and where.
pub fn last_panic() -> String {
    LAST_PANIC.lock().expect("no holder of this lock panics").clone()
}

#[expect(clippy::disallowed_methods, reason = "how long a test takes is measured by the clock")]
fn now() -> Instant {
    Instant::now()
}

/// Runs a case in this process, and tells of it: on the standard output, and to the process that makes the report.
pub fn one(case: &Case, seed: u64, run: impl FnOnce(&mut Told) -> Result<(), String>) -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or(payload.downcast_ref::<&str>().copied()).unwrap_or("a panic without words");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        *LAST_PANIC.lock().expect("no holder of this lock panics") = format!("{place}: {text}");
    }));
    let start = now();
    let mut told = Told::default();
    let failure = run(&mut told).err();
    let done = Done {
        name: case.name.to_owned(),
        fault: case.fault.to_owned(),
        seconds: start.elapsed().as_secs_f64(),
        told: told.lines,
        failure,
    };
    done.print(seed);
    std::fs::write(part(case), serde_json::to_string(&done).expect("JSON")).expect("it can be written");
    if done.failure.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Done {
    fn print(&self, seed: u64) {
        let word = if self.failure.is_some() { "FAILED" } else { "ok" };
        println!("{} ({}) ... {word}, {:.1} s", self.name, self.fault, self.seconds);
        for line in &self.told {
            println!("    {line}");
        }
        if let Some(why) = &self.failure {
            println!(
                "{why}\n    once more:  TIDEGATE_FAULT_SEED={seed} cargo test --release --test faults -- {}",
                self.name
            );
        }
    }
}

impl Report {
    pub fn new(seed: u64) -> Report {
        std::fs::create_dir_all(dir()).expect("it can be made");
        Report { seed, done: Vec::new() }
    }

    /// Has a process run a case. One that librdkafka has ended is run again, once.
    pub fn case(&mut self, case: &Case, run: impl Fn() -> ExitStatus) {
        let _ = std::fs::remove_file(part(case));
        let mut status = run();
        let mut before = None;
        if status.signal() == Some(libc::SIGSEGV) {
            let died = format!("a client of the test itself died ({status}): this is the second run");
            println!("{} ({}): {died}", case.name, case.fault);
            before = Some(died);
            status = run();
        }
        let told = std::fs::read_to_string(part(case)).ok();
        let done = told.and_then(|told| serde_json::from_str::<Done>(&told).ok());
        let mut done = done.unwrap_or_else(|| {
            let failure = Some(format!("the case's process ended without a word: {status}"));
            let (name, fault) = (case.name.to_owned(), case.fault.to_owned());
            let done = Done { name, fault, seconds: 0.0, told: Vec::new(), failure };
            done.print(self.seed);
            done
        });
        done.told.extend(before);
        self.done.push(done);
    }

    pub fn end(self) -> ExitCode {
        let failed = self.done.iter().filter(|done| done.failure.is_some()).count();
        let path = dir().join("faults.xml");
        std::fs::write(&path, self.xml(failed)).expect("the report can be written");
        println!(
            "faults: {} cases, {failed} failed, seed {}; {}\n",
            self.done.len(),
            self.seed,
            path.display()
        );
        if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn xml(&self, failed: usize) -> String {
        let all: f64 = self.done.iter().map(|done| done.seconds).sum();
        let mut out = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"faults\" tests=\"{}\" failures=\"{failed}\" errors=\"0\" time=\"{:.3}\">\n  <properties><property name=\"seed\" value=\"{}\"/></properties>\n",
            self.done.len(),
            all,
            self.seed
        );
        for done in &self.done {
            let _ = writeln!(
                out,
                "  <testcase name=\"{}\" classname=\"faults.{}\" time=\"{:.3}\">",
                done.name,
                escaped(&done.fault),
                done.seconds
            );
            if let Some(failure) = &done.failure {
                let first = failure.lines().next().unwrap_or_default();
                let _ = writeln!(
                    out,
                    "    <failure message=\"{}\">{}</failure>",
                    escaped(first),
                    escaped(failure)
                );
            }
            let _ = writeln!(
                out,
                "    <system-out>{}</system-out>\n  </testcase>",
                escaped(&done.told.join("\n"))
            );
        }
        out.push_str("</testsuite>\n");
        out
    }
}

/// XML knows no control characters but tab and line end.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(character),
            control if control.is_control() => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

/// Where the process of a case tells what became of it.
fn part(case: &Case) -> PathBuf {
    dir().join(format!("faults.{}.json", case.name))
}

/// Beside what Cargo builds.
fn dir() -> PathBuf {
    let program = std::env::current_exe().expect("this program has a path");
    let target = program.ancestors().find(|dir| dir.join("release").is_dir());
    target.map_or_else(std::env::temp_dir, ToOwned::to_owned).join("tidegate-tests")
}
