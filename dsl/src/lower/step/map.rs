//! `map`, `select`, `drop` and `add`: new events of the old ones.

use super::At;
use crate::ast::{self, ExprKind as Ast, Name, Path};
use crate::check::expr::{Checker, Globals};
use crate::check::typed::{RecordValue, Typed};
use crate::diagnostic::{Diagnostic, codes};
use crate::lower::{Flow, Lowerer};
use crate::source::Span as Place;
use tidegate_model::plan::{Map, NodeKind, Route};

impl Lowerer<'_> {
    pub(super) fn map_step(
        &mut self,
        at: At<'_>,
        expr: &ast::Expr,
        flow: &Flow,
        errors: Option<Route>,
    ) -> Option<Flow> {
        let event = flow.event();
        if let Ast::Match(subject, arms) = &expr.node {
            let (value, kept) = self.checker(&event).match_arms(subject, arms, expr.span)?;
            let flow = match kept {
                Some(kept) => self.kept(at, format!("{}-keep", at.name("map")), kept, flow, errors.clone()),
                None => flow.clone(),
            };
            return self.map(at, "map", value, &flow, errors, expr.span);
        }
        let value = self.checker(&event).check(expr);
        self.map(at, "map", value, flow, errors, expr.span)
    }

    pub(super) fn select(
        &mut self,
        at: At<'_>,
        paths: &[Path],
        flow: &Flow,
        errors: Option<Route>,
    ) -> Option<Flow> {
        let event = flow.event();
        let mut kept = RecordValue::default();
        for path in paths {
            let value = self.field_value(path, &event)?;
            set_path(&mut kept, &path.node, value);
        }
        self.map(at, "select", Typed::Record(kept), flow, errors, at.step.span)
    }

    pub(super) fn drop_fields(
        &mut self,
        at: At<'_>,
        paths: &[Path],
        flow: &Flow,
        errors: Option<Route>,
    ) -> Option<Flow> {
        let mut event = flow.event();
        for path in paths {
            self.field_value(path, &event)?;
            remove_path(&mut event, &path.node);
        }
        self.map(at, "drop", Typed::Record(event), flow, errors, at.step.span)
    }

    pub(super) fn add_fields(
        &mut self,
        at: At<'_>,
        fields: &[(Name, ast::Expr)],
        flow: &Flow,
        errors: Option<Route>,
    ) -> Option<Flow> {
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
        self.map(at, "add", Typed::Record(wider), flow, errors, at.step.span)
    }

    /// A step that makes new events of the old ones.
    pub(super) fn map(
        &mut self,
        at: At<'_>,
        keyword: &str,
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
                    .note(match other.describe().starts_with('{') {
                        true => "a field's name stands without quotes: `{ name: value, … }`; keys in quotes make a map",
                        false => "write its fields: `{ name: value, … }`",
                    }),
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
        if flow.is_table && key.is_none() {
            let own = flow.key.as_ref().map(|key| flow.names(key)).unwrap_or_default();
            self.diagnostics.push(
                Diagnostic::error(
                    codes::TABLE_NEEDED,
                    place,
                    format!("behind this the table's key `{own}` is gone, or has another value"),
                )
                .because(flow.key_at, "the table's key is from here")
                .note("a table keeps its key, under any name; or give out its changes before: `|> changes`"),
            );
            return None;
        }
        let kind = NodeKind::Map(Map { columns, of_table: at.is_of_table(flow), errors });
        let node = self.add(at.name(keyword), kind, vec![flow.node], schema.clone(), place);
        let only_with = Vec::new();
        let after = Flow { node, schema, partitioned, key, only_with, ..flow.clone() };
        let since = flow.partitioned.as_ref().and_then(|before| {
            let before = flow.names(before);
            match &after.partitioned {
                None => Some((place, format!("behind this `{before}` is gone, or has another value"))),
                Some(now) if after.names(now) != before => {
                    Some((place, format!("what was `{before}` is `{}` behind this", after.names(now))))
                }
                Some(_) => None,
            }
        });
        Some(Flow { since: since.or(after.since), ..after })
    }

    fn field_value(&mut self, path: &ast::Path, event: &RecordValue) -> Option<Typed> {
        let expr = ast::Expr { node: Ast::Path(path.node.clone()), span: path.span };
        let nothing_else = Globals { facts: self.globals.facts.clone(), ..Globals::default() };
        match Checker::new(&nothing_else, self.diagnostics, Some(event)).check(&expr) {
            Typed::Wrong => None,
            value => Some(value),
        }
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
