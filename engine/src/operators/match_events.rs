//! `match by K within D { … }`: sequences of events of one key, in the order of their times.
//!
//! Events wait until the watermark has passed them. Then each is given to the attempts of its key: to the elements that come next, the
//! farthest one first (what may be missing is passed over), to the current one if it repeats, and to what must not come. Each event that the
//! first element takes begins an attempt of its own. An attempt ends when D has passed.
//!
//! Where matches must not have events in common (`skip`), the one that began first counts: a match waits until all attempts that began
//! before it are decided, and those that began among its events end with it.

use crate::attempt::{Attempt, Attempts, Event, NoColumns};
use crate::batch::{Batch, Column};
use crate::expression::{Compiled, RowErrors, remove_failed};
use crate::key_columns::{KeyColumns, push_key};
use crate::late::{self, LateRoute};
use crate::operator::{Context, Operator, TaskError};
use crate::route::Route;
use crate::row_codec::RowCodec;
use crate::time_queue::{OTHERS, TimeQueue};
use std::cell::Cell;
use std::sync::Arc;
use tidegate_model::expr::Expr;
use tidegate_model::plan::{self, MatchElement, Skip, Times};
use tidegate_model::{EventTime, ScalarType, Schema, Span};
use tidegate_state::value::{self, Decoder};
use tidegate_state::{CodecError, Overlay, StateError, StateValue, Store, TableId, WriteSet};

/// What waits for event time.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Waiting {
    key: Box<[u8]>,
    /// None: the time of the key's first attempt has passed.
    row: Option<Box<[u8]>>,
}

impl StateValue for Waiting {
    fn encode(&self, out: &mut Vec<u8>) {
        value::put_bytes(out, &self.key);
        if let Some(row) = &self.row {
            value::put_bytes(out, row);
        }
    }

    fn decode(bytes: &[u8]) -> Result<Waiting, CodecError> {
        let mut from = Decoder::new(bytes);
        let key = from.bytes()?.into();
        let row = if from.is_empty() { None } else { Some(from.bytes()?.into()) };
        Ok(Waiting { key, row })
    }

    fn bytes(&self) -> usize {
        self.key.len() + self.row.as_ref().map_or(0, |row| row.len()) + 64
    }
}

/// What an event does to one attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Effect {
    None,
    Takes { position: usize, alternative: u32 },
    Ends,
}

pub struct Match {
    key: KeyColumns,
    within: Span,
    elements: Vec<MatchElement>,
    /// For each element the condition of each alternative; None: it takes every event.
    conditions: Vec<Vec<Option<Compiled>>>,
    /// For each element the arguments of its totals; None: `count()`.
    arguments: Vec<Vec<Option<(Compiled, ScalarType)>>>,
    skip: Skip,
    /// Of a match; and how many of them stand before each element.
    types: Vec<ScalarType>,
    widths: Vec<usize>,
    codec: RowCodec,
    late: LateRoute,
    errors: Route,
    queue: TimeQueue<Waiting>,
    attempts: Overlay<Attempts>,
}

impl Match {
    /// `schema`: of the matches; `event`: of the input.
    pub fn new(
        pattern: &plan::Match,
        (event, schema): (&Schema, &Schema),
        (table, cache_bytes): (TableId, usize),
        store: &Store,
        late: LateRoute,
        errors: Route,
    ) -> Result<Match, StateError> {
        let mut widths = vec![0];
        for element in &pattern.elements {
            widths.push(widths.last().expect("at least one") + element.columns(event).len());
        }
        let arguments = pattern.elements.iter().map(|element| {
            let compiled = |argument: &Expr| (Compiled::new(argument), argument.ty);
            element.totals.iter().map(|call| call.argument.as_ref().map(compiled)).collect()
        });
        let conditions = pattern.elements.iter().map(|element| {
            element
                .alternatives
                .iter()
                .map(|variable| variable.condition.as_ref().map(Compiled::new))
                .collect()
        });
        Ok(Match {
            key: KeyColumns::new(&pattern.key),
            within: pattern.within,
            conditions: conditions.collect(),
            arguments: arguments.collect(),
            skip: pattern.skip,
            elements: pattern.elements.clone(),
            types: schema.columns.iter().map(|column| column.ty).collect(),
            widths,
            codec: RowCodec::new(event, &vec![true; event.columns.len()]),
            late,
            errors,
            queue: TimeQueue::open(table, cache_bytes / 2, store)?,
            attempts: Overlay::new(table, cache_bytes / 2, store.is_empty(table)?),
        })
    }

