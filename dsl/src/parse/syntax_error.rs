//! What a person is told where the grammar stops.

use super::habit::{self, Look};
use super::stop::Stop;
use super::{DECLARATIONS, Rule, form};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::format::token::tokens;
use crate::source::Span;

pub(super) fn syntax_error(
    rule: Rule,
    source: &str,
    offset: usize,
    error: &pest::error::Error<Rule>,
) -> Diagnostic {
    let (tokens, _) = tokens(source);
    let stop = Stop::find(rule, source, &tokens, error);
    let look = Look::new(source, &tokens, &stop, rule);
    let shift = |span: Span| Span { start: span.start + offset as u32, end: span.end + offset as u32 };
    let Some(habit) = habit::find(&look) else { return plain(&look, &stop, shift) };
    let mut diagnostic = Diagnostic::error(codes::SYNTAX, shift(habit.place), habit.message).note(habit.note);
    if let Some((place, text)) = habit.because {
        diagnostic = diagnostic.because(shift(place), text);
    }
    match habit.mend {
        Some((place, text)) => diagnostic.mended_by(shift(place), text),
        None => diagnostic,
    }
}

/// What would fit, and how the whole is written.
fn plain(look: &Look<'_>, stop: &Stop, shift: impl Fn(Span) -> Span) -> Diagnostic {
    let span = shift(look.span(stop.index));
    let word = look.text(stop.index);
    let found = match word {
        "" if look.is_declaration => "the end of the declaration".to_owned(),
        "" => "the end of the text".to_owned(),
        word => format!("`{word}`"),
    };
    let message = match &stop.expected[..] {
        [] if word.is_empty() => "more is expected here".to_owned(),
        [] => format!("{found} does not belong here"),
        [only] => format!("{only} is expected here, not {found}"),
        [first @ .., last] => format!("{} or {last} is expected here, not {found}", first.join(", ")),
    };
    let diagnostic = Diagnostic::error(codes::SYNTAX, span, message);
    let words = stop.expected.iter().map(|text| text.trim_matches('`')).filter(|text| text.len() > 1);
    let words: Vec<&str> =
        words.filter(|text| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')).collect();
    let lower = word.to_ascii_lowercase();
    let meant = match words.contains(&lower.as_str()) {
        true => Some(lower),
        false => did_you_mean(word, words),
    };
    match (meant, form::of(look)) {
        (Some(meant), _) if meant != word => {
            diagnostic.note(format!("did you mean `{meant}`?")).mended_by(span, meant)
        }
        (_, Some(form)) => diagnostic.note(form),
        _ => diagnostic,
    }
}

/// A text that begins with no word of a declaration.
pub(super) fn no_declaration(source: &str, offset: usize, word: &str) -> Diagnostic {
    let length = match word {
        "" => source.chars().next().map_or(0, char::len_utf8),
        word => word.len(),
    };
    let place = Span::new(offset, offset + length);
    let diagnostic = Diagnostic::error(codes::SYNTAX, place, "a declaration is expected here");
    for (sign, instead) in [("--", "//"), ("#", "//"), ("/*", "")] {
        if source.starts_with(sign) {
            let place = Span::new(offset, offset + sign.len());
            let diagnostic =
                Diagnostic::error(codes::SYNTAX, place, format!("`{sign}` does not belong here"))
                    .note("a comment begins with `//`, and ends with its line");
            return if instead.is_empty() { diagnostic } else { diagnostic.mended_by(place, instead) };
        }
    }
    let (tokens, _) = tokens(source);
    let text = |index: usize| tokens.get(index).map_or("", |token| token.text.as_str());
    let start = Span::new(offset, offset);
    match (text(1), text(2)) {
        ("->", "kafka" | "embedded") => {
            return diagnostic
                .note(format!("events leave through a sink: `sink {word} -> {}(\"…\")`", text(2)))
                .mended_by(start, "sink ");
        }
        ("|>", _) => {
            return diagnostic
                .note(format!("steps make a stream, which has a name: `stream NAME = {word} |> …`"));
        }
        ("=", _) if !word.is_empty() => {
            return diagnostic
                .note(format!("a stream is declared with its word: `stream {word} = {} |> …`", text(2)))
                .mended_by(start, "stream ");
        }
        _ => {}
    }
    let diagnostic =
        diagnostic.here(format!("one of {}", DECLARATIONS.map(|word| format!("`{word}`")).join(", ")));
    let lower = word.to_lowercase();
    if let Some(note) = habit::elsewhere::declaration(&lower) {
        return diagnostic.note(note);
    }
    match did_you_mean(&lower, DECLARATIONS) {
        Some(meant) => diagnostic.note(format!("did you mean `{meant}`?")).mended_by(place, meant),
        None => diagnostic,
    }
}

/// `-- large ones`: the grammar would take it for two minus signs, and its words for values.
pub(super) fn comment_of_sql(source: &str, offset: usize) -> Option<Diagnostic> {
    if !source.contains("-- ") {
        return None;
    }
    let (tokens, _) = tokens(source);
    let at = tokens.windows(3).find(|tokens| {
        tokens[0].text == "-"
            && tokens[1].text == "-"
            && tokens[0].end == tokens[1].start
            && tokens[1].end < tokens[2].start
    })?;
    let place = Span::new(offset + at[0].start, offset + at[1].end);
    Some(
        Diagnostic::error(codes::SYNTAX, place, "`--` does not belong here")
            .note("a comment begins with `//`, and ends with its line")
            .mended_by(place, "//"),
    )
}
