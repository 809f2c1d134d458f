//! The rounding of decimals.

/// Division rounded half to even; the divisor is positive.
pub fn divide_half_even(numerator: i128, divisor: i128) -> i128 {
    assert!(divisor > 0, "the divisor is positive");
    let quotient = numerator.div_euclid(divisor);
    let twice = numerator.rem_euclid(divisor) * 2;
    let up = twice > divisor || (twice == divisor && quotient % 2 != 0);
    quotient + i128::from(up)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_rounds_half_to_even() {
        for (numerator, divisor, result) in
            [(5, 2, 2), (7, 2, 4), (-5, 2, -2), (-7, 2, -4), (10, 3, 3), (11, 3, 4)]
        {
            assert_eq!(divide_half_even(numerator, divisor), result, "{numerator} / {divisor}");
        }
    }
}