    fn corrupt(&self, cause: &CodecError) -> TaskError {
        TaskError::corrupt_state(&self.errors.step, cause)
    }

    fn no_columns(&self, why: NoColumns) -> TaskError {
        match why {
            NoColumns::Codec(cause) => self.corrupt(&cause),
            NoColumns::Result { function, cause } => TaskError::NoResult {
                step: self.errors.step.clone(),
                line: self.errors.line,
                function,
                cause,
            },
        }
    }

    /// The arguments of all totals for one event. Those for which there is none were set aside when they came.
    fn arguments_of(
        &self,
        time: EventTime,
        row: &[u8],
    ) -> Result<Vec<Vec<Option<(Arc<Column>, ScalarType)>>>, TaskError> {
        if self.arguments.iter().all(Vec::is_empty) {
            return Ok(Vec::new());
        }
        let mut columns = self.codec.builders();
        self.codec.decode(row, &mut columns).map_err(|cause| self.corrupt(&cause))?;
        let batch = Batch::of_results(columns, vec![time]);
        let mut errors = RowErrors::default();
        let mut value = |(argument, ty): &(Compiled, ScalarType)| {
            (argument.eval(&batch, &batch.selection, &mut errors), *ty)
        };
        let of_element = |arguments: &Vec<Option<(Compiled, ScalarType)>>| {
            arguments.iter().map(|argument| argument.as_ref().map(&mut value)).collect()
        };
        Ok(self.arguments.iter().map(of_element).collect())
    }

    fn slot(&mut self, key: &[u8], store: &Store) -> Result<u32, StateError> {
        let mut name = vec![OTHERS];
        name.extend_from_slice(key);
        self.attempts.lookup(store, &name)
    }

    /// Fresh columns of the first elements of a match.
    fn builders(&self, elements: usize) -> Vec<Column> {
        self.types[..self.widths[elements]].iter().map(|ty| Column::new(*ty)).collect()
    }

    /// How often an element takes an event: at least, at most. None: it takes none of the match.
    fn bounds(&self, position: usize) -> Option<(u32, Option<u32>)> {
        match self.elements[position].times {
            Times::Count { least, most } => Some((least, most)),
            Times::Not | Times::Absent => None,
        }
    }

    fn is_current_complete(&self, attempt: &Attempt) -> bool {
        let (least, _) = self.bounds(attempt.position()).expect("the current element takes events");
        attempt.current().count >= least
    }

    /// Can the match be given out as it is, when its time has passed?
    fn is_enough(&self, attempt: &Attempt) -> bool {
        let rest = attempt.position() + 1..self.elements.len();
        let optional = |position| self.bounds(position).is_none_or(|(least, _)| least == 0);
        self.is_current_complete(attempt) && rest.into_iter().all(optional)
    }

    /// Has the match got everything that it can take?
    fn is_complete(&self, attempt: &Attempt) -> bool {
        let last = attempt.position() + 1 == self.elements.len();
        let (_, most) = self.bounds(attempt.position()).expect("the current element takes events");
        last && most == Some(attempt.current().count)
    }

    /// The elements that may take the next event when the current one has enough, nearest first; and those whose events end the attempt.
    fn next(&self, position: usize) -> (Vec<usize>, Vec<usize>) {
        let (mut takers, mut forbidden) = (Vec::new(), Vec::new());
        for next in position + 1..self.elements.len() {
            match self.bounds(next) {
                None => forbidden.push(next),
                Some((least, _)) => {
                    takers.push(next);
                    if least > 0 {
                        break;
                    }
                }
            }
        }
        (takers, forbidden)
    }

