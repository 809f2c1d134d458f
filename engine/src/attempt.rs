//! A match in the making: which events the elements of a pattern have taken so far.

use crate::batch::{Column, ColumnData};
use crate::row_codec::RowCodec;
use tidegate_model::EventTime;
use tidegate_model::plan::{MatchElement, Times};
use tidegate_state::value::{self, Decoder};
use tidegate_state::{CodecError, StateValue};

/// What one element has taken. Rows are in the form of a [`RowCodec`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taken {
    pub alternative: u32,
    pub count: u32,
    pub first: Box<[u8]>,
    /// Of an element that repeats, once it has taken a second one.
    pub last: Option<Box<[u8]>>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attempt {
    pub began: EventTime,
    /// The last element that has taken an event. All elements up to it are there, those that took none included.
    pub elements: Vec<Option<Taken>>,
}

impl Attempt {
    /// The first element takes its first event.
    pub fn new(alternative: u32, began: EventTime, row: Box<[u8]>) -> Attempt {
        Attempt { began, elements: vec![Some(Taken { alternative, count: 1, first: row, last: None })] }
    }

    pub fn position(&self) -> usize {
        self.elements.len() - 1
    }

    pub fn current(&self) -> &Taken {
        self.elements.last().and_then(Option::as_ref).expect("the last one has taken an event")
    }

    /// Element `position`, the current one or one behind it, takes an event.
    pub fn take(&mut self, position: usize, alternative: u32, row: &[u8]) {
        assert!(position >= self.position(), "elements take events in their order");
        if position == self.position() {
            let current = self.elements.last_mut().and_then(Option::as_mut).expect("it has taken one");
            current.count += 1;
            current.last = Some(row.into());
            return;
        }
        self.elements.resize(position, None);
        self.elements.push(Some(Taken { alternative, count: 1, first: row.into(), last: None }));
    }

    /// Appends the columns that a match has of the first `count` elements (see [`Times::columns`]).
    pub fn push_columns(
        &self,
        elements: &[MatchElement],
        codec: &RowCodec,
        builders: &mut [Column],
    ) -> Result<(), CodecError> {
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
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attempts {
    /// In the order in which they began.
    pub list: Vec<Attempt>,
    /// When they are looked at although no event of the key comes.
    pub due: EventTime,
}

impl StateValue for Attempts {
    fn encode(&self, out: &mut Vec<u8>) {
        value::put_i64(out, self.due.micros());
        for attempt in &self.list {
            value::put_i64(out, attempt.began.micros());
            value::put_u64(out, attempt.elements.len() as u64);
            for taken in &attempt.elements {
                let Some(taken) = taken else {
                    value::put_u64(out, 0);
                    continue;
                };
                value::put_u64(out, u64::from(taken.count));
                value::put_u64(out, u64::from(taken.alternative));
                value::put_bytes(out, &taken.first);
                if taken.count > 1 {
                    value::put_bytes(out, taken.last.as_deref().expect("the last of several"));
                }
            }
        }
    }

    fn decode(bytes: &[u8]) -> Result<Attempts, CodecError> {
        let mut from = Decoder::new(bytes);
        let number = |from: &mut Decoder<'_>| {
            u32::try_from(from.u64()?).map_err(|_| CodecError::invalid("a number of a match"))
        };
        let mut attempts = Attempts { due: EventTime::from_micros(from.i64()?), list: Vec::new() };
        while !from.is_empty() {
            let began = EventTime::from_micros(from.i64()?);
            let mut elements = Vec::new();
            for _ in 0..from.u64()? {
                let count = number(&mut from)?;
                if count == 0 {
                    elements.push(None);
                    continue;
                }
                let alternative = number(&mut from)?;
                let first = from.bytes()?.into();
                let last = if count > 1 { Some(from.bytes()?.into()) } else { None };
                elements.push(Some(Taken { alternative, count, first, last }));
            }
            if !matches!(elements.last(), Some(Some(_))) {
                return Err(CodecError::invalid("a match in the making"));
            }
            attempts.list.push(Attempt { began, elements });
        }
        Ok(attempts)
    }

    fn bytes(&self) -> usize {
        let row = |row: &[u8]| row.len() + 32;
        let taken = |taken: &Taken| row(&taken.first) + taken.last.as_deref().map_or(0, row);
        let elements = self.list.iter().flat_map(|attempt| attempt.elements.iter().flatten());
        elements.map(taken).sum::<usize>() + self.list.len() * 48
    }
}
