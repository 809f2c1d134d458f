//! What `tidegate-dsl` says, as the protocol writes it.

use crate::document::{Document, Documents, Place};
use crate::uri::key;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tidegate_dsl::diagnostic::{Diagnostic, Severity, codes};
use tidegate_dsl::ide::{Completion, CompletionKind, Edit, Hover, Symbol, SymbolKind};
use tidegate_dsl::source::Span;

/// The address of a code's page, for an editor that shows such addresses: it asks for the text with the command `tidegate.page`.
fn page_address(code: &str) -> String {
    format!("tidegate:/codes/{code}.md")
}

/// A diagnostic of a file, as it is told.
pub struct Told<'d> {
    pub document: &'d Document,
    pub diagnostic: &'d Diagnostic,
    /// The file that it is in.
    pub uri: String,
    pub value: Value,
}

/// All diagnostics of the open files, each once: a file that two others use is compiled with each of them, and a file that is open also
/// by itself.
pub fn told(documents: &Documents) -> Vec<Told<'_>> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for document in documents.all() {
        let is_used = documents.is_used(document.uri());
        for diagnostic in &document.analysis.compiled.diagnostics {
            // What is missing in a part of a topology may be in those that use it.
            if is_used && matches!(diagnostic.code, codes::MISSING_NAME | codes::UNUSED) {
                continue;
            }
            let Place { uri, range, .. } = document.place(diagnostic.labels[0].span);
            let once =
                (key(&uri), range.to_string(), diagnostic.code.to_string(), diagnostic.message.clone());
            if seen.insert(once) {
                let value = one_diagnostic(document, diagnostic, &range);
                all.push(Told { document, diagnostic, uri, value });
            }
        }
    }
    all
}

/// The diagnostics by the file in which each is; an open file without any has an empty list.
pub fn diagnostics(documents: &Documents) -> BTreeMap<String, Vec<Value>> {
    let mut by_file: BTreeMap<String, Vec<Value>> =
        documents.all().map(|document| (document.uri().to_owned(), Vec::new())).collect();
    for told in told(documents) {
        by_file.entry(told.uri).or_default().push(told.value);
    }
    for diagnostics in by_file.values_mut() {
        diagnostics.sort_by_key(|diagnostic| {
            let start = &diagnostic["range"]["start"];
            (start["line"].as_u64(), start["character"].as_u64())
        });
    }
    by_file
}

fn one_diagnostic(document: &Document, diagnostic: &Diagnostic, range: &Value) -> Value {
    let mut message = diagnostic.message.clone();
    let here = &diagnostic.labels[0].text;
    if !here.is_empty() {
        message.push_str(&format!("\n{here}"));
    }
    for note in &diagnostic.notes {
        message.push_str(&format!("\n{note}"));
    }
    let related: Vec<Value> = diagnostic.labels[1..]
        .iter()
        .map(|label| json!({ "location": document.location(label.span), "message": label.text }))
        .collect();
    let code = diagnostic.code.to_string();
    json!({
        "range": range,
        "severity": match diagnostic.severity { Severity::Error => 1, Severity::Warning => 2 },
        "code": code,
        "codeDescription": { "href": page_address(&code) },
        "source": "tidegate",
        "message": message,
        "relatedInformation": related,
    })
}

pub fn hover(document: &Document, hover: &Hover) -> Value {
    json!({
        "contents": { "kind": "markdown", "value": hover.markdown },
        "range": document.range(hover.span),
    })
}

pub fn completion(document: &Document, word: Span, items: &[Completion]) -> Value {
    let word = document.range(word);
    let items: Vec<Value> = items
        .iter()
        .enumerate()
        .map(|(number, item)| {
            let mut made = Map::new();
            made.insert("label".into(), item.label.as_str().into());
            made.insert("kind".into(), completion_kind(item.kind).into());
            if !item.detail.is_empty() {
                made.insert("detail".into(), item.detail.as_str().into());
            }
            if !item.meaning.is_empty() {
                made.insert("documentation".into(), item.meaning.as_str().into());
            }
            // The order in which the check knows them: the nearest names first.
            made.insert("sortText".into(), format!("{}{number:04}", item.kind as u8).into());
            made.insert("textEdit".into(), json!({ "range": word, "newText": item.label }));
            Value::Object(made)
        })
        .collect();
    json!({ "isIncomplete": false, "items": items })
}

fn completion_kind(kind: CompletionKind) -> u8 {
    match kind {
        CompletionKind::Variant => 20,
        CompletionKind::Field => 5,
        CompletionKind::Flow => 6,
        CompletionKind::Type => 22,
        CompletionKind::Option => 10,
        CompletionKind::Keyword => 14,
        CompletionKind::Function => 3,
    }
}

pub fn symbol(document: &Document, symbol: &Symbol) -> Value {
    let children: Vec<Value> = symbol.children.iter().map(|child| self::symbol(document, child)).collect();
    json!({
        "name": symbol.name,
        "kind": symbol_kind(symbol.kind),
        "range": document.range(symbol.span),
        "selectionRange": document.range(symbol.name_span),
        "children": children,
    })
}

fn symbol_kind(kind: SymbolKind) -> u8 {
    match kind {
        SymbolKind::Topology => 2,
        SymbolKind::Type => 23,
        SymbolKind::Enum => 10,
        SymbolKind::Field => 8,
        SymbolKind::Variant => 22,
        SymbolKind::Param => 14,
        SymbolKind::Function => 12,
        SymbolKind::Source | SymbolKind::Table => 18,
        SymbolKind::Stream => 13,
        SymbolKind::Step => 25,
        SymbolKind::Sink | SymbolKind::Serve => 24,
        SymbolKind::Test => 6,
    }
}

/// Edits of files, by their addresses.
pub fn edits(document: &Document, edits: &[Edit]) -> Value {
    let mut changes = Map::new();
    for edit in edits {
        let Place { uri, range, .. } = document.place(edit.span);
        let of_file = changes.entry(uri).or_insert_with(|| json!([]));
        of_file.as_array_mut().expect("a list").push(json!({ "range": range, "newText": edit.text }));
    }
    json!({ "changes": changes })
}
