//! A join by a foreign key, beside the right table: answers who asks for a row, now and whenever the row changes, until the ask is taken back.
//!
//! Answers are given at commits, one for each left row. The store has the right rows (behind the tag [`ROW`]) and the asks (behind [`ASK`], a hash of
//! the reference and the reference): those of one row lie together.

use crate::batch::{Batch, Column, ColumnData};
use crate::clock::WallTime;
use crate::internal_record::InternalTopic;
use crate::key_columns::push_key;
use crate::operator::{Context, Operator, TaskError};
use crate::row_codec::RowCodec;
use crate::table_changes::TableKey;
use crate::timed_row::TimedRow;
use crate::watermark::Upstream;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tidegate_model::partition::murmur2;
use tidegate_model::plan::{Answer as Answered, Ask};
use tidegate_model::{EventTime, PartitionId, Value};
use tidegate_state::value::{self, Decoder, put_i64};
use tidegate_state::{CodecError, Keys, Overlay, StateError, StateValue, Store, TableId, WriteSet};

const ROW: u8 = 1;
const ASK: u8 = 2;
const PREFIX_BYTES: usize = 5;

/// Who asks: a partition of the left table. The reference's length parts the key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Asking {
    partition: PartitionId,
    reference_bytes: usize,
}

impl StateValue for Asking {
    fn encode(&self, out: &mut Vec<u8>) {
        value::put_u64(out, self.partition.0 as u64);
        value::put_u64(out, self.reference_bytes as u64);
    }

    fn decode(bytes: &[u8]) -> Result<Asking, CodecError> {
        let mut from = Decoder::new(bytes);
        let partition = i32::try_from(from.u64()?).map_err(|_| CodecError::invalid("a partition"))?;
        Ok(Asking { partition: PartitionId(partition), reference_bytes: from.u64()? as usize })
    }

    fn bytes(&self) -> usize {
        16
    }
}

fn prefix(reference: &[u8]) -> [u8; PREFIX_BYTES] {
    let [a, b, c, d] = murmur2(reference).to_be_bytes();
    [ASK, a, b, c, d]
}

/// The rows that are asked for.
pub struct Right {
    pub key: TableKey,
    /// Of the columns that somebody on the left reads.
    pub codec: RowCodec,
}

pub struct Answer {
    right: Right,
    /// Of what travels.
    codec: RowCodec,
    topic: InternalTopic,
    step: Arc<str>,
    rows: Overlay<TimedRow>,
    asks: Overlay<Asking>,
    /// The rows that changed since the last commit, as they were before.
    before: BTreeMap<u32, Option<TimedRow>>,
    /// Asks that have had no answer yet.
    asked: BTreeSet<u32>,
    keys: Keys,
    slots: Vec<u32>,
}

impl Answer {
    pub fn new(
        right: Right,
        codec: RowCodec,
        topic: InternalTopic,
        (table, cache_bytes, complete): (TableId, usize, bool),
        step: Arc<str>,
    ) -> Answer {
        Answer {
            right,
            codec,
            topic,
            step,
            rows: Overlay::new(table, cache_bytes / 2, complete),
            asks: Overlay::new(table, cache_bytes / 2, complete),
            before: BTreeMap::new(),
            asked: BTreeSet::new(),
            keys: Keys::default(),
            slots: Vec::new(),
        }
    }

    /// The right table changes.
    fn change(&mut self, batch: &Batch, context: &mut Context<'_>) -> Result<(), TaskError> {
        let key = self.right.key.of(batch);
        self.keys.clear();
        for &row in &batch.selection {
            self.keys.push_with(|out| {
                out.push(ROW);
                push_key(&key, row as usize, out);
            });
        }
        self.slots.clear();
        self.rows.resolve(context.store, &self.keys, &mut self.slots)?;
        for (&row, &slot) in batch.selection.iter().zip(&self.slots) {
            let row = row as usize;
            self.before.entry(slot).or_insert_with(|| self.rows.get(slot).cloned());
            *self.rows.modify(slot) = (!batch.is_deleted(row)).then(|| {
                let mut bytes = Vec::new();
                self.right.codec.encode(&batch.columns, row, &mut bytes);
                TimedRow { time: batch.times[row], row: bytes.into() }
            });
        }
        Ok(())
    }

