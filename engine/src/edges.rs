//! From a node to those that read it, and in which order they are given its rows.
//!
//! A table made by `aggregate` or `top` gives its changes out at commits; where events look its rows up, each changed row takes another way at once.
//! Both ways may go through the same filters and maps.

use crate::batch::Batch;
use std::collections::BTreeMap;
use tidegate_model::plan::{Node, NodeKind, Plan};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// Events, and a table's changes as they are given out.
    Changes,
    /// A table's rows as they are at each moment, for those that look them up.
    Current,
}

/// What leads from a node to an input of another one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Edge {
    /// The node's number in the graph.
    pub to: usize,
    pub port: usize,
    /// Rows are looked up there, and no events worked on.
    pub looked_up: bool,
    changes: bool,
    current: bool,
}

impl Edge {
    /// From `node` to an input of `consumer`, in the same sub-topology.
    pub fn between(plan: &Plan, node: &Node, consumer: &Node, to: usize, port: usize) -> Edge {
        let looked_up = is_lookup(consumer, port);
        let current = is_two_way(plan, node) && leads_to_lookup(plan, consumer, port);
        let changes = !current || leads_elsewhere(plan, consumer, port);
        Edge { to, port, looked_up, changes, current }
    }

    /// From an input of the task.
    pub fn into(consumer: &Node, to: usize, port: usize) -> Edge {
        Edge { to, port, looked_up: is_lookup(consumer, port), changes: true, current: false }
    }

    pub fn takes(&self, way: Way) -> bool {
        match way {
            Way::Changes => self.changes,
            Way::Current => self.current,
        }
    }

    /// Does what comes this way count as the rows that the consumer has taken?
    pub fn counts(&self, way: Way) -> bool {
        !self.looked_up && (way == Way::Changes || !self.changes)
    }
}

fn is_lookup(consumer: &Node, port: usize) -> bool {
    matches!(consumer.kind, NodeKind::JoinTable(_)) && port == 1
}

/// Do events look for rows that this node makes, now or further down?
pub fn is_looked_up(plan: &Plan, node: &Node) -> bool {
    readers(plan, node).any(|(consumer, port)| leads_to_lookup(plan, consumer, port))
}

/// Are rows looked up, or is each change of this node an event? Then they are given out as they are at each moment.
pub fn is_followed(plan: &Plan, node: &Node) -> bool {
    readers(plan, node).any(|(consumer, port)| {
        is_lookup(consumer, port)
            || matches!(consumer.kind, NodeKind::Changes(_))
            || is_followed(plan, consumer)
    })
}

fn leads_to_lookup(plan: &Plan, consumer: &Node, port: usize) -> bool {
    match consumer.kind {
        NodeKind::JoinTable(_) => port == 1,
        NodeKind::Filter(_) | NodeKind::Map(_) | NodeKind::JoinTables(_) => is_looked_up(plan, consumer),
        NodeKind::Aggregate(ref aggregate) if aggregate.row_key.is_some() => is_looked_up(plan, consumer),
        NodeKind::Top(ref top) if top.row_key.is_some() => is_looked_up(plan, consumer),
        // It must see each reference that its join sees: one that came and went asks anew.
        NodeKind::Ask(_) => plan.consumers(consumer.id).any(|answer| {
            let joins = plan.consumers(answer.id);
            joins.into_iter().any(|join| join.inputs[1] == answer.id && is_looked_up(plan, join))
        }),
        _ => false,
    }
}

/// Does something else than a look-up read what goes this way? A join of tables whose rows are looked up gives each out at once, to all.
fn leads_elsewhere(plan: &Plan, consumer: &Node, port: usize) -> bool {
    match consumer.kind {
        NodeKind::Filter(_) | NodeKind::Map(_) => {
            readers(plan, consumer).any(|(reader, port)| leads_elsewhere(plan, reader, port))
        }
        _ => !leads_to_lookup(plan, consumer, port),
    }
}

/// Are this node's rows given out in two ways?
fn is_two_way(plan: &Plan, node: &Node) -> bool {
    match &node.kind {
        NodeKind::Aggregate(aggregate) => aggregate.window.is_none(),
        NodeKind::Top(_) => true,
        NodeKind::Filter(_) | NodeKind::Map(_) => is_two_way(plan, plan.node(node.inputs[0])),
        _ => false,
    }
}

/// Who reads a node in its own sub-topology, and by which input.
fn readers<'a>(plan: &'a Plan, node: &'a Node) -> impl Iterator<Item = (&'a Node, usize)> {
    let own = plan.consumers(node.id).filter(|consumer| consumer.subtopology == node.subtopology);
    own.flat_map(move |consumer| {
        let ports = consumer.inputs.iter().enumerate().filter(|(_, input)| **input == node.id);
        ports.map(move |(port, _)| (consumer, port))
    })
}

/// What waits to be given to a node.
pub struct Given {
    pub edge: Edge,
    pub batch: Batch,
    pub way: Way,
}

/// Rows on their way. A node is given them when all nodes before it have done their part, and the rows that it looks up before its events: so an
/// event meets what was made of it by any other way.
#[derive(Default)]
pub struct OnTheWay {
    waiting: BTreeMap<(usize, usize, usize), Given>,
    count: usize,
}

impl OnTheWay {
    pub fn send(&mut self, edges: &[Edge], batch: Batch, way: Way) {
        let mut takers = edges.iter().filter(|edge| edge.takes(way)).peekable();
        let mut batch = Some(batch);
        while let Some(edge) = takers.next() {
            // The last one is given the batch itself.
            let batch = if takers.peek().is_some() { batch.clone() } else { batch.take() };
            let batch = batch.expect("it is taken but once");
            let turn = if edge.looked_up { 0 } else { edge.port + 1 };
            self.waiting.insert((edge.to, turn, self.count), Given { edge: *edge, batch, way });
            self.count += 1;
        }
    }

    pub fn next(&mut self) -> Option<Given> {
        self.waiting.pop_first().map(|(_, given)| given)
    }
}
