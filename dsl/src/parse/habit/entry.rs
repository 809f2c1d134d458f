//! The parts of a record that someone wrote without its braces, or in SQL's way.

use super::Look;

impl Look<'_> {
    /// These parts as fields of a record. None: one of them has no name that could be guessed.
    pub(super) fn as_fields(&self, from: usize, to: usize) -> Option<String> {
        let parts = self.parts(from, to);
        let fields: Option<Vec<String>> =
            parts.into_iter().map(|(from, to)| self.as_field(from, to)).collect();
        fields.filter(|fields| !fields.is_empty()).map(|fields| fields.join(", "))
    }

    pub(super) fn as_field(&self, from: usize, to: usize) -> Option<String> {
        // `count(*)` counts events, too.
        let text = self.slice(from, to).replace("count(*)", "count()");
        let text = text.as_str();
        if self.text(from) == ".." || to <= from {
            return (to > from).then(|| text.to_owned());
        }
        if self.text(from) == "*" && to == from + 1 {
            return Some("..it".to_owned());
        }
        if self.is_word(from) && matches!(self.text(from + 1), ":" | "=") && from + 2 < to {
            let value =
                if self.text(from + 1) == ":" && self.text(from + 2) == "=" { from + 3 } else { from + 2 };
            return Some(format!("{}: {}", self.text(from), self.slice(value, to)));
        }
        if to >= from + 3 && self.text(to - 2) == "as" && self.is_word(to - 1) {
            let value = self.slice(from, to - 2).replace("count(*)", "count()");
            return Some(format!("{}: {value}", self.text(to - 1)));
        }
        let is_path = |from: usize, to: usize| {
            (from..to).all(|index| {
                if (index - from).is_multiple_of(2) { self.is_word(index) } else { self.text(index) == "." }
            }) && (to - from) % 2 == 1
        };
        if is_path(from, to) {
            return Some(if to == from + 1 {
                text.to_owned()
            } else {
                format!("{}: {text}", self.text(to - 1))
            });
        }
        // `count()`, `sum(amount)`
        if self.is_word(from) && self.text(from + 1) == "(" && self.closing(from + 1) == Some(to - 1) {
            let name = match to - from {
                3 => self.text(from),
                4 if self.text(from + 2) == "*" => self.text(from),
                _ if is_path(from + 2, to - 1) => self.text(to - 2),
                _ => return None,
            };
            return Some(format!("{name}: {text}"));
        }
        None
    }
}

/// The type that a literal has, as it would be declared.
pub(super) fn type_of_literal(literal: &str) -> Option<&'static str> {
    if literal.starts_with('"') {
        return Some("string");
    }
    if matches!(literal, "true" | "false") {
        return Some("bool");
    }
    if literal.starts_with('@') {
        return Some("timestamp");
    }
    if !literal.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some(match literal {
        _ if literal.ends_with(['s', 'm', 'h', 'd']) => "duration",
        _ if literal.contains('.') => "decimal(18,2)",
        _ => "int",
    })
}
