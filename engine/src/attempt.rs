//! A match in the making: which events the elements of a pattern have taken so far.

use crate::accumulator::{Accumulator, ResultError};
use crate::batch::{Column, ColumnData};
use crate::row_codec::RowCodec;
use std::cell::Cell;
use std::sync::Arc;
use tidegate_model::plan::{MatchElement, Skip, Times};
use tidegate_model::{EventTime, ScalarType};
use tidegate_state::value::{self, Decoder};
use tidegate_state::{CodecError, StateValue};

/// What one element has taken. Rows are in the form of a [`RowCodec`].
#[derive(Clone, PartialEq, Debug)]
pub struct Taken {
    pub alternative: u32,
    pub count: u32,
    pub first: Box<[u8]>,
    /// Of an element that repeats, once it has taken a second one.
    pub last: Option<Box<[u8]>>,
    /// The numbers of both events (see [`Attempts::next`]).
    pub first_number: u64,
    pub last_number: u64,
    /// One for each of the element's totals.
    pub totals: Vec<Accumulator>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Attempt {
    pub began: EventTime,
    /// The last element that has taken an event. All elements up to it are there, those that took none included.
    pub elements: Vec<Option<Taken>>,
    /// The time of the match that it has become; an earlier attempt may still take its place.
    pub complete: Option<EventTime>,
}

/// An event as attempts take it.
pub struct Event<'a> {
    pub time: EventTime,
    /// Of its key (see [`Attempts::next`]).
    pub number: u64,
    pub row: &'a [u8],
    /// For each element the arguments of its totals; nothing where no element has any.
    pub arguments: &'a [Vec<Option<(Arc<Column>, ScalarType)>>],
    /// A condition failed for it, and it was set aside.
    pub is_aside: Cell<bool>,
}

impl Taken {
    fn new(position: usize, alternative: u32, element: &MatchElement, event: &Event<'_>) -> Taken {
        let mut taken = Taken {
            alternative,
            count: 0,
            first: event.row.into(),
            last: None,
            first_number: event.number,
            last_number: event.number,
            totals: element.totals.iter().map(Accumulator::new).collect(),
        };
        taken.add(position, event);
        taken
    }

    fn add(&mut self, position: usize, event: &Event<'_>) {
        self.count += 1;
        self.last_number = event.number;
        if self.count > 1 {
            self.last = Some(event.row.into());
        }
        let arguments = event.arguments.get(position).into_iter().flatten();
        for (total, argument) in self.totals.iter_mut().zip(arguments) {
            total.update(argument.as_ref().map(|(column, ty)| (&**column, *ty)), 0, event.time);
        }
    }
}

impl Attempt {
    /// The first element takes its first event.
    pub fn new(alternative: u32, first: &MatchElement, event: &Event<'_>) -> Attempt {
        let taken = Taken::new(0, alternative, first, event);
        Attempt { began: event.time, elements: vec![Some(taken)], complete: None }
    }

    pub fn position(&self) -> usize {
        self.elements.len() - 1
    }

    pub fn current(&self) -> &Taken {
        self.elements.last().and_then(Option::as_ref).expect("the last one has taken an event")
    }

    /// The number of its first event.
    pub fn number(&self) -> u64 {
        self.elements[0].as_ref().expect("the first one has taken an event").first_number
    }

    /// Element `position`, the current one or one behind it, takes an event.
    pub fn take(&mut self, position: usize, alternative: u32, element: &MatchElement, event: &Event<'_>) {
        assert!(position >= self.position(), "elements take events in their order");
        if position == self.position() {
            let current = self.elements.last_mut().and_then(Option::as_mut);
            current.expect("it has taken one").add(position, event);
            return;
        }
        self.elements.resize(position, None);
        self.elements.push(Some(Taken::new(position, alternative, element, event)));
    }

    /// The number of the event at which the search goes on behind this match.
    pub fn goes_on_at(&self, skip: Skip) -> u64 {
        let element = |place: usize| self.elements[place].as_ref().expect("a match has it");
        match skip {
            Skip::ToNext => self.number() + 1,
            Skip::PastLast => self.current().last_number + 1,
            Skip::ToFirst(place) => element(place).first_number,
            Skip::ToLast(place) => element(place).last_number,
        }
    }

    /// Appends the columns that a match has of the first `count` elements (see [`Times::columns`]).
    pub fn push_columns(
        &self,
        elements: &[MatchElement],
        codec: &RowCodec,
        builders: &mut [Column],
    ) -> Result<(), NoColumns> {
        let mut columns = Builders { rest: builders };
        for (position, element) in elements.iter().enumerate() {
            let taken = self.elements.get(position).and_then(Option::as_ref);
            let Times::Count { least, most } = element.times else { continue };
            if most != Some(1) {
                let (first, last) = match taken {
                    Some(taken) => (Some(&*taken.first), Some(taken.last.as_deref().unwrap_or(&taken.first))),
                    None => (None, None),
                };
                columns.record(first, least == 0, codec)?;
                columns.record(last, least == 0, codec)?;
                columns.count(taken.map_or(0, |taken| taken.count));
                for (index, call) in element.totals.iter().enumerate() {
                    let result = match taken {
                        Some(taken) => taken.totals[index].result(call),
                        None => Accumulator::new(call).result(call),
                    };
                    let result =
                        result.map_err(|cause| NoColumns::Result { function: call.name.clone(), cause })?;
                    columns.next(1)[0].push(&result);
                }
                continue;
            }
            let nullable = element.alternatives.len() > 1 || least == 0;
            for alternative in 0..element.alternatives.len() as u32 {
                let row = taken.filter(|taken| taken.alternative == alternative).map(|taken| &*taken.first);
                columns.record(row, nullable, codec)?;
            }
        }
        assert!(columns.rest.is_empty(), "every column got its value");
        Ok(())
    }
}

