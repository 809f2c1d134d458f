//! What an editor offers to do about a diagnostic: its mend, or to allow it; and all mends of a file at once.

use crate::answer::{self, Told};
use crate::document::{Changes, Document, Documents};
use crate::position::{Lines, line_end};
use crate::uri::key;
use serde_json::{Value, json};
use tidegate_dsl::diagnostic::{Diagnostic, Edit, Severity};
use tidegate_dsl::ide;

const QUICK_FIX: &str = "quickfix";
const FIX_ALL: &str = "source.fixAll";

/// The actions for the diagnostics in a range of a file.
pub fn actions(documents: &Documents, document: &Document, params: &Value) -> Value {
    let wants = |kind: &str| match params["context"]["only"].as_array() {
        None => kind == QUICK_FIX,
        Some(only) => only.iter().filter_map(Value::as_str).any(|wanted| is_kind(kind, wanted)),
    };
    let file = key(document.uri());
    let all: Vec<Told<'_>> =
        answer::told(documents).into_iter().filter(|told| key(&told.uri) == file).collect();
    let mut actions = Vec::new();
    if wants(QUICK_FIX) {
        let asked = all.iter().filter(|told| is_asked(&told.value, params));
        for told in asked {
            actions.extend(mend(told));
            actions.extend(allow(documents, told));
        }
    }
    if wants(FIX_ALL) {
        actions.extend(mend_all(document));
    }
    Value::Array(actions)
}

/// `source` is the kind of all kinds that begin with it.
fn is_kind(kind: &str, wanted: &str) -> bool {
    kind.strip_prefix(wanted)
        .is_some_and(|rest| wanted.is_empty() || rest.is_empty() || rest.starts_with('.'))
}

/// A diagnostic that the editor names, or that touches the range.
fn is_asked(diagnostic: &Value, params: &Value) -> bool {
    let named = params["context"]["diagnostics"].as_array().into_iter().flatten();
    let is_named =
        |named: &Value| ["range", "code", "message"].iter().all(|part| named[*part] == diagnostic[*part]);
    let place = |range: &Value, end: &str| (range[end]["line"].as_u64(), range[end]["character"].as_u64());
    let (own, asked) = (&diagnostic["range"], &params["range"]);
    let touches = place(own, "start") <= place(asked, "end") && place(asked, "start") <= place(own, "end");
    named.into_iter().any(is_named) || touches
}

fn mend(told: &Told<'_>) -> Option<Value> {
    let document = told.document;
    let sources = &document.analysis.compiled.sources;
    let Edit { span, text } = told.diagnostic.edit(sources)?;
    let (_, file) = sources.file_of(span);
    let old = file.text.get(file.range(span))?;
    let edit = ide::Edit { span, text: text.clone() };
    Some(json!({
        "title": title(old, &text),
        "kind": QUICK_FIX,
        "diagnostics": [told.value],
        "isPreferred": true,
        "edit": answer::edits(document, &[edit]),
    }))
}

fn title(old: &str, new: &str) -> String {
    let shown = |text: &str| {
        const CHARS_MAX: usize = 40;
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.chars().count() <= CHARS_MAX {
            return line;
        }
        line.chars().take(CHARS_MAX).chain(['…']).collect()
    };
    match (shown(old), shown(new)) {
        (old, new) if old.is_empty() => format!("Insert `{new}`"),
        (old, new) if new.is_empty() => format!("Take `{old}` away"),
        (old, new) => format!("Write `{new}` in place of `{old}`"),
    }
}

/// A comment on the line before, which takes the warning away. It is tried: in some places of YAML a comment would be text.
fn allow(documents: &Documents, told: &Told<'_>) -> Option<Value> {
    let Diagnostic { code, severity, labels, .. } = told.diagnostic;
    if *severity != Severity::Warning {
        return None;
    }
    let document = told.document;
    let sources = &document.analysis.compiled.sources;
    let (number, file) = sources.file_of(labels[0].span);
    let start = Lines::of(&file.text).start_of_line(file.range(labels[0].span).start);
    let indent: String = file.text[start..].chars().take_while(|char| matches!(char, ' ' | '\t')).collect();
    let mark = if file.is_yaml() { "#" } else { "//" };
    let comment = format!("{indent}{mark} allow {code}: say why{}", line_end(&file.text));
    let mut text = file.text.clone();
    text.insert_str(start, &comment);
    let uri = document.uri();
    let after = if number == 0 {
        documents.compile(uri, text, &Changes::new())
    } else {
        documents.compile(uri, document.text().to_owned(), &Changes::from([(key(&told.uri), text)]))
    };
    let count = |document: &Document| document.analysis.compiled.diagnostics.len();
    if count(&after) >= count(document) {
        return None;
    }
    let start = file.base + start as u32;
    let edit = ide::Edit { span: tidegate_dsl::source::Span { start, end: start }, text: comment };
    Some(json!({
        "title": format!("Allow {code} here, and say why"),
        "kind": QUICK_FIX,
        "diagnostics": [told.value],
        "edit": answer::edits(document, &[edit]),
    }))
}

/// Every mend of the file's own diagnostics; of two that overlap the first.
fn mend_all(document: &Document) -> Option<Value> {
    let compiled = &document.analysis.compiled;
    let all = compiled.diagnostics.iter().filter_map(|diagnostic| diagnostic.edit(&compiled.sources));
    let mut edits: Vec<ide::Edit> = all.map(|Edit { span, text }| ide::Edit { span, text }).collect();
    edits.retain(|edit| compiled.sources.file_of(edit.span).0 == 0);
    edits.sort_by_key(|edit| edit.span);
    let mut end = None;
    edits.retain(|edit| {
        let is_behind = end.is_none_or(|end| edit.span.start > end);
        if is_behind {
            end = Some(edit.span.end);
        }
        is_behind
    });
    (!edits.is_empty()).then(|| {
        json!({
            "title": "Mend all that can be mended",
            "kind": FIX_ALL,
            "edit": answer::edits(document, &edits),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_those_below_the_wanted_one() {
        assert!(is_kind(FIX_ALL, "source") && is_kind(FIX_ALL, "source.fixAll"));
        assert!(!is_kind(FIX_ALL, "sourc") && !is_kind(FIX_ALL, "source.fixAll.tidegate"));
        assert!(is_kind(QUICK_FIX, ""), "the kind of all");
    }

    #[test]
    fn titles_say_what_is_written() {
        assert_eq!(title("fliter", "filter"), "Write `filter` in place of `fliter`");
        assert_eq!(title("", "|> "), "Insert `|>`");
        assert_eq!(title(";", ""), "Take `;` away");
        assert!(title("x", &"long ".repeat(20)).len() < 80);
    }
}
