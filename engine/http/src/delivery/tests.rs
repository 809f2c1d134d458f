//! Deliveries from an outbox in memory, with answers of a test's own, and a clock that stands still: what has a pause is not sent again.

use super::*;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use tidegate_engine::log::{OffsetRange, Record, Slot};
use tidegate_model::plan::{HttpMethod, JsonFormat, Retry, RetryBudget, Route};
use tidegate_model::{EventTime, NodeId, Schema, Span, SubtopologyId};

const OUTBOX: &str = "t.s.sink-outbox";

/// A record that was set aside: its place in the outbox, its code and its value.
type Aside = (String, String, Option<Vec<u8>>);

#[derive(Default)]
struct Log {
    /// The values of each partition. None: a record without one.
    outbox: Vec<Vec<Option<Vec<u8>>>>,
    committed: BTreeMap<TopicPartition, Offset>,
    commits: usize,
    /// What becomes of the next commits, before they succeed again.
    outcomes: VecDeque<CommitOutcome>,
    events: VecDeque<GroupEvent>,
    is_member: bool,
    is_corrupt: bool,
    next: Vec<usize>,
    uncommitted: Vec<Aside>,
    aside: Vec<Aside>,
    waits: usize,
    /// What had been answered when the group was left.
    answered_at_close: Option<usize>,
}

#[derive(Clone)]
struct Member(Rc<RefCell<Log>>, Arc<AtomicUsize>);

fn place(partition: usize) -> TopicPartition {
    TopicPartition { topic: OUTBOX.to_owned(), partition: PartitionId(partition as i32) }
}

impl Reader for Member {
    type Group = ();

    fn poll_group(&mut self) -> Result<Option<GroupEvent>, LogError> {
        Ok(self.0.borrow_mut().events.pop_front())
    }

    fn assign(&mut self, starts: &[(TopicPartition, Offset)]) -> Result<Vec<Slot>, LogError> {
        self.0.borrow_mut().next = starts.iter().map(|(_, start)| start.0 as usize).collect();
        Ok((0..starts.len() as u32).map(Slot).collect())
    }

    fn unassign(&mut self) -> Result<(), LogError> {
        Ok(())
    }

    fn fetch(
        &mut self,
        slot: Slot,
        max_records: usize,
        visit: &mut dyn FnMut(Record<'_>),
    ) -> Result<usize, LogError> {
        let mut log = self.0.borrow_mut();
        if log.is_corrupt {
            return Err(LogError::Fatal("it is corrupt".to_owned()));
        }
        let (lane, first) = (slot.0 as usize, log.next[slot.0 as usize]);
        let values = &log.outbox[lane][first..];
        let count = values.len().min(max_records);
        for (number, value) in values[..count].iter().enumerate() {
            let offset = Offset((first + number) as i64);
            visit(Record {
                offset,
                timestamp: EventTime::from_millis(0),
                key: None,
                value: value.as_deref(),
            });
        }
        log.next[lane] = first + count;
        Ok(count)
    }

    fn wait(&mut self, _timeout: Duration) {
        self.0.borrow_mut().waits += 1;
    }

    fn seek(&mut self, slot: Slot, next: Offset) -> Result<(), LogError> {
        self.0.borrow_mut().next[slot.0 as usize] = next.0 as usize;
        Ok(())
    }

    fn known_end(&self, slot: Slot) -> Option<Offset> {
        Some(Offset(self.0.borrow().outbox[slot.0 as usize].len() as i64))
    }

    fn confirm_end(&mut self, _slot: Slot, _timeout: Duration) -> Result<bool, LogError> {
        unreachable!("a delivery does not ask")
    }

    fn ended(&self, _slot: Slot, _next: Offset) -> bool {
        unreachable!("a delivery does not ask")
    }

    fn committed(
        &mut self,
        partitions: &[TopicPartition],
        _timeout: Duration,
    ) -> Result<Vec<Option<Committed>>, LogError> {
        self.group()?;
        let log = self.0.borrow();
        let of = |next: &Offset| Committed { next: *next, metadata: String::new() };
        Ok(partitions.iter().map(|partition| log.committed.get(partition).map(of)).collect())
    }

    fn offset_range(
        &mut self,
        partition: &TopicPartition,
        _timeout: Duration,
    ) -> Result<OffsetRange, LogError> {
        let end = self.0.borrow().outbox[partition.partition.0 as usize].len();
        Ok(OffsetRange { start: Offset(0), end: Offset(end as i64) })
    }

    fn group(&mut self) -> Result<(), LogError> {
        if self.0.borrow().is_member { Ok(()) } else { Err(LogError::NotMember("fenced".to_owned())) }
    }

    fn close(&mut self, _timeout: Duration) {
        self.0.borrow_mut().answered_at_close = Some(self.1.load(Ordering::SeqCst));
    }
}

impl Writer for Member {
    type Group = ();

