//! The `http` sink's side of a task: rows go into the outbox, in the worker's transaction, and are delivered from there.

use crate::batch::Batch;
use crate::encode::{JsonEncoder, KeyEncoder};
use crate::log::{Outgoing, TopicHandle};
use crate::operator::{Context, Operator, TaskError};
use tidegate_model::Schema;
use tidegate_model::plan::HttpSink;

pub struct Outbox {
    topic: TopicHandle,
    /// None: the rows have no key.
    key: Option<KeyEncoder>,
    row: JsonEncoder,
    key_bytes: Vec<u8>,
    value_bytes: Vec<u8>,
}

impl Outbox {
    pub fn new(sink: &HttpSink, schema: &Schema, topic: TopicHandle) -> Outbox {
        Outbox {
            topic,
            key: (!sink.key.is_empty()).then(|| KeyEncoder::new(schema, &sink.key)),
            row: JsonEncoder::new(schema, sink.format),
            key_bytes: Vec::new(),
            value_bytes: Vec::new(),
        }
    }
}

impl Operator for Outbox {
    fn on_batch(&mut self, _port: usize, batch: Batch, context: &mut Context<'_>) -> Result<(), TaskError> {
        let partitions = context.out.partitions(self.topic);
        for &row in &batch.selection {
            let row = row as usize;
            self.key_bytes.clear();
            let has_key =
                self.key.as_ref().is_some_and(|key| key.encode_row(&batch.columns, row, &mut self.key_bytes));
            let key = has_key.then_some(&self.key_bytes[..]);
            self.value_bytes.clear();
            // No idempotency key of its own: the record's place is one. See `crate::outbox`.
            self.value_bytes.push(b'\n');
            self.row.encode_row(&batch.columns, row, &mut self.value_bytes);
            let partition = context.partition_of(key, partitions);
            context.out.send(Outgoing {
                topic: self.topic,
                partition,
                timestamp: batch.times[row],
                key,
                value: Some(&self.value_bytes),
                headers: &[],
            })?;
        }
        context.counters.records_out += batch.selection.len() as u64;
        Ok(())
    }
}
