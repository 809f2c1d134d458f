//! `${n}` and `{n}` in plain texts: found, and put into a text with values.

/// A part of a text between braces.
pub(crate) struct Placeholder<'a> {
    /// With its braces, and the `$` if there is one.
    pub(crate) whole: &'a str,
    inside: &'a str,
}

impl Placeholder<'_> {
    pub(crate) fn has_dollar(&self) -> bool {
        self.whole.starts_with('$')
    }

    /// `${PORT:-80}` and `${PORT:80}` by their name and default.
    pub(crate) fn variable(&self) -> Option<(&str, Option<&str>)> {
        if !self.has_dollar() {
            return None;
        }
        let default = self.inside.split_once(":-").or_else(|| self.inside.split_once(':'));
        let (name, default) = match default {
            Some((name, default)) => (name, Some(default)),
            None => (self.inside, None),
        };
        let is_name = |char: char| char.is_ascii_uppercase() || char.is_ascii_digit() || char == '_';
        (!name.is_empty() && name.chars().all(is_name)).then_some((name, default))
    }

    /// `merchant.currency` by its first name.
    pub(crate) fn path(&self) -> Option<&str> {
        let is_name = |name: &str| {
            name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
        };
        self.inside.split('.').all(is_name).then(|| self.inside.split('.').next()).flatten()
    }
}

pub(crate) fn placeholders(text: &str) -> Vec<Placeholder<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(open) = text[from..].find('{').map(|at| from + at) {
        from = open + 1;
        let Some(close) = text[from..].find(['}', '{', '\n']).map(|at| from + at) else { break };
        if text.as_bytes()[close] == b'}' {
            let start = if text[..open].ends_with('$') { open - 1 } else { open };
            found.push(Placeholder { whole: &text[start..=close], inside: text[from..close].trim() });
        }
    }
    found
}

/// A text's inside with the values that a `$` says are meant: `${n} {x}` becomes `{n} {{x}}`.
pub(crate) fn with_values(text: &str) -> String {
    let meant = placeholders(text).into_iter().filter(Placeholder::has_dollar);
    let literal = interpolated(text, &meant.map(|place| place.whole.to_owned()).collect::<Vec<_>>());
    literal.strip_prefix('f').map_or(String::new(), str::to_owned)
}

/// A plain text as one with values: other braces are doubled.
pub(crate) fn interpolated(literal: &str, places: &[String]) -> String {
    let mut text = String::from("f");
    let mut rest = literal;
    while let Some(first) = rest.chars().next() {
        if let Some(place) = places.iter().find(|place| rest.starts_with(place.as_str())) {
            text.push_str(place.trim_start_matches('$'));
            rest = &rest[place.len()..];
            continue;
        }
        text.push(first);
        if matches!(first, '{' | '}') {
            text.push(first);
        }
        rest = &rest[first.len_utf8()..];
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{placeholders, with_values};

    fn found(text: &str) -> Vec<&str> {
        placeholders(text).iter().map(|place| place.whole).collect()
    }

    #[test]
    fn braces_are_found_with_their_dollar() {
        assert_eq!(found("${n} of {total}"), ["${n}", "{total}"]);
        assert_eq!(found("{ a {b} {\n} é{c}"), ["{b}", "{c}"]);
        assert!(found("a{ b } {}").len() == 2 && found("{").is_empty());
        assert_eq!(with_values("${n} {x}"), "{n} {{x}}");
        let text = placeholders("${PORT:-80} ${id}");
        assert_eq!(text[0].variable(), Some(("PORT", Some("80"))));
        assert_eq!(text[1].variable(), None);
        assert_eq!(placeholders("${PORT:80}")[0].variable(), Some(("PORT", Some("80"))));
    }
}
