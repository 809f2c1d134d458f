//! What could stand at a place: asked of the grammar itself.

use super::{Grammar, Rule};
use pest::Parser;
use pest::error::Error;
use std::sync::Mutex;

/// Stands where nothing of the language can stand, so that the grammar fails there and says what it tried.
const NOTHING: char = '\u{1}';

/// How far the grammar comes in a text that it refuses, and the words and signs that it would have taken there.
pub(super) fn furthest(rule: Rule, text: &str) -> Option<(usize, Vec<String>)> {
    // The detail is switched for the whole process: one question at a time, and off again for the others.
    static ASKING: Mutex<()> = Mutex::new(());
    let asking = ASKING.lock();
    pest::set_error_detail(true);
    let parsed = Grammar::parse(rule, text);
    pest::set_error_detail(false);
    drop(asking);
    let error = parsed.err()?;
    let attempts = Error::parse_attempts(&error)?;
    let tokens = attempts.expected_tokens().iter().map(ToString::to_string).collect();
    Some((attempts.max_position, tokens))
}

/// The words that may follow this beginning of a declaration.
pub(crate) fn words(beginning: &str) -> Vec<String> {
    let Some((at, mut words)) = furthest(Rule::unit, &format!("{beginning}{NOTHING}")) else {
        return Vec::new();
    };
    if at < beginning.trim_end().len() {
        // It is wrong before.
        return Vec::new();
    }
    words.retain(|word| is_word(word));
    words
}

/// A word, and no unit of time.
pub(super) fn is_word(token: &str) -> bool {
    !matches!(token, "ms" | "us")
        && token.len() > 1
        && token.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Is this a whole declaration?
pub(crate) fn is_declaration(text: &str) -> bool {
    Grammar::parse(Rule::unit, text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_that_the_grammar_would_take() {
        let has = |beginning: &str, word: &str| words(beginning).iter().any(|known| known == word);
        assert!(has("stream a = b |> ", "filter"));
        assert!(has("stream a = b |> ", "rolling"));
        assert!(has("stream a = b |> window ", "tumbling"));
        assert!(has("stream a = b |> emit ", "final"));
        assert!(has("source a: T = kafka(\"t\") ", "malformed"));
        assert!(has("source a: T = kafka(\"t\") key x time at, ", "idle"));
        assert!(!has("source a: T = kafka(\"t\") ", "filter"));
        assert!(has("stream a = b |> filter x ", "and"));
        assert!(!has("stream a = b |> filter x ", "filter"));
        assert!(words("stream a = = b |> ").is_empty());
    }
}
