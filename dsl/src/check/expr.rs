//! Expressions: names are resolved, every part gets its type, functions of the file are put in place.

use super::function::{AGGREGATES, FUNCTIONS, SPECIAL};
use super::typed::{Located, RecordValue, Type, Typed, null_of};
use crate::ast::{self, Arm, BinaryOp, FormatPart, RecordEntry, UnaryOp};
use crate::diagnostic::{Code, Diagnostic, codes, did_you_mean};
use crate::source::Span;
use std::collections::BTreeMap;
use tidegate_model::expr::{Arithmetic, Comparison, Expr, ExprKind};
use tidegate_model::{ScalarType, Value};

/// A function of the file.
pub(crate) struct FunctionDef {
    pub(crate) decl: ast::FunctionDecl,
    pub(crate) arguments: Vec<(String, Type)>,
    pub(crate) result: Type,
}

/// What expressions may name besides the event.
#[derive(Default)]
pub(crate) struct Globals {
    pub(crate) params: BTreeMap<String, Typed>,
    pub(crate) functions: BTreeMap<String, FunctionDef>,
}

/// Checks expressions over one kind of event.
pub(crate) struct Checker<'a> {
    pub(crate) globals: &'a Globals,
    pub(crate) diagnostics: &'a mut Vec<Diagnostic>,
    /// The event; None where there is none (params, test rows).
    pub(crate) it: Option<&'a RecordValue>,
    /// Arguments of the function that is being put in place.
    locals: Vec<(String, Typed)>,
    inside: Vec<String>,
}

const DECIMAL_DIGITS_MAX: u8 = 38;
const SCALE_MAX: u8 = 18;

impl<'a> Checker<'a> {
    pub(crate) fn new(
        globals: &'a Globals,
        diagnostics: &'a mut Vec<Diagnostic>,
        it: Option<&'a RecordValue>,
    ) -> Self {
        Checker { globals, diagnostics, it, locals: Vec::new(), inside: Vec::new() }
    }

    fn error(&mut self, code: Code, span: Span, message: impl Into<String>) -> Typed {
        self.diagnostics.push(Diagnostic::error(code, span, message));
        Typed::Wrong
    }

    /// A scalar of any type; None: something was wrong, and was said.
    pub(crate) fn scalar(&mut self, expr: &ast::Expr) -> Option<Expr> {
        match self.check(expr) {
            Typed::Scalar(scalar) => Some(scalar),
            Typed::Wrong => None,
            other => {
                let what = other.describe();
                self.error(
                    codes::TYPE_MISMATCH,
                    expr.span,
                    format!("a single value is needed here, not {what}"),
                );
                None
            }
        }
    }

    /// A bool; null counts as false.
    pub(crate) fn predicate(&mut self, expr: &ast::Expr) -> Option<Expr> {
        let scalar = self.scalar(expr)?;
        if scalar.ty == ScalarType::Bool {
            return Some(scalar);
        }
        let message = format!("a condition is needed here, not {}", scalar.ty);
        self.diagnostics.push(
            Diagnostic::error(codes::TYPE_MISMATCH, expr.span, message)
                .here("this must be a bool, such as `amount > 10`"),
        );
        None
    }

    pub(crate) fn check(&mut self, expr: &ast::Expr) -> Typed {
        let span = expr.span;
        let constant = |value, ty| Typed::Scalar(Expr::constant(value, ty));
        match &expr.node {
            ast::ExprKind::Int(value) => constant(Value::Int(*value), ScalarType::Int),
            ast::ExprKind::Decimal(digits, scale) => constant(
                Value::Decimal(*digits),
                ScalarType::Decimal { precision: DECIMAL_DIGITS_MAX, scale: *scale },
            ),
            ast::ExprKind::Float(value) => constant(Value::Float(*value), ScalarType::Float),
            ast::ExprKind::String(text) => constant(Value::String(text.as_str().into()), ScalarType::String),
            ast::ExprKind::Bool(value) => constant(Value::Bool(*value), ScalarType::Bool),
            ast::ExprKind::Duration(micros) => constant(Value::Duration(*micros), ScalarType::Duration),
            ast::ExprKind::Timestamp(micros) => constant(Value::Timestamp(*micros), ScalarType::Timestamp),
            ast::ExprKind::Null => Typed::Null,
            ast::ExprKind::Path(path) => self.path(path, span),
            ast::ExprKind::Call(name, arguments) => self.call(name, arguments, span),
            ast::ExprKind::Format(parts) => self.format(parts),
            ast::ExprKind::Record(entries) => self.record(entries),
            ast::ExprKind::If(condition, then, otherwise) => {
                let condition = self.predicate(condition);
                let (a, b) = (self.located(then), self.located(otherwise));
                match condition {
                    Some(condition) => self.branch(condition, a, b),
                    None => Typed::Wrong,
                }
            }
            ast::ExprKind::Match(subject, arms) => self.match_value(subject, arms, span),
            ast::ExprKind::Unary(operator, inner) => self.unary(*operator, inner),
            ast::ExprKind::Binary(operator, a, b) => self.binary(*operator, a, b, span),
            ast::ExprKind::In { value, list, negated } => self.in_list(value, list, *negated),
            ast::ExprKind::Between(value, low, high) => {
                let lower = self.compare(Comparison::GreaterOrEqual, value, low, span);
                let upper = self.compare(Comparison::LessOrEqual, value, high, span);
                match (lower, upper) {
                    (Some(lower), Some(upper)) => Typed::Scalar(and(lower, upper)),
                    _ => Typed::Wrong,
                }
            }
            ast::ExprKind::IsNull { value, negated } => self.is_null(value, *negated),
        }
    }

