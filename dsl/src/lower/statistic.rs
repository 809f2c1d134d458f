//! Calls of the aggregates that describe how values are spread: counts under a condition, of different values, percentiles, and so on.

use super::Lowerer;
use crate::ast::{self, ExprKind as Ast};
use crate::check::typed::{Located, RecordValue, Type, Typed};
use crate::diagnostic::{Diagnostic, codes};
use tidegate_model::expr::{Expr, ExprKind};
use tidegate_model::nested::{self, TYPE_DEPTH_MAX};
use tidegate_model::plan::{AggregateCall, AggregateFunction};
use tidegate_model::{Element, RecordField, RecordType, ScalarType, Value};

pub(super) const STATISTICS: [&str; 14] = [
    "count_if",
    "any",
    "all",
    "count_distinct",
    "approx_count_distinct",
    "variance",
    "stddev",
    "percentile",
    "median",
    "top_k",
    "mode",
    "histogram",
    "min_by",
    "max_by",
];

const TOP_MAX: i64 = 1000;
const BOUNDS_MAX: usize = 1000;
const DIGITS_MAX: u8 = 38;
const WHOLE: u32 = 1_000_000;

impl Lowerer<'_> {
    pub(super) fn statistic(
        &mut self,
        name: &ast::Name,
        function: &ast::Name,
        arguments: &[ast::Expr],
        expr: &ast::Expr,
        event: &RecordValue,
    ) -> Option<AggregateCall> {
        use ScalarType::*;
        let call = |function, argument: Expr, ty, nullable| AggregateCall {
            name: name.node.clone(),
            function,
            argument: Some(argument),
            ty,
            nullable,
            bounds: Vec::new(),
        };
        match (function.node.as_str(), arguments) {
            (which @ ("count_if" | "any" | "all"), [condition]) => {
                let condition = self.checker(event).predicate(condition)?;
                let nullable = condition.nullable;
                Some(match which {
                    "count_if" => call(AggregateFunction::CountIf, condition, Int, false),
                    "any" => call(AggregateFunction::Any, condition, Bool, nullable),
                    _ => call(AggregateFunction::All, condition, Bool, nullable),
                })
            }
            (which @ ("count_distinct" | "approx_count_distinct" | "mode"), [value]) => {
                let value = self.checker(event).one_value(value)?;
                let (ty, nullable) = (value.ty, value.nullable);
                Some(match which {
                    "count_distinct" => call(AggregateFunction::CountDistinct, value, Int, false),
                    "mode" => call(AggregateFunction::Mode, value, ty, nullable),
                    _ => call(AggregateFunction::ApproxCountDistinct, value, Int, false),
                })
            }
            ("variance", [value]) => {
                let value = self.number(function, value, false, event)?;
                Some(call(AggregateFunction::Variance, value, Float, true))
            }
            ("stddev", [value]) => {
                let value = self.number(function, value, true, event)?;
                let ty = if value.ty == Duration { Duration } else { Float };
                Some(call(AggregateFunction::StdDev, value, ty, true))
            }
            ("median", [value]) => {
                let value = self.number(function, value, true, event)?;
                let (ty, nullable) = (quantile_type(value.ty), value.nullable);
                Some(call(AggregateFunction::Median, value, ty, nullable))
            }
            ("percentile", [value, share]) => {
                let value = self.number(function, value, true, event)?;
                let millionths = self.share(share, event)?;
                let (ty, nullable) = (quantile_type(value.ty), value.nullable);
                Some(call(AggregateFunction::Percentile { millionths }, value, ty, nullable))
            }
            ("top_k", [value, k]) => {
                let value_expr = self.checker(event).one_value(value)?;
                if value_expr.ty.depth() + 2 > TYPE_DEPTH_MAX {
                    self.error(codes::TOO_DEEP, value.span, "a list of this would be nested too deep");
                    return None;
                }
                let number = self.checker(event).scalar(k)?;
                let k = match number.kind {
                    ExprKind::Const(Value::Int(number)) if (1..=TOP_MAX).contains(&number) => number as u32,
                    _ => {
                        let message =
                            format!("how many are wanted must be a constant number from 1 to {TOP_MAX}");
                        self.error(codes::BAD_ARGUMENTS, k.span, message);
                        return None;
                    }
                };
                let record = pair(("value", value_expr.ty, false), ("count", Int, false));
                let ty = ScalarType::list(record, false);
                Some(call(AggregateFunction::TopK { k }, value_expr, ty, false))
            }
            ("histogram", [value, bounds]) => {
                let checked = self.checker(event).scalar(value)?;
                if !checked.ty.has_order() {
                    let message =
                        format!("{} has no order, so there is nothing between two bounds", checked.ty);
                    self.error(codes::BAD_ARGUMENTS, value.span, message);
                    return None;
                }
                let bounds = self.bounds(checked.ty, bounds, event)?;
                let ty = ScalarType::list(Int, false);
                Some(AggregateCall { bounds, ..call(AggregateFunction::Histogram, checked, ty, false) })
            }
            (which @ ("min_by" | "max_by"), [value, by]) => {
                let value_expr = self.checker(event).one_value(value)?;
                if value_expr.ty.depth() >= TYPE_DEPTH_MAX {
                    self.error(codes::TOO_DEEP, value.span, "this is nested too deep");
                    return None;
                }
                let by_expr = self.checker(event).scalar(by)?;
                if !by_expr.ty.has_order() {
                    let message = format!("{} has no order, so none is the least or greatest", by_expr.ty);
                    self.error(codes::BAD_ARGUMENTS, by.span, message);
                    return None;
                }
                let (ty, nullable) = (value_expr.ty, value_expr.nullable || by_expr.nullable);
                let record =
                    pair(("value", value_expr.ty, value_expr.nullable), ("by", by_expr.ty, by_expr.nullable));
                let kind = ExprKind::Record(vec![value_expr, by_expr]);
                let argument = Expr { ty: record, nullable: false, kind };
                let function =
                    if which == "min_by" { AggregateFunction::MinBy } else { AggregateFunction::MaxBy };
                Some(call(function, argument, ty, nullable))
            }
            _ => {
                self.misused(function, expr);
                None
            }
        }
    }

    fn misused(&mut self, function: &ast::Name, expr: &ast::Expr) {
        let page = tidegate_functions::find_aggregate(&function.node).expect("each has its page");
        let message = format!("here `{}` is used as `{}`", function.node, page.signature());
        let mut diagnostic = Diagnostic::error(codes::BAD_ARGUMENTS, expr.span, message)
            .note(format!("`tidegate explain {}` shows examples", function.node));
        if tidegate_functions::find(&function.node).is_some() {
            diagnostic = diagnostic.note("to look at the elements of one list: in an `add` before");
        }
        self.diagnostics.push(diagnostic);
    }

    /// An int, float or decimal; `durations`: these too.
    fn number(
        &mut self,
        function: &ast::Name,
        argument: &ast::Expr,
        durations: bool,
        event: &RecordValue,
    ) -> Option<Expr> {
        let value = self.checker(event).scalar(argument)?;
        let fits = match value.ty {
            ScalarType::Int | ScalarType::Float | ScalarType::Decimal { .. } => true,
            ty => durations && ty == ScalarType::Duration,
        };
        if fits {
            return Some(value);
        }
        let message = format!("`{}` cannot be taken of {}", function.node, value.ty);
        let mut diagnostic = Diagnostic::error(codes::BAD_ARGUMENTS, argument.span, message);
        if value.ty == ScalarType::Duration {
            diagnostic =
                diagnostic.note("its unit would be a square: `stddev(…)` of a duration is a duration");
        }
        self.diagnostics.push(diagnostic);
        None
    }

    /// The constant between 0 and 1, in millionths.
    fn share(&mut self, share: &ast::Expr, event: &RecordValue) -> Option<u32> {
        let checked = self.checker(event).scalar(share)?;
        let millionths = match checked.kind {
            ExprKind::Const(Value::Int(number)) => number.checked_mul(i64::from(WHOLE)),
            ExprKind::Const(Value::Float(number)) => {
                let millionths = (number * f64::from(WHOLE)).round();
                (millionths / f64::from(WHOLE) == number).then_some(millionths as i64)
            }
            ExprKind::Const(Value::Decimal(digits)) => {
                let divisor = 10i128.pow(u32::from(checked.ty.scale()));
                let millionths = digits.checked_mul(i128::from(WHOLE));
                let exact = millionths.filter(|millionths| millionths % divisor == 0);
                exact.and_then(|millionths| i64::try_from(millionths / divisor).ok())
            }
            _ => None,
        };
        let millionths = millionths.and_then(|millionths| u32::try_from(millionths).ok());
        let right = millionths.filter(|millionths| *millionths <= WHOLE);
        if right.is_none() {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::BAD_ARGUMENTS,
                    share.span,
                    "the share must be a constant from 0 to 1, with at most 6 digits behind the point",
                )
                .note("`percentile(x, 0.95)` is the value that 95 % of all do not exceed"),
            );
        }
        right
    }

    /// Constants of the type, ascending.
    fn bounds(&mut self, ty: ScalarType, bounds: &ast::Expr, event: &RecordValue) -> Option<Vec<Value>> {
        let items = match &bounds.node {
            Ast::List(items) if (1..=BOUNDS_MAX).contains(&items.len()) => items,
            _ => {
                let message =
                    format!("the bounds are a list of 1 to {BOUNDS_MAX} constants, such as `[10, 50, 100]`");
                self.error(codes::BAD_ARGUMENTS, bounds.span, message);
                return None;
            }
        };
        let target = Type::Scalar { ty, nullable: false };
        let mut values: Vec<Value> = Vec::new();
        for item in items {
            let mut checker = self.checker(event);
            let value = checker.check(item);
            let fitted = checker.fit(Located { value, span: item.span }, &target, None)?;
            let Some(value) = constant_of(&fitted) else {
                self.error(
                    codes::BAD_ARGUMENTS,
                    item.span,
                    "a bound must be a constant: a literal or a param",
                );
                return None;
            };
            if values.last().is_some_and(|last| last.compare(&value).is_ge()) {
                self.error(codes::BAD_ARGUMENTS, item.span, "the bounds must ascend, and this one does not");
                return None;
            }
            values.push(value);
        }
        Some(values)
    }
}

