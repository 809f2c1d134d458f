//! Events that come after every window that would hold them is final.

use crate::batch::Batch;
use crate::group::Slices;
use crate::operator::{Context, TaskError};
use crate::route::Route;
use tidegate_model::EventTime;

pub const LATE: &str = "late";

/// Takes rows out of the selection whose windows were final, and sends them to the route.
pub fn set_late_aside(
    batch: &mut Batch,
    slices: &Slices,
    closed: EventTime,
    route: &Route,
    context: &mut Context<'_>,
) -> Result<(), TaskError> {
    let expires_at = |time: EventTime| slices.expires_at(slices.slice_of(time));
    set_aside(batch, "the event's window was final at", expires_at, closed, route, context)
}

/// Takes late rows out of the selection and sends them to the route. Without a route they are counted, as the check's warning said.
///
/// `expires_at`: from which watermark on an event of a time is late; `what` are the words before it. An event is late by the watermark of its own
/// source partition, so that the answer does not depend on what else was read; and where everything up to `closed` has been given out
/// although its partition was silent.
pub fn set_aside(
    batch: &mut Batch,
    what: &str,
    expires_at: impl Fn(EventTime) -> EventTime,
    closed: EventTime,
    route: &Route,
    context: &mut Context<'_>,
) -> Result<(), TaskError> {
    let expires_at = |row: u32| expires_at(batch.times[row as usize]);
    let is_late = |row: u32| expires_at(row) <= batch.watermarks[row as usize].max(closed);
    if !batch.selection.iter().any(|row| is_late(*row)) {
        return Ok(());
    }
    let (late, kept): (Vec<u32>, Vec<u32>) = batch.selection.iter().partition(|row| is_late(**row));
    context.counters.late += late.len() as u64;
    if route.topic.is_some() {
        for row in late {
            let message = format!(
                "{what} {}, and the watermark had come to {}",
                expires_at(row),
                batch.watermarks[row as usize].max(closed)
            );
            route.set_row_aside(batch, row as usize, LATE, message, context)?;
        }
    }
    batch.selection = kept;
    Ok(())
}
