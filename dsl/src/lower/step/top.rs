//! `top N by … per …`: the first rows of each key in an order, as a table.

use super::At;
use crate::ast::TopStep;
use crate::diagnostic::{Diagnostic, codes};
use crate::lower::{Flow, Lowerer};
use tidegate_model::plan::{NodeKind, OrderBy, Route, Top};
use tidegate_model::{Column, ScalarType};

const COUNT_MAX: i64 = 10_000;

impl Lowerer<'_> {
    pub(super) fn top(
        &mut self,
        at: At<'_>,
        step: &TopStep,
        flow: &Flow,
        errors: Option<Route>,
    ) -> Option<Flow> {
        if !(1..=COUNT_MAX).contains(&step.count.node) {
            self.error(codes::TOP, step.count.span, format!("from 1 to {COUNT_MAX} rows can be kept"));
            return None;
        }
        // Of a table each key has one row among those that are ordered, wherever it was before.
        let flow = if step.per.is_empty() || flow.is_table {
            flow.clone()
        } else {
            self.keyed(at, &step.per, flow, "top")?
        };
        let per = self.by(&step.per, &flow)?;
        let event = flow.event();
        let mut order = Vec::new();
        let mut wrong = false;
        for (expr, descending) in &step.order {
            let Some(checked) = self.checker(&event).scalar(expr) else {
                wrong = true;
                continue;
            };
            let problem = match checked.ty {
                ScalarType::Bool => Some("a bool has no order"),
                _ if checked.nullable => Some("this may be null, and has no place in an order then"),
                _ => None,
            };
            if let Some(problem) = problem {
                self.error(codes::TOP, expr.span, problem);
                wrong = true;
            }
            order.push(OrderBy { expr: checked, descending: *descending });
        }
        if let Some(taken) = flow
            .schema
            .columns
            .iter()
            .find(|column| column.path == "rank" || column.path.starts_with("rank."))
        {
            let message = format!("the rows have a field `{}` already, and `top` adds `rank`", taken.path);
            self.diagnostics.push(
                Diagnostic::error(codes::DUPLICATE_NAME, at.step.span, message)
                    .note("give the field another name before"),
            );
            wrong = true;
        }
        if wrong {
            return None;
        }
        let mut schema = flow.schema.clone();
        schema.columns.push(Column::new("rank", ScalarType::Int));
        let mut key = per.clone();
        key.push(flow.schema.columns.len());
        let top = Top { count: step.count.node as u32, order, key: self.columns(&flow, &per), errors };
        let node = self.add(at.name("top"), NodeKind::Top(top), vec![flow.node], schema.clone(), at.place());
        // Rows of a table may have come from other partitions: those of one `per` are together, and no more is known.
        let partitioned = if flow.is_partitioned_for(&per) {
            flow.partitioned.clone()
        } else {
            (!per.is_empty()).then_some(per)
        };
        Some(Flow { node, schema, partitioned, key: Some(key), key_at: at.step.span, is_table: true, ..flow })
    }
}
