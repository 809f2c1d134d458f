//! Diagnostics as a SARIF 2.1.0 log (OASIS), which code hosts and editors read.

use super::{Diagnostic, codes};
use crate::source::{SourceFile, Sources, Span};
use serde_json::{Value, json};

/// One run over all files.
pub fn render_sarif(topologies: &[(&Sources, &[Diagnostic])]) -> String {
    let rules: Vec<Value> = codes::ALL
        .iter()
        .map(|(code, page)| json!({ "id": code.to_string(), "shortDescription": { "text": first_sentence(page) }, "fullDescription": { "text": page } }))
        .collect();
    let results: Vec<Value> = topologies
        .iter()
        .flat_map(|(sources, diagnostics)| diagnostics.iter().map(|diagnostic| result(sources, diagnostic)))
        .collect();
    let driver = json!({ "name": "tidegate", "version": env!("CARGO_PKG_VERSION"), "rules": rules });
    let run = json!({ "tool": { "driver": driver }, "columnKind": "unicodeCodePoints", "results": results });
    let log = json!({ "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run] });
    format!("{log:#}\n")
}

fn first_sentence(page: &str) -> &str {
    page.split_inclusive(". ").next().unwrap_or(page).trim()
}

fn result(sources: &Sources, diagnostic: &Diagnostic) -> Value {
    let mut message = diagnostic.message.clone();
    let first = diagnostic.labels[0].text.clone();
    for part in std::iter::once(&first).filter(|text| !text.is_empty()).chain(&diagnostic.notes) {
        message.push('\n');
        message.push_str(part);
    }
    let mut value = json!({
        "ruleId": diagnostic.code.to_string(),
        "ruleIndex": codes::ALL.iter().position(|(code, _)| *code == diagnostic.code),
        "level": diagnostic.severity.word(),
        "message": { "text": message },
        "locations": [location(sources, diagnostic.labels[0].span)],
    });
    let related: Vec<Value> = diagnostic.labels[1..]
        .iter()
        .map(|label| {
            let mut value = location(sources, label.span);
            value["message"] = json!({ "text": label.text });
            value
        })
        .collect();
    if !related.is_empty() {
        value["relatedLocations"] = json!(related);
    }
    if let Some(edit) = diagnostic.edit(sources) {
        let (_, file) = sources.file_of(edit.span);
        let replacement =
            json!({ "deletedRegion": region(file, edit.span), "insertedContent": { "text": edit.text } });
        let change = json!({ "artifactLocation": { "uri": uri(file) }, "replacements": [replacement] });
        value["fixes"] = json!([{ "description": { "text": format!("write `{}`", edit.text) }, "artifactChanges": [change] }]);
    }
    value
}

fn location(sources: &Sources, span: Span) -> Value {
    let (_, file) = sources.file_of(span);
    json!({ "physicalLocation": { "artifactLocation": { "uri": uri(file) }, "region": region(file, span) } })
}

fn region(file: &SourceFile, span: Span) -> Value {
    let (line, column) = file.position(span.start);
    let (end_line, end_column) = file.position(span.end);
    json!({ "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column })
}

/// A relative reference: what may not stand in one is given by its bytes.
fn uri(file: &SourceFile) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    file.name
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
