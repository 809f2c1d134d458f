//! `rolling`: one row for each event, with aggregates over the trailing range of its key.

use super::At;
use crate::ast::{RollingRange, RollingStep, Spanned};
use crate::diagnostic::{Diagnostic, codes};
use crate::lower::{Flow, Lowerer};
use tidegate_model::plan::{NodeKind, Rolling, Route};
use tidegate_model::{Column, Span};

/// Rows of a range are kept one by one.
const ROWS_MAX: i64 = 100_000;

impl Lowerer<'_> {
    pub(super) fn rolling(
        &mut self,
        at: At<'_>,
        step: &RollingStep,
        flow: &Flow,
        errors: Option<Route>,
    ) -> Option<Flow> {
        let flow = self.keyed(at, &step.by, flow, "rolling")?;
        if let (Some(late), false) = (&step.late, step.ordered) {
            self.diagnostics.push(
                Diagnostic::error(codes::ROLLING, late.topic.span, "no event is late for this step")
                    .note("every event gets its row at once; with `ordered` events are put in order, and one that comes behind its turn is late"),
            );
            return None;
        }
        let late = self.route(step.late.as_ref());
        let (range, rows) = self.range(step)?;
        let (mut calls, key) = (self.calls(&step.functions, &flow)?, self.by(&step.by, &flow)?);
        if step.excluding_current {
            // A key's first event has no others before it.
            for call in calls.iter_mut().filter(|call| !call.function.has_empty_value()) {
                call.nullable = true;
            }
        }
        let mut schema = flow.schema.clone();
        for (call, (name, _)) in calls.iter().zip(&step.functions) {
            let taken = schema.columns.iter().any(|column| column.path.split('.').next() == Some(&name.node));
            if taken {
                let message = format!("the event has a field `{}` already", name.node);
                self.error(codes::DUPLICATE_NAME, name.span, message);
                return None;
            }
            schema
                .columns
                .push(Column { nullable: call.nullable, ..Column::new(call.name.clone(), call.ty) });
        }
        let rolling = Rolling {
            key: self.columns(&flow, &key),
            range,
            rows,
            granularity: step.granularity.as_ref().map(|length| Span::from_micros(length.node)),
            ordered: step.ordered,
            excluding_current: step.excluding_current,
            functions: calls,
            late,
            errors,
        };
        self.long_range(step, &rolling, &flow.names(&key));
        let name = at.name("rolling");
        let node = self.add(name, NodeKind::Rolling(rolling), vec![flow.node], schema.clone(), at.place());
        Some(Flow { node, schema, ..flow })
    }

    fn range(&mut self, step: &RollingStep) -> Option<(Span, Option<u32>)> {
        match (&step.range, &step.granularity) {
            (RollingRange::Rows(rows), granularity) => {
                if !(1..=ROWS_MAX).contains(&rows.node) {
                    let message = format!("a range has 1 to {ROWS_MAX} rows");
                    self.error(codes::ROLLING, rows.span, message);
                    return None;
                }
                if let Some(granularity) = granularity {
                    self.diagnostics.push(
                        Diagnostic::error(
                            codes::ROLLING,
                            granularity.span,
                            "rows are counted one by one: they have no granularity",
                        )
                        .because(rows.span, "the range is a number of rows"),
                    );
                    return None;
                }
                Some((Span::ZERO, Some(rows.node as u32)))
            }
            (RollingRange::Time(range), granularity) => {
                self.positive(range)?;
                if let Some(granularity) = granularity {
                    self.positive(granularity)?;
                    self.divides(granularity, range)?;
                }
                Some((Span::from_micros(range.node), None))
            }
        }
    }

    fn divides(&mut self, granularity: &Spanned<i64>, range: &Spanned<i64>) -> Option<()> {
        if range.node % granularity.node == 0 {
            return Some(());
        }
        self.diagnostics.push(
            Diagnostic::error(codes::ROLLING, granularity.span, "the range is no whole number of these")
                .because(range.span, "the range"),
        );
        None
    }
}
