//! `repartition by`: events go through an internal topic, to the task that owns their new key.

use crate::batch::Batch;
use crate::clock::WallTime;
use crate::expression::RowErrors;
use crate::internal_record::InternalTopic;
use crate::key_columns::{KeyColumns, push_key, push_place};
use crate::operator::{Context, Operator, TaskError};
use crate::route::Route;
use crate::row_codec::RowCodec;
use crate::watermark::Upstream;
use tidegate_model::{ScalarType, plan};
use tidegate_state::value::put_i64;

pub struct Repartition {
    key: KeyColumns,
    codec: RowCodec,
    topic: InternalTopic,
    errors: Route,
    types: Vec<ScalarType>,
    place_bytes: Vec<u8>,
    key_bytes: Vec<u8>,
}

impl Repartition {
    pub fn new(
        repartition: &plan::Repartition,
        codec: RowCodec,
        topic: InternalTopic,
        errors: Route,
    ) -> Repartition {
        let types = repartition.key.iter().map(|key| key.ty).collect();
        let key = KeyColumns::new(&repartition.key);
        Repartition { key, codec, topic, errors, types, place_bytes: Vec::new(), key_bytes: Vec::new() }
    }
}

impl Operator for Repartition {
    fn on_batch(
        &mut self,
        _port: usize,
        mut batch: Batch,
        context: &mut Context<'_>,
    ) -> Result<(), TaskError> {
        let mut errors = RowErrors::default();
        let key = self.key.evaluate(&batch, &mut errors);
        self.errors.settle(&mut batch, &errors, context)?;
        for &row in &batch.selection {
            let row = row as usize;
            self.key_bytes.clear();
            push_key(&key, row, &mut self.key_bytes);
            self.place_bytes.clear();
            push_place(&key, &self.types, row, &mut self.place_bytes);
            let (time, watermark) = (batch.times[row], batch.watermarks[row]);
            let codec = &self.codec;
            self.topic.send(&self.place_bytes, &self.key_bytes, time, context, |out| {
                put_i64(out, time.micros());
                put_i64(out, watermark.micros());
                codec.encode(&batch.columns, row, out);
            })?;
        }
        Ok(())
    }

    fn on_commit(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        self.topic.send_markers(context)
    }

    fn has_pending(&self, upstream: Upstream, now: WallTime) -> bool {
        self.topic.markers_due(upstream, now)
    }
}
