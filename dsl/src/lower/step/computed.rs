//! `filter sum(amount) > 500` behind the `aggregate` that has made it: the sum has a name there.

use super::At;
use crate::ast::{Expr, ExprKind as Ast, Name, StepKind};
use crate::check::aggregate::is_aggregate;
use crate::diagnostic::{Diagnostic, codes};
use crate::lower::{Flow, Lowerer};
use crate::source::Span as Place;

/// The fields that the last step before this one has made of many events.
fn made_before<'a>(at: At<'a>) -> Option<(&'static str, &'a [(Name, Expr)])> {
    let before = at.decl.steps.iter().take_while(|step| step.span != at.step.span);
    before
        .filter_map(|step| match &step.kind {
            StepKind::Aggregate(fields) => Some(("aggregate", &fields[..])),
            StepKind::Rolling(step) => Some(("rolling", &step.functions[..])),
            _ => None,
        })
        .last()
}

fn calls<'a>(expr: &'a Expr, found: &mut Vec<&'a Expr>) {
    if let Ast::Call(function, _) = &expr.node
        && is_aggregate(&function.node)
    {
        found.push(expr);
        return;
    }
    expr.node.children().into_iter().for_each(|part| calls(part, found));
}

impl Lowerer<'_> {
    /// None: an expression looks at many events once more, and that was told.
    pub(super) fn computed_once(&mut self, at: At<'_>, flow: &Flow) -> Option<()> {
        let exprs: Vec<&Expr> = match &at.step.kind {
            StepKind::Filter(expr) | StepKind::Map(expr) => vec![expr],
            StepKind::Add(fields) => fields.iter().map(|(_, expr)| expr).collect(),
            _ => return Some(()),
        };
        let Some((word, made)) = made_before(at) else { return Some(()) };
        let mut found = Vec::new();
        exprs.into_iter().for_each(|expr| calls(expr, &mut found));
        let event = flow.event();
        let mut told = false;
        for call in found {
            let text = self.text_of(call.span);
            let named = made
                .iter()
                .find(|(name, expr)| self.text_of(expr.span) == text && event.field(&name.node).is_some());
            let diagnostic = |message: String| Diagnostic::error(codes::AGGREGATE_PLACE, call.span, message);
            let diagnostic = match named {
                Some((name, _)) => diagnostic(format!("what `{text}` gave is called `{}` here", name.node))
                    .because(name.span, "it was made here")
                    .mended_by(call.span, &name.node),
                None if of_fields_that_are_gone(call, &event) => diagnostic(format!(
                    "`{text}` looks at many events, and behind the `{word}` there are only its results"
                ))
                .note(format!(
                    "give it a name in the `{word}`: `{{ …, name: {text} }}`, and write that name here"
                )),
                None => continue,
            };
            told = true;
            self.diagnostics.push(diagnostic);
        }
        (!told).then_some(())
    }

    fn text_of(&self, place: Place) -> String {
        let (_, file) = self.sources.file_of(place);
        file.text[file.range(place)].split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Of a list that is there the same names are plain functions.
fn of_fields_that_are_gone(call: &Expr, event: &crate::check::typed::RecordValue) -> bool {
    let Ast::Call(function, arguments) = &call.node else { return false };
    match &arguments[..] {
        [] => function.node == "count",
        [first, ..] => {
            matches!(&first.node, Ast::Path(path) if path[0] != "it" && event.field(&path[0]).is_none())
        }
    }
}
