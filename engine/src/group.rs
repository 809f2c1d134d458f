//! The state of one group, and what a part of time holds of it.

use crate::accumulator::Accumulator;
use crate::batch::{Batch, Column};
use crate::expression::{Compiled, RowErrors};
use std::sync::Arc;
use tidegate_model::plan::AggregateCall;
use tidegate_model::{EventTime, ScalarType};
use tidegate_state::value::{self, Decoder};
use tidegate_state::{CodecError, StateValue};

#[derive(Clone, PartialEq, Debug)]
pub struct Group {
    /// Greatest event time seen.
    pub time: EventTime,
    /// Changed since its row was last given out (kept only by `emit every`): in windows that end then or later.
    pub pending: Option<EventTime>,
    /// No row of it was ever given out (kept only by `emit every`).
    pub unseen: bool,
    pub accumulators: Box<[Accumulator]>,
}

impl Group {
    pub fn new(calls: &[AggregateCall]) -> Group {
        Group {
            time: EventTime::MIN,
            pending: None,
            unseen: false,
            accumulators: calls.iter().map(Accumulator::new).collect(),
        }
    }

    /// Has it seen no event?
    pub fn is_empty(&self) -> bool {
        self.time == EventTime::MIN
    }

    /// Takes in what another group of the same functions has seen, later than this one.
    pub fn combine(&mut self, other: &Group) {
        self.time = self.time.max(other.time);
        for (mine, theirs) in self.accumulators.iter_mut().zip(&other.accumulators) {
            mine.combine(theirs);
        }
    }
}

const PENDING: u8 = 1;
const UNSEEN: u8 = 2;
/// Behind the flags stands from where on it is pending.
const PENDING_FROM: u8 = 4;

impl StateValue for Group {
    fn encode(&self, out: &mut Vec<u8>) {
        value::put_i64(out, self.time.micros());
        let pending_from = self.pending.filter(|from| *from > EventTime::MIN);
        let flags = [
            (self.pending.is_some(), PENDING),
            (self.unseen, UNSEEN),
            (pending_from.is_some(), PENDING_FROM),
        ];
        out.push(flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| flag).sum());
        if let Some(from) = pending_from {
            value::put_i64(out, from.micros());
        }
        for accumulator in &self.accumulators {
            accumulator.encode(out);
        }
    }

    fn decode(bytes: &[u8]) -> Result<Group, CodecError> {
        let mut from = Decoder::new(bytes);
        let time = EventTime::from_micros(from.i64()?);
        let flags = from.u8()?;
        let pending_from = match flags & PENDING_FROM {
            0 => EventTime::MIN,
            _ => EventTime::from_micros(from.i64()?),
        };
        let pending = (flags & PENDING != 0).then_some(pending_from);
        let mut accumulators = Vec::new();
        while !from.is_empty() {
            accumulators.push(Accumulator::decode(&mut from)?);
        }
        Ok(Group { time, pending, unseen: flags & UNSEEN != 0, accumulators: accumulators.into() })
    }

    fn bytes(&self) -> usize {
        let heap: usize = self.accumulators.iter().map(Accumulator::heap_bytes).sum();
        self.accumulators.len() * std::mem::size_of::<Accumulator>() + 32 + heap
    }
}

/// What a part of time (a slice, or an instant) holds of a group.
#[derive(Clone, PartialEq, Debug)]
pub struct Share {
    /// The events that count in every window that holds this part; empty if there are none.
    pub group: Group,
    /// Those that were late for the first windows of them: where the earliest ends that they count in, in this order.
    pub late: Vec<(EventTime, Group)>,
}

impl Share {
    pub fn new(calls: &[AggregateCall]) -> Share {
        Share { group: Group::new(calls), late: Vec::new() }
    }

    /// Where an event goes that counts in windows that end at `from` or later; None: in all.
    #[inline]
    pub fn part(&mut self, from: Option<EventTime>, calls: &[AggregateCall]) -> &mut Group {
        let Some(from) = from else { return &mut self.group };
        let place = match self.late.binary_search_by_key(&from, |(known, _)| *known) {
            Ok(place) => place,
            Err(place) => {
                self.late.insert(place, (from, Group::new(calls)));
                place
            }
        };
        &mut self.late[place].1
    }

    /// What counts in a window that holds this part and ends at `end`.
    pub fn counted_in(&self, end: EventTime) -> impl Iterator<Item = &Group> {
        let late = self.late.iter().take_while(move |(from, _)| *from <= end).map(|(_, group)| group);
        std::iter::once(&self.group).filter(|group| !group.is_empty()).chain(late)
    }

    pub fn combine(&mut self, other: &Share) {
        self.group.combine(&other.group);
        for (from, group) in &other.late {
            match self.late.binary_search_by_key(from, |(known, _)| *known) {
                Ok(place) => self.late[place].1.combine(group),
                Err(place) => self.late.insert(place, (*from, group.clone())),
            }
        }
    }

    /// The greatest time seen.
    pub fn time(&self) -> EventTime {
        self.late
            .iter()
            .map(|(_, group)| group.time)
            .max()
            .map_or(self.group.time, |late| late.max(self.group.time))
    }
}

impl StateValue for Share {
    fn encode(&self, out: &mut Vec<u8>) {
        value::put_u64(out, self.late.len() as u64);
        let mut bytes = Vec::new();
        for (from, group) in &self.late {
            value::put_i64(out, from.micros());
            bytes.clear();
            group.encode(&mut bytes);
            value::put_bytes(out, &bytes);
        }
        self.group.encode(out);
    }

    fn decode(bytes: &[u8]) -> Result<Share, CodecError> {
        let mut from = Decoder::new(bytes);
        let mut late = Vec::new();
        for _ in 0..from.u64()? {
            late.push((EventTime::from_micros(from.i64()?), Group::decode(from.bytes()?)?));
        }
        Ok(Share { group: Group::decode(from.rest())?, late })
    }

    fn bytes(&self) -> usize {
        let late: usize = self.late.iter().map(|(_, group)| group.bytes() + 16).sum();
        self.group.bytes() + late + 24
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
