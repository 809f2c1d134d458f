//! Decimals: their scales, and how they are rounded.

use crate::arguments::CallSite;
use crate::error::{BadArgument, FunctionError};
use tidegate_model::{ScalarType, Value};

/// The most digits behind the point that the language has.
pub(crate) const SCALE_MAX: u8 = 18;
pub(crate) const PRECISION_MAX: u8 = 38;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rounding {
    /// Towards minus infinity.
    Down,
    /// Towards plus infinity.
    Up,
    /// To the nearest; exactly half goes away from zero.
    HalfUp,
    /// To the nearest; exactly half goes to the even neighbour.
    HalfEven,
    TowardsZero,
}

/// The decimal type whose scale a constant argument says.
pub(crate) fn scale_argument(site: &CallSite<'_>, argument: usize) -> Result<ScalarType, BadArgument> {
    let scale = site.int(argument).and_then(|scale| u8::try_from(scale).ok());
    match scale.filter(|scale| *scale <= SCALE_MAX) {
        Some(scale) => Ok(ScalarType::Decimal { precision: PRECISION_MAX, scale }),
        None => Err(BadArgument::new(argument, format!("the scale must be between 0 and {SCALE_MAX}"))),
    }
}

/// `digits` divided by a positive power of ten, rounded.
pub(crate) fn divide_by_power(digits: i128, power: u32, rounding: Rounding) -> i128 {
    let Some(unit) = 10i128.checked_pow(power) else {
        // The value is less than half of one unit: only the direction counts.
        return match rounding {
            Rounding::Down if digits < 0 => -1,
            Rounding::Up if digits > 0 => 1,
            _ => 0,
        };
    };
    let floor = digits.div_euclid(unit);
    let rest = digits.rem_euclid(unit);
    // Compared without doubling the rest, which could overflow.
    let to_half = rest.cmp(&(unit - rest));
    let up = match rounding {
        Rounding::Down => false,
        Rounding::Up => rest > 0,
        Rounding::TowardsZero => rest > 0 && digits < 0,
        Rounding::HalfUp => to_half.is_gt() || (to_half.is_eq() && digits > 0),
        Rounding::HalfEven => to_half.is_gt() || (to_half.is_eq() && floor % 2 != 0),
    };
    floor + i128::from(up)
}

/// A decimal as an int, rounded.
pub(crate) fn round_to_unit(digits: i128, scale: u8, rounding: Rounding) -> Result<Value, FunctionError> {
    let whole = divide_by_power(digits, u32::from(scale), rounding);
    i64::try_from(whole).map(Value::Int).map_err(|_| FunctionError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rounding_goes_its_way() {
        let all = |digits| {
            [Rounding::Down, Rounding::Up, Rounding::HalfUp, Rounding::HalfEven, Rounding::TowardsZero]
                .map(|rounding| divide_by_power(digits, 1, rounding))
        };
        assert_eq!(all(25), [2, 3, 3, 2, 2]);
        assert_eq!(all(35), [3, 4, 4, 4, 3]);
        assert_eq!(all(-25), [-3, -2, -3, -2, -2]);
        assert_eq!(all(-20), [-2, -2, -2, -2, -2]);
        assert_eq!(divide_by_power(i128::MAX, 38, Rounding::HalfUp), 2);
        assert_eq!(divide_by_power(-1, 40, Rounding::Down), -1);
    }
}
