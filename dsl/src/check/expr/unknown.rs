//! A name that means nothing here: what was most probably meant.

use super::{Checker, list};
use crate::check::typed::{RecordValue, Typed};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::parse::habit::elsewhere as habit;
use crate::source::Span;

impl Checker<'_> {
    pub(super) fn unknown(&mut self, path: &[String], span: Span) -> Typed {
        let in_function = !self.inside.is_empty();
        let name = path[0].as_str();
        let mut names: Vec<&str> = self.locals.iter().map(|(name, _)| name.as_str()).collect();
        if !in_function {
            names.extend(self.it.iter().flat_map(|it| it.fields.iter().map(|(name, _)| name.as_str())));
        }
        let fields = names.clone();
        names.extend(self.globals.params.keys().map(String::as_str));
        let diagnostic = Diagnostic::error(codes::UNKNOWN_NAME, span, format!("there is no `{name}` here"));
        let event = self.it.filter(|_| !in_function);
        self.diagnostics.push(match did_you_mean(name, names) {
            _ if let Some(event) = event
                && let Some(told) = of_record(event, path, &diagnostic) =>
            {
                told
            }
            Some(meant) => diagnostic.meant(&meant),
            None if let Some(here) = habit::constant(name) => {
                diagnostic.here(format!("here it is written `{here}`")).instead_of(name, here)
            }
            // As SQL has it, without brackets: `CURRENT_TIMESTAMP`.
            None if name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
                && let Some(note) = habit::function(name) =>
            {
                diagnostic.note(note)
            }
            None if !in_function && path.len() == 1 && habit::is_event(name) => {
                diagnostic.note("the event as a whole is `it`").instead_of(name, "it")
            }
            None if let Some(names) = self.globals.enums.values().find(|names| names.has(name)) => {
                diagnostic.note(format!("the value of the enum is written `{}.{name}`", names.name))
            }
            None if fields.is_empty() => diagnostic,
            None if in_function => diagnostic.note(format!("the function's arguments are {}", list(&fields))),
            None => diagnostic.note(format!("the event has {}", list(&fields))),
        });
        Typed::Wrong
    }
}

/// A field that is named by where it comes from (`payments.amount`), or is in one of the event's records (`reason`, which a join
/// has put into `hit`).
fn of_record(event: &RecordValue, path: &[String], diagnostic: &Diagnostic) -> Option<Diagnostic> {
    let (first, rest) = path.split_first()?;
    if let Some(field) = rest.first()
        && event.field(field).is_some()
    {
        let own = rest.join(".");
        let told = diagnostic.clone().note(format!("the event's fields stand by themselves: `{own}`"));
        return Some(told.instead_of(&path.join("."), own));
    }
    // `left.x`, or the name of the table where the join has given it another one.
    let wanted = rest.first().unwrap_or(first);
    let holders: Vec<&str> = event
        .fields
        .iter()
        .filter(|(_, value)| matches!(value, Typed::Record(record) if record.field(wanted).is_some()))
        .map(|(name, _)| name.as_str())
        .collect();
    let behind = if rest.is_empty() { path } else { rest }.join(".");
    match &holders[..] {
        [] => None,
        [only] => {
            let meant = format!("{only}.{behind}");
            let told = diagnostic.clone().here(format!("did you mean `{meant}`?"));
            Some(told.note(format!("`{behind}` is a field of `{only}`")).instead_of(&path.join("."), meant))
        }
        many => {
            let all: Vec<String> = many.iter().map(|holder| format!("{holder}.{behind}")).collect();
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            Some(diagnostic.clone().note(format!("there is {}", list(&all))))
        }
    }
}
