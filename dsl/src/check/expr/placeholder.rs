//! `"${n}"` and `"{n}"`: texts that look as if values were put into them, and are taken as they stand.

use super::Checker;
use crate::ast::{self, FormatPart};
use crate::check::typed::Typed;
use crate::diagnostic::{Diagnostic, codes, interpolated};
use crate::source::Span;
use tidegate_model::ScalarType;
use tidegate_model::expr::Expr;

/// A part of a text between braces.
pub(crate) struct Placeholder<'a> {
    /// With its braces, and the `$` if there is one.
    pub(crate) whole: &'a str,
    inside: &'a str,
}

impl Placeholder<'_> {
    pub(crate) fn has_dollar(&self) -> bool {
        self.whole.starts_with('$')
    }

    /// `${PORT:-80}` by its name and its default.
    pub(crate) fn variable(&self) -> Option<(&str, Option<&str>)> {
        if !self.has_dollar() {
            return None;
        }
        let (name, default) = match self.inside.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (self.inside, None),
        };
        let is_name = |char: char| char.is_ascii_uppercase() || char.is_ascii_digit() || char == '_';
        (!name.is_empty() && name.chars().all(is_name)).then_some((name, default))
    }

    /// `merchant.currency` by its first name.
    fn path(&self) -> Option<&str> {
        let is_name = |name: &str| {
            name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
        };
        self.inside.split('.').all(is_name).then(|| self.inside.split('.').next()).flatten()
    }
}

pub(crate) fn placeholders(text: &str) -> Vec<Placeholder<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(open) = text[from..].find('{').map(|at| from + at) {
        from = open + 1;
        let Some(close) = text[from..].find(['}', '{', '\n']).map(|at| from + at) else { break };
        if text.as_bytes()[close] == b'}' {
            let start = if text[..open].ends_with('$') { open - 1 } else { open };
            found.push(Placeholder { whole: &text[start..=close], inside: text[from..close].trim() });
        }
    }
    found
}

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

#[cfg(test)]
mod tests {
    use super::placeholders;

    fn found(text: &str) -> Vec<&str> {
        placeholders(text).iter().map(|place| place.whole).collect()
    }

    #[test]
    fn braces_are_found_with_their_dollar() {
        assert_eq!(found("${n} of {total}"), ["${n}", "{total}"]);
        assert_eq!(found("{ a {b} {\n} é{c}"), ["{b}", "{c}"]);
        assert!(found("a{ b } {}").len() == 2 && found("{").is_empty());
        let text = placeholders("${PORT:-80} ${id}");
        assert_eq!(text[0].variable(), Some(("PORT", Some("80"))));
        assert_eq!(text[1].variable(), None);
    }
}
