//! Steps that are given a function of the event, as other languages have them.

use super::look::Step;
use super::{Habit, Look};

impl Look<'_> {
    /// `filter(p => p.amount > 1.00)`, `map p -> { id: p.id }`
    pub(super) fn lambda(&self, step: Step) -> Option<Habit> {
        let keyword = self.text(step.keyword);
        if !matches!(keyword, "filter" | "map" | "add") {
            return None;
        }
        let mut from = step.keyword + 1;
        let mut to = self.without_errors(step);
        let end = to;
        if self.text(from) == "("
            && self.closing(from) == Some(to - 1)
            && !matches!(self.text(from + 2), ")" | ",")
        {
            (from, to) = (from + 1, to - 1);
        }
        let (name, arrow) = match self.text(from) {
            "(" if self.text(from + 2) == ")" => (from + 1, from + 3),
            "|" if self.text(from + 2) == "|" => (from + 1, from + 2),
            _ => (from, from + 1),
        };
        if !self.is_word(name) || !matches!(self.text(arrow), "=>" | "->" | "|") || arrow + 1 >= to {
            return None;
        }
        // `payments->amount` is a field, as other languages reach it.
        if self.text(arrow) == "->" && !(arrow..to).any(|index| self.text(index) == self.text(name)) {
            return None;
        }
        let body = self.without_name(self.text(name), arrow + 1, to);
        let place = self.range(step.keyword + 1, end);
        let at = if self.text(arrow) == "|" { name } else { arrow };
        // `p => p.id` is no record yet.
        let name = body.rsplit('.').next().unwrap_or(&body);
        let is_path = body.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.');
        let body = match keyword {
            "map" | "add" if is_path && name == body && name != "it" => format!("{{ {body} }}"),
            "map" | "add" if is_path && name != "it" => format!("{{ {name}: {body} }}"),
            _ => body,
        };
        let fits = keyword == "filter" || body.starts_with('{');
        let note = match fits {
            true => format!("write `{keyword} {body}`; the event as a whole is `it`"),
            false => format!("write `{keyword} {{ name: {body} }}`; the event as a whole is `it`"),
        };
        let message = format!("`{keyword}` sees the event's fields by their names, and takes no function");
        let habit = self.habit(at, message, note)?;
        let space = if self.behind(step.keyword).end == place.start { " " } else { "" };
        Some(habit.mended_if(place, fits.then(|| format!("{space}{body}"))))
    }

    /// `find(list, c -> …)`, `find(list, |c| …)`, `find(list, lambda c: …)`
    pub(super) fn element_function(&self) -> Option<Habit> {
        let at = self.index;
        let in_call = self
            .open_around(at)
            .is_some_and(|open| self.text(open) == "(" && self.is_word(open.wrapping_sub(1)));
        if !in_call {
            return None;
        }
        let begins = |index: usize| index > 0 && matches!(self.text(index - 1), "," | "(");
        let found = match self.near(0) {
            "->" if self.is_word(at - 1) && begins(at - 1) => Some((at - 1, self.text(at - 1), at + 1)),
            "->" if self.near(-1) == ")" && self.near(-3) == "(" && begins(at - 3) => {
                Some((at - 3, self.text(at - 2), at + 1))
            }
            "|" if begins(at) && self.is_word(at + 1) && self.text(at + 2) == "|" => {
                Some((at, self.text(at + 1), at + 3))
            }
            name if self.near(-1) == "lambda" && begins(at - 1) && self.near(1) == ":" => {
                Some((at - 1, name, at + 2))
            }
            _ => None,
        };
        let (from, name, to) = found?;
        let text = format!("{name} =>");
        let note = format!("write `{text} …`: what is done with each element `{name}`");
        let message = format!("`{}` does not belong here", self.slice(from, to));
        let place = self.range(from, to);
        // What follows may stand directly behind the sign.
        let space = if self.before(to).start == place.end { " " } else { "" };
        Some(Habit::new(place, message, note).mended(place, format!("{text}{space}")))
    }

    /// These tokens, with `p.amount` as `amount` and `p` alone as `it`.
    fn without_name(&self, name: &str, from: usize, to: usize) -> String {
        let mut out = String::new();
        let mut index = from;
        let mut behind = self.span(from).start as usize;
        while index < to {
            let span = self.span(index);
            out.push_str(&self.source[behind..span.start as usize]);
            behind = span.end as usize;
            let is_field = index > from && self.text(index - 1) == ".";
            if self.text(index) != name || is_field {
                out.push_str(self.text(index));
            } else if self.text(index + 1) == "." {
                index += 1;
                behind = self.span(index).end as usize;
            } else {
                out.push_str("it");
            }
            index += 1;
        }
        out
    }
}
