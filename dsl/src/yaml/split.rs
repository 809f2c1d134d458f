//! Values that a comma has split: inside of `{ }` YAML ends one at a comma, and takes what is behind it for a key.

use super::read::Reader;
use super::tree::{Key, Kind, Node, Scalar};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;
use std::collections::BTreeMap;

/// The entries of a map that are parts of values.
#[derive(Default)]
pub(super) struct Split {
    pub(super) parts: Vec<usize>,
    /// The values as they were meant, by the entry that each begins in: nothing else follows from the comma.
    pub(super) whole: BTreeMap<usize, Node>,
}

impl Reader<'_> {
    /// Entries that are the parts of one value, which a comma has split: each is told. `{ a: f(x, y) }` has a value `f(x`, and a key `y)`.
    pub(super) fn split_values(&mut self, entries: &[(Key, Node)]) -> Split {
        let mut split = Split::default();
        for (index, (key, value)) in entries.iter().enumerate() {
            if !is_split_off(key, value) {
                continue;
            }
            let front = (0..index).rev().find(|front| !matches!(entries[*front].1.kind, Kind::Null));
            split.parts.extend(front.unwrap_or(index)..=index);
            let Some(front) = front else {
                self.split_by_comma(key.span, None);
                continue;
            };
            let whole = match &entries[front].1.kind {
                Kind::Scalar(scalar) if !scalar.quoted => {
                    let behind = entries[front + 1..=index].iter().map(|(key, _)| key.name.as_str());
                    Some(std::iter::once(scalar.text.as_str()).chain(behind).collect::<Vec<_>>().join(", "))
                }
                _ => None,
            };
            let span = entries[front].1.span.to(key.span);
            self.split_by_comma(span, whole.as_deref());
            if let Some(text) = whole {
                let scalar = Scalar { text, exact: false, quoted: false, span };
                split.whole.insert(front, Node { kind: Kind::Scalar(scalar), span });
            }
        }
        split
    }

    /// `whole`: the value as it was meant.
    pub(super) fn split_by_comma(&mut self, span: Span, whole: Option<&str>) {
        let diagnostic =
            Diagnostic::error(codes::YAML_SHAPE, span, "inside of `{ }` YAML ends a value at a comma")
                .note("put the whole value in quotes, or write each field on a line of its own");
        self.diagnostics.push(match whole.filter(|whole| !whole.contains('\'')) {
            Some(whole) => {
                diagnostic.here(format!("write `'{whole}'`")).replaced_in_yaml(span, format!("'{whole}'"))
            }
            None => diagnostic,
        });
    }
}

/// In `{ }` a comma ends a value: `{ a: f(x, y) }` has a key `y)` without a value.
pub(super) fn is_split_off(key: &Key, value: &Node) -> bool {
    matches!(value.kind, Kind::Null) && key.name.ends_with([')', ']', '}'])
}
