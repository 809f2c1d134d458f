//! `filter`: events for which a condition is true go on.

use super::At;
use crate::ast;
use crate::lower::{Flow, Lowerer};
use crate::source::Span as Place;
use tidegate_model::expr::Expr;
use tidegate_model::plan::{Filter, NodeKind, Route};

impl Lowerer<'_> {
    pub(super) fn filter_step(
        &mut self,
        at: At<'_>,
        predicate: &ast::Expr,
        flow: &Flow,
        errors: Option<Route>,
    ) -> Option<Flow> {
        let event = flow.event();
        let predicate = self.checker(&event).predicate(predicate)?;
        Some(self.filter(at.name("filter"), predicate, flow, errors, at.place()))
    }

    pub(super) fn filter(
        &mut self,
        name: String,
        predicate: Expr,
        flow: &Flow,
        errors: Option<Route>,
        place: Place,
    ) -> Flow {
        let kind = NodeKind::Filter(Filter { predicate, errors });
        let node = self.add(name, kind, vec![flow.node], flow.schema.clone(), place);
        Flow { node, ..flow.clone() }
    }
}
