//! Streams: their inputs and steps, one after the other.

use super::key::Wish;
use super::{Flow, Lowerer};
use crate::ast::{self, EmitKind, ExprKind as Ast, Step, StepKind, StreamDecl, WindowStep};
use crate::check::expr::{Checker, Globals};
use crate::check::function::AGGREGATES;
use crate::check::typed::{RecordValue, Typed};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::source::Span as Place;
use std::collections::BTreeMap;
use tidegate_model::expr::Expr;
use tidegate_model::plan::{
    Aggregate, AggregateCall, AggregateFunction, Dedupe, Emit, Filter, JoinTable, Map, NodeKind, Rolling,
    Route, Window,
};
use tidegate_model::{Column, ScalarType, Schema, Span};

const SCALE_MAX: u8 = 18;
const DIGITS_MAX: u8 = 38;

/// `group by` and `window` wait here for their `aggregate`.
#[derive(Default)]
struct Grouping<'a> {
    by: Option<(Vec<usize>, &'a Step)>,
    window: Option<(Window, &'a Step)>,
}

impl<'a> Lowerer<'a> {
    pub(super) fn stream(&mut self, decl: &'a StreamDecl) {
        match self.stream_flow(decl) {
            Some(flow) => {
                self.flows.insert(decl.name.node.clone(), flow);
            }
            None => {
                self.broken.insert(decl.name.node.clone());
            }
        }
    }

    fn stream_flow(&mut self, decl: &'a StreamDecl) -> Option<Flow> {
        let mut flow = self.inputs(decl)?;
        let mut grouping = Grouping::default();
        let mut steps = decl.steps.iter().peekable();
        while let Some(step) = steps.next() {
            let in_group =
                matches!(step.kind, StepKind::Window(_) | StepKind::Aggregate(_) | StepKind::GroupBy(_));
            if !in_group && !self.nothing_waits(&grouping) {
                return None;
            }
            let errors = self.route(step.errors.as_ref());
            match &step.kind {
                StepKind::GroupBy(by) => {
                    if let Some((_, before)) = &grouping.by {
                        self.diagnostics.push(
                            Diagnostic::error(codes::GROUPING, step.span, "a second `group by`")
                                .because(before.span, "the first"),
                        );
                        return None;
                    }
                    grouping.by = Some((self.by(by, &flow)?, step));
                }
                StepKind::Window(window) => {
                    let window = self.window(window, step.span)?;
                    if let Some((_, before)) = &grouping.window {
                        self.diagnostics.push(
                            Diagnostic::error(codes::GROUPING, step.span, "a second `window`")
                                .because(before.span, "the first"),
                        );
                        return None;
                    }
                    grouping.window = Some((window, step));
                }
                StepKind::Aggregate(functions) => {
                    let emit = match steps.peek() {
                        Some(Step { kind: StepKind::Emit(emit), span, .. }) => Some((emit, *span)),
                        _ => None,
                    };
                    if emit.is_some() {
                        steps.next();
                    }
                    flow = self.aggregate(
                        decl,
                        step,
                        functions,
                        std::mem::take(&mut grouping),
                        emit,
                        &flow,
                        errors,
                    )?;
                }
                StepKind::Emit(_) => {
                    self.error(codes::EMIT, step.span, "`emit` stands directly behind an `aggregate`");
                    return None;
                }
                _ => flow = self.plain_step(decl, step, &flow, errors)?,
            }
        }
        self.nothing_waits(&grouping).then_some(flow)
    }

    fn nothing_waits(&mut self, grouping: &Grouping<'_>) -> bool {
        let waiting = [
            grouping.by.as_ref().map(|(_, step)| ("group by", step)),
            grouping.window.as_ref().map(|(_, step)| ("window", step)),
        ];
        let Some((word, step)) = waiting.into_iter().flatten().next() else { return true };
        self.diagnostics.push(
            Diagnostic::error(codes::GROUPING, step.span, format!("`{word}` needs an `aggregate` behind it"))
                .note("only `window` may stand between them; `repartition by` changes the partitions without aggregating"),
        );
        false
    }

    fn inputs(&mut self, decl: &StreamDecl) -> Option<Flow> {
        let mut flows = Vec::new();
        let mut wrong = false;
        for input in &decl.inputs {
            match self.flow(input) {
                None => wrong = true,
                Some(flow) if flow.is_table => {
                    self.diagnostics.push(
                        Diagnostic::error(
                            codes::SINK_TARGET,
                            input.span,
                            format!("`{}` is a table, and a stream is needed", input.node),
                        )
                        .note(format!("a stream looks its rows up: `|> join {} by …`", input.node)),
                    );
                    wrong = true;
                }
                Some(flow) => flows.push((flow, input)),
            }
        }
        if wrong {
            return None;
        }
        let (first, first_name) = flows.first()?.clone();
        if flows.len() == 1 {
            return Some(first);
        }
        for (flow, name) in &flows[1..] {
            if flow.schema == first.schema {
                continue;
            }
            let difference = difference(&first.schema, &flow.schema);
            self.diagnostics.push(
                Diagnostic::error(
                    codes::BAD_FIELDS,
                    name.span,
                    format!("`{}` has other fields than `{}`", name.node, first_name.node),
                )
                .here(difference)
                .because(first_name.span, "merged with this")
                .note("bring them to one type before, with `map`, `select` or `add`"),
            );
            wrong = true;
        }
        if wrong {
            return None;
        }
        let agree = flows.iter().all(|(flow, _)| flow.partitioned == first.partitioned);
        let inputs = flows.iter().map(|(flow, _)| flow.node).collect();
        let node = self.add(
            format!("{}.merge", decl.name.node),
            NodeKind::Merge,
            inputs,
            first.schema.clone(),
            decl.name.span,
        );
        let partitioned = if agree { first.partitioned.clone() } else { None };
        Some(Flow { node, partitioned, key: None, ..first })
    }

    fn step_name(decl: &StreamDecl, step: &Step, keyword: &str) -> String {
        let word = step.alias.as_ref().map_or(keyword, |alias| alias.node.as_str());
        format!("{}.{word}", decl.name.node)
    }

    fn plain_step(
        &mut self,
        decl: &StreamDecl,
        step: &Step,
        flow: &Flow,
        errors: Option<Route>,
    ) -> Option<Flow> {
        let place = step.alias.as_ref().map_or(step.span, |alias| alias.span);
        match &step.kind {
            StepKind::Filter(predicate) => {
                let event = flow.event();
                let predicate = self.checker(&event).predicate(predicate)?;
                Some(self.filter(Self::step_name(decl, step, "filter"), predicate, flow, errors, place))
            }
            StepKind::Map(expr) => {
                let event = flow.event();
                let name = Self::step_name(decl, step, "map");
                if let Ast::Match(subject, arms) = &expr.node {
                    let (value, kept) = self.checker(&event).match_arms(subject, arms, expr.span)?;
                    let flow = match kept {
                        Some(kept) => self.filter(format!("{name}-keep"), kept, flow, errors.clone(), place),
                        None => flow.clone(),
                    };
                    return self.map(name, value, &flow, errors, expr.span);
                }
                let value = self.checker(&event).check(expr);
                self.map(name, value, flow, errors, expr.span)
            }
            StepKind::Select(paths) => {
                let event = flow.event();
                let mut kept = RecordValue::default();
                for path in paths {
                    let value = self.field_value(path, &event)?;
                    set_path(&mut kept, &path.node, value);
                }
                self.map(Self::step_name(decl, step, "select"), Typed::Record(kept), flow, errors, step.span)
            }
            StepKind::Drop(paths) => {
                let mut event = flow.event();
                for path in paths {
                    self.field_value(path, &event)?;
                    remove_path(&mut event, &path.node);
                }
                self.map(Self::step_name(decl, step, "drop"), Typed::Record(event), flow, errors, step.span)
            }
            StepKind::Add(fields) => {
                let event = flow.event();
                let mut wider = event.clone();
                let mut wrong = false;
                for (name, expr) in fields {
                    match self.checker(&event).check(expr) {
                        Typed::Wrong => wrong = true,
                        value => wider.set(&name.node, value),
                    }
                }
                if wrong {
                    return None;
                }
                self.map(Self::step_name(decl, step, "add"), Typed::Record(wider), flow, errors, step.span)
            }
            StepKind::RepartitionBy(by) => {
                let columns = self.by(by, flow)?;
                let alias = step.alias.as_ref().map(|alias| alias.node.as_str());
                Some(self.repartitioned(&decl.name.node, flow, &columns, step.span, &Wish::Said { alias }))
            }
            StepKind::Rolling { range, by, excluding_current, functions } => {
                let flow = self.keyed(decl, by, step, flow, "rolling")?;
                self.positive(range)?;
                let (calls, key) = (self.calls(functions, &flow)?, self.by(by, &flow)?);
                let mut schema = flow.schema.clone();
                for (call, (name, _)) in calls.iter().zip(functions) {
                    let taken =
                        schema.columns.iter().any(|column| column.path.split('.').next() == Some(&name.node));
                    if taken {
                        let message = format!("the event has a field `{}` already", name.node);
                        self.error(codes::DUPLICATE_NAME, name.span, message);
                        return None;
                    }
                    schema
                        .columns
                        .push(Column { nullable: call.nullable, ..Column::new(call.name.clone(), call.ty) });
                }
                let rolling = Rolling {
                    key: self.columns(&flow, &key),
                    range: Span::from_micros(range.node),
                    excluding_current: *excluding_current,
                    functions: calls,
                    errors,
                };
                let name = Self::step_name(decl, step, "rolling");
                let node = self.add(name, NodeKind::Rolling(rolling), vec![flow.node], schema.clone(), place);
                Some(Flow { node, schema, ..flow })
            }
            StepKind::Dedupe { by, within } => {
                let flow = self.keyed(decl, by, step, flow, "dedupe")?;
                self.positive(within)?;
                let key = self.by(by, &flow)?;
                let dedupe =
                    Dedupe { key: self.columns(&flow, &key), within: Span::from_micros(within.node), errors };
                let name = Self::step_name(decl, step, "dedupe");
                let node =
                    self.add(name, NodeKind::Dedupe(dedupe), vec![flow.node], flow.schema.clone(), place);
                Some(Flow { node, ..flow })
            }
            StepKind::Join { left, table, alias, by } => {
                self.join(decl, step, *left, table, alias.as_ref(), by, flow, errors)
            }
            // Told by the parser.
            StepKind::Unsupported(_) => None,
            StepKind::GroupBy(_) | StepKind::Window(_) | StepKind::Aggregate(_) | StepKind::Emit(_) => {
                panic!("grouping steps are taken before")
            }
        }
    }

    fn filter(
        &mut self,
        name: String,
        predicate: Expr,
        flow: &Flow,
        errors: Option<Route>,
        place: Place,
    ) -> Flow {
        let kind = NodeKind::Filter(Filter { predicate, errors });
        let node = self.add(name, kind, vec![flow.node], flow.schema.clone(), place);
        Flow { node, ..flow.clone() }
    }

    /// A step that makes new events of the old ones.
    fn map(
        &mut self,
        name: String,
        value: Typed,
        flow: &Flow,
        errors: Option<Route>,
        place: Place,
    ) -> Option<Flow> {
        let record = match value {
            Typed::Record(record) if record.presence.is_none() => record,
            Typed::Wrong => return None,
            other => {
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::NO_RECORD,
                        place,
                        format!("`map` makes an event, which is a record, not {}", other.describe()),
                    )
                    .note("write its fields: `{ name: value, … }`"),
                );
                return None;
            }
        };
        if let Some(path) = bare_null(&record) {
            let message = format!("the null of `{path}` has no type");
            self.diagnostics.push(
                Diagnostic::error(codes::TYPE_MISMATCH, place, message)
                    .note("leave the field away, or use a typed function: `fn … -> Type`"),
            );
            return None;
        }
        let (schema, columns) = record.flatten();
        if columns.is_empty() {
            self.error(codes::NO_RECORD, place, "an event has at least one field");
            return None;
        }
        let partitioned = Flow::follow(flow.partitioned.as_ref(), &columns);
        let key = Flow::follow(flow.key.as_ref(), &columns);
        let kind = NodeKind::Map(Map { columns, errors });
        let node = self.add(name, kind, vec![flow.node], schema.clone(), place);
        Some(Flow { node, schema, partitioned, partitioned_at: flow.partitioned_at, key, is_table: false })
    }

    fn field_value(&mut self, path: &ast::Path, event: &RecordValue) -> Option<Typed> {
        let expr = ast::Expr { node: Ast::Path(path.node.clone()), span: path.span };
        match Checker::new(&Globals::default(), self.diagnostics, Some(event)).check(&expr) {
            Typed::Wrong => None,
            value => Some(value),
        }
    }

    /// The flow, partitioned so that state can be kept by `by`.
    fn keyed(
        &mut self,
        decl: &StreamDecl,
        by: &[ast::Expr],
        step: &Step,
        flow: &Flow,
        keyword: &'static str,
    ) -> Option<Flow> {
        let columns = self.by(by, flow)?;
        if flow.is_partitioned_for(&columns) {
            return Some(flow.clone());
        }
        let span =
            by.first().map_or(step.span, |first| by.iter().fold(first.span, |span, expr| span.to(expr.span)));
        Some(self.repartitioned(&decl.name.node, flow, &columns, span, &Wish::Needed { keyword }))
    }

    fn positive(&mut self, length: &ast::Spanned<i64>) -> Option<()> {
        if length.node > 0 {
            return Some(());
        }
        self.error(codes::BAD_DURATION, length.span, "this length of time must be more than zero");
        None
    }

    fn window(&mut self, window: &WindowStep, place: Place) -> Option<Window> {
        self.positive(&window.size)?;
        let every = window.every.as_ref().unwrap_or(&window.size);
        self.positive(every)?;
        if every.node > window.size.node {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::BAD_DURATION,
                    every.span,
                    "the windows would leave gaps: events between them would be in none",
                )
                .because(window.size.span, "longer than the window"),
            );
            return None;
        }
        let late = self.route(window.late.as_ref());
        if late.is_none() {
            self.diagnostics.push(
                Diagnostic::warning(
                    codes::NO_LATE_ROUTE,
                    place,
                    "events that come after their window is final are only counted",
                )
                .note("to keep them: `, late -> kafka(\"…\")`"),
            );
        }
        Some(Window {
            size: Span::from_micros(window.size.node),
            advance: Span::from_micros(every.node),
            grace: Span::from_micros(window.grace.as_ref().map_or(0, |grace| grace.node)),
            late,
        })
    }

    #[expect(clippy::too_many_arguments, reason = "one for each part of the sentence")]
    fn aggregate(
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
        let input = if flow.is_partitioned_for(&key) {
            flow.node
        } else {
            let name = Self::partial_name(&decl.name.node, flow, &key, alias);
            let errors = errors.clone();
            self.repartition(name, flow, &key, true, errors, group.span)
        };
        let windowed = window.is_some();
        let place = step.alias.as_ref().map_or(step.span, |alias| alias.span);
        let kind = NodeKind::Aggregate(Aggregate { key: key_exprs, window, functions: calls, emit, errors });
        let node =
            self.add(Self::step_name(decl, step, "aggregate"), kind, vec![input], schema.clone(), place);
        // What the events were partitioned by is a part of the key, unless they were moved to be partitioned by all of it.
        let partitioned: Vec<usize> = match &flow.partitioned {
            Some(columns) if flow.is_partitioned_for(&key) => {
                columns.iter().filter_map(|column| key.iter().position(|part| part == column)).collect()
            }
            _ => (0..key.len()).collect(),
        };
        let window_columns = if windowed { 2 } else { 0 };
        let row_key = (0..key.len() + window_columns).collect();
        Some(Flow {
            node,
            schema,
            partitioned: Some(partitioned),
            partitioned_at: group.span,
            key: Some(row_key),
            is_table: false,
        })
    }

    fn result_schema(
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

    fn calls(&mut self, functions: &[(ast::Name, ast::Expr)], flow: &Flow) -> Option<Vec<AggregateCall>> {
        let event = flow.event();
        let mut calls = Vec::new();
        for (name, expr) in functions {
            calls.push(self.aggregate_call(name, expr, &event)?);
        }
        Some(calls)
    }

    fn aggregate_call(
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
            other => {
                let diagnostic = Diagnostic::error(
                    codes::AGGREGATE_PLACE,
                    function.span,
                    format!("`{other}` is no aggregate function"),
                );
                self.diagnostics.push(match did_you_mean(other, AGGREGATES) {
                    Some(meant) => diagnostic.here(format!("did you mean `{meant}`?")),
                    None => diagnostic.note(format!(
                        "there are {}; calculate inside of them: `sum(a * b)`",
                        AGGREGATES.join(", ")
                    )),
                });
                return None;
            }
        };
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
            (AggregateFunction::Min | AggregateFunction::Max, Bool) => None,
            (AggregateFunction::Sum | AggregateFunction::Avg, _) => None,
            _ => Some(given),
        };
        let Some(ty) = ty else {
            let span = argument.map_or(expr.span, |(_, span)| span);
            self.error(codes::BAD_ARGUMENTS, span, format!("`{}` cannot be taken of {given}", function.node));
            return None;
        };
        let always = which == AggregateFunction::Count
            || argument.as_ref().is_some_and(|(argument, _)| !argument.nullable);
        let argument = argument.map(|(argument, _)| argument);
        Some(AggregateCall { name: name.node.clone(), function: which, argument, ty, nullable: !always })
    }

    #[expect(clippy::too_many_arguments, reason = "one for each part of the sentence")]
    fn join(
        &mut self,
        decl: &StreamDecl,
        step: &Step,
        left: bool,
        table: &ast::Name,
        alias: Option<&ast::Name>,
        by: &ast::Expr,
        flow: &Flow,
        errors: Option<Route>,
    ) -> Option<Flow> {
        let rows = self.flow(table)?;
        if !rows.is_table {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::NOT_YET,
                    table.span,
                    format!("`{}` is a stream, and this version joins with tables", table.node),
                )
                .note("a table is declared from a compacted topic: `table NAME: … = kafka(\"…\") key …`"),
            );
            return None;
        }
        let flow = self.keyed(decl, std::slice::from_ref(by), step, flow, "join")?;
        let columns = self.by(std::slice::from_ref(by), &flow)?;
        // State is not kept by a longer key here: the row must be in the very partition of its key.
        let flow = match flow.partitioned.as_deref() == Some(&columns[..]) {
            true => flow,
            false => self.repartitioned(
                &decl.name.node,
                &flow,
                &columns,
                by.span,
                &Wish::Needed { keyword: "join" },
            ),
        };
        let key_column =
            &rows.schema.columns[rows.partitioned.as_ref().and_then(|key| key.first()).copied()?];
        let given = &flow.schema.columns[columns[0]];
        if given.ty != key_column.ty {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::JOIN_KEY,
                    by.span,
                    format!("the table's key is {}, and this is {}", key_column.ty, given.ty),
                )
                .because(
                    rows.partitioned_at,
                    format!("`{}` is the key of `{}`", key_column.path, table.node),
                ),
            );
            return None;
        }
        let name = alias.unwrap_or(table);
        if flow.schema.columns.iter().any(|column| column.path.split('.').next() == Some(&name.node)) {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::DUPLICATE_NAME,
                    name.span,
                    format!("the event has a field `{}` already", name.node),
                )
                .note(format!("give the row another name: `join {} as …`", table.node)),
            );
            return None;
        }
        let mut schema = flow.schema.clone();
        if left {
            schema.columns.push(Column::presence(name.node.clone()));
        }
        for column in &rows.schema.columns {
            let path = format!("{}.{}", name.node, column.path);
            schema.columns.push(Column { path, nullable: column.nullable || left, ..column.clone() });
        }
        let key = self.columns(&flow, &columns).remove(0);
        let join = JoinTable { key, left, alias: name.node.clone(), errors };
        let place = step.alias.as_ref().map_or(step.span, |alias| alias.span);
        let node_name = Self::step_name(decl, step, "join");
        let node =
            self.add(node_name, NodeKind::JoinTable(join), vec![flow.node, rows.node], schema.clone(), place);
        Some(Flow { node, schema, key: None, ..flow })
    }
}

