//! What `--output` writes of a table, read again.

use serde_json::Value;
use std::collections::BTreeMap;

/// The last row of each key, whose fields are named; a line `KEY<TAB>null` deletes. Several fields make a key that is an object.
pub fn last_rows<'a>(text: &'a str, key: &[&str]) -> BTreeMap<String, &'a str> {
    let mut rows = BTreeMap::new();
    for line in text.lines() {
        if let Some(deleted) = line.strip_suffix("\tnull") {
            let fields = serde_json::from_str::<Value>(deleted).ok().filter(Value::is_object);
            let deleted = fields.map_or_else(|| deleted.to_owned(), |fields| key_of(&fields, key));
            rows.remove(&deleted);
            continue;
        }
        let row = serde_json::from_str(line).expect("a row is JSON");
        rows.insert(key_of(&row, key), line);
    }
    rows
}

fn key_of(row: &Value, key: &[&str]) -> String {
    let texts = key.iter().map(|field| match &row[field] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    texts.collect::<Vec<_>>().join(" ")
}
