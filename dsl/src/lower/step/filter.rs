//! `filter`: events for which a condition is true go on.

use super::At;
use crate::ast;
use crate::check::expr::present_if;
use crate::lower::{Flow, Lowerer};
use crate::source::Span as Place;
use tidegate_model::expr::{Expr, ExprKind};
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
        let of_table = at.is_of_table(flow);
        Some(self.filter_rows(at.name("filter"), Filter { predicate, of_table, errors }, flow, at.place()))
    }

    /// What a `map` leaves out.
    pub(super) fn kept(
        &mut self,
        at: At<'_>,
        name: String,
        predicate: Expr,
        flow: &Flow,
        errors: Option<Route>,
    ) -> Flow {
        let of_table = at.is_of_table(flow);
        self.filter_rows(name, Filter { predicate, of_table, errors }, flow, at.place())
    }

    pub(super) fn filter(
        &mut self,
        name: String,
        predicate: Expr,
        flow: &Flow,
        errors: Option<Route>,
        place: Place,
    ) -> Flow {
        self.filter_rows(name, Filter { predicate, of_table: false, errors }, flow, place)
    }

    /// What goes on has what the condition asks for: `country is not null` leaves no null.
    fn filter_rows(&mut self, name: String, filter: Filter, flow: &Flow, place: Place) -> Flow {
        let mut schema = flow.schema.clone();
        for present in present_if(&filter.predicate, true) {
            let ExprKind::Column(column) = present else { continue };
            schema.columns[column].nullable = false;
            for (_, inner) in flow.only_with.iter().filter(|(record, _)| *record == column) {
                schema.columns[*inner].nullable = false;
            }
        }
        let kind = NodeKind::Filter(filter);
        let node = self.add(name, kind, vec![flow.node], schema.clone(), place);
        Flow { node, schema, ..flow.clone() }
    }
}
