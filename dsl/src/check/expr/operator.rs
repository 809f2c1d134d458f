//! Operators: operands are brought to one type, where nothing can be lost.

use super::collection::is_collection;
use super::fit::{cast, constant, same_values};
use super::instead::{instead, together};
use super::{Checker, DECIMAL_DIGITS_MAX, SCALE_MAX, present_if};
use crate::ast::{self, BinaryOp, UnaryOp};
use crate::check::typed::{Located, RecordValue, Type, Typed, null_of, typed};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;
use tidegate_model::expr::{Arithmetic, Collection, Comparison, Expr, ExprKind};
use tidegate_model::{Element, ScalarType, Value};

impl Checker<'_> {
    pub(super) fn unary(&mut self, operator: UnaryOp, inner: &ast::Expr) -> Typed {
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

    pub(super) fn binary(&mut self, operator: BinaryOp, a: &ast::Expr, b: &ast::Expr, span: Span) -> Typed {
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
                // The second side matters only where the first has not decided.
                let a = self.predicate(a);
                let decided = operator == BinaryOp::And;
                let present = a.as_ref().map_or(Vec::new(), |known| present_if(known, decided));
                let b = self.where_present(present, |checker| checker.predicate(b));
                let (Some(a), Some(b)) = (a, b) else { return Typed::Wrong };
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

    pub(super) fn coalesce(&mut self, a: Located, b: Located) -> Typed {
        if let (Typed::Record(first), Typed::Record(_)) = (&a.value, &b.value) {
            // Of two records the first is taken as a whole or not at all.
            let Some(left) = first.together() else {
                return self.error(
                    codes::EMPTY_LITERAL,
                    a.span,
                    "a null in this record has no type of its own",
                );
            };
            let nullable = matches!(&b.value, Typed::Record(record) if record.presence.is_some());
            let ty = Type::of(Element { ty: left.ty, nullable });
            let span = b.span;
            let Some(right) = self.fit(b, &ty, Some(a.span)) else { return Typed::Wrong };
            let Some(right) = self.infer(Located { value: right, span }) else { return Typed::Wrong };
            let right = cast(right, left.ty);
            let ty = left.ty;
            let kind = ExprKind::Coalesce(Box::new(left), Box::new(right));
            return typed(Expr { ty, nullable, kind });
        }
        let Some((left, right)) = self.unify(a, b) else { return Typed::Wrong };
        let nullable = left.nullable && right.nullable;
        Typed::Scalar(Expr {
            ty: left.ty,
            nullable,
            kind: ExprKind::Coalesce(Box::new(left), Box::new(right)),
        })
    }

    pub(super) fn compare(
        &mut self,
        comparison: Comparison,
        a: &ast::Expr,
        b: &ast::Expr,
        span: Span,
    ) -> Option<Expr> {
        let (left, right) = (self.located(a), self.located(b));
        self.note_compared(&left.value, b);
        self.note_compared(&right.value, a);
        if left.value == Typed::Null || right.value == Typed::Null {
            let null_first = left.value == Typed::Null;
            let value = if null_first { b.span } else { a.span };
            let (asked, form) = match comparison {
                Comparison::NotEqual => ("whether this is there", "is not null"),
                _ => ("whether this is null", "is null"),
            };
            let diagnostic =
                Diagnostic::error(codes::TYPE_MISMATCH, span, "nothing is equal to null, not even null")
                    .because(value, format!("to ask {asked}, write `{form}` behind it"));
            let equals = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
            self.diagnostics.push(match equals && !null_first {
                true => diagnostic.compared_as(a.span, form),
                false => diagnostic,
            });
            return None;
        }
        let (left, right) = self.unify(left, right)?;
        if !left.ty.has_order() && !matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
            let message = match left.ty {
                ScalarType::Bool => "bools have no order".to_owned(),
                ScalarType::Enum(names) => format!("the values of the enum `{}` have no order", names.name),
                _ => "lists and maps have no order".to_owned(),
            };
            self.error(codes::TYPE_MISMATCH, span, message);
            return None;
        }
        let nullable = left.nullable || right.nullable;
        let kind = ExprKind::Compare(comparison, Box::new(left), Box::new(right));
        Some(Expr { ty: ScalarType::Bool, nullable, kind })
    }

    /// Two scalars of one type, widened where nothing is lost.
    pub(super) fn unify(&mut self, a: Located, b: Located) -> Option<(Expr, Expr)> {
        // An empty list learns from the other one what it is a list of.
        let (a, b) = match matches!(&a.value, Typed::List(items, _) if items.is_empty()) {
            true => {
                let b = self.literal_beside(b, &a.value)?;
                (self.literal_beside(a, &b.value)?, b)
            }
            false => {
                let a = self.literal_beside(a, &b.value)?;
                let b = self.literal_beside(b, &a.value)?;
                (a, b)
            }
        };
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
        let left = self.constant_of(left, right.ty, a.span)?;
        let right = self.constant_of(right, left.ty, b.span)?;
        let Some(common) = common_of(&left, &right) else {
            let diagnostic = Diagnostic::error(
                codes::TYPE_MISMATCH,
                b.span,
                format!("{} and {} do not go together", left.ty, right.ty),
            )
            .here(format!("this is {}", right.ty))
            .because(a.span, format!("this is {}", left.ty));
            self.diagnostics.push(match together(&left, &right) {
                Some((found, of_left)) => {
                    diagnostic.instead(if of_left { a.span } else { b.span }, Some(found))
                }
                None => diagnostic,
            });
            return None;
        };
        Some((cast(left, common), cast(right, common)))
    }

    /// A list or map as it is written takes its type from what it meets. Records that meet lists become one value.
    fn literal_beside(&mut self, value: Located, other: &Typed) -> Option<Located> {
        let span = value.span;
        let value = match (value.value, other) {
            (Typed::List(..) | Typed::Map(..), Typed::Wrong) => return None,
            (literal @ (Typed::List(..) | Typed::Map(..)), Typed::Scalar(other)) if other.ty.is_nested() => {
                let ty = Type::Scalar { ty: other.ty, nullable: true };
                match (&literal, other.ty) {
                    (Typed::List(..), ScalarType::List(_)) | (Typed::Map(..), ScalarType::Map(_)) => {
                        let element = Located { value: literal.clone(), span };
                        let told = self.diagnostics.len();
                        match self.fit(element, &ty, None) {
                            Some(fitted) => fitted,
                            // It may be of a wider type than the other: then that is widened.
                            None => {
                                let fitted = self.diagnostics.split_off(told);
                                match self.infer(Located { value: literal, span }) {
                                    Some(inferred) => Typed::Scalar(inferred),
                                    None => {
                                        self.diagnostics.truncate(told);
                                        self.diagnostics.extend(fitted);
                                        return None;
                                    }
                                }
                            }
                        }
                    }
                    _ => Typed::Scalar(self.infer(Located { value: literal, span })?),
                }
            }
            (literal @ (Typed::List(..) | Typed::Map(..)), _) => {
                Typed::Scalar(self.infer(Located { value: literal, span })?)
            }
            (Typed::Record(record), Typed::Scalar(other))
                if record.fields.is_empty() && matches!(other.ty, ScalarType::Map(_)) =>
            {
                let ty = Type::Scalar { ty: other.ty, nullable: false };
                self.fit(Located { value: Typed::Record(record), span }, &ty, None)?
            }
            (value, _) => value,
        };
        Some(Located { value, span })
    }

    pub(super) fn arithmetic(
        &mut self,
        operator: BinaryOp,
        a: &ast::Expr,
        b: &ast::Expr,
        span: Span,
    ) -> Typed {
        if operator == BinaryOp::Add
            && let Some(wrong) = self.added_text(a, b, span)
        {
            return wrong;
        }
        let (left, right) = (self.located(a), self.located(b));
        if operator == BinaryOp::Add && (is_collection(&left.value) || is_collection(&right.value)) {
            if left.value == Typed::Wrong || right.value == Typed::Wrong {
                return Typed::Wrong;
            }
            let sum = self.collection(Collection::Concat, "list + list", vec![left, right], span);
            return sum.map_or(Typed::Wrong, Typed::Scalar);
        }
        let (Some(left), Some(right)) = (self.as_scalar(left), self.as_scalar(right)) else {
            return Typed::Wrong;
        };
        let operation = match operator {
            BinaryOp::Add => Arithmetic::Add,
            BinaryOp::Subtract => Arithmetic::Subtract,
            BinaryOp::Multiply => Arithmetic::Multiply,
            BinaryOp::Divide => Arithmetic::Divide,
            _ => Arithmetic::Remainder,
        };
        if operation == Arithmetic::Divide
            && let (ExprKind::Const(Value::Int(over)), ExprKind::Const(Value::Int(under))) =
                (&left.kind, &right.kind)
            && *under != 0
            && over % under != 0
        {
            let message = format!("whole numbers divide towards zero: this is {}", over / under);
            self.diagnostics.push(
                Diagnostic::error(codes::TYPE_MISMATCH, span, message)
                    .note(format!("with a point it is a decimal: `{over}.0 / {under}`"))
                    .mended_by(a.span, format!("{over}.0")),
            );
            return Typed::Wrong;
        }
        use ScalarType::*;
        let nullable = left.nullable || right.nullable;
        let plain = matches!(operation, Arithmetic::Add | Arithmetic::Subtract);
        let (ty, left, right) = match (left.ty, right.ty) {
            (Timestamp, Duration) | (Duration, Duration) if plain => (left.ty, left, right),
            (Timestamp, Timestamp) if operation == Arithmetic::Subtract => (Duration, left, right),
            (Duration, Timestamp) if operation == Arithmetic::Add => (Timestamp, left, right),
            (Int | Float | Decimal { .. }, Int | Float | Decimal { .. }) => {
                let Some(common) = common_of(&left, &right) else {
                    let message = format!("{} and {} do not go together", left.ty, right.ty);
                    let mut diagnostic = Diagnostic::error(codes::TYPE_MISMATCH, span, message);
                    diagnostic = diagnostic.instead(span, together(&left, &right).map(|(found, _)| found));
                    self.diagnostics.push(diagnostic);
                    return Typed::Wrong;
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
            (String, _) | (_, String) if operation == Arithmetic::Add => {
                self.texts_are_not_added(&[a, b], span);
                return Typed::Wrong;
            }
            (left_type, right_type) => {
                let message = format!("{left_type} and {right_type} cannot be calculated with like this");
                let mut diagnostic = Diagnostic::error(codes::TYPE_MISMATCH, span, message);
                diagnostic = match (left_type, right_type) {
                    (Timestamp | Duration, Int) if plain => {
                        diagnostic.instead(b.span, instead(Duration, &right))
                    }
                    (Date, Int | Duration) if plain => diagnostic.note(
                        "days are added by `add_days(…, 1)`, which takes away a negative number of them",
                    ),
                    (Date, Date) if plain => {
                        diagnostic.note("how many days lie between two: `date_diff(\"day\", …, …)`")
                    }
                    (Int | Float | Decimal { .. }, String) => {
                        diagnostic.instead(b.span, instead(left_type, &right))
                    }
                    (String, Int | Float | Decimal { .. }) => {
                        diagnostic.instead(a.span, instead(right_type, &left))
                    }
                    _ => diagnostic,
                };
                self.diagnostics.push(diagnostic);
                return Typed::Wrong;
            }
        };
        Typed::Scalar(Expr {
            ty,
            nullable,
            kind: ExprKind::Arithmetic(operation, Box::new(left), Box::new(right)),
        })
    }

    pub(super) fn in_list(&mut self, value: &ast::Expr, items: &[ast::Expr], negated: bool) -> Typed {
        let located = self.located(value);
        let items: Vec<Located> = items.iter().map(|item| self.located(item)).collect();
        if located.value == Typed::Wrong || items.iter().any(|item| item.value == Typed::Wrong) {
            return Typed::Wrong;
        }
        if let [only] = &items[..]
            && let Some(found) = self.in_collection(&located, only)
        {
            return found
                .map_or(Typed::Wrong, |found| Typed::Scalar(if negated { not(found) } else { found }));
        }
        let Some(operand) = self.as_scalar(located.clone()) else { return Typed::Wrong };
        let mut values = Vec::new();
        for item in items {
            let operand_located = Located { value: Typed::Scalar(null_of(operand.ty)), span: value.span };
            let item_span = item.span;
            let Some((_, item_expr)) = self.unify(operand_located, item) else { return Typed::Wrong };
            match constant(&item_expr, operand.ty) {
                Some(constant) => values.push(constant),
                None => {
                    self.diagnostics.push(
                        Diagnostic::error(
                            codes::TYPE_MISMATCH,
                            item_span,
                            format!(
                                "`in` compares {} with constants that are exactly of this type",
                                operand.ty
                            ),
                        )
                        .note("to look among other values: `contains([…], …)`"),
                    );
                    return Typed::Wrong;
                }
            }
        }
        let nullable = operand.nullable;
        let found = Expr { ty: ScalarType::Bool, nullable, kind: ExprKind::In(Box::new(operand), values) };
        Typed::Scalar(if negated { not(found) } else { found })
    }

    /// `x in xs`, where `xs` is a list of what `x` is, or a map with such keys. None: it is neither.
    fn in_collection(&mut self, value: &Located, list: &Located) -> Option<Option<Expr>> {
        let ty = match &list.value {
            Typed::Scalar(list) => list.ty,
            Typed::List(..) => match self.infer(list.clone()) {
                Some(list) => list.ty,
                None => return Some(None),
            },
            _ => return None,
        };
        let (function, usage, arguments) = match ty {
            // `xs in [ys]` compares lists.
            ScalarType::List(element) => {
                let same = matches!(&value.value, Typed::Scalar(value) if value.ty == ty && element.ty != ty);
                if same {
                    return None;
                }
                (Collection::Contains, "x in list", vec![list.clone(), value.clone()])
            }
            ScalarType::Map(_) => (Collection::HasKey, "key in map", vec![list.clone(), value.clone()]),
            _ => return None,
        };
        Some(self.collection(function, usage, arguments, list.span))
    }

    pub(super) fn is_null(&mut self, value: &ast::Expr, negated: bool) -> Typed {
        let null = match self.check(value) {
            Typed::Scalar(scalar) => {
                Expr { ty: ScalarType::Bool, nullable: false, kind: ExprKind::IsNull(Box::new(scalar)) }
            }
            Typed::Record(RecordValue { presence: Some(presence), .. }) => {
                return Typed::Scalar(if negated { presence } else { not(presence) });
            }
            Typed::Record(_) => Expr::constant(Value::Bool(false), ScalarType::Bool),
            Typed::Null => Expr::constant(Value::Bool(true), ScalarType::Bool),
            Typed::List(..) | Typed::Map(..) => Expr::constant(Value::Bool(false), ScalarType::Bool),
            Typed::Wrong => return Typed::Wrong,
        };
        Typed::Scalar(if negated { not(null) } else { null })
    }
}

/// The type that both become without loss. A decimal literal is a float beside a float: `0.5` is read as it is written.
fn common_of(a: &Expr, b: &Expr) -> Option<ScalarType> {
    let literal = |expr: &Expr| matches!(expr.kind, ExprKind::Const(_));
    common_with_literals((a.ty, literal(a)), (b.ty, literal(b)))
}

/// As [`common_of`], of types and whether each is that of a literal.
pub(super) fn common_with_literals(a: (ScalarType, bool), b: (ScalarType, bool)) -> Option<ScalarType> {
    match (a, b) {
        ((ScalarType::Float, _), (ScalarType::Decimal { .. }, true))
        | ((ScalarType::Decimal { .. }, true), (ScalarType::Float, _)) => Some(ScalarType::Float),
        _ => common_type(a.0, b.0),
    }
}

/// The type that both become without loss.
pub(super) fn common_type(a: ScalarType, b: ScalarType) -> Option<ScalarType> {
    use ScalarType::*;
    Some(match (a, b) {
        (a, b) if a == b => a,
        (a, b) if same_values(a, b) => b,
        (a, b) if same_values(b, a) => a,
        (Enum(_), String) | (String, Enum(_)) => String,
        (List(a), List(b)) => ScalarType::list(common_type(a.ty, b.ty)?, a.nullable || b.nullable),
        (Int, Float) | (Float, Int) => Float,
        (Int, Decimal { .. }) => wide(b),
        (Decimal { .. }, Int) => wide(a),
        (Decimal { scale: x, .. }, Decimal { scale: y, .. }) => {
            Decimal { precision: DECIMAL_DIGITS_MAX, scale: x.max(y) }
        }
        _ => return None,
    })
}

pub(super) fn wide(ty: ScalarType) -> ScalarType {
    ScalarType::Decimal { precision: DECIMAL_DIGITS_MAX, scale: ty.scale() }
}

pub(super) fn as_decimal(expr: Expr) -> Expr {
    match expr.ty {
        ScalarType::Int => cast(expr, ScalarType::Decimal { precision: DECIMAL_DIGITS_MAX, scale: 0 }),
        _ => expr,
    }
}

pub(super) fn not(expr: Expr) -> Expr {
    Expr { ty: ScalarType::Bool, nullable: expr.nullable, kind: ExprKind::Not(Box::new(expr)) }
}

pub(crate) fn and(a: Expr, b: Expr) -> Expr {
    Expr {
        ty: ScalarType::Bool,
        nullable: a.nullable || b.nullable,
        kind: ExprKind::And(Box::new(a), Box::new(b)),
    }
}
