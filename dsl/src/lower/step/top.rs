//! `top N by … per …`: the first rows of each key in an order, as a table.

use super::At;
use crate::ast::TopStep;
use crate::diagnostic::{Diagnostic, codes};
use crate::lower::{Flow, Lowerer};
use crate::source::Span as Place;
use tidegate_model::plan::{NodeKind, OrderBy, Rekey, Route, Top};
use tidegate_model::{Column, NodeId, ScalarType};

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
        let flow = match (flow.is_table, step.per.is_empty()) {
            (true, _) => flow.clone(),
            (false, false) => self.keyed(at, &step.per, flow, "top")?,
            // Those of all keys meet in one partition.
            (false, true) => {
                let name = format!("{}.by-all", at.decl.name.node);
                let node = self.repartition(name, flow, &[], false, None, at.step.span);
                Flow { node, partitioned: None, ..flow.clone() }
            }
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
        let row_key = if flow.is_table { flow.key.clone() } else { None };
        let input = match &row_key {
            // A row has the same `per` for ever, and lies where the others of it are.
            Some(row_key)
                if per.iter().all(|column| row_key.contains(column)) && flow.is_partitioned_for(&per) =>
            {
                flow.node
            }
            Some(row_key) => {
                self.moved(format!("{}-moves", at.name("top")), &flow, &per, row_key, at.place())
            }
            None => flow.node,
        };
        let top = Top { count: step.count.node as u32, order, key: per.clone(), row_key, errors };
        let node = self.add(at.name("top"), NodeKind::Top(top), vec![input], schema.clone(), at.place());
        // Rows of a table may have come from other partitions: those of one `per` are together, and no more is known.
        let partitioned = if flow.is_partitioned_for(&per) {
            flow.partitioned.clone()
        } else {
            (!per.is_empty()).then_some(per)
        };
        Some(Flow { node, schema, partitioned, key: Some(key), key_at: at.step.span, is_table: true, ..flow })
    }

    /// A table's rows go to where those of one key are together.
    pub(in crate::lower) fn moved(
        &mut self,
        name: String,
        flow: &Flow,
        key: &[usize],
        row_key: &[usize],
        place: Place,
    ) -> NodeId {
        let rekey =
            Rekey { topic: format!("{}.{name}", self.name), key: key.to_vec(), row_key: row_key.to_vec() };
        let mut schema = flow.schema.clone();
        for (index, column) in schema.columns.iter_mut().enumerate() {
            column.nullable |= !key.contains(&index) && !row_key.contains(&index) && !column.presence;
        }
        schema.columns.push(Column::new(Rekey::GONE, ScalarType::Bool));
        self.add(name, NodeKind::Rekey(rekey), vec![flow.node], schema, place)
    }
}
