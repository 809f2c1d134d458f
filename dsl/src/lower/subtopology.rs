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
        for input in &node.inputs {
            let input = input.0 as usize;
            if matches!(&nodes[input].kind, NodeKind::Table(table) if table.global) {
                continue;
            }
            if nodes[input].kind.internal_topic().is_some() {
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