/// Why a match has no columns.
#[derive(Debug)]
pub enum NoColumns {
    Codec(CodecError),
    /// A total does not fit its type.
    Result {
        function: String,
        cause: ResultError,
    },
}

impl From<CodecError> for NoColumns {
    fn from(cause: CodecError) -> NoColumns {
        NoColumns::Codec(cause)
    }
}

/// Columns, appended to one after the other.
struct Builders<'a> {
    rest: &'a mut [Column],
}

impl<'a> Builders<'a> {
    fn next(&mut self, count: usize) -> &'a mut [Column] {
        let (now, rest) = std::mem::take(&mut self.rest).split_at_mut(count);
        self.rest = rest;
        now
    }

    fn record(&mut self, row: Option<&[u8]>, nullable: bool, codec: &RowCodec) -> Result<(), CodecError> {
        if nullable {
            let ColumnData::Bool(values) = &mut self.next(1)[0].data else { panic!("a presence is a bool") };
            values.push(row.is_some());
        }
        let columns = self.next(codec.width());
        match row {
            Some(row) => codec.decode(row, columns),
            None => {
                codec.push_nulls(columns);
                Ok(())
            }
        }
    }

    fn count(&mut self, count: u32) {
        let ColumnData::Int(values) = &mut self.next(1)[0].data else { panic!("a count is an int") };
        values.push(i64::from(count));
    }
}

/// The attempts of one key.
#[derive(Clone, PartialEq, Debug)]
pub struct Attempts {
    /// In the order in which they began.
    pub list: Vec<Attempt>,
    /// When they are looked at although no event of the key comes.
    pub due: EventTime,
    /// The number of the key's next event; it begins anew where no attempt is left.
    pub next: u64,
}

impl StateValue for Attempts {
    fn encode(&self, out: &mut Vec<u8>) {
        value::put_i64(out, self.due.micros());
        value::put_u64(out, self.next);
        for attempt in &self.list {
            value::put_i64(out, attempt.began.micros());
            out.push(u8::from(attempt.complete.is_some()));
            if let Some(time) = attempt.complete {
                value::put_i64(out, time.micros());
            }
            value::put_u64(out, attempt.elements.len() as u64);
            for taken in &attempt.elements {
                let Some(taken) = taken else {
                    value::put_u64(out, 0);
                    continue;
                };
                value::put_u64(out, u64::from(taken.count));
                value::put_u64(out, u64::from(taken.alternative));
                value::put_bytes(out, &taken.first);
                value::put_u64(out, taken.first_number);
                if taken.count > 1 {
                    value::put_bytes(out, taken.last.as_deref().expect("the last of several"));
                    value::put_u64(out, taken.last_number);
                }
                value::put_u64(out, taken.totals.len() as u64);
                taken.totals.iter().for_each(|total| total.encode(out));
            }
        }
    }

    fn decode(bytes: &[u8]) -> Result<Attempts, CodecError> {
        let mut from = Decoder::new(bytes);
        let (due, next) = (EventTime::from_micros(from.i64()?), from.u64()?);
        let mut attempts = Attempts { due, next, list: Vec::new() };
        while !from.is_empty() {
            let began = EventTime::from_micros(from.i64()?);
            let complete = if from.u8()? == 0 { None } else { Some(EventTime::from_micros(from.i64()?)) };
            let mut elements = Vec::new();
            for _ in 0..from.u64()? {
                elements.push(decode_taken(&mut from)?);
            }
            if !matches!((elements.first(), elements.last()), (Some(Some(_)), Some(Some(_)))) {
                return Err(CodecError::invalid("a match in the making"));
            }
            attempts.list.push(Attempt { began, elements, complete });
        }
        Ok(attempts)
    }

    fn bytes(&self) -> usize {
        let row = |row: &[u8]| row.len() + 32;
        let total = |total: &Accumulator| size_of::<Accumulator>() + total.heap_bytes();
        let taken = |taken: &Taken| {
            let rows = row(&taken.first) + taken.last.as_deref().map_or(0, row);
            rows + taken.totals.iter().map(total).sum::<usize>()
        };
        let elements = self.list.iter().flat_map(|attempt| attempt.elements.iter().flatten());
        elements.map(taken).sum::<usize>() + self.list.len() * 64
    }
}

fn decode_taken(from: &mut Decoder<'_>) -> Result<Option<Taken>, CodecError> {
    let number = |from: &mut Decoder<'_>| {
        u32::try_from(from.u64()?).map_err(|_| CodecError::invalid("a number of a match"))
    };
    let count = number(from)?;
    if count == 0 {
        return Ok(None);
    }
    let alternative = number(from)?;
    let (first, first_number) = (from.bytes()?.into(), from.u64()?);
    let (last, last_number) =
        if count > 1 { (Some(from.bytes()?.into()), from.u64()?) } else { (None, first_number) };
    let mut totals = Vec::new();
    for _ in 0..from.u64()? {
        totals.push(Accumulator::decode(from)?);
    }
    Ok(Some(Taken { alternative, count, first, last, first_number, last_number, totals }))
}
