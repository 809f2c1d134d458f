//! A topic of the user's.

use super::{Input, Pending, Time};
use crate::batch::{Batch, ColumnData, Origin, RawRecords};
use crate::clock::WallTime;
use crate::decode::{DecodeError, JsonDecoder};
use crate::log::Record;
use crate::operator::{Context, TaskError};
use crate::place::Place;
use crate::route::{Aside, Route};
use crate::watermark::{SourceClock, Upstream};
use std::collections::VecDeque;
use std::sync::Arc;
use tidegate_model::plan::SourceTime;
use tidegate_model::{EventTime, Offset, PartitionId, Span};

/// A record that could not be decoded.
pub(super) struct Reject {
    pub(super) offset: Offset,
    pub(super) timestamp: EventTime,
    pub(super) key: Option<Box<[u8]>>,
    pub(super) value: Option<Box<[u8]>>,
    pub(super) error: DecodeError,
}

impl Reject {
    pub(super) fn new(record: &Record<'_>, error: DecodeError) -> Reject {
        Reject {
            offset: record.offset,
            timestamp: record.timestamp,
            key: record.key.map(Into::into),
            value: record.value.map(Into::into),
            error,
        }
    }
}

/// Sends rejects before an offset to the `malformed` route.
pub(super) fn set_rejects_aside(
    rejects: &mut VecDeque<Reject>,
    before: Offset,
    topic: &Arc<str>,
    partition: PartitionId,
    route: &Route,
    context: &mut Context<'_>,
) -> Result<(), TaskError> {
    while rejects.front().is_some_and(|reject| reject.offset < before) {
        let Some(reject) = rejects.pop_front() else { break };
        context.counters.malformed += 1;
        let aside = Aside {
            place: Place { topic: topic.clone(), partition, offset: reject.offset },
            time: reject.timestamp,
            own_timestamp: Some(reject.timestamp),
            key: reject.key.as_deref(),
            value: reject.value.as_deref(),
            code: reject.error.code,
            message: reject.error.message,
        };
        route.set_aside(&aside, context)?;
    }
    Ok(())
}

pub struct SourceInput {
    topic: Arc<str>,
    partition: PartitionId,
    decoder: JsonDecoder,
    time_column: Option<usize>,
    clock: SourceClock,
    malformed: Route,
    keep_raw: bool,
    ahead: Option<Span>,
    offsets: Vec<Offset>,
    timestamps: Vec<EventTime>,
    raw: RawRecords,
    rejects: VecDeque<Reject>,
}

impl SourceInput {
    pub fn new(
        topic: Arc<str>,
        partition: PartitionId,
        decoder: JsonDecoder,
        time: &SourceTime,
        clock: SourceClock,
        malformed: Route,
        keep_raw: bool,
    ) -> SourceInput {
        SourceInput {
            topic,
            partition,
            decoder,
            time_column: time.column,
            clock,
            malformed,
            keep_raw,
            ahead: time.ahead,
            offsets: Vec::new(),
            timestamps: Vec::new(),
            raw: RawRecords::default(),
            rejects: VecDeque::new(),
        }
    }

    /// The rows that are used; those of a time that cannot be are put among the rejects. One event of the year 2099 would close every window.
    fn not_too_far_ahead(&mut self, times: &[EventTime], now: WallTime) -> Vec<u32> {
        let (Some(ahead), Some(date)) = (self.ahead, now.date()) else {
            return Batch::select_all(times.len());
        };
        let latest = date.plus(ahead);
        let (used, too_far): (Vec<u32>, Vec<u32>) =
            Batch::select_all(times.len()).into_iter().partition(|row| times[*row as usize] <= latest);
        for &row in &too_far {
            let row = row as usize;
            let message =
                format!("its time {} is more than {ahead} ahead of the machine's clock, {date}", times[row]);
            self.rejects.push_back(Reject {
                offset: self.offsets[row],
                // Its own may be as far ahead, and a broker refuses that.
                timestamp: date,
                key: self.raw.key(row).map(Into::into),
                value: self.raw.value(row).map(Into::into),
                error: DecodeError { code: "too_far_ahead", message },
            });
        }
        if !too_far.is_empty() {
            self.rejects.make_contiguous().sort_by_key(|reject| reject.offset);
        }
        used
    }
}

impl Input for SourceInput {
    fn push(&mut self, record: Record<'_>) {
        let result = match record.value {
            Some(_) if self.time_column.is_none() && !record.timestamp.has_calendar_date() => {
                let message = format!("the record's timestamp, {} ms, is no date", record.timestamp.millis());
                Err(DecodeError { code: "bad_timestamp", message })
            }
            Some(value) => self.decoder.push(value, record.key),
            None => Err(DecodeError { code: "null_value", message: "the record has no payload".to_owned() }),
        };
        if let Err(error) = result {
            self.rejects.push_back(Reject::new(&record, error));
            return;
        }
        self.offsets.push(record.offset);
        self.timestamps.push(record.timestamp);
        // What is too far ahead is known only when all are decoded.
        if self.keep_raw || self.ahead.is_some() {
            self.raw.push(record.timestamp, record.key, record.value);
        }
    }

    fn finish(&mut self, _next: Offset, now: WallTime) -> Result<Vec<Pending>, TaskError> {
        if !self.offsets.is_empty() || !self.rejects.is_empty() {
            // The clock wakes before the events are counted: what it followed while it was silent stays.
            self.clock.woke(now);
        }
        if self.offsets.is_empty() {
            return Ok(Vec::new());
        }
        let columns = self.decoder.finish();
        let rows = self.offsets.len();
        let times = match self.time_column {
            None => std::mem::take(&mut self.timestamps),
            Some(column) => {
                self.timestamps.clear();
                let ColumnData::Int(micros) = &columns[column].data else {
                    panic!("a time column is a timestamp")
                };
                micros.iter().map(|micros| EventTime::from_micros(*micros)).collect()
            }
        };
        let selection = self.not_too_far_ahead(&times, now);
        let mut watermarks = vec![EventTime::MIN; rows];
        for &row in &selection {
            watermarks[row as usize] = self.clock.observe(times[row as usize]);
        }
        self.clock.woke(now);
        let raw = std::mem::take(&mut self.raw);
        let origin = Origin {
            topic: self.topic.clone(),
            partition: self.partition,
            offsets: std::mem::take(&mut self.offsets),
        };
        let batch = Batch {
            columns: columns.into_iter().map(Arc::new).collect(),
            times: Arc::new(times),
            watermarks: Arc::new(watermarks),
            selection,
            raw: self.keep_raw.then(|| Arc::new(raw)),
            deleted: None,
            origin: Some(Arc::new(origin)),
        };
        Ok(if batch.is_empty() { Vec::new() } else { vec![Pending::Rows(batch)] })
    }

    fn set_aside(&mut self, before: Offset, context: &mut Context<'_>) -> Result<(), TaskError> {
        set_rejects_aside(&mut self.rejects, before, &self.topic, self.partition, &self.malformed, context)
    }

    fn upstreams(&self) -> Vec<Upstream> {
        vec![self.clock.upstream()]
    }

    fn is_silence_due(&self, now: WallTime) -> bool {
        self.clock.is_silence_due(now)
    }

    fn silent(&mut self, now: WallTime) {
        self.clock.silent(now);
    }

    fn unheard(&mut self, now: WallTime) {
        self.clock.woke(now);
    }

    fn end(&mut self) {
        self.clock.end();
    }

    fn time(&self) -> Time {
        Time::OfTask
    }

    fn advance(&mut self, to: EventTime) {
        self.clock.advance(to);
    }
}
