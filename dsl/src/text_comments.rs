//! The comments of a file in either spelling.

use crate::format::token::tokens;
use crate::source::SourceFile;

/// A comment of the file, without its mark.
pub(crate) struct Found {
    pub(crate) text: String,
    /// Where it begins, in bytes of the file (behind code: where that ends).
    pub(crate) start: usize,
    /// Code stands before it on its line.
    pub(crate) behind: bool,
}

/// All comments of a file, in its order.
pub(crate) fn of(file: &SourceFile) -> Vec<Found> {
    if file.is_yaml() { in_yaml(&file.text) } else { in_tide(&file.text) }
}

fn in_tide(text: &str) -> Vec<Found> {
    let (tokens, end) = tokens(text);
    let mut found = Vec::new();
    let mut at = 0;
    for token in &tokens {
        for comment in &token.comments {
            found.push(Found { text: comment.text[2..].to_owned(), start: comment.start, behind: false });
        }
        at = token.end;
        if let Some(comment) = &token.behind {
            found.push(Found { text: comment[2..].to_owned(), start: token.end, behind: true });
        }
    }
    let after = end.iter().map(|comment| Found {
        text: comment.text[2..].to_owned(),
        start: comment.start.max(at),
        behind: false,
    });
    found.extend(after);
    found
}

fn in_yaml(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut quote: Option<char> = None;
    for line in text.split_inclusive('\n') {
        let mut before = ' ';
        // The last character that is no space: a quote opens a scalar only where one can begin.
        let mut last = None;
        let mut chars = line.char_indices().peekable();
        while let Some((index, char)) = chars.next() {
            match (quote, char) {
                (Some('"'), '\\') => {
                    chars.next();
                }
                (Some('\''), '\'') if chars.peek().is_some_and(|(_, next)| *next == '\'') => {
                    chars.next();
                }
                (Some(open), char) if open == char => quote = None,
                (Some(_), _) => {}
                (None, '#') if before.is_whitespace() => {
                    let text = line[index + 1..].trim_end().to_owned();
                    found.push(Found { text, start: at + index, behind: last.is_some() });
                    break;
                }
                (None, '"' | '\'') if last.is_none_or(|last| ":,[{-".contains(last)) => quote = Some(char),
                _ => {}
            }
            before = char;
            last = if char.is_whitespace() { last } else { Some(char) };
        }
        at += line.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::in_yaml;

    #[test]
    fn a_mark_in_a_scalar_is_no_comment() {
        let text = "# head\na: \"x # y\" # one\nb: it's#no # two\nc: 'd '' # e'\n  # three\n";
        let found: Vec<(String, bool)> =
            in_yaml(text).into_iter().map(|found| (found.text, found.behind)).collect();
        let expected = [(" head", false), (" one", true), (" two", true), (" three", false)];
        assert_eq!(found, expected.map(|(text, behind)| (text.to_owned(), behind)));
    }
}
