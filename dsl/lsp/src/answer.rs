//! What `tidegate-dsl` says, as the protocol writes it.

use crate::document::Document;
use crate::position::range;
use crate::uri;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use tidegate_dsl::diagnostic::{Diagnostic, Severity};
use tidegate_dsl::ide::{Completion, CompletionKind, Edit, Hover, Symbol, SymbolKind};
use tidegate_dsl::source::Span;

/// The address of a code's page, for an editor that shows such addresses: it asks for the text with the command `tidegate.page`.
fn page_address(code: &str) -> String {
    format!("tidegate:/codes/{code}.md")
}

/// The address and the range of a place, which may be in a file that the document uses.
pub fn location(uri: &str, document: &Document, span: Span) -> Value {
    let (number, file) = document.analysis.compiled.sources.file_of(span);
    let uri = if number == 0 { uri.to_owned() } else { uri::beside(uri, &file.name) };
    json!({ "uri": uri, "range": range(file, span) })
}

/// The diagnostics of a document, by the file in which each is.
pub fn diagnostics(uri: &str, document: &Document) -> BTreeMap<String, Vec<Value>> {
    let mut by_file: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    by_file.insert(uri.to_owned(), Vec::new());
    for diagnostic in &document.analysis.compiled.diagnostics {
        let place = location(uri, document, diagnostic.labels[0].span);
        let uri_of = place["uri"].as_str().unwrap_or(uri).to_owned();
        by_file.entry(uri_of).or_default().push(one_diagnostic(uri, document, diagnostic, &place["range"]));
    }
    by_file
}

fn one_diagnostic(uri: &str, document: &Document, diagnostic: &Diagnostic, range: &Value) -> Value {
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
        .map(|label| json!({ "location": location(uri, document, label.span), "message": label.text }))
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
    let own = document.analysis.compiled.sources.own();
    json!({
        "contents": { "kind": "markdown", "value": hover.markdown },
        "range": range(own, hover.span),
    })
}

pub fn completion(document: &Document, word: Span, items: &[Completion]) -> Value {
    let own = document.analysis.compiled.sources.own();
    let word = range(own, word);
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
        CompletionKind::Field => 5,
        CompletionKind::Flow => 6,
        CompletionKind::Type => 22,
        CompletionKind::Option => 10,
        CompletionKind::Keyword => 14,
        CompletionKind::Function => 3,
    }
}

pub fn symbol(document: &Document, symbol: &Symbol) -> Value {
    let own = document.analysis.compiled.sources.own();
    let children: Vec<Value> = symbol.children.iter().map(|child| self::symbol(document, child)).collect();
    json!({
        "name": symbol.name,
        "kind": symbol_kind(symbol.kind),
        "range": range(own, symbol.span),
        "selectionRange": range(own, symbol.name_span),
        "children": children,
    })
}

fn symbol_kind(kind: SymbolKind) -> u8 {
    match kind {
        SymbolKind::Topology => 2,
        SymbolKind::Type => 23,
        SymbolKind::Field => 8,
        SymbolKind::Param => 14,
        SymbolKind::Function => 12,
        SymbolKind::Source | SymbolKind::Table => 18,
        SymbolKind::Stream => 13,
        SymbolKind::Step => 25,
        SymbolKind::Sink | SymbolKind::Serve => 24,
        SymbolKind::Test => 6,
    }
}

pub fn edits(uri: &str, document: &Document, edits: &[Edit]) -> Value {
    let own = document.analysis.compiled.sources.own();
    let edits: Vec<Value> =
        edits.iter().map(|edit| json!({ "range": range(own, edit.span), "newText": edit.text })).collect();
    json!({ "changes": { uri: edits } })
}
