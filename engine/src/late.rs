//! Events that come after every window that would hold them is final.

use crate::batch::Batch;
use crate::encode::JsonEncoder;
use crate::operator::{Context, TaskError};
use crate::place::Place;
use crate::route::{Aside, Route};
use crate::slices::Slices;
use tidegate_model::{EventTime, Offset};

pub const LATE: &str = "late";

/// Where late events go.
pub struct LateRoute {
    pub route: Route,
    /// For events that have no bytes of their source any more: their fields.
    encoder: Option<JsonEncoder>,
}

impl LateRoute {
    pub fn new(route: Route, encoder: Option<JsonEncoder>) -> LateRoute {
        LateRoute { route, encoder }
    }

    /// Counts an event, and sets it aside. Without a route it is only counted, as the check's warning said.
    ///
    /// `was_final`: what was final, and when.
    pub fn set_aside(
        &self,
        batch: &Batch,
        row: usize,
        was_final: &dyn std::fmt::Display,
        watermark: EventTime,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        context.counters.late += 1;
        if self.route.topic.is_none() {
            return Ok(());
        }
        let message = format!("{was_final}, and the watermark had come to {watermark}");
        let Some(encoder) = self.encoder.as_ref().filter(|_| batch.raw.is_none()) else {
            return self.route.set_row_aside(batch, row, LATE, message, context);
        };
        let mut value = Vec::new();
        encoder.encode_row(&batch.columns, row, &mut value);
        let nowhere =
            || Place { topic: self.route.step.clone(), partition: context.partition, offset: Offset(-1) };
        let aside = Aside {
            place: batch.origin.as_ref().map_or_else(nowhere, |origin| Place::of(origin, row)),
            time: batch.times[row],
            key: None,
            value: Some(&value),
            code: LATE,
            message,
        };
        self.route.set_aside(&aside, context)
    }
}

/// Takes late rows out of the selection and sets them aside.
///
/// An event is late by the watermark of its own source partition, so that the answer does not depend on what else was read; and when
/// its windows have been closed (up to `closed`) although its partition was silent.
pub fn set_late_aside(
    batch: &mut Batch,
    slices: &Slices,
    closed: EventTime,
    late: &LateRoute,
    context: &mut Context<'_>,
) -> Result<(), TaskError> {
    let mut kept = Vec::with_capacity(batch.selection.len());
    for row in std::mem::take(&mut batch.selection) {
        let watermark = batch.watermarks[row as usize].max(closed);
        let expires_at = slices.expires_at(slices.slice_of(batch.times[row as usize]));
        if expires_at > watermark {
            kept.push(row);
            continue;
        }
        let was_final = format_args!("the event's window was final at {expires_at}").to_string();
        late.set_aside(batch, row as usize, &was_final, watermark, context)?;
    }
    batch.selection = kept;
    Ok(())
}
