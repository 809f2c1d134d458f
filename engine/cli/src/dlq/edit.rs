//! `--edit 's/…/…/'`: values mended by a regular expression, as `sed` writes it.

use anyhow::{Context, Result, bail};
use regex::Regex;

pub struct Edit {
    pattern: Regex,
    replacement: String,
    everywhere: bool,
}

impl Edit {
    /// `s/PATTERN/REPLACEMENT/` with `g` and `i` behind it; the mark between the parts is the one behind the `s`.
    pub fn parse(text: &str) -> Result<Edit> {
        let form = "`s/PATTERN/REPLACEMENT/`, with `g` for all places of a value";
        let wrong = || format!("--edit {text}: the form is {form}");
        let mut letters = text.strip_prefix('s').with_context(wrong)?.chars();
        let mark =
            letters.next().filter(|mark| !mark.is_alphanumeric() && *mark != '\\').with_context(wrong)?;
        let parts = split(letters.as_str(), mark);
        let [pattern, replacement, flags] = &parts[..] else { bail!("{}", wrong()) };
        if let Some(unknown) = flags.chars().find(|flag| !matches!(flag, 'g' | 'i')) {
            bail!("--edit {text}: there is no flag `{unknown}`; {form}");
        }
        let flag = if flags.contains('i') { "(?i)" } else { "" };
        let pattern = Regex::new(&format!("{flag}{pattern}")).with_context(|| format!("--edit {text}"))?;
        Ok(Edit { pattern, replacement: groups(replacement), everywhere: flags.contains('g') })
    }

    /// None: there is nothing to mend.
    pub fn apply(&self, value: &str) -> Option<String> {
        let mended = match self.everywhere {
            true => self.pattern.replace_all(value, &self.replacement),
            false => self.pattern.replace(value, &self.replacement),
        };
        (mended != value).then(|| mended.into_owned())
    }
}

/// Parts between marks; a mark behind a backslash is a letter of its part.
fn split(text: &str, mark: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let part = parts.last_mut().expect("there is one");
        match letter {
            '\\' if letters.peek() == Some(&mark) => part.extend(letters.next()),
            '\\' => {
                part.push('\\');
                part.extend(letters.next());
            }
            letter if letter == mark => parts.push(String::new()),
            letter => part.push(letter),
        }
    }
    parts
}

/// `\1` and `&` of sed as the regex crate writes them; its own `$` is a letter.
fn groups(replacement: &str) -> String {
    let mut out = String::new();
    let mut letters = replacement.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '$' => out.push_str("$$"),
            '&' => out.push_str("${0}"),
            '\\' => match letters.next() {
                Some(digit @ '0'..='9') => out.push_str(&format!("${{{digit}}}")),
                Some('n') => out.push('\n'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_mended_as_sed_does() {
        for (edit, value, mended) in [
            ("s/EURO/EUR/", "EURO EURO", Some("EUR EURO")),
            ("s/EURO/EUR/g", "EURO EURO", Some("EUR EUR")),
            ("s/euro/EUR/i", "EURO", Some("EUR")),
            ("s/EURO/EUR/", "USD", None),
            (r"s|a/b|c|", "a/b", Some("c")),
            (r"s/a\/b/c/", "a/b", Some("c")),
            (r#"s/"amount":"(\d+)"/"amount":\1/"#, r#"{"amount":"12"}"#, Some(r#"{"amount":12}"#)),
            (r"s/x/[&] $1 \&/", "x", Some("[x] $1 &")),
        ] {
            assert_eq!(Edit::parse(edit).expect(edit).apply(value).as_deref(), mended, "{edit}");
        }
    }

    #[test]
    fn other_forms_are_told() {
        for wrong in ["", "EURO", "s", "s/a/b", "s/a/b/x", "s/(/b/", "saaba"] {
            assert!(Edit::parse(wrong).is_err(), "{wrong}");
        }
    }
}
