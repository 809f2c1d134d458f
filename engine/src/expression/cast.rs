//! From one type to another, exactly or not at all.

use super::{EvalError, Operand, RowErrors, each_row};
use crate::batch::Batch;
use tidegate_model::text::{MICROS_PER_DAY, parse_base64, parse_date, parse_uuid};
use tidegate_model::time::parse_rfc3339;
use tidegate_model::value::{parse_decimal, text};
use tidegate_model::{ScalarType, Value};

pub(super) fn apply(
    from: ScalarType,
    to: ScalarType,
    operand: Operand,
    batch: &Batch,
    selection: &[u32],
    errors: &mut RowErrors,
) -> Operand {
    // An enum's value is held as its name.
    if from == to || matches!((from, to), (ScalarType::Enum(_), ScalarType::String)) {
        return operand;
    }
    each_row(to, batch, selection, errors, |row| {
        if operand.is_null(row) { Ok(Value::Null) } else { cast(&operand.value(row, from), from, to) }
    })
}

pub fn cast(value: &Value, from: ScalarType, to: ScalarType) -> Result<Value, EvalError> {
    Ok(match (value, to) {
        (value, ScalarType::String) => Value::String(text(value, from).into()),
        (Value::Timestamp(micros), ScalarType::Date) => Value::Date(micros.div_euclid(MICROS_PER_DAY)),
        (Value::Date(days), ScalarType::Timestamp) => {
            Value::Timestamp(days.checked_mul(MICROS_PER_DAY).ok_or(EvalError::Overflow)?)
        }
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
        ScalarType::Date => parse_date(string).map(Value::Date),
        ScalarType::Uuid => parse_uuid(string).map(Value::Uuid),
        ScalarType::Bytes => parse_base64(string).map(|bytes| Value::Bytes(bytes.into())),
        ScalarType::Enum(names) => names.has(string).then(|| Value::String(string.into())),
        ScalarType::String | ScalarType::Duration => None,
        ScalarType::List(_) | ScalarType::Map(_) | ScalarType::Record(_) => None,
    }
}