/// What one schema has and the other has not.
fn difference(a: &Schema, b: &Schema) -> String {
    for column in &a.columns {
        match b.columns.iter().find(|other| other.path == column.path) {
            None => return format!("it lacks `{}`", column.path),
            Some(other) if other.ty != column.ty || other.nullable != column.nullable => {
                let mark = |column: &Column| if column.nullable { "?" } else { "" };
                return format!(
                    "`{}` is {}{} here, and {}{} there",
                    column.path,
                    other.ty,
                    mark(other),
                    column.ty,
                    mark(column)
                );
            }
            Some(_) => {}
        }
    }
    match b.columns.iter().find(|column| a.columns.iter().all(|other| other.path != column.path)) {
        Some(extra) => format!("it also has `{}`", extra.path),
        None => "the same fields in another order".to_owned(),
    }
}

fn bare_null(record: &RecordValue) -> Option<String> {
    record.fields.iter().find_map(|(name, value)| match value {
        Typed::Null => Some(name.clone()),
        Typed::Record(inner) => bare_null(inner).map(|path| format!("{name}.{path}")),
        _ => None,
    })
}

fn set_path(record: &mut RecordValue, path: &[String], value: Typed) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        record.set(first, value);
        return;
    }
    if !matches!(record.field(first), Some(Typed::Record(_))) {
        record.set(first, Typed::Record(RecordValue::default()));
    }
    if let Some((_, Typed::Record(inner))) = record.fields.iter_mut().find(|(name, _)| name == first) {
        set_path(inner, rest, value);
    }
}

fn remove_path(record: &mut RecordValue, path: &[String]) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        record.fields.retain(|(name, _)| name != first);
    } else if let Some((_, Typed::Record(inner))) = record.fields.iter_mut().find(|(name, _)| name == first) {
        remove_path(inner, rest);
    }
}
