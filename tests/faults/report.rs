//! What a run has shown: a line for each case, and a file of the form that JUnit has made common.

use crate::Case;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What a case says of itself.
#[derive(Default)]
pub struct Told {
    pub lines: Vec<String>,
}

struct Done {
    name: &'static str,
    fault: &'static str,
    time: Duration,
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

impl Report {
    pub fn new(seed: u64) -> Report {
        std::panic::set_hook(Box::new(|panic| {
            let payload = panic.payload();
            let text = payload.downcast_ref::<String>().map(String::as_str);
            let text = text.or(payload.downcast_ref::<&str>().copied()).unwrap_or("a panic without words");
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            *LAST_PANIC.lock().expect("no holder of this lock panics") = format!("{place}: {text}");
        }));
        Report { seed, done: Vec::new() }
    }

    /// Runs a case, and tells of it. Was all well?
    pub fn case(&mut self, case: &Case, run: impl FnOnce(&mut Told) -> Result<(), String>) -> bool {
        let start = now();
        let mut told = Told::default();
        let failure = run(&mut told).err();
        let time = start.elapsed();
        let word = if failure.is_some() { "FAILED" } else { "ok" };
        println!("{} ({}) ... {word}, {:.1} s", case.name, case.fault, time.as_secs_f64());
        for line in &told.lines {
            println!("    {line}");
        }
        let is_well = failure.is_none();
        if let Some(why) = &failure {
            println!(
                "{why}\n    once more:  TIDEGATE_FAULT_SEED={} cargo test --release --test faults -- {}",
                self.seed, case.name
            );
        }
        self.done.push(Done { name: case.name, fault: case.fault, time, told: told.lines, failure });
        is_well
    }

    pub fn end(self) -> ExitCode {
        let failed = self.done.iter().filter(|done| done.failure.is_some()).count();
        let path = path();
        std::fs::create_dir_all(path.parent().expect("it is in a directory")).expect("it can be made");
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
        let all: Duration = self.done.iter().map(|done| done.time).sum();
        let mut out = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"faults\" tests=\"{}\" failures=\"{failed}\" errors=\"0\" time=\"{:.3}\">\n  <properties><property name=\"seed\" value=\"{}\"/></properties>\n",
            self.done.len(),
            all.as_secs_f64(),
            self.seed
        );
        for done in &self.done {
            let _ = writeln!(
                out,
                "  <testcase name=\"{}\" classname=\"faults.{}\" time=\"{:.3}\">",
                done.name,
                escaped(done.fault),
                done.time.as_secs_f64()
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

/// Beside what Cargo builds.
fn path() -> PathBuf {
    let program = std::env::current_exe().expect("this program has a path");
    let target = program.ancestors().find(|dir| dir.join("release").is_dir());
    target.map_or_else(std::env::temp_dir, ToOwned::to_owned).join("tidegate-tests/faults.xml")
}
