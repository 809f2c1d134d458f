//! Streams: their inputs, and their steps one after the other.

use super::aggregate::Grouping;
use super::{Flow, Lowerer, STEPS_MAX, step};
use crate::ast::{Name, Spanned, Step, StepKind, StreamDecl};
use crate::diagnostic::{Diagnostic, codes};
use std::iter::Peekable;
use tidegate_model::plan::NodeKind;
use tidegate_model::{Column, Schema};

impl<'a> Lowerer<'a> {
    pub(super) fn stream(&mut self, decl: &'a StreamDecl) {
        match self.stream_flow(decl).and_then(|flow| self.as_declared(decl, flow)) {
            Some(flow) => {
                self.flows.insert(decl.name.node.clone(), flow);
            }
            None => {
                self.broken.extend(crate::walk::branches(decl).map(|name| name.node.clone()));
                self.broken.insert(decl.name.node.clone());
            }
        }
    }

    /// Is the end of the steps what was declared: a table, or a stream?
    fn as_declared(&mut self, decl: &StreamDecl, flow: Flow) -> Option<Flow> {
        if !decl.is_table {
            if flow.is_table {
                let last = decl.steps.last().map_or(decl.inputs[0].span, |step| step.span);
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::STREAM_NEEDED,
                        decl.name.span,
                        format!("`{}` is declared as a stream, and is a table", decl.name.node),
                    )
                    .because(last, "this is a table: the last row of each key")
                    .note(
                        "declare it with `table` in place of `stream`, or give out its changes: `|> changes`",
                    ),
                );
                return None;
            }
            return Some(flow);
        }
        if flow.key.is_none() {
            self.diagnostics.push(
                Diagnostic::error(codes::TABLE_NEEDED, decl.name.span, format!("`{}` is declared as a table, and its rows have no key", decl.name.node))
                    .note("a table is made by `aggregate`, `latest by …` or `top …`, and keeps its key through what comes behind"),
            );
            return None;
        }
        Some(Flow { is_table: true, ..flow })
    }

    fn stream_flow(&mut self, decl: &'a StreamDecl) -> Option<Flow> {
        if let Some(step) = decl.steps.get(STEPS_MAX) {
            let message = format!("more than {STEPS_MAX} steps one behind the other");
            self.error(codes::TOO_DEEP, step.span, message);
            return None;
        }
        let mut flow = self.inputs(decl)?;
        let mut grouping = Grouping::default();
        let mut steps = decl.steps.iter().peekable();
        while let Some(step) = steps.next() {
            let in_group =
                matches!(step.kind, StepKind::Window(_) | StepKind::Aggregate(_) | StepKind::GroupBy(_));
            if !in_group && !self.nothing_waits(&grouping, &decl.steps) {
                return None;
            }
            let errors = self.route(step.errors.as_ref());
            if flow.is_table && !step::takes_tables(&step.kind) {
                self.diagnostics.push(
                    Diagnostic::error(codes::STREAM_NEEDED, step.span, "this step works on the events of a stream, and is given a table")
                        .note("a table's changes are a stream: put `|> changes` before it; a stream looks a table's rows up with `|> join TABLE by …`"),
                );
                return None;
            }
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
                    grouping.ttl = ttl_behind(&mut steps);
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
                StepKind::Latest(by) => {
                    let ttl = self.ttl(ttl_behind(&mut steps));
                    flow = self.latest(step::At { decl, step }, by, ttl, &flow, errors)?;
                }
                StepKind::Ttl(length) => {
                    self.diagnostics.push(
                        Diagnostic::error(
                            codes::TTL,
                            length.span,
                            "`ttl` stands directly behind a `latest` or an `aggregate` (and its `emit`)",
                        )
                        .note("rows go where they come from; a table of a topic says it there: `key …, ttl 30d`"),
                    );
                    return None;
                }
                StepKind::Branch(arms) => {
                    let last = steps.len() == 0;
                    self.branch(decl, step, arms, last, &flow, errors)?;
                }
                _ => flow = self.plain_step(decl, step, &flow, errors)?,
            }
        }
        self.nothing_waits(&grouping, &decl.steps).then_some(flow)
    }

    fn nothing_waits(&mut self, grouping: &Grouping<'_>, steps: &[Step]) -> bool {
        let waiting = [
            grouping.by.as_ref().map(|(_, step)| ("group by", *step)),
            grouping.window.as_ref().map(|(_, step)| ("window", *step)),
        ];
        let Some((word, step)) = waiting.into_iter().flatten().next() else { return true };
        let told = self.aggregate_further_on(word, step, steps).unwrap_or_else(|| {
            Diagnostic::error(codes::GROUPING, step.span, format!("`{word}` needs an `aggregate` behind it"))
                .note("only `window` may stand between them; `repartition by` changes the partitions without aggregating")
        });
        self.diagnostics.push(told);
        false
    }

    /// The `aggregate` is there, and something stands before it that belongs elsewhere.
    fn aggregate_further_on(&self, word: &str, waiting: &Step, steps: &[Step]) -> Option<Diagnostic> {
        let first = steps.iter().position(|step| step.span == waiting.span)?;
        let aggregate =
            first + steps[first..].iter().position(|step| matches!(step.kind, StepKind::Aggregate(_)))?;
        let between = (first..aggregate)
            .find(|index| !matches!(steps[*index].kind, StepKind::GroupBy(_) | StepKind::Window(_)))?;
        let (other, place) = (&steps[between], steps[aggregate].span);
        let StepKind::Emit(_) = other.kind else {
            return Some(
                Diagnostic::error(
                    codes::GROUPING,
                    other.span,
                    format!("this step stands between `{word}` and its `aggregate`"),
                )
                .because(waiting.span, "this groups")
                .because(place, "and this aggregates")
                .note(format!("put it before the `{word}`, where it sees each event, or behind the `aggregate`, where it sees the results")),
            );
        };
        let diagnostic = Diagnostic::error(codes::EMIT, other.span, "`emit` stands before its `aggregate`")
            .because(place, "what it gives out is made here")
            .note("when the results are given out is said directly behind the `aggregate`: `|> aggregate { … } |> emit …`");
        let again = steps.get(aggregate + 1).is_some_and(|step| matches!(step.kind, StepKind::Emit(_)));
        let (_, file) = self.sources.file_of(place);
        if again || between + 1 != aggregate || file.is_yaml() {
            return Some(diagnostic);
        }
        let text = |place| &file.text[file.range(place)];
        let sign = file.text[file.range(other.span).end..file.range(place).start].to_owned();
        let text = format!("{}{sign}{}", text(place), text(other.span));
        Some(diagnostic.mended_by(other.span.to(place), text))
    }

    fn inputs(&mut self, decl: &StreamDecl) -> Option<Flow> {
        let mut flows = Vec::new();
        let mut wrong = false;
        for input in &decl.inputs {
            match self.flow(input) {
                None => wrong = true,
                Some(flow) if flow.is_table && decl.inputs.len() > 1 => {
                    self.diagnostics.push(
                        Diagnostic::error(
                            codes::STREAM_NEEDED,
                            input.span,
                            format!("`{}` is a table, and streams are merged", input.node),
                        )
                        .note("a table's changes are a stream: `|> changes`"),
                    );
                    wrong = true;
                }
                Some(flow) => flows.push((flow, input)),
            }
        }
        if wrong {
            return None;
        }
        let (mut first, _) = flows.first()?.clone();
        if flows.len() == 1 {
            return Some(first);
        }
        let (like, like_name) = usual(&flows);
        for (flow, name) in &flows {
            if same_but_null(&like.schema, &flow.schema) {
                continue;
            }
            let difference = difference(&like.schema, &flow.schema);
            self.diagnostics.push(
                Diagnostic::error(
                    codes::BAD_FIELDS,
                    name.span,
                    format!("`{}` has other fields than `{}`", name.node, like_name.node),
                )
                .here(difference)
                .because(like_name.span, "merged with this")
                .note("bring them to one type before, with `map`, `select` or `add`"),
            );
            wrong = true;
        }
        if wrong {
            return None;
        }
        // What may be null in one of them may be null in all that comes out.
        for (column, index) in first.schema.columns.iter_mut().zip(0..) {
            column.nullable = flows.iter().any(|(flow, _)| flow.schema.columns[index].nullable);
        }
        first.only_with.retain(|pair| flows.iter().all(|(flow, _)| flow.only_with.contains(pair)));
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
        let keyed = flows.iter().find(|(flow, _)| flow.partitioned.is_some());
        let (partitioned_at, since) = match keyed {
            Some((keyed, _)) if !agree => {
                let why = "the merged streams are not all partitioned by the same field";
                (keyed.partitioned_at, Some((decl.name.span, why.to_owned())))
            }
            _ => (first.partitioned_at, first.since.clone()),
        };
        Some(Flow { node, partitioned, partitioned_at, since, key: None, ..first })
    }

    pub(super) fn step_name(decl: &StreamDecl, step: &Step, keyword: &str) -> String {
        let word = step.alias.as_ref().map_or(keyword, |alias| alias.node.as_str());
        format!("{}.{word}", decl.name.node)
    }
}