    fn topic(&mut self, _name: &str, _changelog: bool) -> Result<TopicHandle, LogError> {
        Ok(TopicHandle(0))
    }

    fn partitions(&self, _topic: TopicHandle) -> u32 {
        1
    }

    fn send(&mut self, record: Outgoing<'_>) -> Result<(), LogError> {
        let headers: Vec<(String, Vec<u8>)> =
            record.headers.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect();
        let aside = SetAside::of(&headers).expect("its headers say what it is");
        let aside = (aside.place.to_string(), aside.code, record.value.map(<[u8]>::to_vec));
        self.0.borrow_mut().uncommitted.push(aside);
        Ok(())
    }

    fn commit(&mut self, _group: &(), offsets: &[(TopicPartition, Committed)]) -> CommitOutcome {
        let mut log = self.0.borrow_mut();
        let aside = std::mem::take(&mut log.uncommitted);
        if let Some(outcome) = log.outcomes.pop_front() {
            return outcome;
        }
        log.commits += 1;
        log.aside.extend(aside);
        log.committed
            .extend(offsets.iter().map(|(partition, committed)| (partition.clone(), committed.next)));
        CommitOutcome::Committed(Vec::new())
    }

    fn abort(&mut self) -> CommitOutcome {
        CommitOutcome::Unknown { why: "nobody answers".to_owned() }
    }

    fn reset(&mut self, _timeout: Duration) -> Result<(), LogError> {
        self.0.borrow_mut().uncommitted.clear();
        Ok(())
    }

    fn trim_changelog(&mut self, _topic: TopicHandle, _partition: PartitionId, _next: Offset) {}
}

struct Still;

impl Clock for Still {
    fn now(&self) -> WallTime {
        WallTime::from_micros(0)
    }

    fn unix_seconds(&self) -> i64 {
        0
    }
}

struct Bed {
    log: Rc<RefCell<Log>>,
    delivery: Delivery<Member, Member, Still>,
    /// The rows that came, by their idempotency keys.
    came: Arc<Mutex<Vec<String>>>,
}

fn rows(count: usize) -> Vec<Option<Vec<u8>>> {
    vec![Some(outbox::write(None, b"{}")); count]
}

fn status(code: u16) -> Answer {
    Answer::Status { code, retry_after: None, body: String::new() }
}

impl Bed {
    fn new(
        outbox: Vec<Vec<Option<Vec<u8>>>>,
        has_route: bool,
        answer: impl Fn(&str) -> Answer + Clone + Send + 'static,
    ) -> Bed {
        let retry =
            Retry { first: Span::from_secs(1), most: Span::from_secs(60), budget: RetryBudget::Unlimited };
        let sink = HttpSink {
            url: "http://127.0.0.1:9/".to_owned(),
            method: HttpMethod::Post,
            headers: Vec::new(),
            timeout: Span::from_secs(1),
            key: Vec::new(),
            retry,
            failed: has_route.then(|| Route { topic: "failed".to_owned() }),
            format: JsonFormat::default(),
        };
        let node = Node {
            id: NodeId(0),
            name: "s.sink".to_owned(),
            kind: NodeKind::HttpSink(sink),
            inputs: Vec::new(),
            subtopology: SubtopologyId(0),
            schema: Schema::new(Vec::new()),
            line: 7,
        };
        let assigned = GroupEvent::Assigned((0..outbox.len()).map(place).collect());
        let log = Log { outbox, events: [assigned].into(), is_member: true, ..Log::default() };
        let (log, answered, came) = (Rc::new(RefCell::new(log)), Arc::default(), Arc::default());
        let member = Member(Rc::clone(&log), Arc::clone(&answered));
        let kept: Arc<Mutex<Vec<String>>> = Arc::clone(&came);
        let send = move |row: &Row| {
            kept.lock().expect("no holder panics").push(row.idempotency_key.clone());
            let answer = answer(&row.idempotency_key);
            answered.fetch_add(1, Ordering::SeqCst);
            answer
        };
        let delivery = Delivery::with(("t", &node), member.clone(), member, Still, send).expect("it begins");
        Bed { log, delivery, came }
    }

