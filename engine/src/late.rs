//! Events that come after every window that would hold them is final.

use crate::batch::Batch;
use crate::operator::{Context, TaskError};
use crate::route::Route;
use crate::slices::Slices;
use tidegate_model::EventTime;

pub const LATE: &str = "late";

/// Where late events go.
pub struct LateRoute {
    pub route: Route,
}

impl LateRoute {
    pub fn new(route: Route) -> LateRoute {
        LateRoute { route }
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
        self.route.set_row_aside(batch, row, LATE, message, context)
    }
}

/// Takes rows out of the selection whose windows were final, and sets them aside.
pub fn set_late_aside(
    batch: &mut Batch,
    slices: &Slices,
    closed: EventTime,
    late: &LateRoute,
    context: &mut Context<'_>,
) -> Result<(), TaskError> {
    let expires_at = |time: EventTime| slices.expires_at(slices.slice_of(time));
    set_aside(batch, "the event's window was final at", expires_at, closed, late, context)
}

/// Takes late rows out of the selection and sets them aside.
///
/// `expires_at`: from which watermark on an event of a time is late; `what` are the words before it. An event is late by the watermark of its own
/// source partition, so that the answer does not depend on what else was read; and where everything up to `closed` has been given out
/// although its partition was silent.
pub fn set_aside(
    batch: &mut Batch,
    what: &str,
    expires_at: impl Fn(EventTime) -> EventTime,
    closed: EventTime,
    late: &LateRoute,
    context: &mut Context<'_>,
) -> Result<(), TaskError> {
    let is_late = |row: u32, batch: &Batch| {
        expires_at(batch.times[row as usize]) <= batch.watermarks[row as usize].max(closed)
    };
    if !batch.selection.iter().any(|row| is_late(*row, batch)) {
        return Ok(());
    }
    let mut kept = Vec::with_capacity(batch.selection.len());
    for row in std::mem::take(&mut batch.selection) {
        if !is_late(row, batch) {
            kept.push(row);
            continue;
        }
        let row = row as usize;
        let watermark = batch.watermarks[row].max(closed);
        let was_final = format!("{what} {}", expires_at(batch.times[row]));
        late.set_aside(batch, row, &was_final, watermark, context)?;
    }
    batch.selection = kept;
    Ok(())
}