/// The `ttl` that belongs to the step before it.
fn ttl_behind<'a>(steps: &mut Peekable<std::slice::Iter<'a, Step>>) -> Option<&'a Spanned<i64>> {
    let StepKind::Ttl(length) = &steps.peek()?.kind else { return None };
    steps.next();
    Some(length)
}

/// One of those of which there are most: what differs from it is the odd one. Of equally many the first counts.
fn usual<'a, 'b>(flows: &'b [(Flow, &'a Name)]) -> &'b (Flow, &'a Name) {
    let alike =
        |schema: &Schema| flows.iter().filter(|(flow, _)| same_but_null(schema, &flow.schema)).count();
    let most = flows.iter().map(|(flow, _)| alike(&flow.schema)).max().unwrap_or(0);
    flows.iter().find(|(flow, _)| alike(&flow.schema) == most).expect("there are some")
}

/// The same fields of the same types; a filter may have left no null in one of them.
fn same_but_null(a: &Schema, b: &Schema) -> bool {
    let same = |(a, b): (&Column, &Column)| Column { nullable: b.nullable, ..a.clone() } == *b;
    a.columns.len() == b.columns.len() && a.columns.iter().zip(&b.columns).all(same)
}

/// What one schema has and the other has not.
fn difference(a: &Schema, b: &Schema) -> String {
    for column in &a.columns {
        match b.columns.iter().find(|other| other.path == column.path) {
            None => return format!("it lacks `{}`", column.path),
            Some(other) if other.ty != column.ty => {
                return format!("`{}` is {} here, and {} there", column.path, other.ty, column.ty);
            }
            Some(_) => {}
        }
    }
    match b.columns.iter().find(|column| a.columns.iter().all(|other| other.path != column.path)) {
        Some(extra) => format!("it also has `{}`", extra.path),
        None => "the same fields in another order".to_owned(),
    }
}
