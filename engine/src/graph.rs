//! The operators of one sub-topology for one partition, wired.

use crate::batch::Batch;
use crate::clock::WallTime;
use crate::encode::JsonEncoder;
use crate::internal_record::InternalTopic;
use crate::late::LateRoute;
use crate::layout;
use crate::operator::{Context, Counters, Operator, Outlet, RowCount, TaskError};
use crate::operators::{
    aggregate, changes::Changes, dedupe::Dedupe, expand::Expand, filter::Filter, join, join::Join,
    join_streams::JoinStreams, join_tables, join_tables::JoinTables, latest::Latest, map::Map,
    match_events::Match, merge::Merge, ordered::Ordered, partial::Partial, repartition::Repartition,
    rolling::Rolling, rolling_coarse::RollingCoarse, schedule::Schedule, sink::Sink, table::Table,
};
use crate::partials::Partials;
use crate::program::Program;
use crate::route::Route;
use crate::row_codec::RowCodec;
use crate::table_changes::{Emission, TableKey};
use crate::table_rows::TableRows;
use crate::watermark::Upstream;
use std::collections::BTreeMap;
use tidegate_model::plan::{JsonFormat, Node, NodeKind, Plan, Route as PlanRoute};
use tidegate_model::{EventTime, NodeId, PartitionId, TaskId};
use tidegate_state::{Overlay, StateError, Store, TableId, WriteSet};

struct GraphNode {
    id: NodeId,
    operator: Box<dyn Operator>,
    rows: RowCount,
    /// On this port come rows that its events look for, and no events.
    looked_up: Option<usize>,
    /// (node, its port)
    consumers: Vec<(usize, usize)>,
    /// Where its watermark comes from; None: from the task.
    watermark_from: Vec<Option<usize>>,
    watermark: EventTime,
    output_watermark: EventTime,
}

pub struct Graph {
    nodes: Vec<GraphNode>,
    /// Of the task's inputs, which are no operators.
    inputs: BTreeMap<NodeId, RowCount>,
    /// Who reads what an input of the task gives.
    entries: BTreeMap<NodeId, Vec<(usize, usize)>>,
    tables: Vec<TableRows>,
}

/// What the graph works with while it runs; made anew for each call.
pub struct Env<'a> {
    pub store: &'a Store,
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
        let cache_bytes =
            program.limits.cache_bytes / stores / program.tasks_of(task.subtopology).max(1) as usize;
        let mut builder =
            Builder { program, store, cache_bytes, tables: Vec::new(), table_numbers: BTreeMap::new() };
        let mut nodes: Vec<GraphNode> = Vec::new();
        let mut index_of: BTreeMap<NodeId, usize> = BTreeMap::new();
        let mut entries: BTreeMap<NodeId, Vec<(usize, usize)>> = BTreeMap::new();
        for node in plan.nodes.iter().filter(|node| node.subtopology == task.subtopology) {
            let Some(operator) = builder.operator(node)? else { continue };
            let index = nodes.len();
            index_of.insert(node.id, index);
            let mut watermark_from = Vec::new();
            if matches!(node.kind, NodeKind::Table(_)) {
                // A table's rows come from its topic: it is its own entry.
                entries.entry(node.id).or_default().push((index, 0));
            }
            for (port, input) in node.inputs.iter().enumerate() {
                // A join looks the rows of a topic's table up in the table's store.
                let looked_up = matches!(node.kind, NodeKind::JoinTable(_)) && port == 1;
                if looked_up && matches!(plan.node(*input).kind, NodeKind::Table(_)) {
                    continue;
                }
                let from = index_of
                    .get(input)
                    .copied()
                    .filter(|_| plan.node(*input).subtopology == task.subtopology);
                match from {
                    Some(from) => nodes[from].consumers.push((index, port)),
                    None => entries.entry(*input).or_default().push((index, port)),
                }
                watermark_from.push(from);
            }
            nodes.push(GraphNode {
                id: node.id,
                operator,
                rows: RowCount::default(),
                looked_up: matches!(node.kind, NodeKind::JoinTable(_)).then_some(1),
                consumers: Vec::new(),
                watermark_from,
                watermark: EventTime::MIN,
                output_watermark: EventTime::MIN,
            });
        }
        Ok(Graph { nodes, inputs: BTreeMap::new(), entries, tables: builder.tables })
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
        self.fan_out(&consumers, batch, env)
    }

    pub fn partials(
        &mut self,
        input: NodeId,
        partials: Partials,
        env: &mut Env<'_>,
    ) -> Result<(), TaskError> {
        let consumers = self.entries.get(&input).cloned().unwrap_or_default();
        assert_eq!(consumers.len(), 1, "one aggregate combines the partials of a repartition");
        self.nodes[consumers[0].0].rows.taken += partials.len() as u64;
        self.call(consumers[0].0, env, |operator, context| operator.on_partials(partials, context))
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
            .map(|from| from.map_or(upstream.watermark, |from| self.nodes[from].output_watermark))
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
        self.nodes.iter().map(|node| node.operator.uncommitted_bytes()).sum()
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
        let node = &mut self.nodes[index];
        let mut context = Context {
            store: env.store,
            tables: &mut self.tables,
            out: env.out,
            emitted: Vec::new(),
            watermark: node.watermark,
            idle: env.idle,
            now: env.now,
            partition: env.partition,
            counters: env.counters,
        };
        run(&mut *node.operator, &mut context)?;
        let emitted = context.emitted;
        if emitted.is_empty() {
            return Ok(());
        }
        let node = &mut self.nodes[index];
        node.rows.given += emitted.iter().map(|batch| batch.selection.len() as u64).sum::<u64>();
        let consumers = node.consumers.clone();
        for batch in emitted {
            self.fan_out(&consumers, batch, env)?;
        }
        Ok(())
    }

    fn fan_out(
        &mut self,
        consumers: &[(usize, usize)],
        batch: Batch,
        env: &mut Env<'_>,
    ) -> Result<(), TaskError> {
        let Some(((last, last_port), others)) = consumers.split_last() else { return Ok(()) };
        for (index, port) in others {
            self.give(*index, *port, batch.clone(), env)?;
        }
        self.give(*last, *last_port, batch, env)
    }

    /// To who works on events, a deletion is none.
    fn give(
        &mut self,
        index: usize,
        port: usize,
        mut batch: Batch,
        env: &mut Env<'_>,
    ) -> Result<(), TaskError> {
        if batch.deleted.is_some() && !self.nodes[index].operator.takes_deletions() {
            batch.take_deletions();
            batch.deleted = None;
            if batch.is_empty() {
                return Ok(());
            }
        }
        let node = &mut self.nodes[index];
        if node.looked_up != Some(port) {
            node.rows.taken += batch.selection.len() as u64;
        }
        self.call(index, env, |operator, context| operator.on_batch(port, batch, context))
    }
}

