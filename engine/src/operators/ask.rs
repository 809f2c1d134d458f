//! A join by a foreign key, beside the left table: tells the tasks of the right table which of its rows each left row refers to.
//!
//! An ask is sent when the reference of a left row changes, and takes the one before back; another change of the row asks nothing. Asks of one
//! left row for one right row go to one partition, in their order.

use crate::batch::{Batch, Column, ColumnData};
use crate::clock::WallTime;
use crate::expression::RowErrors;
use crate::internal_record::InternalTopic;
use crate::key_columns::{KeyColumns, encode_keys, push_key, push_place};
use crate::operator::{Context, Operator, TaskError};
use crate::route::Route;
use crate::row_codec::RowCodec;
use crate::table_changes::TableKey;
use crate::watermark::Upstream;
use std::sync::Arc;
use tidegate_model::{EventTime, ScalarType, Value, plan};
use tidegate_state::value::{self, Decoder, put_i64};
use tidegate_state::{CodecError, Keys, Overlay, StateValue, TableId, WriteSet};

/// A right row's key, and what decides its partition.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Reference {
    key: Box<[u8]>,
    place: Box<[u8]>,
}

impl StateValue for Reference {
    fn encode(&self, out: &mut Vec<u8>) {
        value::put_bytes(out, &self.key);
        value::put_bytes(out, &self.place);
    }

    fn decode(bytes: &[u8]) -> Result<Reference, CodecError> {
        let mut from = Decoder::new(bytes);
        Ok(Reference { key: from.bytes()?.into(), place: from.bytes()?.into() })
    }

    fn bytes(&self) -> usize {
        self.key.len() + self.place.len() + 32
    }
}

/// The key of the right row that a left row refers to; None: a part of it is null.
pub fn reference(columns: &[Arc<Column>], row: usize) -> Option<Box<[u8]>> {
    if columns.iter().any(|column| column.is_null(row)) {
        return None;
    }
    let mut key = Vec::new();
    push_key(columns, row, &mut key);
    Some(key.into())
}

pub struct Ask {
    key: KeyColumns,
    types: Vec<ScalarType>,
    place: Vec<usize>,
    left_key: TableKey,
    codec: RowCodec,
    topic: InternalTopic,
    errors: Route,
    /// By the left row's key.
    references: Overlay<Reference>,
    keys: Keys,
    slots: Vec<u32>,
}

impl Ask {
    /// `codec`: of what travels.
    pub fn new(
        ask: &plan::Ask,
        left_key: TableKey,
        codec: RowCodec,
        topic: InternalTopic,
        (table, cache_bytes, complete): (TableId, usize, bool),
        errors: Route,
    ) -> Ask {
        Ask {
            key: KeyColumns::new(&ask.key),
            types: ask.place.iter().map(|part| ask.key[*part].ty).collect(),
            place: ask.place.clone(),
            left_key,
            codec,
            topic,
            errors,
            references: Overlay::new(table, cache_bytes, complete),
            keys: Keys::default(),
            slots: Vec::new(),
        }
    }

    fn reference(&self, columns: &[Arc<Column>], row: usize) -> Option<Reference> {
        let key = reference(columns, row)?;
        let parts: Vec<Arc<Column>> = self.place.iter().map(|part| Arc::clone(&columns[*part])).collect();
        let mut place = Vec::new();
        push_place(&parts, &self.types, row, &mut place);
        Some(Reference { key, place: place.into() })
    }

    fn send(
        &mut self,
        reference: &Reference,
        left: &[u8],
        ends: bool,
        time: EventTime,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let bytes = |bytes: &[u8]| ColumnData::Values(vec![Value::Bytes(bytes.into())]);
        let columns = [
            bytes(&reference.key),
            bytes(left),
            ColumnData::Int(vec![i64::from(context.partition.0)]),
            ColumnData::Bool(vec![ends]),
        ];
        let columns = columns.map(|data| Arc::new(Column { data, nulls: None }));
        let codec = &self.codec;
        self.topic.send(&reference.place, left, time, context, |out| {
            put_i64(out, time.micros());
            put_i64(out, EventTime::MIN.micros());
            codec.encode(&columns, 0, out);
        })
    }
}

impl Operator for Ask {
    fn takes_deletions(&self) -> bool {
        true
    }

    fn on_batch(
        &mut self,
        _port: usize,
        mut batch: Batch,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let mut errors = RowErrors::default();
        let columns = self.key.evaluate(&batch, &mut errors);
        self.errors.settle(&mut batch, &errors, context)?;
        encode_keys(&batch, &self.left_key.of(&batch), &mut self.keys);
        self.slots.clear();
        self.references.resolve(context.store, &self.keys, &mut self.slots)?;
        for index in 0..batch.selection.len() {
            let (row, slot) = (batch.selection[index] as usize, self.slots[index]);
            let now = if batch.is_deleted(row) { None } else { self.reference(&columns, row) };
            let before = self.references.get(slot).cloned();
            if before == now {
                continue;
            }
            let left: Box<[u8]> = self.references.key(slot).into();
            if let Some(before) = &before {
                self.send(before, &left, true, batch.times[row], context)?;
            }
            if let Some(now) = &now {
                self.send(now, &left, false, batch.times[row], context)?;
            }
            *self.references.modify(slot) = now;
        }
        Ok(())
    }

    fn on_commit(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        self.topic.send_markers(context)
    }

    fn flush(&mut self, writes: &mut WriteSet) {
        self.references.flush(writes);
    }

    fn committed(&mut self) {
        self.references.committed();
    }

    fn uncommitted_bytes(&self) -> usize {
        self.references.uncommitted_bytes()
    }

    fn has_pending(&self, upstream: Upstream, now: WallTime) -> bool {
        self.topic.markers_due(upstream, now)
    }
}
