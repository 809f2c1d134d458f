//! The rows of a table in memory, over its store: the table operator writes them, joins read them.

use crate::row_codec::RowCodec;
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
}
