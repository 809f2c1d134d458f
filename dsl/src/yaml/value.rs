//! A value of YAML as it stands in the file, found without reading the file as YAML: it may be broken there.

use std::ops::Range;

/// From its first byte to its last, without comments and what closes a bracket around it.
pub(super) struct Value<'a> {
    pub(super) start: usize,
    pub(super) end: usize,
    text: &'a str,
}

/// The value in which a place lies, or that ends at it. `depth`: how many brackets are open where the line begins.
pub(super) fn value_at(text: &str, at: usize, depth: usize) -> Option<Value<'_>> {
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[line_start..].lines().next()?;
    let holds = |range: &Range<usize>| (range.start..=range.end).contains(&(at - line_start));
    let range = values(line, depth).into_iter().find(holds)?;
    let value = line[range.clone()].trim_end();
    let start = line_start + range.start;
    (!value.is_empty()).then(|| Value { start, end: start + value.len(), text: value })
}

/// The values of a line that are no brackets of YAML.
fn values(line: &str, mut depth: usize) -> Vec<Range<usize>> {
    let mut values = Vec::new();
    let mut at = 0;
    while at < line.len() {
        let rest = &line[at..];
        let skipped = match rest.as_bytes()[0] {
            b' ' | b'\t' | b',' => 1,
            b'-' if rest.starts_with("- ") && depth == 0 => 2,
            b'{' | b'[' => {
                depth += 1;
                1
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                1
            }
            b'#' => break,
            _ => key_length(rest),
        };
        if skipped > 0 {
            at += skipped;
            continue;
        }
        let end = at + length(rest, depth > 0);
        values.push(at..end);
        at = end;
    }
    values
}

/// The key that stands here, with its colon. 0: it is none.
fn key_length(rest: &str) -> usize {
    let is_key = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'<' | b'-');
    let name = match rest.strip_prefix('"') {
        Some(quoted) => quoted.find('"').map_or(0, |end| end + 2),
        None => rest.bytes().take_while(|byte| is_key(*byte)).count(),
    };
    let behind = &rest[name..];
    let ends = behind.starts_with(": ") || behind == ":";
    if name > 0 && ends { name + 1 } else { 0 }
}

/// How long the value is that begins here. In brackets it ends at a comma or at what closes them, both outside of its own brackets
/// and texts.
fn length(rest: &str, in_brackets: bool) -> usize {
    let mut depth = 0u32;
    let mut quoted = false;
    for (at, char) in rest.char_indices() {
        match char {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' if depth > 0 => depth -= 1,
            ',' | '}' | ']' if in_brackets && depth == 0 => return at.max(1),
            '#' if rest[..at].ends_with(' ') => return at,
            _ => {}
        }
    }
    rest.len()
}

impl Value<'_> {
    /// What in it means something to YAML.
    pub(super) fn special(&self) -> Option<&'static str> {
        if self.text.starts_with(['\'', '"', '|', '>', '&', '*']) {
            return None;
        }
        [": ", "{", "[", ","].into_iter().find(|sign| self.text.contains(sign))
    }

    /// As YAML takes it. `unquoted`: the double quotes around it go. None: it has single quotes in it.
    pub(super) fn in_single_quotes(&self, unquoted: bool) -> Option<String> {
        let inner = match unquoted {
            true => self.text.strip_prefix('"')?.strip_suffix('"')?,
            false => self.text,
        };
        (!inner.contains('\'')).then(|| format!("'{inner}'"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value<'a>(text: &'a str, at: &str) -> Option<&'a str> {
        let found = value_at(text, text.find(at).expect("it is there"), 0)?;
        Some(&text[found.start..found.end])
    }

    #[test]
    fn values_are_found_in_broken_lines() {
        let line = "      - map: { id: id, text: f\"{id}: {card}\" }";
        assert_eq!(value(line, "{card}"), Some("f\"{id}: {card}\""));
        assert_eq!(value("  u: f\"x: {id}\"  # why", ": {id}"), Some("f\"x: {id}\""));
        assert_eq!(value("a: 1\n  lim: { type: int, value: env(\"N\", 5) }\n", "5)"), Some("env(\"N\", 5)"));
        assert_eq!(value("  - filter: \"country == \"NL\"\"", "NL"), Some("\"country == \"NL\"\""));
        assert_eq!(value("  - filter: a > 1", "filter"), None);
    }
}
