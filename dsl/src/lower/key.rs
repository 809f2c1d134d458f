//! Repartitions: inserted where state is kept by another key than the one that the events are partitioned by.

use super::{Flow, Lowerer};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;
use tidegate_model::NodeId;
use tidegate_model::expr::Expr;
use tidegate_model::plan::{NodeKind, Repartition, Route};

/// Why a repartition stands where it stands.
pub(super) enum Wish<'a> {
    /// The file says so, or `group by` does by its nature.
    Said { alias: Option<&'a str> },
    /// A step needs it, and the person may not have thought of it.
    Needed { keyword: &'static str },
}

impl Lowerer<'_> {
    pub(super) fn columns(&self, flow: &Flow, columns: &[usize]) -> Vec<Expr> {
        columns
            .iter()
            .map(|index| {
                let column = &flow.schema.columns[*index];
                Expr::column(*index, column.ty, column.nullable)
            })
            .collect()
    }

    /// `card`, or `card-rule`: how a topic's name says a key.
    fn short_names(flow: &Flow, columns: &[usize]) -> String {
        let last = |index: &usize| {
            let path = &flow.schema.columns[*index].path;
            path.rsplit('.').next().unwrap_or(path).to_owned()
        };
        columns.iter().map(last).collect::<Vec<_>>().join("-")
    }

    /// Events from here on are partitioned by `columns`. Streams that read the same events by the same key share one topic.
    pub(super) fn repartitioned(
        &mut self,
        stream: &str,
        flow: &Flow,
        columns: &[usize],
        span: Span,
        wish: &Wish<'_>,
    ) -> Flow {
        if flow.partitioned.as_deref() == Some(columns) {
            return flow.clone();
        }
        let shared = (flow.node, columns.to_vec());
        let known = self.repartitions.get(&shared).copied();
        let node = known.unwrap_or_else(|| {
            // The end of a declared stream gives its name, so that the topic is the same whoever needs it first.
            let owner =
                self.flows.iter().find(|(_, known)| known.node == flow.node).map(|(name, _)| name.clone());
            let step = match wish {
                Wish::Said { alias: Some(alias) } => (*alias).to_owned(),
                _ => format!("by-{}", Self::short_names(flow, columns)),
            };
            let name = format!("{}.{step}", owner.as_deref().unwrap_or(stream));
            self.repartition(name, flow, columns, false, None, span)
        });
        self.repartitions.insert(shared, node);
        if let Wish::Needed { keyword } = wish {
            let NodeKind::Repartition(repartition) = &self.nodes[node.0 as usize].kind else {
                panic!("it is a repartition")
            };
            let by = flow.names(columns);
            let creates = if known.is_some() { "goes through the topic" } else { "creates the topic" };
            let topic = format!("{creates} `{}`", repartition.topic);
            let without = flow.partitioned.as_ref().map_or_else(
                || format!("`{by}` is not what the events are partitioned by; a repartition is inserted"),
                |own| format!("`{by}` is not what the events are partitioned by, which is `{}`; a repartition is inserted", flow.names(own)),
            );
            let mut diagnostic = Diagnostic::warning(codes::REPARTITION, span, without)
                .here(format!("without it each partition would know only its own part of one `{by}`"));
            let never = flow.partitioned.is_none() && flow.since.is_none();
            let declared = if never { "no key is declared here" } else { "partitioned by this" };
            diagnostic = diagnostic.because(flow.partitioned_at, declared);
            if let Some((place, what)) = &flow.since {
                diagnostic = diagnostic.because(*place, what);
            }
            self.diagnostics.push(
                diagnostic
                    .note(topic)
                    .note(format!("to accept it in words: `|> repartition by {by}` before `{keyword}`")),
            );
        }
        let partitioned = Some(columns.to_vec());
        Flow { node, partitioned, partitioned_at: span, since: None, ..flow.clone() }
    }

    pub(super) fn repartition(
        &mut self,
        name: String,
        flow: &Flow,
        columns: &[usize],
        partial: bool,
        errors: Option<Route>,
        span: Span,
    ) -> NodeId {
        let topic = format!("{}.{name}", self.name);
        let key = self.columns(flow, columns);
        let kind = NodeKind::Repartition(Repartition { topic, key, partial, errors });
        self.add(name, kind, vec![flow.node], flow.schema.clone(), span)
    }

    /// The name of the topic of partial aggregates: no other stream can share it.
    pub(super) fn partial_name(stream: &str, flow: &Flow, columns: &[usize], alias: Option<&str>) -> String {
        match alias {
            Some(alias) => format!("{stream}.{alias}"),
            None => format!("{stream}.by-{}", Self::short_names(flow, columns)),
        }
    }
}
