//! Sources that take the records' time, though their events carry one of their own: nothing would show that but wrong answers.

use super::Lowerer;
use crate::ast::{Connector, SourceDecl};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span as Place;
use std::collections::BTreeSet;
use tidegate_model::plan::{Node, NodeKind};
use tidegate_model::{NodeId, ScalarType};

impl Lowerer<'_> {
    pub(super) fn sources_without_time(&mut self) {
        for decl in &self.topology.sources {
            let Connector::Kafka(topic) = &decl.from else { continue };
            let Some(flow) = self.flows.get(&decl.name.node).filter(|_| decl.time.is_none()) else {
                continue;
            };
            let is_time = |column: &&tidegate_model::Column| {
                column.ty == ScalarType::Timestamp && !column.nullable && !column.path.contains('.')
            };
            let times: Vec<&str> =
                flow.schema.columns.iter().filter(is_time).map(|column| column.path.as_str()).collect();
            let Some(first) = times.first().copied() else { continue };
            let Some((what, place)) = self.first_by_time(flow.node) else { continue };
            let yaml = self.sources.file_of(decl.name.span).1.is_yaml();
            let clause = if yaml { format!("time: {first}") } else { format!("time {first}") };
            let mut diagnostic = Diagnostic::warning(
                codes::NO_TIME,
                decl.name.span,
                format!(
                    "`{}` says no `time`: that of each event is its record's timestamp in Kafka",
                    decl.name.node
                ),
            )
            .here(format!("did you mean `{clause}`?"))
            .because(place, format!("{what} goes by that time"));
            if times.len() > 1 {
                diagnostic =
                    diagnostic.note(format!("its timestamps are {}", crate::check::expr::list(&times)));
            }
            if !yaml {
                let (at, text) = insertion(decl, topic.span, &clause);
                diagnostic = diagnostic.mended_by(at, text);
            }
            self.diagnostics.push(diagnostic.note(
                "what was sent late then counts where it came, not where it belongs; if that is meant: `allow T0414: …` in a comment",
            ));
        }
    }

    /// The first step behind a node that works with the events' times.
    fn first_by_time(&self, source: NodeId) -> Option<(&'static str, Place)> {
        let mut behind = BTreeSet::from([source]);
        for node in &self.nodes {
            if !node.inputs.iter().any(|input| behind.contains(input)) {
                continue;
            }
            if let Some(what) = by_time(node) {
                let part = self.part_places.get(&node.name);
                return Some((what, *part.unwrap_or(&self.node_places[&node.name])));
            }
            behind.insert(node.id);
        }
        None
    }
}

/// In words, what of a node goes by the events' times.
fn by_time(node: &Node) -> Option<&'static str> {
    match &node.kind {
        NodeKind::Aggregate(aggregate) => aggregate.window.as_ref().map(|_| "this window"),
        NodeKind::Rolling(rolling) => (rolling.rows.is_none() || rolling.ordered).then_some("this range"),
        NodeKind::Dedupe(_) | NodeKind::JoinStreams(_) | NodeKind::Match(_) => Some("`within`"),
        _ => None,
    }
}

/// Where the clause goes, and what is written there: behind what the source has already.
fn insertion(decl: &SourceDecl, topic: Place, clause: &str) -> (Place, String) {
    match &decl.key {
        Some(key) => (Place { start: key.span.end, end: key.span.end }, format!(", {clause}")),
        None => (Place { start: topic.end, end: topic.end }, format!(" {clause}")),
    }
}
