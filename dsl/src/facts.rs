//! What the check finds out about places of the file, kept where an editor asks for it.

use crate::check::typed::{RecordValue, Type, Typed};
use crate::link;
use crate::source::Span;
use std::cell::RefCell;
use std::rc::Rc;

/// Stands in the text where completion is asked for; what is known at its place is what can be written there.
pub(crate) const CURSOR: &str = "tidegate_cursor";

#[derive(Clone, Debug)]
pub(crate) enum Fact {
    /// An expression's type, as the language writes it.
    Value { span: Span, ty: String },
    /// What the first name of a path stands for, and the type behind each of its names.
    Path { span: Span, means: Means, types: Vec<String> },
    /// What can be named where [`CURSOR`] stands: names with their types.
    Scope { names: Vec<(String, String)> },
    /// What a source, table or stream gives out.
    Flow { name: String, fields: Vec<(String, String)>, key: Option<String>, partitioned: Option<String> },
    /// The options that a topic may have where [`CURSOR`] stands among them.
    Options(Vec<String>),
    /// The values of an enum that may be named where [`CURSOR`] stands, as they are written there. `alone`: nothing else can stand there.
    Variants { names: Vec<String>, ty: String, alone: bool },
    /// The fields that a row of a test may still have where [`CURSOR`] stands as the name of one.
    Fields(Vec<(String, String)>),
    /// What a used file declares, where [`CURSOR`] stands among the names that are brought in from it.
    Declared(Vec<(link::Kind, String)>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Means {
    /// `it`
    Event,
    Field,
    Param,
    /// An argument of a function, or another name that only its expression knows.
    Local,
}

/// A collection of facts; the default one collects nothing and costs nothing.
#[derive(Clone, Default)]
pub(crate) struct Facts(Option<Rc<RefCell<Vec<Fact>>>>);

impl Facts {
    pub(crate) fn collecting() -> Facts {
        Facts(Some(Rc::default()))
    }

    pub(crate) fn collects(&self) -> bool {
        self.0.is_some()
    }

    /// `fact` is made only where it is wanted.
    pub(crate) fn note(&self, fact: impl FnOnce() -> Fact) {
        if let Some(found) = &self.0 {
            let fact = fact();
            found.borrow_mut().push(fact);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |found| found.borrow().len())
    }

    /// Forgets what was found since: a function's body is put in place at each call, with the types of that call.
    pub(crate) fn forget_since(&self, len: usize) {
        if let Some(found) = &self.0 {
            found.borrow_mut().truncate(len);
        }
    }

    pub(crate) fn take(self) -> Vec<Fact> {
        self.0.map_or_else(Vec::new, |found| found.take())
    }
}

/// A type with the fields of records: `{ id: string, merchant: { … } }`.
pub(crate) fn describe(value: &Typed) -> String {
    let Typed::Record(record) = value else { return value.describe() };
    let fields: Vec<String> = named(record).into_iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
    let mark = if record.presence.is_some() { "?" } else { "" };
    format!("{{ {} }}{mark}", fields.join(", "))
}

/// A declared type, with the fields of records.
pub(crate) fn describe_type(ty: &Type) -> String {
    let Type::Record { fields, nullable } = ty else { return ty.name() };
    let fields: Vec<String> =
        fields.iter().map(|(name, ty)| format!("{name}: {}", describe_type(ty))).collect();
    format!("{{ {} }}{}", fields.join(", "), if *nullable { "?" } else { "" })
}

/// The fields of a record with their types.
pub(crate) fn named(record: &RecordValue) -> Vec<(String, String)> {
    record.fields.iter().map(|(name, value)| (name.clone(), describe(value))).collect()
}
