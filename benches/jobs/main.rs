//! Five jobs, Kafka in and Kafka out, exactly once: Tidegate beside a hand-written program and Kafka Streams, on one broker.
//!
//! `cargo bench -- --help` tells what can be chosen. Every output is compared with an oracle; a wrong one has no figure.

mod bed;
mod job;
mod latency;
mod measure;
mod peer;
mod restart;
mod system;
mod throughput;

#[path = "../../tests/support/mod.rs"]
mod support;

use bed::Bed;
use job::Job;
use std::time::Duration;
use system::System;

const HELP: &str = "cargo bench --bench jobs -- [--short] [--events N] [--rounds N] [--jobs w1,w5] [--systems tidegate,hand-written,streams,streams-rocksdb] [--only throughput|latency|restart|hold]\n--only hold: a broker with the payments, until standard input ends";

struct Options {
    short: bool,
    events: u64,
    rounds: usize,
    jobs: Vec<Job>,
    systems: Vec<System>,
    only: Option<String>,
    /// A broker's JVM compiles for as long as this after its load has changed.
    warm_up_seconds: u64,
    latency_seconds: u64,
    restart_keys: u64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if arguments.first().is_some_and(|first| first == "hand-written") {
        peer::run(&arguments[1..]);
        return;
    }
    let Some(options) = options(&arguments) else {
        println!("{HELP}");
        return;
    };
    let wanted = |what: &str| options.only.as_deref().is_none_or(|only| only == what);
    let bed = Bed::new();
    let mut wrong = 0;
    if wanted("throughput") {
        bed.load(options.events);
        if options.short {
            println!(
                "\nthe short form shows that everything runs and is right; its figures are mostly start-up"
            );
        }
        println!(
            "\n{} events of some 190 bytes, 4 partitions, one worker, commits every 100 ms",
            options.events
        );
        for job in &options.jobs {
            wrong += throughput::compare(&bed, *job, &options.systems, options.events, options.rounds);
        }
    }
    if wanted("latency") {
        for job in options.jobs.iter().filter(|job| matches!(job, Job::W1 | Job::W5)) {
            for system in options.systems.iter().filter(|system| system.runs(*job)) {
                let seconds = Duration::from_secs;
                latency::measure(
                    &bed,
                    *job,
                    *system,
                    seconds(options.warm_up_seconds),
                    seconds(options.latency_seconds),
                );
            }
        }
    }
    if wanted("restart") {
        restart::measure(&bed, options.restart_keys);
    }
    if options.only.as_deref() == Some("hold") {
        bed.load(options.events);
        println!("{}", bed.broker.address());
        let _ = std::io::stdin().read_line(&mut String::new());
    }
    if wrong > 0 {
        eprintln!("{wrong} outputs of Tidegate or of the hand-written program were wrong");
        std::process::exit(1);
    }
}

fn options(arguments: &[String]) -> Option<Options> {
    let mut options = Options {
        short: false,
        events: 2_000_000,
        rounds: 3,
        jobs: Job::ALL.to_vec(),
        systems: System::ALL.to_vec(),
        only: None,
        warm_up_seconds: 20,
        latency_seconds: 20,
        restart_keys: 1_000_000,
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--short" => {
                options.short = true;
                options.events = 200_000;
                options.rounds = 1;
                options.warm_up_seconds = 2;
                options.latency_seconds = 4;
                options.restart_keys = 50_000;
                options.systems = vec![System::Tidegate, System::HandWritten, System::Streams];
            }
            "--events" => options.events = rest.next()?.parse().ok()?,
            "--rounds" => options.rounds = rest.next()?.parse().ok()?,
            "--jobs" => options.jobs = rest.next()?.split(',').map(Job::parse).collect::<Option<_>>()?,
            "--systems" => {
                options.systems = rest.next()?.split(',').map(System::parse).collect::<Option<_>>()?
            }
            "--only" => options.only = Some(rest.next()?.clone()),
            _ => return None,
        }
    }
    Some(options)
}
