//! `branch`: each event goes into the first of several streams whose condition is true for it.

use super::At;
use crate::ast::{BranchArm, Step, StreamDecl};
use crate::check::expr::and;
use crate::diagnostic::{Diagnostic, codes};
use crate::lower::{Flow, Lowerer};
use tidegate_model::expr::{Expr, ExprKind};
use tidegate_model::plan::Route;
use tidegate_model::{ScalarType, Value};

impl Lowerer<'_> {
    /// Each branch is a filter: its own condition, and none of those before it.
    pub(in crate::lower) fn branch(
        &mut self,
        decl: &StreamDecl,
        step: &Step,
        arms: &[BranchArm],
        last: bool,
        flow: &Flow,
        errors: Option<Route>,
    ) -> Option<()> {
        let at = At { decl, step };
        if !last {
            self.diagnostics.push(
                Diagnostic::error(codes::BRANCH, step.span, "`branch` ends its stream")
                    .note("what comes next reads a branch by its name: `stream next = BRANCH |> …`"),
            );
            return None;
        }
        let event = flow.event();
        let mut others: Option<Expr> = None;
        let mut wrong = false;
        for (number, arm) in arms.iter().enumerate() {
            let own = match &arm.condition {
                Some(condition) => match self.checker(&event).predicate(condition) {
                    // Null counts as false, for this branch and for those behind it.
                    Some(own) => Some(definite(own)),
                    None => {
                        wrong = true;
                        self.broken.insert(arm.name.node.clone());
                        continue;
                    }
                },
                None if number + 1 < arms.len() => {
                    let next = &arms[number + 1].name;
                    self.broken.insert(arm.name.node.clone());
                    self.diagnostics.push(
                        Diagnostic::error(codes::BRANCH, next.span, "nothing is left for this branch")
                            .because(arm.name.span, "`else` takes all that is left, so it stands last"),
                    );
                    return None;
                }
                None => None,
            };
            let predicate = match (own.clone(), others.clone()) {
                (Some(own), Some(others)) => and(others, own),
                (Some(own), None) => own,
                (None, Some(others)) => others,
                (None, None) => Expr::constant(Value::Bool(true), ScalarType::Bool),
            };
            let name = format!("{}-{}", at.name("branch"), arm.name.node);
            let branch = self.filter(name, predicate, flow, errors.clone(), arm.name.span);
            self.flows.insert(arm.name.node.clone(), branch);
            if let Some(own) = own {
                let not = Expr { ty: ScalarType::Bool, nullable: false, kind: ExprKind::Not(Box::new(own)) };
                others = Some(match others {
                    Some(others) => and(others, not),
                    None => not,
                });
            }
        }
        // The stream that is branched is itself read by its branches.
        self.used.insert(decl.name.node.clone());
        (!wrong).then_some(())
    }
}

fn definite(condition: Expr) -> Expr {
    if !condition.nullable {
        return condition;
    }
    let no = Expr::constant(Value::Bool(false), ScalarType::Bool);
    Expr {
        ty: ScalarType::Bool,
        nullable: false,
        kind: ExprKind::Coalesce(Box::new(condition), Box::new(no)),
    }
}
