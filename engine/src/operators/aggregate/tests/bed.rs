//! A test bed for one operator: a store, a changelog, and what was given out.

use super::reference::{Event, Kind, Window};
use crate::batch::{Batch, Column};
use crate::clock::WallTime;
use crate::encode::JsonEncoder;
use crate::globals::Globals;
use crate::late::LateRoute;
use crate::log::{LogError, Outgoing, TopicHandle};
use crate::operator::{Context, Counters, Operator, Outlet};
use crate::operators::aggregate;
use crate::route::Route;
use std::collections::BTreeMap;
use std::sync::Arc;
use tidegate_model::expr::Expr;
use tidegate_model::plan::{self, AggregateCall, AggregateFunction, Emit, JsonFormat, WindowShape};
use tidegate_model::{EventTime, Offset, PartitionId, ScalarType, Schema, Span, Value};
use tidegate_state::{Shared, Store, TableId, WriteSet};

/// A row that was given out; None: its deletion.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Given {
    pub key: Option<i64>,
    pub start: i64,
    pub end: i64,
    pub row: Option<Row>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Row {
    pub time: i64,
    count: i64,
    sum: i64,
    ids: Vec<i64>,
    first: i64,
    last: i64,
}

impl Row {
    /// What a window gives.
    pub fn of(window: &Window) -> Row {
        let events = &window.events;
        let first = events.iter().min_by_key(|event| event.time).expect("it holds something");
        // Of equal times `max_by_key` takes the last.
        let last = events.iter().max_by_key(|event| event.time).expect("it holds something");
        Row {
            time: window.time,
            count: events.len() as i64,
            sum: events.iter().map(|event| event.id).sum(),
            ids: events.iter().map(|event| event.id).collect(),
            first: first.id,
            last: last.id,
        }
    }
}

/// What left by the late route.
#[derive(Default)]
struct Sent(Vec<i64>);

impl Outlet for Sent {
    fn send(&mut self, record: Outgoing<'_>) -> Result<(), LogError> {
        let value: serde_json::Value =
            serde_json::from_slice(record.value.expect("a late event keeps its fields")).expect("JSON");
        self.0.push(value["id"].as_i64().expect("a number"));
        Ok(())
    }

    fn send_changelog(
        &mut self,
        _topic: TopicHandle,
        _partition: PartitionId,
        _changes: &mut dyn Iterator<Item = (&[u8], Option<&[u8]>)>,
    ) -> Result<(), LogError> {
        unreachable!("tasks send changelogs")
    }

    fn partitions(&self, _topic: TopicHandle) -> u32 {
        1
    }
}

pub struct Bed {
    aggregate: plan::Aggregate,
    cache_bytes: usize,
    shared: Shared,
    dir: tempfile::TempDir,
    store: Store,
    table: TableId,
    commits: i64,
    operator: Box<dyn Operator>,
    changelog: BTreeMap<Vec<u8>, Vec<u8>>,
    sent: Sent,
    pub now: WallTime,
    /// Since the last restart or [`Bed::take`].
    given: Vec<Given>,
}

const TABLE: &str = "windows.aggregate";

fn schema() -> Schema {
    Schema::new(vec![
        tidegate_model::Column::nullable("key", ScalarType::Int),
        tidegate_model::Column::new("id", ScalarType::Int),
    ])
}

fn call(name: &str, function: AggregateFunction, ty: ScalarType) -> AggregateCall {
    let argument = (function != AggregateFunction::Count).then(|| Expr::column(1, ScalarType::Int, false));
    AggregateCall { name: name.to_owned(), function, argument, ty, nullable: false, bounds: Vec::new() }
}

pub fn aggregate_of(kind: Kind, grace: i64, emit: Emit) -> plan::Aggregate {
    let span = Span::from_micros;
    let (shape, size, advance, offset) = match kind {
        Kind::Aligned { size, advance, offset } => (WindowShape::Aligned, size, advance, offset),
        Kind::Cumulate { step, steps, offset } => (WindowShape::Cumulate, step * steps, step, offset),
        Kind::Session { size } => (WindowShape::Session, size, size, 0),
        Kind::Sliding { size } => (WindowShape::Sliding, size, size, 0),
    };
    let late = Some(plan::Route { topic: "late".to_owned() });
    let window = plan::Window::aligned(span(size), span(advance), span(grace), late);
    let list = ScalarType::list(ScalarType::Int, false);
    plan::Aggregate {
        key: vec![Expr::column(0, ScalarType::Int, true)],
        row_key: None,
        window: Some(plan::Window { shape, offset: span(offset), ..window }),
        functions: vec![
            call("n", AggregateFunction::Count, ScalarType::Int),
            call("sum", AggregateFunction::Sum, ScalarType::Int),
            call("ids", AggregateFunction::Collect { limit: 1000 }, list),
            call("first", AggregateFunction::First, ScalarType::Int),
            call("last", AggregateFunction::Last, ScalarType::Int),
        ],
        emit,
        ttl: None,
        errors: None,
    }
}

fn operator(
    aggregate: &plan::Aggregate,
    cache_bytes: usize,
    store: &Store,
    table: TableId,
) -> Box<dyn Operator> {
    let route =
        |word, topic| Route { topology: "t".into(), step: TABLE.into(), line: 1, word, topic, fields: None };
    let encoder = JsonEncoder::new(&schema(), JsonFormat::default());
    let late = Route { fields: Some(Arc::new(encoder)), ..route("late", Some(TopicHandle(0))) };
    let input = schema();
    let parts = aggregate::Parts {
        aggregate,
        input: &input,
        gone: None,
        feeds: true,
        looked_up: false,
        table,
        store,
        cache_bytes,
        expiry: None,
        late: LateRoute::new(late),
        errors: route("errors", None),
    };
    aggregate::operator(parts).expect("a store that can be read")
}

