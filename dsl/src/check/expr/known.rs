//! Tells [`Facts`](crate::facts::Facts) what is known at a place. Nothing here changes what the check finds.

use super::Checker;
use super::branch::pattern_value;
use crate::ast::{self, Arm};
use crate::check::typed::Typed;
use crate::facts::{CURSOR, Fact, Means, describe, named};
use crate::source::Span;
use tidegate_model::expr::Expr;
use tidegate_model::{EnumType, ScalarType};

impl Checker<'_> {
    pub(super) fn note_value(&self, span: Span, value: &Typed) {
        self.globals.facts.note(|| Fact::Value { span, ty: describe(value) });
    }

    pub(crate) fn note_path(&self, path: &[String], span: Span) {
        if !self.globals.facts.collects() {
            return;
        }
        let Some((first, rest)) = path.split_first() else { return };
        if rest.is_empty() && first == CURSOR {
            self.globals.facts.note(|| Fact::Scope { names: self.names() });
            return;
        }
        let Some((means, mut value)) = self.meaning(first) else {
            let names = self.globals.enums.get(first).filter(|_| matches!(rest, [last] if last == CURSOR));
            if let Some(names) = names {
                self.note_variants(names, true, |name| is_name(name).then(|| name.to_owned()));
            }
            return;
        };
        let mut types = vec![describe(&value)];
        for name in rest {
            let Typed::Record(record) = value else { break };
            if name == CURSOR {
                self.globals.facts.note(|| Fact::Scope { names: named(&record) });
                break;
            }
            let Some(field) = record.field(name).cloned() else { break };
            types.push(describe(&field));
            value = field;
        }
        self.globals.facts.note(|| Fact::Path { span, means, types });
    }

    /// `written`: how a value is written at the place, if it can be.
    fn note_variants(&self, names: &EnumType, alone: bool, written: impl Fn(&str) -> Option<String>) {
        self.globals.facts.note(|| Fact::Variants {
            names: names.variants.iter().filter_map(|name| written(name)).collect(),
            ty: names.name.clone(),
            alone,
        });
    }

    /// Behind `.` and what is no plain path.
    pub(super) fn note_field(&self, value: &Typed, name: &str) {
        if let (Typed::Record(record), CURSOR) = (value, name) {
            self.globals.facts.note(|| Fact::Scope { names: named(record) });
        }
    }

    /// Where something is compared with a value of an enum.
    pub(super) fn note_compared(&self, value: &Typed, with: &ast::Expr) {
        if let (Typed::Scalar(Expr { ty: ScalarType::Enum(names), .. }), true) = (value, is_cursor(with)) {
            self.note_variants(names, false, |name| Some(variant(names, name)));
        }
    }

    /// Where a pattern of a `match` is being written: the values that no arm has taken.
    pub(super) fn note_patterns(&self, operand: &Expr, arms: &[Arm]) {
        let ScalarType::Enum(names) = operand.ty else { return };
        let patterns = || arms.iter().flat_map(|arm| &arm.patterns);
        if !self.globals.facts.collects() || !patterns().any(is_cursor) {
            return;
        }
        let taken: Vec<String> = patterns().filter_map(pattern_value).collect();
        self.note_variants(names, true, |name| {
            let quoted = || if is_name(name) { name.to_owned() } else { format!("\"{name}\"") };
            (!taken.iter().any(|taken| taken == name)).then(quoted)
        });
    }

    fn meaning(&self, name: &str) -> Option<(Means, Typed)> {
        if let Some((_, local)) = self.locals.iter().rev().find(|(local, _)| local == name) {
            return Some((Means::Local, local.clone()));
        }
        let event = self.it.filter(|_| self.inside.is_empty());
        if let Some(it) = event.filter(|_| name == "it") {
            return Some((Means::Event, Typed::Record(it.clone())));
        }
        if let Some(field) = event.and_then(|it| it.field(name)) {
            return Some((Means::Field, field.clone()));
        }
        self.globals.params.get(name).map(|param| (Means::Param, param.clone()))
    }

    /// All that an expression may name here: the nearest first.
    fn names(&self) -> Vec<(String, String)> {
        let mut names: Vec<(String, String)> =
            self.locals.iter().rev().map(|(name, value)| (name.clone(), describe(value))).collect();
        if let Some(it) = self.it.filter(|_| self.inside.is_empty()) {
            names.extend(named(it));
            names.push(("it".to_owned(), describe(&Typed::Record(it.clone()))));
        }
        names.extend(self.globals.params.iter().map(|(name, value)| (name.clone(), describe(value))));
        names
    }
}

/// Is this the name that stands where completion is asked for, alone?
pub(crate) fn is_cursor(expr: &ast::Expr) -> bool {
    matches!(&expr.node, ast::ExprKind::Path(path) if path.len() == 1 && path[0] == CURSOR)
}

fn is_name(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A value of an enum as any expression may write it.
fn variant(names: &EnumType, name: &str) -> String {
    if is_name(name) { format!("{}.{name}", names.name) } else { format!("\"{name}\"") }
}
