//! Joins: of a stream with a table (by its key, as of a time), of two streams (near in time), of two tables (by key or foreign key).

use super::At;
use super::join_condition::Condition;
use crate::ast::{self, JoinStep, JoinWord, Spanned};
use crate::check::typed::RecordValue;
use crate::diagnostic::{Diagnostic, codes};
use crate::lower::key::Wish;
use crate::lower::{Flow, Lowerer};
use tidegate_model::expr::Expr;
use tidegate_model::plan::{Answer, Ask, JoinKind, JoinStreams, JoinTable, JoinTables, NodeKind, Route};
use tidegate_model::{Column, NodeId, ScalarType, Schema, Span};

impl Lowerer<'_> {
    pub(super) fn join(
        &mut self,
        at: At<'_>,
        join: &JoinStep,
        flow: &Flow,
        errors: Option<Route>,
    ) -> Option<Flow> {
        let rows = self.flow(&join.other)?;
        self.row_named_behind(at, join, flow)?;
        let name = join.alias.as_ref().unwrap_or(&join.other);
        if flow.schema.columns.iter().any(|column| column.path.split('.').next() == Some(&name.node)) {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::DUPLICATE_NAME,
                    name.span,
                    format!("the event has a field `{}` already", name.node),
                )
                .note(format!("give the row another name: `join {} as …`", join.other.node)),
            );
            return None;
        }
        if !flow.is_table && self.is_global(&rows) {
            let (key, condition) = self.global_condition(join, name, flow, &rows)?;
            return self.look_up(at, join, name, flow.clone(), &rows, (vec![key], condition), errors);
        }
        let condition = self.condition(join, name, flow, &rows)?;
        match (flow.is_table, rows.is_table) {
            (false, true) => self.join_table(at, join, name, flow, &rows, condition, errors),
            (false, false) => self.join_streams(at, join, name, flow, &rows, condition, errors),
            (true, true) => self.join_tables(at, join, name, flow, &rows, condition, errors),
            (true, false) => {
                self.diagnostics.push(
                    Diagnostic::error(codes::JOIN_SHAPE, join.other.span, format!("`{}` is a stream, and a table is joined with it", join.other.node))
                        .note("turn it round: the stream joins the table, which then is looked up for each event; or take the table's `changes`"),
                );
                None
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one for each part of the sentence")]
    fn join_table(
        &mut self,
        at: At<'_>,
        join: &JoinStep,
        name: &ast::Name,
        flow: &Flow,
        rows: &Flow,
        condition: Condition,
        errors: Option<Route>,
    ) -> Option<Flow> {
        let (flow, key) = self.row_of_table(at, join, &condition, flow, rows)?;
        self.look_up(at, join, name, flow, rows, (key, condition), errors)
    }

    /// The stream's events are where the rows are.
    #[expect(clippy::too_many_arguments, reason = "one for each part of the sentence")]
    fn look_up(
        &mut self,
        at: At<'_>,
        join: &JoinStep,
        name: &ast::Name,
        flow: Flow,
        rows: &Flow,
        (key, condition): (Vec<Expr>, Condition),
        errors: Option<Route>,
    ) -> Option<Flow> {
        self.only_for_streams(join)?;
        if join.kind == JoinWord::Outer {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::JOIN_SHAPE,
                    at.step.span,
                    "an `outer join` of a stream with a table",
                )
                .note("a row without an event is no event; `left join` keeps events without a row"),
            );
            return None;
        }
        let as_of = match &join.as_of {
            None => None,
            Some(time) => Some(self.as_of(join, time, &flow, rows)?),
        };
        let left = join.kind == JoinWord::Left;
        let schema = joined(&flow.schema, &rows.schema, name, false, left);
        let rest = self.rest(&condition, join, &schema)?;
        // Of an inner join what does not fulfil the condition is simply gone.
        let (kept, filtered) = if left { (rest, None) } else { (None, rest) };
        let kind = JoinTable {
            key,
            left,
            alias: name.node.clone(),
            derived: (as_of.is_some() || !self.is_topic(rows)).then(|| rows.key.clone().unwrap_or_default()),
            history: as_of.as_ref().and_then(|_| self.history(rows)),
            as_of,
            condition: kept,
            errors: errors.clone(),
        };
        let node_name = at.name("join");
        let node = self.add(
            node_name.clone(),
            NodeKind::JoinTable(kind),
            vec![flow.node, rows.node],
            schema.clone(),
            at.place(),
        );
        let only_with = with_record(&flow, rows, left);
        let flow = Flow { node, schema, key: None, only_with, ..flow };
        Some(match filtered {
            Some(predicate) => {
                self.filter(format!("{node_name}-where"), predicate, &flow, errors, at.place())
            }
            None => flow,
        })
    }

    #[expect(clippy::too_many_arguments, reason = "one for each part of the sentence")]
    fn join_streams(
        &mut self,
        at: At<'_>,
        join: &JoinStep,
        name: &ast::Name,
        flow: &Flow,
        rows: &Flow,
        condition: Condition,
        errors: Option<Route>,
    ) -> Option<Flow> {
        let Some(within) = &join.within else {
            self.diagnostics.push(
                Diagnostic::error(codes::JOIN_SHAPE, join.other.span, format!("`{}` is a stream: how far apart may the two events be?", join.other.node))
                    .note(format!("say it: `join {} within 10m on …`, or `within 10m before`; to look up the last event of a key, make a table of it: `|> latest by …`", join.other.node)),
            );
            return None;
        };
        if let Some(time) = &join.as_of {
            self.error(codes::JOIN_SHAPE, time.span, "`as of` looks into a table, and this is a stream");
            return None;
        }
        for length in within.before.iter().chain(&within.after) {
            self.positive(length)?;
        }
        let length = |length: &Option<Spanned<i64>>| {
            Span::from_micros(length.as_ref().map_or(0, |length| length.node))
        };
        let late = self.late_route(join.late.as_ref(), at.step.span, "whose partners were given up already");
        self.same_types(&condition.left, flow, &condition.right, rows, condition.span)?;
        let (mine, theirs) = (places(flow, &condition.left), places(rows, &condition.right));
        let together = mine.is_some() && mine == theirs;
        let (flow, rows) = if together {
            (flow.clone(), rows.clone())
        } else {
            let wish = Wish::Needed { keyword: "join" };
            let stream = &at.decl.name.node;
            (
                self.repartitioned(stream, flow, &condition.left, condition.span, &wish),
                self.repartitioned(&join.other.node, rows, &condition.right, condition.span, &wish),
            )
        };
        let kind = join_kind(join.kind);
        let (left_missing, right_missing) = missing(kind);
        let schema = joined(&flow.schema, &rows.schema, name, left_missing, right_missing);
        let rest = self.rest(&condition, join, &schema)?;
        let streams = JoinStreams {
            kind,
            left_key: self.columns(&flow, &condition.left),
            right_key: self.columns(&rows, &condition.right),
            before: length(&within.before),
            after: length(&within.after),
            grace: length(&join.grace),
            alias: name.node.clone(),
            condition: rest,
            late,
            errors,
        };
        let kind = NodeKind::JoinStreams(streams);
        let node = self.add(at.name("join"), kind, vec![flow.node, rows.node], schema.clone(), at.place());
        let only_with = with_record(&flow, &rows, right_missing);
        let mut flow = Flow { node, schema, key: None, only_with, ..flow };
        if left_missing && flow.partitioned.take().is_some() {
            flow.since = Some((at.step.span, "behind an `outer join` it may be null".to_owned()));
        }
        Some(flow)
    }

    #[expect(clippy::too_many_arguments, reason = "one for each part of the sentence")]
    fn join_tables(
        &mut self,
        at: At<'_>,
        join: &JoinStep,
        name: &ast::Name,
        flow: &Flow,
        rows: &Flow,
        condition: Condition,
        errors: Option<Route>,
    ) -> Option<Flow> {
        self.only_for_streams(join)?;
        if let Some(time) = &join.as_of {
            self.error(
                codes::JOIN_SHAPE,
                time.span,
                "`as of` is for the events of a stream: a table has no time",
            );
            return None;
        }
        let columns = self.whole_key(join, &condition, flow, rows)?;
        let own = flow.key.clone().unwrap_or_default();
        let right_key = rows.key.clone().unwrap_or_default();
        let (mine, theirs) = (places(flow, &own), places(rows, &right_key));
        // By the key of both, but not in the same partitions: then the rows are asked for, too.
        let foreign = columns != own || mine.is_none() || mine != theirs;
        if foreign && join.kind == JoinWord::Outer {
            let why = match columns != own {
                true => "this is not the key of the first table",
                false => "the tables are partitioned by other parts of it",
            };
            self.diagnostics.push(
                Diagnostic::error(
                    codes::JOIN_SHAPE,
                    at.step.span,
                    "an `outer join` of two tables is by the key of both",
                )
                .because(condition.span, why)
                .note("`left join` keeps the rows of the first table"),
            );
            return None;
        }
        let kind = join_kind(join.kind);
        let (left_missing, right_missing) = missing(kind);
        let mut schema = joined(&flow.schema, &rows.schema, name, left_missing, right_missing);
        for key in &own {
            // The key is there whichever side is missing: it is that of both.
            schema.columns[*key].nullable = false;
        }
        let rest = self.rest(&condition, join, &schema)?;
        let tables = JoinTables {
            kind,
            key: self.columns(flow, &columns),
            left_key: own.clone(),
            right_key,
            foreign,
            alias: name.node.clone(),
            condition: rest,
            errors,
        };
        let right = if foreign { self.asked_for(at, &tables, flow, rows, theirs) } else { rows.node };
        let kind = NodeKind::JoinTables(tables);
        let node = self.add(at.name("join"), kind, vec![flow.node, right], schema.clone(), at.place());
        let only_with = with_record(flow, rows, right_missing);
        Some(Flow { node, schema, only_with, ..flow.clone() })
    }

    /// By a foreign key: the nodes by which the right rows come to the left ones. `places`: which parts of the right key decide its partition.
    fn asked_for(
        &mut self,
        at: At<'_>,
        join: &JoinTables,
        flow: &Flow,
        rows: &Flow,
        places: Option<Vec<usize>>,
    ) -> NodeId {
        let name = at.name("join");
        let topic = |word: &str| format!("{}.{name}-{word}", self.name);
        let ask = Ask {
            topic: topic("asks"),
            key: join.key.clone(),
            // Rows that lie together are where nothing decides.
            place: match self.lies_together(rows.node) {
                true => Vec::new(),
                false => places.unwrap_or_else(|| (0..join.key.len()).collect()),
            },
            left_key: join.left_key.clone(),
        };
        let answer = Answer { topic: topic("answers"), right_key: join.right_key.clone() };
        let asks =
            self.add(format!("{name}-asks"), NodeKind::Ask(ask), vec![flow.node], Ask::schema(), at.place());
        let schema = Answer::schema(&rows.schema);
        let kind = NodeKind::Answer(answer);
        self.add(format!("{name}-answers"), kind, vec![rows.node, asks], schema, at.place())
    }

    /// Is the table a topic's, and not made from a stream?
    fn is_topic(&self, rows: &Flow) -> bool {
        matches!(self.nodes[rows.node.0 as usize].kind, NodeKind::Table(_))
    }

    /// How long its rows can be asked for.
    fn history(&self, rows: &Flow) -> Option<Span> {
        match &self.nodes[rows.node.0 as usize].kind {
            NodeKind::Table(table) => table.history,
            _ => None,
        }
    }

    /// Does every worker have all of it?
    fn is_global(&self, rows: &Flow) -> bool {
        matches!(&self.nodes[rows.node.0 as usize].kind, NodeKind::Table(table) if table.global)
    }

    fn only_for_streams(&mut self, join: &JoinStep) -> Option<()> {
        let late = join.late.as_ref().map(|late| (late.topic.span, "`late ->`"));
        let waits = join.grace.as_ref().map(|grace| (grace.span, "`grace`")).or(late);
        let Some(within) = &join.within else {
            let Some((span, word)) = waits else { return Some(()) };
            self.diagnostics.push(
                Diagnostic::error(
                    codes::JOIN_SHAPE,
                    span,
                    format!("{word} is for two streams, and `{}` is a table", join.other.node),
                )
                .note("a table has one row for each key, whenever it came: no event is late for it"),
            );
            return None;
        };
        let length = within.before.as_ref().or(within.after.as_ref())?;
        self.diagnostics.push(
            Diagnostic::error(
                codes::JOIN_SHAPE,
                length.span,
                format!("`within` is for two streams, and `{}` is a table", join.other.node),
            )
            .note("a table has one row for each key, whenever it came; `as of` looks at the row of a time"),
        );
        None
    }

    /// The row of a time: only a table that is read from a topic has the history for it.
    fn as_of(&mut self, join: &JoinStep, time: &ast::Expr, flow: &Flow, rows: &Flow) -> Option<Expr> {
        if !self.is_topic(rows) {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::JOIN_SHAPE,
                    join.other.span,
                    format!("`{}` is made from a stream, and keeps no earlier rows", join.other.node),
                )
                .because(time.span, "`as of` needs them"),
            );
            return None;
        }
        let event = flow.event();
        let checked = self.checker(&event).scalar(time)?;
        if checked.ty == ScalarType::Timestamp && !checked.nullable {
            return Some(checked);
        }
        let is = format!("this is {}{}", checked.ty, if checked.nullable { "?" } else { "" });
        self.diagnostics.push(
            Diagnostic::error(codes::JOIN_SHAPE, time.span, "`as of` needs a timestamp that is always there")
                .here(is),
        );
        None
    }

    /// The residual condition, over the joined columns.
    fn rest(&mut self, condition: &Condition, join: &JoinStep, schema: &Schema) -> Option<Option<Expr>> {
        let event = RecordValue::of_schema(schema);
        let mut all: Option<Expr> = None;
        for part in condition.rest.iter().chain(&join.condition) {
            let checked = self.checker(&event).predicate(part)?;
            all = Some(match all {
                Some(before) => crate::check::expr::and(before, checked),
                None => checked,
            });
        }
        Some(all)
    }
}

