//! Diagnostics as lines of JSON, one for each.

use super::Diagnostic;
use crate::source::{SourceFile, Span};
use serde_json::{Value, json};

/// One line for each. Lines and columns count from 1, columns in characters; `end` is behind the last character. Bytes count from 0.
pub fn render_json(file: &SourceFile, diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|diagnostic| format!("{}\n", value(file, diagnostic))).collect()
}

fn value(file: &SourceFile, diagnostic: &Diagnostic) -> Value {
    let mut value = place(file, diagnostic.labels[0].span);
    let edits: Vec<Value> = diagnostic
        .edit(file)
        .into_iter()
        .map(|edit| with(place(file, edit.span), "text", edit.text))
        .collect();
    let labels: Vec<Value> = diagnostic
        .labels
        .iter()
        .filter(|label| !label.text.is_empty())
        .map(|label| with(place(file, label.span), "message", label.text.clone()))
        .collect();
    value["file"] = json!(file.name);
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

fn place(file: &SourceFile, span: Span) -> Value {
    let point = |byte: u32| {
        let (line, column) = file.position(byte);
        json!({ "line": line, "column": column, "byte": byte })
    };
    json!({ "start": point(span.start), "end": point(span.end) })
}
