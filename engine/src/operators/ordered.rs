//! `rolling … ordered`: events are put in the order of their times before the operator works on them.
//!
//! They wait in the operator's own table until the watermark has passed them.

use crate::batch::Batch;
use crate::late::{self, LateRoute};
use crate::operator::{Context, Operator, TaskError};
use crate::row_codec::RowCodec;
use crate::time_queue::TimeQueue;
use crate::timed_row::TimedRow;
use tidegate_model::{EventTime, Span};
use tidegate_state::{StateError, Store, TableId, WriteSet};

/// So many events are given to the operator at once.
const ROWS_AT_ONCE: usize = 1024;

pub struct Ordered {
    queue: TimeQueue<TimedRow>,
    codec: RowCodec,
    late: LateRoute,
    inner: Box<dyn Operator>,
}

impl Ordered {
    /// `codec`: for the rows that come in.
    pub fn new(
        inner: Box<dyn Operator>,
        codec: RowCodec,
        (table, cache_bytes): (TableId, usize),
        store: &Store,
        late: LateRoute,
    ) -> Result<Ordered, StateError> {
        Ok(Ordered { queue: TimeQueue::open(table, cache_bytes, store)?, codec, late, inner })
    }
}

impl Operator for Ordered {
    fn on_batch(
        &mut self,
        _port: usize,
        mut batch: Batch,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let behind = |time: EventTime| time.plus(Span::from_micros(1));
        let closed = context.watermark;
        late::set_aside(&mut batch, "its turn was over at", behind, closed, &self.late, context)?;
        for &row in &batch.selection {
            let time = batch.times[row as usize];
            let mut bytes = Vec::new();
            self.codec.encode(&batch.columns, row as usize, &mut bytes);
            self.queue.push(context.store, time, TimedRow { time, row: bytes.into() })?;
        }
        Ok(())
    }

    fn on_watermark(
        &mut self,
        watermark: EventTime,
        context: &mut Context<'_>,
    ) -> Result<EventTime, TaskError> {
        let limit = (watermark != EventTime::MAX).then_some(watermark);
        loop {
            let mut columns = self.codec.builders();
            let mut times = Vec::new();
            while times.len() < ROWS_AT_ONCE
                && let Some((time, _, row)) = self.queue.pop(context.store, limit)?
            {
                self.codec
                    .decode(&row.row, &mut columns)
                    .map_err(|cause| TaskError::corrupt_state(&self.late.route.step, &cause))?;
                times.push(time);
            }
            if times.is_empty() {
                return Ok(watermark);
            }
            let batch = Batch::of_results(columns, times);
            self.inner.on_batch(0, batch, context)?;
        }
    }

    fn on_commit(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        self.inner.on_commit(context)
    }

    fn flush(&mut self, writes: &mut WriteSet) {
        self.queue.flush(writes);
        self.inner.flush(writes);
    }

    fn committed(&mut self) {
        self.queue.committed();
        self.inner.committed();
    }

    fn uncommitted_bytes(&self) -> usize {
        self.queue.uncommitted_bytes() + self.inner.uncommitted_bytes()
    }
}
