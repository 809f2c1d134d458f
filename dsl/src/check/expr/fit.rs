//! A value where a declared type is needed.

use super::Checker;
use super::instead::instead;
use crate::check::typed::{Located, RecordValue, Type, Typed, null_of};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::source::Span;
use tidegate_model::expr::{Each, EachFunction, Expr, ExprKind, Parameter};
use tidegate_model::text::{MICROS_PER_DAY, parse_base64, parse_date, parse_uuid};
use tidegate_model::value::write_decimal;
use tidegate_model::{Element, ScalarType, Value};

impl Checker<'_> {
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
            (Typed::List(items, _), Type::Scalar { ty: ScalarType::List(element), .. }) => {
                self.fit_list(items, **element, place).map(Typed::Scalar)
            }
            (Typed::Map(entries, _), Type::Scalar { ty: ScalarType::Map(map), .. }) => {
                self.fit_map(entries, map.key, map.value, place).map(Typed::Scalar)
            }
            // Empty braces are an empty record, and an empty map as well.
            (Typed::Record(record), Type::Scalar { ty: ScalarType::Map(map), .. })
                if record.fields.is_empty() =>
            {
                self.fit_map(Vec::new(), map.key, map.value, place).map(Typed::Scalar)
            }
            (Typed::Record(record), Type::Record { .. })
                if record.whole().is_some_and(|whole| {
                    let Expr { ty: is, nullable, .. } = whole;
                    Some(Element { ty: is, nullable }) == ty.element()
                }) =>
            {
                Some(Typed::Record(record))
            }
            (Typed::Scalar(expr), Type::Scalar { ty: target, nullable }) => {
                let expr = self.constant_of(expr, *target, span)?;
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
                    diagnostic = diagnostic.instead(span, instead(*target, &expr));
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
                        .note("give a value for that case: `… ?? …`; or declare the type nullable: `?`")
                        .note("or let only events go on that have one: `|> filter … is not null` in a step before"),
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
                        diagnostic = diagnostic.meant(&meant);
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

pub(super) fn widens(from: ScalarType, to: ScalarType) -> bool {
    use ScalarType::*;
    match (from, to) {
        (Int, Float | Decimal { .. }) => true,
        (Decimal { scale: from, .. }, Decimal { scale: to, .. }) => from <= to,
        (Enum(_), String) => true,
        (List(from), List(to)) => element_widens(from, to),
        (Map(from), Map(to)) => from.key == to.key && element_widens(&from.value, &to.value),
        (from, to) => same_values(from, to),
    }
}

fn element_widens(from: &Element, to: &Element) -> bool {
    let same =
        same_values(from.ty, to.ty) || (widens(from.ty, to.ty) && !matches!(from.ty, ScalarType::Record(_)));
    same && (to.nullable || !from.nullable)
}

/// Every value of one type is one of the other as it is: they differ in nothing but that more may be null.
pub(super) fn same_values(from: ScalarType, to: ScalarType) -> bool {
    use ScalarType::*;
    let fits = |from: &Element, to: &Element| same_values(from.ty, to.ty) && (to.nullable || !from.nullable);
    match (from, to) {
        (List(from), List(to)) => fits(from, to),
        (Map(from), Map(to)) => from.key == to.key && fits(&from.value, &to.value),
        (Record(from), Record(to)) => {
            from.fields.len() == to.fields.len()
                && from
                    .fields
                    .iter()
                    .zip(&to.fields)
                    .all(|(from, to)| from.name == to.name && fits(&from.element, &to.element))
        }
        (from, to) => from == to,
    }
}

/// A literal that is exactly a value of another type.
pub(super) fn constant(expr: &Expr, ty: ScalarType) -> Option<Value> {
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
        (Value::Decimal(digits), ScalarType::Float) => {
            let mut text = Vec::new();
            write_decimal(*digits, expr.ty.scale(), &mut text);
            Value::Float(std::str::from_utf8(&text).ok()?.parse().ok()?)
        }
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
        (Value::String(text), ScalarType::Enum(names)) if names.has(text) => value.clone(),
        (Value::String(text), ScalarType::Date) => Value::Date(parse_date(text)?),
        (Value::String(text), ScalarType::Uuid) => Value::Uuid(parse_uuid(text)?),
        (Value::String(text), ScalarType::Bytes) => Value::Bytes(parse_base64(text)?.into()),
        (Value::Timestamp(micros), ScalarType::Date) if micros % MICROS_PER_DAY == 0 => {
            Value::Date(micros / MICROS_PER_DAY)
        }
        (Value::List(values), ScalarType::List(to)) => {
            let ScalarType::List(from) = expr.ty else { return None };
            let widened = values.iter().map(|value| match value {
                Value::Null => to.nullable.then_some(Value::Null),
                value => constant(&Expr::constant(value.clone(), from.ty), to.ty),
            });
            Value::List(widened.collect::<Option<_>>()?)
        }
        (value, ty) if same_values(expr.ty, ty) && !value.is_null() => value.clone(),
        _ => return None,
    })
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
    if same_values(expr.ty, to) {
        return Expr { ty: to, ..expr };
    }
    if let Some(value) = constant(&expr, to) {
        return Expr::constant(value, to);
    }
    match (expr.ty, to) {
        (ScalarType::List(from), ScalarType::List(element)) => {
            each_cast(EachFunction::Map, expr, *from, element.ty, to)
        }
        (ScalarType::Map(from), ScalarType::Map(map)) => {
            each_cast(EachFunction::MapValues, expr, from.value, map.value.ty, to)
        }
        _ => Expr { ty: to, nullable: expr.nullable, kind: ExprKind::Cast(Box::new(expr)) },
    }
}

/// Each element as another type.
fn each_cast(function: EachFunction, over: Expr, from: Element, element: ScalarType, to: ScalarType) -> Expr {
    // Far from the numbers that the file's own `x => …` have, and another one for each level.
    const FIRST: usize = 1 << 20;
    let parameter = Parameter { number: FIRST + over.ty.depth(), name: "x".into() };
    let local = Expr { ty: from.ty, nullable: from.nullable, kind: ExprKind::Local(parameter.clone()) };
    let nullable = over.nullable;
    let call = Each { function, over, element: parameter, so_far: None, body: cast(local, element) };
    Expr { ty: to, nullable, kind: ExprKind::Each(Box::new(call)) }
}
