//! The operators of one sub-topology for one partition, wired.

use crate::batch::Batch;
use crate::clock::WallTime;
use crate::edges::{Edge, Given, OnTheWay, Way, is_followed, is_looked_up};
use crate::encode::JsonEncoder;
use crate::expiry::Expiry;
use crate::globals::Globals;
use crate::internal_record::InternalTopic;
use crate::late::LateRoute;
use crate::layout;
use crate::operator::{Context, Counters, Operator, Outlet, RowCount, TaskError};
use crate::operators::{
    aggregate, answer,
    answer::Answer,
    ask::Ask,
    changes::Changes,
    dedupe::Dedupe,
    expand::Expand,
    filter::Filter,
    join,
    join::{History, Join},
    join_streams::JoinStreams,
    join_tables,
    join_tables::JoinTables,
    latest::Latest,
    map::Map,
    match_events::Match,
    merge::Merge,
    ordered::Ordered,
    outbox::Outbox,
    partial::Partial,
    rekey::Rekey,
    repartition::Repartition,
    rolling::Rolling,
    rolling_coarse::RollingCoarse,
    schedule::Schedule,
    sink::Sink,
    table::Table,
    top::Top,
};
use crate::partials::Partials;
use crate::program::Program;
use crate::route::Route;
use crate::row_codec::RowCodec;
use crate::table_changes::{Emission, TableKey};
use crate::table_rows::TableRows;
use crate::watermark::Upstream;
use std::collections::BTreeMap;
use std::sync::Arc;
use tidegate_model::plan::{JsonFormat, Node, NodeKind, Route as PlanRoute};
use tidegate_model::{EventTime, NodeId, PartitionId, Schema, Span, TaskId};
use tidegate_state::{Overlay, StateError, Store, TableId, WriteSet};

struct GraphNode {
    id: NodeId,
    operator: Box<dyn Operator>,
    rows: RowCount,
    consumers: Vec<Edge>,
    /// What comes one way goes on the same way: a filter, a map.
    passes_on: bool,
    /// Where its watermark comes from.
    watermark_from: Vec<From>,
    watermark: EventTime,
    output_watermark: EventTime,
}

/// Who tells a node how far event time has come.
#[derive(Clone, Copy)]
enum From {
    Task,
    Node(usize),
    /// An input that tells nobody else.
    Apart(NodeId),
}

pub struct Graph {
    nodes: Vec<GraphNode>,
    /// Of the task's inputs, which are no operators.
    inputs: BTreeMap<NodeId, RowCount>,
    /// Who reads what an input of the task gives.
    entries: BTreeMap<NodeId, Vec<Edge>>,
    /// How far the inputs have come that tell only those who read them.
    apart: BTreeMap<NodeId, EventTime>,
    tables: Vec<TableRows>,
}

/// What the graph works with while it runs; made anew for each call.
pub struct Env<'a> {
    pub store: &'a Store,
    pub globals: &'a Globals,
    pub out: &'a mut dyn Outlet,
    pub now: WallTime,
    pub partition: PartitionId,
    pub idle: bool,
    pub counters: &'a mut Counters,
}

struct Builder<'a> {
    program: &'a Program,
    store: &'a Store,
    cache_bytes: usize,
    tables: Vec<TableRows>,
    table_numbers: BTreeMap<NodeId, usize>,
}

