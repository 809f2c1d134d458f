//! An internal topic: events or partial aggregates, and the watermark of every upstream task.

use super::{Input, Pending, Time};
use crate::batch::{Batch, Column, Origin};
use crate::clock::WallTime;
use crate::internal_record::Header;
use crate::log::Record;
use crate::operator::{Context, TaskError};
use crate::partials::Partials;
use crate::row_codec::RowCodec;
use crate::watermark::Upstream;
use std::sync::Arc;
use tidegate_model::{EventTime, Offset, PartitionId};
use tidegate_state::CodecError;
use tidegate_state::key::push_window_start;
use tidegate_state::value::Decoder;

/// What the records hold.
pub enum Payload {
    Rows(RowCodec),
    Partials { windowed: bool },
}

pub struct InternalInput {
    topic: Arc<str>,
    partition: PartitionId,
    payload: Payload,
    layout: u32,
    time: Time,
    upstreams: Vec<Upstream>,
    builders: Vec<Column>,
    times: Vec<EventTime>,
    watermarks: Vec<EventTime>,
    offsets: Vec<Offset>,
    partials: Partials,
    broken: Option<TaskError>,
}

impl InternalInput {
    pub fn new(
        topic: Arc<str>,
        partition: PartitionId,
        payload: Payload,
        layout: u32,
        time: Time,
        upstreams: Vec<Upstream>,
    ) -> InternalInput {
        let builders = match &payload {
            Payload::Rows(codec) => codec.builders(),
            Payload::Partials { .. } => Vec::new(),
        };
        InternalInput {
            topic,
            partition,
            payload,
            layout,
            time,
            upstreams,
            builders,
            times: Vec::new(),
            watermarks: Vec::new(),
            offsets: Vec::new(),
            partials: Partials::default(),
            broken: None,
        }
    }

    fn take(&mut self, record: Record<'_>) -> Result<(), CodecError> {
        let mut from = Decoder::new(record.value.ok_or(CodecError::invalid("a null payload"))?);
        let header = Header::decode(&mut from)?;
        if header.layout != self.layout {
            return Err(CodecError::invalid("a record of another layout"));
        }
        let upstream = self
            .upstreams
            .get_mut(header.upstream_partition as usize)
            .ok_or(CodecError::invalid("an upstream partition that does not exist"))?;
        // A restarted upstream may repeat an older watermark; what was promised stays promised. But one that had ended may go on.
        if upstream.watermark == EventTime::MAX {
            upstream.watermark = header.upstream.watermark;
        }
        upstream.watermark = upstream.watermark.max(header.upstream.watermark);
        upstream.idle = header.upstream.idle;
        if header.marker {
            return Ok(());
        }
        let key = record.key.ok_or(CodecError::invalid("a null key"))?;
        match &self.payload {
            Payload::Rows(codec) => {
                let time = EventTime::from_micros(from.i64()?);
                let watermark = EventTime::from_micros(from.i64()?);
                codec.decode(from.rest(), &mut self.builders)?;
                self.times.push(time);
                self.watermarks.push(watermark);
                self.offsets.push(record.offset);
            }
            Payload::Partials { windowed } => {
                let slice = if *windowed { Some(EventTime::from_micros(from.i64()?)) } else { None };
                self.partials.keys.push_with(|out| {
                    if let Some(slice) = slice {
                        push_window_start(out, slice);
                    }
                    out.extend_from_slice(key);
                });
                self.partials.times.push(record.timestamp);
                self.partials.bytes.extend_from_slice(from.rest());
                self.partials.ends.push(self.partials.bytes.len() as u32);
            }
        }
        Ok(())
    }
}

impl Input for InternalInput {
    fn is_internal(&self) -> bool {
        true
    }

    fn push(&mut self, record: Record<'_>) {
        if self.broken.is_some() {
            return;
        }
        if let Err(cause) = self.take(record) {
            let what = format!("internal topic {}-{}@{}", self.topic, self.partition.0, record.offset.0);
            self.broken = Some(TaskError::Corrupt { what, cause: cause.to_string() });
        }
    }

    fn finish(&mut self, _next: Offset, _now: WallTime) -> Result<Vec<Pending>, TaskError> {
        if let Some(broken) = self.broken.take() {
            return Err(broken);
        }
        match &self.payload {
            Payload::Partials { .. } if self.partials.is_empty() => Ok(Vec::new()),
            Payload::Partials { .. } => Ok(vec![Pending::Partials(std::mem::take(&mut self.partials))]),
            Payload::Rows(_) if self.times.is_empty() => Ok(Vec::new()),
            Payload::Rows(codec) => {
                let builders = std::mem::replace(&mut self.builders, codec.builders());
                let rows = self.times.len();
                let offsets = std::mem::take(&mut self.offsets);
                Ok(vec![Pending::Rows(Batch {
                    columns: builders.into_iter().map(Arc::new).collect(),
                    times: Arc::new(std::mem::take(&mut self.times)),
                    watermarks: Arc::new(std::mem::take(&mut self.watermarks)),
                    selection: Batch::select_all(rows),
                    raw: None,
                    deleted: None,
                    origin: Some(Arc::new(Origin {
                        topic: self.topic.clone(),
                        partition: self.partition,
                        offsets,
                    })),
                })])
            }
        }
    }

    fn set_aside(&mut self, _before: Offset, _context: &mut Context<'_>) -> Result<(), TaskError> {
        Ok(())
    }

    fn upstreams(&self) -> Vec<Upstream> {
        self.upstreams.clone()
    }

    fn time(&self) -> Time {
        self.time
    }
}
