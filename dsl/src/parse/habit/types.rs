//! Types in the spelling of other languages.

use super::{Habit, Look, elsewhere};
use crate::source::Span;

impl Look<'_> {
    pub(super) fn types(&self) -> Option<Habit> {
        let end = match self.text(0) {
            _ if self.is_type => self.tokens.len(),
            "type" => self.tokens.len(),
            "param" | "fn" | "source" | "table" | "global" => self
                .find("=", 1, self.tokens.len())
                .filter(|_| self.text(0) != "table" || self.text(2) == ":")
                .unwrap_or(self.tokens.len()),
            _ => return None,
        };
        if self.index > end {
            return None;
        }
        self.type_head()
            .or_else(|| self.type_arguments())
            .or_else(|| self.type_sign())
            .or_else(|| self.type_word())
    }

    fn type_head(&self) -> Option<Habit> {
        if self.text(0) != "type" || !self.is_word(1) || self.is_type {
            return None;
        }
        let name = self.text(1);
        match self.text(2) {
            "(" => {
                let close = self.closing(2)?;
                let habit = self.habit(
                    2,
                    "the fields of a type stand in braces",
                    format!("write `type {name} {{ … }}`"),
                )?;
                Some(habit.mended(self.range(2, close + 1), format!("{{ {} }}", self.slice(3, close))))
            }
            ":" if self.text(3) == "{" => {
                let habit = self.habit(
                    2,
                    "the fields of a type stand directly behind its name",
                    format!("write `type {name} {{ … }}`"),
                )?;
                Some(habit.mended(self.span(2), ""))
            }
            "extends" | "implements" | ":" | "with" => self.habit(
                2,
                "a type does not extend another one",
                "list all its fields, or have a field of the other type",
            ),
            "=" if self.is_text(3) => {
                let values: Vec<&str> = (3..self.tokens.len())
                    .filter(|index| self.is_text(*index))
                    .map(|index| self.text(index))
                    .collect();
                let text = format!("enum {name} {{ {} }}", values.join(", "));
                let habit = self.habit(3, "a type of a few texts is an enum", format!("write `{text}`"))?;
                Some(habit.mended(self.range(0, self.tokens.len()), text))
            }
            _ => None,
        }
    }

    /// `DECIMAL(18,2)`, `varchar(20)`, `list<string>`
    fn type_arguments(&self) -> Option<Habit> {
        let opens = |index: usize| {
            index > self.before_types() && matches!(self.text(index), "(" | "<") && self.is_word(index - 1)
        };
        let open = if opens(self.index) {
            self.index
        } else {
            self.open_around(self.index).filter(|open| opens(*open))?
        };
        let close = if self.text(open) == "(" { self.closing(open)? } else { self.closing_angle(open)? };
        let (name, inside) = (self.text(open - 1), self.slice(open + 1, close));
        let place = self.range(open - 1, close + 1);
        let found = self.slice(open - 1, close + 1);
        let lower = name.to_ascii_lowercase();
        let instead = |text: String| {
            let habit = Habit::new(place, format!("`{found}` is no type"), format!("write `{text}`"));
            Some(habit.mended(place, text))
        };
        let parts: Vec<&str> =
            self.parts(open + 1, close).into_iter().map(|(from, to)| self.slice(from, to)).collect();
        match lower.as_str() {
            "decimal" | "numeric" | "number" | "dec" | "money" => {
                let digits: Vec<&str> =
                    inside.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
                match digits[..] {
                    [_] | [] => Some(Habit::new(
                        place,
                        "a decimal says how many digits it has, and how many of them stand behind the point",
                        "for money `decimal(18,2)`; for whole numbers `int`",
                    )),
                    [precision, scale, ..] => instead(format!("decimal({precision},{scale})")),
                }
            }
            "list" | "array" | "vec" | "set" | "seq" => instead(format!("[{}]", self.type_here(inside))),
            "map" | "dict" | "hashmap" | "record" if parts.len() == 2 => {
                instead(format!("{{{}: {}}}", self.type_here(parts[0]), self.type_here(parts[1])))
            }
            "optional" | "option" | "nullable" | "maybe" => instead(format!("{}?", self.type_here(inside))),
            "enum" => Some(Habit::new(
                place,
                "an enum is declared by itself",
                "write `enum NAME { first, second }`, and `NAME` here",
            )),
            _ => {
                let plain = elsewhere::type_of(name).unwrap_or(name);
                let habit = Habit::new(
                    place,
                    format!("`{plain}` has no length or precision"),
                    format!("write `{plain}`"),
                );
                Some(habit.mended(place, plain))
            }
        }
    }

    /// The last token that can only be the declaration's own.
    fn before_types(&self) -> usize {
        if self.is_type { 0 } else { 2 }
    }

    /// A type's name as it is written here.
    fn type_here(&self, ty: &str) -> String {
        let lower = ty.to_ascii_lowercase();
        let own = ["string", "int", "float", "bool", "timestamp", "duration", "date", "uuid", "bytes"];
        match elsewhere::type_of(ty) {
            Some(here) => here.to_owned(),
            None if own.contains(&lower.as_str()) => lower,
            None => ty.to_owned(),
        }
    }

    /// The `>` that closes the `<` at `open`.
    fn closing_angle(&self, open: usize) -> Option<usize> {
        let mut depth = 0usize;
        for index in open..self.tokens.len() {
            match self.text(index) {
                "<" => depth += 1,
                ">" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(index);
            }
        }
        None
    }

    /// The type that begins at a token: where it ends.
    fn type_end(&self, start: usize) -> usize {
        match self.text(start) {
            "{" | "[" => self.closing(start).map_or(start + 1, |close| close + 1),
            _ if self.text(start + 1) == "(" => self.closing(start + 1).map_or(start + 1, |close| close + 1),
            _ => start + 1,
        }
    }

    /// Where the type begins that ends before a token.
    fn type_before(&self, index: usize) -> usize {
        match self.text(index - 1) {
            ")" | "]" | "}" => {
                let open = self.opening(index - 1).unwrap_or(index - 1);
                if self.text(open) == "(" { open.saturating_sub(1) } else { open }
            }
            _ => index - 1,
        }
    }

    fn type_sign(&self) -> Option<Habit> {
        let in_braces = self.open_around(self.index).is_some();
        let field = self.field_before();
        match self.near(0) {
            "?" if self.near(1) == ":" => {
                let name = self.near(-1);
                let end = self.type_end(self.index + 2);
                let ty = self.slice(self.index + 2, end);
                let habit = self.habit(
                    self.index,
                    "`?` stands behind the type that may be null",
                    format!("write `{name}: {ty}?`"),
                )?;
                Some(habit.mended(self.range(self.index, end), format!(": {ty}?")))
            }
            "?" => {
                let end = self.type_end(self.index + 1);
                let ty = self.slice(self.index + 1, end);
                let habit = self.habit(
                    self.index,
                    "`?` stands behind the type that may be null",
                    format!("write `{ty}?`"),
                )?;
                Some(habit.mended_if(self.range(self.index, end), (!ty.is_empty()).then(|| format!("{ty}?"))))
            }
            "[" if self.near(1) == "]" && self.index > self.before_types() => {
                let start = self.type_before(self.index);
                let ty = self.slice(start, self.index);
                let text = format!("[{}]", self.type_here(ty));
                let place = self.range(start, self.index + 2);
                let habit = Habit::new(
                    place,
                    "the brackets of a list stand around its type",
                    format!("write `{text}`"),
                );
                Some(habit.mended(place, text))
            }
            "," if self.open_around(self.index).is_some_and(|open| self.text(open) == "[") => self.habit(
                self.index,
                "the elements of a list have one type",
                "write `[string]`; values of several types stand in a record: `{ name: string, size: int }`",
            ),
            "=" if field => self.instead(0, 1, "a field's type stands behind a colon", ":"),
            "=" if in_braces => self.habit(self.index, "a field has no default", NO_DEFAULT),
            "|" => {
                let null = self.near(1) == "null";
                let habit = self.habit(
                    self.index,
                    "a value has one type",
                    "a type that may be null ends with `?`: `string?`",
                )?;
                let place = Span::new(
                    self.behind(self.index - 1).start as usize,
                    self.span(self.index + 1).end as usize,
                );
                Some(habit.mended_if(place, null.then(|| "?".to_owned())))
            }
            "!" => self.instead(0, 1, "a field is never null, unless its type ends with `?`", ""),
            ";" => self.instead(0, 1, "fields stand apart by commas", ","),
            _ => None,
        }
    }

    /// Does a field's name stand before the place, without its colon?
    fn field_before(&self) -> bool {
        self.is_word(self.index.wrapping_sub(1))
            && (matches!(self.near(-2), "{" | "(" | ",")
                || self.begins_line(self.index - 1) && self.text(0) == "type")
            && self.open_around(self.index).is_some()
    }

    fn type_word(&self) -> Option<Habit> {
        let inside = self.is_type || self.open_around(self.index).is_some();
        if !self.is_word(self.index) || self.index <= self.before_types() || !inside {
            return None;
        }
        let (before, here) = (self.near(-1), self.near(0));
        if self.field_before() {
            let ty = self.type_here(self.slice(self.index, self.type_end(self.index)));
            let habit = self.habit(
                self.index,
                format!("a colon is missing between `{before}` and its type"),
                format!("write `{before}: {ty}`"),
            )?;
            return Some(habit.mended(self.behind(self.index - 1), ":"));
        }
        let optional = |word: &str| {
            matches!(word.to_ascii_lowercase().as_str(), "optional" | "nullable" | "maybe" | "option")
        };
        if optional(before) {
            let end = self.type_end(self.index);
            let ty = self.type_here(self.slice(self.index, end));
            return self.instead(
                -1,
                1 + end - self.index,
                &format!("a type that may be null ends with `?`: `{ty}?`"),
                &format!("{ty}?"),
            );
        }
        if here == "of" && matches!(before, "list" | "array" | "set") {
            let ty = self.type_here(self.near(1));
            let text = format!("[{ty}]");
            return self.instead(-1, 3, &format!("a list's type stands in brackets: `{text}`"), &text);
        }
        let until_comma = (self.index..self.tokens.len())
            .find(|index| {
                matches!(self.text(*index), "," | "}" | ")")
                    || self.begins_line(*index) && *index > self.index
            })
            .unwrap_or(self.tokens.len());
        let length = until_comma - self.index;
        match here.to_ascii_lowercase().as_str() {
            "not" | "required" => {
                self.instead(0, length, "a field is never null, unless its type ends with `?`", "")
            }
            "null" | "nullable" | "optional" => {
                let place = Span::new(
                    self.behind(self.index - 1).start as usize,
                    self.span(until_comma - 1).end as usize,
                );
                let habit = self.habit(
                    self.index,
                    format!("`{here}` does not belong here"),
                    "a type that may be null ends with `?`: `string?`",
                )?;
                Some(habit.mended(place, "?"))
            }
            "default" => self.habit(self.index, "a field has no default", NO_DEFAULT),
            "key" | "primary" | "unique" => {
                self.instead(0, length, "the key is said where events come in: `kafka(\"…\") key id`", "")
            }
            "with" | "without" if self.near(1).eq_ignore_ascii_case("time") => {
                self.instead(0, length, "a `timestamp` is a point in time, the same in all zones", "")
            }
            "precision" => self.instead(-1, 2, "write `float`", "float"),
            _ => None,
        }
    }
}

const NO_DEFAULT: &str =
    "let the type end with `?`, so that it may be null, and write `note ?? \"none\"` where it is read";
