//! `group by`, `window`, `aggregate` and `emit`, which become one node.

use super::key::Wish;
use super::statistic::STATISTICS;
use super::{Flow, Lowerer};
use crate::ast::{self, EmitKind, ExprKind as Ast, Step, StreamDecl};
use crate::check::aggregate::AGGREGATES;
use crate::check::typed::RecordValue;
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::source::Span as Place;
use std::collections::BTreeMap;
use tidegate_model::nested::{ELEMENTS_MAX, TYPE_DEPTH_MAX};
use tidegate_model::plan::{
    Aggregate, AggregateCall, AggregateFunction, Emit, NodeKind, Route, Window, WindowShape,
};
use tidegate_model::{Column, ScalarType, Schema, Span};

const SCALE_MAX: u8 = 18;
const DIGITS_MAX: u8 = 38;

/// `group by` and `window` wait here for their `aggregate`.
#[derive(Default)]
pub(super) struct Grouping<'a> {
    pub(super) by: Option<(Vec<usize>, &'a Step)>,
    pub(super) window: Option<(Window, &'a Step)>,
    /// Of the step behind it.
    pub(super) ttl: Option<&'a ast::Spanned<i64>>,
}

impl Lowerer<'_> {
    pub(super) fn positive(&mut self, length: &ast::Spanned<i64>) -> Option<()> {
        if length.node > 0 {
            return Some(());
        }
        self.error(codes::BAD_DURATION, length.span, "this length of time must be more than zero");
        None
    }

    #[expect(clippy::too_many_arguments, reason = "one for each part of the sentence")]
    pub(super) fn aggregate(
        &mut self,
        decl: &StreamDecl,
        step: &Step,
        functions: &[(ast::Name, ast::Expr)],
        grouping: Grouping<'_>,
        emit: Option<(&EmitKind, Place)>,
        flow: &Flow,
        errors: Option<Route>,
    ) -> Option<Flow> {
        let Some((key, group)) = grouping.by else {
            self.diagnostics.push(
                Diagnostic::error(codes::GROUPING, step.span, "`aggregate` needs a `group by` before it")
                    .note("all events of one key are aggregated together: `|> group by …`"),
            );
            return None;
        };
        if let (true, Some((_, window))) = (flow.is_table, &grouping.window) {
            self.diagnostics.push(
                Diagnostic::error(codes::STREAM_NEEDED, window.span, "a window is of events, and this is a table")
                    .because(flow.key_at, "a table has one row for each key, whenever it came")
                    .note("without the window its rows are added up as they are now; windows of its changes: `|> changes` before the `group by`"),
            );
            return None;
        }
        let row_key = flow.key.clone().filter(|_| flow.is_table);
        let ttl = match grouping.ttl {
            Some(length) => Some(self.ttl_of_groups(length, row_key.is_some(), grouping.window.is_some())?),
            None => None,
        };
        let window_span = grouping.window.as_ref().map(|(_, step)| step.span);
        let window = grouping.window.map(|(window, _)| window);
        let emit = match emit {
            None if window.is_some() => Emit::Final,
            None => Emit::Changes,
            Some((EmitKind::Final, span)) => {
                if window.is_none() {
                    self.diagnostics.push(
                        Diagnostic::error(codes::EMIT, span, "without a window there is no end at which a result would be final")
                            .note("write `emit changes`, or `emit every 10s`; or put a `window` before the `aggregate`"),
                    );
                    return None;
                }
                Emit::Final
            }
            Some((EmitKind::Changes, _)) => Emit::Changes,
            Some((EmitKind::Every(every), _)) => {
                self.positive(every)?;
                Emit::Every(Span::from_micros(every.node))
            }
        };
        let calls = self.calls(functions, flow)?;
        let schema = self.result_schema(&key, window.is_some(), &calls, functions, flow, group)?;
        let key_exprs = self.columns(flow, &key);
        let alias = group.alias.as_ref().map(|alias| alias.node.as_str());
        // Which session or sliding window an event counts in is known only where all of its key are: the events travel.
        let needs_events = window
            .as_ref()
            .is_some_and(|window| matches!(window.shape, WindowShape::Session | WindowShape::Sliding));
        // A row that has the same group for ever lies where the others of it are.
        let stays = flow.is_partitioned_for(&key)
            && row_key.as_ref().is_none_or(|row_key| key.iter().all(|column| row_key.contains(column)));
        let input = if stays {
            flow.node
        } else if let Some(row_key) = &row_key {
            let name = match alias {
                Some(alias) => format!("{}.{alias}", decl.name.node),
                None => format!("{}-moves", Self::step_name(decl, step, "aggregate")),
            };
            self.moved(name, flow, &key, row_key, group.span)
        } else if needs_events {
            let wish = Wish::Needed { keyword: "group by" };
            self.repartitioned(&decl.name.node, flow, &key, group.span, &wish).node
        } else if window.is_none() && (ttl.is_some() || self.looked_up.contains(decl.name.node.as_str())) {
            // An event that looks its row up must meet it as of itself, and one that comes too late for a group begins a new one: partial aggregates
            // hold later events, too.
            self.repartitioned(&decl.name.node, flow, &key, group.span, &Wish::Said { alias }).node
        } else {
            let name = Self::partial_name(&decl.name.node, flow, &key, alias);
            let errors = errors.clone();
            self.repartition(name, flow, &key, true, errors, group.span)
        };
        let windowed = window.is_some();
        // A row that another one may take the place of is a table's, but where the declaration is a stream's: there each change is an event.
        let is_table = flow.is_table || decl.is_table && !matches!(emit, Emit::Final);
        let place = step.alias.as_ref().map_or(step.span, |alias| alias.span);
        let kind = NodeKind::Aggregate(Aggregate {
            key: key_exprs,
            row_key,
            window,
            functions: calls,
            emit,
            ttl,
            errors,
        });
        let node =
            self.add(Self::step_name(decl, step, "aggregate"), kind, vec![input], schema.clone(), place);
        if let Some(span) = window_span {
            self.part_places.insert(self.nodes[node.0 as usize].name.clone(), span);
        }
        // What the events were partitioned by is a part of the key, unless they were moved to be partitioned by all of it.
        let partitioned: Vec<usize> = match &flow.partitioned {
            Some(columns) if stays => {
                columns.iter().filter_map(|column| key.iter().position(|part| part == column)).collect()
            }
            _ => (0..key.len()).collect(),
        };
        let window_columns = if windowed { 2 } else { 0 };
        let result_key = (0..key.len() + window_columns).collect();
        Some(Flow {
            node,
            schema,
            partitioned: Some(partitioned),
            partitioned_at: group.span,
            since: None,
            key: Some(result_key),
            key_at: group.span,
            is_table,
            only_with: Vec::new(),
        })
    }

    fn ttl_of_groups(&mut self, length: &ast::Spanned<i64>, of_table: bool, windowed: bool) -> Option<Span> {
        let (message, note) = match (of_table, windowed) {
            (true, _) => (
                "these rows go when the rows go that they are added up from",
                "put `ttl` where the table's rows come from: behind its topic, its `latest` or its `aggregate`",
            ),
            (_, true) => (
                "the state of windows goes by itself, and their rows stay as they were",
                "leave `ttl` away; or leave the window away, so that there is one row for each key",
            ),
            _ => return self.ttl(Some(length)),
        };
        self.diagnostics.push(Diagnostic::error(codes::TTL, length.span, message).note(note));
        None
    }

    /// A time to live: more than none.
    pub(super) fn ttl(&mut self, length: Option<&ast::Spanned<i64>>) -> Option<Span> {
        let length = length?;
        self.positive(length)?;
        Some(Span::from_micros(length.node))
    }

    pub(super) fn result_schema(
        &mut self,
        key: &[usize],
        windowed: bool,
        calls: &[AggregateCall],
        functions: &[(ast::Name, ast::Expr)],
        flow: &Flow,
        group: &Step,
    ) -> Option<Schema> {
        let mut columns: Vec<Column> = Vec::new();
        let mut places: BTreeMap<String, Place> = BTreeMap::new();
        for index in key {
            let column = &flow.schema.columns[*index];
            let name = column.path.rsplit('.').next().unwrap_or(&column.path).to_owned();
            if places.insert(name.clone(), group.span).is_some() {
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::DUPLICATE_NAME,
                        group.span,
                        format!("two parts of the key would both be named `{name}`"),
                    )
                    .note("give one another name in a step before: `|> add { other: … }`"),
                );
                return None;
            }
            columns.push(Column::new(name, column.ty));
        }
        if windowed {
            places.insert("window".to_owned(), group.span);
            columns.push(Column::new("window.start", ScalarType::Timestamp));
            columns.push(Column::new("window.end", ScalarType::Timestamp));
        }
        for (call, (name, _)) in calls.iter().zip(functions) {
            if let Some(before) = places.insert(call.name.clone(), name.span) {
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::DUPLICATE_NAME,
                        name.span,
                        format!("the result has a field `{}` already", call.name),
                    )
                    .because(before, "from here"),
                );
                return None;
            }
            columns.push(Column { nullable: call.nullable, ..Column::new(call.name.clone(), call.ty) });
        }
        Some(Schema::new(columns))
    }

    pub(super) fn calls(
        &mut self,
        functions: &[(ast::Name, ast::Expr)],
        flow: &Flow,
    ) -> Option<Vec<AggregateCall>> {
        let event = flow.event();
        // What is wrong with one of them is told though another one is wrong too.
        let calls: Vec<Option<AggregateCall>> =
            functions.iter().map(|(name, expr)| self.aggregate_call(name, expr, &event)).collect();
        calls.into_iter().collect()
    }

    pub(super) fn aggregate_call(
        &mut self,
        name: &ast::Name,
        expr: &ast::Expr,
        event: &RecordValue,
    ) -> Option<AggregateCall> {
        let Ast::Call(function, arguments) = &expr.node else {
            self.diagnostics.push(
                Diagnostic::error(codes::AGGREGATE_PLACE, expr.span, "an aggregate function is needed here")
                    .note(format!(
                        "one of {}; calculate with the results in a `map` behind",
                        AGGREGATES.join(", ")
                    )),
            );
            return None;
        };
        let which = match function.node.as_str() {
            "count" => AggregateFunction::Count,
            "sum" => AggregateFunction::Sum,
            "min" => AggregateFunction::Min,
            "max" => AggregateFunction::Max,
            "avg" => AggregateFunction::Avg,
            "first" => AggregateFunction::First,
            "last" => AggregateFunction::Last,
            "collect" | "collect_distinct" => return self.collect(name, function, arguments, expr, event),
            statistic if STATISTICS.contains(&statistic) => {
                return self.statistic(name, function, arguments, expr, event);
            }
            other => {
                let diagnostic = Diagnostic::error(
                    codes::AGGREGATE_PLACE,
                    function.span,
                    format!("`{other}` is no aggregate function"),
                );
                self.diagnostics.push(match did_you_mean(other, AGGREGATES.iter().copied()) {
                    _ if matches!(other.to_ascii_lowercase().as_str(), "distinct" | "unique" | "set") => {
                        diagnostic.note("the different values are `collect_distinct(…)`, and how many there are `count_distinct(…)`")
                    }
                    _ if let Some(aggregate) = tidegate_functions::aggregate_called_elsewhere(other) => {
                        diagnostic
                            .here(format!("here it is called `{}`", aggregate.name))
                            .note(format!("`tidegate explain {}` shows examples", aggregate.name))
                    }
                    Some(meant) => diagnostic.meant(&meant),
                    None => diagnostic.note(format!(
                        "there are {}; calculate inside of them: `sum(a * b)`",
                        AGGREGATES.join(", ")
                    )),
                });
                return None;
            }
        };
        if let [argument @ ast::Spanned { node: Ast::Path(path), .. }] = &arguments[..]
            && path[..] == ["it"]
        {
            let diagnostic = Diagnostic::error(
                codes::BAD_ARGUMENTS,
                argument.span,
                format!("`{}` takes a single value, and `it` is the whole event", function.node),
            );
            self.diagnostics.push(match which {
                AggregateFunction::Count => diagnostic.note("`count()` counts the events"),
                AggregateFunction::Last => diagnostic.note("the last event of each key is a step of its own: `|> latest by …`; or name the fields: `{ amount: last(amount) }`"),
                AggregateFunction::First => diagnostic.note("name the fields: `{ amount: first(amount) }`"),
                AggregateFunction::Max | AggregateFunction::Min => diagnostic.note(format!("the event at which a value is greatest or least: `{0}_by(it, amount)`", function.node)),
                _ => diagnostic.note(format!("name a field: `{}(amount)`", function.node)),
            });
            return None;
        }
        let argument = match (&arguments[..], which) {
            ([], AggregateFunction::Count) => None,
            ([argument], _) => Some((self.checker(event).scalar(argument)?, argument.span)),
            _ => {
                self.error(codes::BAD_ARGUMENTS, expr.span, format!("`{}` takes one value", function.node));
                return None;
            }
        };
        let given = argument.as_ref().map_or(ScalarType::Int, |(argument, _)| argument.ty);
        use ScalarType::*;
        let ty = match (which, given) {
            (AggregateFunction::Count, _) => Some(Int),
            (AggregateFunction::Sum, Int | Float | Duration) => Some(given),
            (AggregateFunction::Sum, Decimal { scale, .. }) => Some(Decimal { precision: DIGITS_MAX, scale }),
            (AggregateFunction::Avg, Int | Float) => Some(Float),
            (AggregateFunction::Avg, Decimal { scale, .. }) => {
                Some(Decimal { precision: DIGITS_MAX, scale: (scale + 4).min(SCALE_MAX) })
            }
            (AggregateFunction::Min | AggregateFunction::Max, given) if !given.has_order() => None,
            (AggregateFunction::Sum | AggregateFunction::Avg, _) => None,
            _ => Some(given),
        };
        let Some(ty) = ty else {
            let span = argument.map_or(expr.span, |(_, span)| span);
            let mut diagnostic = Diagnostic::error(
                codes::BAD_ARGUMENTS,
                span,
                format!("`{}` cannot be taken of {given}", function.node),
            );
            if given.is_nested() {
                diagnostic = diagnostic.note(format!(
                    "to look at each element as an event of its own: `|> expand … as item` before; of one list: `{}(…)` in an `add` before",
                    function.node
                ));
            }
            self.diagnostics.push(diagnostic);
            return None;
        };
        let always = which == AggregateFunction::Count
            || argument.as_ref().is_some_and(|(argument, _)| !argument.nullable);
        let argument = argument.map(|(argument, _)| argument);
        let bounds = Vec::new();
        Some(AggregateCall {
            name: name.node.clone(),
            function: which,
            argument,
            ty,
            nullable: !always,
            bounds,
        })
    }

    /// `collect(x)`, `collect_distinct(x, 50)`: a list with a bound.
    fn collect(
        &mut self,
        name: &ast::Name,
        function: &ast::Name,
        arguments: &[ast::Expr],
        expr: &ast::Expr,
        event: &RecordValue,
    ) -> Option<AggregateCall> {
        const LIMIT: u32 = 1000;
        let (argument, limit) = match arguments {
            [argument] => (argument, LIMIT),
            [argument, limit] => match limit.node {
                Ast::Int(number) if (1..=ELEMENTS_MAX as i64).contains(&number) => (argument, number as u32),
                _ => {
                    let message = format!("the most that is kept is a number from 1 to {ELEMENTS_MAX}");
                    self.error(codes::BAD_ARGUMENTS, limit.span, message);
                    return None;
                }
            },
            _ => {
                let usage =
                    format!("`{0}` takes a value, and how many are kept: `{0}(sku, 50)`", function.node);
                self.error(codes::BAD_ARGUMENTS, expr.span, usage);
                return None;
            }
        };
        let value = self.checker(event).one_value(argument)?;
        if value.ty.depth() >= TYPE_DEPTH_MAX {
            self.error(codes::TOO_DEEP, argument.span, "a list of this would be nested too deep");
            return None;
        }
        let which = match function.node.as_str() {
            "collect" => AggregateFunction::Collect { limit },
            _ => AggregateFunction::CollectDistinct { limit },
        };
        let ty = ScalarType::list(value.ty, false);
        Some(AggregateCall {
            name: name.node.clone(),
            function: which,
            argument: Some(value),
            ty,
            nullable: false,
            bounds: Vec::new(),
        })
    }
}
