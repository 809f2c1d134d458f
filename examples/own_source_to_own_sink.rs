//! A topology inside of a program of one's own: events come from code, rows go to code, and between them is the engine with its
//! state, on an embedded log in memory.
//!
//! `cargo run --release --example own_source_to_own_sink`

use std::sync::Arc;
use tidegate_dsl::diagnostic::render;
use tidegate_dsl::{SourceFile, compile};
use tidegate_embedded::EmbeddedLog;
use tidegate_engine::clock::SystemClock;
use tidegate_engine::limits::Limits;
use tidegate_engine::program::Program;
use tidegate_engine::topics::read_topics;
use tidegate_engine::worker::{Tick, Worker};
use tidegate_model::partition::partition_for;
use tidegate_model::plan::Plan;
use tidegate_model::{EventTime, Offset, PartitionId, TopicPartition};
use tidegate_state::{Shared, StateDir};

const TOPOLOGY: &str = r#"
topology bikes
type Status { station: string, bikes: int, at: timestamp }
source statuses: Status = embedded("statuses") key station time at, out_of_order 10s
stream lows =
  statuses
  |> group by station
  |> window tumbling 10m
  |> aggregate { least: min(bikes), reports: count() }
  |> emit final
sink lows -> embedded("lows")
"#;
const STATE_BYTES: usize = 16 << 20;

fn main() -> anyhow::Result<()> {
    for row in run(statuses())? {
        println!("{row}");
    }
    Ok(())
}

/// The source: twenty reports of two stations, a minute apart.
fn statuses() -> impl Iterator<Item = (String, String)> {
    (0..20).map(|minute| {
        let station = if minute % 2 == 0 { "central" } else { "harbour" };
        let bikes = (minute * 7) % 12;
        let json =
            format!(r#"{{"station":"{station}","bikes":{bikes},"at":"2026-05-01T08:{minute:02}:00Z"}}"#);
        (station.to_owned(), json)
    })
}

/// Runs the topology over all events (key and JSON), and returns the rows of its sink.
fn run(events: impl Iterator<Item = (String, String)>) -> anyhow::Result<Vec<String>> {
    let plan = plan()?;
    let log = EmbeddedLog::in_memory()?;
    log.create_topics(&plan, 1)?;
    let records: Vec<_> = events
        .map(|(key, json)| {
            let partition = partition_for(key.as_bytes(), 1);
            (partition, EventTime::from_millis(0), Some(key.into_bytes()), Some(json.into_bytes()))
        })
        .collect();
    log.append("statuses", &records, None)?;
    // Without this the source would stay open, and the last windows with it.
    log.finish("statuses")?;

    let state = tempfile::tempdir()?;
    let mut writer = log.writer(&plan.topology);
    let program = Program::new(plan.clone(), Limits::default(), &mut writer)?;
    let reader = log.reader(&plan.topology, &read_topics(&plan), 0, 1);
    let dir = Arc::new(StateDir::open(state.path(), &plan.topology)?);
    let clock = SystemClock::start();
    let mut worker =
        Worker::new(reader, writer, log.restorer(), clock, program, dir, Shared::new(STATE_BYTES));
    while !worker.is_drained() {
        if let Tick::Idle(at_most) = worker.tick()? {
            worker.wait(at_most);
        }
    }
    worker.close()?;

    let lows = TopicPartition { topic: "lows".to_owned(), partition: PartitionId(0) };
    let rows = log.read(&lows, Offset(0), usize::MAX)?;
    Ok(rows.into_iter().filter_map(|row| Some(String::from_utf8_lossy(&row.value?).into_owned())).collect())
}

fn plan() -> anyhow::Result<Plan> {
    let file = SourceFile::new("bikes.tide".to_owned(), TOPOLOGY.to_owned());
    let compiled = compile(&file, &|name| std::env::var(name).ok());
    compiled.plan.ok_or_else(|| anyhow::anyhow!("{}", render(&compiled.sources, &compiled.diagnostics)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_window_comes_out_once() {
        let rows = run(statuses()).expect("it runs");
        assert_eq!(rows.len(), 4, "two stations, two windows: {rows:?}");
        assert_eq!(
            rows[0],
            r#"{"station":"central","window":{"start":"2026-05-01T08:00:00Z","end":"2026-05-01T08:10:00Z"},"least":0,"reports":5}"#
        );
    }
}
