//! A reference interpreter: what a plan gives for a whole input, worked out as naively as the rules of `engine/OPERATORS.md` can be written.
//!
//! It is apart from the engine's operators on purpose: no state, no commits, no batches, only lists of all rows. Shared are the plan, the
//! values, the evaluator of expressions and which columns are read. `engine/sim/DESIGN.md` tells what it covers.

mod evaluate;
mod functions;
mod input;
mod join_streams;
mod json;
mod match_events;
mod of_table;
mod rolling;
mod row;
mod schedule;
mod session;
mod sliding;
mod steps;
mod tables;
mod top;
mod ttl;
mod wall_clock;
mod watermarks;
mod windows;

pub use input::{Event, Input};

use row::{At, Given, Phase, Row};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use tidegate_engine::needed::Needed;
use tidegate_model::expr::Expr;
use tidegate_model::plan::{
    Aggregate, AggregateCall, JsonFormat, Node, NodeKind, Plan, Route, Sink, SinkKey, Table, WindowShape,
};
use tidegate_model::value::text;
use tidegate_model::{NodeId, ScalarType, Schema, Value};
use watermarks::Watermarks;
use windows::Work;

/// A record that leaves.
#[derive(Clone, PartialEq, Debug)]
pub struct Output {
    pub topic: String,
    /// The place of the event of the input at which it is given out; the end of the input is behind the last one.
    pub moment: usize,
    /// None: there is none, or it was set aside as late.
    pub key: Option<String>,
    /// None: a deletion.
    pub value: Option<Json>,
    pub time: i64,
}

/// What the plan gives for the input, in the order in which it is given out. Order among rows of one moment means nothing but where one
/// replaces the other.
pub fn outputs(plan: &Plan, input: &Input) -> Vec<Output> {
    let mut reading =
        Reading { plan, input, watermarks: Watermarks::new(plan, input), rows: BTreeMap::new() };
    let mut outputs: Vec<(At, Output)> = Vec::new();
    for node in &plan.nodes {
        if let NodeKind::Sink(sink) = &node.kind {
            let rows = &reading.rows[&node.inputs[0]];
            outputs.extend(rows.iter().map(|row| (row.at, reading.leaves(node, sink, row))));
            continue;
        }
        outputs.extend(reading.malformed(node));
        let given = reading.work(node);
        for (port, row) in given.failed {
            outputs.push((row.at, reading.failed(node, port, &row)));
        }
        for (port, row) in given.late {
            outputs.extend(reading.set_aside(node, port, &row).map(|output| (row.at, output)));
        }
        reading.rows.insert(node.id, given.rows);
    }
    outputs.sort_by_key(|(at, _)| *at);
    outputs.into_iter().map(|(_, output)| output).collect()
}

fn is_of_table(node: &Node) -> bool {
    matches!(&node.kind, NodeKind::Aggregate(aggregate) if aggregate.row_key.is_some())
}

/// A row for which it fails counts as deleted there.
fn is_step_of_table(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Filter(step) => step.of_table,
        NodeKind::Map(step) => step.of_table,
        NodeKind::Top(step) => step.row_key.is_some(),
        _ => false,
    }
}

struct Reading<'a> {
    plan: &'a Plan,
    input: &'a Input,
    watermarks: Watermarks<'a>,
    rows: BTreeMap<NodeId, Vec<Row>>,
}