    /// Which of some attempts does an alternative's condition let take the event? By their places among `attempts`.
    fn fitting(
        &self,
        (position, alternative): (usize, usize),
        attempts: &[Attempt],
        among: &[usize],
        event: &Event<'_>,
        context: &mut Context<'_>,
    ) -> Result<Vec<usize>, TaskError> {
        let Some(condition) = &self.conditions[position][alternative] else { return Ok(among.to_vec()) };
        if among.is_empty() {
            return Ok(Vec::new());
        }
        let mut columns = self.builders(position);
        let mut of_event = self.codec.builders();
        for place in among {
            attempts[*place]
                .push_columns(&self.elements[..position], &self.codec, &mut columns)
                .and_then(|()| Ok(self.codec.decode(event.row, &mut of_event)?))
                .map_err(|why| self.no_columns(why))?;
        }
        let before = columns.len();
        columns.extend(of_event);
        let batch = Batch::of_results(columns, vec![event.time; among.len()]);
        let mut selection = batch.selection.clone();
        let mut errors = RowErrors::default();
        condition.filter(&batch, &mut selection, &mut errors);
        if let Some((row, error)) = errors.first_of_each_row().first()
            && !event.is_aside.replace(true)
        {
            // Of all that the condition sees the event is what cannot be used: once, however many attempts it came to.
            let mut alone = batch.clone();
            alone.columns.drain(..before);
            context.counters.errors += 1;
            self.errors.set_row_aside(&alone, *row as usize, error.code(), error.to_string(), context)?;
        }
        remove_failed(&mut selection, &errors);
        Ok(selection.into_iter().map(|row| among[row as usize]).collect())
    }

    /// The alternative of an element that takes the event, for each of some attempts.
    fn takers(
        &self,
        position: usize,
        attempts: &[Attempt],
        mut among: Vec<usize>,
        event: &Event<'_>,
        context: &mut Context<'_>,
    ) -> Result<Vec<(usize, u32)>, TaskError> {
        let mut taken = Vec::new();
        for alternative in 0..self.conditions[position].len() {
            let fitting = self.fitting((position, alternative), attempts, &among, event, context)?;
            among.retain(|place| !fitting.contains(place));
            taken.extend(fitting.into_iter().map(|place| (place, alternative as u32)));
        }
        Ok(taken)
    }

    /// What the event does to each attempt.
    fn effects(
        &self,
        attempts: &[Attempt],
        event: &Event<'_>,
        context: &mut Context<'_>,
    ) -> Result<Vec<Effect>, TaskError> {
        let mut effects = vec![Effect::None; attempts.len()];
        for position in 0..self.elements.len() {
            let is_here = |attempt: &Attempt| attempt.complete.is_none() && attempt.position() == position;
            let here: Vec<usize> = (0..attempts.len()).filter(|place| is_here(&attempts[*place])).collect();
            if here.is_empty() {
                continue;
            }
            let open: Vec<usize> =
                here.iter().copied().filter(|place| self.is_current_complete(&attempts[*place])).collect();
            let (takers, forbidden) = self.next(position);
            let undecided = |among: &[usize], effects: &[Effect]| -> Vec<usize> {
                among.iter().copied().filter(|place| effects[*place] == Effect::None).collect()
            };
            for next in takers.into_iter().rev() {
                let among = undecided(&open, &effects);
                for (place, alternative) in self.takers(next, attempts, among, event, context)? {
                    effects[place] = Effect::Takes { position: next, alternative };
                }
            }
            let (_, most) = self.bounds(position).expect("the current element takes events");
            let mut again = undecided(&here, &effects);
            again.retain(|place| most.is_none_or(|most| attempts[*place].current().count < most));
            for (place, alternative) in self.takers(position, attempts, again, event, context)? {
                effects[place] = Effect::Takes { position, alternative };
            }
            for next in forbidden {
                let among = undecided(&open, &effects);
                for (place, _) in self.takers(next, attempts, among, event, context)? {
                    effects[place] = Effect::Ends;
                }
            }
        }
        Ok(effects)
    }

