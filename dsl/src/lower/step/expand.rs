//! `expand` and `flat map`: an event for each element of a list.

use super::At;
use crate::ast;
use crate::check::typed::{RecordValue, Typed, typed};
use crate::diagnostic::{Diagnostic, codes};
use crate::lower::{Flow, Lowerer};
use tidegate_model::expr::Expr;
use tidegate_model::plan::{Expand, NodeKind, Route};
use tidegate_model::{Element, ScalarType};

impl Lowerer<'_> {
    pub(super) fn expand(
        &mut self,
        at: At<'_>,
        left: bool,
        list: &ast::Expr,
        name: &ast::Name,
        flow: &Flow,
        errors: Option<Route>,
    ) -> Option<Flow> {
        let (list, element) = self.list_of(list, flow, "expand")?;
        if flow.schema.columns.iter().any(|column| column.path.split('.').next() == Some(&name.node)) {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::DUPLICATE_NAME,
                    name.span,
                    format!("the event has a field `{}` already", name.node),
                )
                .note("give the element another name: `expand … as item`"),
            );
            return None;
        }
        let mut made = RecordValue::default();
        made.set(&name.node, self.element(flow, element, left));
        let (made, columns) = made.flatten();
        let mut schema = flow.schema.clone();
        schema.columns.extend(made.columns);
        let kind = NodeKind::Expand(Expand { list, left, columns, errors });
        let node = self.add(at.name("expand"), kind, vec![flow.node], schema.clone(), at.place());
        // Several rows have what was one row's key.
        Some(Flow { node, schema, key: None, is_table: false, ..flow.clone() })
    }

    /// The elements, records, are the events: nothing else of the event that held them goes on.
    pub(super) fn flat_map(
        &mut self,
        at: At<'_>,
        list: &ast::Expr,
        flow: &Flow,
        errors: Option<Route>,
    ) -> Option<Flow> {
        let place = list.span;
        let (list, element) = self.list_of(list, flow, "flat map")?;
        let Typed::Record(record) = self.element(flow, element, false) else {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::EXPAND,
                    place,
                    format!("an event is a record, and the elements of this list are {}", element.ty),
                )
                .note("to keep the event and add the element as a field: `|> expand … as item`"),
            );
            return None;
        };
        if record.presence.is_some() {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::NOT_NULLABLE,
                    place,
                    "elements of this list may be null, and an event is there",
                )
                .note("take them out first: `filter(…, x => x is not null)`"),
            );
            return None;
        }
        // Behind the element stands its event, cut down to the element's fields.
        let mut wide = RecordValue::default();
        wide.set("element", Typed::Record(record.clone()));
        let (made, columns) = wide.flatten();
        let mut schema = flow.schema.clone();
        let width = schema.columns.len();
        schema.columns.extend(made.columns);
        let name = at.name("flat-map");
        let kind = NodeKind::Expand(Expand { list, left: false, columns, errors: errors.clone() });
        let node = self.add(format!("{name}-expand"), kind, vec![flow.node], schema.clone(), at.step.span);
        let columns = schema.columns[width..].iter().enumerate();
        let exprs: Vec<Expr> =
            columns.map(|(index, column)| Expr::column(width + index, column.ty, column.nullable)).collect();
        let (schema, _) = record.flatten();
        let kind = NodeKind::Map(tidegate_model::plan::Map { columns: exprs, of_table: false, errors });
        let node = self.add(name, kind, vec![node], schema.clone(), at.step.span);
        Some(Flow {
            node,
            schema,
            partitioned: None,
            partitioned_at: flow.partitioned_at,
            since: flow
                .partitioned
                .as_ref()
                .map(|_| (at.step.span, "behind this there are other events".to_owned()))
                .or(flow.since.clone()),
            key: None,
            key_at: flow.key_at,
            is_table: false,
            only_with: Vec::new(),
        })
    }

    /// The element as the column behind the input's last one.
    fn element(&self, flow: &Flow, element: Element, left: bool) -> Typed {
        typed(Expr::column(flow.schema.columns.len(), element.ty, element.nullable || left))
    }

    fn list_of(&mut self, list: &ast::Expr, flow: &Flow, word: &str) -> Option<(Expr, Element)> {
        let event = flow.event();
        let value = self.checker(&event).scalar(list)?;
        match value.ty {
            ScalarType::List(element) => Some((value, *element)),
            ty => {
                let mut diagnostic = Diagnostic::error(
                    codes::EXPAND,
                    list.span,
                    format!("`{word}` takes a list apart, and this is {ty}"),
                );
                if let ScalarType::Map(_) = ty {
                    diagnostic = diagnostic.note("the entries of a map as a list: `entries(…)`");
                }
                self.diagnostics.push(diagnostic);
                None
            }
        }
    }
}
