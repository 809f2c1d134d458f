//! `+ - * / %` and the sign, checked.

use super::{EvalError, Operand, RowErrors, each_row};
use crate::batch::Batch;
use crate::half_even::divide_half_even;
use tidegate_model::expr::Arithmetic;
use tidegate_model::{ScalarType, Value};

pub(super) fn negate(
    ty: ScalarType,
    operand: &Operand,
    batch: &Batch,
    selection: &[u32],
    errors: &mut RowErrors,
) -> Operand {
    each_row(ty, batch, selection, errors, |row| {
        if operand.is_null(row) {
            return Ok(Value::Null);
        }
        Ok(match ty {
            ScalarType::Float => Value::Float(-operand.float(row)),
            ScalarType::Decimal { .. } => {
                Value::Decimal(operand.decimal(row).checked_neg().ok_or(EvalError::Overflow)?)
            }
            _ => whole(ty, operand.int(row).checked_neg().ok_or(EvalError::Overflow)?),
        })
    })
}

pub(super) fn apply(
    operation: Arithmetic,
    ty: ScalarType,
    (a, a_type): (&Operand, ScalarType),
    (b, b_type): (&Operand, ScalarType),
    batch: &Batch,
    selection: &[u32],
    errors: &mut RowErrors,
) -> Operand {
    each_row(ty, batch, selection, errors, |row| {
        if a.is_null(row) || b.is_null(row) {
            return Ok(Value::Null);
        }
        Ok(match (a_type, b_type) {
            (ScalarType::Float, _) => Value::Float(floats(operation, a.float(row), b.float(row))),
            (ScalarType::Decimal { .. }, ScalarType::Decimal { .. }) => {
                let scales = (a_type.scale(), b_type.scale(), ty.scale());
                Value::Decimal(decimals(operation, a.decimal(row), b.decimal(row), scales)?)
            }
            _ => whole(ty, ints(operation, a.int(row), b.int(row))?),
        })
    })
}

fn whole(ty: ScalarType, value: i64) -> Value {
    match ty {
        ScalarType::Timestamp => Value::Timestamp(value),
        ScalarType::Duration => Value::Duration(value),
        _ => Value::Int(value),
    }
}

fn ints(operation: Arithmetic, a: i64, b: i64) -> Result<i64, EvalError> {
    match operation {
        Arithmetic::Add => a.checked_add(b),
        Arithmetic::Subtract => a.checked_sub(b),
        Arithmetic::Multiply => a.checked_mul(b),
        Arithmetic::Divide | Arithmetic::Remainder if b == 0 => return Err(EvalError::DivisionByZero),
        Arithmetic::Divide => a.checked_div(b),
        Arithmetic::Remainder => a.checked_rem(b),
    }
    .ok_or(EvalError::Overflow)
}

fn floats(operation: Arithmetic, a: f64, b: f64) -> f64 {
    match operation {
        Arithmetic::Add => a + b,
        Arithmetic::Subtract => a - b,
        Arithmetic::Multiply => a * b,
        Arithmetic::Divide => a / b,
        Arithmetic::Remainder => a % b,
    }
}

fn decimals(
    operation: Arithmetic,
    a: i128,
    b: i128,
    (a_scale, b_scale, scale): (u8, u8, u8),
) -> Result<i128, EvalError> {
    match operation {
        Arithmetic::Add => a.checked_add(b),
        Arithmetic::Subtract => a.checked_sub(b),
        Arithmetic::Multiply => a.checked_mul(b),
        Arithmetic::Divide | Arithmetic::Remainder if b == 0 => return Err(EvalError::DivisionByZero),
        Arithmetic::Divide => {
            // a / 10^sa divided by b / 10^sb, at the result's scale: a * 10^(s + sb - sa) / b.
            let shift = i32::from(scale) + i32::from(b_scale) - i32::from(a_scale);
            let factor = 10i128.checked_pow(shift.unsigned_abs()).ok_or(EvalError::Overflow)?;
            let (numerator, divisor) = if shift >= 0 {
                (a.checked_mul(factor).ok_or(EvalError::Overflow)?, b)
            } else {
                (a, b.checked_mul(factor).ok_or(EvalError::Overflow)?)
            };
            let (numerator, divisor) = if divisor < 0 {
                (
                    numerator.checked_neg().ok_or(EvalError::Overflow)?,
                    divisor.checked_neg().ok_or(EvalError::Overflow)?,
                )
            } else {
                (numerator, divisor)
            };
            Some(divide_half_even(numerator, divisor))
        }
        Arithmetic::Remainder => a.checked_rem(b),
    }
    .ok_or(EvalError::Overflow)
}
