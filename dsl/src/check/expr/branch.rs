//! `if` and `match`.

use super::operator::and;
use super::{Checker, present_if};
use crate::ast::{self, Arm};
use crate::check::typed::{Located, RecordValue, Typed};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;
use tidegate_model::expr::{Comparison, Expr, ExprKind};
use tidegate_model::{ScalarType, Value};

impl Checker<'_> {
    /// `condition ? a : b`, for scalars and for records field by field.
    pub(super) fn branch(&mut self, condition: Expr, a: Located, b: Located) -> Typed {
        if let (Typed::Record(left), Typed::Record(right)) = (&a.value, &b.value) {
            let mut record = RecordValue::default();
            for (name, value) in &left.fields {
                let Some(other) = right.field(name) else {
                    self.diagnostics.push(
                        Diagnostic::error(codes::BAD_FIELDS, b.span, format!("this record lacks `{name}`"))
                            .because(a.span, "the other branch has it"),
                    );
                    return Typed::Wrong;
                };
                let left = Located { value: value.clone(), span: a.span };
                let right = Located { value: other.clone(), span: b.span };
                let value = self.branch(condition.clone(), left, right);
                record.fields.push((name.clone(), value));
            }
            if let Some((extra, _)) = right.fields.iter().find(|(name, _)| left.field(name).is_none()) {
                self.diagnostics.push(
                    Diagnostic::error(codes::BAD_FIELDS, a.span, format!("this record lacks `{extra}`"))
                        .because(b.span, "the other branch has it"),
                );
                return Typed::Wrong;
            }
            return Typed::Record(record);
        }
        let Some((then, otherwise)) = self.unify(a, b) else { return Typed::Wrong };
        let nullable = then.nullable || otherwise.nullable;
        let kind = ExprKind::If {
            condition: Box::new(condition),
            then: Box::new(then),
            otherwise: Box::new(otherwise),
        };
        let ty = match &kind {
            ExprKind::If { then, .. } => then.ty,
            _ => ScalarType::Bool,
        };
        Typed::Scalar(Expr { ty, nullable, kind })
    }

    pub(super) fn match_value(&mut self, subject: &ast::Expr, arms: &[Arm], span: Span) -> Typed {
        if let Some(arm) = arms.iter().find(|arm| arm.value.is_none()) {
            return self.error(
                codes::MATCH_OPEN,
                arm.span,
                "`drop` stands only in a `match` that is the whole of a `map`",
            );
        }
        self.match_arms(subject, arms, span).map_or(Typed::Wrong, |(value, _)| value)
    }

    /// The value of a match, and (where arms drop) the condition under which there is one.
    pub(crate) fn match_arms(
        &mut self,
        subject: &ast::Expr,
        arms: &[Arm],
        span: Span,
    ) -> Option<(Typed, Option<Expr>)> {
        let operand = self.scalar(subject)?;
        self.note_patterns(&operand, arms);
        let last_is_open = arms.last().is_some_and(|arm| arm.patterns.is_empty() && arm.guard.is_none());
        if !last_is_open {
            self.covered(&operand, arms, span)?;
        }
        self.repeated(&operand, arms);
        let mut conditions: Vec<Expr> = Vec::new();
        let mut present: Vec<Vec<ExprKind>> = Vec::new();
        let mut null_is_taken = false;
        for arm in arms {
            let mut known = Vec::new();
            if null_is_taken || takes_values(arm) {
                known.push(operand.kind.clone());
            }
            let condition = self
                .where_present(known.clone(), |checker| checker.arm_condition(&operand, subject.span, arm))?;
            known.extend(present_if(&condition, true));
            present.push(known);
            conditions.push(condition);
            null_is_taken |= arm.guard.is_none() && arm.patterns.iter().any(is_null);
        }
        let mut value: Option<Located> = None;
        let mut kept: Option<Expr> = None;
        let drops = arms.iter().any(|arm| arm.value.is_none());
        for ((arm, condition), present) in arms.iter().zip(conditions).zip(present).rev() {
            let keeps = Expr::constant(Value::Bool(arm.value.is_some()), ScalarType::Bool);
            kept = Some(match kept {
                None => keeps,
                Some(otherwise) => choose(condition.clone(), keeps, otherwise),
            });
            let Some(result) = &arm.value else { continue };
            let result = self.where_present(present, |checker| checker.located(result));
            value = Some(match value {
                None => result,
                Some(otherwise) => {
                    let span = result.span;
                    Located { value: self.branch(condition, result, otherwise), span }
                }
            });
        }
        let Some(value) = value else {
            self.error(codes::MATCH_OPEN, span, "every arm drops: nothing would come out");
            return None;
        };
        Some((value.value, kept.filter(|_| drops)))
    }

    /// A match without `_` names every value that there is: of an enum, or of bool.
    fn covered(&mut self, operand: &Expr, arms: &[Arm], span: Span) -> Option<()> {
        let mut values: Vec<String> = match operand.ty {
            ScalarType::Enum(names) => names.variants.clone(),
            ScalarType::Bool => vec!["true".to_owned(), "false".to_owned()],
            _ => {
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::MATCH_OPEN,
                        span,
                        "this `match` does not say what happens to every value",
                    )
                    .note("end it with `_ => …`"),
                );
                return None;
            }
        };
        if operand.nullable {
            values.push("null".to_owned());
        }
        let taken: Vec<String> = arms
            .iter()
            .filter(|arm| arm.guard.is_none())
            .flat_map(|arm| &arm.patterns)
            .filter_map(pattern_value)
            .collect();
        let missing: Vec<&str> = values
            .iter()
            .map(String::as_str)
            .filter(|value| !taken.iter().any(|taken| taken == value))
            .collect();
        if missing.is_empty() {
            return Some(());
        }
        let guarded = arms.iter().find(|arm| {
            arm.guard.is_some()
                && arm
                    .patterns
                    .iter()
                    .filter_map(pattern_value)
                    .any(|value| missing.contains(&value.as_str()))
        });
        let named = super::list(&missing);
        let mut diagnostic = Diagnostic::error(
            codes::MATCH_MISSING,
            span,
            format!("this `match` does not say what happens to {named}"),
        )
        .note(format!("add an arm `{} => …`, or end it with `_ => …` for all others", missing.join(" | ")));
        if let Some(arm) = guarded {
            diagnostic = diagnostic.because(arm.span, "this arm takes it only under a condition");
        }
        self.diagnostics.push(diagnostic);
        None
    }

    /// A value that an arm above has taken already is told.
    fn repeated(&mut self, operand: &Expr, arms: &[Arm]) {
        if !matches!(operand.ty, ScalarType::Enum(_) | ScalarType::Bool) {
            return;
        }
        let mut taken: Vec<(String, Span)> = Vec::new();
        for arm in arms {
            for pattern in &arm.patterns {
                let Some(value) = pattern_value(pattern) else { continue };
                if let Some((_, before)) = taken.iter().find(|(known, _)| *known == value) {
                    let message = format!("`{value}` is taken by an arm above");
                    self.diagnostics.push(
                        Diagnostic::warning(codes::MATCH_REPEATED, pattern.span, message)
                            .because(*before, "it is taken here"),
                    );
                } else if arm.guard.is_none() {
                    taken.push((value, pattern.span));
                }
            }
        }
    }

    /// A pattern's value: the values of an enum may stand without its name and without quotes.
    fn pattern(&mut self, operand: &Expr, pattern: &ast::Expr) -> Option<Located> {
        let span = pattern.span;
        let ast::ExprKind::Path(path) = &pattern.node else { return Some(self.located(pattern)) };
        let value = match (operand.ty, &path[..]) {
            (ScalarType::Enum(names), [name]) => self.variant(names, name, span)?,
            (ScalarType::Enum(names), [first, name]) if *first == names.name => {
                self.variant(names, name, span)?
            }
            (ty, _) => {
                self.diagnostics.push(
                    Diagnostic::error(codes::TYPE_MISMATCH, span, "a pattern is a constant")
                        .here(format!("of {ty}, such as stands in quotes or is a number"))
                        .note("to compare with another value: `_ if value == other => …`"),
                );
                return None;
            }
        };
        let value = Typed::Scalar(value);
        self.note_value(span, &value);
        Some(Located { value, span })
    }

    pub(super) fn arm_condition(&mut self, operand: &Expr, subject: Span, arm: &Arm) -> Option<Expr> {
        let mut condition: Option<Expr> = None;
        for pattern in &arm.patterns {
            let matches = match self.pattern(operand, pattern)? {
                Located { value: Typed::Null, .. } => Expr {
                    ty: ScalarType::Bool,
                    nullable: false,
                    kind: ExprKind::IsNull(Box::new(operand.clone())),
                },
                located => {
                    let left = Located { value: Typed::Scalar(operand.clone()), span: subject };
                    let (left, right) = self.unify(left, located)?;
                    let nullable = left.nullable || right.nullable;
                    let kind = ExprKind::Compare(Comparison::Equal, Box::new(left), Box::new(right));
                    Expr { ty: ScalarType::Bool, nullable, kind }
                }
            };
            condition = Some(match condition {
                None => matches,
                Some(others) => {
                    let nullable = others.nullable || matches.nullable;
                    Expr {
                        ty: ScalarType::Bool,
                        nullable,
                        kind: ExprKind::Or(Box::new(others), Box::new(matches)),
                    }
                }
            });
        }
        let guard = match &arm.guard {
            Some(guard) => Some(self.predicate(guard)?),
            None => None,
        };
        Some(match (condition, guard) {
            (Some(condition), Some(guard)) => and(condition, guard),
            (Some(condition), None) => condition,
            (None, Some(guard)) => guard,
            (None, None) => Expr::constant(Value::Bool(true), ScalarType::Bool),
        })
    }
}

pub(super) fn choose(condition: Expr, then: Expr, otherwise: Expr) -> Expr {
    let nullable = then.nullable || otherwise.nullable;
    let ty = then.ty;
    let kind =
        ExprKind::If { condition: Box::new(condition), then: Box::new(then), otherwise: Box::new(otherwise) };
    Expr { ty, nullable, kind }
}

/// An arm of values alone is not taken by null.
fn takes_values(arm: &Arm) -> bool {
    !arm.patterns.is_empty() && !arm.patterns.iter().any(is_null)
}

fn is_null(pattern: &ast::Expr) -> bool {
    matches!(pattern.node, ast::ExprKind::Null)
}

/// What a pattern takes, as the file writes it. None: it is no value of an enum or bool.
pub(super) fn pattern_value(pattern: &ast::Expr) -> Option<String> {
    match &pattern.node {
        ast::ExprKind::Path(path) => path.last().cloned(),
        ast::ExprKind::String(text) => Some(text.clone()),
        ast::ExprKind::Bool(value) => Some(value.to_string()),
        ast::ExprKind::Null => Some("null".to_owned()),
        _ => None,
    }
}
