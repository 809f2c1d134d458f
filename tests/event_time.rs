//! Event time and state, from the outside of a worker: what is late, what is final, what is waited for, and what is refused.
//!
//! The production worker runs on a log in memory, with a clock that the test moves and a reader that can be cut off from its topics.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tidegate_dsl::{SourceFile, compile};
use tidegate_embedded::{EmbeddedLog, EmbeddedReader, EmbeddedRestorer, EmbeddedWriter};
use tidegate_engine::clock::{Clock, ManualClock};
use tidegate_engine::limits::Limits;
use tidegate_engine::log::{Committed, GroupEvent, LogError, OffsetRange, Reader, Record, Slot};
use tidegate_engine::operator::TaskError;
use tidegate_engine::program::Program;
use tidegate_engine::topics::read_topics;
use tidegate_engine::worker::{Tick, Worker};
use tidegate_model::plan::Plan;
use tidegate_model::{EventTime, Offset, PartitionId, TopicPartition};
use tidegate_state::{Shared, StateDir};

/// The topics that the reader hears nothing from.
type Held = Rc<RefCell<BTreeSet<String>>>;

/// A reader that can be cut off, as by a broker that is away.
struct CutOff {
    inner: EmbeddedReader,
    topics: Vec<String>,
    held: Held,
}

impl CutOff {
    fn is_held(&self, slot: Slot) -> bool {
        self.held.borrow().contains(&self.topics[slot.0 as usize])
    }
}

impl Reader for CutOff {
    type Group = ();

    fn poll_group(&mut self) -> Result<Option<GroupEvent>, LogError> {
        self.inner.poll_group()
    }

    fn assign(&mut self, starts: &[(TopicPartition, Offset)]) -> Result<Vec<Slot>, LogError> {
        self.topics = starts.iter().map(|(partition, _)| partition.topic.clone()).collect();
        self.inner.assign(starts)
    }

    fn unassign(&mut self) -> Result<(), LogError> {
        self.inner.unassign()
    }

    fn fetch(
        &mut self,
        slot: Slot,
        max_records: usize,
        visit: &mut dyn FnMut(Record<'_>),
    ) -> Result<usize, LogError> {
        if self.is_held(slot) { Ok(0) } else { self.inner.fetch(slot, max_records, visit) }
    }

    fn wait(&mut self, _timeout: Duration) {}

    fn seek(&mut self, slot: Slot, next: Offset) -> Result<(), LogError> {
        self.inner.seek(slot, next)
    }

    fn known_end(&self, slot: Slot) -> Option<Offset> {
        if self.is_held(slot) { None } else { self.inner.known_end(slot) }
    }

    fn confirm_end(&mut self, slot: Slot, timeout: Duration) -> Result<bool, LogError> {
        if self.is_held(slot) {
            return Err(LogError::Retry("cut off".to_owned()));
        }
        self.inner.confirm_end(slot, timeout)
    }

    fn ended(&self, slot: Slot, next: Offset) -> bool {
        !self.is_held(slot) && self.inner.ended(slot, next)
    }

    fn committed(
        &mut self,
        partitions: &[TopicPartition],
        timeout: Duration,
    ) -> Result<Vec<Option<Committed>>, LogError> {
        self.inner.committed(partitions, timeout)
    }

    fn offset_range(
        &mut self,
        partition: &TopicPartition,
        timeout: Duration,
    ) -> Result<OffsetRange, LogError> {
        self.inner.offset_range(partition, timeout)
    }

    fn group(&mut self) -> Result<(), LogError> {
        self.inner.group()
    }

    fn close(&mut self, timeout: Duration) {
        self.inner.close(timeout);
    }
}

type TestWorker = Worker<CutOff, EmbeddedWriter, EmbeddedRestorer, ManualClock>;

/// What outlives a worker: the log, the state, the clock.
struct Bed {
    log: Arc<EmbeddedLog>,
    state: tempfile::TempDir,
    clock: ManualClock,
    held: Held,
    partitions: u32,
}

fn plan_of(text: &str) -> Plan {
    let file = SourceFile::new("t.tide".to_owned(), text.to_owned());
    let compiled = compile(&file, &|_| None);
    compiled.plan.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics))
}

impl Bed {
    fn new(plan: &Plan, partitions: u32) -> Bed {
        let log = EmbeddedLog::in_memory().expect("a log");
        log.create_topics(plan, partitions).expect("topics");
        Bed {
            log,
            state: tempfile::tempdir().expect("a directory"),
            clock: ManualClock::default(),
            held: Held::default(),
            partitions,
        }
    }

