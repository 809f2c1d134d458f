//! Which steps can fail for an event: only of those a test expects errors.

use tidegate_model::ScalarType;
use tidegate_model::expr::{Collection, EachFunction, Expr, ExprKind};
use tidegate_model::plan::NodeKind;

/// Is there an event for which an expression of this step has no result? In doubt yes.
pub(super) fn can_fail(kind: &NodeKind) -> bool {
    parts(kind).into_iter().any(fails)
}

/// What a step evaluates for each event.
fn parts(kind: &NodeKind) -> Vec<&Expr> {
    fn all<'a>(keys: &'a [Expr], others: impl IntoIterator<Item = &'a Option<Expr>>) -> Vec<&'a Expr> {
        keys.iter().chain(others.into_iter().flatten()).collect()
    }
    match kind {
        NodeKind::Filter(filter) => vec![&filter.predicate],
        NodeKind::Map(map) => map.columns.iter().collect(),
        NodeKind::Expand(expand) => expand.columns.iter().chain([&expand.list]).collect(),
        NodeKind::Aggregate(step) => all(&step.key, step.functions.iter().map(|call| &call.argument)),
        NodeKind::Rolling(step) => all(&step.key, step.functions.iter().map(|call| &call.argument)),
        NodeKind::JoinTable(join) => all(&join.key, [&join.as_of, &join.condition]),
        NodeKind::JoinStreams(join) => {
            join.left_key.iter().chain(&join.right_key).chain(&join.condition).collect()
        }
        NodeKind::JoinTables(join) => all(&join.key, [&join.condition]),
        NodeKind::Match(pattern) => {
            let variables = pattern.elements.iter().flat_map(|element| &element.alternatives);
            let totals = pattern.elements.iter().flat_map(|element| &element.totals);
            let arguments = totals.map(|call| &call.argument);
            all(&pattern.key, variables.map(|variable| &variable.condition).chain(arguments))
        }
        NodeKind::Dedupe(dedupe) => dedupe.key.iter().collect(),
        NodeKind::Latest(latest) => latest.key.iter().collect(),
        NodeKind::Changes(changes) => changes.predicate.iter().collect(),
        NodeKind::Top(top) => top.order.iter().map(|order| &order.expr).collect(),
        NodeKind::Schedule(step) => step.key.iter().chain([&step.at]).chain(&step.cancel).collect(),
        NodeKind::Source(_)
        | NodeKind::Table(_)
        | NodeKind::HttpPoll(_)
        | NodeKind::Generate(_)
        | NodeKind::Merge
        | NodeKind::Repartition(_)
        | NodeKind::Rekey(_)
        | NodeKind::Ask(_)
        | NodeKind::Answer(_)
        | NodeKind::Sink(_)
        | NodeKind::HttpSink(_)
        | NodeKind::WebSocketSink(_)
        | NodeKind::Serve(_) => Vec::new(),
    }
}

fn fails(expr: &Expr) -> bool {
    let itself = match &expr.kind {
        ExprKind::Arithmetic(..) => expr.ty != ScalarType::Float,
        ExprKind::Negate(_) => !matches!(expr.ty, ScalarType::Float | ScalarType::Decimal { .. }),
        ExprKind::Cast(from) => cast_fails(from.ty, expr.ty),
        ExprKind::Call(name, _) => function_fails(name),
        ExprKind::Collection(function, _) => may_grow(*function) || function_fails(function.name()),
        ExprKind::Each(each) => each.function == EachFunction::Reduce || function_fails(each.function.name()),
        ExprKind::Const(_)
        | ExprKind::Column(_)
        | ExprKind::Not(_)
        | ExprKind::Compare(..)
        | ExprKind::And(..)
        | ExprKind::Or(..)
        | ExprKind::IsNull(_)
        | ExprKind::Coalesce(..)
        | ExprKind::If { .. }
        | ExprKind::In(..)
        | ExprKind::Concat(_)
        | ExprKind::Local(_)
        | ExprKind::List(_)
        | ExprKind::Map(_)
        | ExprKind::Record(_)
        | ExprKind::Field(..)
        | ExprKind::Index(..) => false,
    };
    itself || expr.children().into_iter().any(fails)
}

fn function_fails(name: &str) -> bool {
    tidegate_functions::find(name).is_none_or(|function| !function.errors.is_empty())
}

/// Lists and sums that are larger than what they are made of have a limit.
fn may_grow(function: Collection) -> bool {
    use Collection::*;
    matches!(function, Concat | Sum | Avg | Join | Split | Flatten | Zip | Range | Merge)
}

/// An int takes 19 digits, a decimal at most 38.
fn cast_fails(from: ScalarType, to: ScalarType) -> bool {
    use ScalarType::*;
    match (from, to) {
        (from, to) if from == to => false,
        (_, String) | (Int, Float) | (Decimal { .. }, Float) | (Timestamp, Date) => false,
        (Int, Decimal { scale, .. }) => scale > 19,
        (Decimal { precision, scale: before }, Decimal { scale, .. }) => {
            scale < before || precision + (scale - before) > 38
        }
        _ => true,
    }
}
