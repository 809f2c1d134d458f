//! The built-in functions; what each takes and gives is written at [`Function`].

use super::EvalError;
use tidegate_model::expr::{Expr, Function};
use tidegate_model::time::civil_from_days;
use tidegate_model::{EventTime, ScalarType, Span, Value};

const MICROS_PER_SECOND: i64 = 1_000_000;

/// `values` are not null and of the arguments' types.
pub(super) fn call(function: Function, values: &[Value], arguments: &[Expr]) -> Result<Value, EvalError> {
    Ok(match (function, values) {
        (Function::Lower, [Value::String(text)]) => Value::String(text.to_lowercase().into()),
        (Function::Upper, [Value::String(text)]) => Value::String(text.to_uppercase().into()),
        (Function::Trim, [Value::String(text)]) => Value::String(text.trim().into()),
        (Function::Length, [Value::String(text)]) => Value::Int(text.chars().count() as i64),
        (Function::StartsWith, [Value::String(text), Value::String(part)]) => {
            Value::Bool(text.starts_with(&**part))
        }
        (Function::EndsWith, [Value::String(text), Value::String(part)]) => {
            Value::Bool(text.ends_with(&**part))
        }
        (Function::Contains, [Value::String(text), Value::String(part)]) => {
            Value::Bool(text.contains(&**part))
        }
        (Function::Substring, [Value::String(text), Value::Int(start), Value::Int(length)]) => {
            let start = usize::try_from((*start).max(0)).unwrap_or(usize::MAX);
            let length = usize::try_from((*length).max(0)).unwrap_or(usize::MAX);
            Value::String(text.chars().skip(start).take(length).collect::<String>().into())
        }
        (Function::Abs, [Value::Int(value)]) => Value::Int(value.checked_abs().ok_or(EvalError::Overflow)?),
        (Function::Abs, [Value::Float(value)]) => Value::Float(value.abs()),
        (Function::Abs, [Value::Decimal(value)]) => {
            Value::Decimal(value.checked_abs().ok_or(EvalError::Overflow)?)
        }
        (Function::Floor, [Value::Float(value)]) => whole(value.floor())?,
        (Function::Ceil, [Value::Float(value)]) => whole(value.ceil())?,
        (Function::Round, [Value::Float(value)]) => whole(value.round())?,
        (Function::Floor | Function::Ceil | Function::Round, [Value::Decimal(digits)]) => {
            let unit = 10i128.pow(u32::from(arguments[0].ty.scale()));
            let floor = digits.div_euclid(unit);
            let rest = digits.rem_euclid(unit);
            let up = match function {
                Function::Ceil => rest > 0,
                // Half away from zero: at exactly half only what is positive goes up.
                Function::Round => rest * 2 > unit || (rest * 2 == unit && *digits > 0),
                _ => false,
            };
            Value::Int(i64::try_from(floor + i128::from(up)).map_err(|_| EvalError::Overflow)?)
        }
        (Function::FloorTime, [Value::Timestamp(time), Value::Duration(step)]) => {
            if *step <= 0 {
                return Err(EvalError::DivisionByZero);
            }
            Value::Timestamp(EventTime::from_micros(*time).floor_to(Span::from_micros(*step)).micros())
        }
        (Function::EpochMillis, [Value::Timestamp(time)]) => {
            Value::Int(EventTime::from_micros(*time).millis())
        }
        (_, [Value::Timestamp(time)]) => Value::Int(calendar(function, *time)),
        _ => panic!(
            "the checker lets {function:?} have no {:?}",
            arguments.iter().map(|a| a.ty).collect::<Vec<ScalarType>>()
        ),
    })
}

fn whole(value: f64) -> Result<Value, EvalError> {
    // 2^63 is the first float that does not fit.
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value);
    if fits { Ok(Value::Int(value as i64)) } else { Err(EvalError::Overflow) }
}

fn calendar(function: Function, micros: i64) -> i64 {
    let seconds = micros.div_euclid(MICROS_PER_SECOND);
    let days = seconds.div_euclid(86_400);
    let second_of_day = seconds.rem_euclid(86_400);
    let (year, month, day) = civil_from_days(days);
    match function {
        Function::Year => year,
        Function::Month => i64::from(month),
        Function::Day => i64::from(day),
        Function::Hour => second_of_day / 3600,
        Function::Minute => second_of_day / 60 % 60,
        // 1970-01-01 was a Thursday, ISO weekday 4.
        Function::Weekday => (days + 3).rem_euclid(7) + 1,
        other => panic!("{other:?} is no part of a calendar date"),
    }
}
