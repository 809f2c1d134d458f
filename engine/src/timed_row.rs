//! A row with its event time, as tables and joins keep it.

use tidegate_model::EventTime;
use tidegate_state::value::{self, Decoder};
use tidegate_state::{CodecError, StateValue};

/// The row is in the form of a [`crate::row_codec::RowCodec`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TimedRow {
    pub time: EventTime,
    pub row: Box<[u8]>,
}

impl StateValue for TimedRow {
    fn encode(&self, out: &mut Vec<u8>) {
        value::put_i64(out, self.time.micros());
        out.extend_from_slice(&self.row);
    }

    fn decode(bytes: &[u8]) -> Result<TimedRow, CodecError> {
        let mut from = Decoder::new(bytes);
        let time = EventTime::from_micros(from.i64()?);
        Ok(TimedRow { time, row: from.rest().into() })
    }

    fn bytes(&self) -> usize {
        self.row.len() + 24
    }
}
