//! Diagnostics as text: framed with their lines for people, or one line each.

use super::{Diagnostic, Severity};
use crate::source::Sources;
use codespan_reporting::diagnostic::{
    Diagnostic as Report, Label as ReportLabel, Severity as ReportSeverity,
};
use codespan_reporting::files::SimpleFiles;
use codespan_reporting::term::{Config, emit_into_string};

/// With the lines of the file, the places underlined.
pub fn render(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let mut files = SimpleFiles::new();
    for file in sources.files() {
        files.add(&file.name, &file.text);
    }
    let mut out = String::new();
    for diagnostic in diagnostics {
        let severity = match diagnostic.severity {
            Severity::Error => ReportSeverity::Error,
            Severity::Warning => ReportSeverity::Warning,
        };
        let labels = diagnostic.labels.iter().enumerate().map(|(index, label)| {
            let (number, file) = sources.file_of(label.span);
            let range = file.range(label.span);
            let made = if index == 0 {
                ReportLabel::primary(number, range)
            } else {
                ReportLabel::secondary(number, range)
            };
            made.with_message(&label.text)
        });
        let report = Report::new(severity)
            .with_code(diagnostic.code.to_string())
            .with_message(&diagnostic.message)
            .with_labels(labels.collect())
            .with_notes(diagnostic.notes.clone());
        match emit_into_string(&Config::default(), &files, &report) {
            Ok(text) => out.push_str(&text),
            Err(_) => out.push_str(&short(sources, diagnostic)),
        }
    }
    out
}

/// `file:line:column: error[T0201]: message`, one line each.
pub fn render_short(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|diagnostic| short(sources, diagnostic)).collect()
}

fn short(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let (_, file) = sources.file_of(diagnostic.labels[0].span);
    let (line, column) = file.position(diagnostic.labels[0].span.start);
    let severity = diagnostic.severity.word();
    format!("{}:{line}:{column}: {severity}[{}]: {}\n", file.name, diagnostic.code, diagnostic.message)
}
