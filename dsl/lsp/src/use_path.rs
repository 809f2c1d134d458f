//! The file names that can stand in `use "…"`.

use crate::document::Document;
use crate::uri::{self, beside};
use crate::workspace::topologies_in;
use serde_json::{Value, json};

/// Where a file's name is being written: the files that can be meant. None: the place is another.
pub fn complete(document: &Document, at: u32) -> Option<Value> {
    let text = document.text();
    let before = text[..at as usize].rsplit('\n').next()?;
    let written = before.strip_prefix("use ")?.trim_start().strip_prefix('"')?;
    if written.contains('"') || document.own().is_yaml() {
        return None;
    }
    let start = at as usize - written.len();
    let rest = &text[at as usize..];
    let end = at as usize + rest.find(['"', '\r', '\n']).unwrap_or(rest.len());
    let range = document.own_range(start..end);
    let below = written.rsplit_once('/').map_or("", |(folder, _)| folder);
    let folder = beside(document.uri(), below);
    let own = uri::name(document.uri());
    let names = topologies_in(folder.trim_end_matches('/'));
    let items: Vec<Value> = names
        .iter()
        .filter(|name| !below.is_empty() || **name != own)
        .map(|name| if below.is_empty() { name.clone() } else { format!("{below}/{name}") })
        .map(|path| json!({ "label": path, "kind": 17, "textEdit": { "range": range, "newText": path } }))
        .collect();
    Some(json!({ "isIncomplete": false, "items": items }))
}
