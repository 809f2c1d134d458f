//! `"a" + b`: texts are put together in a format string.

use super::Checker;
use super::collection::is_collection;
use crate::ast::{self, BinaryOp, ExprKind as Ast};
use crate::check::typed::Typed;
use crate::diagnostic::{Diagnostic, codes};
use crate::placeholder::with_values;
use crate::source::Span;

impl Checker<'_> {
    /// None: no text as it is written is added here.
    pub(super) fn added_text(&mut self, a: &ast::Expr, b: &ast::Expr, span: Span) -> Option<Typed> {
        let mut parts = Vec::new();
        added(a, &mut parts);
        added(b, &mut parts);
        if !parts.iter().any(|part| matches!(part.node, Ast::String(_) | Ast::Format(_))) {
            return None;
        }
        let others = parts.iter().filter(|part| !matches!(part.node, Ast::String(_)));
        let values: Vec<Typed> = others.map(|part| self.check(part)).collect();
        // A list and a text are another mistake.
        if values.iter().any(is_collection) {
            return None;
        }
        // What is wrong with a part is told besides.
        if !values.contains(&Typed::Wrong) {
            self.texts_are_not_added(&parts, span);
        }
        Some(Typed::Wrong)
    }

    pub(super) fn texts_are_not_added(&mut self, parts: &[&ast::Expr], span: Span) {
        let shown: String = parts.iter().map(|part| shown(part)).collect();
        self.diagnostics.push(
            Diagnostic::error(codes::TYPE_MISMATCH, span, "texts are not added")
                .note(format!("put them together in one: `f\"{shown}\"`"))
                .joined(parts.iter().map(|part| part.span).collect()),
        );
    }
}

/// The parts of a chain of additions, in their order.
fn added<'a>(expr: &'a ast::Expr, parts: &mut Vec<&'a ast::Expr>) {
    match &expr.node {
        Ast::Binary(BinaryOp::Add, a, b) => {
            added(a, parts);
            added(b, parts);
        }
        _ => parts.push(expr),
    }
}

fn shown(part: &ast::Expr) -> String {
    match &part.node {
        Ast::String(text) => with_values(text),
        Ast::Path(path) => format!("{{{}}}", path.join(".")),
        _ => "{…}".to_owned(),
    }
}