impl Graph {
    pub fn new(program: &Program, task: TaskId, store: &Store) -> Result<Graph, StateError> {
        let plan = &program.plan;
        let stores = program.stores_of(task.subtopology).len().max(1);
        let cache_bytes = program.cache_bytes() / stores / program.tasks_of(task.subtopology).max(1) as usize;
        let mut builder =
            Builder { program, store, cache_bytes, tables: Vec::new(), table_numbers: BTreeMap::new() };
        let mut nodes: Vec<GraphNode> = Vec::new();
        let mut index_of: BTreeMap<NodeId, usize> = BTreeMap::new();
        let mut entries: BTreeMap<NodeId, Vec<Edge>> = BTreeMap::new();
        for node in plan.nodes.iter().filter(|node| node.subtopology == task.subtopology) {
            let Some(operator) = builder.operator(node)? else { continue };
            let index = nodes.len();
            index_of.insert(node.id, index);
            let mut watermark_from = Vec::new();
            if matches!(node.kind, NodeKind::Table(_)) {
                // A table's rows come from its topic: it is its own entry.
                entries.entry(node.id).or_default().push(Edge::into(node, index, 0));
            }
            for (port, input) in node.inputs.iter().enumerate() {
                // A join looks the rows of a topic's table up in the table's store.
                let looked_up = matches!(node.kind, NodeKind::JoinTable(_)) && port == 1;
                if looked_up && !node.has_store() {
                    continue;
                }
                // What goes through a topic comes in as the task's input, even from this very part of the topology.
                let through_topic = plan.node(*input).kind.internal_topic().is_some();
                let from = index_of
                    .get(input)
                    .copied()
                    .filter(|_| plan.node(*input).subtopology == task.subtopology && !through_topic);
                match from {
                    Some(from) => {
                        nodes[from].consumers.push(Edge::between(plan, plan.node(*input), node, index, port))
                    }
                    None => entries.entry(*input).or_default().push(Edge::into(node, index, port)),
                }
                // Events wait for no table.
                if !looked_up {
                    let is_apart = plan.node(*input).kind.is_apart();
                    watermark_from.push(match from {
                        Some(from) => From::Node(from),
                        None if is_apart => From::Apart(*input),
                        None => From::Task,
                    });
                }
            }
            nodes.push(GraphNode {
                id: node.id,
                operator,
                rows: RowCount::default(),
                consumers: Vec::new(),
                passes_on: matches!(node.kind, NodeKind::Filter(_) | NodeKind::Map(_)),
                watermark_from,
                watermark: EventTime::MIN,
                output_watermark: EventTime::MIN,
            });
        }
        let (inputs, apart) = (BTreeMap::new(), BTreeMap::new());
        Ok(Graph { nodes, inputs, entries, apart, tables: builder.tables })
    }