    fn take_asks(&mut self, batch: &Batch, context: &mut Context<'_>) -> Result<(), TaskError> {
        let bytes = |column: usize, row: u32| bytes_of(&batch.columns[column], row as usize);
        self.keys.clear();
        for &row in &batch.selection {
            self.keys.push_with(|out| {
                let reference = bytes(Ask::REFERENCE, row);
                out.extend_from_slice(&prefix(reference));
                out.extend_from_slice(reference);
                out.extend_from_slice(bytes(Ask::LEFT, row));
            });
        }
        self.slots.clear();
        self.asks.resolve(context.store, &self.keys, &mut self.slots)?;
        let (ColumnData::Int(partitions), ColumnData::Bool(ends)) =
            (&batch.columns[Ask::PARTITION].data, &batch.columns[Ask::ENDS].data)
        else {
            panic!("the columns of an ask are those of its schema")
        };
        for (&row, &slot) in batch.selection.iter().zip(&self.slots) {
            let asking = Asking {
                partition: PartitionId(partitions[row as usize] as i32),
                reference_bytes: bytes(Ask::REFERENCE, row).len(),
            };
            if ends[row as usize] {
                self.asked.remove(&slot);
                *self.asks.modify(slot) = None;
            } else {
                self.asked.insert(slot);
                *self.asks.modify(slot) = Some(asking);
            }
        }
        Ok(())
    }

    /// The asks that are to be answered now: the new ones, and those for rows that changed.
    fn due(&mut self, store: &Store) -> Result<BTreeSet<u32>, StateError> {
        let before = std::mem::take(&mut self.before);
        let changed = before.iter().filter(|(slot, before)| self.rows.get(**slot) != before.as_ref());
        let changed: BTreeSet<Box<[u8]>> =
            changed.map(|(slot, _)| self.rows.key(*slot)[1..].into()).collect();
        let mut due = std::mem::take(&mut self.asked);
        if changed.is_empty() {
            return Ok(due);
        }
        let prefixes = changed.iter().map(|reference| prefix(reference)).collect();
        for slot in self.asks.slots_with_prefixes(store, &prefixes)? {
            let asking = self.asks.get(slot).expect("it is alive");
            let (reference, _) = parts(self.asks.key(slot), *asking);
            if changed.contains(reference) {
                due.insert(slot);
            }
        }
        Ok(due)
    }

    fn answer(&mut self, slot: u32, context: &mut Context<'_>) -> Result<(), TaskError> {
        let Some(asking) = self.asks.get(slot).copied() else { return Ok(()) };
        let (reference, left) = parts(self.asks.key(slot), asking);
        let row_key: Vec<u8> = [ROW].iter().chain(reference).copied().collect();
        let row = self.rows.lookup(context.store, &row_key)?;
        let row = self.rows.get(row);
        let mut columns = self.codec.builders();
        columns[Answered::REFERENCE].push(&Value::Bytes(reference.into()));
        columns[Answered::LEFT].push(&Value::Bytes(left.into()));
        columns[Answered::THERE].push(&Value::Bool(row.is_some()));
        let time = match row {
            Some(row) => {
                let decoded = self.right.codec.decode(&row.row, &mut columns[Answered::ROW..]);
                decoded.map_err(|cause| TaskError::corrupt_state(&self.step, &cause))?;
                row.time
            }
            None => {
                self.right.codec.push_nulls(&mut columns[Answered::ROW..]);
                // It has none; nobody looks at it.
                EventTime::from_micros(0)
            }
        };
        let columns: Vec<Arc<Column>> = columns.into_iter().map(Arc::new).collect();
        let codec = &self.codec;
        self.topic.send_to(asking.partition, left, time, context, |out| {
            put_i64(out, time.micros());
            put_i64(out, EventTime::MIN.micros());
            codec.encode(&columns, 0, out);
        })
    }
}

/// The reference and the left row's key.
fn parts(key: &[u8], asking: Asking) -> (&[u8], &[u8]) {
    key[PREFIX_BYTES..].split_at(asking.reference_bytes)
}