/// Do events look for rows that this node makes, or is each of its changes an event? Then rows are given out as they are at each moment.
fn is_followed(plan: &Plan, node: &Node) -> bool {
    plan.consumers(node.id).filter(|consumer| consumer.subtopology == node.subtopology).any(|consumer| {
        let looks = matches!(consumer.kind, NodeKind::JoinTable(_)) && consumer.inputs[1] == node.id;
        looks || matches!(consumer.kind, NodeKind::Changes(_)) || is_followed(plan, consumer)
    })
}

impl Builder<'_> {
    /// None: a source, which is an entry and no operator.
    fn operator(&mut self, node: &Node) -> Result<Option<Box<dyn Operator>>, StateError> {
        let program = self.program;
        let plan = &program.plan;
        Ok(Some(match &node.kind {
            NodeKind::Source(_) => return Ok(None),
            NodeKind::Table(table) => {
                let id = self.table(node);
                let overlay = Overlay::new(id, self.cache_bytes, self.store.is_empty(id)?);
                let codec = RowCodec::new(&node.schema, program.needed.columns(node));
                self.table_numbers.insert(node.id, self.tables.len());
                self.tables.push(TableRows { overlay, codec });
                Box::new(Table::new(self.tables.len() - 1, table.key))
            }
            NodeKind::Filter(filter) => {
                Box::new(Filter::new(filter, self.route(node, "errors", filter.errors.as_ref())))
            }
            NodeKind::Map(map) => {
                let errors = self.route(node, "errors", map.errors.as_ref());
                let width = plan.node(node.inputs[0]).schema.columns.len();
                Box::new(Map::new(map, width, program.needed.columns(node), errors))
            }
            NodeKind::Expand(expand) => {
                let errors = self.route(node, "errors", expand.errors.as_ref());
                let input = &plan.node(node.inputs[0]).schema;
                Box::new(Expand::new(expand, input, program.needed.columns(node), errors))
            }
            NodeKind::Merge => Box::new(Merge),
            NodeKind::Repartition(repartition) => {
                let errors = self.route(node, "errors", repartition.errors.as_ref());
                let handle = program.handle(&repartition.topic);
                let partitions = program.partitions(&repartition.topic);
                let layout = layout::of_records(plan, &program.needed, node, repartition);
                let interval = program.limits.marker_interval;
                let topic = InternalTopic::new(handle, layout::hash(&layout), partitions, interval);
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
                aggregate::operator(aggregate::Parts {
                    aggregate,
                    feeds,
                    table: self.table(node),
                    store: self.store,
                    cache_bytes: self.cache_bytes,
                    late: self.late_route(node, late, plan.node(node.inputs[0])),
                    errors: self.route(node, "errors", aggregate.errors.as_ref()),
                })?
            }
            NodeKind::Rolling(rolling) => {
                let errors = self.route(node, "errors", rolling.errors.as_ref());
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
                let late = self.late_route(node, None, plan.node(node.inputs[0]));
                let codec = self.codec(plan.node(node.inputs[0]));
                Box::new(Ordered::new(inner, codec, (id, cache_bytes), self.store, late)?)
            }
            NodeKind::JoinTable(join) => {
                let errors = self.route(node, "errors", join.errors.as_ref());
                let table = plan.node(node.inputs[1]);
                let rows = match &join.derived {
                    None => join::Rows::OfTopic(self.table_numbers[&table.id]),
                    Some(key) => {
                        let (id, cache_bytes, complete) = self.stored(node)?;
                        let overlay = Overlay::new(id, cache_bytes, complete);
                        let rows = TableRows { overlay, codec: self.codec(table) };
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
                let errors = self.route(node, "errors", join.errors.as_ref());
                let codecs = [0, 1].map(|input: usize| self.codec(plan.node(node.inputs[input])));
                let stored = (self.table(node), self.cache_bytes);
                Box::new(JoinStreams::new(join, codecs, stored, self.store, late, errors)?)
            }
            NodeKind::JoinTables(join) => {
                let errors = self.route(node, "errors", join.errors.as_ref());
                let side = |input: NodeId, key: &[usize]| {
                    let table = plan.node(input);
                    join_tables::Side { codec: self.codec(table), key: TableKey::new(key, &table.schema) }
                };
                let left = side(node.inputs[0], &join.left_key);
                let right = side(node.inputs[1], &join.right_key);
                let stored = self.stored(node)?;
                Box::new(JoinTables::new(join, left, right, self.emission(node), stored, errors))
            }
            NodeKind::Latest(latest) => {
                let errors = self.route(node, "errors", latest.errors.as_ref());
                let stored = self.stored(node)?;
                Box::new(Latest::new(latest, self.codec(node), self.emission(node), stored, errors))
            }
            NodeKind::Match(pattern) => {
                let errors = self.route(node, "errors", pattern.errors.as_ref());
                let late = self.late_route(node, None, plan.node(node.inputs[0]));
                let schemas = (&plan.node(node.inputs[0]).schema, &node.schema);
                let stored = (self.table(node), self.cache_bytes);
                Box::new(Match::new(pattern, schemas, stored, self.store, late, errors)?)
            }
            NodeKind::Schedule(schedule) => {
                let errors = self.route(node, "errors", schedule.errors.as_ref());
                let stored = (self.table(node), self.cache_bytes);
                Box::new(Schedule::new(schedule, self.codec(node), stored, self.store, errors)?)
            }
            NodeKind::Changes(changes) => {
                let errors = self.route(node, "errors", changes.errors.as_ref());
                let table = plan.node(node.inputs[0]);
                let key = TableKey::new(&changes.key, &table.schema);
                Box::new(Changes::new(changes, self.codec(table), key, self.stored(node)?, errors))
            }
            NodeKind::Dedupe(dedupe) => {
                let errors = self.route(node, "errors", dedupe.errors.as_ref());
                let id = self.table(node);
                Box::new(Dedupe::new(dedupe, id, self.cache_bytes, self.store.is_empty(id)?, errors))
            }
            NodeKind::Sink(sink) => {
                Box::new(Sink::new(sink, &plan.node(node.inputs[0]).schema, program.handle(&sink.topic)))
            }
            NodeKind::HttpPoll(_)
            | NodeKind::Generate(_)
            | NodeKind::Top(_)
            | NodeKind::HttpSink(_)
            | NodeKind::WebSocketSink(_)
            | NodeKind::Serve(_) => unreachable!("`{}` is refused by `Program::new`", node.name),
        }))
    }

    /// Where a node keeps its state, how much of it in memory, and whether it is empty yet.
    fn stored(&self, node: &Node) -> Result<(TableId, usize, bool), StateError> {
        let id = self.table(node);
        Ok((id, self.cache_bytes, self.store.is_empty(id)?))
    }

    /// For what is kept of a node's rows.
    fn codec(&self, node: &Node) -> RowCodec {
        RowCodec::new(&node.schema, self.program.needed.columns(node))
    }

    fn emission(&self, node: &Node) -> Emission {
        let plan = &self.program.plan;
        let feeds = plan.consumers(node.id).any(|consumer| !matches!(consumer.kind, NodeKind::Sink(_)));
        Emission::new(is_followed(plan, node), feeds)
    }

    /// Where late events of `input` go.
    fn late_route(&self, node: &Node, late: Option<&PlanRoute>, input: &Node) -> LateRoute {
        let combines = matches!(&input.kind, NodeKind::Repartition(repartition) if repartition.partial);
        let has_bytes = combines || self.program.plan.keeps_bytes(input.id);
        let encoder =
            (late.is_some() && !has_bytes).then(|| JsonEncoder::new(&input.schema, JsonFormat::default()));
        LateRoute::new(self.route(node, "late", late), encoder)
    }

    fn table(&self, node: &Node) -> TableId {
        self.store.table(&node.name).expect("the store was opened with all tables of the task")
    }

    fn route(&self, node: &Node, word: &'static str, route: Option<&PlanRoute>) -> Route {
        Route { step: node.name.as_str().into(), line: node.line, word, topic: self.program.route(route) }
    }
}
