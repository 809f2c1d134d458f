//! Streams: their inputs and steps, one after the other.

use super::aggregate::Grouping;
use super::key::Wish;
use super::{Flow, Lowerer};
use crate::ast::{self, ExprKind as Ast, Step, StepKind, StreamDecl};
use crate::check::expr::{Checker, Globals};
use crate::check::typed::{RecordValue, Typed};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span as Place;
use tidegate_model::expr::Expr;
use tidegate_model::plan::{Dedupe, Filter, JoinTable, Map, NodeKind, Rolling, Route};
use tidegate_model::{Column, Schema, Span};

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

    pub(super) fn step_name(decl: &StreamDecl, step: &Step, keyword: &str) -> String {
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
                let (mut calls, key) = (self.calls(functions, &flow)?, self.by(by, &flow)?);
                if *excluding_current {
                    // A key's first event has no others before it.
                    for call in calls.iter_mut().filter(|call| !call.function.has_empty_value()) {
                        call.nullable = true;
                    }
                }
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
            StepKind::Expand { left, list, name } => self.expand(decl, step, *left, list, name, flow, errors),
            StepKind::FlatMap(list) => self.flat_map(decl, step, list, flow, errors),
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
        let nothing = RecordValue::default();
        let record = match self.checker(&nothing).settle(value) {
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