/// Which parts of a key a flow is partitioned by.
fn places(flow: &Flow, key: &[usize]) -> Option<Vec<usize>> {
    let parts = flow.partitioned.as_ref().filter(|parts| !parts.is_empty())?;
    parts.iter().map(|part| key.iter().position(|column| column == part)).collect()
}

fn join_kind(word: JoinWord) -> JoinKind {
    match word {
        JoinWord::Inner => JoinKind::Inner,
        JoinWord::Left => JoinKind::Left,
        JoinWord::Outer => JoinKind::Outer,
    }
}

/// May the left side, may the right side be missing?
fn missing(kind: JoinKind) -> (bool, bool) {
    (kind == JoinKind::Outer, kind != JoinKind::Inner)
}

/// Columns that are null only where their record is missing: those of the right side that are always there in it, too.
fn with_record(left: &Flow, right: &Flow, right_missing: bool) -> Vec<(usize, usize)> {
    let mut all = left.only_with.clone();
    if right_missing {
        // As `joined` lays them out: the left columns, whether the record is there, the right columns.
        let presence = left.schema.columns.len();
        let always = right.schema.columns.iter().enumerate();
        let always = always.filter(|(_, column)| !column.nullable && !column.presence);
        all.extend(always.map(|(index, _)| (presence, presence + 1 + index)));
    }
    all
}

/// The columns of both sides; the right ones are a record under their name.
fn joined(
    left: &Schema,
    right: &Schema,
    name: &ast::Name,
    left_missing: bool,
    right_missing: bool,
) -> Schema {
    let mut columns: Vec<Column> = left
        .columns
        .iter()
        .map(|column| Column {
            nullable: column.nullable || (left_missing && !column.presence),
            ..column.clone()
        })
        .collect();
    if right_missing {
        columns.push(Column::presence(name.node.clone()));
    }
    for column in &right.columns {
        let path = format!("{}.{}", name.node, column.path);
        columns.push(Column { path, nullable: column.nullable || right_missing, ..column.clone() });
    }
    Schema::new(columns)
}
