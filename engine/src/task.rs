//! One partition of one sub-topology: its inputs, its operators, its store.

use crate::clock::WallTime;
use crate::decode::JsonDecoder;
use crate::globals::Globals;
use crate::graph::{Env, Graph};
use crate::input::{Input, InternalInput, Payload, Pending, SourceInput, TableInput, Time};
use crate::layout::{self, LAYOUT_KEY};
use crate::log::{ChangelogEnd, Committed, LogError, Outgoing, Reader, Slot, TopicHandle};
use crate::operator::{Counters, Outlet, RowCount, TaskError};
use crate::program::Program;
use crate::progress;
use crate::row_codec::RowCodec;
use crate::watermark::{SourceClock, Upstream, merge};
use std::collections::VecDeque;
use std::time::Duration;
use tidegate_model::plan::{Node, NodeKind};
use tidegate_model::{EventTime, NodeId, Offset, PartitionId, Span, SubtopologyId, TaskId, TopicPartition};
use tidegate_state::{Store, TableId, WriteSet};

/// How long a task with several inputs waits for one that should have more, before it goes on without. An end may be a transaction's
/// marker, behind which nothing comes.
const INPUT_WAIT: Duration = Duration::from_millis(50);
/// A table that is quiet for so long is asked whether it is at its end.
const TABLE_QUIET: Duration = Duration::from_millis(500);
/// How long the answer to whether an input is at its end is waited for.
const ASK_WAIT: Duration = Duration::from_millis(500);
/// A table that cannot be read to its end for so long is told of.
const TABLE_TOLD_EVERY: Duration = Duration::from_secs(10);

/// Before the first records are known: rather too few of them than too much memory.
const RECORD_BYTES_FIRST: usize = 16 << 10;
/// Less makes batches of too few records, more makes nothing faster.
const BATCH_BYTES_LEAST: usize = 64 << 10;
const BATCH_BYTES_MOST: usize = 1 << 20;

struct InputState {
    node: NodeId,
    partition: TopicPartition,
    slot: Slot,
    input: Box<dyn Input>,
    pending: VecDeque<Pending>,
    /// Behind the last record that was fetched.
    fetched: Offset,
    /// What a record takes, about.
    record_bytes: usize,
    /// Behind the last record that was worked on.
    settled: Offset,
    settled_upstreams: Vec<Upstream>,
    committed: Offset,
    /// A table is read up to here before anything else is.
    catch_up: Option<Offset>,
    active_at: WallTime,
    /// When it was last asked whether it is at its end.
    asked_at: Option<WallTime>,
}

