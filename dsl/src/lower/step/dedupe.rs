//! `dedupe`: the first event of a key within a time.

use super::At;
use crate::ast::{self, Spanned};
use crate::lower::{Flow, Lowerer};
use tidegate_model::Span;
use tidegate_model::plan::{Dedupe, NodeKind, Route};

impl Lowerer<'_> {
    pub(super) fn dedupe(
        &mut self,
        at: At<'_>,
        by: &[ast::Expr],
        within: &Spanned<i64>,
        flow: &Flow,
        errors: Option<Route>,
    ) -> Option<Flow> {
        let flow = self.keyed(at, by, flow, "dedupe")?;
        self.positive(within)?;
        let key = self.by(by, &flow)?;
        let dedupe =
            Dedupe { key: self.columns(&flow, &key), within: Span::from_micros(within.node), errors };
        let name = at.name("dedupe");
        let node = self.add(name, NodeKind::Dedupe(dedupe), vec![flow.node], flow.schema.clone(), at.place());
        Some(Flow { node, ..flow })
    }
}
