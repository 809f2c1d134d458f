//! From one type to another, exactly or not at all.

use super::{EvalError, Operand, RowErrors, each};
use crate::batch::Batch;
use tidegate_model::time::parse_rfc3339;
use tidegate_model::value::{parse_decimal, write_decimal};
use tidegate_model::{EventTime, ScalarType, Span, Value};

pub(super) fn apply(
    from: ScalarType,
    to: ScalarType,
    operand: Operand,
    batch: &Batch,
    selection: &[u32],
    errors: &mut RowErrors,
) -> Operand {
    if from == to {
        return operand;
    }
    each(to, batch, selection, errors, |row| {
        if operand.is_null(row) { Ok(Value::Null) } else { cast(&operand.value(row, from), from, to) }
    })
}

pub fn cast(value: &Value, from: ScalarType, to: ScalarType) -> Result<Value, EvalError> {
    Ok(match (value, to) {
        (value, ScalarType::String) => Value::String(text(value, from).into()),
        (Value::Int(value), ScalarType::Float) => Value::Float(*value as f64),
        (Value::Int(value), ScalarType::Decimal { scale, .. }) => {
            let factor = 10i128.checked_pow(u32::from(scale)).ok_or(EvalError::Overflow)?;
            Value::Decimal(i128::from(*value).checked_mul(factor).ok_or(EvalError::Overflow)?)
        }
        (Value::Int(value), ScalarType::Timestamp) => {
            Value::Timestamp(value.checked_mul(1000).ok_or(EvalError::Overflow)?)
        }
        (Value::Decimal(digits), ScalarType::Decimal { .. }) => Value::Decimal(rescale(*digits, from, to)?),
        (Value::Decimal(_), ScalarType::Float) => {
            Value::Float(text(value, from).parse().map_err(|_| bad(value, from, to))?)
        }
        (Value::Float(float), ScalarType::Decimal { scale, .. }) => {
            let digits = parse_decimal(float.to_string().as_bytes(), scale);
            Value::Decimal(digits.ok_or_else(|| EvalError::Inexact { to, text: float.to_string() })?)
        }
        (Value::String(string), to) => parse(string, to).ok_or_else(|| bad(value, from, to))?,
        _ => return Err(bad(value, from, to)),
    })
}

fn bad(value: &Value, from: ScalarType, to: ScalarType) -> EvalError {
    EvalError::BadCast { to, text: format!("{:?}", text(value, from)) }
}

fn rescale(digits: i128, from: ScalarType, to: ScalarType) -> Result<i128, EvalError> {
    let inexact = || EvalError::Inexact { to, text: text(&Value::Decimal(digits), from) };
    if to.scale() >= from.scale() {
        let factor = 10i128.checked_pow(u32::from(to.scale() - from.scale())).ok_or(EvalError::Overflow)?;
        return digits.checked_mul(factor).ok_or(EvalError::Overflow);
    }
    let factor = 10i128.pow(u32::from(from.scale() - to.scale()));
    if digits % factor == 0 { Ok(digits / factor) } else { Err(inexact()) }
}

fn parse(string: &str, to: ScalarType) -> Option<Value> {
    match to {
        ScalarType::Int => string.parse().ok().map(Value::Int),
        ScalarType::Float => string.parse().ok().map(Value::Float),
        ScalarType::Decimal { scale, .. } => parse_decimal(string.as_bytes(), scale).map(Value::Decimal),
        ScalarType::Bool => string.parse().ok().map(Value::Bool),
        ScalarType::Timestamp => parse_rfc3339(string.as_bytes()).map(|time| Value::Timestamp(time.micros())),
        ScalarType::String | ScalarType::Duration => None,
    }
}

/// A value as people write it; the decimal's scale is in its type.
pub fn text(value: &Value, ty: ScalarType) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::Decimal(value) => {
            let mut out = Vec::new();
            write_decimal(*value, ty.scale(), &mut out);
            String::from_utf8(out).expect("digits are ASCII")
        }
        Value::String(value) => value.to_string(),
        Value::Timestamp(value) => EventTime::from_micros(*value).to_string(),
        Value::Duration(value) => Span::from_micros(*value).to_string(),
    }
}
