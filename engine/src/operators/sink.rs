//! `sink`: events leave as JSON, or as the bytes they came in.

use crate::batch::Batch;
use crate::encode::{JsonEncoder, KeyEncoder};
use crate::log::{Outgoing, TopicHandle};
use crate::operator::{Context, Operator, TaskError};
use tidegate_model::Schema;
use tidegate_model::plan::{self, SinkKey};

pub struct Sink {
    topic: TopicHandle,
    key: Key,
    value: Value,
    key_bytes: Vec<u8>,
    value_bytes: Vec<u8>,
}

enum Key {
    Columns(KeyEncoder),
    Original,
    None,
}

enum Value {
    Original,
    Json(JsonEncoder),
}

impl Sink {
    pub fn new(sink: &plan::Sink, schema: &Schema, topic: TopicHandle) -> Sink {
        let key = match &sink.key {
            SinkKey::Columns(columns) => Key::Columns(KeyEncoder::new(schema, columns)),
            SinkKey::Original => Key::Original,
            SinkKey::None => Key::None,
        };
        let value = if sink.pass_through {
            Value::Original
        } else {
            Value::Json(JsonEncoder::new(schema, sink.format))
        };
        Sink { topic, key, value, key_bytes: Vec::new(), value_bytes: Vec::new() }
    }
}

impl Operator for Sink {
    fn takes_deletions(&self) -> bool {
        true
    }

    fn on_batch(&mut self, _port: usize, batch: Batch, context: &mut Context<'_>) -> Result<(), TaskError> {
        let partitions = context.out.partitions(self.topic);
        let raw = batch.raw.as_deref();
        for &row in &batch.selection {
            let row = row as usize;
            let key = match &self.key {
                Key::Columns(encoder) => {
                    self.key_bytes.clear();
                    encoder
                        .encode_row(&batch.columns, row, &mut self.key_bytes)
                        .then_some(&self.key_bytes[..])
                }
                Key::Original => raw.expect("what passes through keeps its bytes").key(row),
                Key::None => None,
            };
            let value = match &self.value {
                _ if batch.is_deleted(row) => None,
                Value::Original => raw.expect("what passes through keeps its bytes").value(row),
                Value::Json(encoder) => {
                    self.value_bytes.clear();
                    encoder.encode_row(&batch.columns, row, &mut self.value_bytes);
                    Some(&self.value_bytes[..])
                }
            };
            let partition = context.partition_of(key, partitions);
            context.out.send(Outgoing {
                topic: self.topic,
                partition,
                timestamp: batch.times[row],
                key,
                value,
                headers: &[],
            })?;
        }
        context.counters.records_out += batch.selection.len() as u64;
        Ok(())
    }
}