impl Reading<'_> {
    /// Whose rows they are, in truth: partial aggregates are as if the events themselves travelled.
    fn origin(&self, input: NodeId) -> &Node {
        let node = self.plan.node(input);
        match &node.kind {
            NodeKind::Repartition(repartition) if repartition.partial => self.plan.node(node.inputs[0]),
            _ => node,
        }
    }

    fn types(&self, node: &Node) -> Vec<ScalarType> {
        node.schema.columns.iter().map(|column| column.ty).collect()
    }

    fn input_types(&self, node: &Node, port: usize) -> Vec<ScalarType> {
        self.types(self.origin(node.inputs[port]))
    }

    /// Rows that come by an input. Deletions are given to those who work on tables only.
    fn rows(&self, node: &Node, port: usize) -> Vec<Row> {
        let rows = &self.rows[&node.inputs[port]];
        let takes_deletions = matches!(
            node.kind,
            NodeKind::Filter(_)
                | NodeKind::Map(_)
                | NodeKind::Merge
                | NodeKind::JoinTables(_)
                | NodeKind::JoinTable(_)
                | NodeKind::Changes(_)
                | NodeKind::Rekey(_)
                | NodeKind::Top(_)
        ) || is_of_table(node);
        rows.iter().filter(|row| takes_deletions || !row.deleted).cloned().collect()
    }

    /// How many repartitions lie behind what a node reads.
    fn hop(&self, node: &Node) -> usize {
        let behind = |input: &NodeId| {
            let from = self.plan.node(*input);
            self.hop(from) + usize::from(matches!(from.kind, NodeKind::Repartition(_) | NodeKind::Rekey(_)))
        };
        node.inputs.iter().map(behind).max().unwrap_or(0)
    }

    /// What a node gives for the rows for which its expressions do not fail.
    fn work(&self, node: &Node) -> Given {
        let mut failed = Vec::new();
        let mut inputs: Vec<Vec<Row>> = (0..node.inputs.len()).map(|port| self.rows(node, port)).collect();
        if errors_of(&node.kind).is_some() {
            for (port, rows) in inputs.iter_mut().enumerate() {
                let (types, exprs) = (self.input_types(node, port), expressions(&node.kind, port));
                let fails = |row: &Row| {
                    exprs.iter().any(|expr| evaluate::evaluate(expr, &types, &row.values).is_none())
                };
                for row in std::mem::take(rows) {
                    if row.deleted || !fails(&row) {
                        rows.push(row);
                        continue;
                    }
                    if is_step_of_table(node) {
                        rows.push(Row { deleted: true, ..row.clone() });
                    }
                    failed.push((port, row));
                }
            }
        }
        let mut given = self.work_on(node, &inputs);
        if let NodeKind::Aggregate(Aggregate { window: Some(window), .. }) = &node.kind {
            let (late, failing) = failed.into_iter().partition(|(_, row)| windows::is_late(window, row));
            failed = failing;
            given.late.extend(Vec::into_iter(late));
        }
        Given { failed, ..given }
    }

    fn work_on(&self, node: &Node, inputs: &[Vec<Row>]) -> Given {
        let (watermarks, hop) = (self.watermarks.at(node.id), self.hop(node));
        let types: Vec<Vec<ScalarType>> =
            (0..node.inputs.len()).map(|port| self.input_types(node, port)).collect();
        let own = self.types(node);
        let of_both = || [&types[0][..], &types[1][..], &own[..]];
        let both = || [&inputs[0][..], &inputs[1][..]];
        let at_once = || tables::is_at_once(self.plan, node.id);
        match &node.kind {
            NodeKind::Source(source) => {
                Given::rows(self.read(&source.topic, source.time.out_of_order.micros(), |_| None))
            }
            NodeKind::Table(table) => {
                let rows = self.read(&table.topic, 0, |key| {
                    let mut values = vec![Value::Null; own.len()];
                    values[table.key] = key.clone();
                    Some(values)
                });
                match table.ttl {
                    Some(ttl) => ttl::table(ttl, table.key, &rows, watermarks),
                    None => Given::rows(rows),
                }
            }
            NodeKind::Filter(filter) => steps::filter(filter, &types[0], &inputs[0]),
            NodeKind::Map(map) => steps::map(map, &types[0], &inputs[0]),
            NodeKind::Expand(expand) => steps::expand(expand, &types[0], &inputs[0]),
            NodeKind::Merge => steps::merge(inputs),
            NodeKind::Repartition(repartition) => {
                steps::repartition(repartition, &types[0], &inputs[0], self.input.partitions)
            }
            NodeKind::Rekey(rekey) => of_table::rekey(rekey, &types[0], &inputs[0], self.input.partitions),
            NodeKind::Aggregate(aggregate) if aggregate.row_key.is_some() => {
                let at_once = of_table::is_looked_up(self.plan, node.id);
                of_table::aggregate(aggregate, &types[0], &inputs[0], at_once)
            }
            NodeKind::Aggregate(aggregate) => {
                let work = Work { aggregate, types: &types[0], watermarks, hop };
                if let Some(ttl) = aggregate.ttl {
                    return ttl::totals(&work, ttl, &inputs[0], watermarks);
                }
                self.aggregate(&work, &inputs[0])
            }
            NodeKind::Rolling(step) => rolling::rolling(step, &types[0], &inputs[0], watermarks, hop),
            NodeKind::Dedupe(step) => rolling::dedupe(step, &types[0], &inputs[0]),
            NodeKind::JoinStreams(join) => {
                join_streams::join_streams(join, of_both(), both(), watermarks, hop)
            }
            NodeKind::JoinTable(join) => {
                let table = &self.plan.node(node.inputs[1]).kind;
                let key = match (&join.derived, table) {
                    (Some(key), _) => key.clone(),
                    (None, NodeKind::Table(table)) => vec![table.key],
                    (None, other) => panic!("a {} is no table of a topic", other.keyword()),
                };
                let is_global = matches!(table, NodeKind::Table(table) if table.global);
                tables::join_table(join, &key, is_global, of_both(), both())
            }
            // The rows are looked at where they are: nobody needs to ask for them.
            NodeKind::Ask(_) | NodeKind::Answer(_) => Given::default(),
            NodeKind::JoinTables(join) if join.foreign => {
                let right = self.plan.right_table(node);
                let rows = [&inputs[0][..], &self.rows[&right.id]];
                tables::join_foreign(join, [&types[0], &self.types(right), &own], rows, at_once())
            }
            NodeKind::Top(step) => {
                let at_once = of_table::is_looked_up(self.plan, node.id);
                top::top(step, &types[0], own.len() - 1, &inputs[0], at_once)
            }
            NodeKind::JoinTables(join) => tables::join_tables(join, of_both(), both(), at_once()),
            NodeKind::Latest(latest) => match latest.ttl {
                Some(ttl) => ttl::latest(latest, ttl, &types[0], &inputs[0], at_once(), watermarks),
                None => tables::latest(latest, &types[0], &inputs[0], at_once()),
            },
            NodeKind::Changes(changes) => tables::changes(changes, [&types[0], &own], &inputs[0]),
            NodeKind::Match(pattern) => {
                match_events::match_events(pattern, [&types[0], &own], &inputs[0], watermarks, hop)
            }
            NodeKind::Schedule(step) => schedule::schedule(step, &types[0], &inputs[0], watermarks, hop),
            NodeKind::HttpPoll(_)
            | NodeKind::Generate(_)
            | NodeKind::Sink(_)
            | NodeKind::HttpSink(_)
            | NodeKind::WebSocketSink(_)
            | NodeKind::Serve(_) => panic!("the reference does not work out `{}`", node.kind.keyword()),
        }
    }

    fn aggregate(&self, work: &Work, rows: &[Row]) -> Given {
        let Aggregate { window: Some(window), .. } = work.aggregate else {
            return windows::totals(work, rows);
        };
        match window.shape {
            WindowShape::Aligned | WindowShape::Cumulate => windows::aligned(work, window, rows),
            WindowShape::Session => session::sessions(work, window, rows),
            WindowShape::Sliding => sliding::sliding(work, window, rows),
        }
    }

    /// The events of a topic, each with the watermark of its own partition just before it. `deletion`: the columns of a table's row that a key deletes.
    fn read(
        &self,
        topic: &str,
        out_of_order: i64,
        deletion: impl Fn(&Value) -> Option<Vec<Value>>,
    ) -> Vec<Row> {
        let own = self.input.watermarks(topic, out_of_order);
        let is_read = |event: &Event| event.topic == topic && event.malformed.is_none();
        let events = self.input.events.iter().enumerate().filter(|(_, event)| is_read(event));
        events
            .map(|(moment, event)| Row {
                at: At { moment, hop: 0, phase: Phase::Event },
                partition: event.partition,
                time: event.time,
                own: own[event.partition][moment],
                values: event
                    .values
                    .clone()
                    .or_else(|| deletion(&event.key))
                    .expect("only a table's rows are deleted"),
                deleted: event.values.is_none(),
                origin: Some(moment),
            })
            .collect()
    }

    fn leaves(&self, node: &Node, sink: &Sink, row: &Row) -> Output {
        let schema = &self.plan.node(node.inputs[0]).schema;
        let key = match &sink.key {
            SinkKey::Columns(columns) => json::key_text(schema, columns, &row.values),
            SinkKey::Original => self.original(row).map(|(event, _)| text(&event.key, ScalarType::String)),
            SinkKey::None => None,
        };
        let value = || json::object(schema, &row.values, sink.format);
        Output {
            topic: sink.topic.clone(),
            moment: row.at.moment,
            key,
            value: (!row.deleted).then(value),
            time: row.time,
        }
    }

    /// The event of the input that a row was, and what it was written as.
    fn original(&self, row: &Row) -> Option<(&Event, Json)> {
        let event = &self.input.events[row.origin?];
        let schema = self.plan.nodes.iter().find_map(|node| match &node.kind {
            NodeKind::Source(source) if source.topic == event.topic => Some(&node.schema),
            NodeKind::Table(Table { topic, .. }) if *topic == event.topic => Some(&node.schema),
            _ => None,
        })?;
        Some((event, json::object(schema, event.values.as_ref()?, JsonFormat::default())))
    }

    /// Records that are not of the topic's schema leave as they came.
    fn malformed(&self, node: &Node) -> Vec<(At, Output)> {
        let NodeKind::Source(source) = &node.kind else { return Vec::new() };
        let events = self.input.events.iter().enumerate().filter(|(_, event)| event.topic == source.topic);
        let aside = |(moment, event): (usize, &Event)| {
            let value = event.malformed.clone()?;
            let topic = source.malformed.as_ref().expect("else the topology stops").topic.clone();
            let output = Output { topic, moment, key: None, value: Some(value), time: event.time };
            Some((At { moment, hop: 0, phase: Phase::Event }, output))
        };
        events.filter_map(aside).collect()
    }

    /// An event for which an expression fails.
    fn failed(&self, node: &Node, port: usize, row: &Row) -> Output {
        let route = errors_of(&node.kind).expect("else nothing is looked for");
        self.leaves_by(route, self.origin(node.inputs[port]), row)
    }

    /// A late event. None: it has no route.
    fn set_aside(&self, node: &Node, port: usize, row: &Row) -> Option<Output> {
        let route = match &node.kind {
            NodeKind::Aggregate(aggregate) => aggregate.window.as_ref()?.late.as_ref()?,
            NodeKind::JoinStreams(join) => join.late.as_ref()?,
            NodeKind::Match(pattern) => pattern.late.as_ref()?,
            NodeKind::Rolling(rolling) => rolling.late.as_ref()?,
            _ => return None,
        };
        Some(self.leaves_by(route, self.origin(node.inputs[port]), row))
    }

    /// As it came, or as its fields where it has none of its bytes any more.
    fn leaves_by(&self, route: &Route, from: &Node, row: &Row) -> Output {
        let value = if self.plan.keeps_bytes(from.id) {
            self.original(row).expect("it keeps its bytes").1
        } else {
            let columns = Needed::of(self.plan).left_aside(from);
            let pairs =
                from.schema.columns.iter().zip(&row.values).zip(columns).filter(|(_, chosen)| *chosen);
            let (schema, values): (Vec<_>, Vec<_>) =
                pairs.map(|((column, value), _)| (column.clone(), value.clone())).unzip();
            json::object(&Schema::new(schema), &values, JsonFormat::default())
        };
        Output {
            topic: route.topic.clone(),
            moment: row.at.moment,
            key: None,
            value: Some(value),
            time: row.time,
        }
    }
}