    fn located(&mut self, expr: &ast::Expr) -> Located {
        Located { value: self.check(expr), span: expr.span }
    }

    fn path(&mut self, path: &[String], span: Span) -> Typed {
        let (first, rest) = path.split_first().expect("a path has a name");
        let local = self.locals.iter().rev().find(|(name, _)| name == first).map(|(_, value)| value.clone());
        let in_function = !self.inside.is_empty();
        let mut value = if let Some(local) = local {
            local
        } else if in_function {
            // A function sees its arguments and the params, not the event that it happens to be used on.
            match self.globals.params.get(first) {
                Some(param) => param.clone(),
                None => return self.unknown(first, span, in_function),
            }
        } else if let Some(it) = self.it.filter(|_| first == "it") {
            Typed::Record(it.clone())
        } else if let Some(field) = self.it.and_then(|it| it.field(first)) {
            field.clone()
        } else if let Some(param) = self.globals.params.get(first) {
            param.clone()
        } else {
            return self.unknown(first, span, in_function);
        };
        for name in rest {
            value = match value {
                Typed::Record(record) => match record.field(name) {
                    Some(field) => field.clone(),
                    None => {
                        let names: Vec<&str> = record.fields.iter().map(|(name, _)| name.as_str()).collect();
                        let mut diagnostic = Diagnostic::error(
                            codes::UNKNOWN_NAME,
                            span,
                            format!("there is no field `{name}` in `{}`", path.join(".")),
                        )
                        .note(format!("its record has {}", list(&names)));
                        if let Some(meant) = did_you_mean(name, names) {
                            diagnostic = diagnostic.here(format!("did you mean `{meant}`?"));
                        }
                        self.diagnostics.push(diagnostic);
                        return Typed::Wrong;
                    }
                },
                Typed::Wrong => return Typed::Wrong,
                other => {
                    let message = format!("`{name}` cannot be a field of {}", other.describe());
                    return self.error(codes::NO_RECORD, span, message);
                }
            };
        }
        value
    }

    fn unknown(&mut self, name: &str, span: Span, in_function: bool) -> Typed {
        let mut names: Vec<&str> = self.locals.iter().map(|(name, _)| name.as_str()).collect();
        if !in_function {
            names.extend(self.it.iter().flat_map(|it| it.fields.iter().map(|(name, _)| name.as_str())));
        }
        let fields = names.clone();
        names.extend(self.globals.params.keys().map(String::as_str));
        let mut diagnostic =
            Diagnostic::error(codes::UNKNOWN_NAME, span, format!("there is no `{name}` here"));
        diagnostic = match did_you_mean(name, names) {
            Some(meant) => diagnostic.here(format!("did you mean `{meant}`?")),
            None if fields.is_empty() => diagnostic,
            None if in_function => diagnostic.note(format!("the function's arguments are {}", list(&fields))),
            None => diagnostic.note(format!("the event has {}", list(&fields))),
        };
        self.diagnostics.push(diagnostic);
        Typed::Wrong
    }

    fn format(&mut self, parts: &[FormatPart]) -> Typed {
        let mut exprs = Vec::new();
        let mut wrong = false;
        for part in parts {
            match part {
                FormatPart::Text(text) => {
                    exprs.push(Expr::constant(Value::String(text.as_str().into()), ScalarType::String));
                }
                FormatPart::Value(value) => match self.scalar(value) {
                    Some(scalar) => exprs.push(cast(scalar, ScalarType::String)),
                    None => wrong = true,
                },
            }
        }
        if wrong {
            return Typed::Wrong;
        }
        let nullable = exprs.iter().any(|part| part.nullable);
        Typed::Scalar(Expr { ty: ScalarType::String, nullable, kind: ExprKind::Concat(exprs) })
    }

