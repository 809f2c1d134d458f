//! Commas that are missing, or stand in numbers; names in quotes.

use super::{Habit, Look};
use crate::source::Span;

impl Look<'_> {
    /// `1,000.00`, `1_000`, `1.000,00`, `10.0f`, `+10`
    pub(super) fn number(&self) -> Option<Habit> {
        let here = self.near(0);
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty();
        let group = |text: &str| text.len() == 3 && digits(text);
        let last = |text: &str| group(text.split('.').next().unwrap_or("")) && digits(&text.replace('.', ""));
        if self.near(-1) == "," && digits(self.near(-2)) && self.near(-2).len() <= 3 && last(here) {
            let mut end = self.index + 1;
            while !here.contains('.') && self.text(end) == "," && last(self.text(end + 1)) {
                end += 2;
            }
            let from = self.index - 2;
            let text: String =
                self.slice(from, end).chars().filter(|c| *c != ',' && !c.is_whitespace()).collect();
            return self.instead(-2, end - from, "a number has no commas", &text);
        }
        // In YAML nothing goes on behind a comma.
        if here == "," && digits(self.near(-1)) && self.near(-1).len() <= 3 && last(self.near(1)) {
            let text = format!("{}{}", self.near(-1), self.near(1));
            return self.instead(-1, 3, "a number has no commas", &text);
        }
        if self.near(-1) == "," && self.near(-2).contains('.') && digits(here) {
            let mut groups = self.near(-2).split('.');
            let head = groups.next().is_some_and(digits);
            if head && groups.clone().count() > 0 && groups.all(group) {
                let text = format!("{}.{here}", self.near(-2).replace('.', ""));
                return self.instead(
                    -2,
                    3,
                    "a number has a point before its fraction, and no other signs",
                    &text,
                );
            }
        }
        if self.is_number(self.index) && here.contains('_') && digits(&here.replace(['_', '.'], "")) {
            return self.instead(0, 1, "a number has no `_`", &here.replace('_', ""));
        }
        if self.is_number(self.index) && here.ends_with(['f', 'F', 'L', 'l', 'D', 'M']) {
            let plain = &here[..here.len() - 1];
            if digits(&plain.replace('.', "")) {
                let note = "a number has no letter behind it: `1.50` is a decimal, `1` an int, `1e0` a float";
                return self.instead(0, 1, note, plain);
            }
        }
        // `2,00` as a field's value, or where only one number can stand
        let alone = matches!(
            self.near(-3),
            ":" | ">" | "<" | ">=" | "<=" | "==" | "!=" | "+" | "-" | "*" | "/" | "%" | "between" | "??"
        );
        if self.near(-1) == "," && digits(self.near(-2)) && digits(here) && here.len() < 3 && alone {
            let text = format!("{}.{here}", self.near(-2));
            let note = format!("a number has a point before its fraction: `{text}`");
            return self.instead(-2, 3, &note, &text);
        }
        if here == "+" && self.is_number(self.index + 1) && self.expects("an expression") {
            return self.instead(0, 1, "a number needs no sign", "");
        }
        None
    }

    /// Fields whose names stand in quotes beside others: `{ id, "a": 1 }`
    pub(super) fn quoted_names(&self) -> Option<Habit> {
        let open = self.open_around(self.index).filter(|open| self.text(*open) == "{")?;
        let close = self.closing(open)?;
        let depth = self.depth(open) + 1;
        let is_key = |index: usize| {
            self.depth(index) == depth
                && self.is_text(index)
                && self.text(index + 1) == ":"
                && matches!(self.text(index - 1), "{" | ",")
        };
        let first = (open + 1..close).find(|index| is_key(*index))?;
        let here_is_key =
            is_key(self.index) || self.text(self.index + 1) == ":" || matches!(self.near(-1), "{" | ",");
        if !here_is_key {
            return None;
        }
        let plain = |text: &str| {
            let inside = text.trim_matches('"');
            let name = inside.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && inside.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            name.then(|| inside.to_owned())
        };
        let mut text = String::new();
        let mut behind = self.span(open).start as usize;
        let mut all_plain = true;
        for index in open..=close {
            let span = self.span(index);
            text.push_str(&self.source[behind..span.start as usize]);
            behind = span.end as usize;
            match is_key(index).then(|| plain(self.text(index))) {
                Some(Some(name)) => text.push_str(&name),
                other => {
                    all_plain &= other.is_none();
                    text.push_str(self.text(index));
                }
            }
        }
        let example = plain(self.text(first)).unwrap_or_else(|| "name".to_owned());
        let habit = self.habit(
            first,
            "a field's name stands without quotes",
            format!("write `{{ {example}: … }}`; with all keys in quotes it would be a map"),
        )?;
        Some(habit.mended_if(self.range(open, close + 1), all_plain.then_some(text)))
    }

    /// Two fields or arguments without a comma; a field with `=`.
    pub(super) fn comma(&self) -> Option<Habit> {
        let at = self.index;
        if self.depth(at) == 0 {
            return None;
        }
        let ends_value = |text: &str| text.ends_with(|c: char| c.is_alphanumeric() || "_\")]}?".contains(c));
        let field = |index: usize| self.is_word(index) && !is_operator(self.text(index));
        // `..` and a row behind a row
        let other = self.near(0) == ".." || self.near(0) == "{" && self.near(-1) == "}";
        let other = other || (self.is_text(at) || self.is_number(at) || self.near(0).starts_with("f\""));
        let missing = |index: usize| {
            let before = self.span(index - 1).end as usize;
            let habit = Habit::new(
                self.span(index),
                format!("a comma is missing before `{}`", self.text(index)),
                "the parts of a `{ … }`, `( … )` or `[ … ]` stand apart by commas",
            );
            Some(habit.mended(Span::new(before, before), ","))
        };
        if self.near(0) == "=" && field(at - 1) && matches!(self.near(-2), "{" | ",") {
            return self.instead(0, 1, "a field is given with a colon: `name: value`", ":");
        }
        if at > 0
            && (field(at) || other)
            && ends_value(self.text(at - 1))
            && !is_operator(self.text(at - 1))
            && (self.expects("`,`") || self.expected.is_empty() || self.near(0) == "..")
        {
            return missing(at);
        }
        None
    }
}

fn is_operator(word: &str) -> bool {
    matches!(
        word.to_ascii_lowercase().as_str(),
        "and"
            | "or"
            | "in"
            | "is"
            | "not"
            | "between"
            | "if"
            | "else"
            | "match"
            | "as"
            | "when"
            | "then"
            | "end"
            | "case"
            | "where"
            | "having"
            | "over"
            | "switch"
            | "like"
            | "ilike"
    )
}