    /// An event whose time has come goes to the attempts of its key, and may begin one.
    fn work(
        &mut self,
        (key, time, row): (&[u8], EventTime, &[u8]),
        matches: &mut Matches,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let slot = self.slot(key, context.store)?;
        let before = self.take_attempts(slot);
        let due = before.as_ref().map(|before| before.due);
        let number = before.as_ref().map_or(0, |before| before.next);
        let arguments = self.arguments_of(time, row)?;
        let event = Event { time, number, row, arguments: &arguments, is_aside: Cell::new(false) };
        let attempts = before.map(|before| before.list).unwrap_or_default();
        let attempts = self.without_passed(attempts, time, matches)?;
        let effects = self.effects(&attempts, &event, context)?;
        let mut kept = Vec::with_capacity(attempts.len() + 1);
        for (mut attempt, effect) in attempts.into_iter().zip(effects) {
            match effect {
                Effect::None => {}
                Effect::Ends => continue,
                Effect::Takes { position, alternative } => {
                    attempt.take(position, alternative, &self.elements[position], &event);
                }
            }
            self.keep_or_give(attempt, time, &mut kept, matches)?;
        }
        // The conditions of the first element see nothing but the event.
        let first = [Attempt::new(0, &self.elements[0], &event)];
        if let [(_, alternative), ..] = self.takers(0, &first, vec![0], &event, context)?[..] {
            let attempt = Attempt::new(alternative, &self.elements[0], &event);
            self.keep_or_give(attempt, time, &mut kept, matches)?;
        }
        self.give_decided(&mut kept, matches)?;
        self.store_attempts(slot, key, (kept, due, number + 1), context.store)
    }

    /// Takes the attempts of a key out, to be put back by [`Match::store_attempts`].
    fn take_attempts(&mut self, slot: u32) -> Option<Attempts> {
        self.attempts.get(slot)?;
        self.attempts.modify(slot).take()
    }

    /// `due`: when the key's attempts are looked at anyway. A key that had none and has none is not touched.
    fn store_attempts(
        &mut self,
        slot: u32,
        key: &[u8],
        (attempts, due, next): (Vec<Attempt>, Option<EventTime>, u64),
        store: &Store,
    ) -> Result<(), TaskError> {
        let Some(first) = attempts.first() else { return Ok(()) };
        let due = match due {
            Some(due) => due,
            None => {
                let end = first.began.plus(self.within);
                self.queue.push_last(store, end, Waiting { key: key.into(), row: None })?;
                end
            }
        };
        *self.attempts.modify(slot) = Some(Attempts { list: attempts, due, next });
        Ok(())
    }

    fn keep_or_give(
        &self,
        mut attempt: Attempt,
        time: EventTime,
        kept: &mut Vec<Attempt>,
        matches: &mut Matches,
    ) -> Result<(), TaskError> {
        if attempt.complete.is_some() || !self.is_complete(&attempt) {
            kept.push(attempt);
            return Ok(());
        }
        if self.skip == Skip::ToNext {
            return self.give(&attempt, time, matches);
        }
        attempt.complete = Some(time);
        kept.push(attempt);
        Ok(())
    }

    /// Matches before which no attempt is open are given out, and end the attempts that the search skips.
    fn give_decided(&self, attempts: &mut Vec<Attempt>, matches: &mut Matches) -> Result<(), TaskError> {
        while let Some(time) = attempts.first().and_then(|first| first.complete) {
            let first = attempts.remove(0);
            self.give(&first, time, matches)?;
            let goes_on_at = first.goes_on_at(self.skip);
            attempts.retain(|attempt| attempt.number() >= goes_on_at);
        }
        Ok(())
    }

    fn give(&self, attempt: &Attempt, time: EventTime, matches: &mut Matches) -> Result<(), TaskError> {
        attempt
            .push_columns(&self.elements, &self.codec, &mut matches.columns)
            .map_err(|why| self.no_columns(why))?;
        matches.times.push(time);
        Ok(())
    }

