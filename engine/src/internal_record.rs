//! Records of internal topics. Each carries which upstream task sent it and how far that task's event time had come, so that the
//! reader takes the least over upstream tasks, and not over what happened to be fetched first.
//!
//! Form of a value: version (1 byte), layout (4 bytes: which form the payload has, see [`crate::layout`]), flags (1 byte: 1 = the upstream
//! is idle, 2 = a marker without an event), upstream partition (varint), watermark (zigzag varint), then the payload. Keys are in the
//! order-preserving form; a marker has none.

use crate::clock::WallTime;
use crate::log::{Outgoing, TopicHandle};
use crate::operator::{Context, TaskError};
use crate::watermark::Upstream;
use std::collections::BTreeSet;
use std::time::Duration;
use tidegate_model::partition::partition_for;
use tidegate_model::{EventTime, PartitionId};
use tidegate_state::CodecError;
use tidegate_state::value::{self, Decoder};

const VERSION: u8 = 2;
const IDLE: u8 = 1;
const MARKER: u8 = 2;

/// The beginning of every internal record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    pub layout: u32,
    pub upstream_partition: u32,
    pub upstream: Upstream,
    pub marker: bool,
}

impl Header {
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        out.extend_from_slice(&self.layout.to_le_bytes());
        out.push(u8::from(self.upstream.idle) * IDLE + u8::from(self.marker) * MARKER);
        value::put_u64(out, u64::from(self.upstream_partition));
        value::put_i64(out, self.upstream.watermark.micros());
    }

    pub fn decode(from: &mut Decoder<'_>) -> Result<Header, CodecError> {
        if from.u8()? != VERSION {
            return Err(CodecError::invalid("the version of an internal record"));
        }
        let layout = u32::from_le_bytes([from.u8()?, from.u8()?, from.u8()?, from.u8()?]);
        let flags = from.u8()?;
        let upstream_partition =
            u32::try_from(from.u64()?).map_err(|_| CodecError::invalid("an upstream partition"))?;
        let upstream = Upstream { watermark: EventTime::from_micros(from.i64()?), idle: flags & IDLE != 0 };
        Ok(Header { layout, upstream_partition, upstream, marker: flags & MARKER != 0 })
    }
}

/// The hash of the layout that an internal record's payload has; None: it was not written by this version.
pub fn layout_of_record(value: &[u8]) -> Option<u32> {
    Header::decode(&mut Decoder::new(value)).ok().map(|header| header.layout)
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
    layout: u32,
    told: Vec<Told>,
    /// Partitions that got records under an older watermark than this task has: they are told the new one before the commit.
    behind: BTreeSet<usize>,
    marker_interval: Duration,
    value: Vec<u8>,
}

impl InternalTopic {
    pub fn new(topic: TopicHandle, layout: u32, partitions: u32, marker_interval: Duration) -> InternalTopic {
        let told = Told { upstream: Upstream::UNKNOWN, at: None };
        InternalTopic {
            topic,
            layout,
            told: vec![told; partitions as usize],
            behind: BTreeSet::new(),
            marker_interval,
            value: Vec::new(),
        }
    }

    /// Sends a record to the partition of `place`; `payload` appends what follows the header.
    ///
    /// The record promises only what its partition was told before: what it holds may be older than where this task's event time is by
    /// now, and a reader may come to it without having read the records beside it. [`InternalTopic::send_markers`] brings the new watermark.
    pub fn send(
        &mut self,
        place: &[u8],
        key: &[u8],
        time: EventTime,
        context: &mut Context<'_>,
        payload: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), TaskError> {
        let partition = partition_for(place, self.told.len() as u32);
        self.send_to(partition, key, time, context, payload)
    }

    /// As [`InternalTopic::send`], to a partition that is known.
    pub fn send_to(
        &mut self,
        partition: PartitionId,
        key: &[u8],
        time: EventTime,
        context: &mut Context<'_>,
        payload: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), TaskError> {
        let told = self.told[partition.0 as usize].upstream;
        let upstream = Upstream { watermark: told.watermark, idle: context.idle };
        self.value.clear();
        self.header(upstream, false, context).encode(&mut self.value);
        payload(&mut self.value);
        self.behind.insert(partition.0 as usize);
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

    fn header(&self, upstream: Upstream, marker: bool, context: &Context<'_>) -> Header {
        Header { layout: self.layout, upstream_partition: context.partition.0 as u32, upstream, marker }
    }

    fn is_due(&self, partition: usize, upstream: Upstream, now: WallTime) -> bool {
        let told = &self.told[partition];
        told.upstream != upstream
            && (upstream.watermark == EventTime::MAX
                || self.behind.contains(&partition)
                || told.at.is_none_or(|at| now.since(at) >= self.marker_interval))
    }

    /// Would [`InternalTopic::send_markers`] send anything?
    pub fn markers_due(&self, upstream: Upstream, now: WallTime) -> bool {
        (0..self.told.len()).any(|partition| self.is_due(partition, upstream, now))
    }

    /// Tells partitions how far event time has come: those that got records since the last commit, behind these, and those that were
    /// told nothing for a while.
    pub fn send_markers(&mut self, context: &mut Context<'_>) -> Result<(), TaskError> {
        let upstream = context.upstream();
        for partition in 0..self.told.len() {
            if !self.is_due(partition, upstream, context.now) {
                continue;
            }
            self.told[partition] = Told { upstream, at: Some(context.now) };
            self.value.clear();
            self.header(upstream, true, context).encode(&mut self.value);
            context.out.send(Outgoing {
                topic: self.topic,
                partition: PartitionId(partition as i32),
                timestamp: EventTime::from_micros(0),
                key: None,
                value: Some(&self.value),
                headers: &[],
            })?;
        }
        self.behind.clear();
        Ok(())
    }
}