    fn record(&mut self, entries: &[RecordEntry]) -> Typed {
        let mut record = RecordValue::default();
        let mut named: BTreeMap<&str, Span> = BTreeMap::new();
        let mut wrong = false;
        for entry in entries {
            match entry {
                RecordEntry::Spread(value) => match self.check(value) {
                    Typed::Record(spread) => {
                        spread.fields.into_iter().for_each(|(name, value)| record.set(&name, value))
                    }
                    Typed::Wrong => wrong = true,
                    other => {
                        let message = format!("only a record can be spread, not {}", other.describe());
                        self.error(codes::NO_RECORD, value.span, message);
                        wrong = true;
                    }
                },
                RecordEntry::Open => {}
                RecordEntry::Field(name, value) => {
                    if let Some(before) = named.insert(&name.node, name.span) {
                        self.diagnostics.push(
                            Diagnostic::error(
                                codes::DUPLICATE_NAME,
                                name.span,
                                format!("the field `{}` is there twice", name.node),
                            )
                            .because(before, "first here"),
                        );
                    }
                    let value = self.check(value);
                    wrong |= value == Typed::Wrong;
                    record.set(&name.node, value);
                }
            }
        }
        if wrong { Typed::Wrong } else { Typed::Record(record) }
    }

    fn unary(&mut self, operator: UnaryOp, inner: &ast::Expr) -> Typed {
        if operator == UnaryOp::Not {
            return match self.predicate(inner) {
                Some(inner) => Typed::Scalar(not(inner)),
                None => Typed::Wrong,
            };
        }
        let Some(value) = self.scalar(inner) else { return Typed::Wrong };
        if !matches!(
            value.ty,
            ScalarType::Int | ScalarType::Float | ScalarType::Decimal { .. } | ScalarType::Duration
        ) {
            return self.error(codes::TYPE_MISMATCH, inner.span, format!("{} has no sign", value.ty));
        }
        let folded = match &value.kind {
            ExprKind::Const(Value::Int(number)) => number.checked_neg().map(Value::Int),
            ExprKind::Const(Value::Decimal(number)) => number.checked_neg().map(Value::Decimal),
            ExprKind::Const(Value::Float(number)) => Some(Value::Float(-number)),
            _ => None,
        };
        Typed::Scalar(match folded {
            Some(folded) => Expr::constant(folded, value.ty),
            None => Expr { ty: value.ty, nullable: value.nullable, kind: ExprKind::Negate(Box::new(value)) },
        })
    }

    fn binary(&mut self, operator: BinaryOp, a: &ast::Expr, b: &ast::Expr, span: Span) -> Typed {
        let comparison = match operator {
            BinaryOp::Equal => Some(Comparison::Equal),
            BinaryOp::NotEqual => Some(Comparison::NotEqual),
            BinaryOp::Less => Some(Comparison::Less),
            BinaryOp::LessOrEqual => Some(Comparison::LessOrEqual),
            BinaryOp::Greater => Some(Comparison::Greater),
            BinaryOp::GreaterOrEqual => Some(Comparison::GreaterOrEqual),
            _ => None,
        };
        if let Some(comparison) = comparison {
            return self.compare(comparison, a, b, span).map_or(Typed::Wrong, Typed::Scalar);
        }
        match operator {
            BinaryOp::And | BinaryOp::Or => {
                let (Some(a), Some(b)) = (self.predicate(a), self.predicate(b)) else { return Typed::Wrong };
                let nullable = a.nullable || b.nullable;
                let (a, b) = (Box::new(a), Box::new(b));
                let kind = if operator == BinaryOp::And { ExprKind::And(a, b) } else { ExprKind::Or(a, b) };
                Typed::Scalar(Expr { ty: ScalarType::Bool, nullable, kind })
            }
            BinaryOp::Coalesce => {
                let (a, b) = (self.located(a), self.located(b));
                self.coalesce(a, b)
            }
            _ => self.arithmetic(operator, a, b, span),
        }
    }

    fn coalesce(&mut self, a: Located, b: Located) -> Typed {
        let Some((left, right)) = self.unify(a, b) else { return Typed::Wrong };
        let nullable = left.nullable && right.nullable;
        Typed::Scalar(Expr {
            ty: left.ty,
            nullable,
            kind: ExprKind::Coalesce(Box::new(left), Box::new(right)),
        })
    }

