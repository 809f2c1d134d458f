//! YAML as text: maps and lists on one line where they fit and nothing in them needs quotes for that, scalars in quotes only where they must.

use super::comments::Attached;
use std::fmt::Write;

const WIDTH: usize = 100;
/// Rows of a test are data, and may be a little longer.
const ROW_WIDTH: usize = 120;
const STEP: usize = 2;

pub(super) enum Value {
    /// Text that is read as it stands: an expression, a name.
    Text(String),
    /// A text of a test, which must not be read as a number, a time, or something else.
    Quoted(String),
    Null,
    Map(Vec<Entry>),
    List(Vec<Entry>),
    /// A map that is a row of a test.
    Row(Vec<Entry>),
}

/// An entry of a map, or of a list (then without a key).
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) value: Value,
    pub(super) comments: Attached,
    /// Each of its entries stands on a line of its own, though they would fit on one.
    pub(super) open: bool,
}

impl Entry {
    pub(super) fn new(key: impl Into<String>, value: Value) -> Entry {
        Entry { key: key.into(), value, comments: Attached::default(), open: false }
    }

    pub(super) fn item(value: Value) -> Entry {
        Entry::new("", value)
    }

    pub(super) fn with(mut self, comments: Attached) -> Entry {
        self.comments = comments;
        self
    }

    pub(super) fn open(mut self) -> Entry {
        self.open = true;
        self
    }
}

pub(super) fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

/// The entries of a map at the start of a line.
pub(super) fn write(entries: &[Entry], indent: usize, out: &mut String) {
    write_with(entries, indent, None, out);
}

/// `behind`: a comment for the first line.
fn write_with(entries: &[Entry], indent: usize, mut behind: Option<&String>, out: &mut String) {
    for entry in entries {
        let pad = " ".repeat(indent);
        before(&entry.comments, &pad, out);
        let _ = write!(out, "{pad}{}:", scalar(&entry.key, false));
        let comment = entry.comments.behind.as_ref().or(behind.take());
        value(entry, indent, pad.len() + entry.key.len() + 1, comment, out);
    }
}

/// What stands behind a key or a dash, up to the line's end. `used`: characters that stand before it on the line.
fn value(entry: &Entry, indent: usize, used: usize, comment: Option<&String>, out: &mut String) {
    let width = if matches!(entry.value, Value::Row(_)) { ROW_WIDTH } else { WIDTH };
    let flow = if entry.open { None } else { flow(&entry.value) };
    let flow = flow.filter(|flow| used + 1 + flow.chars().count() <= width);
    let plain = match &entry.value {
        Value::Text(text) => Some(scalar(text, false)),
        Value::Quoted(text) => Some(quoted(text)),
        Value::Null => Some("null".to_owned()),
        Value::Map(_) | Value::List(_) | Value::Row(_) => flow,
    };
    let behind = comment.map_or_else(String::new, |comment| format!("  #{comment}"));
    match (plain, &entry.value) {
        (Some(text), _) => {
            let _ = writeln!(out, " {text}{behind}");
        }
        (None, Value::Map(entries) | Value::Row(entries)) if entry.key.is_empty() => {
            // The first entry stands behind the dash, unless comments stand before it.
            let mut inner = String::new();
            write_with(entries, indent + STEP, comment, &mut inner);
            let commented = entries.first().is_some_and(|first| !first.comments.before.is_empty());
            out.push_str(if commented { "\n" } else { " " });
            out.push_str(if commented { &inner } else { inner.trim_start() });
        }
        (None, Value::Map(entries) | Value::Row(entries)) => {
            let _ = writeln!(out, "{behind}");
            write(entries, indent + STEP, out);
        }
        (None, Value::List(items)) => {
            let _ = writeln!(out, "{behind}");
            list(items, indent + STEP, out);
        }
        (None, Value::Text(_) | Value::Quoted(_) | Value::Null) => out.push('\n'),
    }
}

fn list(items: &[Entry], indent: usize, out: &mut String) {
    for item in items {
        let pad = " ".repeat(indent);
        before(&item.comments, &pad, out);
        let _ = write!(out, "{pad}-");
        value(item, indent, indent + 1, item.comments.behind.as_ref(), out);
    }
}

fn before(comments: &Attached, pad: &str, out: &mut String) {
    for comment in &comments.before {
        let _ = writeln!(out, "{pad}#{comment}");
    }
}

/// On one line; None if comments stand in it, or a scalar would need quotes only for that.
fn flow(value: &Value) -> Option<String> {
    let has_comments = |entry: &Entry| !entry.comments.before.is_empty() || entry.comments.behind.is_some();
    match value {
        Value::Text(text) => {
            let inside = scalar(text, true);
            (inside == scalar(text, false)).then_some(inside)
        }
        Value::Quoted(text) => Some(quoted(text)),
        Value::Null => Some("null".to_owned()),
        Value::Map(entries) | Value::Row(entries) => {
            let parts: Option<Vec<String>> = entries
                .iter()
                .map(|entry| {
                    let value = flow(&entry.value).filter(|_| !has_comments(entry) && !entry.open)?;
                    Some(format!("{}: {value}", scalar(&entry.key, true)))
                })
                .collect();
            let parts = parts?;
            Some(if parts.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", parts.join(", ")) })
        }
        Value::List(items) => {
            let parts: Option<Vec<String>> = items
                .iter()
                .map(|item| flow(&item.value).filter(|_| !has_comments(item) && !item.open))
                .collect();
            Some(format!("[{}]", parts?.join(", ")))
        }
    }
}

/// A scalar as it stands if YAML takes it so, else in quotes. `in_flow`: between `{ }` or `[ ]`.
pub(super) fn scalar(text: &str, in_flow: bool) -> String {
    let first = text.chars().next();
    let starts_well = first.is_some_and(|first| {
        let dash = first == '-' && text.chars().nth(1).is_none_or(|next| next == ' ' || next == '-');
        !(dash || first.is_whitespace() || "?:,[]{}#&*!|>'\"%@`".contains(first))
    });
    let means_nothing = matches!(text.to_ascii_lowercase().as_str(), "null" | "~" | "...");
    let breaks = text.contains(": ")
        || text.contains(" #")
        || text.ends_with([':', ' '])
        || !text.chars().all(is_printable);
    let breaks_flow = in_flow && text.contains([',', '[', ']', '{', '}']);
    if starts_well && !means_nothing && !breaks && !breaks_flow {
        return text.to_owned();
    }
    if text.contains(['"', '\\']) && !text.contains('\'') && text.chars().all(is_printable) {
        return format!("'{text}'");
    }
    quoted(text)
}

/// What YAML takes as it is, but for line ends and tabs.
fn is_printable(char: char) -> bool {
    !char.is_control() && !matches!(char, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// A comment cannot be escaped: what YAML does not take is left out.
pub(super) fn printable(comment: &str) -> String {
    comment.chars().map(|char| if char == '\t' || is_printable(char) { char } else { ' ' }).collect()
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            char if !is_printable(char) => {
                let _ = write!(out, "\\u{:04x}", u32::from(char));
            }
            char => out.push(char),
        }
    }
    out + "\""
}
