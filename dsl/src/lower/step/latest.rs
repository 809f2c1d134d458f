//! `latest by`: the last event of each key, as a table.

use super::At;
use crate::ast;
use crate::lower::{Flow, Lowerer};
use tidegate_model::Span;
use tidegate_model::plan::{Latest, NodeKind, Route};

impl Lowerer<'_> {
    pub(in crate::lower) fn latest(
        &mut self,
        at: At<'_>,
        by: &[ast::Expr],
        ttl: Option<Span>,
        flow: &Flow,
        errors: Option<Route>,
    ) -> Option<Flow> {
        let flow = self.keyed(at, by, flow, "latest")?;
        let columns = self.by(by, &flow)?;
        let latest = Latest { key: self.columns(&flow, &columns), ttl, errors };
        let name = at.name("latest");
        let node = self.add(name, NodeKind::Latest(latest), vec![flow.node], flow.schema.clone(), at.place());
        Some(Flow { node, key: Some(columns), key_at: at.step.span, is_table: true, ..flow })
    }
}