impl InputState {
    /// Asks whether all that there is has been fetched. None: it was asked a moment ago. What nobody can answer is a no.
    fn is_at_end<R: Reader>(
        &mut self,
        reader: &mut R,
        ask_every: Duration,
        now: WallTime,
    ) -> Result<Option<bool>, TaskError> {
        if self.asked_at.is_some_and(|asked| now.since(asked) < ask_every) {
            return Ok(None);
        }
        self.asked_at = Some(now);
        match reader.confirm_end(self.slot, ASK_WAIT) {
            Ok(ended) => Ok(Some(ended)),
            Err(LogError::Retry(why)) => {
                tracing::debug!("{}: not known to be at its end: {why}", self.partition);
                Ok(Some(false))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// A share of what a worker may have uncommitted, since each of its tasks works on a batch before the next commit.
fn batch_bytes(program: &Program) -> usize {
    let subtopologies = (0..program.plan.subtopologies()).map(SubtopologyId);
    let tasks: u32 = subtopologies.map(|subtopology| program.tasks_of(subtopology)).sum();
    (program.limits.uncommitted_bytes / 4 / tasks.max(1) as usize).clamp(BATCH_BYTES_LEAST, BATCH_BYTES_MOST)
}

pub struct Task {
    pub id: TaskId,
    graph: Graph,
    inputs: Vec<InputState>,
    store: Store,
    changelogs: Vec<Changelog>,
    /// Was something sent since the last commit?
    sent: bool,
    writes: WriteSet,
    watermark: Upstream,
    counters: Counters,
    batch_records: usize,
    /// Of one batch: on its way through the operators a record is several times in memory.
    batch_bytes: usize,
    one_by_one: bool,
    /// Have the operators been told how far time had come when the task was opened?
    has_told_time: bool,
    /// How often a silent input is asked whether it is at its end.
    ask_every: Duration,
}

struct Changelog {
    table: TableId,
    topic: TopicHandle,
    /// What the table's values look like, in the changelog, too, once something has been written.
    layout: String,
}

/// Where one input of a task goes on.
pub struct Start {
    pub slot: Slot,
    pub next: Offset,
    pub metadata: String,
    /// The end of the partition when the task was opened.
    pub end: Offset,
}

impl Task {
    /// The store has been restored; `starts` are in the order of [`Program::inputs_of`].
    pub fn open(
        program: &Program,
        id: TaskId,
        mut store: Store,
        starts: Vec<Start>,
        ask_every: Duration,
        now: WallTime,
    ) -> Result<Task, TaskError> {
        // Operators look through the store to find what they need to know.
        store.flush()?;
        for node in program.plan.stores_of(id.subtopology).filter(|node| node.has_ordered_store()) {
            store.keep_order(store.table(&node.name).expect("opened with all tables"));
        }
        let graph = Graph::new(program, id, &store)?;
        let changelogs = changelogs(program, id, &store)?;
        let mut inputs = Vec::new();
        for ((partition, node), start) in program.inputs_of(id).into_iter().zip(starts) {
            let resumed = progress::decode(&start.metadata).map(progress::go_on);
            let input = make_input(program, node, &partition, resumed, now);
            let settled_upstreams = input.upstreams();
            inputs.push(InputState {
                node: node.id,
                partition,
                slot: start.slot,
                catch_up: (input.time() == Time::OfTable).then_some(start.end),
                input,
                pending: VecDeque::new(),
                fetched: start.next,
                record_bytes: RECORD_BYTES_FIRST,
                settled: start.next,
                settled_upstreams,
                committed: start.next,
                active_at: now,
                asked_at: None,
            });
        }
        let mut task = Task {
            id,
            graph,
            inputs,
            store,
            changelogs,
            sent: false,
            writes: WriteSet::default(),
            watermark: Upstream::UNKNOWN,
            counters: Counters::default(),
            batch_records: program.limits.batch_records,
            batch_bytes: batch_bytes(program),
            one_by_one: program.is_one_by_one(id.subtopology),
            has_told_time: false,
            ask_every,
        };
        task.watermark = task.merged();
        Ok(task)
    }

    /// Gives the store back; what was not committed is gone with the operators.
    pub fn into_store(self) -> Store {
        self.store
    }

    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    pub fn watermark(&self) -> EventTime {
        self.watermark.watermark
    }

    /// What went through each node since the task was opened; a node that is not named has seen nothing.
    pub fn row_counts(&self) -> impl Iterator<Item = (NodeId, RowCount)> + '_ {
        self.graph.row_counts()
    }

    /// Works on one run of records. Returns how many it took; 0: nothing to do now.
    pub fn step<R: Reader>(
        &mut self,
        reader: &mut R,
        globals: &Globals,
        out: &mut dyn Outlet,
        now: WallTime,
    ) -> Result<usize, TaskError> {
        if !std::mem::replace(&mut self.has_told_time, true) {
            self.pass_time(globals, out, now)?;
        }
        self.fetch(reader, now)?;
        self.listen(reader, now)?;
        let Some(chosen) = self.choose(reader, now)? else {
            self.pass_time(globals, out, now)?;
            return Ok(0);
        };
        let limit = self.limit_for(chosen);
        let worked = self.run(chosen, limit, globals, out, now)?;
        self.pass_time(globals, out, now)?;
        Ok(worked)
    }

    fn fetch<R: Reader>(&mut self, reader: &mut R, now: WallTime) -> Result<(), TaskError> {
        for state in &mut self.inputs {
            if !state.pending.is_empty() {
                continue;
            }
            let input = &mut state.input;
            let (mut next, mut bytes) = (state.fetched, 0);
            let most = (self.batch_bytes / state.record_bytes).clamp(1, self.batch_records);
            let count = reader.fetch(state.slot, most, &mut |record| {
                bytes += record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
                assert!(record.offset >= next, "offsets never go back: {:?} after {next:?}", record.offset);
                next = Offset(record.offset.0 + 1);
                input.push(record);
            })?;
            if count == 0 {
                continue;
            }
            if !state.input.is_internal() {
                self.counters.records_in += count as u64;
            }
            // Larger ones count at once, smaller ones little by little.
            let mean = (bytes / count).max(1);
            state.record_bytes = mean.max((3 * state.record_bytes + mean) / 4);
            state.active_at = now;
            state.fetched = next;
            state.pending.extend(state.input.finish(next, now)?);
            if state.pending.is_empty() {
                // Only markers, or records to be set aside: they are settled when the next run begins.
                state.pending.push_back(Pending::Partials(crate::partials::Partials::default()));
            }
        }
        Ok(())
    }

    /// Which input is worked on: a table that is not at its end; else the one whose head is earliest in event time, unless another
    /// is known to have more that has not come yet.
    fn choose<R: Reader>(&mut self, reader: &mut R, now: WallTime) -> Result<Option<usize>, TaskError> {
        let ask_every = self.ask_every;
        for index in 0..self.inputs.len() {
            let state = &mut self.inputs[index];
            let Some(end) = state.catch_up else { continue };
            if !state.pending.is_empty() {
                return Ok(Some(index));
            }
            // Its end may be markers, behind which nothing comes.
            let quiet = now.since(state.active_at) >= TABLE_QUIET;
            if state.fetched >= end || (quiet && state.is_at_end(reader, ask_every, now)? == Some(true)) {
                state.catch_up = None;
                continue;
            }
            if now.since(state.active_at) >= TABLE_TOLD_EVERY {
                state.active_at = now;
                tracing::warn!(
                    "{}: nothing more comes, and the table is read up to {} of {}; joins wait for it",
                    state.partition,
                    state.fetched.0,
                    end.0
                );
            }
            return Ok(None);
        }
        let earliest = (0..self.inputs.len())
            .filter_map(|index| self.inputs[index].pending.front().map(|pending| (pending.head(), index)))
            .min();
        let Some((_, earliest)) = earliest else { return Ok(None) };
        let waits = self.inputs.iter().any(|state| {
            state.pending.is_empty()
                && reader.known_end(state.slot).is_some_and(|end| end > state.fetched)
                && now.since(state.active_at) < INPUT_WAIT
        });
        Ok((!waits).then_some(earliest))
    }

    /// Up to which event time a run may go before another input comes first.
    fn limit_for(&self, chosen: usize) -> EventTime {
        let heads = self.inputs.iter().enumerate().filter(|(index, _)| *index != chosen);
        heads
            .filter_map(|(_, state)| state.pending.front().map(Pending::head))
            .min()
            .unwrap_or(EventTime::MAX)
    }

    fn run(
        &mut self,
        chosen: usize,
        limit: EventTime,
        globals: &Globals,
        out: &mut dyn Outlet,
        now: WallTime,
    ) -> Result<usize, TaskError> {
        let state = &mut self.inputs[chosen];
        let pending = state.pending.pop_front().expect("only an input with something pending is chosen");
        let node = state.node;
        let mut rest = None;
        let (count, work) = match pending {
            Pending::Rows(mut batch) => {
                let run = batch
                    .selection
                    .iter()
                    .take_while(|row| batch.times[**row as usize] <= limit)
                    .count()
                    .clamp(1, if self.one_by_one { 1 } else { usize::MAX });
                let selection: Vec<u32> = batch.selection.drain(..run).collect();
                let now = batch.with_selection(selection);
                rest = (!batch.is_empty()).then_some(batch);
                (run, Pending::Rows(now))
            }
            Pending::Partials(partials) => (partials.len().max(1), Pending::Partials(partials)),
        };
        // Settled up to the next row that has not been worked on.
        let next_row = rest.as_ref().or_else(|| match state.pending.front() {
            Some(Pending::Rows(batch)) => Some(batch),
            _ => None,
        });
        let (settled, upstreams) =
            match next_row.and_then(|batch| batch.origin.as_ref().map(|origin| (batch, origin))) {
                Some((batch, origin)) => {
                    let row = batch.selection[0] as usize;
                    let mut upstreams = state.settled_upstreams.clone();
                    if let ([only], false) = (&mut upstreams[..], state.input.is_internal()) {
                        only.watermark = only.watermark.max(batch.watermarks[row]);
                    }
                    // Who has woken holds back the others at once.
                    for (upstream, known) in upstreams.iter_mut().zip(state.input.upstreams()) {
                        upstream.idle &= known.idle;
                    }
                    (origin.offsets[row], upstreams)
                }
                None => (state.fetched, state.input.upstreams()),
            };
        // An input that has just woken is told of with its first rows.
        let silent = |state: &InputState| state.input.upstreams().iter().all(|upstream| upstream.idle);
        let idle = self.watermark.idle
            && self.inputs.iter().filter(|state| state.input.time() == Time::OfTask).all(silent);
        let mut out = Noted { out, sent: &mut self.sent };
        let mut env = Env {
            store: &self.store,
            globals,
            out: &mut out,
            now,
            partition: self.id.partition,
            idle,
            counters: &mut self.counters,
        };
        {
            let mut context = crate::operator::Context {
                store: env.store,
                tables: &mut [],
                globals: env.globals,
                out: env.out,
                emitted: Vec::new(),
                current: Vec::new(),
                watermark: self.watermark.watermark,
                idle: env.idle,
                now,
                partition: env.partition,
                counters: env.counters,
            };
            self.inputs[chosen].input.set_aside(settled, &mut context)?;
        }
        match work {
            Pending::Rows(batch) => self.graph.rows(node, batch, &mut env)?,
            Pending::Partials(partials) if partials.is_empty() => {}
            Pending::Partials(partials) => self.graph.partials(node, partials, &mut env)?,
        }
        let state = &mut self.inputs[chosen];
        if let Some(rest) = rest {
            state.pending.push_front(Pending::Rows(rest));
        }
        assert!(settled >= state.settled, "work never goes back");
        state.settled = settled;
        state.settled_upstreams = upstreams;
        Ok(count)
    }

    /// Inputs that have nothing to be worked on: finite ones end, and silent ones grow idle, if it is sure that they are at their end.
    fn listen<R: Reader>(&mut self, reader: &mut R, now: WallTime) -> Result<(), TaskError> {
        let ask_every = self.ask_every;
        for state in self.inputs.iter_mut().filter(|state| state.pending.is_empty()) {
            if reader.ended(state.slot, state.fetched) {
                state.input.end();
            } else if state.input.is_silence_due(now) {
                match state.is_at_end(reader, ask_every, now)? {
                    Some(true) => state.input.silent(now),
                    Some(false) => state.input.unheard(now),
                    None => {}
                }
            }
            state.settled_upstreams = state.input.upstreams();
        }
        Ok(())
    }

    fn merged(&self) -> Upstream {
        // Tables hold nobody back, unless there is nothing else.
        let some_have_time = self.inputs.iter().any(|state| state.input.time() == Time::OfTask);
        let telling = if some_have_time { Time::OfTask } else { Time::OfTable };
        merge(
            self.inputs
                .iter()
                .filter(|state| state.input.time() == telling)
                .map(|state| merge(state.settled_upstreams.iter().copied())),
        )
    }

    fn pass_time(&mut self, globals: &Globals, out: &mut dyn Outlet, now: WallTime) -> Result<(), TaskError> {
        let merged = self.merged();
        // An input that wakes again is behind; what was promised stays promised.
        let promised = match self.watermark.watermark {
            // The end of an input that an earlier run had read, and that goes on.
            EventTime::MAX => EventTime::MIN,
            promised => promised,
        };
        self.watermark = Upstream { watermark: promised.max(merged.watermark), idle: merged.idle };
        for state in self.inputs.iter().filter(|state| state.input.time() == Time::Apart) {
            self.graph.heard(state.node, merge(state.settled_upstreams.iter().copied()).watermark);
        }
        let mut out = Noted { out, sent: &mut self.sent };
        let mut env = Env {
            store: &self.store,
            globals,
            out: &mut out,
            now,
            partition: self.id.partition,
            idle: merged.idle,
            counters: &mut self.counters,
        };
        self.graph.watermark(self.watermark, &mut env)
    }

    /// Moves event time by hand, as `advance to` in a test does.
    pub fn advance(
        &mut self,
        to: EventTime,
        globals: &Globals,
        out: &mut dyn Outlet,
        now: WallTime,
    ) -> Result<(), TaskError> {
        for state in &mut self.inputs {
            state.input.advance(to);
            state.settled_upstreams = state.input.upstreams();
        }
        self.pass_time(globals, out, now)
    }

    /// Is there anything that a commit would make visible or durable?
    pub fn is_dirty(&self, now: WallTime) -> bool {
        self.sent
            || self.graph.has_uncommitted()
            || self.inputs.iter().any(|state| state.settled != state.committed)
            || self.graph.has_pending(self.watermark.idle, now)
    }

    pub fn uncommitted_bytes(&self) -> usize {
        self.graph.uncommitted_bytes()
    }

    /// Everything for the commit goes to the log: held-back rows, changelog records. Returns the next offsets of the inputs.
    pub fn prepare(
        &mut self,
        globals: &Globals,
        out: &mut dyn Outlet,
        now: WallTime,
    ) -> Result<Vec<(TopicPartition, Committed)>, TaskError> {
        assert!(self.writes.is_empty(), "the last commit was finished or dropped");
        let mut env = Env {
            store: &self.store,
            globals,
            out,
            now,
            partition: self.id.partition,
            idle: self.watermark.idle,
            counters: &mut self.counters,
        };
        self.graph.commit(self.watermark, &mut self.writes, &mut env)?;
        let mut changes = self.writes.iter().peekable();
        while let Some((table, _, _)) = changes.peek().copied() {
            let known = self.changelogs.iter().find(|known| known.table == table);
            let known = known.expect("every table has a changelog");
            let topic = known.topic;
            if self.store.layout(table).is_none() {
                let layout = (LAYOUT_KEY, Some(known.layout.as_bytes()));
                out.send_changelog(topic, self.id.partition, &mut std::iter::once(layout))?;
            }
            let mut of_table = std::iter::from_fn(|| changes.next_if(|(next, _, _)| *next == table))
                .map(|(_, key, value)| (key, value));
            out.send_changelog(topic, self.id.partition, &mut of_table)?;
        }
        let mut offsets = Vec::new();
        for state in &mut self.inputs {
            let metadata = progress::encode(&state.settled_upstreams);
            offsets.push((state.partition.clone(), Committed { next: state.settled, metadata }));
        }
        Ok(offsets)
    }

    /// The log has committed: now, and only now, the store is written.
    pub fn finish(&mut self, ends: &[ChangelogEnd], unix_seconds: i64) -> Result<(), TaskError> {
        self.store.set_committed_at(unix_seconds);
        let mut positions = Vec::new();
        for end in ends.iter().filter(|end| end.partition == self.id.partition) {
            if let Some(known) = self.changelogs.iter().find(|known| known.topic == end.topic) {
                positions.push((known.table, end.next));
                if self.store.layout(known.table).is_none() {
                    self.store.set_layout(known.table, &known.layout);
                }
            }
        }
        self.sent = false;
        self.store.commit(&self.writes, &positions)?;
        self.writes.clear();
        self.graph.committed();
        for state in &mut self.inputs {
            state.committed = state.settled;
        }
        Ok(())
    }

    /// Writes what was committed into the store.
    pub fn write_store(&mut self) -> Result<(), TaskError> {
        Ok(self.store.flush()?)
    }

    /// Brings the store to disk. Returns up to where each changelog is not needed any more on this machine.
    pub fn sync(&mut self) -> Result<Vec<(TopicHandle, Offset)>, TaskError> {
        self.store.sync()?;
        let positions =
            self.changelogs.iter().filter_map(|known| Some((known.topic, self.store.position(known.table)?)));
        Ok(positions.collect())
    }

    /// Has everything been read that will ever come, and worked on, and committed?
    pub fn is_drained(&self) -> bool {
        let time_ended = self.watermark.watermark == EventTime::MAX;
        let told_the_end = |state: &InputState| {
            state.settled_upstreams.iter().all(|upstream| upstream.watermark == EventTime::MAX)
        };
        time_ended
            && self.inputs.iter().filter(|state| state.input.time() == Time::Apart).all(told_the_end)
            && self.inputs.iter().all(|state| state.pending.is_empty() && state.settled == state.committed)
    }

    pub fn store(&self) -> &Store {
        &self.store
    }
}

/// The changelogs of a task's stores. A store that a topology of another form has filled is refused.
fn changelogs(program: &Program, id: TaskId, store: &Store) -> Result<Vec<Changelog>, TaskError> {
    let mut changelogs = Vec::new();
    for node in program.plan.stores_of(id.subtopology) {
        let table = store.table(&node.name).expect("opened with all tables");
        let layout = layout::of_store(&program.plan, &program.needed, node);
        let found = store.layout(table).or(store.has_state(table)?.then_some(layout::UNKNOWN));
        if let Some(found) = found.filter(|found| *found != layout) {
            return Err(TaskError::Layout { step: node.name.clone(), found: found.to_owned(), layout });
        }
        let topic = program.handle(&program.plan.changelog_topic(node));
        changelogs.push(Changelog { table, topic, layout });
    }
    Ok(changelogs)
}

/// Notes that something was sent: a transaction is open, and only a commit closes it.
struct Noted<'a> {
    out: &'a mut dyn Outlet,
    sent: &'a mut bool,
}

impl Outlet for Noted<'_> {
    fn send(&mut self, record: Outgoing<'_>) -> Result<(), LogError> {
        *self.sent = true;
        self.out.send(record)
    }

    fn send_changelog(
        &mut self,
        topic: TopicHandle,
        partition: PartitionId,
        changes: &mut dyn Iterator<Item = (&[u8], Option<&[u8]>)>,
    ) -> Result<(), LogError> {
        *self.sent = true;
        self.out.send_changelog(topic, partition, changes)
    }

    fn partitions(&self, topic: TopicHandle) -> u32 {
        self.out.partitions(topic)
    }
}

fn make_input(
    program: &Program,
    node: &Node,
    partition: &TopicPartition,
    resumed: Option<Vec<Upstream>>,
    now: WallTime,
) -> Box<dyn Input> {
    let topic = program.shared_topic(&partition.topic);
    let needed = program.needed.columns(node);
    let route = |route: Option<&tidegate_model::plan::Route>| program.route(node, "malformed", route);
    match &node.kind {
        NodeKind::Source(source) => {
            let resumed = resumed.and_then(|upstreams| upstreams.first().copied());
            let decoder = JsonDecoder::new(&node.schema, needed, source.key, program.limits.record_bytes);
            let clock = SourceClock::new(source.time.out_of_order, source.time.idle, resumed, now);
            Box::new(SourceInput::new(
                topic,
                partition.partition,
                decoder,
                &source.time,
                clock,
                route(source.malformed.as_ref()),
                program.needed.raw(node),
            ))
        }
        NodeKind::Table(table) => {
            let decoder =
                JsonDecoder::new(&node.schema, needed, Some(table.key), program.limits.record_bytes);
            let types = node.schema.columns.iter().map(|column| column.ty).collect();
            let malformed = route(table.malformed.as_ref());
            let resumed = resumed.and_then(|upstreams| upstreams.first().copied());
            let clock = SourceClock::new(Span::ZERO, None, resumed, now);
            Box::new(TableInput::new(topic, partition.partition, decoder, table.key, types, malformed, clock))
        }
        NodeKind::Repartition(repartition) => {
            let payload = if repartition.partial {
                let windowed = program.plan.consumers(node.id).any(
                    |consumer| matches!(&consumer.kind, NodeKind::Aggregate(aggregate) if aggregate.window.is_some()),
                );
                Payload::Partials { windowed }
            } else {
                Payload::Rows(RowCodec::new(&node.schema, needed))
            };
            internal_input(program, node, partition, payload, Time::OfTask, resumed)
        }
        NodeKind::Rekey(_) => {
            let payload = Payload::Rows(RowCodec::new(&node.schema, needed));
            internal_input(program, node, partition, payload, Time::OfTask, resumed)
        }
        NodeKind::Ask(_) | NodeKind::Answer(_) => {
            let payload = Payload::Rows(RowCodec::new(&node.schema, needed));
            internal_input(program, node, partition, payload, Time::Apart, resumed)
        }
        other => panic!("a {} is no input", other.keyword()),
    }
}

fn internal_input(
    program: &Program,
    node: &Node,
    partition: &TopicPartition,
    payload: Payload,
    time: Time,
    resumed: Option<Vec<Upstream>>,
) -> Box<dyn Input> {
    let layout = layout::hash(&layout::of_records(&program.plan, &program.needed, node));
    let mut upstreams = resumed.unwrap_or_default();
    upstreams.resize(program.tasks_of(node.subtopology) as usize, Upstream::UNKNOWN);
    let topic = program.shared_topic(&partition.topic);
    Box::new(InternalInput::new(topic, partition.partition, payload, layout, time, upstreams))
}
