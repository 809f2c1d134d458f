//! The statistics against naive computations, in whole and in parts.

use super::*;
use crate::accumulator::Accumulator;
use crate::arbitrary::{any_type, any_value};
use crate::batch::Column;
use proptest::prelude::*;
use tidegate_model::plan::DISTINCT_MAX;
use tidegate_model::{Element, EventTime, RecordField, RecordType, nested};

fn call(function: AggregateFunction, argument: ScalarType, ty: ScalarType, bounds: &[i64]) -> AggregateCall {
    AggregateCall {
        name: "n".to_owned(),
        function,
        argument: Some(tidegate_model::expr::Expr::column(0, argument, true)),
        ty,
        nullable: true,
        bounds: bounds.iter().copied().map(Value::Int).collect(),
    }
}

/// The accumulator over these values; nulls among them are passed over.
fn over(call: &AggregateCall, values: &[Value]) -> Accumulator {
    let ty = call.argument.as_ref().expect("it has one").ty;
    let mut column = Column::new(ty);
    values.iter().for_each(|value| column.push(value));
    let mut accumulator = Accumulator::new(call);
    (0..values.len()).for_each(|row| accumulator.update(Some((&column, ty)), row, EventTime::MIN));
    accumulator
}

fn result(call: &AggregateCall, values: &[Value]) -> Value {
    over(call, values).result(call).expect("it has a result")
}

/// Each part goes through its bytes, as between two tasks.
fn in_parts(call: &AggregateCall, values: &[Value], cuts: &[usize]) -> Accumulator {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (values.len() + 1)).collect();
    cuts.extend([0, values.len()]);
    cuts.sort_unstable();
    let mut whole = Accumulator::new(call);
    for part in cuts.windows(2) {
        let mut bytes = Vec::new();
        over(call, &values[part[0]..part[1]]).encode(&mut bytes);
        let mut from = Decoder::new(&bytes);
        whole.combine(&Accumulator::decode(&mut from).expect("it was encoded"));
        assert!(from.is_empty());
    }
    whole
}

const EXACT: [AggregateFunction; 6] = [
    AggregateFunction::CountDistinct,
    AggregateFunction::ApproxCountDistinct,
    AggregateFunction::TopK { k: 3 },
    AggregateFunction::Mode,
    AggregateFunction::Any,
    AggregateFunction::All,
];

fn ints(values: &[i64]) -> Vec<Value> {
    values.iter().copied().map(Value::Int).collect()
}

fn pair_type() -> ScalarType {
    let field = |name: &str| RecordField {
        name: name.to_owned(),
        element: Element { ty: ScalarType::Int, nullable: true },
    };
    ScalarType::Record(nested::record(RecordType { fields: vec![field("value"), field("by")] }))
}

/// A generator of whole numbers (Knuth's 64-bit constants).
fn numbers(count: usize, mut seed: u64) -> impl Iterator<Item = u64> {
    (0..count).map(move |_| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed >> 16
    })
}

