//! What is known not to be null where a condition has been looked at: behind `x is not null and …`, in the branches of an `if`,
//! in the arms of a `match`.

use super::Checker;
use crate::check::typed::Typed;
use tidegate_model::ScalarType;
use tidegate_model::expr::{Expr, ExprKind};

/// What is not null if `condition` is true, or (`truth` is false) if it is false.
pub(crate) fn present_if(condition: &Expr, truth: bool) -> Vec<ExprKind> {
    match &condition.kind {
        ExprKind::Not(inner) => present_if(inner, !truth),
        ExprKind::IsNull(inner) if !truth => vec![inner.kind.clone()],
        ExprKind::And(a, b) if truth => [present_if(a, true), present_if(b, true)].concat(),
        ExprKind::Or(a, b) if !truth => [present_if(a, false), present_if(b, false)].concat(),
        // A bool that is true is there; of a record's own column that is all there is to know.
        ExprKind::Column(_) if condition.ty == ScalarType::Bool && truth => vec![condition.kind.clone()],
        _ => Vec::new(),
    }
}

impl Checker<'_> {
    /// Checks something that is looked at only where these are not null.
    pub(super) fn where_present<T>(
        &mut self,
        present: Vec<ExprKind>,
        check: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let known = self.present.len();
        self.present.extend(present);
        let checked = check(self);
        self.present.truncate(known);
        checked
    }

    /// A value that was found not to be null is none that may be.
    pub(super) fn narrowed(&self, value: Typed) -> Typed {
        match value {
            Typed::Scalar(expr) if expr.nullable && self.present.contains(&expr.kind) => {
                Typed::Scalar(Expr { nullable: false, ..expr })
            }
            value => value,
        }
    }
}
