//! `tidegate dlq ls`

use super::place::{self, RouteTopic};
use super::{Format, found};
use crate::print;
use anyhow::Result;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use tidegate_model::EventTime;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    place: place::Arguments,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// What a route's topic holds.
#[derive(Default)]
struct Summary {
    records: u64,
    replayed: u64,
    /// Written by somebody else.
    foreign: u64,
    /// Of those that wait.
    causes: BTreeMap<(String, String), Cause>,
}

struct Cause {
    records: u64,
    oldest: EventTime,
    newest: EventTime,
}

pub fn ls(arguments: &Arguments) -> Result<bool> {
    let Some(place) = place::open(&arguments.place)? else { return Ok(false) };
    let topics = place.topics();
    if topics.is_empty() {
        eprintln!("{}: it has no routes: nothing is set aside", place.plan.topology);
    }
    for topic in topics {
        let mut archive = place.archive(&topic.topic)?;
        let mut summary = Summary::default();
        let there = found::each(&mut *archive, (&place.plan.topology, &topic.topic), &mut |found| {
            summary.add(&found)
        })?;
        let summary = there.is_some().then_some(&summary);
        print(&match arguments.format {
            Format::Text => text(&topic, summary),
            Format::Json => format!("{}\n", json(&topic, summary)),
        });
    }
    Ok(true)
}

impl Summary {
    fn add(&mut self, found: &found::Found) {
        self.records += 1;
        let Some(aside) = &found.aside else {
            self.foreign += 1;
            return;
        };
        if found.is_replayed {
            self.replayed += 1;
            return;
        }
        let time = found.record.timestamp;
        let cause = self.causes.entry((aside.step.clone(), aside.code.clone())).or_insert(Cause {
            records: 0,
            oldest: time,
            newest: time,
        });
        cause.records += 1;
        cause.oldest = cause.oldest.min(time);
        cause.newest = cause.newest.max(time);
    }

    fn waiting(&self) -> u64 {
        self.records - self.replayed - self.foreign
    }
}

fn text(topic: &RouteTopic, summary: Option<&Summary>) -> String {
    let routes: Vec<String> =
        topic.routes.iter().map(|(word, step, line)| format!("{word} of {step} (line {line})")).collect();
    let mut out = format!("{}: {}\n", topic.topic, routes.join(", "));
    let Some(summary) = summary else {
        out.push_str("  the topic is not there, or may not be seen\n");
        return out;
    };
    let _ = write!(out, "  {} waiting", summary.waiting());
    for (number, word) in [(summary.replayed, "sent back"), (summary.foreign, "written by others")] {
        if number > 0 {
            let _ = write!(out, ", {number} {word}");
        }
    }
    out.push('\n');
    for ((step, code), cause) in &summary.causes {
        let _ =
            writeln!(out, "  {:>8}  {code} in {step}, {} to {}", cause.records, cause.oldest, cause.newest);
    }
    out
}

fn json(topic: &RouteTopic, summary: Option<&Summary>) -> Value {
    let routes =
        topic.routes.iter().map(|(word, step, line)| json!({ "route": word, "step": step, "line": line }));
    let routes: Vec<Value> = routes.collect();
    let Some(summary) = summary else {
        return json!({ "topic": topic.topic, "routes": routes, "is_there": false });
    };
    let causes = summary.causes.iter().map(|((step, code), cause)| {
        json!({
            "step": step, "code": code, "records": cause.records,
            "oldest": cause.oldest.to_string(), "newest": cause.newest.to_string(),
        })
    });
    json!({
        "topic": topic.topic, "routes": routes, "is_there": true, "waiting": summary.waiting(),
        "replayed": summary.replayed, "foreign": summary.foreign, "causes": causes.collect::<Vec<Value>>(),
    })
}