proptest! {
    #[test]
    fn parts_go_together_to_the_whole_for_values_of_any_type(
        (ty, values) in any_type().prop_flat_map(|ty| (
            Just(ty), prop::collection::vec(prop_oneof![1 => Just(Value::Null), 4 => any_value(ty)], 0..40))),
        cuts: Vec<usize>) {
        for function in EXACT {
            let call = call(function, ty, ty, &[]);
            prop_assert_eq!(in_parts(&call, &values, &cuts), over(&call, &values));
        }
    }

    #[test]
    fn parts_of_numbers_go_together_to_the_whole(
        values in prop::collection::vec(prop_oneof![any::<i64>(), -9i64..9], 0..300), cuts: Vec<usize>, millionths in 0u32..=1_000_000) {
        let values = ints(&values);
        for function in [AggregateFunction::Percentile { millionths }, AggregateFunction::Histogram] {
            let call = call(function, ScalarType::Int, ScalarType::Float, &[-5, 0, 7]);
            prop_assert_eq!(in_parts(&call, &values, &cuts), over(&call, &values));
            prop_assert_eq!(
                in_parts(&call, &values, &cuts).result(&call),
                over(&call, &values).result(&call)
            );
        }
    }

    #[test]
    fn counts_are_those_of_a_naive_count(values in prop::collection::vec(-5i64..5, 0..60)) {
        let mut counts: Vec<(i64, i64)> = (-5..5)
            .map(|value| (value, values.iter().filter(|one| **one == value).count() as i64))
            .filter(|(_, count)| *count > 0)
            .collect();
        let all = ints(&values);
        let int = ScalarType::Int;
        let of = |function| result(&call(function, int, int, &[-2, 3]), &all);
        prop_assert_eq!(of(AggregateFunction::CountDistinct), Value::Int(counts.len() as i64));
        prop_assert_eq!(of(AggregateFunction::ApproxCountDistinct), Value::Int(counts.len() as i64));
        let below = |bound: i64| values.iter().filter(|value| **value < bound).count() as i64;
        let buckets = ints(&[below(-2), below(3) - below(-2), values.len() as i64 - below(3)]);
        prop_assert_eq!(of(AggregateFunction::Histogram), Value::List(buckets.into()));
        counts.sort_by_key(|(value, count)| (-count, *value));
        let mode = counts.first().map_or(Value::Null, |(value, _)| Value::Int(*value));
        prop_assert_eq!(of(AggregateFunction::Mode), mode);
        let top = counts.iter().take(3).map(|(value, count)| Value::Record(ints(&[*value, *count]).into()));
        prop_assert_eq!(of(AggregateFunction::TopK { k: 3 }), Value::List(top.collect()));
    }

    #[test]
    fn percentiles_are_exact_of_few_and_near_of_many(
        values in prop::collection::vec(prop_oneof![any::<i64>(), -100i64..100], 1..400), millionths in 0u32..=1_000_000) {
        let call = call(AggregateFunction::Percentile { millionths }, ScalarType::Int, ScalarType::Float, &[]);
        let Value::Float(told) = result(&call, &ints(&values)) else { panic!("a float") };
        let mut sorted = values.clone();
        sorted.sort_unstable();
        let rank = (values.len() as u64 * u64::from(millionths)).div_ceil(1_000_000).max(1) as usize;
        let right = sorted[rank - 1] as f64;
        let off = if values.len() <= 64 { 0.0 } else { 0.010_000_1 };
        prop_assert!((told - right).abs() <= off * right.abs(), "{} is told for {}", told, right);
    }

    #[test]
    fn the_variance_is_that_of_two_passes(
        base in prop_oneof![Just(0.0), Just(1e9)], values in prop::collection::vec(-1e3..1e3, 2..80), cuts: Vec<usize>) {
        let floats: Vec<f64> = values.iter().map(|value: &f64| value + base).collect();
        let mean = floats.iter().sum::<f64>() / floats.len() as f64;
        let right = floats.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (floats.len() - 1) as f64;
        let call = call(AggregateFunction::Variance, ScalarType::Float, ScalarType::Float, &[]);
        let all: Vec<Value> = floats.into_iter().map(Value::Float).collect();
        for told in [over(&call, &all), in_parts(&call, &all, &cuts)] {
            let Ok(Value::Float(told)) = told.result(&call) else { panic!("a float") };
            prop_assert!((told - right).abs() <= 1e-6 * right.max(1.0), "{} is told for {}", told, right);
        }
    }

    #[test]
    fn the_value_at_the_end_does_not_depend_on_the_order(
        pairs in prop::collection::vec((prop::option::of(-3i64..3), prop::option::of(-3i64..3)), 0..20), cuts: Vec<usize>) {
        let value = |number: Option<i64>| number.map_or(Value::Null, Value::Int);
        let all: Vec<Value> =
            pairs.iter().map(|(x, by)| Value::Record([value(*x), value(*by)].into())).collect();
        let with_by = || pairs.iter().filter_map(|(x, by)| by.map(|by| (by, *x)));
        // None is less than each number, as null is.
        let least = with_by().min().map_or(Value::Null, |(_, x)| value(x));
        let greatest = with_by().min_by_key(|(by, x)| (-by, *x)).map_or(Value::Null, |(_, x)| value(x));
        for (function, right) in [(AggregateFunction::MinBy, least), (AggregateFunction::MaxBy, greatest)] {
            let call = call(function, pair_type(), ScalarType::Int, &[]);
            prop_assert_eq!(&result(&call, &all), &right);
            prop_assert_eq!(in_parts(&call, &all, &cuts), over(&call, &all));
        }
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes: Vec<u8>, kind in 1u8..8) {
        let bytes = [&[10, kind], &bytes[..]].concat();
        if let Ok(mut accumulator) = Accumulator::decode(&mut Decoder::new(&bytes)) {
            let same = accumulator.clone();
            accumulator.combine(&same);
        }
    }
}

