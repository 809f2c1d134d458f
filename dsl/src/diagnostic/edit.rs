//! Mends that a machine can apply.

use super::did_you_mean;
use crate::source::{Sources, Span};

/// Replaces what stands at a place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

/// What a finding knows of its mend.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Mend {
    /// The misspelt word at the primary place becomes this one.
    Word(String),
    Replace(Edit),
}

/// The change of the file. None: the misspelt word is not the only one of its kind at the place.
pub(super) fn resolve(mend: &Mend, place: Span, sources: &Sources) -> Option<Edit> {
    let word = match mend {
        Mend::Replace(edit) => return Some(edit.clone()),
        Mend::Word(word) => word,
    };
    let (_, file) = sources.file_of(place);
    let range = file.range(place);
    let text = file.text.get(range.clone())?;
    let mut near =
        words(text).filter(|(_, wrong)| *wrong != word && did_you_mean(wrong, [word.as_str()]).is_some());
    let (at, wrong) = near.next()?;
    if near.next().is_some() {
        return None;
    }
    let start = range.start + at;
    Some(Edit { span: file.place(Span::new(start, start + wrong.len())), text: word.clone() })
}

fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(is_part)
        .map(|(at, _)| at)
        .filter(move |at| !text[..*at].ends_with(is_part))
        .map(move |at| (at, text[at..].split(|c: char| !is_part(c)).next().unwrap_or("")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;

    #[test]
    fn the_misspelt_word_is_found_at_its_place() {
        let file = Sources::new(SourceFile::new("a.tide", "filter merchant.curency == x"));
        let mend = Mend::Word("currency".to_owned());
        let edit = resolve(&mend, Span::new(7, 23), &file).expect("one word is near");
        assert_eq!((edit.span, edit.text.as_str()), (Span::new(16, 23), "currency"));
        assert_eq!(resolve(&Mend::Word("far".to_owned()), Span::new(7, 23), &file), None);
    }
}
