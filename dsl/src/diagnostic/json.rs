//! Diagnostics as lines of JSON, one for each.

use super::Diagnostic;
use crate::source::{Sources, Span};
use serde_json::{Value, json};

/// One line for each, each place with its file. Lines and columns count from 1, columns in characters; `end` is behind the last character. Bytes count from 0.
pub fn render_json(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|diagnostic| format!("{}\n", value(sources, diagnostic))).collect()
}

fn value(sources: &Sources, diagnostic: &Diagnostic) -> Value {
    let mut value = place(sources, diagnostic.labels[0].span);
    let edits: Vec<Value> = diagnostic
        .edit(sources)
        .into_iter()
        .map(|edit| with(place(sources, edit.span), "text", edit.text))
        .collect();
    let labels: Vec<Value> = diagnostic
        .labels
        .iter()
        .filter(|label| !label.text.is_empty())
        .map(|label| with(place(sources, label.span), "message", label.text.clone()))
        .collect();
    value["code"] = json!(diagnostic.code.to_string());
    value["severity"] = json!(diagnostic.severity.word());
    value["message"] = json!(diagnostic.message);
    value["labels"] = json!(labels);
    value["notes"] = json!(diagnostic.notes);
    value["edits"] = json!(edits);
    value
}

fn with(mut value: Value, key: &str, text: String) -> Value {
    value[key] = Value::String(text);
    value
}

fn place(sources: &Sources, span: Span) -> Value {
    let (_, file) = sources.file_of(span);
    let point = |byte: u32| {
        let (line, column) = file.position(byte);
        json!({ "line": line, "column": column, "byte": byte - file.base })
    };
    json!({ "file": file.name, "start": point(span.start), "end": point(span.end) })
}
