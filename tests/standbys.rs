//! Copies of another process's state, on a log in memory whose workers take turns: they hold what the original holds, and are given away.

#[path = "support/bed.rs"]
mod bed;

use bed::{limits, plan};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tidegate_embedded::{EmbeddedLog, EmbeddedReader, EmbeddedRestorer, EmbeddedWriter};
use tidegate_engine::clock::ManualClock;
use tidegate_engine::program::Program;
use tidegate_engine::standby::{Members, Standbys};
use tidegate_engine::topics::read_topics;
use tidegate_engine::worker::Worker;
use tidegate_model::plan::Plan;
use tidegate_model::{EventTime, Offset, PartitionId, SubtopologyId, TaskId, TopicPartition};
use tidegate_state::{Shared, StateDir, Store};

type TestWorker = Worker<EmbeddedReader, EmbeddedWriter, EmbeddedRestorer, ManualClock>;

const COUNTS: &str = r#"topology t
source s: { id: int } = embedded("s") key id
stream counts = s
  |> group by id
  |> aggregate { n: count() }
  |> emit changes
sink counts -> embedded("counts")
"#;
const TABLE: &str = "counts.aggregate";
/// In milliseconds: longer than any pause between two looks.
const LONG: u32 = 25_000;

#[derive(Clone, Default)]
struct Group(Arc<Mutex<BTreeSet<String>>>);

impl Group {
    fn set(&self, members: &[&str]) {
        *self.0.lock().expect("a lock") = members.iter().map(|member| (*member).to_owned()).collect();
    }
}

struct Member {
    own: String,
    group: Group,
    is_asked: bool,
}

impl Members for Member {
    fn own(&self) -> &str {
        &self.own
    }

    fn ask(&mut self) {
        self.is_asked = true;
    }

    fn answer(&mut self) -> Option<BTreeSet<String>> {
        std::mem::take(&mut self.is_asked).then(|| self.group.0.lock().expect("a lock").clone())
    }
}

/// Two partitions; the worker of each number has the one of its number.
struct Bed {
    log: Arc<EmbeddedLog>,
    dir: tempfile::TempDir,
    shared: Shared,
    plan: Plan,
    clock: ManualClock,
    group: Group,
}

impl Bed {
    fn new() -> Bed {
        let plan = plan("t", COUNTS).expect("right");
        let log = EmbeddedLog::in_memory().expect("a log");
        log.create_topics(&plan, 2).expect("made");
        Bed {
            log,
            dir: tempfile::tempdir().expect("a directory"),
            shared: Shared::new(8 << 20),
            plan,
            clock: ManualClock::default(),
            group: Group::default(),
        }
    }

    fn state(&self, process: &str) -> Arc<StateDir> {
        let path = self.dir.path().join(process);
        Arc::new(StateDir::open(Path::new(&path), "t").expect("opens"))
    }

    fn worker(&self, state: &Arc<StateDir>, partition: u32) -> TestWorker {
        let mut writer = self.log.writer("t");
        let program = Program::new(self.plan.clone(), limits(), &mut writer).expect("right");
        let reader = self.log.reader("t", &read_topics(&self.plan), partition, 2);
        let (restorer, state) = (self.log.restorer(), Arc::clone(state));
        Worker::new(reader, writer, restorer, self.clock.clone(), program, state, self.shared.clone())
    }

    fn with_standbys(&self, worker: TestWorker, own: &str) -> TestWorker {
        let member = Member { own: own.to_owned(), group: self.group.clone(), is_asked: false };
        worker.with_standbys(Standbys::new(1, Box::new(member), self.log.restorer()))
    }

    fn append(&self, partition: i32, ids: impl Iterator<Item = i64>) {
        let records: Vec<_> = ids
            .map(|id| {
                let row = format!("{{\"id\":{id}}}").into_bytes();
                let key = id.to_string().into_bytes();
                (PartitionId(partition), EventTime::from_millis(0), Some(key), Some(row))
            })
            .collect();
        self.log.append("s", &records, None).expect("appended");
    }

    fn tick(&self, workers: &mut [&mut TestWorker], times: u32) {
        for _ in 0..times {
            self.clock.advance(Duration::from_millis(1));
            for worker in workers.iter_mut() {
                worker.tick().expect("works");
            }
        }
    }

    fn last_row(&self, partition: i32) -> String {
        let partition = TopicPartition { topic: "counts".to_owned(), partition: PartitionId(partition) };
        let rows = self.log.read(&partition, Offset(0), usize::MAX).expect("read");
        String::from_utf8(rows.last().and_then(|row| row.value.clone()).expect("a row")).expect("text")
    }

    /// What a process's store of a task holds, and up to where.
    fn dump(&self, state: &StateDir, task: TaskId) -> (Vec<(Vec<u8>, Vec<u8>)>, Option<Offset>) {
        let mut store = Store::open(&state.task_path(task), &self.shared, &[]).expect("opens");
        let table = store.table(TABLE).expect("it is there");
        (store.dump(table).expect("read"), store.position(table))
    }
}

fn task(partition: i32) -> TaskId {
    TaskId { subtopology: SubtopologyId(0), partition: PartitionId(partition) }
}

#[test]
fn a_copy_holds_what_its_original_holds_until_it_is_not_wanted_any_more() {
    let bed = Bed::new();
    let (state_a, state_b) = (bed.state("a"), bed.state("b"));
    let mut a = bed.with_standbys(bed.worker(&state_a, 0), "a-0");
    let mut b = bed.worker(&state_b, 1);
    bed.append(1, 0..5_000);
    bed.tick(&mut [&mut a, &mut b], LONG);
    assert_eq!((a.status().standbys, a.status().tasks), (0, 1), "nobody else is in the group");
    bed.group.set(&["a-0", "b-0"]);
    bed.tick(&mut [&mut a, &mut b], LONG);
    bed.append(1, 2_500..7_500);
    bed.tick(&mut [&mut a, &mut b], LONG);
    assert_eq!((a.status().standbys, a.status().standbys_behind), (1, 0));
    bed.group.set(&["a-0"]);
    bed.tick(&mut [&mut a], LONG);
    assert_eq!(a.status().standbys, 0);
    b.close().expect("closes");
    let (copy, original) = (bed.dump(&state_a, task(1)), bed.dump(&state_b, task(1)));
    assert_eq!(original.0.len(), 7_500);
    assert_eq!(copy, original);
}

#[test]
fn a_copy_is_given_to_the_worker_of_its_process_that_gets_the_task() {
    let bed = Bed::new();
    let (state_a, state_b) = (bed.state("a"), bed.state("b"));
    bed.group.set(&["a-0", "b-0"]);
    let mut first = bed.with_standbys(bed.worker(&state_a, 0), "a-0");
    let mut b = bed.worker(&state_b, 1);
    bed.append(1, 0..3_000);
    bed.tick(&mut [&mut first, &mut b], LONG);
    assert_eq!(first.status().standbys, 1);
    drop(b);
    let mut second = bed.worker(&state_a, 1);
    bed.tick(&mut [&mut second], 10);
    assert_eq!(second.status().tasks, 0, "the store is open for its copy");
    bed.tick(&mut [&mut first, &mut second], 10);
    assert_eq!((first.status().standbys, second.status().tasks), (0, 1));
    assert_eq!(second.status().restored, 0, "nothing is read back");
    bed.append(1, std::iter::once(7));
    bed.tick(&mut [&mut first, &mut second], LONG);
    assert_eq!(bed.last_row(1), r#"{"id":7,"n":2}"#);
    assert_eq!((first.status().standbys, second.status().tasks), (0, 1), "it is not taken back");
}
