//! Whose rows do events look up? It decides how an aggregate is fed, before the joins themselves are lowered.

use crate::ast::{StepKind, StreamDecl, Topology};
use std::collections::BTreeSet;

/// The names of the tables that a stream joins, and of those that such a table is joined of.
pub(super) fn tables(topology: &Topology) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    let mut next: Vec<&str> =
        topology.streams.iter().flat_map(|decl| joined(topology, decl, Reads::Events)).collect();
    while let Some(name) = next.pop() {
        if !found.insert(name) {
            continue;
        }
        let decl = topology.streams.iter().find(|decl| decl.name.node == name);
        next.extend(decl.into_iter().flat_map(|decl| joined(topology, decl, Reads::Rows)));
    }
    found
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reads {
    /// What its events look up.
    Events,
    /// What its rows are made of: the table that it begins with, and those that it joins as a table.
    Rows,
}

fn joined<'a>(topology: &Topology, decl: &'a StreamDecl, reads: Reads) -> Vec<&'a str> {
    let is_table = |name: &str| {
        let made = topology.streams.iter().any(|decl| decl.is_table && decl.name.node == name);
        made || topology.tables.iter().any(|decl| decl.name.node == name)
    };
    let begins_as_table = decl.inputs.first().is_some_and(|input| is_table(&input.node));
    let mut of_rows = begins_as_table;
    let mut found = Vec::new();
    if reads == Reads::Rows && begins_as_table {
        found.extend(decl.inputs.iter().map(|input| input.node.as_str()));
    }
    for step in &decl.steps {
        match &step.kind {
            StepKind::Changes(_) => of_rows = false,
            StepKind::Latest(_) | StepKind::Top(_) => of_rows = true,
            StepKind::Join(join) if is_table(&join.other.node) && of_rows == (reads == Reads::Rows) => {
                found.push(join.other.node.as_str());
            }
            _ => {}
        }
    }
    found
}
