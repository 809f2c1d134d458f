use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "width_bucket",
    meaning: "In which of equally wide buckets from `low` to `high` a value is, from 1; 0 is below them, and one more than there are is above.",
    parameters: &[float("value"), float("low"), float("high"), int("buckets")],
    gives: Gives::Int,
    errors: &[OutOfRange],
    examples: &[
        gives("width_bucket(35, 0, 100, 10)", "4"),
        gives("width_bucket(-1, 0, 100, 10)", "0"),
        gives("width_bucket(100, 0, 100, 10)", "11").note("the high bound is above the last bucket"),
        fails("width_bucket(1, 5, 5, 10)", OutOfRange),
    ],
    body: Body::Direct(|arguments| {
        let (value, low, high) = (arguments.float(0), arguments.float(1), arguments.float(2));
        let buckets = arguments.int(3);
        if !(1..=BUCKETS_MAX).contains(&buckets) {
            return Err(FunctionError::out_of_range("the number of buckets", "between 1 and 1000000", buckets));
        }
        if !(low.is_finite() && high.is_finite() && low < high) {
            return Err(FunctionError::out_of_range("the low bound", "below the high one", low));
        }
        if value.is_nan() {
            return Err(FunctionError::out_of_range("the value", "a number", value));
        }
        let bucket = if value < low {
            0
        } else if value >= high {
            buckets + 1
        } else {
            // Halves, so that the width of the widest range is still a float.
            let part = (value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
            ((part * buckets as f64) as i64 + 1).min(buckets)
        };
        Ok(Value::Int(bucket))
    }),
    ..DEFAULTS
};

const BUCKETS_MAX: i64 = 1_000_000;