    /// Starts a worker as a member of the group `group`.
    fn worker(&self, plan: &Plan, group: &str, limits: Limits) -> TestWorker {
        let mut writer = self.log.writer(group);
        let program = Program::new(plan.clone(), limits, &mut writer).expect("a program");
        let inner = self.log.reader(group, &read_topics(plan), 0, 1);
        let reader = CutOff { inner, topics: Vec::new(), held: Rc::clone(&self.held) };
        let dir = StateDir::open(Path::new(self.state.path()), &plan.topology).expect("a state directory");
        let shared = Shared::new(8 << 20);
        Worker::new(reader, writer, self.log.restorer(), self.clock.clone(), program, Arc::new(dir), shared)
    }

    /// The key is the field `id`.
    fn append(&self, topic: &str, partition: i32, rows: &[String]) {
        let keyed: Vec<(String, &str)> = rows
            .iter()
            .map(|row| {
                let parsed: serde_json::Value = serde_json::from_str(row).expect("JSON");
                (parsed["id"].to_string(), row.as_str())
            })
            .collect();
        let keyed: Vec<(&str, &str)> = keyed.iter().map(|(key, row)| (key.as_str(), *row)).collect();
        self.append_keyed(topic, partition, &keyed);
    }

    /// Key and row.
    fn append_keyed(&self, topic: &str, partition: i32, rows: &[(&str, &str)]) {
        let bytes = |text: &str| Some(text.as_bytes().to_vec());
        let records: Vec<_> = rows
            .iter()
            .map(|(key, row)| (PartitionId(partition), EventTime::from_millis(0), bytes(key), bytes(row)))
            .collect();
        self.log.append(topic, &records, None).expect("appended");
    }

    /// Rows of a topic, of all partitions.
    fn rows(&self, topic: &str) -> Vec<String> {
        let mut rows = Vec::new();
        for partition in (0..self.partitions as i32).map(PartitionId) {
            let partition = TopicPartition { topic: topic.to_owned(), partition };
            for record in self.log.read(&partition, Offset(0), usize::MAX).expect("read") {
                rows.push(String::from_utf8(record.value.expect("a row")).expect("text"));
            }
        }
        rows
    }

    fn tick(&self, worker: &mut TestWorker, times: u32) -> Result<(), TaskError> {
        for _ in 0..times {
            self.clock.advance(Duration::from_millis(1));
            worker.tick()?;
        }
        Ok(())
    }

    /// Works until the finite inputs are read to their ends, and everything is committed.
    fn drain(&self, worker: &mut TestWorker) {
        for _ in 0..1_000_000 {
            self.clock.advance(Duration::from_millis(1));
            if let Tick::Idle(_) = worker.tick().expect("works")
                && worker.is_drained()
            {
                return;
            }
        }
        panic!("the topology does not come to its end");
    }
}

const COUNTS: &str = r#"topology t
source s: { id: int, key: int, at: timestamp } = embedded("s") key id time at, out_of_order 2s, idle 10s
stream counts = s
  |> group by key
  |> window tumbling 1m, late -> embedded("late")
  |> aggregate { n: count(), ids: sum(id) }
  |> emit final
sink counts -> embedded("counts")
"#;

/// Splitmix64 (Steele, Lea, Flood).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }
}

#[derive(Clone, Copy)]
struct Event {
    id: u64,
    key: u64,
    at_ms: i64,
    partition: i32,
}