    fn came(&self) -> Vec<String> {
        self.came.lock().expect("no holder panics").clone()
    }

    /// Turns until `is_done`, and not for ever.
    fn turn_until(&mut self, mut is_done: impl FnMut(&Bed) -> bool) {
        for _ in 0..10_000 {
            if is_done(self) {
                return;
            }
            self.delivery.turn().expect("a turn");
        }
        panic!("it does not come: {:?}", self.delivery.counts);
    }

    fn run_to_end(self) -> Result<Deliveries, DeliveryError> {
        self.delivery.run(&AtomicBool::new(false), &AtomicBool::new(true))
    }
}

#[test]
fn a_backlog_is_committed_a_full_window_at_a_time() {
    let bed = Bed::new(vec![rows(3_000)], true, |_| status(200));
    let log = Rc::clone(&bed.log);
    assert_eq!(bed.run_to_end().expect("it ends").sent, 3_000);
    assert_eq!(log.borrow().commits, 3);
}

#[test]
fn a_row_that_is_not_taken_holds_back_its_own_partition_only() {
    let answer = |key: &str| status(if key == "t.s.sink-outbox-0@0" { 503 } else { 200 });
    let mut bed = Bed::new(vec![rows(2_000), rows(2_000)], true, answer);
    bed.turn_until(|bed| bed.delivery.counts.sent >= 2_499);
    let second = bed.came().iter().filter(|key| key.starts_with("t.s.sink-outbox-1@")).count();
    assert_eq!(second, 2_000, "all of the second partition, and a window's half of the first");
    assert_eq!(bed.log.borrow().committed.get(&place(0)), None);
}

#[test]
fn a_member_that_was_fenced_waits_for_what_the_group_says() {
    let mut bed = Bed::new(vec![rows(1_000)], true, |_| status(400));
    bed.turn_until(|bed| bed.delivery.window.rows() == 1_000);
    bed.log.borrow_mut().is_member = false;
    // Long enough for a full window to be due.
    bed.turn_until(|bed| bed.delivery.counts.failed == 1_000);
    bed.delivery.turn().expect("nothing is committed, and it goes on");
    assert!(bed.log.borrow().uncommitted.is_empty(), "no transaction was begun");

    bed.log.borrow_mut().outcomes.push_back(CommitOutcome::Unknown { why: "no answer".to_owned() });
    bed.log.borrow_mut().is_member = true;
    bed.turn_until(|bed| bed.log.borrow().outcomes.is_empty());
    assert_eq!(bed.log.borrow().aside.len(), 0, "it is not known to be committed, so it begins again");
    bed.log.borrow_mut().is_member = false;
    bed.delivery.begin_again().expect("the group will say what is next");
    assert_eq!(bed.delivery.window.lanes(), 0);
    bed.log.borrow_mut().is_member = true;
    bed.log.borrow_mut().events.push_back(GroupEvent::Assigned(vec![place(0)]));
    bed.turn_until(|bed| bed.log.borrow().aside.len() == 1_000);
}

#[test]
fn what_is_on_its_way_is_answered_before_the_group_is_left() {
    let mut bed = Bed::new(vec![rows(8)], true, |_| {
        std::thread::park_timeout(Duration::from_millis(50));
        status(200)
    });
    bed.turn_until(|bed| bed.delivery.couriers.on_the_way() > 0);
    bed.log.borrow_mut().is_corrupt = true;
    let (log, came) = (Rc::clone(&bed.log), Arc::clone(&bed.came));
    let error = bed.run_to_end().expect_err("it cannot read on");
    assert_eq!(error.to_string(), "it is corrupt");
    assert_eq!(log.borrow().answered_at_close, Some(came.lock().expect("no holder panics").len()));
}

/// An embedded log's wait is over at once while there is something to read.
#[test]
fn a_full_window_does_not_wait_for_rows() {
    let mut bed = Bed::new(vec![rows(2_000)], true, |_| status(503));
    bed.turn_until(|bed| bed.came().len() == 1_000 && bed.delivery.couriers.on_the_way() == 0);
    let before = bed.log.borrow().waits;
    for _ in 0..3 {
        bed.delivery.turn().expect("a turn");
    }
    assert_eq!(bed.log.borrow().waits, before);
}