/// Where events go for which an expression of a step fails, as far as the reference works that out.
pub fn errors_of(kind: &NodeKind) -> Option<&Route> {
    match kind {
        NodeKind::Filter(step) => step.errors.as_ref(),
        NodeKind::Map(step) => step.errors.as_ref(),
        NodeKind::Expand(step) => step.errors.as_ref(),
        NodeKind::Repartition(step) => step.errors.as_ref(),
        NodeKind::Aggregate(step) => step.errors.as_ref(),
        NodeKind::Rolling(step) => step.errors.as_ref(),
        NodeKind::Latest(step) => step.errors.as_ref(),
        NodeKind::Dedupe(step) => step.errors.as_ref(),
        NodeKind::Schedule(step) => step.errors.as_ref(),
        NodeKind::Top(step) => step.errors.as_ref(),
        NodeKind::JoinTable(step) => step.errors.as_ref(),
        NodeKind::JoinStreams(step) => step.errors.as_ref(),
        _ => None,
    }
}

/// What a step works out of each row that comes by an input.
fn expressions(kind: &NodeKind, port: usize) -> Vec<&Expr> {
    match kind {
        NodeKind::Filter(step) => vec![&step.predicate],
        NodeKind::Map(step) => step.columns.iter().collect(),
        NodeKind::Expand(step) => vec![&step.list],
        NodeKind::Repartition(step) => step.key.iter().collect(),
        NodeKind::Aggregate(step) => step.key.iter().chain(arguments(&step.functions)).collect(),
        NodeKind::Rolling(step) => step.key.iter().chain(arguments(&step.functions)).collect(),
        NodeKind::Latest(step) => step.key.iter().collect(),
        NodeKind::Dedupe(step) => step.key.iter().collect(),
        NodeKind::Schedule(step) => step.key.iter().chain([&step.at]).chain(&step.cancel).collect(),
        NodeKind::Top(step) => step.order.iter().map(|order| &order.expr).collect(),
        NodeKind::JoinTable(step) if port == 0 => step.key.iter().collect(),
        NodeKind::JoinStreams(step) if port == 0 => step.left_key.iter().collect(),
        NodeKind::JoinStreams(step) => step.right_key.iter().collect(),
        _ => Vec::new(),
    }
}

fn arguments(calls: &[AggregateCall]) -> impl Iterator<Item = &Expr> {
    calls.iter().filter_map(|call| call.argument.as_ref())
}
