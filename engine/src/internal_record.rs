//! Records of internal topics. Each carries which upstream task sent it and how far that task's event time had come, so that the
//! reader takes the least over upstream tasks, and not over what happened to be fetched first.
//!
//! Form of a value: version (1 byte), flags (1 byte: 1 = the upstream is idle, 2 = a marker without an event), upstream partition
//! (varint), watermark (zigzag varint), then the payload. Keys are in the order-preserving form; a marker has none.

use crate::clock::WallTime;
use crate::log::{Outgoing, TopicHandle};
use crate::operator::{Context, TaskError};
use crate::watermark::Upstream;
use std::time::Duration;
use tidegate_model::partition::partition_for;
use tidegate_model::{EventTime, PartitionId};
use tidegate_state::CodecError;
use tidegate_state::value::{self, Decoder};

const VERSION: u8 = 1;
const IDLE: u8 = 1;
const MARKER: u8 = 2;

/// The beginning of every internal record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    pub upstream_partition: u32,
    pub upstream: Upstream,
    pub marker: bool,
}

impl Header {
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        out.push(u8::from(self.upstream.idle) * IDLE + u8::from(self.marker) * MARKER);
        value::put_u64(out, u64::from(self.upstream_partition));
        value::put_i64(out, self.upstream.watermark.micros());
    }

    pub fn decode(from: &mut Decoder<'_>) -> Result<Header, CodecError> {
        if from.u8()? != VERSION {
            return Err(CodecError::invalid("the version of an internal record"));
        }
        let flags = from.u8()?;
        let upstream_partition =
            u32::try_from(from.u64()?).map_err(|_| CodecError::invalid("an upstream partition"))?;
        let upstream = Upstream { watermark: EventTime::from_micros(from.i64()?), idle: flags & IDLE != 0 };
        Ok(Header { upstream_partition, upstream, marker: flags & MARKER != 0 })
    }
}

/// What a downstream partition was last told about this task's event time.
#[derive(Clone, Copy)]
struct Told {
    upstream: Upstream,
    at: Option<WallTime>,
}

/// The sending side of an internal topic, for one upstream task.
pub struct InternalTopic {
    topic: TopicHandle,
    told: Vec<Told>,
    marker_interval: Duration,
    value: Vec<u8>,
}

impl InternalTopic {
    pub fn new(topic: TopicHandle, partitions: u32, marker_interval: Duration) -> InternalTopic {
        let told = Told { upstream: Upstream::UNKNOWN, at: None };
        InternalTopic { topic, told: vec![told; partitions as usize], marker_interval, value: Vec::new() }
    }

    /// Sends a record to the partition of `place`; `payload` appends what follows the header.
    pub fn send(
        &mut self,
        place: &[u8],
        key: &[u8],
        time: EventTime,
        context: &mut Context<'_>,
        payload: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), TaskError> {
        let partition = partition_for(place, self.told.len() as u32);
        let upstream = context.upstream();
        self.value.clear();
        let header = Header { upstream_partition: context.partition.0 as u32, upstream, marker: false };
        header.encode(&mut self.value);
        payload(&mut self.value);
        self.told[partition.0 as usize] = Told { upstream, at: Some(context.now) };
        context.out.send(Outgoing {
            topic: self.topic,
            partition,
            timestamp: time,
            key: Some(key),
            value: Some(&self.value),
            headers: &[],
        })?;
        Ok(())
    }

    fn is_due(&self, told: &Told, upstream: Upstream, now: WallTime) -> bool {
        told.upstream != upstream
            && (upstream.watermark == EventTime::MAX
                || told.at.is_none_or(|at| now.since(at) >= self.marker_interval))
    }

    /// Would [`InternalTopic::send_markers`] send anything?
    pub fn markers_due(&self, upstream: Upstream, now: WallTime) -> bool {
        self.told.iter().any(|told| self.is_due(told, upstream, now))
    }

    /// Tells the partitions that got no record lately how far event time has come.
    pub fn send_markers(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        let upstream = context.upstream();
        for partition in 0..self.told.len() {
            if !self.is_due(&self.told[partition], upstream, context.now) {
                continue;
            }
            self.told[partition] = Told { upstream, at: Some(context.now) };
            self.value.clear();
            let header = Header { upstream_partition: context.partition.0 as u32, upstream, marker: true };
            header.encode(&mut self.value);
            context.out.send(Outgoing {
                topic: self.topic,
                partition: PartitionId(partition as i32),
                timestamp: EventTime::from_micros(0),
                key: None,
                value: Some(&self.value),
                headers: &[],
            })?;
        }
        Ok(())
    }
}
