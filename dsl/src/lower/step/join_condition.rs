//! What a join's `by` and `on` say: which fields of both sides are equal, and what else must be true of a pair.

use crate::ast::{self, BinaryOp, ExprKind as Ast, JoinStep, Spanned};
use crate::diagnostic::{Diagnostic, codes};
use crate::lower::{Flow, Lowerer};
use crate::source::Span as Place;
use crate::walk::Words;
use tidegate_model::expr::Expr;

/// Equal columns of both sides, and what else must be true of a pair.
pub(super) struct Condition {
    pub(super) left: Vec<usize>,
    pub(super) right: Vec<usize>,
    /// A stream with a table: other parts of the table's key, and what is worked out for them of the event.
    pub(super) computed: Vec<(usize, ast::Expr)>,
    /// Where the keys are said.
    pub(super) span: Place,
    pub(super) rest: Vec<ast::Expr>,
}

impl Condition {
    fn at(span: Place) -> Condition {
        Condition { left: Vec::new(), right: Vec::new(), computed: Vec::new(), span, rest: Vec::new() }
    }
}

impl Lowerer<'_> {
    /// What `by` and `on` say.
    pub(super) fn condition(
        &mut self,
        join: &JoinStep,
        name: &ast::Name,
        flow: &Flow,
        rows: &Flow,
    ) -> Option<Condition> {
        if let Some(on) = &join.on {
            return self.on(on, name, flow, rows);
        }
        let first = join.by.first()?;
        if let [Spanned { node: Ast::Binary(BinaryOp::Equal, ..), span }] = &join.by[..] {
            self.diagnostics.push(
                Diagnostic::error(codes::JOIN_SHAPE, *span, "`by` names a field, and this is a condition")
                    .note(format!("a condition stands behind `on`: `on card == {}.card`", name.node))
                    .note("where both sides have the field by the same name: `by card`, or `on card`"),
            );
            return None;
        }
        let left = if is_reference(flow, rows) {
            self.by_reference(&join.by, flow)?
        } else {
            self.by(&join.by, flow)?
        };
        let span = join.by.iter().fold(first.span, |span, expr| span.to(expr.span));
        let right = if rows.is_table {
            rows.key.clone().unwrap_or_default()
        } else {
            // Two streams: the same fields on both sides.
            self.by(&join.by, rows)?
        };
        Some(Condition { left, right, computed: Vec::new(), span, rest: Vec::new() })
    }

    /// Equalities of a field of each side are the key; what else is said must be true of a pair.
    fn on(&mut self, on: &ast::Expr, name: &ast::Name, flow: &Flow, rows: &Flow) -> Option<Condition> {
        let mut condition = Condition::at(on.span);
        let mut computed: Vec<(usize, &ast::Expr, &ast::Expr)> = Vec::new();
        let mut parts = vec![on];
        while let Some(part) = parts.pop() {
            match &part.node {
                Ast::Binary(BinaryOp::And, a, b) => parts.extend([&**b, &**a]),
                Ast::Path(path) if !is_of(path, name) => {
                    let path = Spanned::new(path.clone(), part.span);
                    let (left, right) = (self.left_field(&path, flow, rows), self.key_field(&path, rows));
                    condition.left.push(left?);
                    condition.right.push(right?);
                }
                Ast::Binary(BinaryOp::Equal, a, b)
                    if let Some((column, expr)) = self.computed((a, b), name, flow, rows) =>
                {
                    computed.push((column, expr, part));
                }
                Ast::Binary(BinaryOp::Equal, a, b) => match (&a.node, &b.node) {
                    (Ast::Path(left), Ast::Path(right)) if is_of(right, name) && !is_of(left, name) => {
                        self.pair(&mut condition, (left, a.span), (right, b.span), flow, rows)?;
                    }
                    (Ast::Path(right), Ast::Path(left)) if is_of(right, name) && !is_of(left, name) => {
                        self.pair(&mut condition, (left, b.span), (right, a.span), flow, rows)?;
                    }
                    _ => condition.rest.push(part.clone()),
                },
                _ => condition.rest.push(part.clone()),
            }
        }
        for (column, expr, part) in computed {
            // A part of the key that is found already must have this value, too.
            if condition.right.contains(&column) || condition.computed.iter().any(|known| known.0 == column) {
                condition.rest.push(part.clone());
            } else {
                condition.computed.push((column, expr.clone()));
            }
        }
        if condition.left.is_empty() && condition.computed.is_empty() {
            self.diagnostics.push(
                Diagnostic::error(codes::JOIN_SHAPE, on.span, "a join needs fields of both sides that are equal: they say in which partition a pair meets")
                    .note(format!("for example `on id == {}.id`, with more conditions behind an `and`", name.node)),
            );
            return None;
        }
        Some(condition)
    }

    /// Of a stream with a table: the part of the table's key that is equal to something that is worked out of the event.
    fn computed<'b>(
        &self,
        (a, b): (&'b ast::Expr, &'b ast::Expr),
        name: &ast::Name,
        flow: &Flow,
        rows: &Flow,
    ) -> Option<(usize, &'b ast::Expr)> {
        if flow.is_table || !rows.is_table {
            return None;
        }
        let of_key = |expr: &ast::Expr| {
            let Ast::Path(path) = &expr.node else { return None };
            let path = is_of(path, name).then(|| path[1..].join("."))?;
            rows.key.iter().flatten().copied().find(|column| rows.schema.columns[*column].path == path)
        };
        let of_event = |expr: &ast::Expr| {
            let mut words = Words::default();
            words.expr(expr);
            let is_field = matches!(&expr.node, Ast::Path(path) if !self.globals.params.contains_key(&path[0]) || flow.event().field(&path[0]).is_some());
            !is_field && !words.names.contains(&name.node)
        };
        match (of_key(a), of_key(b)) {
            (Some(column), None) if of_event(b) => Some((column, b)),
            (None, Some(column)) if of_event(a) => Some((column, a)),
            _ => None,
        }
    }

    /// What `by` or `on` say of a table of which every worker has all rows: any expression over the event finds the row.
    pub(super) fn global_condition(
        &mut self,
        join: &JoinStep,
        name: &ast::Name,
        flow: &Flow,
        rows: &Flow,
    ) -> Option<(Expr, Condition)> {
        let column = *rows.key.as_ref().and_then(|key| key.first()).expect("a topic's table has a key");
        let key = rows.schema.columns[column].clone();
        let of_key = |expr: &ast::Expr| matches!(&expr.node, Ast::Path(path) if is_of(path, name) && path[1..].join(".") == key.path);
        let mut found: Option<ast::Expr> = None;
        let mut condition = Condition::at(join.other.span);
        if let Some(on) = &join.on {
            condition.span = on.span;
            let mut parts = vec![on];
            while let Some(part) = parts.pop() {
                match &part.node {
                    Ast::Binary(BinaryOp::And, a, b) => parts.extend([&**b, &**a]),
                    Ast::Binary(BinaryOp::Equal, a, b) if found.is_none() && of_key(b) => {
                        found = Some((**a).clone())
                    }
                    Ast::Binary(BinaryOp::Equal, a, b) if found.is_none() && of_key(a) => {
                        found = Some((**b).clone())
                    }
                    Ast::Path(path) if found.is_none() && path.join(".") == key.path => {
                        found = Some(part.clone())
                    }
                    _ => condition.rest.push(part.clone()),
                }
            }
        } else if let [only] = &join.by[..]
            && !matches!(only.node, Ast::Binary(BinaryOp::Equal, ..))
        {
            condition.span = only.span;
            found = Some(only.clone());
        } else {
            // A key of several parts, or an equality: told as of every table.
            let condition = self.condition(join, name, flow, rows)?;
            self.whole_key(join, &condition, flow, rows)?;
            return None;
        }
        let Some(found) = found else {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::JOIN_SHAPE,
                    condition.span,
                    format!("a row of `{}` is found by its key, which is `{}`", join.other.node, key.path),
                )
                .because(rows.key_at, "its key")
                .note(format!("for example `on … == {}.{}`", name.node, key.path)),
            );
            return None;
        };
        let event = flow.event();
        let expr = self.checker(&event).scalar(&found)?;
        if expr.ty != key.ty {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::JOIN_KEY,
                    found.span,
                    format!("the table's key is {}, and this is {}", key.ty, expr.ty),
                )
                .because(rows.key_at, format!("`{}` is the table's key", key.path)),
            );
            return None;
        }
        Some((expr, condition))
    }

    fn pair(
        &mut self,
        condition: &mut Condition,
        left: (&[String], Place),
        right: (&[String], Place),
        flow: &Flow,
        rows: &Flow,
    ) -> Option<()> {
        let left = self.left_field(&Spanned::new(left.0.to_vec(), left.1), flow, rows);
        let right = self.key_field(&Spanned::new(right.0[1..].to_vec(), right.1), rows);
        condition.left.push(left?);
        condition.right.push(right?);
        Some(())
    }

    /// A field of the first side. Of two tables it may be null: it refers to nothing then.
    fn left_field(&mut self, path: &ast::Path, flow: &Flow, rows: &Flow) -> Option<usize> {
        if is_reference(flow, rows) { self.field(path, &flow.schema) } else { self.key_field(path, flow) }
    }

    /// As `by`, of fields that may be null.
    fn by_reference(&mut self, by: &[ast::Expr], flow: &Flow) -> Option<Vec<usize>> {
        let mut columns = Vec::new();
        for expr in by {
            match &expr.node {
                Ast::Path(path) => {
                    columns.push(self.field(&Spanned::new(path.clone(), expr.span), &flow.schema)?);
                }
                // What else is said there is told as everywhere.
                _ => return self.by(by, flow),
            }
        }
        Some(columns)
    }

    fn key_field(&mut self, path: &ast::Path, flow: &Flow) -> Option<usize> {
        let index = self.field(path, &flow.schema)?;
        if flow.schema.columns[index].nullable {
            self.diagnostics.push(
                Diagnostic::error(codes::KEY_FIELD, path.span, "this may be null, and a key is always there")
                    .note("give it a value first, for example `|> add { country: country ?? \"none\" }`"),
            );
            return None;
        }
        Some(index)
    }

    /// The left columns in the order of the right table's key; it must be all of it.
    pub(super) fn whole_key(
        &mut self,
        join: &JoinStep,
        condition: &Condition,
        flow: &Flow,
        rows: &Flow,
    ) -> Option<Vec<usize>> {
        let key = rows.key.clone().unwrap_or_default();
        let mut columns = Vec::new();
        for part in &key {
            let found = condition.right.iter().position(|right| right == part);
            columns.extend(found.and_then(|found| condition.left.get(found).copied()));
        }
        if columns.len() != key.len() || condition.left.len() != key.len() {
            self.other_key(join, condition, flow, rows);
            return None;
        }
        self.same_types(&columns, flow, &key, rows, condition.span).map(|()| columns)
    }

    /// What is said to be equal is not the table's key.
    pub(super) fn other_key(&mut self, join: &JoinStep, condition: &Condition, flow: &Flow, rows: &Flow) {
        let key = rows.key.as_deref().unwrap_or_default();
        let other = &join.other.node;
        let names = rows.names(key);
        let diagnostic = Diagnostic::error(
            codes::JOIN_SHAPE,
            condition.span,
            format!("a row of `{other}` is found by its key, which is `{names}`"),
        )
        .because(rows.key_at, "its key");
        if flow.is_table || key.len() < 2 {
            self.diagnostics.push(diagnostic);
            return;
        }
        let name = &join.alias.as_ref().unwrap_or(&join.other).node;
        let part = |column: &usize| {
            let path = &rows.schema.columns[*column].path;
            match flow.schema.columns.iter().any(|column| column.path == *path) {
                true => format!("{path} == {name}.{path}"),
                false => format!("{name}.{path} == …"),
            }
        };
        let whole: Vec<String> = key.iter().map(part).collect();
        self.diagnostics.push(diagnostic.note(format!("name all of it: `on {}`", whole.join(" and "))));
    }

    pub(super) fn same_types(
        &mut self,
        left: &[usize],
        flow: &Flow,
        right: &[usize],
        rows: &Flow,
        span: Place,
    ) -> Option<()> {
        for (left, right) in left.iter().zip(right) {
            let (given, key) = (&flow.schema.columns[*left], &rows.schema.columns[*right]);
            if given.ty == key.ty {
                continue;
            }
            let (what, because, at) = if rows.is_table {
                ("the table's key", format!("`{}` is the table's key", key.path), rows.key_at)
            } else {
                let because = format!("`{}` is declared there", key.path);
                ("the other stream's field", because, rows.partitioned_at)
            };
            self.diagnostics.push(
                Diagnostic::error(
                    codes::JOIN_KEY,
                    span,
                    format!("{what} is {}, and this is {}", key.ty, given.ty),
                )
                .because(at, because),
            );
            return None;
        }
        Some(())
    }
}

/// Two tables: the first one's field refers to a row of the other one.
fn is_reference(flow: &Flow, rows: &Flow) -> bool {
    flow.is_table && rows.is_table
}

fn is_of(path: &[String], name: &ast::Name) -> bool {
    path.len() > 1 && path[0] == name.node
}