/// The value of a literal, with a minus before it or without.
fn constant_of(typed: &Typed) -> Option<Value> {
    let Typed::Scalar(expr) = typed else { return None };
    match &expr.kind {
        ExprKind::Const(value) if !value.is_null() => Some(value.clone()),
        ExprKind::Negate(inner) => match &inner.kind {
            ExprKind::Const(Value::Int(number)) => number.checked_neg().map(Value::Int),
            ExprKind::Const(Value::Float(number)) => Some(Value::Float(-number)),
            ExprKind::Const(Value::Decimal(digits)) => Some(Value::Decimal(-digits)),
            ExprKind::Const(Value::Duration(micros)) => micros.checked_neg().map(Value::Duration),
            _ => None,
        },
        _ => None,
    }
}

/// Of decimals a decimal of as many digits behind the point, of durations a duration, of other numbers a float.
fn quantile_type(ty: ScalarType) -> ScalarType {
    match ty {
        ScalarType::Decimal { scale, .. } => ScalarType::Decimal { precision: DIGITS_MAX, scale },
        ScalarType::Duration => ScalarType::Duration,
        _ => ScalarType::Float,
    }
}

fn pair(first: (&str, ScalarType, bool), second: (&str, ScalarType, bool)) -> ScalarType {
    let fields = [first, second]
        .map(|(name, ty, nullable)| RecordField { name: name.to_owned(), element: Element { ty, nullable } });
    ScalarType::Record(nested::record(RecordType { fields: fields.into() }))
}
