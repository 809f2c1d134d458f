//! What each Nexmark query costs on the embedded log: CPU seconds of the whole program for a million events.
//!
//! `cargo bench --bench nexmark -- --help` tells what can be chosen. A query whose rows are wrong has no figure.

mod kit;

#[path = "../../tests/support/mod.rs"]
mod support;

use kit::events::{Events, Topic};
use kit::query::{QUERIES, Query, events_file};
use support::tidegate;

const HELP: &str =
    "cargo bench --bench nexmark -- [--short] [--events N] [--rounds N] [--partitions N] [--queries q0,q5]";
const SEED: u64 = 1;
/// A thousand events in a second of event time, so that auctions last longer than the disorder.
const STEP_US: u64 = 1_000;

struct Options {
    events: u64,
    rounds: usize,
    partitions: u32,
    queries: Option<Vec<String>>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let Some(options) = options(&arguments) else {
        println!("{HELP}");
        return;
    };
    println!(
        "\nNexmark on the embedded log: {} events, partitions: {}, the least of {} rounds",
        options.events, options.partitions, options.rounds
    );
    println!("{:<4} {:<26} {:>9} {:>9} {:>24}", "", "", "events", "CPU s", "CPU s / million events");
    let is_asked = |query: &&Query| {
        options.queries.as_ref().is_none_or(|names| names.iter().any(|name| name == query.name))
    };
    let all = Bed::new(options.events);
    let few = QUERIES.iter().map(|query| query.events_max).min().expect("there are queries");
    let few = Bed::new(few.min(options.events));
    let mut wrong = 0;
    for query in QUERIES.iter().filter(is_asked) {
        let bed = if query.events_max < options.events { &few } else { &all };
        let told = match measure(query, bed, &options) {
            Ok(seconds) => {
                format!("{:>9} {seconds:>9.2} {:>24.2}", bed.count, seconds * 1e6 / bed.count as f64)
            }
            Err(told) => {
                wrong += usize::from(query.runs);
                format!("  {told}")
            }
        };
        println!("{:<4} {:<26} {told}", query.name, query.told);
    }
    if wrong > 0 {
        std::process::exit(1);
    }
}

/// Events, and where their files are.
struct Bed {
    count: u64,
    events: Events,
    dir: tempfile::TempDir,
}

impl Bed {
    fn new(count: u64) -> Bed {
        let dir = tempfile::tempdir().expect("a directory");
        let events = Events::generate(SEED, count, STEP_US);
        for topic in Topic::ALL {
            std::fs::write(events_file(dir.path(), topic), events.lines(topic)).expect("written");
        }
        Bed { count, events, dir }
    }
}

/// CPU seconds, or why there is no figure.
fn measure(query: &Query, bed: &Bed, options: &Options) -> Result<f64, String> {
    if !query.runs {
        return Err("the engine lacks a step of it".to_owned());
    }
    let mut least = f64::MAX;
    for _ in 0..options.rounds {
        let before = cpu_seconds_of_ended_processes();
        let output = query.run(&tidegate(), bed.dir.path(), options.partitions);
        least = least.min(cpu_seconds_of_ended_processes() - before);
        if !output.status.success() {
            return Err(format!("failed: {}", String::from_utf8_lossy(&output.stderr)));
        }
    }
    match query.verify(bed.dir.path(), &bed.events) {
        Some(what) => Err(format!("wrong: {what}")),
        None => Ok(least),
    }
}

#[expect(unsafe_code, reason = "getrusage has no wrapper in the standard library")]
fn cpu_seconds_of_ended_processes() -> f64 {
    // SAFETY: every field is a number, for which zero is a value, and the pointer is to a value that lives through the call.
    let (code, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        (libc::getrusage(libc::RUSAGE_CHILDREN, &mut usage), usage)
    };
    assert_eq!(code, 0, "every Linux has this call");
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

fn options(arguments: &[String]) -> Option<Options> {
    let mut options = Options { events: 1_000_000, rounds: 3, partitions: 1, queries: None };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--short" => {
                options.events = 20_000;
                options.rounds = 1;
            }
            "--events" => options.events = rest.next()?.parse().ok()?,
            "--rounds" => options.rounds = rest.next()?.parse().ok()?,
            "--partitions" => options.partitions = rest.next()?.parse().ok()?,
            "--queries" => {
                options.queries = Some(rest.next()?.split(',').map(str::to_owned).collect());
            }
            _ => return None,
        }
    }
    Some(options)
}
