//! Cuts the graph at its repartitions: what is left together is one sub-topology, whose inputs are co-partitioned.

use std::collections::BTreeMap;
use tidegate_model::SubtopologyId;
use tidegate_model::plan::{Node, NodeKind};

/// Numbers the sub-topologies in the order of their first nodes.
pub(crate) fn number(nodes: &mut [Node]) {
    let mut parents: Vec<usize> = (0..nodes.len()).collect();
    let mut readers: BTreeMap<usize, usize> = BTreeMap::new();
    for node in nodes.iter() {
        let own = node.id.0 as usize;
        for (port, input) in node.inputs.iter().enumerate() {
            let input = input.0 as usize;
            if meets_elsewhere(&nodes[input].kind, &node.kind, port) {
                continue;
            }
            if matches!(nodes[input].kind, NodeKind::Repartition(_)) {
                // One group reads an internal topic once, so all its readers belong together.
                let first = *readers.entry(input).or_insert(own);
                join(&mut parents, first, own);
            } else {
                join(&mut parents, input, own);
            }
        }
    }
    let mut numbers: BTreeMap<usize, u32> = BTreeMap::new();
    for (index, node) in nodes.iter_mut().enumerate() {
        let root = root(&mut parents, index);
        let next = numbers.len() as u32;
        node.subtopology = SubtopologyId(*numbers.entry(root).or_insert(next));
    }
}

fn root(parents: &mut [usize], mut index: usize) -> usize {
    while parents[index] != index {
        parents[index] = parents[parents[index]];
        index = parents[index];
    }
    index
}

fn join(parents: &mut [usize], a: usize, b: usize) {
    let (a, b) = (root(parents, a), root(parents, b));
    parents[a.max(b)] = a.min(b);
}

/// Inputs that need not lie in the same partition: a table that every task has, and a table that is joined by a foreign key.
fn meets_elsewhere(input: &NodeKind, node: &NodeKind, port: usize) -> bool {
    matches!(input, NodeKind::Table(table) if table.global)
        || matches!(node, NodeKind::JoinTables(join) if join.foreign && port == 1)
}