    /// Ends the attempts whose time had passed before `time`: those that have enough are matches.
    fn without_passed(
        &self,
        attempts: Vec<Attempt>,
        time: EventTime,
        matches: &mut Matches,
    ) -> Result<Vec<Attempt>, TaskError> {
        let mut left = Vec::with_capacity(attempts.len());
        for mut attempt in attempts {
            let end = attempt.began.plus(self.within);
            if attempt.complete.is_some() || end >= time {
                left.push(attempt);
            } else if self.is_enough(&attempt) {
                if self.skip == Skip::ToNext {
                    self.give(&attempt, end, matches)?;
                    continue;
                }
                attempt.complete = Some(end);
                left.push(attempt);
            }
        }
        self.give_decided(&mut left, matches)?;
        Ok(left)
    }

    /// The time of the first attempt of a key has passed.
    fn end_attempts(
        &mut self,
        key: &[u8],
        time: EventTime,
        matches: &mut Matches,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let slot = self.slot(key, context.store)?;
        // All that this was for may have ended, and others have begun, which have a moment of their own.
        if self.attempts.get(slot).is_none_or(|attempts| attempts.due != time) {
            return Ok(());
        }
        let attempts = self.take_attempts(slot).expect("they are there");
        let left = self.without_passed(attempts.list, time.plus(Span::from_micros(1)), matches)?;
        self.store_attempts(slot, key, (left, None, attempts.next), context.store)
    }
}

/// Matches in the making of a batch.
struct Matches {
    columns: Vec<Column>,
    times: Vec<EventTime>,
}

impl Operator for Match {
    fn on_batch(
        &mut self,
        _port: usize,
        mut batch: Batch,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let behind = |time: EventTime| time.plus(Span::from_micros(1));
        let closed = context.watermark;
        late::set_aside(&mut batch, "its turn was over at", behind, closed, &self.late, context)?;
        let mut errors = RowErrors::default();
        let key = self.key.evaluate(&batch, &mut errors);
        for (argument, _) in self.arguments.iter().flatten().flatten() {
            argument.eval(&batch, &batch.selection, &mut errors);
        }
        self.errors.settle(&mut batch, &errors, context)?;
        for &row in &batch.selection {
            let row = row as usize;
            let (mut encoded, mut bytes) = (Vec::new(), Vec::new());
            push_key(&key, row, &mut encoded);
            self.codec.encode(&batch.columns, row, &mut bytes);
            let waiting = Waiting { key: encoded.into(), row: Some(bytes.into()) };
            self.queue.push(context.store, batch.times[row], waiting)?;
        }
        Ok(())
    }

    fn on_watermark(
        &mut self,
        watermark: EventTime,
        context: &mut Context<'_>,
    ) -> Result<EventTime, TaskError> {
        let limit = (watermark != EventTime::MAX).then_some(watermark);
        let mut matches = Matches { columns: self.builders(self.elements.len()), times: Vec::new() };
        while let Some((time, _, waiting)) = self.queue.pop(context.store, limit)? {
            match waiting.row {
                Some(row) => {
                    self.work((&waiting.key, time, &row), &mut matches, context)?;
                }
                None => self.end_attempts(&waiting.key, time, &mut matches, context)?,
            }
        }
        if !matches.times.is_empty() {
            context.emitted.push(Batch::of_results(matches.columns, matches.times));
        }
        Ok(match self.skip {
            Skip::ToNext => watermark,
            // A match waits for attempts that began up to `within` before its time.
            _ => watermark.minus(self.within),
        })
    }

    fn flush(&mut self, writes: &mut WriteSet) {
        self.queue.flush(writes);
        self.attempts.flush(writes);
    }

    fn committed(&mut self) {
        self.queue.committed();
        self.attempts.committed();
    }

    fn uncommitted_bytes(&self) -> usize {
        self.queue.uncommitted_bytes() + self.attempts.uncommitted_bytes()
    }
}

#[cfg(test)]
mod tests;
