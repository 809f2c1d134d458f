//! Tells [`Facts`](crate::facts::Facts) what is known at a place. Nothing here changes what the check finds.

use super::Checker;
use crate::check::typed::Typed;
use crate::facts::{CURSOR, Fact, Means, describe, named};
use crate::source::Span;

impl Checker<'_> {
    pub(super) fn note_value(&self, span: Span, value: &Typed) {
        self.globals.facts.note(|| Fact::Value { span, ty: describe(value) });
    }

    pub(crate) fn note_path(&self, path: &[String], span: Span) {
        if !self.globals.facts.collects() {
            return;
        }
        let Some((first, rest)) = path.split_first() else { return };
        if rest.is_empty() && first == CURSOR {
            self.globals.facts.note(|| Fact::Scope { names: self.names() });
            return;
        }
        let Some((means, mut value)) = self.meaning(first) else { return };
        let mut types = vec![describe(&value)];
        for name in rest {
            let Typed::Record(record) = value else { break };
            if name == CURSOR {
                self.globals.facts.note(|| Fact::Scope { names: named(&record) });
                break;
            }
            let Some(field) = record.field(name).cloned() else { break };
            types.push(describe(&field));
            value = field;
        }
        self.globals.facts.note(|| Fact::Path { span, means, types });
    }

    fn meaning(&self, name: &str) -> Option<(Means, Typed)> {
        if let Some((_, local)) = self.locals.iter().rev().find(|(local, _)| local == name) {
            return Some((Means::Local, local.clone()));
        }
        let event = self.it.filter(|_| self.inside.is_empty());
        if let Some(it) = event.filter(|_| name == "it") {
            return Some((Means::Event, Typed::Record(it.clone())));
        }
        if let Some(field) = event.and_then(|it| it.field(name)) {
            return Some((Means::Field, field.clone()));
        }
        self.globals.params.get(name).map(|param| (Means::Param, param.clone()))
    }

    /// All that an expression may name here: the nearest first.
    fn names(&self) -> Vec<(String, String)> {
        let mut names: Vec<(String, String)> =
            self.locals.iter().rev().map(|(name, value)| (name.clone(), describe(value))).collect();
        if let Some(it) = self.it.filter(|_| self.inside.is_empty()) {
            names.extend(named(it));
            names.push(("it".to_owned(), describe(&Typed::Record(it.clone()))));
        }
        names.extend(self.globals.params.iter().map(|(name, value)| (name.clone(), describe(value))));
        names
    }
}
