//! Mends that a machine can apply.

use super::did_you_mean;
use crate::source::{SourceFile, Span};

/// Replaces a range of the file.
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
pub(super) fn resolve(mend: &Mend, place: Span, file: &SourceFile) -> Option<Edit> {
    let word = match mend {
        Mend::Replace(edit) => return Some(edit.clone()),
        Mend::Word(word) => word,
    };
    let text = file.text.get(place.start as usize..place.end as usize)?;
    let mut near =
        words(text).filter(|(_, wrong)| *wrong != word && did_you_mean(wrong, [word.as_str()]).is_some());
    let (at, wrong) = near.next()?;
    if near.next().is_some() {
        return None;
    }
    let start = place.start as usize + at;
    Some(Edit { span: Span::new(start, start + wrong.len()), text: word.clone() })
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

    #[test]
    fn the_misspelt_word_is_found_at_its_place() {
        let file = SourceFile::new("a.tide", "filter merchant.curency == x");
        let mend = Mend::Word("currency".to_owned());
        let edit = resolve(&mend, Span::new(7, 23), &file).expect("one word is near");
        assert_eq!((edit.span, edit.text.as_str()), (Span::new(16, 23), "currency"));
        assert_eq!(resolve(&Mend::Word("far".to_owned()), Span::new(7, 23), &file), None);
    }
}
