//! Places: bytes here, lines and UTF-16 units in the protocol, both counted from 0.

use serde_json::{Value, json};
use tidegate_dsl::source::{SourceFile, Span};

/// The byte that a position stands for: within the text, and never inside of a character. A position behind the end of its line is that end.
pub fn byte_at(text: &str, position: &Value) -> Option<u32> {
    let line = usize::try_from(position["line"].as_u64()?).ok()?;
    let units = position["character"].as_u64()?;
    let mut start = 0;
    for _ in 0..line {
        match text[start..].find('\n') {
            Some(end) => start += end + 1,
            None => return Some(text.len() as u32),
        }
    }
    let mut left = units;
    for (at, char) in text[start..].char_indices() {
        let length = char.len_utf16() as u64;
        if left < length || char == '\n' || char == '\r' {
            return Some((start + at) as u32);
        }
        left -= length;
    }
    Some(text.len() as u32)
}

fn position(text: &str, byte: usize) -> Value {
    let before = &text[..byte];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count();
    json!({ "line": line, "character": before[line_start..].encode_utf16().count() })
}

/// The range of a place in its own file.
pub fn range(file: &SourceFile, span: Span) -> Value {
    let range = file.range(span);
    let inside = |mut byte: usize| {
        while !file.text.is_char_boundary(byte) {
            byte -= 1;
        }
        byte
    };
    json!({ "start": position(&file.text, inside(range.start)), "end": position(&file.text, inside(range.end)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_those_of_utf_16() {
        let text = "a\n𝄞é x\r\nlast";
        for (line, character, byte) in
            [(0, 0, 0), (0, 9, 1), (1, 0, 2), (1, 2, 6), (1, 3, 8), (1, 9, 10), (2, 2, 14), (9, 0, 16)]
        {
            let position = json!({ "line": line, "character": character });
            assert_eq!(byte_at(text, &position), Some(byte), "{position}");
        }
        // The middle of a pair is its start.
        assert_eq!(byte_at(text, &json!({ "line": 1, "character": 1 })), Some(2));
        assert_eq!(position(text, 8), json!({ "line": 1, "character": 3 }));
        assert_eq!(position(text, 16), json!({ "line": 2, "character": 4 }));
    }
}
