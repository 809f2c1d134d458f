//! The state of one group, and what it is called in a store: the key, behind the start of its window slice if there is one.

use crate::accumulator::Accumulator;
use crate::batch::{Batch, Column};
use crate::expression::{Compiled, RowErrors};
use std::sync::Arc;
use tidegate_model::plan::{AggregateCall, Window};
use tidegate_model::{EventTime, ScalarType, Span};
use tidegate_state::value::{self, Decoder};
use tidegate_state::{CodecError, StateValue};

#[derive(Clone, PartialEq, Debug)]
pub struct Group {
    /// Greatest event time seen.
    pub time: EventTime,
    /// Changed since its row was last given out (kept only by `emit every`).
    pub pending: bool,
    pub accumulators: Box<[Accumulator]>,
}

impl Group {
    pub fn new(calls: &[AggregateCall]) -> Group {
        Group {
            time: EventTime::MIN,
            pending: false,
            accumulators: calls.iter().map(Accumulator::new).collect(),
        }
    }

    pub fn combine(&mut self, other: &Group) {
        self.time = self.time.max(other.time);
        for (mine, theirs) in self.accumulators.iter_mut().zip(&other.accumulators) {
            mine.combine(theirs);
        }
    }
}

impl StateValue for Group {
    fn encode(&self, out: &mut Vec<u8>) {
        value::put_i64(out, self.time.micros());
        out.push(u8::from(self.pending));
        for accumulator in &self.accumulators {
            accumulator.encode(out);
        }
    }

    fn decode(bytes: &[u8]) -> Result<Group, CodecError> {
        let mut from = Decoder::new(bytes);
        let time = EventTime::from_micros(from.i64()?);
        let pending = from.u8()? != 0;
        let mut accumulators = Vec::new();
        while !from.is_empty() {
            accumulators.push(Accumulator::decode(&mut from)?);
        }
        Ok(Group { time, pending, accumulators: accumulators.into() })
    }

    fn bytes(&self) -> usize {
        let heap: usize = self.accumulators.iter().map(Accumulator::heap_bytes).sum();
        self.accumulators.len() * std::mem::size_of::<Accumulator>() + 32 + heap
    }
}

/// The functions' arguments over a batch.
#[derive(Debug)]
pub struct Arguments {
    compiled: Vec<Option<(Compiled, ScalarType)>>,
}

pub type ArgumentColumns = Vec<Option<(Arc<Column>, ScalarType)>>;

impl Arguments {
    pub fn new(calls: &[AggregateCall]) -> Arguments {
        let compile = |call: &AggregateCall| {
            call.argument.as_ref().map(|argument| (Compiled::new(argument), argument.ty))
        };
        Arguments { compiled: calls.iter().map(compile).collect() }
    }

    pub fn evaluate(&self, batch: &Batch, errors: &mut RowErrors) -> ArgumentColumns {
        self.compiled
            .iter()
            .map(|argument| {
                argument.as_ref().map(|(compiled, ty)| (compiled.eval(batch, &batch.selection, errors), *ty))
            })
            .collect()
    }
}

/// Takes one row into a group.
#[inline]
pub fn update(group: &mut Group, arguments: &ArgumentColumns, row: usize, time: EventTime) {
    group.time = group.time.max(time);
    for (accumulator, argument) in group.accumulators.iter_mut().zip(arguments) {
        accumulator.update(argument.as_ref().map(|(column, ty)| (&**column, *ty)), row, time);
    }
}

/// How windows are cut into slices: every window is made of whole slices, and an event is counted in one slice only.
#[derive(Clone, Copy, Debug)]
pub struct Slices {
    pub size: Span,
    pub advance: Span,
    pub grace: Span,
    /// The greatest length that divides both size and advance.
    pub slice: Span,
}

impl Slices {
    pub fn new(window: &Window) -> Slices {
        let (size, advance) = (window.size, window.advance);
        assert!(size > Span::ZERO && advance > Span::ZERO && advance <= size, "windows overlap or touch");
        let slice = Span::from_micros(gcd(size.micros(), advance.micros()));
        Slices { size, advance, grace: window.grace, slice }
    }

    pub fn slice_of(&self, time: EventTime) -> EventTime {
        time.floor_to(self.slice)
    }

    /// The watermark at which the window that starts at `start` is final.
    pub fn final_at(&self, start: EventTime) -> EventTime {
        start.plus(self.size).plus(self.grace)
    }

    /// The start of the last window that holds the slice.
    pub fn last_window(&self, slice: EventTime) -> EventTime {
        slice.floor_to(self.advance)
    }

    /// The watermark at which no window needs the slice any more.
    pub fn expires_at(&self, slice: EventTime) -> EventTime {
        self.final_at(self.last_window(slice))
    }

    /// The starts of the windows that hold the slice, earliest first.
    pub fn windows_of(&self, slice: EventTime) -> Vec<EventTime> {
        let mut starts = Vec::new();
        let mut start = self.last_window(slice);
        while start.plus(self.size) > slice {
            starts.push(start);
            start = EventTime::from_micros(start.micros() - self.advance.micros());
        }
        starts.reverse();
        starts
    }

    /// The slices of a window, earliest first.
    pub fn slices_of(&self, window: EventTime) -> impl Iterator<Item = EventTime> + '_ {
        let count = self.size.micros() / self.slice.micros();
        (0..count).map(move |index| window.plus(Span::from_micros(index * self.slice.micros())))
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slices(size: i64, advance: i64) -> Slices {
        Slices::new(&Window::aligned(Span::from_micros(size), Span::from_micros(advance), Span::ZERO, None))
    }

    proptest! {
        #[test]
        fn a_slice_is_in_exactly_the_windows_that_hold_its_events(
            size in 1i64..40, advance in 1i64..40, time in -200i64..200) {
            prop_assume!(advance <= size);
            let slices = slices(size, advance);
            let time = EventTime::from_micros(time);
            let holding: Vec<i64> = (-300i64..300)
                .filter(|start| start.rem_euclid(advance) == 0 && *start <= time.micros() && time.micros() < start + size)
                .collect();
            let windows = slices.windows_of(slices.slice_of(time));
            prop_assert_eq!(windows.iter().map(|start| start.micros()).collect::<Vec<_>>(), holding);
            for window in windows {
                prop_assert!(slices.slices_of(window).any(|slice| slice == slices.slice_of(time)));
            }
        }
    }
}
