//! The name of a joined row, where someone wrote it behind the join.

use super::At;
use crate::ast::{JoinStep, StepKind};
use crate::diagnostic::{Diagnostic, codes};
use crate::lower::{Flow, Lowerer};
use crate::walk::Words;

impl Lowerer<'_> {
    /// `join cards by card as c`, where `c.owner` is read later on: that `as` names the step, and the row was meant.
    pub(super) fn row_named_behind(&mut self, at: At<'_>, join: &JoinStep, flow: &Flow) -> Option<()> {
        let Some(alias) = at.step.alias.as_ref().filter(|_| join.alias.is_none()) else { return Some(()) };
        let known =
            flow.event().field(&alias.node).is_some() || self.globals.params.contains_key(&alias.node);
        let mut words = Words::default();
        let behind = at.decl.steps.iter().skip_while(|step| step.span != at.step.span);
        for (place, step) in behind.enumerate() {
            let is_named = |join: &JoinStep| join.alias.as_ref().unwrap_or(&join.other).node == alias.node;
            if place > 0 && matches!(&step.kind, StepKind::Join(join) if is_named(join)) {
                break;
            }
            words.step(&step.kind);
            if gives_other_fields(&step.kind) {
                break;
            }
        }
        if known || !words.names.contains(&alias.node) {
            return Some(());
        }
        let (_, file) = self.sources.file_of(alias.span);
        let (other, alias_name) = (&join.other.node, &alias.node);
        let diagnostic = Diagnostic::error(
            codes::UNKNOWN_NAME,
            alias.span,
            format!("at the end of a `join` this names the step, and not the row of `{other}`"),
        );
        if file.is_yaml() {
            let note = format!("write it into the join: `{{ table: {other}, as: {alias_name}, by: … }}`");
            self.diagnostics.push(diagnostic.note(note));
            return None;
        }
        let (from, to) = (file.range(join.other.span).end, file.range(alias.span).start);
        let rest = file.text[from..to].trim_end().strip_suffix("as").unwrap_or_default().trim_end();
        let text = format!("{other} as {alias_name}{rest}");
        self.diagnostics.push(
            diagnostic
                .note(format!("the row's name stands behind the table: `join {text}`"))
                .mended_by(join.other.span.to(alias.span), text),
        );
        None
    }
}

/// Behind these the events have fields of other names.
fn gives_other_fields(kind: &StepKind) -> bool {
    matches!(
        kind,
        StepKind::Map(_)
            | StepKind::Add(_)
            | StepKind::Expand { .. }
            | StepKind::FlatMap(_)
            | StepKind::Aggregate(_)
            | StepKind::Match(_)
    )
}