    /// What went through each node since the graph was made; a node that is not named has seen nothing.
    pub fn row_counts(&self) -> impl Iterator<Item = (NodeId, RowCount)> + '_ {
        let nodes = self.nodes.iter().map(|node| (node.id, node.rows));
        nodes.chain(self.inputs.iter().map(|(id, rows)| (*id, *rows)))
    }

    /// Rows of an input go through.
    pub fn rows(&mut self, input: NodeId, batch: Batch, env: &mut Env<'_>) -> Result<(), TaskError> {
        let consumers = self.entries.get(&input).cloned().unwrap_or_default();
        let count = batch.selection.len() as u64;
        let rows = self.inputs.entry(input).or_default();
        *rows = RowCount { taken: rows.taken + count, given: rows.given + count };
        let mut on_the_way = OnTheWay::default();
        on_the_way.send(&consumers, batch, Way::Changes);
        self.deliver(on_the_way, env)
    }

    pub fn partials(
        &mut self,
        input: NodeId,
        partials: Partials,
        env: &mut Env<'_>,
    ) -> Result<(), TaskError> {
        let consumers = self.entries.get(&input).cloned().unwrap_or_default();
        assert_eq!(consumers.len(), 1, "one aggregate combines the partials of a repartition");
        self.nodes[consumers[0].to].rows.taken += partials.len() as u64;
        self.call(consumers[0].to, env, |operator, context| operator.on_partials(partials, context))
    }

    /// How far an input has come that tells only those who read it. What was promised stays promised, but an input that had ended may go on.
    pub fn heard(&mut self, input: NodeId, watermark: EventTime) {
        let known = self.apart.entry(input).or_insert(EventTime::MIN);
        *known = if *known == EventTime::MAX { watermark } else { watermark.max(*known) };
    }

    /// Event time has come to the task's watermark.
    pub fn watermark(&mut self, upstream: Upstream, env: &mut Env<'_>) -> Result<(), TaskError> {
        for index in 0..self.nodes.len() {
            self.node_watermark(index, upstream, env)?;
        }
        Ok(())
    }

    fn node_watermark(
        &mut self,
        index: usize,
        upstream: Upstream,
        env: &mut Env<'_>,
    ) -> Result<(), TaskError> {
        let node = &self.nodes[index];
        let least = node
            .watermark_from
            .iter()
            .map(|from| match from {
                From::Task => upstream.watermark,
                From::Node(from) => self.nodes[*from].output_watermark,
                From::Apart(input) => self.apart.get(input).copied().unwrap_or(EventTime::MIN),
            })
            .min()
            .unwrap_or(upstream.watermark);
        // An input that had ended in an earlier run may go on.
        let goes_on = node.watermark == EventTime::MAX && least != EventTime::MAX;
        if least <= node.watermark && !goes_on {
            return Ok(());
        }
        if goes_on {
            self.nodes[index].output_watermark = EventTime::MIN;
        }
        self.pass(index, least, env)
    }

    /// Tells an operator its watermark, and notes what it promises to its consumers.
    fn pass(&mut self, index: usize, watermark: EventTime, env: &mut Env<'_>) -> Result<(), TaskError> {
        let mut output = EventTime::MIN;
        self.call(index, env, |operator, context| {
            output = operator.on_watermark(watermark, context)?;
            Ok(())
        })?;
        let node = &mut self.nodes[index];
        node.watermark = watermark;
        node.output_watermark = node.output_watermark.max(output);
        Ok(())
    }

    /// Everything that was held back for the commit goes out, then every change of state is written. An operator's consumers learn behind
    /// its rows how far it has come.
    pub fn commit(
        &mut self,
        upstream: Upstream,
        writes: &mut WriteSet,
        env: &mut Env<'_>,
    ) -> Result<(), TaskError> {
        for index in 0..self.nodes.len() {
            self.node_watermark(index, upstream, env)?;
            self.call(index, env, |operator, context| operator.on_commit(context))?;
            let watermark = self.nodes[index].watermark;
            if watermark != EventTime::MIN {
                self.pass(index, watermark, env)?;
            }
        }
        for node in &mut self.nodes {
            node.operator.flush(writes);
        }
        for table in &self.tables {
            table.flush(writes);
        }
        Ok(())
    }

    pub fn committed(&mut self) {
        for node in &mut self.nodes {
            node.operator.committed();
        }
        for table in &mut self.tables {
            table.overlay.committed();
        }
    }

    pub fn uncommitted_bytes(&self) -> usize {
        let tables = self.tables.iter().map(|table| table.overlay.uncommitted_bytes());
        self.nodes.iter().map(|node| node.operator.uncommitted_bytes()).chain(tables).sum()
    }

    pub fn has_uncommitted(&self) -> bool {
        self.nodes.iter().any(|node| node.operator.has_uncommitted())
    }

    pub fn has_pending(&self, idle: bool, now: WallTime) -> bool {
        self.nodes
            .iter()
            .any(|node| node.operator.has_pending(Upstream { watermark: node.watermark, idle }, now))
    }

    /// Runs one operator, and passes on what it gives out.
    fn call(
        &mut self,
        index: usize,
        env: &mut Env<'_>,
        run: impl FnOnce(&mut dyn Operator, &mut Context<'_>) -> Result<(), TaskError>,
    ) -> Result<(), TaskError> {
        let mut on_the_way = OnTheWay::default();
        self.run(index, Way::Changes, &mut on_the_way, env, run)?;
        self.deliver(on_the_way, env)
    }

    /// Runs one operator, which was given something by `way`. What it gives out is on the way behind it.
    fn run(
        &mut self,
        index: usize,
        way: Way,
        on_the_way: &mut OnTheWay,
        env: &mut Env<'_>,
        run: impl FnOnce(&mut dyn Operator, &mut Context<'_>) -> Result<(), TaskError>,
    ) -> Result<(), TaskError> {
        let node = &mut self.nodes[index];
        let mut context = Context {
            store: env.store,
            tables: &mut self.tables,
            globals: env.globals,
            out: env.out,
            emitted: Vec::new(),
            current: Vec::new(),
            watermark: node.watermark,
            idle: env.idle,
            now: env.now,
            partition: env.partition,
            counters: env.counters,
        };
        run(&mut *node.operator, &mut context)?;
        let (emitted, current) = (context.emitted, context.current);
        let way = if node.passes_on { way } else { Way::Changes };
        let is_counted = way == Way::Changes || !node.consumers.iter().any(|edge| edge.takes(Way::Changes));
        for batch in emitted {
            if is_counted {
                node.rows.given += batch.selection.len() as u64;
            }
            on_the_way.send(&node.consumers, batch, way);
        }
        for batch in current {
            on_the_way.send(&node.consumers, batch, Way::Current);
        }
        Ok(())
    }

    fn deliver(&mut self, mut on_the_way: OnTheWay, env: &mut Env<'_>) -> Result<(), TaskError> {
        while let Some(Given { edge, mut batch, way }) = on_the_way.next() {
            let node = &mut self.nodes[edge.to];
            // To who works on events, a deletion is none.
            if batch.deleted.is_some() && !node.operator.takes_deletions() {
                batch.take_deletions();
                batch.deleted = None;
                if batch.is_empty() {
                    continue;
                }
            }
            if edge.counts(way) {
                node.rows.taken += batch.selection.len() as u64;
            }
            self.run(edge.to, way, &mut on_the_way, env, |operator, context| {
                operator.on_batch(edge.port, batch, context)
            })?;
        }
        Ok(())
    }
}

impl Builder<'_> {
    /// None: a source, which is an entry and no operator.
    fn operator(&mut self, node: &Node) -> Result<Option<Box<dyn Operator>>, StateError> {
        let program = self.program;
        let plan = &program.plan;
        Ok(Some(match &node.kind {
            NodeKind::Source(_) => return Ok(None),
            NodeKind::Table(table) if table.global => return Ok(None),
            NodeKind::Table(table) => {
                let id = self.table(node);
                let overlay = Overlay::new(id, self.cache_bytes, self.store.is_empty(id)?);
                let codec = RowCodec::new(&node.schema, program.needed.columns(node));
                self.table_numbers.insert(node.id, self.tables.len());
                let expiry = self.expiry(node, table.ttl)?;
                self.tables.push(TableRows { overlay, codec, timed: expiry.is_some() });
                Box::new(Table::new(self.tables.len() - 1, table.key, &node.schema, expiry))
            }
            NodeKind::Filter(filter) => {
                Box::new(Filter::new(filter, self.errors(node, filter.errors.as_ref())))
            }
            NodeKind::Map(map) => {
                let errors = self.errors(node, map.errors.as_ref());
                let width = plan.node(node.inputs[0]).schema.columns.len();
                Box::new(Map::new(map, width, program.needed.columns(node), errors))
            }
            NodeKind::Expand(expand) => {
                let errors = self.errors(node, expand.errors.as_ref());
                let input = &plan.node(node.inputs[0]).schema;
                Box::new(Expand::new(expand, input, program.needed.columns(node), errors))
            }
            NodeKind::Merge => Box::new(Merge),
            NodeKind::Repartition(repartition) => {
                let errors = self.errors(node, repartition.errors.as_ref());
                let topic = self.internal_topic(node);
                if repartition.partial {
                    let (aggregate_node, aggregate) = plan
                        .consumers(node.id)
                        .find_map(|consumer| match &consumer.kind {
                            NodeKind::Aggregate(aggregate) => Some((consumer, aggregate)),
                            _ => None,
                        })
                        .expect("a partial repartition feeds an aggregate");
                    let late = aggregate.window.as_ref().and_then(|window| window.late.as_ref());
                    let late = self.late_route(aggregate_node, late, plan.node(node.inputs[0]));
                    Box::new(Partial::new(aggregate, topic, late, errors))
                } else {
                    let codec = RowCodec::new(&node.schema, program.needed.columns(node));
                    Box::new(Repartition::new(repartition, codec, topic, errors))
                }
            }
            NodeKind::Aggregate(aggregate) => {
                let late = aggregate.window.as_ref().and_then(|window| window.late.as_ref());
                let feeds =
                    plan.consumers(node.id).any(|consumer| !matches!(consumer.kind, NodeKind::Sink(_)));
                let input = plan.node(node.inputs[0]);
                let is_moved = matches!(input.kind, NodeKind::Rekey(_));
                aggregate::operator(aggregate::Parts {
                    aggregate,
                    input: &input.schema,
                    gone: is_moved.then(|| input.schema.columns.len() - 1),
                    feeds,
                    looked_up: is_looked_up(plan, node),
                    table: self.table(node),
                    store: self.store,
                    cache_bytes: self.cache_bytes,
                    expiry: self.expiry(node, aggregate.ttl)?,
                    late: self.late_route(node, late, input),
                    errors: self.errors(node, aggregate.errors.as_ref()),
                })?
            }
            NodeKind::Rolling(rolling) => {
                let errors = self.errors(node, rolling.errors.as_ref());
                let (id, cache_bytes, complete) = self.stored(node)?;
                let inner: Box<dyn Operator> = match rolling.granularity {
                    None => Box::new(Rolling::new(rolling, id, cache_bytes, complete, errors)),
                    Some(step) => {
                        Box::new(RollingCoarse::new(rolling, step, id, cache_bytes, complete, errors))
                    }
                };
                if !rolling.ordered {
                    return Ok(Some(inner));
                }
                let late = self.late_route(node, rolling.late.as_ref(), plan.node(node.inputs[0]));
                let codec = self.codec(plan.node(node.inputs[0]));
                Box::new(Ordered::new(inner, codec, (id, cache_bytes), self.store, late)?)
            }
            NodeKind::JoinTable(join) => {
                let errors = self.errors(node, join.errors.as_ref());
                let table = plan.node(node.inputs[1]);
                let rows = match &join.derived {
                    None if matches!(&table.kind, NodeKind::Table(table) if table.global) => {
                        join::Rows::Global(table.id)
                    }
                    None => join::Rows::OfTopic(self.table_numbers[&table.id]),
                    Some(key) if let Some(as_of) = &join.as_of => {
                        let (id, cache_bytes, complete) = self.stored(node)?;
                        let rows = Overlay::new(id, cache_bytes, complete);
                        let (codec, key) = (self.codec(table), TableKey::new(key, &table.schema));
                        join::Rows::Versions(Box::new(History::new(rows, codec, key, join.history, as_of)))
                    }
                    Some(key) => {
                        let (id, cache_bytes, complete) = self.stored(node)?;
                        let overlay = Overlay::new(id, cache_bytes, complete);
                        let rows = TableRows::new(overlay, self.codec(table));
                        join::Rows::Derived(Box::new(rows), TableKey::new(key, &table.schema))
                    }
                };
                let width = plan.node(node.inputs[0]).schema.columns.len();
                Box::new(Join::new(join, rows, width, errors))
            }
            NodeKind::JoinStreams(join) => {
                let late = [0, 1].map(|input: usize| {
                    self.late_route(node, join.late.as_ref(), plan.node(node.inputs[input]))
                });
                let errors = [0, 1].map(|input: usize| {
                    self.aside(node, "errors", join.errors.as_ref(), plan.node(node.inputs[input]))
                });
                let codecs = [0, 1].map(|input: usize| self.codec(plan.node(node.inputs[input])));
                let stored = (self.table(node), self.cache_bytes);
                Box::new(JoinStreams::new(join, codecs, stored, self.store, late, errors)?)
            }
            NodeKind::JoinTables(join) => {
                let errors = self.errors(node, join.errors.as_ref());
                let (table, right) = (plan.node(node.inputs[0]), plan.right_table(node));
                let key = TableKey::new(&join.left_key, &table.schema);
                let left = join_tables::Side { codec: self.codec(table), key };
                let codec = if join.foreign {
                    self.codec_asked_for(right, plan.node(node.inputs[1]))
                } else {
                    self.codec(right)
                };
                let right = join_tables::Side { codec, key: TableKey::new(&join.right_key, &right.schema) };
                let stored = self.stored(node)?;
                Box::new(JoinTables::new(join, left, right, self.emission(node), stored, errors))
            }
            NodeKind::Rekey(rekey) => {
                let table = &plan.node(node.inputs[0]).schema;
                let keys = (TableKey::new(&rekey.row_key, table), TableKey::new(&rekey.key, table));
                Box::new(Rekey::new(keys, self.codec(node), self.internal_topic(node), self.stored(node)?))
            }
            NodeKind::Top(top) => {
                let errors = self.errors(node, top.errors.as_ref());
                let rank = node.schema.columns.len() - 1;
                let rows = Schema::new(node.schema.columns[..rank].to_vec());
                let codec = RowCodec::new(&rows, &program.needed.columns(node)[..rank]);
                let feeds =
                    plan.consumers(node.id).any(|consumer| !matches!(consumer.kind, NodeKind::Sink(_)));
                Box::new(Top::new(
                    top,
                    &node.schema,
                    codec,
                    (Emission::new(false, feeds), is_looked_up(plan, node)),
                    self.stored(node)?,
                    errors,
                ))
            }
            NodeKind::Ask(ask) => {
                let key = TableKey::new(&ask.left_key, &plan.node(node.inputs[0]).schema);
                let (codec, topic) = (self.codec(node), self.internal_topic(node));
                Box::new(Ask::new(ask, key, codec, topic, self.stored(node)?, self.errors(node, None)))
            }
            NodeKind::Answer(answer) => {
                let table = plan.node(node.inputs[0]);
                let key = TableKey::new(&answer.right_key, &table.schema);
                let right = answer::Right { key, codec: self.codec_asked_for(table, node) };
                let (codec, topic) = (self.codec(node), self.internal_topic(node));
                Box::new(Answer::new(right, codec, topic, self.stored(node)?, node.name.as_str().into()))
            }
            NodeKind::Latest(latest) => {
                let errors = self.errors(node, latest.errors.as_ref());
                let stored = self.stored(node)?;
                let expiry = (&node.schema, self.expiry(node, latest.ttl)?);
                Box::new(Latest::new(latest, self.codec(node), self.emission(node), stored, expiry, errors))
            }
            NodeKind::Match(pattern) => {
                let errors = self.errors(node, pattern.errors.as_ref());
                let late = self.late_route(node, pattern.late.as_ref(), plan.node(node.inputs[0]));
                let schemas = (&plan.node(node.inputs[0]).schema, &node.schema);
                let stored = (self.table(node), self.cache_bytes);
                Box::new(Match::new(pattern, schemas, stored, self.store, late, errors)?)
            }
            NodeKind::Schedule(schedule) => {
                let errors = self.errors(node, schedule.errors.as_ref());
                let stored = (self.table(node), self.cache_bytes);
                Box::new(Schedule::new(schedule, self.codec(node), stored, self.store, errors)?)
            }
            NodeKind::Changes(changes) => {
                let errors = self.errors(node, changes.errors.as_ref());
                let table = plan.node(node.inputs[0]);
                let key = TableKey::new(&changes.key, &table.schema);
                Box::new(Changes::new(changes, self.codec(table), key, self.stored(node)?, errors))
            }
            NodeKind::Dedupe(dedupe) => {
                let errors = self.errors(node, dedupe.errors.as_ref());
                let id = self.table(node);
                Box::new(Dedupe::new(dedupe, id, self.cache_bytes, self.store.is_empty(id)?, errors))
            }
            NodeKind::Sink(sink) => {
                Box::new(Sink::new(sink, &plan.node(node.inputs[0]).schema, program.handle(&sink.topic)))
            }
            NodeKind::HttpSink(sink) => {
                let topic = node.outbox_topic(&plan.topology).expect("an http sink has one");
                let schema = &plan.node(node.inputs[0]).schema;
                Box::new(Outbox::new(sink, schema, program.handle(&topic)))
            }
            NodeKind::HttpPoll(_)
            | NodeKind::Generate(_)
            | NodeKind::WebSocketSink(_)
            | NodeKind::Serve(_) => unreachable!("`{}` is refused by `Program::new`", node.name),
        }))
    }

    /// Where a node keeps its state, how much of it in memory, and whether it is empty yet.
    fn stored(&self, node: &Node) -> Result<(TableId, usize, bool), StateError> {
        let id = self.table(node);
        Ok((id, self.cache_bytes, self.store.is_empty(id)?))
    }

    /// When the rows of a node's table are over.
    fn expiry(&self, node: &Node, ttl: Option<Span>) -> Result<Option<Expiry>, StateError> {
        ttl.map(|ttl| Expiry::recover(self.table(node), ttl, self.store)).transpose()
    }

    /// For what is kept of a node's rows.
    fn codec(&self, node: &Node) -> RowCodec {
        RowCodec::new(&node.schema, self.program.needed.columns(node))
    }

    /// For the rows of a table as an answer takes them to the left side of a join.
    fn codec_asked_for(&self, table: &Node, answer: &Node) -> RowCodec {
        RowCodec::new(&table.schema, self.program.needed.row_asked_for(answer))
    }

    /// The topic by which a node's rows come to its consumers.
    fn internal_topic(&self, node: &Node) -> InternalTopic {
        let program = self.program;
        let name = node.kind.internal_topic().expect("only nodes with such a topic send");
        let layout = layout::hash(&layout::of_records(&program.plan, &program.needed, node));
        let interval = program.limits.marker_interval;
        InternalTopic::new(program.handle(name), layout, program.partitions(name), interval)
    }

    fn emission(&self, node: &Node) -> Emission {
        let plan = &self.program.plan;
        let feeds = plan.consumers(node.id).any(|consumer| !matches!(consumer.kind, NodeKind::Sink(_)));
        Emission::new(is_followed(plan, node), feeds)
    }

    /// Where late events of `input` go.
    fn late_route(&self, node: &Node, late: Option<&PlanRoute>, input: &Node) -> LateRoute {
        LateRoute::new(self.aside(node, "late", late, input))
    }

    /// Where events go for which an expression of the node fails.
    fn errors(&self, node: &Node, errors: Option<&PlanRoute>) -> Route {
        self.aside(node, "errors", errors, self.program.plan.node(node.inputs[0]))
    }

    /// Where events of `input` go that are set aside.
    fn aside(&self, node: &Node, word: &'static str, route: Option<&PlanRoute>, input: &Node) -> Route {
        // What was added up by the partition that it came from was looked at there.
        let combines = matches!(&input.kind, NodeKind::Repartition(repartition) if repartition.partial);
        let fields = (route.is_some() && !combines).then(|| {
            let columns = self.program.needed.left_aside(input);
            Arc::new(JsonEncoder::of_columns(&input.schema, &columns, JsonFormat::default()))
        });
        Route { fields, ..self.program.route(node, word, route) }
    }

    fn table(&self, node: &Node) -> TableId {
        self.store.table(&node.name).expect("the store was opened with all tables of the task")
    }
}