#[test]
fn different_values_are_estimated_within_the_documented_error() {
    for (count, seed) in
        [(100, 1), (1_000, 2), (3_000, 3), (10_000, 4), (30_000, 5), (100_000, 6), (1_000_000, 7)]
    {
        let mut sketch = HyperLogLog::default();
        numbers(count, seed).for_each(|number| sketch.update(&Value::Int(number as i64)));
        let off = (sketch.estimate() - count as i64).abs() as f64 / count as f64;
        assert!(off <= 0.05, "{} is told for {count}", sketch.estimate());
    }
}

#[test]
fn the_standard_error_is_as_documented() {
    let (rounds, count) = (200u64, 20_000);
    let squares: f64 = (0..rounds)
        .map(|seed| {
            let mut sketch = HyperLogLog::default();
            numbers(count, seed * 77).for_each(|number| sketch.update(&Value::Int(number as i64)));
            (sketch.estimate() as f64 / count as f64 - 1.0).powi(2)
        })
        .sum();
    let error = (squares / rounds as f64).sqrt();
    assert!(error < 0.0195, "{error}");
}

#[test]
fn more_different_values_than_are_kept_are_told_and_not_counted_wrong() {
    let int = ScalarType::Int;
    let most: Vec<i64> = (0..DISTINCT_MAX as i64).collect();
    for function in [AggregateFunction::CountDistinct, AggregateFunction::Mode] {
        let call = call(function, int, int, &[]);
        let mut kept = over(&call, &ints(&most));
        assert!(kept.result(&call).is_ok());
        kept.combine(&over(&call, &ints(&[-1])));
        assert_eq!(kept.result(&call), Err(ResultError::TooMany));
        let mut other = over(&call, &ints(&[5]));
        other.combine(&kept);
        assert_eq!(other, kept, "what is too much stays so");
    }
}

#[test]
fn extreme_numbers_have_percentiles_and_a_variance_that_overflows_is_told() {
    let decimal = ScalarType::Decimal { precision: 38, scale: 0 };
    let median = call(AggregateFunction::Median, decimal, decimal, &[]);
    let greatest = 10i128.pow(38) - 1;
    for digits in [greatest, -greatest, 0, 1] {
        for times in [1, 100] {
            let Value::Decimal(told) = result(&median, &vec![Value::Decimal(digits); times]) else {
                panic!("a decimal")
            };
            assert!((told as f64 - digits as f64).abs() <= 1e-9 * digits.unsigned_abs() as f64, "{told}");
        }
    }
    let float = ScalarType::Float;
    let floats: Vec<Value> = [f64::MAX, f64::MIN, f64::INFINITY, f64::NAN, 5e-324, 0.0]
        .iter()
        .cycle()
        .take(120)
        .map(|value| Value::Float(*value))
        .collect();
    let Value::Float(told) =
        result(&call(AggregateFunction::Percentile { millionths: 1_000_000 }, float, float, &[]), &floats)
    else {
        panic!("a float")
    };
    assert_eq!(told, f64::MAX);
    let variance = call(AggregateFunction::Variance, float, float, &[]);
    let far = [Value::Float(f64::MAX), Value::Float(f64::MIN)];
    assert_eq!(over(&variance, &far).result(&variance), Err(ResultError::Overflow));
    assert_eq!(result(&variance, &far[..1]), Value::Null);
}

#[test]
fn statistics_make_counts_and_sums_no_larger() {
    // As much as the largest of the small ones, `First`.
    assert_eq!(size_of::<Accumulator>(), 48);
}
