//! Events that cannot be used go where the topology says, as they came, with the cause in their headers, inside the same transaction.

use crate::batch::Batch;
use crate::encode::JsonEncoder;
use crate::expression::RowErrors;
use crate::log::{Outgoing, TopicHandle};
use crate::operator::{Context, TaskError};
use crate::place::Place;
use crate::set_aside;
use std::sync::Arc;
use tidegate_model::{EventTime, PartitionId};

/// The step that sets events aside, and where to. Without a topic the topology stops at such an event.
#[derive(Clone, Debug)]
pub struct Route {
    pub topology: Arc<str>,
    pub step: Arc<str>,
    pub line: u32,
    /// The language's word for this route: `malformed`, `errors` or `late`.
    pub word: &'static str,
    pub topic: Option<TopicHandle>,
    /// For events that have no bytes of their source any more: they leave as their fields.
    pub fields: Option<Arc<JsonEncoder>>,
}

/// An event and why it cannot be used.
pub struct Aside<'a> {
    pub place: Place,
    pub time: EventTime,
    /// The timestamp of the record, if `key` and `value` are the record's own bytes.
    pub own_timestamp: Option<EventTime>,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    pub code: &'static str,
    pub message: String,
}

impl Route {
    /// What stops a topology at an event for which it has no route.
    pub fn refusal(&self, place: Place, code: &'static str, message: String) -> TaskError {
        TaskError::Poison { place, step: self.step.clone(), line: self.line, code, message, route: self.word }
    }

    pub fn set_aside(&self, aside: &Aside<'_>, context: &mut Context<'_>) -> Result<(), TaskError> {
        let Some(topic) = self.topic else {
            return Err(self.refusal(aside.place.clone(), aside.code, aside.message.clone()));
        };
        let partition = aside.place.partition.0.rem_euclid(context.out.partitions(topic) as i32);
        let source_partition = aside.place.partition.0.to_string();
        let source_offset = aside.place.offset.0.to_string();
        let own_timestamp = aside.own_timestamp.map(|timestamp| timestamp.micros().to_string());
        let headers: [(&str, &[u8]); set_aside::HEADERS] = [
            (set_aside::TOPOLOGY, self.topology.as_bytes()),
            (set_aside::ROUTE, self.word.as_bytes()),
            (set_aside::TOPIC, aside.place.topic.as_bytes()),
            (set_aside::PARTITION, source_partition.as_bytes()),
            (set_aside::OFFSET, source_offset.as_bytes()),
            (set_aside::STEP, self.step.as_bytes()),
            (set_aside::CODE, aside.code.as_bytes()),
            (set_aside::MESSAGE, aside.message.as_bytes()),
            (set_aside::TIMESTAMP, own_timestamp.as_deref().unwrap_or_default().as_bytes()),
        ];
        let count = if own_timestamp.is_some() { headers.len() } else { headers.len() - 1 };
        context.out.send(Outgoing {
            topic,
            partition: PartitionId(partition),
            timestamp: aside.time,
            key: aside.key,
            value: aside.value,
            headers: &headers[..count],
        })?;
        Ok(())
    }

    /// Sets one row of a batch aside: as it came, or as its fields. A row that has no origin any more (a result) is named by this step.
    pub fn set_row_aside(
        &self,
        batch: &Batch,
        row: usize,
        code: &'static str,
        message: String,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let place = match &batch.origin {
            Some(origin) => Place::of(origin, row),
            None => Place {
                topic: self.step.clone(),
                partition: context.partition,
                offset: tidegate_model::Offset(-1),
            },
        };
        let raw = batch.raw.as_ref();
        let mut fields = Vec::new();
        if let Some(encoder) = self.fields.as_ref().filter(|_| raw.is_none()) {
            encoder.encode_row(&batch.columns, row, &mut fields);
        }
        let aside = Aside {
            place,
            time: batch.times[row],
            own_timestamp: raw.map(|raw| raw.timestamp(row)),
            key: raw.and_then(|raw| raw.key(row)),
            value: raw.and_then(|raw| raw.value(row)).or((!fields.is_empty()).then_some(&fields)),
            code,
            message,
        };
        self.set_aside(&aside, context)
    }

    /// Sets aside the rows whose expressions failed, and takes them out of the selection.
    pub fn settle(
        &self,
        batch: &mut Batch,
        errors: &RowErrors,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        if errors.is_empty() {
            return Ok(());
        }
        for (row, error) in errors.first_of_each_row() {
            context.counters.errors += 1;
            self.set_row_aside(batch, row as usize, error.code(), error.to_string(), context)?;
        }
        crate::expression::remove_failed(&mut batch.selection, errors);
        Ok(())
    }

    /// [`Route::settle`] for the rows of a table: one that is set aside becomes a deletion, so that nothing stands that was made of an earlier row of its key.
    pub fn settle_rows_of_table(
        &self,
        batch: &mut Batch,
        errors: &RowErrors,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        if errors.is_empty() {
            return Ok(());
        }
        let all = batch.selection.clone();
        self.settle(batch, errors, context)?;
        let kept = std::mem::replace(&mut batch.selection, all);
        batch.delete_all_but(&kept);
        Ok(())
    }
}
