//! The rows of a table in memory, over its store: the table operator writes them, joins read them.

use crate::batch::Column;
use crate::row_codec::RowCodec;
use std::sync::Arc;
use tidegate_model::EventTime;
use tidegate_state::{CodecError, Overlay, StateValue};

/// A row in [`RowCodec`]'s form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RowBytes(pub Box<[u8]>);

impl StateValue for RowBytes {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }

    fn decode(bytes: &[u8]) -> Result<RowBytes, CodecError> {
        Ok(RowBytes(bytes.into()))
    }

    fn bytes(&self) -> usize {
        self.0.len()
    }
}

pub struct TableRows {
    pub overlay: Overlay<RowBytes>,
    pub codec: RowCodec,
    /// Behind each row stands its time.
    pub timed: bool,
}

const TIME_BYTES: usize = 8;

impl TableRows {
    pub fn new(overlay: Overlay<RowBytes>, codec: RowCodec) -> TableRows {
        TableRows { overlay, codec, timed: false }
    }

    /// A row as it is kept.
    pub fn encode(&self, columns: &[Arc<Column>], row: usize, time: EventTime) -> RowBytes {
        let mut bytes = Vec::new();
        self.codec.encode(columns, row, &mut bytes);
        if self.timed {
            bytes.extend_from_slice(&time.micros().to_be_bytes());
        }
        RowBytes(bytes.into())
    }

    /// The row of a slot in [`RowCodec`]'s form.
    pub fn row(&self, slot: u32) -> Option<&[u8]> {
        let bytes = &self.overlay.get(slot)?.0;
        Some(if self.timed { &bytes[..bytes.len() - TIME_BYTES] } else { bytes })
    }

    /// The time of the row of a slot, where times are kept.
    pub fn time(&self, slot: u32) -> Option<EventTime> {
        let (_, time) = self.overlay.get(slot)?.0.split_last_chunk::<TIME_BYTES>()?;
        Some(EventTime::from_micros(i64::from_be_bytes(*time)))
    }
}
