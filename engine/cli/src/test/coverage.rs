//! Which steps of a topology the tests have reached.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use tidegate_dsl::Sources;
use tidegate_dsl::source::Span;
use tidegate_engine::operator::RowCount;
use tidegate_model::plan::{Node, NodeKind, Plan};

/// A step of the file; several nodes of the plan may be made of one.
struct Step {
    place: Span,
    words: String,
    reached: bool,
}

pub struct Coverage {
    steps: Vec<Step>,
    /// Of a node's name, its step.
    step_of: BTreeMap<String, usize>,
    /// Filters that stand for a branch: one is reached when an event goes into it.
    branches: BTreeSet<String>,
}

impl Coverage {
    /// `places` are those of the plan's nodes; nodes that `runs` refuses are left out.
    pub fn new(plan: &Plan, places: &[Span], runs: impl Fn(&Node) -> bool) -> Coverage {
        let mut coverage =
            Coverage { steps: Vec::new(), step_of: BTreeMap::new(), branches: BTreeSet::new() };
        let mut at: BTreeMap<Span, usize> = BTreeMap::new();
        for (node, place) in plan.nodes.iter().zip(places).filter(|(node, _)| runs(node)) {
            // What comes through is what the step before gives.
            // Rows of a global table go to the worker, and through no task: whether its join is reached is told.
            let is_global = matches!(&node.kind, NodeKind::Table(table) if table.global);
            if node.kind.internal_topic().is_some() || is_global {
                continue;
            }
            let branch = branch_of(plan, node);
            coverage.branches.extend(branch.map(|_| node.name.clone()));
            let step = *at.entry(*place).or_insert_with(|| {
                coverage.steps.push(Step { place: *place, words: words(node, branch), reached: false });
                coverage.steps.len() - 1
            });
            coverage.step_of.insert(node.name.clone(), step);
        }
        coverage
    }

    /// What went through each node in a test, by the nodes' names.
    pub fn add(&mut self, rows: &BTreeMap<String, RowCount>) {
        for (name, rows) in rows {
            let Some(step) = self.step_of.get(name) else { continue };
            let count = if self.branches.contains(name) { rows.given } else { rows.taken };
            self.steps[*step].reached |= count > 0;
        }
    }

    /// `3 of 14 steps were reached by no test`, with a line for each if they are asked for. None: all were reached.
    pub fn told(&self, sources: &Sources, listed: bool) -> Option<String> {
        let mut missed: Vec<&Step> = self.steps.iter().filter(|step| !step.reached).collect();
        if missed.is_empty() {
            return None;
        }
        missed.sort_by_key(|step| step.place);
        let (count, all) = (missed.len(), self.steps.len());
        let were = if count == 1 { "was" } else { "were" };
        let mut told = format!("{count} of {all} steps {were} reached by no test");
        if !listed {
            return Some(told + " (`--coverage` lists them)\n");
        }
        told.push_str(":\n");
        for step in missed {
            let file = sources.file_of(step.place).1;
            let (line, column) = file.position(step.place.start);
            let _ = writeln!(told, "      {}:{line}:{column}: {}", file.name, step.words);
        }
        Some(told)
    }
}

/// The branch that this filter is.
fn branch_of<'a>(plan: &'a Plan, node: &Node) -> Option<&'a str> {
    let is_filter = matches!(node.kind, NodeKind::Filter(_));
    let named = plan.names.iter().filter(|(_, id)| is_filter && *id == node.id);
    named
        .map(|(name, _)| name.as_str())
        .find(|name| node.name.strip_suffix(name).is_some_and(|before| before.ends_with('-')))
}

fn words(node: &Node, branch: Option<&str>) -> String {
    match (branch, &node.kind) {
        (Some(branch), _) => format!("branch `{branch}`"),
        (None, NodeKind::Source(_) | NodeKind::Table(_)) => {
            format!("{} `{}`", node.kind.keyword(), node.name)
        }
        (None, NodeKind::Sink(_)) => match node.name.split_once(".sink") {
            // The near end of a `via`.
            Some((via, _)) if via.contains('.') => format!("`{via}`"),
            Some((stream, _)) => format!("sink `{stream}`"),
            None => format!("sink `{}`", node.name),
        },
        (None, _) => format!("`{}`", node.step()),
    }
}
