//! The upstream half of a grouped aggregate behind a repartition: one partial for each key (and window slice) and commit travels in place
//! of the events. Late events are found here, by the watermark of their own source partition.

use crate::batch::{Batch, Column};
use crate::clock::WallTime;
use crate::expression::RowErrors;
use crate::group::{Arguments, Share, update};
use crate::internal_record::InternalTopic;
use crate::key_columns::{KeyColumns, decode_key, push_key, push_place};
use crate::late::{LateRoute, set_late_aside};
use crate::operator::{Context, Operator, TaskError};
use crate::route::Route;
use crate::slices::Slices;
use crate::watermark::Upstream;
use std::sync::Arc;
use tidegate_model::plan::{self, AggregateCall};
use tidegate_model::{EventTime, ScalarType};
use tidegate_state::key::{push_window_start, read_window_start};
use tidegate_state::value::put_i64;
use tidegate_state::{Keys, Overlay, StateValue, TableId, WriteSet};

pub struct Partial {
    key: KeyColumns,
    slices: Option<Slices>,
    key_types: Vec<ScalarType>,
    functions: Vec<AggregateCall>,
    arguments: Arguments,
    topic: InternalTopic,
    late: LateRoute,
    errors: Route,
    /// Never in a store: it is sent and emptied at every commit.
    shares: Overlay<Share>,
    keys: Keys,
    slots: Vec<u32>,
}

impl Partial {
    pub fn new(aggregate: &plan::Aggregate, topic: InternalTopic, late: LateRoute, errors: Route) -> Partial {
        Partial {
            key: KeyColumns::new(&aggregate.key),
            slices: aggregate.window.as_ref().map(Slices::new),
            key_types: aggregate.key.iter().map(|key| key.ty).collect(),
            functions: aggregate.functions.clone(),
            arguments: Arguments::new(&aggregate.functions),
            topic,
            late,
            errors,
            shares: Overlay::new(TableId(u16::MAX), usize::MAX, true),
            keys: Keys::default(),
            slots: Vec::new(),
        }
    }
}

impl Operator for Partial {
    fn on_batch(
        &mut self,
        _port: usize,
        mut batch: Batch,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        if let Some(slices) = &self.slices {
            set_late_aside(&mut batch, slices, EventTime::MIN, &self.late, context)?;
        }
        let mut errors = RowErrors::default();
        let key = self.key.evaluate(&batch, &mut errors);
        let arguments = self.arguments.evaluate(&batch, &mut errors);
        self.errors.settle(&mut batch, &errors, context)?;
        self.keys.clear();
        let mut counts_from = Vec::with_capacity(batch.selection.len());
        for &row in &batch.selection {
            let row = row as usize;
            self.keys.push_with(|out| {
                if let Some(slices) = &self.slices {
                    let slice = slices.slice_of(batch.times[row]);
                    counts_from.push(slices.counts_from(slice, batch.watermarks[row]));
                    push_window_start(out, slice);
                }
                push_key(&key, row, out);
            });
        }
        self.slots.clear();
        self.shares.resolve(context.store, &self.keys, &mut self.slots)?;
        for (position, (&row, &slot)) in batch.selection.iter().zip(&self.slots).enumerate() {
            let share = self.shares.modify(slot).get_or_insert_with(|| Share::new(&self.functions));
            let part = share.part(counts_from.get(position).copied().flatten(), &self.functions);
            update(part, &arguments, row as usize, batch.times[row as usize]);
        }
        Ok(())
    }

    fn on_commit(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        let slots: Vec<u32> = self.shares.dirty().collect();
        for slot in slots {
            let Some(share) = self.shares.modify(slot).take() else { continue };
            let whole = self.shares.key(slot);
            let (slice, key) = match self.slices {
                Some(_) => {
                    let (slice, key) = read_window_start(whole).expect("this operator wrote the key");
                    (Some(slice), key)
                }
                None => (None, whole),
            };
            let mut parts: Vec<Column> = self.key_types.iter().map(|ty| Column::new(*ty)).collect();
            decode_key(key, &self.key_types, &mut parts).expect("this operator wrote the key");
            let parts: Vec<Arc<Column>> = parts.into_iter().map(Arc::new).collect();
            let mut place = Vec::new();
            push_place(&parts, &self.key_types, 0, &mut place);
            self.topic.send(&place, key, share.time(), context, |out| {
                if let Some(slice) = slice {
                    put_i64(out, slice.micros());
                }
                share.encode(out);
            })?;
        }
        self.topic.send_markers(context)
    }

    fn flush(&mut self, _writes: &mut WriteSet) {}

    fn committed(&mut self) {
        self.shares.committed();
    }

    fn uncommitted_bytes(&self) -> usize {
        self.shares.bytes()
    }

    fn has_uncommitted(&self) -> bool {
        self.shares.dirty().next().is_some()
    }

    fn has_pending(&self, upstream: Upstream, now: WallTime) -> bool {
        self.topic.markers_due(upstream, now)
    }
}
