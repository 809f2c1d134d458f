//! Rounding to a number of digits behind the point.

use crate::arguments::{Arguments, CallSite};
use crate::decimal::{PRECISION_MAX, Rounding, divide_by_power};
use crate::error::{BadArgument, FunctionError};
use tidegate_model::{ScalarType, Value};

/// Beyond this no float has digits.
const FLOAT_DIGITS_MAX: i64 = 300;

/// The type of (value, digits): an int without digits; a decimal keeps no more digits than it is rounded to.
pub(crate) fn rounded_type(site: &CallSite<'_>) -> Result<ScalarType, BadArgument> {
    let Some(digits) = site.int(1) else { return Ok(ScalarType::Int) };
    Ok(match site.ty(0) {
        ScalarType::Decimal { scale, .. } => ScalarType::Decimal {
            precision: PRECISION_MAX,
            scale: u8::try_from(digits.max(0)).unwrap_or(scale).min(scale),
        },
        other => other,
    })
}

/// (value, digits) rounded, in the type that [`rounded_type`] says.
pub(crate) fn rounded(arguments: &Arguments<'_>, rounding: Rounding) -> Result<Value, FunctionError> {
    let digits = arguments.int(1);
    match arguments.value(0) {
        Value::Decimal(value) => {
            let scale = i64::from(arguments.scale(0));
            if digits >= scale {
                return Ok(Value::Decimal(*value));
            }
            let dropped = u32::try_from(scale.saturating_sub(digits)).unwrap_or(u32::MAX);
            let kept = divide_by_power(*value, dropped, rounding);
            // To tens or hundreds: the zeros before the point are written again.
            let zeros = u32::try_from(digits.min(0).unsigned_abs()).unwrap_or(u32::MAX);
            let unit = if kept == 0 { Some(0) } else { 10i128.checked_pow(zeros) };
            unit.and_then(|unit| kept.checked_mul(unit)).map(Value::Decimal).ok_or(FunctionError::Overflow)
        }
        Value::Float(value) => Ok(Value::Float(round_float(*value, digits, rounding))),
        other => Ok(other.clone()),
    }
}

/// By the shortest decimal text of the float, so that 2.675 is what it looks like.
fn round_float(value: f64, digits: i64, rounding: Rounding) -> f64 {
    if !value.is_finite() || digits >= FLOAT_DIGITS_MAX {
        return value;
    }
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let Ok(unscaled) = format!("{whole}{fraction}").parse::<i128>() else { return value };
    let scale = fraction.len() as i64 - exponent;
    if digits >= scale {
        return value;
    }
    let dropped = u32::try_from(scale.saturating_sub(digits)).unwrap_or(u32::MAX);
    let kept = divide_by_power(unscaled, dropped, rounding);
    format!("{kept}e{}", digits.saturating_neg()).parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_round_as_they_are_written() {
        assert_eq!(round_float(2.675, 2, Rounding::HalfUp), 2.68);
        assert_eq!(round_float(2.665, 2, Rounding::HalfEven), 2.66);
        assert_eq!(round_float(-1234.5, -2, Rounding::HalfUp), -1200.0);
        assert_eq!(round_float(1e300, 2, Rounding::HalfUp), 1e300);
        assert_eq!(round_float(1e-300, 2, Rounding::HalfUp), 0.0);
        assert_eq!(round_float(5e-324, i64::MIN, Rounding::HalfUp), 0.0);
        assert!(round_float(f64::NAN, 2, Rounding::HalfUp).is_nan());
    }
}
