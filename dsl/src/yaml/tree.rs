//! A YAML file as a tree of places: what every key and scalar says, and where.

use super::broken;
use crate::diagnostic::{Diagnostic, codes};
use crate::parse::{Scalar as Text, limit};
use crate::source::{SourceFile, Span};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_yaml::{Location, Spanned};
use std::fmt;

/// What was read, before places are settled.
enum Raw {
    /// None: a plain scalar that YAML takes for a number, a bool or null; its text is in the file.
    Scalar(Option<String>),
    Seq(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Raw, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Raw;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Raw, E> {
                Ok(Raw::Scalar(Some(text.to_owned())))
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<Raw, E> {
                Ok(Raw::Scalar(None))
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<Raw, E> {
                Ok(Raw::Scalar(None))
            }

            fn visit_u64<E: Error>(self, _: u64) -> Result<Raw, E> {
                Ok(Raw::Scalar(None))
            }

            fn visit_i128<E: Error>(self, _: i128) -> Result<Raw, E> {
                Ok(Raw::Scalar(None))
            }

            fn visit_u128<E: Error>(self, _: u128) -> Result<Raw, E> {
                Ok(Raw::Scalar(None))
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<Raw, E> {
                Ok(Raw::Scalar(None))
            }

            fn visit_unit<E: Error>(self) -> Result<Raw, E> {
                Ok(Raw::Scalar(None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
                let mut seq = Vec::new();
                while let Some(item) = items.next_element()? {
                    seq.push(item);
                }
                Ok(Raw::Seq(seq))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
                let mut map = Vec::new();
                while let Some(entry) = entries.next_entry()? {
                    map.push(entry);
                }
                Ok(Raw::Map(map))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// A value and its place. The span of a map or list is that of its first entry.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Null,
    Scalar(Scalar),
    Seq(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) span: Span,
}

#[derive(Clone, Debug)]
pub(super) struct Scalar {
    pub(super) text: String,
    /// The bytes of the file from the span's start on are `text`, so that places inside of it are places in the file.
    pub(super) exact: bool,
    pub(super) quoted: bool,
    pub(super) span: Span,
}

impl Node {
    /// Ranges of the file's text become places among all files.
    fn shift(&mut self, file: &SourceFile) {
        self.span = file.place(self.span);
        match &mut self.kind {
            Kind::Null => {}
            Kind::Scalar(scalar) => scalar.span = file.place(scalar.span),
            Kind::Seq(items) => items.iter_mut().for_each(|item| item.shift(file)),
            Kind::Map(entries) => {
                for (key, value) in entries {
                    key.span = file.place(key.span);
                    value.shift(file);
                }
            }
        }
    }
}

/// Where flow brackets nest too deeply for the reader's recursion. Brackets in scalars count too: a scalar is an expression at most.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'\n' if text[at + 1..].starts_with(|first: char| first.is_ascii_alphabetic()) => depth = 0,
            _ => {}
        }
        if depth > limit::DEPTH_MAX {
            return Some(at);
        }
    }
    None
}

impl Scalar {
    pub(super) fn as_text(&self) -> Text<'_> {
        Text { text: &self.text, span: self.span, exact: self.exact }
    }
}

pub(super) fn read(file: &SourceFile) -> Result<Node, Diagnostic> {
    if let Some(diagnostic) = limit::file(file) {
        return Err(diagnostic);
    }
    if file.text.trim().is_empty() {
        return Ok(Node { kind: Kind::Null, span: file.place(Span::new(0, 0)) });
    }
    if let Some(at) = too_deep(&file.text) {
        let message = format!("more than {} levels of brackets", limit::DEPTH_MAX);
        return Err(Diagnostic::error(codes::TOO_DEEP, file.place(Span::new(at, at + 1)), message));
    }
    match serde_yaml::from_str::<Spanned<Raw>>(&file.text) {
        Ok(raw) => {
            let mut node = settle(file, raw);
            node.shift(file);
            Ok(node)
        }
        Err(error) => {
            let start = error.location().map_or(0, |location| start_of(file, &location));
            Err(broken::told(file, &error.without_snippet().to_string(), start))
        }
    }
}

fn start_of(file: &SourceFile, location: &Location) -> usize {
    let span = location.span();
    let start = match span.byte_offset() {
        Some(byte) => byte as usize,
        None => file.text.char_indices().nth(span.offset() as usize).map_or(file.text.len(), |(at, _)| at),
    };
    start.min(file.text.len())
}

fn span_of(file: &SourceFile, location: &Location) -> Span {
    let start = start_of(file, location);
    let length = location.span().byte_len().unwrap_or(0) as usize;
    let end = (start + length).min(file.text.len());
    Span::new(start, end)
}

fn settle(file: &SourceFile, raw: Spanned<Raw>) -> Node {
    let span = span_of(file, &raw.defined);
    match raw.value {
        Raw::Seq(items) => {
            Node { kind: Kind::Seq(items.into_iter().map(|item| settle(file, item)).collect()), span }
        }
        Raw::Map(entries) => {
            let entries = entries.into_iter().map(|(key, value)| {
                let key = Key { span: span_of(file, &key.defined), name: key.value };
                (key, settle(file, value))
            });
            Node { kind: Kind::Map(entries.collect()), span }
        }
        Raw::Scalar(value) => scalar(file, value, span),
    }
}

fn scalar(file: &SourceFile, value: Option<String>, span: Span) -> Node {
    let raw = &file.text[span.start as usize..span.end as usize];
    let trimmed = raw.trim_end();
    let span = Span::new(span.start as usize, span.start as usize + trimmed.len());
    let quoted = trimmed.starts_with(['"', '\'']);
    let Some(value) = value else {
        if matches!(trimmed, "" | "~" | "null" | "Null" | "NULL") {
            return Node { kind: Kind::Null, span };
        }
        let text = trimmed.to_owned();
        return Node { kind: Kind::Scalar(Scalar { text, exact: true, quoted: false, span }), span };
    };
    if quoted {
        let inner = &trimmed[1..trimmed.len().max(2) - 1];
        let exact = inner == value;
        let inside = Span { start: span.start + 1, end: span.end.saturating_sub(1) };
        let scalar = Scalar { text: value, exact, quoted: true, span: if exact { inside } else { span } };
        return Node { kind: Kind::Scalar(scalar), span };
    }
    // Over several lines YAML takes indentation away, which means nothing to an expression: the file's own text keeps its places.
    let same = trimmed.split_whitespace().eq(value.split_whitespace());
    let scalar = if same {
        Scalar { text: trimmed.to_owned(), exact: true, quoted: false, span }
    } else {
        Scalar { text: value, exact: false, quoted: false, span }
    };
    Node { kind: Kind::Scalar(scalar), span }
}
