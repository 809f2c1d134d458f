//! How large and how deep a file may be. Everything is looked at before the grammar, whose recursion is then bounded.

use crate::diagnostic::{Diagnostic, codes};
use crate::source::{SourceFile, Span};

pub(crate) const FILE_BYTES_MAX: usize = 1 << 20;
pub(crate) const DECLARATIONS_MAX: usize = 2_000;
/// Brackets, and what nests without brackets: `not not …`, `- - …`, `else if …`.
pub(crate) const DEPTH_MAX: usize = 64;
/// Operators around one value, brackets included: `a + b + c + …` is as deep as it is long.
pub(crate) const OPERATORS_MAX: usize = 256;

pub(crate) fn file(file: &SourceFile) -> Option<Diagnostic> {
    if file.text.len() <= FILE_BYTES_MAX {
        return None;
    }
    let message = format!("the file has {} bytes, and a topology at most 1 MiB", file.text.len());
    let start = file.place(Span::new(0, 0));
    Some(
        Diagnostic::error(codes::TOO_LARGE, start, message)
            .note("put parts of it into files of their own, and name them with `use`"),
    )
}

pub(crate) fn too_many_declarations(place: Span) -> Diagnostic {
    Diagnostic::error(
        codes::TOO_LARGE,
        place,
        format!("more than {DECLARATIONS_MAX} declarations in one file"),
    )
    .note("put parts of it into files of their own, and name them with `use`")
}

/// Where a text nests too deeply, and how that is told. Reads strings as the grammar does, so that it sees every bracket that the
/// grammar would see.
pub(crate) fn too_deep(text: &str) -> Option<(usize, String)> {
    let bytes = text.as_bytes();
    // Open brackets, and `"` for a format string, whose values are code again.
    let mut open: Vec<u8> = Vec::new();
    // Prefixes in a row, and `else if`s of one text, nest like brackets.
    let (mut prefixes, mut elses) = (0usize, 0usize);
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let byte = bytes[at];
        at += 1;
        if open.last() == Some(&b'"') {
            match byte {
                b'\\' => at += 1,
                b'"' => drop(open.pop()),
                b'{' if bytes.get(at) == Some(&b'{') => at += 1,
                b'{' => open.push(b'{'),
                _ => {}
            }
        } else {
            match byte {
                b'/' if bytes.get(at) == Some(&b'/') => {
                    while at < bytes.len() && bytes[at] != b'\n' {
                        at += 1;
                    }
                }
                b'f' if bytes.get(at) == Some(&b'"')
                    && !is_word(start.checked_sub(1).map(|at| bytes[at])) =>
                {
                    open.push(b'"');
                    at += 1;
                    prefixes = 0;
                }
                b'"' => {
                    while at < bytes.len() && bytes[at] != b'"' {
                        at += 1 + usize::from(bytes[at] == b'\\');
                    }
                    at += 1;
                    prefixes = 0;
                }
                b'{' | b'(' | b'[' => {
                    open.push(byte);
                    prefixes = 0;
                }
                b'}' | b')' | b']' => {
                    open.pop();
                    prefixes = 0;
                }
                b'-' => prefixes += 1,
                _ if is_word(Some(byte)) => {
                    while is_word(bytes.get(at).copied()) {
                        at += 1;
                    }
                    match &bytes[start..at] {
                        b"not" => prefixes += 1,
                        b"else" if bytes[at..].trim_ascii_start().starts_with(b"if") => elses += 1,
                        _ => prefixes = 0,
                    }
                }
                _ if byte.is_ascii_whitespace() => {}
                _ => prefixes = 0,
            }
        }
        if open.len() > DEPTH_MAX {
            return Some((start, format!("more than {DEPTH_MAX} levels of brackets")));
        }
        if prefixes > DEPTH_MAX {
            return Some((start, format!("more than {DEPTH_MAX} signs in a row")));
        }
        if elses > DEPTH_MAX {
            return Some((start, format!("more than {DEPTH_MAX} times `else if`; write `match`")));
        }
    }
    None
}

fn is_word(byte: Option<u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
