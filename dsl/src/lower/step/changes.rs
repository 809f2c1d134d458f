//! `changes`: a table's rows as they change, each with the row before it as `old`.

use super::At;
use crate::ast;
use crate::check::typed::{RecordValue, Typed};
use crate::diagnostic::{Diagnostic, codes};
use crate::lower::{Flow, Lowerer};
use tidegate_model::Column;
use tidegate_model::plan::{Changes, NodeKind, Route};

impl Lowerer<'_> {
    pub(super) fn changes(
        &mut self,
        at: At<'_>,
        predicate: Option<&ast::Expr>,
        flow: &Flow,
        errors: Option<Route>,
    ) -> Option<Flow> {
        if !flow.is_table {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::TABLE_NEEDED,
                    at.step.span,
                    "`changes` are those of a table, and this is a stream",
                )
                .note("a table is made of a stream by `|> latest by …`"),
            );
            return None;
        }
        let own = |column: &Column| column.path.split('.').next().unwrap_or_default().to_owned();
        if flow.schema.columns.iter().any(|column| matches!(own(column).as_str(), "old" | "new")) {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::DUPLICATE_NAME,
                    at.step.span,
                    "the table has a field `old` or `new`, which `changes` gives a meaning of its own",
                )
                .note("give the field another name before"),
            );
            return None;
        }
        let mut schema = flow.schema.clone();
        schema.columns.push(Column::presence("old"));
        for column in &flow.schema.columns {
            let path = format!("old.{}", column.path);
            schema.columns.push(Column { path, nullable: true, ..column.clone() });
        }
        let predicate = match predicate {
            None => None,
            Some(predicate) => {
                // The row itself is there as `new` too.
                let event = RecordValue::of_schema(&schema);
                let mut named = event.clone();
                named.set("new", Typed::Record(flow.event()));
                Some(self.checker(&named).predicate(predicate)?)
            }
        };
        let kind =
            NodeKind::Changes(Changes { key: flow.key.clone().unwrap_or_default(), predicate, errors });
        let node = self.add(at.name("changes"), kind, vec![flow.node], schema.clone(), at.place());
        Some(Flow { node, schema, is_table: false, ..flow.clone() })
    }
}
