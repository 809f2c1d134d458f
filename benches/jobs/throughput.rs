//! A backlog is worked off: what it costs in CPU.

use crate::bed::{Bed, PARTITIONS, generator};
use crate::job::Job;
use crate::measure::{cpu_seconds, median, peak_megabytes};
use crate::support::pause;
use crate::system::System;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::time::{Duration, Instant};
use tidegate_sim::payments::Payment;

/// Measured from the moment when this part of the events is committed: starting up, and a JVM's compiling, are not what a backlog
/// costs.
const WARM: f64 = 0.4;
const LOOK: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(300);

struct Figures {
    cpu: f64,
    broker_cpu: f64,
    rate: f64,
    megabytes: f64,
}

/// Runs all systems in turns. Returns how many outputs of ours were wrong.
pub fn compare(bed: &Bed, job: Job, systems: &[System], events: u64, rounds: usize) -> u32 {
    println!("\n{}: {}", job.name(), job.told());
    println!(
        "{:<15} {:>16} {:>18} {:>12} {:>9}",
        "", "CPU s / million", "broker CPU s / M", "events / s", "RSS MB"
    );
    let payments: Vec<Payment> = (0..events).map(|n| generator().payment(n)).collect();
    let mut figures: Vec<Vec<Figures>> = systems.iter().map(|_| Vec::new()).collect();
    let mut wrong = 0;
    for round in 0..rounds {
        for (system, figures) in systems.iter().zip(&mut figures).filter(|(system, _)| system.runs(job)) {
            match run(bed, job, *system, events, &payments, round) {
                Ok(Some(one)) => figures.push(one),
                Ok(None) => println!("{:<15} right, and too quick for a figure", system.name()),
                Err(why) => {
                    println!("{:<15} wrong: {why}", system.name());
                    // Kafka Streams drops events of a backlog as late; that is its answer, and has no figure.
                    wrong += u32::from(!system.is_streams());
                }
            }
        }
    }
    let mut medians = Vec::new();
    for (system, figures) in systems.iter().zip(&figures) {
        if figures.is_empty() {
            continue;
        }
        let of = |figure: fn(&Figures) -> f64| median(&mut figures.iter().map(figure).collect::<Vec<_>>());
        let cpu = of(|figures| figures.cpu);
        println!(
            "{:<15} {:>16.2} {:>18.2} {:>12.0} {:>9.0}",
            system.name(),
            cpu,
            of(|figures| figures.broker_cpu),
            of(|figures| figures.rate),
            of(|figures| figures.megabytes)
        );
        medians.push((*system, cpu));
    }
    if let Some((_, own)) = medians.iter().find(|(system, _)| *system == System::Tidegate) {
        for (system, other) in medians.iter().filter(|(system, _)| *system != System::Tidegate) {
            println!("tidegate needs {:.2} times the CPU of {}", own / other, system.name());
        }
    }
    wrong
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn run(
    bed: &Bed,
    job: Job,
    system: System,
    events: u64,
    payments: &[Payment],
    round: usize,
) -> Result<Option<Figures>, String> {
    let mut running = system.start(bed, job, "payments", &format!("t{round}"));
    let progress = Progress::new(bed, &running.group);
    let begun = Instant::now();
    let warm = (events as f64 * WARM) as u64;
    let mut first = None;
    let last = loop {
        running.assert_alive();
        let done = progress.committed();
        let now = (done, cpu_seconds(running.pid()), cpu_seconds(bed.broker.pid()), Instant::now());
        if done >= events {
            break now;
        }
        if first.is_none() && done >= warm {
            first = Some(now);
        }
        if begun.elapsed() > PATIENCE {
            return Err(format!("only {done} of {events} events were committed in {} s", PATIENCE.as_secs()));
        }
        pause(LOOK);
    };
    let first = first.unwrap_or(last);
    let megabytes = peak_megabytes(running.pid());
    let output = format!("{}.{}", running.prefix, job.output());
    // Rows behind a repartition come one commit later.
    let mut why = None;
    for _ in 0..40 {
        why = job.verify(payments, PARTITIONS, &bed.topics.read_committed(&output));
        if why.is_none() {
            break;
        }
        pause(Duration::from_millis(500));
    }
    running.kill();
    if let Some(why) = why {
        eprintln!("{}", running.told());
        return Err(why);
    }
    let millions = (last.0 - first.0) as f64 / 1e6;
    if millions <= 0.0 {
        return Ok(None);
    }
    Ok(Some(Figures {
        cpu: (last.1 - first.1) / millions,
        broker_cpu: (last.2 - first.2) / millions,
        rate: (last.0 - first.0) as f64 / (last.3 - first.3).as_secs_f64(),
        megabytes,
    }))
}

/// How many events a group has committed.
pub struct Progress {
    consumer: BaseConsumer,
}

impl Progress {
    pub fn new(bed: &Bed, group: &str) -> Progress {
        let consumer = bed.broker.config().set("group.id", group).create().expect("a client");
        Progress { consumer }
    }

    pub fn committed(&self) -> u64 {
        let mut list = TopicPartitionList::new();
        for partition in 0..PARTITIONS as i32 {
            list.add_partition("payments", partition);
        }
        let Ok(committed) = self.consumer.committed_offsets(list, Duration::from_secs(10)) else { return 0 };
        let offsets = committed.elements().into_iter().map(|element| match element.offset() {
            Offset::Offset(next) => next as u64,
            _ => 0,
        });
        offsets.sum()
    }
}
