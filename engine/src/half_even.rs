//! The rounding of decimals.

/// Division rounded half to even; the divisor is positive.
pub fn divide_half_even(numerator: i128, divisor: i128) -> i128 {
    assert!(divisor > 0, "the divisor is positive");
    let quotient = numerator.div_euclid(divisor);
    // What is left is compared with what is missing: twice of it may not fit.
    let left = numerator.rem_euclid(divisor);
    let missing = divisor - left;
    let up = left > missing || (left == missing && quotient % 2 != 0);
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

    #[test]
    fn the_largest_divisors_round_too() {
        const MAX: i128 = i128::MAX;
        for (numerator, divisor, result) in
            [(MAX - 1, MAX, 1), (MAX / 2, MAX, 0), (MAX / 2 + 1, MAX, 1), (MAX, MAX, 1), (i128::MIN, MAX, -1)]
        {
            assert_eq!(divide_half_even(numerator, divisor), result, "{numerator} / {divisor}");
        }
    }
}
