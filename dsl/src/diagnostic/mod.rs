//! What the checker tells a person: a stable code, the place, the cause's place, and what to do.

pub mod codes;
mod edit;
mod github;
mod json;
mod reference;
mod render;
mod sarif;

pub use codes::Code;
pub use edit::Edit;
pub use github::render_github;
pub use json::render_json;
pub use reference::{overview, reference};
pub use render::{render, render_short};
pub use sarif::render_sarif;

use crate::source::{Sources, Span};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    Error,
    Warning,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    pub code: Code,
    pub severity: Severity,
    pub message: String,
    /// The first is where it is wrong; the others show why.
    pub labels: Vec<Label>,
    pub notes: Vec<String>,
    /// How to mend it, where a machine can.
    pub(crate) mend: Option<edit::Mend>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

impl Diagnostic {
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            severity: Severity::Error,
            message: message.into(),
            labels: vec![Label { span, text: String::new() }],
            notes: Vec::new(),
            mend: None,
        }
    }

    pub fn warning(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, span, message) }
    }

    /// Says something at the primary place.
    #[must_use]
    pub fn here(mut self, text: impl Into<String>) -> Diagnostic {
        self.labels[0].text = text.into();
        self
    }

    /// The word at the primary place was probably meant to be this one.
    #[must_use]
    pub fn meant(mut self, word: &str) -> Diagnostic {
        self.mend = Some(edit::Mend::Word(word.to_owned()));
        self.here(format!("did you mean `{word}`?"))
    }

    /// What stands at `span` would be right as `text`.
    #[must_use]
    pub fn mended_by(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.mend = Some(edit::Mend::Replace(Edit { span, text: text.into() }));
        self
    }

    /// As [`Diagnostic::mended_by`], of a whole scalar of YAML with its quotes.
    #[must_use]
    pub(crate) fn replaced_in_yaml(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.mend = Some(edit::Mend::Scalar(Edit { span, text: text.into() }));
        self
    }

    /// The text at the primary place was meant to have values in it, where these stand.
    #[must_use]
    pub(crate) fn interpolated(mut self, places: Vec<String>) -> Diagnostic {
        self.mend = Some(edit::Mend::Interpolate(places));
        self
    }

    /// What is added at the primary place, put together in one text with values in it.
    #[must_use]
    pub(crate) fn joined(mut self, parts: Vec<Span>) -> Diagnostic {
        self.mend = Some(edit::Mend::Join(parts));
        self
    }

    /// The comparison behind `value`, which ends the primary place, would be right as `text`.
    #[must_use]
    pub(crate) fn compared_as(mut self, value: Span, text: impl Into<String>) -> Diagnostic {
        self.mend = Some(edit::Mend::Comparison(value, text.into()));
        self
    }

    /// The `$` before the braces around the primary place is too much.
    #[must_use]
    pub(crate) fn without_dollar(mut self) -> Diagnostic {
        self.mend = Some(edit::Mend::Dollar);
        self
    }

    /// All that stands at the primary place is `found`, and would be right as `text`. In YAML a place may be wider: then nothing is mended.
    #[must_use]
    pub(crate) fn instead_of(self, found: &str, text: impl Into<String>) -> Diagnostic {
        let place = self.labels[0].span;
        if (place.end - place.start) as usize == found.len() { self.mended_by(place, text) } else { self }
    }

    /// The change of the file that mends it, where there is one.
    pub fn edit(&self, sources: &Sources) -> Option<Edit> {
        edit::resolve(self.mend.as_ref()?, self.labels[0].span, sources)
    }

    /// Shows the cause.
    #[must_use]
    pub fn because(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Diagnostic {
        self.notes.push(text.into());
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// The candidate that was probably meant: at most a third of the letters differ.
pub fn did_you_mean<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let limit = (wrong.chars().count() / 3).max(1);
    let near = candidates.into_iter().map(|candidate| (distance(wrong, candidate), candidate));
    near.filter(|(distance, _)| *distance <= limit).min().map(|(_, candidate)| candidate.to_owned())
}

/// Damerau-Levenshtein distance, restricted: insertions, deletions, changes and swaps of neighbours.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let words = ["filter", "map", "rolling"];
        assert_eq!(did_you_mean("fliter", words).as_deref(), Some("filter"));
        assert_eq!(did_you_mean("rollin", words).as_deref(), Some("rolling"));
        assert_eq!(did_you_mean("window", words), None);
    }
}
