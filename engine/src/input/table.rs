//! A compacted topic as a table: the last row of each key; a null payload deletes.

use super::source::{Reject, set_rejects_aside};
use super::{Input, Pending, Time};
use crate::batch::{Batch, Column, Origin};
use crate::clock::WallTime;
use crate::decode::{DecodeError, JsonDecoder};
use crate::log::Record;
use crate::operator::{Context, TaskError};
use crate::place::Place;
use crate::route::Route;
use crate::watermark::{SourceClock, Upstream};
use std::collections::VecDeque;
use std::sync::Arc;
use tidegate_model::text::{parse_base64, parse_date, parse_uuid};
use tidegate_model::value::parse_decimal;
use tidegate_model::{EventTime, Offset, PartitionId, ScalarType, Value};

pub struct TableInput {
    topic: Arc<str>,
    partition: PartitionId,
    decoder: JsonDecoder,
    key: usize,
    key_type: ScalarType,
    /// Of all columns.
    types: Vec<ScalarType>,
    malformed: Route,
    /// Tells the time where a task reads nothing but tables.
    clock: SourceClock,
    offsets: Vec<Offset>,
    timestamps: Vec<EventTime>,
    rejects: VecDeque<Reject>,
    done: Vec<Pending>,
}

impl TableInput {
    pub fn new(
        topic: Arc<str>,
        partition: PartitionId,
        decoder: JsonDecoder,
        key: usize,
        types: Vec<ScalarType>,
        malformed: Route,
        clock: SourceClock,
    ) -> TableInput {
        TableInput {
            topic,
            partition,
            decoder,
            key,
            key_type: types[key],
            types,
            malformed,
            clock,
            offsets: Vec::new(),
            timestamps: Vec::new(),
            rejects: VecDeque::new(),
            done: Vec::new(),
        }
    }

    /// What could not be read first, as the error that stops a topology without a route for it.
    pub fn first_reject(&mut self) -> Option<TaskError> {
        let reject = self.rejects.pop_front()?;
        let place = Place { topic: self.topic.clone(), partition: self.partition, offset: reject.offset };
        Some(self.malformed.refusal(place, reject.error.code, reject.error.message))
    }

    /// Ends the run of rows before a deletion, which has no columns but its key.
    fn cut(&mut self) {
        if self.offsets.is_empty() {
            return;
        }
        let columns = self.decoder.finish();
        let (offsets, timestamps) = (std::mem::take(&mut self.offsets), std::mem::take(&mut self.timestamps));
        self.push_batch(columns, offsets, timestamps, false);
    }

    fn push_batch(
        &mut self,
        columns: Vec<Column>,
        offsets: Vec<Offset>,
        timestamps: Vec<EventTime>,
        deleted: bool,
    ) {
        let rows = offsets.len();
        self.done.push(Pending::Rows(Batch {
            columns: columns.into_iter().map(Arc::new).collect(),
            times: Arc::new(timestamps),
            watermarks: Arc::new(vec![EventTime::MIN; rows]),
            selection: Batch::select_all(rows),
            deleted: deleted.then(|| Arc::new(vec![true; rows])),
            raw: None,
            origin: Some(Arc::new(Origin { topic: self.topic.clone(), partition: self.partition, offsets })),
        }));
    }

    fn delete(&mut self, record: &Record<'_>) -> Result<(), DecodeError> {
        let key = record.key.ok_or_else(|| DecodeError {
            code: "null_key",
            message: "the record deletes, and has no key to tell what".to_owned(),
        })?;
        let key = key_value(key, self.key_type).ok_or_else(|| DecodeError {
            code: "wrong_type",
            message: format!("the record's key {:?} must be {}", String::from_utf8_lossy(key), self.key_type),
        })?;
        self.cut();
        let mut columns: Vec<Column> = self.types.iter().map(|ty| Column::new(*ty)).collect();
        for (index, column) in columns.iter_mut().enumerate() {
            column.push(if index == self.key { &key } else { &Value::Null });
        }
        self.push_batch(columns, vec![record.offset], vec![record.timestamp], true);
        Ok(())
    }
}

/// A record key's text as a value of the key column's type.
fn key_value(key: &[u8], ty: ScalarType) -> Option<Value> {
    let text = std::str::from_utf8(key).ok()?;
    match ty {
        ScalarType::String => Some(Value::String(text.into())),
        ScalarType::Int => text.parse().ok().map(Value::Int),
        ScalarType::Decimal { scale, .. } => parse_decimal(key, scale).map(Value::Decimal),
        ScalarType::Bool => text.parse().ok().map(Value::Bool),
        ScalarType::Timestamp => {
            tidegate_model::time::parse_rfc3339(key).map(|time| Value::Timestamp(time.micros()))
        }
        ScalarType::Enum(names) => names.has(text).then(|| Value::String(text.into())),
        ScalarType::Date => parse_date(text).map(Value::Date),
        ScalarType::Uuid => parse_uuid(text).map(Value::Uuid),
        ScalarType::Bytes => parse_base64(text).map(|bytes| Value::Bytes(bytes.into())),
        ScalarType::Float | ScalarType::Duration => None,
        ScalarType::List(_) | ScalarType::Map(_) | ScalarType::Record(_) => None,
    }
}

impl Input for TableInput {
    fn push(&mut self, record: Record<'_>) {
        self.clock.observe(record.timestamp);
        let result = match record.value {
            None => self.delete(&record),
            Some(value) => self.decoder.push(value, record.key).map(|()| {
                self.offsets.push(record.offset);
                self.timestamps.push(record.timestamp);
            }),
        };
        if let Err(error) = result {
            self.rejects.push_back(Reject::new(&record, error));
        }
    }

    fn finish(&mut self, _next: Offset, _now: WallTime) -> Result<Vec<Pending>, TaskError> {
        self.cut();
        Ok(std::mem::take(&mut self.done))
    }

    fn set_aside(&mut self, before: Offset, context: &mut Context<'_>) -> Result<(), TaskError> {
        set_rejects_aside(&mut self.rejects, before, &self.topic, self.partition, &self.malformed, context)
    }

    fn upstreams(&self) -> Vec<Upstream> {
        vec![self.clock.upstream()]
    }

    fn end(&mut self) {
        self.clock.end();
    }

    fn advance(&mut self, to: EventTime) {
        self.clock.advance(to);
    }

    fn time(&self) -> Time {
        Time::OfTable
    }
}