fn open(dir: &tempfile::TempDir, shared: &Shared) -> (Store, TableId) {
    let mut store = Store::open(dir.path(), shared, &[TABLE.to_owned()]).expect("opens");
    let table = store.table(TABLE).expect("made");
    store.keep_order(table);
    (store, table)
}

impl Bed {
    pub fn new(aggregate: plan::Aggregate, cache_bytes: usize) -> Bed {
        let shared = Shared::new(8 << 20);
        let dir = tempfile::tempdir().expect("a directory");
        let (store, table) = open(&dir, &shared);
        Bed {
            operator: operator(&aggregate, cache_bytes, &store, table),
            aggregate,
            cache_bytes,
            shared,
            dir,
            store,
            table,
            commits: 0,
            changelog: BTreeMap::new(),
            sent: Sent::default(),
            now: WallTime::from_micros(0),
            given: Vec::new(),
        }
    }

    fn call(&mut self, watermark: i64, run: impl FnOnce(&mut dyn Operator, &mut Context<'_>)) {
        let mut counters = Counters::default();
        let mut context = Context {
            store: &self.store,
            tables: &mut [],
            globals: &Globals::default(),
            out: &mut self.sent,
            emitted: Vec::new(),
            current: Vec::new(),
            watermark: EventTime::from_micros(watermark),
            idle: false,
            now: self.now,
            partition: PartitionId(0),
            counters: &mut counters,
        };
        run(&mut *self.operator, &mut context);
        for batch in context.emitted {
            self.given.extend(rows(&batch));
        }
    }

    /// `watermark`: the task's before these events.
    pub fn events(&mut self, events: &[Event], watermark: i64) {
        let (mut keys, mut ids) = (Column::new(ScalarType::Int), Column::new(ScalarType::Int));
        for event in events {
            keys.push(&event.key.map_or(Value::Null, Value::Int));
            ids.push(&Value::Int(event.id));
        }
        let times = |time: fn(&Event) -> i64| {
            Arc::new(events.iter().map(|event| EventTime::from_micros(time(event))).collect())
        };
        let batch = Batch {
            columns: vec![Arc::new(keys), Arc::new(ids)],
            times: times(|event| event.time),
            watermarks: times(|event| event.own),
            selection: Batch::select_all(events.len()),
            deleted: None,
            raw: None,
            origin: None,
        };
        self.call(watermark, |operator, context| operator.on_batch(0, batch, context).expect("works"));
    }

    pub fn watermark(&mut self, watermark: i64) {
        self.call(watermark, |operator, context| {
            operator.on_watermark(EventTime::from_micros(watermark), context).expect("works");
        });
    }

    /// As a task commits.
    pub fn commit(&mut self, watermark: i64) {
        self.watermark(watermark);
        self.call(watermark, |operator, context| operator.on_commit(context).expect("works"));
        self.watermark(watermark);
        let mut writes = WriteSet::default();
        self.operator.flush(&mut writes);
        for (_, key, value) in writes.iter() {
            match value {
                Some(value) => drop(self.changelog.insert(key.to_vec(), value.to_vec())),
                None => drop(self.changelog.remove(key)),
            }
        }
        self.commits += 1;
        self.store.commit(&writes, &[(self.table, Offset(self.commits))]).expect("commits");
        self.operator.committed();
    }

    pub fn write(&mut self) {
        self.store.flush().expect("writes");
    }

    /// What was not committed is lost.
    pub fn restart(&mut self) {
        self.store.flush().expect("writes");
        self.operator = operator(&self.aggregate, self.cache_bytes, &self.store, self.table);
        self.given.clear();
        self.sent.0.clear();
    }

    /// On another machine, which has the changelog.
    pub fn restart_elsewhere(&mut self) {
        self.dir = tempfile::tempdir().expect("a directory");
        let (store, table) = open(&self.dir, &self.shared);
        (self.store, self.table) = (store, table);
        let mut writes = WriteSet::default();
        for (key, value) in &self.changelog {
            writes.put(table, key, value);
        }
        self.store.commit(&writes, &[(table, Offset(self.commits))]).expect("restores");
        self.restart();
    }

    /// What was given out, and the ids of late events.
    pub fn take(&mut self) -> (Vec<Given>, Vec<i64>) {
        (std::mem::take(&mut self.given), std::mem::take(&mut self.sent.0))
    }

    /// How many entries the changelog has.
    pub fn entries(&self) -> usize {
        self.changelog.len()
    }
}

fn rows(batch: &Batch) -> Vec<Given> {
    let int = |column: usize, row: usize| match batch.columns[column].value(row, ScalarType::Int) {
        Value::Int(value) => Some(value),
        _ => None,
    };
    let list = ScalarType::list(ScalarType::Int, false);
    let give = |row: u32| {
        let row = row as usize;
        let number = |column: usize| int(column, row).expect("no null");
        let ids = || match batch.columns[5].value(row, list) {
            Value::List(ids) => ids.iter().map(|id| if let Value::Int(id) = id { *id } else { 0 }).collect(),
            other => panic!("{other:?}"),
        };
        let given = (!batch.is_deleted(row)).then(|| Row {
            time: batch.times[row].micros(),
            count: number(3),
            sum: number(4),
            ids: ids(),
            first: number(6),
            last: number(7),
        });
        Given { key: int(0, row), start: number(1), end: number(2), row: given }
    };
    batch.selection.iter().map(|row| give(*row)).collect()
}