    fn compare(&mut self, comparison: Comparison, a: &ast::Expr, b: &ast::Expr, span: Span) -> Option<Expr> {
        let (left, right) = (self.located(a), self.located(b));
        if left.value == Typed::Null || right.value == Typed::Null {
            let value = if left.value == Typed::Null { b.span } else { a.span };
            self.diagnostics.push(
                Diagnostic::error(codes::TYPE_MISMATCH, span, "nothing is equal to null, not even null")
                    .because(value, "to ask whether this is null, write `is null` behind it"),
            );
            return None;
        }
        let (left, right) = self.unify(left, right)?;
        if left.ty == ScalarType::Bool && !matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
            self.error(codes::TYPE_MISMATCH, span, "bools have no order");
            return None;
        }
        let nullable = left.nullable || right.nullable;
        let kind = ExprKind::Compare(comparison, Box::new(left), Box::new(right));
        Some(Expr { ty: ScalarType::Bool, nullable, kind })
    }

    /// Two scalars of one type, widened where nothing is lost.
    fn unify(&mut self, a: Located, b: Located) -> Option<(Expr, Expr)> {
        let (left, right) = match (a.value, b.value) {
            (Typed::Wrong, _) | (_, Typed::Wrong) => return None,
            (Typed::Scalar(left), Typed::Scalar(right)) => (left, right),
            (Typed::Scalar(left), Typed::Null) => {
                let right = null_of(left.ty);
                (left, right)
            }
            (Typed::Null, Typed::Scalar(right)) => (null_of(right.ty), right),
            (left, right) => {
                let message = format!("{} and {} do not go together", left.describe(), right.describe());
                self.error(codes::TYPE_MISMATCH, a.span.to(b.span), message);
                return None;
            }
        };
        let Some(common) = common_type(left.ty, right.ty) else {
            let mut diagnostic = Diagnostic::error(
                codes::TYPE_MISMATCH,
                b.span,
                format!("{} and {} do not go together", left.ty, right.ty),
            )
            .here(format!("this is {}", right.ty))
            .because(a.span, format!("this is {}", left.ty));
            if let Some(mend) = mend(left.ty, &right).or_else(|| mend(right.ty, &left)) {
                diagnostic = diagnostic.note(mend);
            }
            self.diagnostics.push(diagnostic);
            return None;
        };
        Some((cast(left, common), cast(right, common)))
    }

    fn arithmetic(&mut self, operator: BinaryOp, a: &ast::Expr, b: &ast::Expr, span: Span) -> Typed {
        let (Some(left), Some(right)) = (self.scalar(a), self.scalar(b)) else { return Typed::Wrong };
        let operation = match operator {
            BinaryOp::Add => Arithmetic::Add,
            BinaryOp::Subtract => Arithmetic::Subtract,
            BinaryOp::Multiply => Arithmetic::Multiply,
            BinaryOp::Divide => Arithmetic::Divide,
            _ => Arithmetic::Remainder,
        };
        use ScalarType::*;
        let nullable = left.nullable || right.nullable;
        let plain = matches!(operation, Arithmetic::Add | Arithmetic::Subtract);
        let (ty, left, right) = match (left.ty, right.ty) {
            (Timestamp, Duration) | (Duration, Duration) if plain => (left.ty, left, right),
            (Timestamp, Timestamp) if operation == Arithmetic::Subtract => (Duration, left, right),
            (Duration, Timestamp) if operation == Arithmetic::Add => (Timestamp, left, right),
            (Int | Float | Decimal { .. }, Int | Float | Decimal { .. }) => {
                let Some(common) = common_type(left.ty, right.ty) else {
                    let message = format!("{} and {} do not go together", left.ty, right.ty);
                    return self.error(codes::TYPE_MISMATCH, span, message);
                };
                match (common, operation) {
                    (Decimal { .. }, Arithmetic::Multiply | Arithmetic::Divide) => {
                        let (left, right) = (as_decimal(left), as_decimal(right));
                        let scale = match operation {
                            Arithmetic::Multiply => left.ty.scale() + right.ty.scale(),
                            _ => (left.ty.scale() + 4).max(right.ty.scale()).min(SCALE_MAX),
                        };
                        if scale > SCALE_MAX {
                            let message = format!(
                                "the product would have {scale} digits behind the point, and {SCALE_MAX} is the most"
                            );
                            return self.error(codes::TYPE_MISMATCH, span, message);
                        }
                        (Decimal { precision: DECIMAL_DIGITS_MAX, scale }, left, right)
                    }
                    (Decimal { scale, .. }, _) => {
                        let ty = Decimal { precision: DECIMAL_DIGITS_MAX, scale };
                        (ty, cast(left, ty), cast(right, ty))
                    }
                    _ => (common, cast(left, common), cast(right, common)),
                }
            }
            (String, String) if operation == Arithmetic::Add => {
                self.diagnostics.push(
                    Diagnostic::error(codes::TYPE_MISMATCH, span, "strings are not added")
                        .note("put them together in one: `f\"{a}{b}\"`"),
                );
                return Typed::Wrong;
            }
            (left, right) => {
                let message = format!("{left} and {right} cannot be calculated with like this");
                return self.error(codes::TYPE_MISMATCH, span, message);
            }
        };
        Typed::Scalar(Expr {
            ty,
            nullable,
            kind: ExprKind::Arithmetic(operation, Box::new(left), Box::new(right)),
        })
    }

    fn in_list(&mut self, value: &ast::Expr, items: &[ast::Expr], negated: bool) -> Typed {
        let Some(operand) = self.scalar(value) else { return Typed::Wrong };
        let mut values = Vec::new();
        for item in items {
            let item_typed = self.located(item);
            let operand_located = Located { value: Typed::Scalar(null_of(operand.ty)), span: value.span };
            let Some((_, item_expr)) = self.unify(operand_located, item_typed) else { return Typed::Wrong };
            match constant(&item_expr, operand.ty) {
                Some(constant) => values.push(constant),
                None => {
                    let message =
                        format!("`in` compares {} with constants that are exactly of this type", operand.ty);
                    return self.error(codes::TYPE_MISMATCH, item.span, message);
                }
            }
        }
        let nullable = operand.nullable;
        let found = Expr { ty: ScalarType::Bool, nullable, kind: ExprKind::In(Box::new(operand), values) };
        Typed::Scalar(if negated { not(found) } else { found })
    }

    fn is_null(&mut self, value: &ast::Expr, negated: bool) -> Typed {
        let null = match self.check(value) {
            Typed::Scalar(scalar) => {
                Expr { ty: ScalarType::Bool, nullable: false, kind: ExprKind::IsNull(Box::new(scalar)) }
            }
            Typed::Record(RecordValue { presence: Some(presence), .. }) => not(presence),
            Typed::Record(_) => Expr::constant(Value::Bool(false), ScalarType::Bool),
            Typed::Null => Expr::constant(Value::Bool(true), ScalarType::Bool),
            Typed::Wrong => return Typed::Wrong,
        };
        Typed::Scalar(if negated { not(null) } else { null })
    }

    /// `condition ? a : b`, for scalars and for records field by field.
    fn branch(&mut self, condition: Expr, a: Located, b: Located) -> Typed {
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

    fn match_value(&mut self, subject: &ast::Expr, arms: &[Arm], span: Span) -> Typed {
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
        let last_is_open = arms.last().is_some_and(|arm| arm.patterns.is_empty() && arm.guard.is_none());
        if !last_is_open {
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
        let operand = self.scalar(subject)?;
        let mut conditions: Vec<Expr> = Vec::new();
        for arm in arms {
            conditions.push(self.arm_condition(&operand, subject.span, arm)?);
        }
        let mut value: Option<Located> = None;
        let mut kept: Option<Expr> = None;
        let drops = arms.iter().any(|arm| arm.value.is_none());
        for (arm, condition) in arms.iter().zip(conditions).rev() {
            let keeps = Expr::constant(Value::Bool(arm.value.is_some()), ScalarType::Bool);
            kept = Some(match kept {
                None => keeps,
                Some(otherwise) => choose(condition.clone(), keeps, otherwise),
            });
            let Some(result) = &arm.value else { continue };
            let result = self.located(result);
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

    fn arm_condition(&mut self, operand: &Expr, subject: Span, arm: &Arm) -> Option<Expr> {
        let mut condition: Option<Expr> = None;
        for pattern in &arm.patterns {
            let matches = match self.located(pattern) {
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

    fn call(&mut self, name: &ast::Name, arguments: &[ast::Expr], span: Span) -> Typed {
        if self.globals.functions.contains_key(&name.node) {
            return self.inline(name, arguments);
        }
        if AGGREGATES.contains(&name.node.as_str()) {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::AGGREGATE_PLACE,
                    name.span,
                    format!("`{}` looks at many events, and this place has one", name.node),
                )
                .note(
                    "it stands in `aggregate { … }` or `rolling … { … }`, alone on the right side of a field",
                ),
            );
            return Typed::Wrong;
        }
        let located: Vec<Located> = arguments.iter().map(|argument| self.located(argument)).collect();
        if located.iter().any(|argument| argument.value == Typed::Wrong) {
            return Typed::Wrong;
        }
        if SPECIAL.contains(&name.node.as_str()) {
            return self.special(name, located, span);
        }
        let Some(signature) = FUNCTIONS.iter().find(|signature| signature.name == name.node) else {
            let names = FUNCTIONS.iter().map(|signature| signature.name).chain(SPECIAL);
            let names = names.chain(self.globals.functions.keys().map(String::as_str));
            let mut diagnostic = Diagnostic::error(
                codes::UNKNOWN_NAME,
                name.span,
                format!("there is no function `{}`", name.node),
            );
            if let Some(meant) = did_you_mean(&name.node, names) {
                diagnostic = diagnostic.here(format!("did you mean `{meant}`?"));
            }
            self.diagnostics.push(diagnostic);
            return Typed::Wrong;
        };
        let takes: Vec<&str> = signature.takes.iter().map(|takes| takes.name()).collect();
        let usage = format!("`{}` takes ({})", signature.name, takes.join(", "));
        if located.len() != signature.takes.len() {
            let message = format!("{usage}, and is given {}", located.len());
            return self.error(codes::BAD_ARGUMENTS, span, message);
        }
        let mut exprs = Vec::new();
        for (argument, takes) in located.into_iter().zip(signature.takes) {
            match argument.value {
                Typed::Scalar(expr) if takes.accepts(expr.ty) => exprs.push(expr),
                other => {
                    let message = format!("{usage}, and this is {}", other.describe());
                    return self.error(codes::BAD_ARGUMENTS, argument.span, message);
                }
            }
        }
        let ty = signature.gives.ty(exprs.first().map(|expr| expr.ty));
        let nullable = exprs.iter().any(|expr| expr.nullable);
        Typed::Scalar(Expr { ty, nullable, kind: ExprKind::Call(signature.function, exprs) })
    }

    fn special(&mut self, name: &ast::Name, arguments: Vec<Located>, span: Span) -> Typed {
        if name.node == "coalesce" {
            let mut arguments = arguments.into_iter();
            let Some(mut first) = arguments.next() else {
                return self.error(codes::BAD_ARGUMENTS, span, "`coalesce` takes at least one value");
            };
            for next in arguments {
                let span = first.span.to(next.span);
                first = Located { value: self.coalesce(first, next), span };
            }
            return first.value;
        }
        let to = match name.node.as_str() {
            "int" => ScalarType::Int,
            "float" => ScalarType::Float,
            "string" => ScalarType::String,
            _ => ScalarType::Timestamp,
        };
        match &arguments[..] {
            [Located { value: Typed::Scalar(expr), .. }] if tidegate_model::expr::can_cast(expr.ty, to) => {
                Typed::Scalar(cast(expr.clone(), to))
            }
            [only] => {
                let message = format!("{} cannot become {to}", only.value.describe());
                self.error(codes::BAD_ARGUMENTS, only.span, message)
            }
            _ => self.error(codes::BAD_ARGUMENTS, span, format!("`{}` takes one value", name.node)),
        }
    }

    /// Puts a function of the file in place of its call.
    fn inline(&mut self, name: &ast::Name, arguments: &[ast::Expr]) -> Typed {
        let globals = self.globals;
        let function = &globals.functions[&name.node];
        if self.inside.contains(&name.node) {
            self.diagnostics.push(
                Diagnostic::error(codes::CYCLE, name.span, format!("`{}` calls itself", name.node))
                    .because(function.decl.name.span, "declared here"),
            );
            return Typed::Wrong;
        }
        if arguments.len() != function.arguments.len() {
            let message = format!(
                "`{}` takes {} arguments, and is given {}",
                name.node,
                function.arguments.len(),
                arguments.len()
            );
            self.diagnostics.push(
                Diagnostic::error(codes::BAD_ARGUMENTS, name.span, message)
                    .because(function.decl.name.span, "declared here"),
            );
            return Typed::Wrong;
        }
        let mut locals = Vec::new();
        for (argument, (local, ty)) in arguments.iter().zip(&function.arguments) {
            let mut value = self.located(argument);
            if let (Typed::Record(record), Type::Record { fields, .. }) = (&mut value.value, ty) {
                // An event may have more fields than the function asks for.
                record.fields.retain(|(name, _)| fields.iter().any(|(field, _)| field == name));
            }
            let declared = function.decl.arguments.iter().find(|decl| decl.name.node == *local);
            let place = declared.map_or(name.span, |decl| decl.ty.span);
            match self.fit(value, ty, Some(place)) {
                Some(value) => locals.push((local.clone(), value)),
                None => return Typed::Wrong,
            }
        }
        let outer = std::mem::replace(&mut self.locals, locals);
        self.inside.push(name.node.clone());
        let told = self.diagnostics.len();
        let value = self.located(&function.decl.body);
        let value = self.fit(value, &function.result, Some(function.decl.result.span));
        // What is wrong with the body is told where it is declared; only a cycle shows first from here.
        let cycles =
            self.diagnostics.split_off(told).into_iter().filter(|diagnostic| diagnostic.code == codes::CYCLE);
        self.diagnostics.extend(cycles);
        self.inside.pop();
        self.locals = outer;
        value.unwrap_or(Typed::Wrong)
    }

    /// Checks a function's body by itself, with arguments of its declared types.
    pub(crate) fn body(&mut self, function: &FunctionDef) {
        let mut next = 0;
        self.locals =
            function.arguments.iter().map(|(name, ty)| (name.clone(), sample(ty, &mut next))).collect();
        self.inside.push(function.decl.name.node.clone());
        let value = self.located(&function.decl.body);
        self.fit(value, &function.result, Some(function.decl.result.span));
        self.inside.pop();
        self.locals.clear();
    }

    /// A value as a declared type: widened where nothing is lost, a record in the type's order. `place`: where the type was declared.
    pub(crate) fn fit(&mut self, value: Located, ty: &Type, place: Option<Span>) -> Option<Typed> {
        let span = value.span;
        let complain = |diagnostic: Diagnostic| match place {
            Some(place) if place != span => diagnostic.because(place, "declared here"),
            _ => diagnostic,
        };
        match (value.value, ty) {
            (Typed::Wrong, _) | (_, Type::Wrong) => None,
            (Typed::Null, Type::Scalar { ty, nullable: true }) => Some(Typed::Scalar(null_of(*ty))),
            (Typed::Scalar(expr), Type::Scalar { ty: target, nullable }) => {
                let literal = constant(&expr, *target);
                if literal.is_none() && !widens(expr.ty, *target) {
                    let mut diagnostic = complain(
                        Diagnostic::error(
                            codes::TYPE_MISMATCH,
                            span,
                            format!("{target} is needed here, not {}", expr.ty),
                        )
                        .here(format!("this is {}", expr.ty)),
                    );
                    if let Some(mend) = mend(*target, &expr) {
                        diagnostic = diagnostic.note(mend);
                    }
                    self.diagnostics.push(diagnostic);
                    return None;
                }
                if expr.nullable && !nullable {
                    self.diagnostics.push(complain(
                        Diagnostic::error(
                            codes::NOT_NULLABLE,
                            span,
                            format!("this may be null, and {target} is needed"),
                        )
                        .note("give a value for that case: `… ?? …`; or declare the type nullable: `?`"),
                    ));
                    return None;
                }
                Some(Typed::Scalar(match literal {
                    Some(literal) => Expr::constant(literal, *target),
                    None => cast(expr, *target),
                }))
            }
            (Typed::Record(record), Type::Record { fields, nullable }) => {
                if record.presence.is_some() && !nullable {
                    self.diagnostics.push(complain(Diagnostic::error(
                        codes::NOT_NULLABLE,
                        span,
                        "this record may be null, and one that is there is needed",
                    )));
                    return None;
                }
                let mut fitted = RecordValue { fields: Vec::new(), presence: record.presence.clone() };
                if *nullable && fitted.presence.is_none() {
                    fitted.presence = Some(Expr::constant(Value::Bool(true), ScalarType::Bool));
                }
                for (name, ty) in fields {
                    let value = match (record.field(name), ty) {
                        (Some(value), _) => value.clone(),
                        (None, Type::Scalar { nullable: true, .. }) => Typed::Null,
                        (None, _) => {
                            self.diagnostics.push(complain(
                                Diagnostic::error(
                                    codes::BAD_FIELDS,
                                    span,
                                    format!("the field `{name}` is missing"),
                                )
                                .here(format!("`{name}: {}` is needed", ty.name())),
                            ));
                            return None;
                        }
                    };
                    fitted.fields.push((name.clone(), self.fit(Located { value, span }, ty, place)?));
                }
                if let Some((extra, _)) =
                    record.fields.iter().find(|(name, _)| fields.iter().all(|(field, _)| field != name))
                {
                    let mut diagnostic = complain(Diagnostic::error(
                        codes::BAD_FIELDS,
                        span,
                        format!("there is no field `{extra}` in this type"),
                    ));
                    if let Some(meant) = did_you_mean(extra, fields.iter().map(|(name, _)| name.as_str())) {
                        diagnostic = diagnostic.here(format!("did you mean `{meant}`?"));
                    }
                    self.diagnostics.push(diagnostic);
                    return None;
                }
                Some(Typed::Record(fitted))
            }
            (value, ty) => {
                let message = format!("{} is needed here, not {}", ty.name(), value.describe());
                self.diagnostics.push(complain(Diagnostic::error(codes::TYPE_MISMATCH, span, message)));
                None
            }
        }
    }
}

/// A value of a type about which nothing else is known.
fn sample(ty: &Type, next: &mut usize) -> Typed {
    let mut column = |ty, nullable| {
        *next += 1;
        Expr::column(*next - 1, ty, nullable)
    };
    match ty {
        Type::Scalar { ty, nullable } => Typed::Scalar(column(*ty, *nullable)),
        Type::Record { fields, nullable } => {
            let presence = nullable.then(|| column(ScalarType::Bool, false));
            let fields = fields.iter().map(|(name, ty)| (name.clone(), sample(ty, next))).collect();
            Typed::Record(RecordValue { fields, presence })
        }
        Type::Wrong => Typed::Wrong,
    }
}

/// `a, b and c`, at most a dozen.
pub(crate) fn list(names: &[&str]) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// The type that both become without loss.
fn common_type(a: ScalarType, b: ScalarType) -> Option<ScalarType> {
    use ScalarType::*;
    Some(match (a, b) {
        (a, b) if a == b => a,
        (Int, Float) | (Float, Int) => Float,
        (Int, Decimal { .. }) => wide(b),
        (Decimal { .. }, Int) => wide(a),
        (Decimal { scale: x, .. }, Decimal { scale: y, .. }) => {
            Decimal { precision: DECIMAL_DIGITS_MAX, scale: x.max(y) }
        }
        _ => return None,
    })
}

fn wide(ty: ScalarType) -> ScalarType {
    ScalarType::Decimal { precision: DECIMAL_DIGITS_MAX, scale: ty.scale() }
}

fn as_decimal(expr: Expr) -> Expr {
    match expr.ty {
        ScalarType::Int => cast(expr, ScalarType::Decimal { precision: DECIMAL_DIGITS_MAX, scale: 0 }),
        _ => expr,
    }
}

fn widens(from: ScalarType, to: ScalarType) -> bool {
    use ScalarType::*;
    match (from, to) {
        (Int, Float | Decimal { .. }) => true,
        (Decimal { scale: from, .. }, Decimal { scale: to, .. }) => from <= to,
        (from, to) => from == to,
    }
}

/// A literal that is exactly a value of another type.
fn constant(expr: &Expr, ty: ScalarType) -> Option<Value> {
    let value = match &expr.kind {
        ExprKind::Const(value) => value,
        ExprKind::Cast(inner) => return constant(inner, ty),
        _ => return None,
    };
    Some(match (value, ty) {
        (Value::Int(number), ScalarType::Decimal { scale, .. }) => {
            Value::Decimal(i128::from(*number).checked_mul(10i128.pow(u32::from(scale)))?)
        }
        (Value::Int(number), ScalarType::Float) => Value::Float(*number as f64),
        (Value::Decimal(digits), ScalarType::Decimal { scale, .. }) => {
            let from = expr.ty.scale();
            if scale >= from {
                Value::Decimal(digits.checked_mul(10i128.pow(u32::from(scale - from)))?)
            } else {
                let factor = 10i128.pow(u32::from(from - scale));
                if digits % factor != 0 {
                    return None;
                }
                Value::Decimal(digits / factor)
            }
        }
        (value, ty) if expr.ty == ty && !value.is_null() => value.clone(),
        _ => return None,
    })
}

/// What to write where a value of one type stands for another.
fn mend(needed: ScalarType, given: &Expr) -> Option<String> {
    match (needed, given.ty, &given.kind) {
        (ScalarType::Timestamp, ScalarType::String, ExprKind::Const(Value::String(text))) => {
            Some(format!("a time is written `@{text}`"))
        }
        (ScalarType::Int | ScalarType::Float | ScalarType::Timestamp, ScalarType::String, _) => {
            Some(format!("to read it from text: `{needed}(…)`"))
        }
        (ScalarType::String, _, _) => Some("as text: `string(…)` or `f\"{…}\"`".to_owned()),
        (ScalarType::Decimal { .. }, ScalarType::Float, _) => {
            Some("a float is not exact; keep money in decimals from the source on".to_owned())
        }
        (ScalarType::Float, ScalarType::Decimal { .. }, _) => {
            Some("decimals never become floats by themselves: `float(…)`".to_owned())
        }
        _ => None,
    }
}

pub(crate) fn cast(expr: Expr, to: ScalarType) -> Expr {
    if expr.ty == to {
        return expr;
    }
    if let (ScalarType::Decimal { scale: from, .. }, ScalarType::Decimal { scale, .. }) = (expr.ty, to)
        && from == scale
    {
        return Expr { ty: to, ..expr };
    }
    if let Some(value) = constant(&expr, to) {
        return Expr::constant(value, to);
    }
    Expr { ty: to, nullable: expr.nullable, kind: ExprKind::Cast(Box::new(expr)) }
}

fn not(expr: Expr) -> Expr {
    Expr { ty: ScalarType::Bool, nullable: expr.nullable, kind: ExprKind::Not(Box::new(expr)) }
}

pub(crate) fn and(a: Expr, b: Expr) -> Expr {
    Expr {
        ty: ScalarType::Bool,
        nullable: a.nullable || b.nullable,
        kind: ExprKind::And(Box::new(a), Box::new(b)),
    }
}

fn choose(condition: Expr, then: Expr, otherwise: Expr) -> Expr {
    let nullable = then.nullable || otherwise.nullable;
    let ty = then.ty;
    let kind =
        ExprKind::If { condition: Box::new(condition), then: Box::new(then), otherwise: Box::new(otherwise) };
    Expr { ty, nullable, kind }
}
