//! How large an expression becomes: functions are put in place, so a few lines could mean millions of operations.

use super::Checker;
use crate::check::typed::Typed;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;
use tidegate_model::expr::Expr;

const OPERATIONS_MAX: usize = 100_000;
/// What evaluates an expression goes down into it.
const DEPTH_MAX: usize = 512;

impl Checker<'_> {
    /// May an argument be put in place once more? If not, it is told, once for each expression.
    pub(super) fn afford(&mut self, argument: &Typed, span: Span) -> bool {
        let told = self.operations > OPERATIONS_MAX;
        let (operations, depth) = typed(argument);
        self.operations += operations;
        if depth > DEPTH_MAX {
            self.operations = OPERATIONS_MAX + 1;
        }
        if self.operations <= OPERATIONS_MAX {
            return true;
        }
        if !told {
            let message = format!(
                "with its functions put in place this expression has more than {OPERATIONS_MAX} operations, or is deeper than {DEPTH_MAX}"
            );
            let mut diagnostic = Diagnostic::error(codes::TOO_LARGE, span, message)
                .note("a function that uses its argument several times makes it so often; give the argument's value a name before, in an `add` step");
            if let Some(function) = self.inside.first().and_then(|name| self.globals.functions.get(name)) {
                diagnostic = diagnostic.because(function.decl.name.span, "from this function on");
            }
            self.diagnostics.push(diagnostic);
        }
        false
    }
}

fn typed(value: &Typed) -> (usize, usize) {
    match value {
        Typed::Scalar(expr) => size(expr),
        Typed::Record(record) => most(record.fields.iter().map(|(_, field)| typed(field))),
        Typed::List(items, _) => most(items.iter().map(|item| typed(&item.value))),
        Typed::Map(entries, _) => {
            most(entries.iter().flat_map(|(key, value)| [typed(&key.value), typed(&value.value)]))
        }
        Typed::Null | Typed::Wrong => (1, 1),
    }
}

/// The operations of all parts, and the levels of the deepest.
fn most(parts: impl Iterator<Item = (usize, usize)>) -> (usize, usize) {
    parts.fold((0, 0), |(sum, deep), (own, depth)| (sum + own, deep.max(depth)))
}

/// Operations, and levels.
fn size(expr: &Expr) -> (usize, usize) {
    let (operations, depth) = most(expr.children().into_iter().map(size));
    (operations + 1, depth + 1)
}