impl Event {
    fn row(&self) -> String {
        format!(r#"{{"id":{},"key":{},"at":{}}}"#, self.id, self.key, self.at_ms)
    }
}

/// Events of all partitions; at most `disorder_ms` behind one that came before in the same partition.
fn events(seed: u64, count: u64, keys: u64, partitions: u32, disorder_ms: u64) -> Vec<Event> {
    let mut random = Random(seed);
    let start = 1_700_000_000_000;
    (0..count)
        .map(|id| Event {
            id,
            key: random.below(keys),
            at_ms: start + (id as i64) * 97 - random.below(disorder_ms + 1) as i64,
            partition: (id % u64::from(partitions)) as i32,
        })
        .collect()
}

/// What the windows of a minute hold, worked out from the events alone.
fn right_counts<'a>(events: impl Iterator<Item = &'a Event>) -> Vec<String> {
    let mut groups: BTreeMap<(i64, u64), (u64, u64)> = BTreeMap::new();
    for event in events {
        let group = groups.entry((event.at_ms.div_euclid(60_000), event.key)).or_default();
        group.0 += 1;
        group.1 += event.id;
    }
    let row = |((minute, key), (n, ids)): (&(i64, u64), &(u64, u64))| {
        let (start, end) =
            (EventTime::from_millis(minute * 60_000), EventTime::from_millis((minute + 1) * 60_000));
        format!(r#"{{"key":{key},"window":{{"start":"{start}","end":"{end}"}},"n":{n},"ids":{ids}}}"#)
    };
    let mut rows: Vec<String> = groups.iter().map(row).collect();
    rows.sort();
    rows
}

fn sorted(mut rows: Vec<String>) -> Vec<String> {
    rows.sort();
    rows
}

/// All partials of a commit belong before the watermark that the commit tells, wherever a fetch ends.
#[test]
fn many_keys_behind_a_repartition_are_counted_whole_wherever_a_fetch_ends() {
    for (seed, keys, partitions, batch_records) in
        [(1, 10_000, 1, 4096), (2, 10_000, 3, 4096), (3, 50, 3, 1), (4, 200, 3, 7), (5, 3, 1, 2)]
    {
        let plan = plan_of(COUNTS);
        let bed = Bed::new(&plan, partitions);
        let count = if keys == 10_000 { 20_000 } else { 3_000 };
        let events = events(seed, count, keys, partitions, 2_000);
        for event in &events {
            bed.append("s", event.partition, &[event.row()]);
        }
        bed.log.finish("s").expect("finished");
        let limits =
            Limits { batch_records, commit_interval: Duration::from_millis(seed * 3), ..Limits::default() };
        let mut worker = bed.worker(&plan, "t", limits);
        bed.drain(&mut worker);
        assert_eq!(bed.rows("late"), [] as [String; 0], "seed {seed}: nothing is late");
        assert!(
            sorted(bed.rows("counts")) == right_counts(events.iter()),
            "seed {seed}: the windows are not right"
        );
    }
}

/// Lateness is decided by the event's own source partition, whatever the batches and commits were, and also behind a repartition.
#[test]
fn what_is_late_behind_a_repartition_does_not_depend_on_batches() {
    let text =
        COUNTS.replace("  |> group by key", "  |> repartition by key |> map { id, key, at } |> group by key");
    let plan = plan_of(&text);
    let partitions = 3;
    // Five times as much disorder as the source declares.
    let events = events(11, 3_000, 20, partitions, 10_000);
    let mut newest: BTreeMap<i32, i64> = BTreeMap::new();
    let (late, kept): (Vec<&Event>, Vec<&Event>) = events.iter().partition(|event| {
        let newest = newest.entry(event.partition).or_insert(i64::MIN);
        let watermark = newest.saturating_sub(2_000);
        *newest = (*newest).max(event.at_ms);
        (event.at_ms.div_euclid(60_000) + 1) * 60_000 <= watermark
    });
    assert!(late.len() > 50, "there is something late");
    for (batch_records, commit_ms) in [(1, 0), (7, 3), (4096, 100)] {
        let bed = Bed::new(&plan, partitions);
        for event in &events {
            bed.append("s", event.partition, &[event.row()]);
        }
        bed.log.finish("s").expect("finished");
        let limits =
            Limits { batch_records, commit_interval: Duration::from_millis(commit_ms), ..Limits::default() };
        let mut worker = bed.worker(&plan, "t", limits);
        bed.drain(&mut worker);
        assert_eq!(worker.status().counters.late, late.len() as u64, "batches of {batch_records}");
        assert!(
            sorted(bed.rows("counts")) == right_counts(kept.iter().copied()),
            "batches of {batch_records}"
        );
    }
}

/// Without a repartition the end of the input alone lets the rows out.
#[test]
fn the_last_windows_of_a_finite_input_are_committed() {
    let text = COUNTS.replace("group by key", "group by id, key");
    let plan = plan_of(&text);
    let bed = Bed::new(&plan, 1);
    let mut worker = bed.worker(&plan, "t", Limits::default());
    bed.append("s", 0, &[r#"{"id":1,"key":7,"at":1700000000000}"#.to_owned()]);
    bed.tick(&mut worker, 300).expect("works");
    assert_eq!(bed.rows("counts").len(), 0, "the window is open");
    bed.log.finish("s").expect("finished");
    bed.drain(&mut worker);
    worker.close().expect("closes");
    assert_eq!(bed.rows("counts").len(), 1);
}

/// What went out because time passed is committed although no event came.
#[test]
fn a_silent_source_lets_its_windows_out_and_they_are_committed() {
    let text = COUNTS.replace("group by key", "group by id, key");
    let plan = plan_of(&text);
    let bed = Bed::new(&plan, 1);
    let mut worker = bed.worker(&plan, "t", Limits::default());
    bed.append("s", 0, &[r#"{"id":1,"key":7,"at":1700000000000}"#.to_owned()]);
    bed.tick(&mut worker, 200).expect("works");
    bed.clock.advance(Duration::from_secs(61));
    bed.tick(&mut worker, 1_000).expect("works");
    assert_eq!(bed.rows("counts").len(), 1);
}

/// While the broker is away nobody knows whether a source is silent.
#[test]
fn an_outage_longer_than_idle_makes_nothing_late() {
    let plan = plan_of(COUNTS);
    let bed = Bed::new(&plan, 1);
    let mut worker = bed.worker(&plan, "t", Limits::default());
    bed.append("s", 0, &[r#"{"id":1,"key":7,"at":1700000000000}"#.to_owned()]);
    bed.tick(&mut worker, 300).expect("works");
    bed.held.borrow_mut().insert("s".to_owned());
    bed.append("s", 0, &[r#"{"id":2,"key":7,"at":1700000001000}"#.to_owned()]);
    bed.clock.advance(Duration::from_secs(600));
    bed.tick(&mut worker, 2_000).expect("works");
    assert_eq!(bed.rows("counts").len(), 0, "nobody knows that the window is over");
    bed.held.borrow_mut().clear();
    bed.tick(&mut worker, 300).expect("works");
    bed.log.finish("s").expect("finished");
    bed.drain(&mut worker);
    assert_eq!(bed.rows("late"), [] as [String; 0]);
    assert!(bed.rows("counts")[0].ends_with(r#""n":2,"ids":3}"#), "{:?}", bed.rows("counts"));
}

const TWO: &str = r#"topology t
source a: { id: int, at: timestamp } = embedded("a") key id time at, out_of_order 0s, idle 1s
source b: { id: int, at: timestamp } = embedded("b") key id time at, out_of_order 0s, idle 1s
stream counts = merge a, b
  |> group by id
  |> window tumbling 1m, late -> embedded("late")
  |> aggregate { n: count() }
  |> emit final
sink counts -> embedded("counts")
"#;

/// One input that is silent does not hold back another that is busy.
#[test]
fn a_silent_input_does_not_wait_for_the_others_to_rest() {
    let plan = plan_of(TWO);
    let bed = Bed::new(&plan, 1);
    let mut worker = bed.worker(&plan, "t", Limits { batch_records: 10, ..Limits::default() });
    let row = |n: i64| format!(r#"{{"id":1,"at":{}}}"#, 1_700_000_000_000 + n * 1_000);
    bed.append("a", 0, &[row(0)]);
    bed.append("b", 0, &(0..100_000).map(row).collect::<Vec<_>>());
    bed.tick(&mut worker, 3_000).expect("works");
    let closed = bed.rows("counts").len();
    assert!(closed > 10, "{closed} windows are closed, though `a` has been silent for two seconds");
    assert!(worker.status().counters.records_in < 100_000, "`b` is still busy");
}

/// Rows of a table that have not come yet are waited for, however long it takes.
#[test]
fn a_join_waits_for_a_table_that_is_slow_to_come() {
    let plan = plan_of(
        "topology t\nsource s: { id: int, card: string } = embedded(\"s\") key card\n\
         table cards: { card: string, tier: string } = embedded(\"cards\") key card\n\
         stream j = s |> join cards as c by card |> map { id, tier: c.tier }\nsink j -> embedded(\"j\")\n",
    );
    let bed = Bed::new(&plan, 1);
    bed.append_keyed("cards", 0, &[("c1", r#"{"card":"c1","tier":"gold"}"#)]);
    bed.append_keyed("s", 0, &[("c1", r#"{"id":1,"card":"c1"}"#)]);
    bed.held.borrow_mut().insert("cards".to_owned());
    let mut worker = bed.worker(&plan, "t", Limits::default());
    bed.tick(&mut worker, 10_000).expect("works");
    assert_eq!(bed.rows("j").len(), 0);
    bed.held.borrow_mut().clear();
    bed.tick(&mut worker, 500).expect("works");
    assert_eq!(bed.rows("j"), [r#"{"id":1,"tier":"gold"}"#]);
}

/// A finite input that has more in a later run goes on: what is closed stays closed, and new windows are counted.
#[test]
fn a_later_run_goes_on_behind_a_finished_one() {
    for text in [COUNTS.to_owned(), COUNTS.replace("group by key", "group by id, key")] {
        let plan = plan_of(&text);
        let bed = Bed::new(&plan, 1);
        let row =
            |minute: i64| vec![format!(r#"{{"id":1,"key":7,"at":{}}}"#, 1_700_000_000_000 + minute * 60_000)];
        for minutes in [&[0, 1][..], &[1, 2, 3]] {
            bed.log.unfinish("s").expect("goes on");
            minutes.iter().for_each(|minute| bed.append("s", 0, &row(*minute)));
            bed.log.finish("s").expect("finished");
            let mut worker = bed.worker(&plan, "t", Limits::default());
            bed.drain(&mut worker);
            worker.close().expect("closes");
        }
        assert_eq!(bed.rows("counts").len(), 4, "{:?}", bed.rows("counts"));
        assert_eq!(bed.rows("late").len(), 1, "the second event of a window that was final");
    }
}

/// Whether an input that was idle before a restart is still silent is not known.
#[test]
fn an_input_that_was_idle_before_a_restart_is_waited_for() {
    let plan = plan_of(TWO);
    let bed = Bed::new(&plan, 1);
    let row = |second: i64| vec![format!(r#"{{"id":1,"at":{}}}"#, 1_700_000_000_000 + second * 1_000)];
    bed.append("a", 0, &row(0));
    bed.append("b", 0, &row(0));
    let mut worker = bed.worker(&plan, "t", Limits::default());
    bed.tick(&mut worker, 3_000).expect("works");
    // `b` is idle now, and `a` goes on.
    bed.append("a", 0, &row(5));
    bed.tick(&mut worker, 300).expect("works");
    worker.close().expect("closes");
    (10..20).for_each(|minute| bed.append("a", 0, &row(minute * 60)));
    (10..20).for_each(|minute| bed.append("b", 0, &row(minute * 60 + 1)));
    let mut worker = bed.worker(&plan, "t", Limits::default());
    bed.held.borrow_mut().insert("b".to_owned());
    bed.tick(&mut worker, 500).expect("works");
    bed.held.borrow_mut().clear();
    bed.tick(&mut worker, 500).expect("works");
    for topic in ["a", "b"] {
        bed.log.finish(topic).expect("finished");
    }
    bed.drain(&mut worker);
    assert_eq!(bed.rows("late"), [] as [String; 0]);
    let counts = bed.rows("counts");
    assert_eq!(counts.iter().filter(|row| row.ends_with(r#""n":2}"#)).count(), 10, "{counts:?}");
}

/// A row that time lets out into another step that keeps state is committed like one that leaves.
#[test]
fn what_time_lets_out_into_the_next_step_is_committed() {
    let text = COUNTS.replace(
        "group by key\n  |> window tumbling 1m, late -> embedded(\"late\")\n  |> aggregate { n: count(), ids: sum(id) }\n  |> emit final",
        "group by id, key\n  |> window tumbling 1m, late -> embedded(\"late\")\n  |> aggregate { n: count() } as each\n  |> emit final\n  |> group by id, key\n  |> aggregate { windows: count() } as all\n  |> emit changes",
    );
    let plan = plan_of(&text);
    let bed = Bed::new(&plan, 1);
    let mut worker = bed.worker(&plan, "t", Limits::default());
    bed.append("s", 0, &[r#"{"id":1,"key":7,"at":1700000000000}"#.to_owned()]);
    bed.tick(&mut worker, 200).expect("works");
    bed.clock.advance(Duration::from_secs(61));
    bed.tick(&mut worker, 1_000).expect("works");
    assert_eq!(bed.rows("counts"), [r#"{"id":1,"key":7,"windows":1}"#]);
}

/// Rows that wait for the commit come before the watermark that has passed them.
#[test]
fn changes_of_one_window_are_not_late_for_the_next_step() {
    let text = COUNTS.replace(
        "group by key\n  |> window tumbling 1m, late -> embedded(\"late\")\n  |> aggregate { n: count(), ids: sum(id) }\n  |> emit final",
        "group by id, key\n  |> window tumbling 1m\n  |> aggregate { n: count() } as each\n  |> emit changes\n  |> group by id, key\n  |> window tumbling 1m, late -> embedded(\"late\")\n  |> aggregate { rows: count() } as all\n  |> emit final",
    );
    let plan = plan_of(&text);
    let bed = Bed::new(&plan, 1);
    let minute = 1_700_000_040_000; // a whole minute
    let row = |second: i64| format!(r#"{{"id":1,"key":7,"at":{}}}"#, minute + second * 1_000);
    bed.append("s", 0, &[row(59), row(65), row(130)]);
    bed.log.finish("s").expect("finished");
    let mut worker = bed.worker(&plan, "t", Limits::default());
    bed.drain(&mut worker);
    assert_eq!(bed.rows("late"), [] as [String; 0]);
    let counts = bed.rows("counts");
    assert_eq!(counts.len(), 3, "{counts:?}");
    assert!(counts.iter().all(|row| row.ends_with(r#""rows":1}"#)), "{counts:?}");
}

#[test]
fn totals_that_change_are_counted_over_their_range_up_to_the_end() {
    let text = COUNTS.replace(
        "group by key\n  |> window tumbling 1m, late -> embedded(\"late\")\n  |> aggregate { n: count(), ids: sum(id) }\n  |> emit final",
        "group by id, key\n  |> aggregate { n: count() }\n  |> emit changes\n  |> rolling 1h by id { changes: count() }",
    );
    let plan = plan_of(&text);
    let bed = Bed::new(&plan, 1);
    let row = |key: i64| format!(r#"{{"id":1,"key":{key},"at":1700000000000}}"#);
    bed.append("s", 0, &[row(1), row(2), row(3)]);
    bed.log.finish("s").expect("finished");
    let mut worker = bed.worker(&plan, "t", Limits::default());
    bed.drain(&mut worker);
    let counts = bed.rows("counts");
    assert!(counts[2].ends_with(r#""changes":3}"#), "{counts:?}");
}

fn fails(bed: &Bed, plan: &Plan, group: &str) -> String {
    let mut worker = bed.worker(plan, group, Limits::default());
    let error = bed.tick(&mut worker, 300).expect_err("refused");
    error.to_string()
}

#[test]
fn state_of_another_form_is_refused_with_both_forms_named() {
    let plan = plan_of(COUNTS);
    let bed = Bed::new(&plan, 1);
    bed.append("s", 0, &[r#"{"id":1,"key":7,"at":1700000000000}"#.to_owned()]);
    let mut worker = bed.worker(&plan, "t", Limits::default());
    bed.tick(&mut worker, 300).expect("works");
    worker.close().expect("closes");
    let swapped = plan_of(&COUNTS.replace("n: count(), ids: sum(id)", "ids: sum(id), n: count()"));
    insta::assert_snapshot!("layout_swapped", fails(&bed, &swapped, "t"));
    let wider = plan_of(&COUNTS.replace("tumbling 1m", "hopping 2m every 1m"));
    insta::assert_snapshot!("layout_window", fails(&bed, &wider, "t"));
    // Lost with its machine, and restored from the changelog: refused as well.
    std::fs::remove_dir_all(bed.state.path().join("t")).expect("removed");
    assert!(fails(&bed, &swapped, "t").contains("was made by another topology"));
    // Another condition upstream, and more grace, leave the form as it is.
    let filtered = COUNTS.replace("stream counts = s", "stream counts = s |> filter id > 0");
    let filtered = plan_of(&filtered.replace("tumbling 1m", "tumbling 1m, grace 1s"));
    let mut worker = bed.worker(&filtered, "t", Limits::default());
    bed.tick(&mut worker, 300).expect("the state fits");
}

#[test]
fn state_without_committed_offsets_is_not_counted_into_twice() {
    let plan = plan_of(&COUNTS.replace("group by key", "group by id, key"));
    let bed = Bed::new(&plan, 1);
    bed.append("s", 0, &[r#"{"id":1,"key":7,"at":1700000000000}"#.to_owned()]);
    let mut worker = bed.worker(&plan, "t", Limits::default());
    bed.tick(&mut worker, 300).expect("works");
    worker.close().expect("closes");
    // Another group has no offsets, as this one would have none when they have expired.
    insta::assert_snapshot!("no_offsets", fails(&bed, &plan, "other"));
    let mut worker = bed.worker(&plan, "t", Limits::default());
    bed.tick(&mut worker, 300).expect("its own group goes on");
    assert!(bed.clock.now().micros() > 0);
}
