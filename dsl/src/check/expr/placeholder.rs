//! `"${n}"` and `"{n}"`: texts that look as if values were put into them, and are taken as they stand.

use super::Checker;
use crate::ast::{self, FormatPart};
use crate::check::typed::Typed;
use crate::diagnostic::{Diagnostic, codes};
use crate::placeholder::{interpolated, placeholders};
use crate::source::Span;
use tidegate_model::ScalarType;
use tidegate_model::expr::Expr;

impl Checker<'_> {
    /// Warns of a text that was meant to have values in it.
    pub(super) fn plain_text(&mut self, text: &str, span: Span) {
        if !text.contains('{') || (self.it.is_none() && self.inside.is_empty()) {
            return;
        }
        let (mut meant, mut others) = (Vec::new(), Vec::new());
        for place in placeholders(text) {
            if place.path().is_some_and(|name| self.is_named(name)) {
                meant.push(place.whole.to_owned());
            } else if place.has_dollar() {
                others.push(place);
            }
        }
        if let Some(first) = meant.first() {
            let message = format!("`{first}` is not replaced by a value: this is a plain text");
            let example = interpolated(&format!("\"{text}\""), &meant);
            self.diagnostics.push(
                Diagnostic::warning(codes::PLACEHOLDER, span, message)
                    .note(format!("a text with values in it begins with `f`: `{example}`"))
                    .interpolated(meant),
            );
            return;
        }
        let Some(first) = others.first() else { return };
        let message = format!("`{}` is not replaced by a value: this is a plain text", first.whole);
        let diagnostic = Diagnostic::warning(codes::PLACEHOLDER, span, message);
        self.diagnostics.push(match first.variable() {
            Some((name, _)) => diagnostic.note(format!(
                "a value of the environment is a param: `param {}: string = env(\"{name}\", \"…\")`, used as `f\"{{{}}}\"`",
                name.to_lowercase(),
                name.to_lowercase()
            )),
            None => diagnostic.note("a text with values in it begins with `f`, and has no `$`: `f\"{n} payments\"`"),
        });
    }

    /// Warns of the `$` of `f"x ${id}"`. Before a number it may well be the currency.
    pub(super) fn dollar_before(&mut self, before: Option<&FormatPart>, value: &ast::Expr, checked: &Expr) {
        let Some(FormatPart::Text(text)) = before else { return };
        let is_money = matches!(checked.ty, ScalarType::Decimal { .. } | ScalarType::Float);
        if !text.ends_with('$') || is_money {
            return;
        }
        self.diagnostics.push(
            Diagnostic::warning(codes::PLACEHOLDER, value.span, "the `$` before this stays in the text")
                .note("a value is put in by braces alone: `{…}`")
                .without_dollar(),
        );
    }

    fn is_named(&self, name: &str) -> bool {
        let event = self.it.filter(|_| self.inside.is_empty());
        self.locals.iter().any(|(local, _)| local == name)
            || event.is_some_and(|it| name == "it" || it.field(name).is_some())
            || self.globals.params.get(name).is_some_and(|param| *param != Typed::Wrong)
    }
}
