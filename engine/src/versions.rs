//! The rows that a key of a table has had: for those that ask for the one of a time.

use crate::table_rows::RowBytes;
use tidegate_model::{EventTime, Span};
use tidegate_state::value::{self, Decoder};
use tidegate_state::{CodecError, StateValue};

/// In the order of their times; each holds from its time on. None: the row was deleted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Versions(Vec<(EventTime, Option<RowBytes>)>);

impl Versions {
    /// A row of this time takes the place of one of the same time.
    pub fn insert(&mut self, time: EventTime, row: Option<RowBytes>) {
        let at = self.0.partition_point(|(known, _)| *known < time);
        match self.0.get_mut(at) {
            Some((known, version)) if *known == time => *version = row,
            _ => self.0.insert(at, (time, row)),
        }
    }

    /// The last row whose time is at or before `time`.
    pub fn at(&self, time: EventTime) -> Option<&RowBytes> {
        let behind = self.0.partition_point(|(known, _)| *known <= time);
        self.0[..behind].last()?.1.as_ref()
    }

    /// Forgets what no time from `from` on asks for.
    pub fn forget_before(&mut self, from: EventTime) {
        let behind = self.0.partition_point(|(known, _)| *known <= from);
        // A deletion stays, too: an older row that comes after it must not take its place.
        self.0.drain(..behind.saturating_sub(1));
    }

    /// Where the history reaches back to from the newest row of the table.
    pub fn reach(newest: EventTime, history: Span) -> EventTime {
        newest.minus(history)
    }
}

impl StateValue for Versions {
    fn encode(&self, out: &mut Vec<u8>) {
        value::put_u64(out, self.0.len() as u64);
        for (time, row) in &self.0 {
            value::put_i64(out, time.micros());
            match row {
                None => out.push(0),
                Some(row) => {
                    out.push(1);
                    value::put_bytes(out, &row.0);
                }
            }
        }
    }

    fn decode(bytes: &[u8]) -> Result<Versions, CodecError> {
        let mut from = Decoder::new(bytes);
        let count = from.u64()?;
        let mut versions = Vec::new();
        for _ in 0..count {
            let time = EventTime::from_micros(from.i64()?);
            let row = if from.u8()? == 0 { None } else { Some(RowBytes(from.bytes()?.into())) };
            versions.push((time, row));
        }
        Ok(Versions(versions))
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(|(_, row)| 32 + row.as_ref().map_or(0, |row| row.0.len())).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row(value: Option<u8>) -> Option<RowBytes> {
        value.map(|value| RowBytes([value].into()))
    }

    proptest! {
        #[test]
        fn each_time_has_the_last_row_before_it(
            written in proptest::collection::vec((0i64..20, proptest::option::of(any::<u8>())), 0..30),
            history in 0i64..20,
        ) {
            let mut versions = Versions::default();
            let mut newest = 0;
            for (count, (time, value)) in written.iter().enumerate() {
                newest = newest.max(*time);
                versions.insert(EventTime::from_micros(*time), row(*value));
                let from = newest - history;
                versions.forget_before(Versions::reach(EventTime::from_micros(newest), Span::from_micros(history)));
                let kept = Versions::decode(&{
                    let mut bytes = Vec::new();
                    versions.encode(&mut bytes);
                    bytes
                });
                prop_assert_eq!(kept.as_ref(), Ok(&versions));
                for asked in from..=newest {
                    let known = written[..=count].iter().filter(|(time, _)| *time <= asked);
                    // The greatest time, and of equal times the last.
                    let right = known.max_by_key(|(time, _)| *time).and_then(|(_, value)| row(*value));
                    prop_assert_eq!(versions.at(EventTime::from_micros(asked)), right.as_ref(), "at {}", asked);
                }
            }
        }
    }
}
