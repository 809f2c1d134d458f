//! Functions of numbers. What is exact stays exact: decimals give decimals where the function has an exact result.

mod base;

use crate::define::*;

crate::define::functions! {
    abs, sign, floor, ceil, round, round_half_even, trunc, clamp, least, greatest, remainder, gcd, sqrt, cbrt, pow, exp, ln, log10,
    log2, log, pi, sin, cos, tan, asin, acos, atan, atan2, degrees, radians, is_nan, is_finite, width_bucket, bit_and, bit_or,
    bit_xor, bit_not, bit_count, shift_left, shift_right, to_hex, from_hex, to_base, parse_int, parse_decimal, format_number,
    format_bytes,
}

/// A float that was computed: infinite (or no number) only where an argument was.
fn finite_from(arguments: &[f64], result: f64) -> Result<Value, FunctionError> {
    if result.is_finite() || !arguments.iter().all(|argument| argument.is_finite()) {
        return Ok(Value::Float(result));
    }
    Err(FunctionError::Overflow)
}

/// What a logarithm takes: a number above zero (or no number at all, which stays none).
fn above_zero(what: &'static str, value: f64) -> Result<f64, FunctionError> {
    if value <= 0.0 { Err(FunctionError::out_of_range(what, "above 0", value)) } else { Ok(value) }
}

/// How far bits are shifted.
fn places(places: i64) -> Result<u32, FunctionError> {
    let known = u32::try_from(places).ok().filter(|places| *places < 64);
    known.ok_or_else(|| FunctionError::out_of_range("the places", "between 0 and 63", places))
}
