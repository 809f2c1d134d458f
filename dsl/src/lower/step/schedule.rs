//! `schedule at`: holds events back until their time.

use super::At;
use crate::ast::ScheduleStep;
use crate::diagnostic::{Diagnostic, codes};
use crate::lower::{Flow, Lowerer};
use tidegate_model::ScalarType;
use tidegate_model::plan::{NodeKind, Route, Schedule};

impl Lowerer<'_> {
    pub(super) fn schedule(
        &mut self,
        at: At<'_>,
        step: &ScheduleStep,
        flow: &Flow,
        errors: Option<Route>,
    ) -> Option<Flow> {
        let flow = self.keyed(at, &step.by, flow, "schedule")?;
        let key = self.by(&step.by, &flow)?;
        let event = flow.event();
        let due = self.checker(&event).scalar(&step.at);
        let cancel = match &step.cancel {
            Some(cancel) => Some(self.checker(&event).predicate(cancel)?),
            None => None,
        };
        let due = due?;
        if due.ty != ScalarType::Timestamp || due.nullable {
            let is = format!("this is {}{}", due.ty, if due.nullable { "?" } else { "" });
            let mut diagnostic = Diagnostic::error(
                codes::SCHEDULE,
                step.at.span,
                "the time at which an event is due is a timestamp that is always there",
            )
            .here(is);
            if due.ty == ScalarType::Duration {
                diagnostic = diagnostic.note("add it to a time: `schedule at at + 10m by …`");
            }
            self.diagnostics.push(diagnostic);
            return None;
        }
        let schedule = Schedule {
            at: due,
            key: self.columns(&flow, &key),
            replace: step.replace,
            cancel,
            wall_clock: step.wall_clock,
            errors,
        };
        let kind = NodeKind::Schedule(schedule);
        let node = self.add(at.name("schedule"), kind, vec![flow.node], flow.schema.clone(), at.place());
        Some(Flow { node, ..flow })
    }
}
