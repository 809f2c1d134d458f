//! How far event time has come at each node, by the input alone.

use super::input::Input;
use super::row::{END, START};
use std::collections::BTreeMap;
use tidegate_model::plan::{Aggregate, JoinKind, JoinStreams, Node, NodeKind, Plan, WindowShape};
use tidegate_model::{NodeId, SubtopologyId};

/// The watermark before the first moment, then after each.
pub type Line = Vec<i64>;

pub struct Watermarks<'a> {
    plan: &'a Plan,
    input: &'a Input,
    nodes: BTreeMap<NodeId, Vec<Line>>,
    tasks: BTreeMap<SubtopologyId, Vec<Line>>,
}

/// The watermarks of one node: a line for each partition.
#[derive(Clone, Copy)]
pub struct Passing<'a>(&'a [Line]);

impl Passing<'_> {
    /// When an event of this moment is read.
    pub fn before(self, partition: usize, moment: usize) -> i64 {
        self.0[partition][moment]
    }

    pub fn after(self, partition: usize, moment: usize) -> i64 {
        self.0[partition][moment + 1]
    }

    pub fn moments(self) -> usize {
        self.0[0].len() - 1
    }

    /// The first moment after which the watermark has come so far.
    pub fn first(self, partition: usize, is_far_enough: impl Fn(i64) -> bool) -> Option<usize> {
        (0..self.moments()).find(|moment| is_far_enough(self.after(partition, *moment)))
    }
}

impl<'a> Watermarks<'a> {
    pub fn new(plan: &'a Plan, input: &'a Input) -> Watermarks<'a> {
        let mut watermarks = Watermarks { plan, input, nodes: BTreeMap::new(), tasks: BTreeMap::new() };
        for node in &plan.nodes {
            watermarks.node(node.id);
        }
        watermarks
    }

    pub fn at(&self, node: NodeId) -> Passing<'_> {
        Passing(&self.nodes[&node])
    }

    /// The least of what its inputs promise.
    fn node(&mut self, id: NodeId) -> Vec<Line> {
        if let Some(known) = self.nodes.get(&id) {
            return known.clone();
        }
        let node = self.plan.node(id);
        let task = self.task(node.subtopology);
        let mut lines = task.clone();
        let mut inputs = node.inputs.iter().enumerate().filter_map(|(port, input)| {
            let from = self.plan.node(*input);
            // A join looks the rows of a topic's table up; it does not wait for them.
            let looks = matches!(node.kind, NodeKind::JoinTable(_)) && port == 1;
            (!(looks && matches!(from.kind, NodeKind::Table(_)))).then_some(from)
        });
        let of_task = |from: &Node| {
            from.subtopology != node.subtopology
                || matches!(from.kind, NodeKind::Source(_) | NodeKind::Repartition(_) | NodeKind::Rekey(_))
        };
        let inputs: Vec<&Node> = inputs.by_ref().collect();
        if !inputs.is_empty() && inputs.iter().all(|from| !of_task(from)) {
            lines = vec![vec![END; self.input.moments() + 1]; self.input.partitions];
        }
        for from in inputs.into_iter().filter(|from| !of_task(from) && !from.kind.is_apart()) {
            let lag = lag(from);
            for (line, promised) in lines.iter_mut().zip(self.node(from.id)) {
                for (least, watermark) in line.iter_mut().zip(promised) {
                    *least = (*least).min(less(watermark, lag));
                }
            }
        }
        self.nodes.insert(id, lines.clone());
        lines
    }

    /// The least over the task's inputs; tables hold nobody back, unless there is nothing else.
    fn task(&mut self, id: SubtopologyId) -> Vec<Line> {
        if let Some(known) = self.tasks.get(&id) {
            return known.clone();
        }
        let inputs = self.plan.inputs_of(id).into_iter().map(|(_, node)| node);
        let inputs: Vec<&Node> = inputs.filter(|node| !node.kind.is_apart()).collect();
        let has_time = inputs.iter().any(|node| !matches!(node.kind, NodeKind::Table(_)));
        let mut lines = vec![vec![END; self.input.moments() + 1]; self.input.partitions];
        for node in inputs {
            let of_input = match &node.kind {
                NodeKind::Source(source) => {
                    self.input.watermarks(&source.topic, source.time.out_of_order.micros())
                }
                NodeKind::Table(_) if has_time => continue,
                NodeKind::Table(table) => self.input.watermarks(&table.topic, 0),
                // Each partition of an internal topic is told the watermark of every task that writes to it.
                NodeKind::Repartition(_) | NodeKind::Rekey(_) => {
                    let upstream = self.node(node.id);
                    let least =
                        |at: usize| upstream.iter().map(|line| line[at]).min().expect("there is a partition");
                    let line: Line = (0..self.input.moments() + 1).map(least).collect();
                    vec![line; self.input.partitions]
                }
                other => panic!("the reference does not know the input `{}`", other.keyword()),
            };
            for (line, of_input) in lines.iter_mut().zip(of_input) {
                for (least, watermark) in line.iter_mut().zip(of_input) {
                    *least = (*least).min(watermark);
                }
            }
        }
        self.tasks.insert(id, lines.clone());
        lines
    }
}

/// The ends of time stay.
fn less(watermark: i64, lag: i64) -> i64 {
    if watermark == END || watermark == START { watermark } else { watermark - lag }
}

/// How much older than the watermark that lets them out may the rows of a node be?
fn lag(node: &Node) -> i64 {
    match &node.kind {
        NodeKind::Aggregate(Aggregate { window: Some(window), .. }) => match window.shape {
            WindowShape::Aligned | WindowShape::Cumulate | WindowShape::Sliding => window.grace.micros(),
            WindowShape::Session => window.size.micros() + window.grace.micros(),
        },
        NodeKind::JoinStreams(JoinStreams { kind, before, after, grace, .. }) => {
            let alone = match kind {
                JoinKind::Inner => 0,
                JoinKind::Left => after.micros(),
                JoinKind::Outer => after.micros().max(before.micros()),
            };
            grace.micros() + alone
        }
        _ => 0,
    }
}
