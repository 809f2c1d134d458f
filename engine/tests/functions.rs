//! The library's functions through the real parser, checker and evaluator: their examples, and arbitrary values.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeSet;
use std::sync::Arc;
use tidegate_dsl::compile_expression;
use tidegate_engine::batch::{Batch, Column};
use tidegate_engine::expression::{Compiled, RowErrors};
use tidegate_functions::{Body, ErrorCode, Form, Function, Outcome, Takes, all, find, literal};
use tidegate_model::expr::{Expr, ExprKind};
use tidegate_model::{EventTime, ScalarType, Value};

/// Evaluates an expression for one event with these columns; the error is the code.
fn evaluate(expr: &Expr, row: &[(Value, ScalarType)]) -> Result<Value, &'static str> {
    let column = |(value, ty): &(Value, ScalarType)| {
        let mut column = Column::new(*ty);
        column.push(value);
        Arc::new(column)
    };
    let batch = Batch {
        columns: row.iter().map(column).collect(),
        times: Arc::new(vec![EventTime::from_micros(0)]),
        watermarks: Arc::new(vec![EventTime::from_micros(0)]),
        selection: vec![0],
        raw: None,
        deleted: None,
        origin: None,
    };
    let mut errors = RowErrors::default();
    let result = Compiled::new(expr).eval(&batch, &[0], &mut errors);
    match errors.first_of_each_row().first() {
        Some((_, error)) => Err(error.code()),
        None => Ok(result.value(0, expr.ty)),
    }
}

