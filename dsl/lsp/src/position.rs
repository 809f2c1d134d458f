//! Places: bytes here, lines and UTF-16 units in the protocol, both counted from 0.

use serde_json::{Value, json};

/// Where the lines of a text begin. In the protocol a line ends with `\n`, `\r\n` or `\r`; the compiler counts only the first two.
#[derive(Debug)]
pub struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub fn of(text: &str) -> Lines {
        let bytes = text.as_bytes();
        let ends_line = |at: usize| match bytes[at] {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        let behind = (0..bytes.len()).filter(|at| ends_line(*at)).map(|at| at + 1);
        Lines { starts: std::iter::once(0).chain(behind).collect() }
    }

    /// The byte that a position stands for: within the text, and never inside of a character. A position behind the end of its line is that end.
    pub fn byte_at(&self, text: &str, position: &Value) -> Option<usize> {
        let line = usize::try_from(position["line"].as_u64()?).ok()?;
        let mut left = position["character"].as_u64()?;
        let Some(&start) = self.starts.get(line) else { return Some(text.len()) };
        for (at, char) in text[start..].char_indices() {
            let length = char.len_utf16() as u64;
            if left < length || char == '\n' || char == '\r' {
                return Some(start + at);
            }
            left -= length;
        }
        Some(text.len())
    }

    /// The position of a byte; inside of a character it is the character's.
    pub fn position(&self, text: &str, byte: usize) -> Value {
        let byte = (0..=byte.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let line = self.starts.partition_point(|start| *start <= byte) - 1;
        let units = text[self.starts[line]..byte].encode_utf16().count();
        json!({ "line": line, "character": units })
    }

    pub fn range(&self, text: &str, bytes: std::ops::Range<usize>) -> Value {
        json!({ "start": self.position(text, bytes.start), "end": self.position(text, bytes.end) })
    }

    /// Where the line of a byte begins.
    pub fn start_of_line(&self, byte: usize) -> usize {
        self.starts[self.starts.partition_point(|start| *start <= byte) - 1]
    }
}

/// How the lines of a text end.
pub fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// Applies what an editor says of a change, one part after the other: each place is one in the text as the part before left it.
/// None: a part is no change of the protocol, and the text is no longer known.
pub fn changed(mut text: String, changes: &[Value]) -> Option<String> {
    for change in changes {
        let new = change["text"].as_str()?;
        if change["range"].is_null() {
            text = new.to_owned();
            continue;
        }
        let lines = Lines::of(&text);
        let start = lines.byte_at(&text, &change["range"]["start"])?;
        let end = lines.byte_at(&text, &change["range"]["end"])?;
        text.replace_range(start.min(end)..start.max(end), new);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_those_of_utf_16() {
        let text = "a\n𝄞é x\r\nold\rlast";
        let lines = Lines::of(text);
        for (line, character, byte) in [
            (0, 0, 0),
            (0, 9, 1),
            (1, 0, 2),
            (1, 2, 6),
            (1, 3, 8),
            (1, 9, 10),
            (2, 2, 14),
            (2, 9, 15),
            (3, 0, 16),
            (9, 0, 20),
        ] {
            let position = json!({ "line": line, "character": character });
            assert_eq!(lines.byte_at(text, &position), Some(byte), "{position}");
        }
        // The middle of a pair is its start.
        assert_eq!(lines.byte_at(text, &json!({ "line": 1, "character": 1 })), Some(2));
        assert_eq!(lines.position(text, 4), json!({ "line": 1, "character": 0 }));
        assert_eq!(lines.position(text, 8), json!({ "line": 1, "character": 3 }));
        assert_eq!(lines.position(text, 20), json!({ "line": 3, "character": 4 }));
        assert_eq!(lines.start_of_line(9), 2);
    }

    #[test]
    fn changes_are_applied_one_after_the_other() {
        let change = |start: (u32, u32), end: (u32, u32), text: &str| {
            let place = |(line, character): (u32, u32)| json!({ "line": line, "character": character });
            json!({ "range": { "start": place(start), "end": place(end) }, "text": text })
        };
        let text = "a💶b\r\nc\r\n".to_owned();
        // Behind the pair; then in the line that the first one made; then at the very end.
        let changes =
            [change((0, 3), (0, 3), "X\r\nY"), change((1, 1), (2, 1), "Z"), change((2, 0), (2, 0), "end")];
        assert_eq!(changed(text.clone(), &changes).as_deref(), Some("a💶X\r\nYZ\r\nend"));
        // A place that is not there is the nearest that is.
        assert_eq!(changed(text.clone(), &[change((7, 0), (9, 9), "!")]).as_deref(), Some("a💶b\r\nc\r\n!"));
        assert_eq!(changed(text.clone(), &[change((0, 99), (1, 0), "")]).as_deref(), Some("a💶bc\r\n"));
        assert_eq!(changed(text.clone(), &[json!({ "text": "whole" })]).as_deref(), Some("whole"));
        assert_eq!(changed(text.clone(), &[json!({ "range": {}, "text": "" })]), None);
        assert_eq!(changed(text, &[json!({})]), None);
    }
}