pub fn bytes_of(column: &Column, row: usize) -> &[u8] {
    match &column.data {
        ColumnData::Values(values) => match &values[row] {
            Value::Bytes(bytes) => bytes,
            other => panic!("{other:?} is no key of a row"),
        },
        other => panic!("{other:?} holds no keys of rows"),
    }
}

impl Operator for Answer {
    fn takes_deletions(&self) -> bool {
        true
    }

    fn on_batch(&mut self, port: usize, batch: Batch, context: &mut Context<'_>) -> Result<(), TaskError> {
        if port == 0 { self.change(&batch, context) } else { self.take_asks(&batch, context) }
    }

    fn on_commit(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        for slot in self.due(context.store)? {
            self.answer(slot, context)?;
        }
        self.topic.send_markers(context)
    }

    fn flush(&mut self, writes: &mut WriteSet) {
        self.rows.flush(writes);
        self.asks.flush(writes);
    }

    fn committed(&mut self) {
        self.rows.committed();
        self.asks.committed();
    }

    fn uncommitted_bytes(&self) -> usize {
        self.rows.uncommitted_bytes() + self.asks.uncommitted_bytes()
    }

    fn has_pending(&self, upstream: Upstream, now: WallTime) -> bool {
        self.topic.markers_due(upstream, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::WallTime;
    use crate::input::{Input, InternalInput, Payload, Pending, Time};
    use crate::log::{Record, TopicHandle};
    use crate::operators::ask::Ask as Asks;
    use crate::operators::join_tables::{JoinTables, Side};
    use crate::rig::{Rig, Row, Sent, batch, no_route, rows};
    use crate::table_changes::Emission;
    use proptest::prelude::*;
    use std::collections::VecDeque;
    use std::time::Duration;
    use tidegate_model::expr::Expr;
    use tidegate_model::partition::partition_for;
    use tidegate_model::plan::{self, JoinKind};
    use tidegate_model::{Column as SchemaColumn, Offset, ScalarType, Schema};

    const PARTITIONS: usize = 2;
    const TYPES: [ScalarType; 2] = [ScalarType::Int, ScalarType::Int];

    /// Left rows have a key and what they refer to, right ones a key and a value.
    fn schema() -> Schema {
        Schema::new(vec![
            SchemaColumn::new("key", ScalarType::Int),
            SchemaColumn::nullable("value", ScalarType::Int),
        ])
    }

    #[derive(Clone, Debug)]
    enum Action {
        /// A left row; the inner None refers to nothing, the outer one deletes.
        Left(i64, Option<Option<i64>>),
        Right(i64, Option<i64>),
        /// A task reads so many of the records that wait for it, and commits.
        Work {
            right: bool,
            partition: usize,
            records: usize,
        },
        Restart {
            right: bool,
            partition: usize,
        },
    }

    fn action() -> impl Strategy<Value = Action> {
        let refers = proptest::option::weighted(0.85, proptest::option::weighted(0.8, 0i64..4));
        let value = proptest::option::weighted(0.8, 0i64..3);
        let task = (any::<bool>(), 0..PARTITIONS);
        prop_oneof![
            6 => (0i64..5, refers).prop_map(|(key, row)| Action::Left(key, row)),
            3 => (0i64..4, value).prop_map(|(key, row)| Action::Right(key, row)),
            5 => (task.clone(), 1usize..4).prop_map(|((right, partition), records)| Action::Work {
                right, partition, records
            }),
            1 => task.prop_map(|(right, partition)| Action::Restart { right, partition }),
        ]
    }

    /// A task's operators, each with a store, and the topic that it reads.
    struct Task<O> {
        operators: Vec<(Rig, O)>,
        waiting: VecDeque<Sent>,
    }

    fn topic() -> InternalTopic {
        InternalTopic::new(TopicHandle(0), 0, PARTITIONS as u32, Duration::MAX)
    }

    fn all(schema: &Schema) -> RowCodec {
        RowCodec::new(schema, &vec![true; schema.columns.len()])
    }

    fn stored(rig: &Rig) -> (TableId, usize, bool) {
        (rig.table, 1 << 20, rig.store.is_empty(rig.table).expect("scans"))
    }

    fn key() -> TableKey {
        TableKey::new(&[0], &schema())
    }

    fn asks(rig: &Rig) -> Box<dyn Operator> {
        let ask = plan::Ask {
            topic: "asks".to_owned(),
            key: vec![Expr::column(1, ScalarType::Int, true)],
            place: vec![0],
            left_key: vec![0],
        };
        Box::new(Asks::new(&ask, key(), all(&Ask::schema()), topic(), stored(rig), no_route("errors")))
    }

    fn join(rig: &Rig, kind: JoinKind) -> Box<dyn Operator> {
        let join = plan::JoinTables {
            kind,
            key: vec![Expr::column(1, ScalarType::Int, true)],
            left_key: vec![0],
            right_key: vec![0],
            foreign: true,
            alias: "r".to_owned(),
            condition: None,
            errors: None,
        };
        let side = || Side { codec: all(&schema()), key: key() };
        let emission = Emission::new(false, true);
        Box::new(JoinTables::new(&join, side(), side(), emission, stored(rig), no_route("errors")))
    }

    fn answers(rig: &Rig) -> Box<dyn Operator> {
        let right = Right { key: key(), codec: all(&schema()) };
        Box::new(Answer::new(right, all(&Answered::schema(&schema())), topic(), stored(rig), "step".into()))
    }

    /// The records as the task's input gives them.
    fn read(schema: &Schema, records: &[Sent]) -> Vec<Batch> {
        let payload = Payload::Rows(all(schema));
        let upstreams = vec![crate::watermark::Upstream::UNKNOWN; PARTITIONS];
        let mut input = InternalInput::new("t".into(), PartitionId(0), payload, 0, Time::Apart, upstreams);
        for (offset, sent) in records.iter().enumerate() {
            let (key, value) = (sent.key.as_deref(), sent.value.as_deref());
            let offset = Offset(offset as i64);
            input.push(Record { offset, timestamp: sent.timestamp, key, value });
        }
        let pending = input.finish(Offset(0), WallTime::from_micros(0)).expect("records of ours");
        let batches = pending.into_iter().map(|pending| match pending {
            Pending::Rows(batch) => batch,
            Pending::Partials(_) => panic!("there are none"),
        });
        batches.collect()
    }

    struct Bed {
        kind: JoinKind,
        left: Vec<Task<Box<dyn Operator>>>,
        right: Vec<Task<Box<dyn Operator>>>,
        /// What the join has given out.
        out: BTreeMap<i64, (i64, Option<i64>)>,
    }

    impl Bed {
        fn new(kind: JoinKind) -> Bed {
            let rig = |partition: usize| {
                let mut rig = Rig::new();
                rig.partition = PartitionId(partition as i32);
                rig
            };
            let left = (0..PARTITIONS).map(|partition| {
                let (asking, joining) = (rig(partition), rig(partition));
                let (ask, join) = (asks(&asking), join(&joining, kind));
                Task { operators: vec![(asking, ask), (joining, join)], waiting: VecDeque::new() }
            });
            let right = (0..PARTITIONS).map(|partition| {
                let rig = rig(partition);
                let answer = answers(&rig);
                Task { operators: vec![(rig, answer)], waiting: VecDeque::new() }
            });
            Bed { kind, left: left.collect(), right: right.collect(), out: BTreeMap::new() }
        }

        fn take(&mut self, batches: &[Batch]) {
            let types = match self.kind {
                JoinKind::Inner => vec![ScalarType::Int; 4],
                _ => {
                    let int = ScalarType::Int;
                    vec![int, int, ScalarType::Bool, int, int]
                }
            };
            let int = |value: &Value| match value {
                Value::Int(value) => Some(*value),
                _ => None,
            };
            for row in rows(&types, batches) {
                let key = int(&row.values[0]).expect("a key");
                if row.deleted {
                    assert!(self.out.remove(&key).is_some(), "a deletion of {key}, which was not given out");
                    continue;
                }
                let (refers, right) = (int(&row.values[1]), &row.values[types.len() - 2..]);
                if let Some(right_key) = int(&right[0]) {
                    assert_eq!(refers, Some(right_key), "a row with another one than it refers to");
                }
                self.out.insert(key, (refers.unwrap_or(-1), int(&right[1])));
            }
        }

        /// Reads what waits, up to `records`, and commits; only then others see what was sent.
        fn work(&mut self, right: bool, partition: usize, records: usize) {
            let task = if right { &mut self.right[partition] } else { &mut self.left[partition] };
            let records = records.min(task.waiting.len());
            let records: Vec<Sent> = task.waiting.drain(..records).collect();
            let schema = if right { Ask::schema() } else { Answered::schema(&schema()) };
            let (rig, reader) = task.operators.last_mut().expect("it has one");
            let mut given = Vec::new();
            for batch in read(&schema, &records) {
                given.extend(rig.read(&mut **reader, 1, batch));
            }
            let mut sent = Vec::new();
            for (rig, operator) in &mut task.operators {
                given.extend(rig.commit(&mut **operator));
                sent.append(&mut rig.sent);
            }
            let to = if right { &mut self.left } else { &mut self.right };
            for record in sent {
                to[record.partition.0 as usize].waiting.push_back(record);
            }
            self.take(&given);
        }

        fn change(&mut self, right: bool, time: i64, key: i64, value: Option<Option<i64>>) {
            let text = key.to_string();
            let partition = partition_for(text.as_bytes(), PARTITIONS as u32).0 as usize;
            let values = vec![Value::Int(key), value.flatten().map_or(Value::Null, Value::Int)];
            let row = Row { time, values, deleted: value.is_none() };
            let task = if right { &mut self.right[partition] } else { &mut self.left[partition] };
            for (rig, operator) in &mut task.operators {
                let given = rig.read(&mut **operator, 0, batch(&TYPES, std::slice::from_ref(&row), i64::MIN));
                assert!(given.is_empty(), "rows are given out at commits");
            }
        }

        fn restart(&mut self, right: bool, partition: usize) {
            self.work(right, partition, 0);
            let kind = self.kind;
            let task = if right { &mut self.right[partition] } else { &mut self.left[partition] };
            for (index, (rig, operator)) in task.operators.iter_mut().enumerate() {
                *operator = match (right, index) {
                    (true, _) => answers(rig),
                    (false, 0) => asks(rig),
                    (false, _) => join(rig, kind),
                };
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// Whoever reads and commits when: in the end each left row is with the right row that it refers to.
        #[test]
        fn asks_and_answers_add_up_to_the_joined_tables(
            actions in proptest::collection::vec(action(), 1..80),
            kind in prop_oneof![Just(JoinKind::Inner), Just(JoinKind::Left)],
        ) {
            let mut bed = Bed::new(kind);
            let (mut left, mut right) = (BTreeMap::new(), BTreeMap::new());
            for (time, action) in actions.iter().enumerate() {
                let time = time as i64;
                match action {
                    Action::Left(key, value) => {
                        match value {
                            Some(refers) => drop(left.insert(*key, *refers)),
                            None => drop(left.remove(key)),
                        }
                        bed.change(false, time, *key, *value);
                    }
                    Action::Right(key, value) => {
                        match value {
                            Some(value) => drop(right.insert(*key, *value)),
                            None => drop(right.remove(key)),
                        }
                        bed.change(true, time, *key, value.map(Some));
                    }
                    Action::Work { right, partition, records } => bed.work(*right, *partition, *records),
                    Action::Restart { right, partition } => bed.restart(*right, *partition),
                }
            }
            for _ in 0..4 {
                for right in [false, true] {
                    (0..PARTITIONS).for_each(|partition| bed.work(right, partition, usize::MAX));
                }
            }
            let joined = left.iter().filter_map(|(key, refers): (&i64, &Option<i64>)| {
                let row = refers.and_then(|refers| right.get(&refers).copied());
                (row.is_some() || kind == JoinKind::Left).then_some((*key, (refers.unwrap_or(-1), row)))
            });
            prop_assert_eq!(&bed.out, &joined.collect::<BTreeMap<i64, (i64, Option<i64>)>>());
            let asked: usize = left.values().flatten().count();
            let kept: usize = bed.right.iter_mut().map(|task| task.operators[0].0.stored()).sum();
            prop_assert_eq!(kept, asked + right.len(), "asks that were taken back are not kept");
        }
    }
}
