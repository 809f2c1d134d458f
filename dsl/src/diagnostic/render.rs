//! Diagnostics as text: framed with their lines for people, or one line each.

use super::{Diagnostic, Severity};
use crate::source::SourceFile;
use codespan_reporting::diagnostic::{
    Diagnostic as Report, Label as ReportLabel, Severity as ReportSeverity,
};
use codespan_reporting::files::SimpleFile;
use codespan_reporting::term::{Config, emit_into_string};

/// With the lines of the file, the places underlined.
pub fn render(file: &SourceFile, diagnostics: &[Diagnostic]) -> String {
    let source = SimpleFile::new(&file.name, &file.text);
    let mut out = String::new();
    for diagnostic in diagnostics {
        let severity = match diagnostic.severity {
            Severity::Error => ReportSeverity::Error,
            Severity::Warning => ReportSeverity::Warning,
        };
        let labels = diagnostic.labels.iter().enumerate().map(|(index, label)| {
            let range = label.span.start as usize..label.span.end as usize;
            let made =
                if index == 0 { ReportLabel::primary((), range) } else { ReportLabel::secondary((), range) };
            made.with_message(&label.text)
        });
        let report = Report::new(severity)
            .with_code(diagnostic.code.to_string())
            .with_message(&diagnostic.message)
            .with_labels(labels.collect())
            .with_notes(diagnostic.notes.clone());
        match emit_into_string(&Config::default(), &source, &report) {
            Ok(text) => out.push_str(&text),
            Err(_) => out.push_str(&short(file, diagnostic)),
        }
    }
    out
}

/// `file:line:column: error[T0201]: message`, one line each.
pub fn render_short(file: &SourceFile, diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|diagnostic| short(file, diagnostic)).collect()
}

fn short(file: &SourceFile, diagnostic: &Diagnostic) -> String {
    let (line, column) = file.position(diagnostic.labels[0].span.start);
    let severity = diagnostic.severity.word();
    format!("{}:{line}:{column}: {severity}[{}]: {}\n", file.name, diagnostic.code, diagnostic.message)
}
