//! Every kind of window behind a repartition, on one partition and on four: what comes out is worked out from the events alone.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};
use support::tidegate;
use tidegate_model::time::parse_rfc3339;
use tidegate_model::{EventTime, Span};

const TOPOLOGY: &str = r#"topology windows
source s: { id: int, card: string, user: string, at: timestamp } = embedded("s")
  key card
  time at, out_of_order 30s
stream rides = s |> repartition by user |> group by user
  |> window session gap 10m, late -> embedded("late") |> aggregate { n: count(), ids: sum(id) }
stream near = s |> repartition by user |> group by user
  |> window sliding 5m, late -> embedded("late") |> aggregate { n: count(), ids: sum(id) }
stream days = s |> group by user
  |> window tumbling 1d in "Europe/Paris", late -> embedded("late") |> aggregate { n: count(), ids: sum(id) }
stream filling = s |> group by user
  |> window cumulate 1d every 6h in "Europe/Paris", late -> embedded("late") |> aggregate { n: count(), ids: sum(id) }
stream shifted = s |> group by user
  |> window hopping 2h every 1h, offset 10m, late -> embedded("late") |> aggregate { n: count(), ids: sum(id) }
sink rides -> embedded("rides")
sink near -> embedded("near")
sink days -> embedded("days")
sink filling -> embedded("filling")
sink shifted -> embedded("shifted")
"#;
const STREAMS: [&str; 5] = ["rides", "near", "days", "filling", "shifted"];

struct Event {
    id: i64,
    user: i64,
    time: EventTime,
}

fn at(text: &str) -> EventTime {
    parse_rfc3339(text.as_bytes()).expect("a time")
}

/// Two days around the hour that comes twice, half a minute out of order at most.
fn events() -> Vec<Event> {
    let mut random = 7u64;
    let mut below = |limit: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % limit
    };
    let start = at("2026-10-24T15:00:00Z");
    (0..3_000)
        .map(|id| Event {
            id,
            user: below(5) as i64,
            time: start.plus(Span::from_secs(id * 50 - below(31) as i64)),
        })
        .collect()
}

fn given_out(dir: &Path, partitions: u32, events: &[Event]) -> BTreeMap<&'static str, BTreeSet<String>> {
    let (topology, input) = (dir.join("windows.tide"), dir.join("events.ndjson"));
    std::fs::write(&topology, TOPOLOGY).expect("written");
    let line = |event: &Event| {
        let card = event.id % 17;
        format!(r#"{{"id":{},"card":"c{card}","user":"u{}","at":"{}"}}"#, event.id, event.user, event.time)
    };
    std::fs::write(&input, events.iter().map(line).collect::<Vec<_>>().join("\n")).expect("written");
    let mut command = Command::new(tidegate());
    command.args(["--quiet", "run"]).arg(&topology).arg("--input").arg(format!("s={}", input.display()));
    command.args(["--partitions", &partitions.to_string(), "--workers", &partitions.to_string()]);
    let output = |stream: &str| dir.join(format!("{stream}.{partitions}"));
    for stream in STREAMS.into_iter().chain(["late"]) {
        command.arg("--output").arg(format!("{stream}={}", output(stream).display()));
    }
    assert!(command.stdin(Stdio::null()).status().expect("started").success());
    assert_eq!(std::fs::read_to_string(output("late")).unwrap_or_default(), "", "nothing is late");
    let rows = |stream: &str| {
        let text = std::fs::read_to_string(output(stream)).expect("rows");
        let rows: BTreeSet<String> = text.lines().map(str::to_owned).collect();
        assert_eq!(rows.len(), text.lines().count(), "no row of {stream} comes twice");
        rows
    };
    STREAMS.into_iter().map(|stream| (stream, rows(stream))).collect()
}

/// The rows of windows that hold the events of one user for which `holds` is true.
fn rows(events: &[&Event], windows: &BTreeSet<(EventTime, EventTime)>, inclusive: bool) -> Vec<String> {
    let row = |(start, end): &(EventTime, EventTime)| {
        let holds = |time: EventTime| *start <= time && (time < *end || (inclusive && time == *end));
        let held: Vec<&&Event> = events.iter().filter(|event| holds(event.time)).collect();
        let (user, ids) = (held.first()?.user, held.iter().map(|event| event.id).sum::<i64>());
        let window = format!(r#"{{"start":"{start}","end":"{end}"}}"#);
        Some(format!(r#"{{"user":"u{user}","window":{window},"n":{},"ids":{ids}}}"#, held.len()))
    };
    windows.iter().filter_map(row).collect()
}

fn right(events: &[Event]) -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut right: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
    let mut put = |stream: &'static str, rows: Vec<String>| right.entry(stream).or_default().extend(rows);
    let days = [
        (
            "2026-10-23T22:00:00Z",
            ["2026-10-24T04:00:00Z", "2026-10-24T10:00:00Z", "2026-10-24T16:00:00Z", "2026-10-24T22:00:00Z"],
        ),
        (
            "2026-10-24T22:00:00Z",
            ["2026-10-25T05:00:00Z", "2026-10-25T11:00:00Z", "2026-10-25T17:00:00Z", "2026-10-25T23:00:00Z"],
        ),
        (
            "2026-10-25T23:00:00Z",
            ["2026-10-26T05:00:00Z", "2026-10-26T11:00:00Z", "2026-10-26T17:00:00Z", "2026-10-26T23:00:00Z"],
        ),
    ];
    for user in 0..5 {
        let mut of_user: Vec<&Event> = events.iter().filter(|event| event.user == user).collect();
        of_user.sort_by_key(|event| event.time);
        let mut sessions: Vec<(EventTime, EventTime)> = Vec::new();
        let mut sliding = BTreeSet::new();
        for event in &of_user {
            match sessions.last_mut() {
                Some((_, last)) if event.time <= last.plus(Span::from_secs(600)) => *last = event.time,
                _ => sessions.push((event.time, event.time)),
            }
            let (size, behind) = (Span::from_secs(300), event.time.plus(Span::from_micros(1)));
            sliding.insert((event.time.minus(size), event.time));
            sliding.insert((behind, behind.plus(size)));
        }
        put("rides", rows(&of_user, &sessions.into_iter().collect(), true));
        put("near", rows(&of_user, &sliding, true));
        let whole = days.iter().map(|(start, ends)| (at(start), at(ends[3]))).collect();
        put("days", rows(&of_user, &whole, false));
        let steps = days.iter().flat_map(|(start, ends)| ends.iter().map(|end| (at(start), at(end))));
        put("filling", rows(&of_user, &steps.collect(), false));
        let first = at("2026-10-24T12:10:00Z");
        let hops = (0..60).map(|hour| first.plus(Span::from_secs(hour * 3600)));
        put(
            "shifted",
            rows(&of_user, &hops.map(|start| (start, start.plus(Span::from_secs(7200)))).collect(), false),
        );
    }
    right
}

#[test]
fn windows_hold_what_they_should_on_any_number_of_partitions() {
    let events = events();
    let right = right(&events);
    for partitions in [1, 4] {
        let dir = tempfile::tempdir().expect("a directory");
        for (stream, found) in given_out(dir.path(), partitions, &events) {
            let wanted = &right[stream];
            let missing: Vec<_> = wanted.difference(&found).take(3).collect();
            let more: Vec<_> = found.difference(wanted).take(3).collect();
            assert!(missing.is_empty() && more.is_empty(), "{stream}: lacks {missing:?}, has {more:?}");
        }
    }
}
