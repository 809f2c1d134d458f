//! The text form as tokens that keep their comments and blank lines, for tools that rewrite a file.

use crate::parse::limit::DEPTH_MAX;

/// What stands between two places where white space may be.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) text: String,
    /// Bytes of the file.
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Comments on lines of their own before it.
    pub(crate) comments: Vec<Comment>,
    /// The comment behind it on its line.
    pub(crate) behind: Option<String>,
    /// An empty line stands before it (behind its own comments).
    pub(crate) blank: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Comment {
    /// With its `//`.
    pub(crate) text: String,
    /// An empty line stands before it.
    pub(crate) blank: bool,
    /// It does not begin at the start of its line.
    pub(crate) indented: bool,
    pub(crate) start: usize,
}

impl Token {
    pub(crate) fn is_word(&self) -> bool {
        self.text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && !self.text.ends_with('"')
    }

    pub(crate) fn opens(&self) -> bool {
        matches!(self.text.as_str(), "{" | "(" | "[")
    }

    pub(crate) fn closes(&self) -> bool {
        matches!(self.text.as_str(), "}" | ")" | "]")
    }
}

/// The tokens of a file, and the comments behind the last of them.
pub(crate) fn tokens(text: &str) -> (Vec<Token>, Vec<Comment>) {
    let mut all: Vec<Token> = Vec::new();
    let mut comments = Vec::new();
    let mut at = 0;
    let mut newlines = 0;
    // Nothing stands before it: the file's first line begins like one behind an empty line, but has none.
    let mut fresh_line = true;
    while let Some(char) = text[at..].chars().next() {
        let rest = &text[at..];
        if char.is_whitespace() {
            newlines += usize::from(char == '\n');
            fresh_line |= char == '\n';
            at += char.len_utf8();
            continue;
        }
        if rest.starts_with("//") {
            let line = rest.split('\n').next().unwrap_or(rest);
            let comment = line.trim_end().to_owned();
            match all.last_mut() {
                Some(token) if !fresh_line && token.behind.is_none() => token.behind = Some(comment),
                _ => comments.push(Comment {
                    text: comment,
                    blank: newlines > 1,
                    indented: !(at == 0 || text[..at].ends_with('\n')),
                    start: at,
                }),
            }
            newlines = 0;
            at += line.len();
            continue;
        }
        let length = token_length(rest, 0);
        all.push(Token {
            text: rest[..length].to_owned(),
            start: at,
            end: at + length,
            comments: std::mem::take(&mut comments),
            behind: None,
            blank: newlines > 1,
        });
        newlines = 0;
        fresh_line = false;
        at += length;
    }
    (all, comments)
}

/// `depth`: of the format strings around it.
fn token_length(rest: &str, depth: usize) -> usize {
    const SYMBOLS: [&str; 10] = ["|>", "->", "<-", "=>", "==", "!=", "<=", ">=", "??", ".."];
    let first = rest.chars().next().expect("there is a character");
    if rest.starts_with("f\"") {
        return string_length(&rest[1..], Some(depth).filter(|depth| *depth <= DEPTH_MAX)) + 1;
    }
    if first == '"' {
        return string_length(rest, None);
    }
    if first == '@' {
        return time_length(rest);
    }
    if first.is_ascii_digit() {
        return number_length(rest);
    }
    if first.is_alphabetic() || first == '_' {
        return rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    }
    SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)).map_or(first.len_utf8(), |symbol| symbol.len())
}

/// To the closing quote. In a format string, at its depth, an expression in braces may hold strings of its own.
fn string_length(rest: &str, format: Option<usize>) -> usize {
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => drop(chars.next()),
            '"' => return at + 1,
            '{' if format.is_some() && chars.peek().is_some_and(|(_, next)| *next == '{') => {
                chars.next();
            }
            '{' if format.is_some() => {
                let depth = format.map_or(0, |depth| depth + 1);
                let end = at + 1 + braces_length(&rest[at + 1..], depth);
                while chars.peek().is_some_and(|(next, _)| *next < end) {
                    chars.next();
                }
            }
            _ => {}
        }
    }
    rest.len()
}

/// To behind the brace that closes an expression in a format string.
fn braces_length(rest: &str, depth_of_string: usize) -> usize {
    let mut depth = 1;
    let mut at = 0;
    while at < rest.len() {
        let length = token_length(&rest[at..], depth_of_string);
        match &rest[at..at + length] {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        at += length;
        if depth == 0 {
            break;
        }
    }
    at
}

fn time_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        let fraction = *byte == b'.' && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        if !(byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'+') || fraction) {
            break;
        }
        at += 1;
    }
    at
}

fn number_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        let digit_next = bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        let exponent = matches!(byte, b'+' | b'-') && matches!(bytes[at - 1], b'e' | b'E') && digit_next;
        if !(byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'.' && digit_next || exponent) {
            break;
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::tokens;

    fn texts(text: &str) -> Vec<String> {
        tokens(text).0.into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn strings_times_and_numbers_are_one_token_each() {
        assert_eq!(
            texts(r#"f"{a ?? "no {{"}: {b}" "x // y" @2026-01-01T10:00:00.5Z 1h30m 1e-3 a-1 x.y ..it"#),
            [
                r#"f"{a ?? "no {{"}: {b}""#,
                r#""x // y""#,
                "@2026-01-01T10:00:00.5Z",
                "1h30m",
                "1e-3",
                "a",
                "-",
                "1",
                "x",
                ".",
                "y",
                "..",
                "it"
            ]
        );
    }

    #[test]
    fn comments_belong_to_the_token_before_or_behind_them() {
        let (tokens, end) = tokens("// head\n\na // behind\n  // before\nb\n// end\n");
        assert_eq!(tokens[0].comments[0].text, "// head");
        assert!(tokens[0].blank);
        assert_eq!(tokens[0].behind.as_deref(), Some("// behind"));
        assert_eq!(
            (tokens[1].comments[0].text.as_str(), tokens[1].comments[0].indented),
            ("// before", true)
        );
        assert_eq!(end[0].text, "// end");
    }
}
