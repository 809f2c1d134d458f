//! `tag: "x"`: YAML takes the quotes away, and what is left is a name. What was found of such a scalar is told with that.

use crate::diagnostic::{Diagnostic, codes};
use crate::source::{SourceFile, Sources, Span};

/// Adds to what is told of an expression that is a text by its quotes.
pub(crate) fn told_of_quotes(sources: &Sources, diagnostics: &mut [Diagnostic]) {
    for diagnostic in diagnostics {
        let place = diagnostic.labels[0].span;
        let file = sources.file_of(place).1;
        let about_text = matches!(diagnostic.code, codes::UNKNOWN_NAME | codes::SYNTAX);
        if !about_text || !file.is_yaml() {
            continue;
        }
        let Some(quoted) = text_around(file, file.range(place)) else { continue };
        let text = &file.text[quoted.start as usize..quoted.end as usize];
        let text = format!("'\"{}\"'", &text[1..text.len() - 1]);
        *diagnostic = diagnostic
            .clone()
            .note(format!("these quotes are YAML's, and what they hold is an expression; a text has quotes of its own: `{text}`"))
            .replaced_in_yaml(file.place(quoted), text);
    }
}

/// The scalar in quotes around a place, if it is words and no calculation.
fn text_around(file: &SourceFile, range: std::ops::Range<usize>) -> Option<Span> {
    let line_start = file.text[..range.start].rfind('\n').map_or(0, |newline| newline + 1);
    let open = line_start + file.text[line_start..range.start].rfind(['"', '\''])?;
    let quote = file.text[open..].chars().next()?;
    let rest = file.text[open + 1..].lines().next()?;
    let close = open + 1 + rest.find(quote)?;
    if !holds_expressions(&file.text[..line_start], &file.text[line_start..open]) {
        return None;
    }
    let begins = file.text[line_start..open].trim_end().ends_with([':', '-', '[', ',', '{']);
    let behind = file.text[close + 1..].lines().next().unwrap_or("").trim_start();
    let ends = behind.is_empty() || behind.starts_with([',', '}', ']', '#']);
    let words = |text: &str| !text.contains(['=', '<', '>', '(', ')', '+', '*', '"', '\'', '\\', '{']);
    let text = &file.text[open + 1..close];
    let whole = begins && ends && range.end <= close + 1 && words(text) && !is_condition(text);
    whole.then(|| Span::new(open, close + 1))
}

/// Is this place in a step, and no type and no topic's name?
fn holds_expressions(before: &str, line: &str) -> bool {
    let section =
        before.lines().rev().find(|line| line.starts_with(|first: char| first.is_ascii_alphabetic()));
    let steps = section.is_some_and(|line| line.starts_with("streams:") || line.starts_with("tables:"));
    steps && !["type:", "kafka:", "topic:"].iter().any(|key| line.trim_end().ends_with(key))
}

/// Words of the language between words, such as `a and b`, or `x is null`.
fn is_condition(text: &str) -> bool {
    text.split_whitespace()
        .any(|word| matches!(word, "and" | "or" | "not" | "in" | "is" | "between" | "if" | "match"))
}
