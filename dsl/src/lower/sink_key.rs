//! The key of a sink's records: what the file says, or what the rows have.

use super::{Flow, Lowerer};
use crate::ast::{OptionValue, SinkDecl, Spanned};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;
use tidegate_model::NodeId;
use tidegate_model::expr::ExprKind;
use tidegate_model::plan::{NodeKind, SinkKey};

impl Lowerer<'_> {
    pub(super) fn sink_key(&mut self, decl: &SinkDecl, value: &Spanned<OptionValue>, flow: &Flow) -> SinkKey {
        let OptionValue::Paths(paths) = &value.node else {
            self.diagnostics.push(
                Diagnostic::error(codes::SINK_OPTION, value.span, "`key` needs a field")
                    .note("for example `key: card` or `key: (card, rule)`"),
            );
            return SinkKey::None;
        };
        let told = self.diagnostics.len();
        let mut columns = Vec::new();
        for path in paths {
            // A record stands for all its fields: `key: (currency, window)`.
            let inside = format!("{}.", path.node.join("."));
            let fields: Vec<usize> = (0..flow.schema.columns.len())
                .filter(|index| flow.schema.columns[*index].path.starts_with(&inside))
                .collect();
            if fields.is_empty() {
                let Some(index) = self.field(path, &flow.schema) else { continue };
                let column = &flow.schema.columns[index];
                if self.can_be_key(column.ty, &column.path, path.span).is_some() {
                    columns.push(index);
                }
            } else {
                columns.extend(fields);
            }
        }
        if self.diagnostics.len() == told {
            self.keeps_table_key(decl, &columns, value.span, flow);
        }
        SinkKey::Columns(columns)
    }

    /// A table's records have the table's key, whatever its columns are called at the end.
    fn keeps_table_key(&mut self, decl: &SinkDecl, given: &[usize], span: Span, flow: &Flow) {
        let Some(own) = flow.key.as_deref().filter(|_| flow.is_table) else { return };
        let among = |column: &usize, columns: &[usize]| {
            columns.iter().any(|other| self.are_same(flow.node, *column, *other))
        };
        if own.iter().all(|column| among(column, given)) && given.iter().all(|column| among(column, own)) {
            return;
        }
        let key = flow.named_key(own);
        self.diagnostics.push(
            Diagnostic::error(
                codes::TABLE_SINK_KEY,
                span,
                format!("`{}` is a table with the key `{key}`, and its records have that key", decl.stream.node),
            )
            .here("a row is replaced and deleted by its key: with this one another row would be")
            .because(flow.key_at, "the table's key is from here")
            .note(format!("leave `key` away, or write `key: {key}`; for records with another key give out the changes: `stream … = {} |> changes`", decl.stream.node))
            .mended_by(span, key),
        );
    }

    /// Do two columns of a node's rows always hold the same?
    fn are_same(&self, node: NodeId, a: usize, b: usize) -> bool {
        if a == b {
            return true;
        }
        let node = &self.nodes[node.0 as usize];
        match &node.kind {
            NodeKind::Filter(_) => self.are_same(node.inputs[0], a, b),
            NodeKind::Map(map) => match (&map.columns[a].kind, &map.columns[b].kind) {
                (ExprKind::Column(a), ExprKind::Column(b)) => self.are_same(node.inputs[0], *a, *b),
                _ => false,
            },
            _ => false,
        }
    }
}
