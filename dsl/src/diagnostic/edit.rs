//! Mends that a machine can apply.

use super::did_you_mean;
use crate::placeholder::{interpolated, with_values};
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
    /// As `Replace`, of a whole scalar of YAML.
    Scalar(Edit),
    /// The text at the primary place becomes one with values in it; these are the places for them, as they are written.
    Interpolate(Vec<String>),
    /// These parts become one text with values in it, in place of what stands at the primary place.
    Join(Vec<Span>),
    /// From the comparison behind this place to the end of the primary place, this.
    Comparison(Span, String),
    /// The `$` goes that stands before the brace before the primary place.
    Dollar,
}

/// The change of the file. None: the misspelt word is not the only one of its kind at the place.
pub(super) fn resolve(mend: &Mend, place: Span, sources: &Sources) -> Option<Edit> {
    let (_, file) = sources.file_of(place);
    let range = file.range(place);
    let text = file.text.get(range.clone())?;
    let word = match mend {
        Mend::Scalar(edit) => return Some(edit.clone()),
        Mend::Replace(edit) => {
            let edited = sources.file_of(edit.span).1;
            return (!edited.is_yaml() || is_plain_in_yaml(&edit.text)).then(|| edit.clone());
        }
        // What is made here has quotes and braces, which mean something to YAML.
        Mend::Interpolate(_) | Mend::Join(_) if file.is_yaml() => return None,
        Mend::Interpolate(places) => {
            // In an escaped scalar of YAML the file has other bytes than the text.
            let is_literal = text.len() > 1 && text.starts_with('"') && text.ends_with('"');
            return is_literal.then(|| Edit { span: place, text: interpolated(text, places) });
        }
        Mend::Join(parts) => {
            let parts = parts.iter().map(|part| Some(inside(file.text.get(file.range(*part))?)));
            let parts: Option<String> = parts.collect();
            return Some(Edit { span: place, text: format!("f\"{}\"", parts?) });
        }
        Mend::Comparison(behind, text) => {
            let from = file.range(*behind).end;
            let sign = from + file.text.get(from..range.end)?.find(['!', '='])?;
            return Some(Edit { span: file.place(Span::new(sign, range.end)), text: text.clone() });
        }
        Mend::Dollar => {
            let brace = file.text[..range.start].trim_end().strip_suffix('{')?;
            let dollar = brace.strip_suffix('$')?.len();
            return Some(Edit { span: file.place(Span::new(dollar, dollar + 1)), text: String::new() });
        }
        Mend::Word(word) => word,
    };
    let mut near =
        words(text).filter(|(_, wrong)| *wrong != word && did_you_mean(wrong, [word.as_str()]).is_some());
    let (at, wrong) = near.next()?;
    if near.next().is_some() {
        return None;
    }
    let start = range.start + at;
    Some(Edit { span: file.place(Span::new(start, start + wrong.len())), text: word.clone() })
}

/// A part of a scalar may become this, whether the scalar is quoted or not.
fn is_plain_in_yaml(text: &str) -> bool {
    !text.contains(['"', '\'', '{', '}', '[', ']', ',', '#', ':', '&', '*', '!', '@'])
}

/// What stands between the quotes of a format string for an expression.
fn inside(expression: &str) -> String {
    let between =
        |text: &str| text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).map(str::to_owned);
    if let Some(text) = expression.strip_prefix('f').and_then(between) {
        return text;
    }
    match between(expression) {
        Some(text) => with_values(&text),
        None => format!("{{{expression}}}"),
    }
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

    #[test]
    fn a_text_is_given_values() {
        let file = Sources::new(SourceFile::new("a.tide", r#"map { a: "${n} {x}", b: f"$ ${ id }" }"#));
        let places = Mend::Interpolate(vec!["${n}".to_owned()]);
        let edit = resolve(&places, Span::new(9, 19), &file).expect("it is a text");
        assert_eq!(edit.text, r#"f"{n} {{x}}""#);
        let sum = Sources::new(SourceFile::new("a.tide", r#"map { a: "a {" + upper("x") + f"{n}" }"#));
        let parts = Mend::Join(vec![Span::new(9, 14), Span::new(17, 27), Span::new(30, 36)]);
        let edit = resolve(&parts, Span::new(9, 36), &sum).expect("they are texts");
        assert_eq!(edit.text, r#"f"a {{{upper("x")}{n}""#);
        let edit = resolve(&Mend::Dollar, Span::new(31, 33), &file).expect("a dollar is there");
        assert_eq!((edit.span, edit.text.as_str()), (Span::new(28, 29), ""));
    }
}
