//! What lists, maps, records in them and enums are made of.
//!
//! Types are interned and live as long as the process: there are as many as the topology files that were read spell out, and a type
//! stays a small value that is copied without counting.

use crate::schema::ScalarType;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// Nested deeper than this, a type is refused by the checker.
pub const TYPE_DEPTH_MAX: usize = 16;
/// More elements than this in one list or map are refused: where events are read, and where lists are made.
pub const ELEMENTS_MAX: usize = 100_000;

/// What stands in a list, a map or a field.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Element {
    pub ty: ScalarType,
    pub nullable: bool,
}

/// The key is a string, an int, a date, a uuid or an enum, and never null.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MapType {
    pub key: ScalarType,
    pub value: Element,
}

/// A record in a list or map: its values stand in the order of its fields.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RecordType {
    pub fields: Vec<RecordField>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RecordField {
    pub name: String,
    pub element: Element,
}

/// The names that an enum's values have, in the order declared.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EnumType {
    pub name: String,
    pub variants: Vec<String>,
}

impl EnumType {
    pub fn has(&self, variant: &str) -> bool {
        self.variants.iter().any(|known| known == variant)
    }
}

impl RecordType {
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.ty, if self.nullable { "?" } else { "" })
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{ ")?;
        for (index, field) in self.fields.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{}: {}", field.name, field.element)?;
        }
        f.write_str(" }")
    }
}

/// The one instance of a type.
fn intern<T: Ord>(known: &Mutex<BTreeSet<&'static T>>, ty: T) -> &'static T {
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(same) = known.get(&ty) {
        return same;
    }
    let leaked: &'static T = Box::leak(Box::new(ty));
    known.insert(leaked);
    leaked
}

pub fn element(element: Element) -> &'static Element {
    static KNOWN: Mutex<BTreeSet<&'static Element>> = Mutex::new(BTreeSet::new());
    intern(&KNOWN, element)
}

pub fn map(map: MapType) -> &'static MapType {
    static KNOWN: Mutex<BTreeSet<&'static MapType>> = Mutex::new(BTreeSet::new());
    intern(&KNOWN, map)
}

pub fn record(record: RecordType) -> &'static RecordType {
    static KNOWN: Mutex<BTreeSet<&'static RecordType>> = Mutex::new(BTreeSet::new());
    intern(&KNOWN, record)
}

pub fn enumeration(names: EnumType) -> &'static EnumType {
    static KNOWN: Mutex<BTreeSet<&'static EnumType>> = Mutex::new(BTreeSet::new());
    intern(&KNOWN, names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_type_has_one_instance_and_prints_as_it_is_written() {
        let line = || {
            let field = |name: &str, ty, nullable| RecordField {
                name: name.to_owned(),
                element: Element { ty, nullable },
            };
            let fields =
                vec![field("sku", ScalarType::String, false), field("note", ScalarType::String, true)];
            ScalarType::list(ScalarType::Record(record(RecordType { fields })), false)
        };
        let (ScalarType::List(a), ScalarType::List(b)) = (line(), line()) else { panic!("lists") };
        assert!(std::ptr::eq(a, b));
        assert_eq!(line().to_string(), "[{ sku: string, note: string? }]");
        assert_eq!(line().depth(), 2);
        let map = ScalarType::map(ScalarType::String, ScalarType::list(ScalarType::Int, true), true);
        assert_eq!(map.to_string(), "{string: [int?]?}");
    }
}
