//! Casts of other languages: `cast(x as int)`, `x::int`, `(int) x`, `decimal(18,2)(x)`.

use super::{Habit, Look, elsewhere};

const NOTE: &str =
    "a value is cast by the name of the type: `int(amount)`, `string(amount)`, `decimal(amount, 2)`";

impl Look<'_> {
    pub(super) fn cast(&self) -> Option<Habit> {
        let at = self.index;
        let (before, here) = (self.near(-1), self.near(0));
        let is_type = |index: usize| {
            matches!(self.text(index), "int" | "float" | "string" | "bool" | "timestamp" | "decimal")
                || elsewhere::type_of(self.text(index)).is_some()
        };
        if here.eq_ignore_ascii_case("as") {
            let open = self.open_around(at)?;
            if self.text(open) == "{" {
                let start = self.value_before(at)?;
                if !is_type(at + 1) {
                    let note = format!("write `{{ {}: … }}`", self.near(1));
                    return self.habit(at, "a field's name stands before its value", note);
                }
                let end = if self.near(2) == "(" { self.closing(at + 2)? + 1 } else { at + 2 };
                let text = self.as_type(self.slice(start, at), at + 1, end)?;
                return self.cast_to(self.range(start, end), text);
            }
            let close = self.closing(open)?;
            let called = matches!(
                self.text_before(open).to_ascii_lowercase().as_str(),
                "cast" | "try_cast" | "convert"
            );
            if !called {
                return self.habit(at, format!("`{here}` does not belong here"), NOTE);
            }
            let place = self.range(open - 1, close + 1);
            let text = self.as_type(self.slice(open + 1, at), at + 1, close)?;
            return self.cast_to(place, text);
        }
        if here == ":" && self.near(1) == ":" {
            let start = self.value_before(at)?;
            let end = match self.near(3) {
                "(" => self.closing(at + 3)? + 1,
                _ => at + 3,
            };
            let text = self.as_type(self.slice(start, at), at + 2, end)?;
            return self.cast_to(self.range(start, end), text);
        }
        // `decimal(18,2)(x)`
        if here == "(" && before == ")" {
            let open = self.opening(at - 1)?;
            if self.text_before(open) != "decimal" {
                return None;
            }
            let close = self.closing(at)?;
            let text = self.as_type(self.slice(at + 1, close), open - 1, at)?;
            return self.cast_to(self.range(open - 1, close + 1), text);
        }
        // `(int) amount`
        if before == ")" && self.near(-3) == "(" && is_type(at - 2) && self.is_word(at) {
            let mut end = at + 1;
            while self.text(end) == "." && self.is_word(end + 1) {
                end += 2;
            }
            let text = self.as_type(self.slice(at, end), at - 2, at - 1)?;
            return self.cast_to(self.range(at - 3, end), text);
        }
        None
    }

    fn cast_to(&self, place: crate::source::Span, text: String) -> Option<Habit> {
        let habit = self.habit(
            self.index,
            format!("`{}` does not belong here", self.near(0)),
            format!("write `{text}`: a value is cast by the name of the type"),
        )?;
        Some(habit.mended(place, text))
    }

    /// The call that casts a value to the type that these tokens name.
    fn as_type(&self, value: &str, from: usize, to: usize) -> Option<String> {
        let name = self.text(from);
        if !self.is_word(from) || from >= to {
            return None;
        }
        let lower = name.to_ascii_lowercase();
        if matches!(lower.as_str(), "decimal" | "numeric" | "number") {
            let scale = (from..to)
                .rev()
                .find(|index| self.is_number(*index))
                .filter(|scale| self.text(scale - 1) == ",");
            return Some(format!("decimal({value}, {})", scale.map_or("2", |scale| self.text(scale))));
        }
        let known = elsewhere::type_of(name).unwrap_or(lower.as_str());
        Some(format!("{known}({value})"))
    }
}
