//! Diagnostics as workflow commands, which show at the lines of a pull request.

use super::Diagnostic;
use crate::source::Sources;

pub fn render_github(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|diagnostic| line(sources, diagnostic)).collect()
}

fn line(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let first = &diagnostic.labels[0];
    let (_, file) = sources.file_of(first.span);
    let (line, column) = file.position(first.span.start);
    let (end_line, end_column) = file.position(first.span.end);
    let mut text = diagnostic.message.clone();
    let more = diagnostic.labels.iter().map(|label| &label.text).filter(|text| !text.is_empty());
    for part in more.chain(&diagnostic.notes) {
        text.push('\n');
        text.push_str(part);
    }
    format!(
        "::{} file={},line={line},col={column},endLine={end_line},endColumn={end_column},title={}::{}\n",
        diagnostic.severity.word(),
        property(&file.name),
        diagnostic.code,
        data(&text)
    )
}

/// What a command's text may not hold as it is.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
