//! A table's rows on their way to where those of another key are together. A row that has another key than before is taken from where it was
//! first: a key's rows are never seen twice, and what is added up from them is added and subtracted exactly.

use crate::batch::{Batch, Column};
use crate::clock::WallTime;
use crate::internal_record::InternalTopic;
use crate::key_columns::{encode_keys, push_key, push_place};
use crate::operator::{Context, Operator, TaskError};
use crate::row_codec::RowCodec;
use crate::table_changes::TableKey;
use crate::table_rows::RowBytes;
use crate::watermark::Upstream;
use std::sync::Arc;
use tidegate_model::{EventTime, Value};
use tidegate_state::value::put_i64;
use tidegate_state::{Keys, Overlay, TableId, WriteSet};

pub struct Rekey {
    row_key: TableKey,
    key: TableKey,
    /// Of what travels: the table's columns, then whether the row is gone.
    codec: RowCodec,
    topic: InternalTopic,
    /// Where each row is: its new key, by its own one.
    places: Overlay<RowBytes>,
    keys: Keys,
    slots: Vec<u32>,
}

impl Rekey {
    pub fn new(
        (row_key, key): (TableKey, TableKey),
        codec: RowCodec,
        topic: InternalTopic,
        (table, cache_bytes, complete): (TableId, usize, bool),
    ) -> Rekey {
        Rekey {
            row_key,
            key,
            codec,
            topic,
            places: Overlay::new(table, cache_bytes, complete),
            keys: Keys::default(),
            slots: Vec::new(),
        }
    }

    /// Sends row `row` of the columns, which have whether it is gone behind them.
    fn send(
        &mut self,
        columns: &[Arc<Column>],
        row: usize,
        own: &[u8],
        time: EventTime,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let key: Vec<Arc<Column>> =
            self.key.columns.iter().map(|column| Arc::clone(&columns[*column])).collect();
        let mut place = Vec::new();
        push_place(&key, self.key.types(), row, &mut place);
        let codec = &self.codec;
        self.topic.send(&place, own, time, context, |out| {
            put_i64(out, time.micros());
            put_i64(out, EventTime::MIN.micros());
            codec.encode(columns, row, out);
        })
    }

    /// The row of the key `own` is not among those of `key` any more.
    fn send_away(
        &mut self,
        own: &[u8],
        key: &[u8],
        time: EventTime,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let mut columns = self.codec.builders();
        let mut filled = self.key.columns.clone();
        self.key.push(key, &mut columns).map_err(|cause| corrupt(&cause))?;
        for (column, value) in self.row_key.values(own).map_err(|cause| corrupt(&cause))? {
            if !filled.contains(&column) {
                columns[column].push(&value);
                filled.push(column);
            }
        }
        let gone = columns.len() - 1;
        columns[gone].push(&Value::Bool(true));
        filled.push(gone);
        self.codec.push_nulls_but(&filled, &mut columns);
        let columns: Vec<Arc<Column>> = columns.into_iter().map(Arc::new).collect();
        self.send(&columns, 0, own, time, context)
    }
}

fn corrupt(cause: &tidegate_state::CodecError) -> TaskError {
    TaskError::corrupt_state("rekey", cause)
}

impl Operator for Rekey {
    fn takes_deletions(&self) -> bool {
        true
    }

    fn on_batch(
        &mut self,
        _port: usize,
        mut batch: Batch,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        encode_keys(&batch, &self.row_key.of(&batch), &mut self.keys);
        self.slots.clear();
        self.places.resolve(context.store, &self.keys, &mut self.slots)?;
        let key = self.key.of(&batch);
        let stays = Column { data: crate::batch::ColumnData::Bool(vec![false; batch.rows()]), nulls: None };
        batch.columns.push(Arc::new(stays));
        for index in 0..batch.selection.len() {
            let (row, slot) = (batch.selection[index] as usize, self.slots[index]);
            let time = batch.times[row];
            let now = (!batch.is_deleted(row)).then(|| {
                let mut bytes = Vec::new();
                push_key(&key, row, &mut bytes);
                RowBytes(bytes.into())
            });
            let own: Box<[u8]> = self.places.key(slot).into();
            let before = self.places.get(slot).cloned();
            if let Some(before) = before.as_ref().filter(|before| now.as_ref() != Some(*before)) {
                self.send_away(&own, &before.0, time, context)?;
            }
            if now.is_some() {
                self.send(&batch.columns, row, &own, time, context)?;
            }
            if before != now {
                *self.places.modify(slot) = now;
            }
        }
        Ok(())
    }

    fn on_commit(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        self.topic.send_markers(context)
    }

    fn flush(&mut self, writes: &mut WriteSet) {
        self.places.flush(writes);
    }

    fn committed(&mut self) {
        self.places.committed();
    }

    fn uncommitted_bytes(&self) -> usize {
        self.places.uncommitted_bytes()
    }

    fn has_pending(&self, upstream: Upstream, now: WallTime) -> bool {
        self.topic.markers_due(upstream, now)
    }
}
