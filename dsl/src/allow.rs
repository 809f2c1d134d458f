//! Warnings that are wanted: `// allow T0512: why` (in YAML `# allow …`) on the line before, or behind the line itself.

use crate::diagnostic::{Code, Diagnostic, codes};
use crate::source::{SourceFile, Sources, Span};
use crate::text_comments::{self, Found};

struct Allow {
    span: Span,
    code: Code,
    /// The line it speaks of, counted from 1.
    line: u32,
    used: bool,
}

/// Takes a file's allowed warnings away, and tells allows that are wrong or that nothing needs.
pub(crate) fn apply(file: &SourceFile, sources: &Sources, diagnostics: &mut Vec<Diagnostic>) {
    let mut told = Vec::new();
    let mut allows = Vec::new();
    for comment in text_comments::of(file) {
        allows.extend(read(file, &comment, &mut told));
    }
    diagnostics.retain(|diagnostic| {
        let place = diagnostic.labels[0].span;
        if sources.file_of(place).1.base != file.base {
            return true;
        }
        let line = file.line(place);
        let allow = allows.iter_mut().find(|allow| allow.code == diagnostic.code && allow.line == line);
        match allow {
            Some(allow) if !diagnostic.is_error() => {
                allow.used = true;
                false
            }
            _ => true,
        }
    });
    // With errors the checks of warnings may not have been reached; and a used file may be used elsewhere too.
    if file.base == 0 && !diagnostics.iter().any(Diagnostic::is_error) {
        let unused = allows.iter().filter(|allow| !allow.used).map(|allow| {
            Diagnostic::warning(
                codes::ALLOW,
                allow.span,
                format!("{} is allowed here, and nothing here gives it", allow.code),
            )
            .note("take the comment away, or put it on the line before the one that the warning shows")
        });
        told.extend(unused);
    }
    diagnostics.extend(told);
}

fn read(file: &SourceFile, comment: &Found, told: &mut Vec<Diagnostic>) -> Option<Allow> {
    let text = comment.text.trim();
    let rest = text.strip_prefix("allow ")?.trim_start();
    let word = rest.split(|c: char| c == ':' || c.is_whitespace()).next().unwrap_or(rest);
    // Prose may begin with the word as well.
    let is_code = word.len() == 5
        && word.starts_with(['T', 't'])
        && word[1..].bytes().all(|byte| byte.is_ascii_digit());
    if !is_code {
        return None;
    }
    let start = comment.start + file.text[comment.start..].find("allow").unwrap_or(0);
    let line_end = file.text[start..].find('\n').map_or(file.text.len(), |at| start + at);
    let span = file.place(Span::new(start, start + file.text[start..line_end].trim_end().len()));
    let Some(code) = codes::parse(word) else {
        told.push(Diagnostic::warning(codes::ALLOW, span, format!("there is no code {word}")));
        return None;
    };
    let reason = rest[word.len()..].trim_start().strip_prefix(':').map_or("", str::trim);
    if reason.is_empty() {
        told.push(
            Diagnostic::warning(codes::ALLOW, span, format!("why {code} is allowed is not said"))
                .note(format!("write `allow {code}: the reason`")),
        );
        return None;
    }
    let own = file.line(span);
    let line = if comment.behind { own } else { next_line_of_code(file, own) };
    Some(Allow { span, code, line, used: false })
}

/// The first line behind `line` that is neither empty nor only a comment.
fn next_line_of_code(file: &SourceFile, line: u32) -> u32 {
    let mark = if file.is_yaml() { "#" } else { "//" };
    let skipped = file.text.lines().skip(line as usize).take_while(|text| {
        let text = text.trim_start();
        text.is_empty() || text.starts_with(mark)
    });
    line + skipped.count() as u32 + 1
}
