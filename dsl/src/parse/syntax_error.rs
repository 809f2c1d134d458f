//! What a person is told where the grammar stops.

use super::{Rule, STEPS, habit};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::source::Span;
use pest::error::{ErrorVariant, InputLocation};

pub(super) fn syntax_error(source: &str, offset: usize, error: &pest::error::Error<Rule>) -> Diagnostic {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let rest = &source[at..];
    let word: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let length = if word.is_empty() { rest.chars().next().map_or(0, char::len_utf8) } else { word.len() };
    // At the end of the unit the place is the last thing written, not the empty line behind it.
    let (start, end) = if rest.trim().is_empty() {
        let last = source.trim_end().len();
        (last.saturating_sub(1), last)
    } else {
        (at, at + length)
    };
    let span = Span::new(offset + start, offset + end);
    let behind_pipe = source[..at].trim_end().ends_with("|>");
    if behind_pipe && (word.is_empty() || !STEPS.contains(&word.as_str())) {
        let steps = format!("a step is expected: {}", STEPS.map(|word| format!("`{word}`")).join(", "));
        if word.is_empty() {
            return Diagnostic::error(codes::SYNTAX, span, "a step is missing behind `|>`").here(steps);
        }
        let diagnostic = Diagnostic::error(codes::SYNTAX, span, format!("`{word}` is no step")).here(steps);
        if let Some(note) = habit::step_elsewhere(&word) {
            return diagnostic.note(note);
        }
        return match did_you_mean(&word, STEPS) {
            Some(meant) => diagnostic.note(format!("did you mean `{meant}`?")).mended_by(span, meant),
            None => diagnostic,
        };
    }
    if STEPS.contains(&word.as_str()) && !behind_pipe || word == "left" || word == "flat" {
        let message = format!("`{word}` begins a step, and stands behind `|>`");
        let before = Span::new(offset + at, offset + at);
        return Diagnostic::error(codes::SYNTAX, span, message)
            .note("write `|>` before it")
            .mended_by(before, "|> ");
    }
    if let Some(habit) = habit::find(source, at) {
        let shift = |span: Span| Span { start: span.start + offset as u32, end: span.end + offset as u32 };
        let diagnostic = Diagnostic::error(codes::SYNTAX, shift(habit.place), habit.message).note(habit.note);
        return match habit.mend {
            Some((place, text)) => diagnostic.mended_by(shift(place), text),
            None => diagnostic,
        };
    }
    if let Some((bracket, open)) = unclosed(source).filter(|(_, open)| *open < at) {
        let place = Span::new(offset + open, offset + open + 1);
        return Diagnostic::error(codes::SYNTAX, place, format!("this `{bracket}` is not closed"))
            .because(span, "here something else begins");
    }
    let ErrorVariant::ParsingError { positives, .. } = &error.variant else {
        return Diagnostic::error(codes::SYNTAX, span, error.variant.message().into_owned());
    };
    let mut expected: Vec<String> = positives.iter().filter_map(|rule| human(*rule)).collect();
    expected.sort();
    expected.dedup();
    // A value may begin in many ways: one word says them all.
    if expected.iter().any(|text| text == VALUE) {
        expected.retain(|text| !VALUES.contains(&text.as_str()));
    }
    let found = if rest.trim().is_empty() {
        "the end of the declaration".to_owned()
    } else if word.is_empty() {
        format!("`{}`", rest.chars().next().unwrap_or(' '))
    } else {
        format!("`{word}`")
    };
    let message = match &expected[..] {
        [] => format!("{found} does not belong here"),
        [only] => format!("{only} is expected here, not {found}"),
        [first @ .., last] => format!("{} or {last} is expected here, not {found}", first.join(", ")),
    };
    let diagnostic = Diagnostic::error(codes::SYNTAX, span, message);
    let words: Vec<String> = expected.iter().map(|text| text.trim_matches('`').to_owned()).collect();
    match did_you_mean(&word, words.iter().map(String::as_str)) {
        Some(meant) if meant != word => {
            diagnostic.note(format!("did you mean `{meant}`?")).mended_by(span, meant)
        }
        _ => diagnostic,
    }
}

/// The innermost bracket that is never closed.
fn unclosed(source: &str) -> Option<(char, usize)> {
    let mut open: Vec<(char, usize)> = Vec::new();
    let mut chars = source.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '/' if source[at..].starts_with("//") => drop(chars.find(|(_, char)| *char == '\n')),
            '"' => {
                while let Some((_, char)) = chars.next() {
                    match char {
                        '\\' => drop(chars.next()),
                        '"' | '\n' => break,
                        _ => {}
                    }
                }
            }
            '{' | '(' | '[' => open.push((char, at)),
            '}' | ')' | ']' => drop(open.pop()),
            _ => {}
        }
    }
    open.pop()
}

const VALUE: &str = "an expression";
/// What is an expression too.
const VALUES: [&str; 6] = [
    "a name",
    "a string",
    "a number",
    "a length of time such as `10m`",
    "a time such as `@10:00`",
    "a record `{ … }`",
];

/// What a person calls a rule. None: it says nothing beside the others.
fn human(rule: Rule) -> Option<String> {
    let name = format!("{rule:?}");
    if let Some(word) = name.strip_prefix("k_") {
        return Some(match word {
            "kafka" => "`kafka(\"…\")`".to_owned(),
            "and" | "or" | "is" | "between" | "in" => "an operator".to_owned(),
            "if" | "match" | "not" | "null" | "true" | "false" => VALUE.to_owned(),
            word => format!("`{word}`"),
        });
    }
    Some(
        match rule {
            Rule::ident | Rule::path | Rule::value_path => "a name",
            Rule::plain_string | Rule::inner_string => "a string",
            Rule::duration => "a length of time such as `10m`",
            Rule::timestamp => "a time such as `@10:00`",
            Rule::number | Rule::int => "a number",
            Rule::type_expr | Rule::type_base | Rule::record_type | Rule::decimal_type | Rule::array_type => {
                "a type"
            }
            Rule::expr
            | Rule::call
            | Rule::if_expr
            | Rule::match_expr
            | Rule::format_string
            | Rule::boolean
            | Rule::null
            | Rule::not_op
            | Rule::minus_op => "an expression",
            Rule::list_literal => "a list `[ … ]`",
            Rule::map_literal | Rule::map_entry => return None,
            Rule::lambda | Rule::lambda_names => "`x => …`",
            // They stand behind every expression, and say nothing beside the others.
            Rule::index | Rule::field_access | Rule::optional_mark => return None,
            Rule::variant => "a name",
            Rule::record => "a record `{ … }`",
            Rule::topic_ref => "a topic such as `kafka(\"payments\")`",
            Rule::step => "a step",
            Rule::assignments => "`{ name: … }`",
            Rule::assignment | Rule::field | Rule::entry | Rule::field_decl => "a field",
            Rule::EOI => "the end of the declaration",
            Rule::nullable_mark => "`?`",
            Rule::source_clause | Rule::key_clause | Rule::time_clause | Rule::malformed_clause => {
                "`key`, `time` or `malformed ->`"
            }
            Rule::tumbling => "`tumbling`",
            Rule::hopping => "`hopping`",
            Rule::pipeline_input => "a stream's name",
            _ => return None,
        }
        .to_owned(),
    )
}
