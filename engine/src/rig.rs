//! One operator with a store of its own, for property tests: rows in, rows out, commits and restarts in between.

use crate::batch::{Batch, Column, ColumnData};
use crate::clock::WallTime;
use crate::globals::Globals;
use crate::log::{LogError, Outgoing, TopicHandle};
use crate::operator::{Context, Counters, Operator, Outlet, TaskError};
use crate::route::Route;
use std::sync::Arc;
use tempfile::TempDir;
use tidegate_model::{EventTime, Offset, PartitionId, ScalarType, Value};
use tidegate_state::{Shared, Store, TableId, WriteSet};

/// A row of a test: its time, its values, and whether it is a deletion.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Row {
    pub time: i64,
    pub values: Vec<Value>,
    pub deleted: bool,
}

impl Row {
    pub fn new(time: i64, values: Vec<Value>) -> Row {
        Row { time, values, deleted: false }
    }

    pub fn deletion(time: i64, values: Vec<Value>) -> Row {
        Row { time, values, deleted: true }
    }
}

/// Rows that an operator reads. `watermark`: that of their source partition.
pub(crate) fn batch(types: &[ScalarType], rows: &[Row], watermark: i64) -> Batch {
    let mut columns: Vec<Column> = types.iter().map(|ty| Column::new(*ty)).collect();
    for row in rows {
        for (column, value) in columns.iter_mut().zip(&row.values) {
            column.push(value);
        }
    }
    let deleted: Vec<bool> = rows.iter().map(|row| row.deleted).collect();
    Batch {
        columns: columns.into_iter().map(Arc::new).collect(),
        times: Arc::new(rows.iter().map(|row| EventTime::from_micros(row.time)).collect()),
        watermarks: Arc::new(vec![EventTime::from_micros(watermark); rows.len()]),
        selection: Batch::select_all(rows.len()),
        deleted: deleted.contains(&true).then(|| Arc::new(deleted)),
        raw: None,
        origin: None,
    }
}

/// The selected rows of batches; an absent column's values are null.
pub(crate) fn rows(types: &[ScalarType], batches: &[Batch]) -> Vec<Row> {
    let of_batch = |batch: &Batch| {
        let row = |row: &u32| {
            let row = *row as usize;
            let value = |(column, ty): (&Arc<Column>, &ScalarType)| match column.data {
                ColumnData::Absent => Value::Null,
                _ => column.value(row, *ty),
            };
            Row {
                time: batch.times[row].micros(),
                values: batch.columns.iter().zip(types).map(value).collect(),
                deleted: batch.is_deleted(row),
            }
        };
        batch.selection.iter().map(row).collect::<Vec<Row>>()
    };
    batches.iter().flat_map(of_batch).collect()
}

/// A route without a topic: an event that goes there stops the topology.
pub(crate) fn no_route(word: &'static str) -> Route {
    Route { topology: "t".into(), step: "step".into(), line: 1, word, topic: None, fields: None }
}

/// A record that left the task.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub partition: PartitionId,
    pub timestamp: EventTime,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
}

struct Outside<'a> {
    sent: &'a mut Vec<Sent>,
}

impl Outlet for Outside<'_> {
    fn send(&mut self, record: Outgoing<'_>) -> Result<(), LogError> {
        self.sent.push(Sent {
            partition: record.partition,
            timestamp: record.timestamp,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
        });
        Ok(())
    }

    fn send_changelog(
        &mut self,
        _topic: TopicHandle,
        _partition: PartitionId,
        _changes: &mut dyn Iterator<Item = (&[u8], Option<&[u8]>)>,
    ) -> Result<(), LogError> {
        panic!("an operator does not write changelogs itself")
    }

    fn partitions(&self, _topic: TopicHandle) -> u32 {
        1
    }
}

pub(crate) struct Rig {
    _dir: TempDir,
    _shared: Shared,
    pub store: Store,
    pub table: TableId,
    pub counters: Counters,
    pub partition: PartitionId,
    /// What left the task since somebody took it.
    pub sent: Vec<Sent>,
    /// What was given to those that look rows up since somebody took it.
    pub current: Vec<Batch>,
    pub globals: Globals,
    /// By the machine's clock.
    pub now: WallTime,
    watermark: EventTime,
    commits: i64,
}

impl Rig {
    pub fn new() -> Rig {
        let dir = tempfile::tempdir().expect("a directory");
        let shared = Shared::new(8 << 20);
        let store = Store::open(dir.path(), &shared, &["t".to_owned()]).expect("opens");
        let table = store.table("t").expect("made");
        let watermark = EventTime::MIN;
        Rig {
            _dir: dir,
            _shared: shared,
            store,
            table,
            counters: Counters::default(),
            partition: PartitionId(0),
            sent: Vec::new(),
            current: Vec::new(),
            globals: Globals::default(),
            now: WallTime::from_micros(0),
            watermark,
            commits: 0,
        }
    }

    fn call(
        &mut self,
        operator: &mut dyn Operator,
        run: impl FnOnce(&mut dyn Operator, &mut Context<'_>) -> Result<(), TaskError>,
    ) -> Vec<Batch> {
        let mut outside = Outside { sent: &mut self.sent };
        let mut context = Context {
            store: &self.store,
            tables: &mut [],
            globals: &self.globals,
            out: &mut outside,
            emitted: Vec::new(),
            current: Vec::new(),
            watermark: self.watermark,
            idle: false,
            now: self.now,
            partition: self.partition,
            counters: &mut self.counters,
        };
        run(operator, &mut context).expect("the operator works");
        let (emitted, current) = (context.emitted, context.current);
        self.current.extend(current);
        emitted
    }

    pub fn read(&mut self, operator: &mut dyn Operator, port: usize, batch: Batch) -> Vec<Batch> {
        self.call(operator, |operator, context| operator.on_batch(port, batch, context))
    }

    /// Event time comes to `watermark`. Returns what was given out, and what consumers may expect.
    pub fn advance(&mut self, operator: &mut dyn Operator, watermark: EventTime) -> (Vec<Batch>, EventTime) {
        let mut promised = EventTime::MIN;
        let emitted = self.call(operator, |operator, context| {
            promised = operator.on_watermark(watermark, context)?;
            Ok(())
        });
        self.watermark = watermark;
        (emitted, promised)
    }

    pub fn commit(&mut self, operator: &mut dyn Operator) -> Vec<Batch> {
        let emitted = self.call(operator, |operator, context| operator.on_commit(context));
        let mut writes = WriteSet::default();
        operator.flush(&mut writes);
        self.commits += 1;
        self.store.commit(&writes, &[(self.table, Offset(self.commits))]).expect("commits");
        self.store.flush().expect("writes");
        operator.committed();
        emitted
    }

    /// Keys that are in the store.
    pub fn stored(&mut self) -> usize {
        self.store.dump(self.table).expect("dumps").len()
    }
}