#[test]
fn every_example_gives_what_its_page_says() {
    let mut wrong = Vec::new();
    for function in all() {
        for example in function.examples {
            let told = match compile_expression(example.call) {
                Err(diagnostics) => format!("refused: {}", diagnostics[0].message),
                Ok(expr) => match evaluate(&expr, &[]) {
                    Ok(value) => literal(&value, expr.ty),
                    Err(code) => format!("error: {code}"),
                },
            };
            let right = match example.outcome {
                Outcome::Value(value) => told == value,
                Outcome::Error(error) => told == format!("error: {}", error.name()),
                Outcome::Refused(message) => told.starts_with("refused: ") && told.contains(message),
            };
            if !right {
                wrong.push(format!("{}\n  page: {:?}\n  here: {told}", example.call, example.outcome));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn errors_of_examples_are_those_that_the_function_names() {
    for function in all() {
        for example in function.examples {
            if let Outcome::Error(error) = example.outcome {
                let calls_another = !example.call.starts_with(function.name);
                assert!(
                    calls_another || function.errors.contains(&error),
                    "{}: {}",
                    example.call,
                    error.name()
                );
            }
        }
    }
}

/// The calls of the function in its examples, as the check makes them.
fn calls_of(function: &'static Function) -> Vec<Expr> {
    let mut calls = Vec::new();
    for example in function.examples {
        if let Ok(expr) = compile_expression(example.call) {
            collect_calls(function, &expr, &mut calls);
        }
    }
    calls
}

fn is_collection(function: &Function) -> bool {
    matches!(function.body, Body::Form(Form::Collection))
}

fn collect_calls(function: &Function, expr: &Expr, calls: &mut Vec<Expr>) {
    let is_form = matches!(function.body, Body::Form(_));
    let is_call = match &expr.kind {
        ExprKind::Call(name, _) => *name == function.name,
        ExprKind::Cast(_) | ExprKind::Coalesce(..) => is_form && !is_collection(function),
        ExprKind::Collection(collection, _) => collection.name() == function.name,
        _ => false,
    };
    if is_call {
        calls.push(expr.clone());
    }
    for child in expr.children() {
        collect_calls(function, child, calls);
    }
}

/// Which arguments of a call are read from columns; the others stay as the example has them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    /// All that need not be constant.
    All,
    /// Texts behind the first argument (zones, formats, networks) stay constants, which are prepared once.
    NotTexts,
}

/// The call with arguments read from columns, and the columns' types.
fn open(function: &Function, expr: &Expr, which: Open) -> (Expr, Vec<ScalarType>) {
    let mut types = Vec::new();
    let mut column = |ty| {
        types.push(ty);
        Expr::column(types.len() - 1, ty, true)
    };
    let kind = match &expr.kind {
        ExprKind::Call(name, arguments) => {
            let opened = arguments.iter().enumerate().map(|(place, argument)| {
                let constant = function.parameter(place).is_some_and(|parameter| parameter.constant);
                let text = place > 0 && argument.ty == ScalarType::String && which == Open::NotTexts;
                if constant || text { argument.clone() } else { column(argument.ty) }
            });
            ExprKind::Call(name, opened.collect())
        }
        ExprKind::Collection(collection, arguments) => {
            let opened = arguments.iter().map(|argument| column(argument.ty));
            ExprKind::Collection(*collection, opened.collect())
        }
        ExprKind::Cast(from) => ExprKind::Cast(Box::new(column(from.ty))),
        ExprKind::Coalesce(a, b) => ExprKind::Coalesce(Box::new(column(a.ty)), Box::new(column(b.ty))),
        other => panic!("{other:?} is no call"),
    };
    (Expr { ty: expr.ty, nullable: true, kind }, types)
}

/// Texts that examples are made of: zones, numbers, addresses, JSON, times.
fn example_texts() -> Vec<String> {
    let mut texts: BTreeSet<String> = BTreeSet::new();
    for example in all().flat_map(|function| function.examples) {
        texts.extend(example.call.split('"').skip(1).step_by(2).map(str::to_owned));
    }
    texts.into_iter().collect()
}

fn values(ty: ScalarType, texts: &[String]) -> BoxedStrategy<Value> {
    let micros = || {
        prop_oneof![
            Just(i64::MIN),
            Just(i64::MAX),
            Just(0i64),
            Just(-1i64),
            Just(253_402_300_799_999_999i64),
            any::<i64>(),
            -4_000_000_000_000_000i64..4_000_000_000_000_000,
        ]
    };
    let value = match ty {
        ScalarType::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        ScalarType::Int => prop_oneof![
            prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(0), Just(-1), Just(1 << 53)],
            any::<i64>(),
            -200i64..200
        ]
        .prop_map(Value::Int)
        .boxed(),
        ScalarType::Float => prop_oneof![
            prop_oneof![
                Just(f64::NAN),
                Just(f64::INFINITY),
                Just(f64::NEG_INFINITY),
                Just(f64::MAX),
                Just(f64::MIN_POSITIVE),
                Just(5e-324),
                Just(-0.0)
            ],
            any::<f64>(),
            -400.0f64..400.0
        ]
        .prop_map(Value::Float)
        .boxed(),
        ScalarType::Decimal { .. } => prop_oneof![
            prop_oneof![Just(i128::MIN), Just(i128::MAX), Just(0), Just(-1)],
            any::<i128>(),
            -100_000i128..100_000
        ]
        .prop_map(Value::Decimal)
        .boxed(),
        ScalarType::String => prop_oneof![
            Just(String::new()),
            prop::sample::select(texts.to_vec()),
            prop::sample::select(texts.to_vec()),
            any::<String>(),
            "[ -~]{0,30}",
            "[-+0-9.:/TZ@%{}\"]{0,24}",
            Just("é€𝄞\u{0}\u{301}ß".repeat(20)),
        ]
        .prop_map(|text| Value::String(text.into()))
        .boxed(),
        ScalarType::Timestamp => micros().prop_map(Value::Timestamp).boxed(),
        ScalarType::Duration => micros().prop_map(Value::Duration).boxed(),
        ScalarType::Date => (-100_000_000i64..100_000_000).prop_map(Value::Date).boxed(),
        ScalarType::Uuid => any::<u128>().prop_map(Value::Uuid).boxed(),
        ScalarType::Bytes => any::<Vec<u8>>().prop_map(|bytes| Value::Bytes(bytes.into())).boxed(),
        ScalarType::List(element) => {
            let inner = values(element.ty, texts);
            let inner = match element.nullable {
                true => inner,
                false => inner.prop_filter("it is never null", |value| !value.is_null()).boxed(),
            };
            proptest::collection::vec(inner, 0..4).prop_map(|values| Value::List(values.into())).boxed()
        }
        ScalarType::Map(map) => {
            let inner = values(map.value.ty, texts);
            let key = values(map.key, texts).prop_filter("keys are there", |key| !key.is_null());
            let entry = (key, inner.prop_filter("it is never null", |value| !value.is_null()));
            proptest::collection::vec(entry, 0..4).prop_map(Value::map).boxed()
        }
        ScalarType::Enum(_) | ScalarType::Record(_) => {
            panic!("no example takes {ty} from a column")
        }
    };
    prop_oneof![1 => Just(Value::Null), 20 => value].boxed()
}

#[test]
fn no_function_panics_and_each_error_is_one_that_the_page_names() {
    let texts = example_texts();
    for function in all() {
        let calls = calls_of(function);
        // Those that look at each element are met by the tests of topologies.
        let each = function.parameters.iter().any(|parameter| parameter.takes == Takes::Each);
        assert!(each || !calls.is_empty(), "{} has no example with a result", function.name);
        for (call, which) in calls.iter().flat_map(|call| [(call, Open::All), (call, Open::NotTexts)]) {
            let (call, types) = open(function, call, which);
            let row: Vec<_> = types.iter().map(|ty| values(*ty, &texts)).collect();
            let mut runner =
                TestRunner::new(Config { cases: 300, failure_persistence: None, ..Config::default() });
            let outcome = runner.run(&row, |values| {
                let constant_null = |part: &&Expr| part.kind == ExprKind::Const(Value::Null);
                let nulls = values.iter().any(Value::is_null) || call.children().iter().any(constant_null);
                let row: Vec<_> = values.into_iter().zip(types.iter().copied()).collect();
                match evaluate(&call, &row) {
                    Ok(value) => {
                        // What is looked for in a list may be null.
                        let contagious = function.nulls == tidegate_functions::Nulls::Contagious
                            && function.name != "contains";
                        prop_assert!(!contagious || value.is_null() == nulls, "{:?} of {:?}", value, row);
                    }
                    Err(code) => {
                        let named = function.errors.iter().any(|error| error.name() == code);
                        prop_assert!(named, "{code} is not on the page");
                    }
                }
                Ok(())
            });
            assert!(outcome.is_ok(), "{}: {}", function.signature(), outcome.expect_err("it failed"));
        }
    }
}

#[test]
fn aliases_are_the_same_function() {
    for function in all() {
        for alias in function.aliases {
            assert_eq!(find(alias).map(|found| found.name), Some(function.name));
        }
    }
    assert!(ErrorCode::ALL.iter().all(|code| !code.name().is_empty()));
}
