//! The first words of a declaration, which say what it declares.

use super::entry::type_of_literal;
use super::{Habit, Look, elsewhere};

impl Look<'_> {
    pub(super) fn declaration(&self) -> Option<Habit> {
        let word = self.text(0);
        if self.text(1) == ":"
            && matches!(word, "stream" | "source" | "sink" | "table" | "topology" | "type" | "test")
        {
            return self.habit(
                1,
                "this looks like YAML, and the file is read as the text form",
                "name the file with `.yaml`, or write for example `stream NAME = INPUT |> filter …`",
            );
        }
        self.indented()
            .or_else(|| match word {
                "use" => self.use_file(),
                "fn" => self.function(),
                "enum" => self.enumeration(),
                "param" => self.param(),
                "sink" => self.sink(),
                "source" | "table" | "global" => self.source(),
                _ => None,
            })
            .or_else(|| self.name())
            .or_else(|| match word {
                "stream" | "table" => self.stream(),
                "topology" if self.text(1).starts_with('"') => {
                    let plain = self.text(1).trim_matches('"').to_owned();
                    let habit = self.habit(1, "a topology's name stands without quotes", NAMES)?;
                    Some(habit.mended(self.span(1), plain))
                }
                "topology" if self.text(2) == "{" => self.habit(
                    2,
                    "the declarations of a file stand one below the other, without braces",
                    format!("write `topology {}` alone on its line", self.text(1)),
                ),
                "topology" if self.text(2) == "-" => {
                    self.habit(2, "a name has no `-`", format!("{NAMES}: `my_topology`"))
                }
                _ => None,
            })
    }

    /// A declaration with spaces before it belongs to the one above.
    fn indented(&self) -> Option<Habit> {
        let here = self.text(self.index);
        // The same words begin steps, clauses and fields.
        let begins = self.index > 0
            && self.depth(self.index) == 0
            && self.begins_line(self.index)
            && elsewhere::is_declaration(here);
        if !begins || !(self.is_word(self.index + 1) || self.is_text(self.index + 1)) {
            return None;
        }
        let start = self.span(self.index).start as usize;
        let line = self.source[..start].rfind('\n').map_or(0, |end| end + 1);
        let spaces = crate::source::Span::new(line, start);
        let habit = self.habit(
            self.index,
            format!("this `{here}` belongs to the declaration above it, since spaces stand before it"),
            "a declaration begins at the very start of its line",
        )?;
        Some(habit.mended(spaces, ""))
    }

    /// A name that begins with a digit, or is a text.
    fn name(&self) -> Option<Habit> {
        let index = if self.text(0) == "global" { 2 } else { 1 };
        if self.index != index || matches!(self.text(0), "use" | "test") {
            return None;
        }
        if self.is_number(index) {
            let habit = self.habit(
                index,
                format!("`{}` is no name", self.text(index)),
                format!(
                    "a name begins with a letter or `_`, and goes on with letters, digits and `_`: `n{}`",
                    self.text(index)
                ),
            )?;
            return Some(habit.mended(self.span(index), format!("n{}", self.text(index))));
        }
        if self.is_text(index) && self.text(0) != "topology" {
            let plain = self.text(index).trim_matches('"');
            let is_name = plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            let habit = self.habit(index, "a name stands without quotes", NAMES)?;
            return Some(habit.mended_if(self.span(index), is_name.then(|| plain.to_owned())));
        }
        None
    }

    /// `sign` should stand at this token.
    pub(super) fn sign_expected(&self, index: usize, sign: &str, note: String) -> Option<Habit> {
        let found = match self.text(index) {
            "" => "the end of the declaration".to_owned(),
            found => format!("`{found}`"),
        };
        self.habit(index, format!("`{sign}` is expected here, not {found}"), note)
    }

    fn use_file(&self) -> Option<Habit> {
        let whole = self.range(0, self.tokens.len());
        let names = |from: usize, to: usize| -> Option<String> {
            let names = self.parts(from, to).into_iter().map(|(from, to)| self.slice(from, to));
            let names: Vec<&str> = names.collect();
            let plain = !names.is_empty()
                && names.iter().all(|name| name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_'));
            plain.then(|| names.join(", "))
        };
        let file = (1..self.tokens.len()).find(|index| self.is_text(*index));
        let file = file.map_or("\"FILE\"", |index| self.text(index));
        let form = format!(
            "write `use {file} {{ NAME, … }}`: what is named there, and what that is made of, comes in"
        );
        let form = form.as_str();
        // `use a, b from "x"` and `use { a } from "x"`
        if let Some(from) = self.find("from", 1, self.tokens.len())
            && self.is_text(from + 1)
        {
            let (first, last) = if self.text(1) == "{" { (2, from.saturating_sub(1)) } else { (1, from) };
            let habit = self.habit(from, "the file stands before the names", form)?;
            let text = names(first, last).map(|names| format!("use {} {{ {names} }}", self.text(from + 1)));
            return Some(habit.mended_if(whole, text));
        }
        if self.is_text(1) && self.text(2) != "{" {
            let message = format!("it is not said what {} gives to this file", self.text(1));
            let place = if self.tokens.len() > 2 { 2 } else { 1 };
            let text = names(2, self.tokens.len()).map(|names| format!("{{ {names} }}"));
            let habit = self.habit(place, message, form)?;
            return Some(match text {
                Some(text) => habit.mended(self.range(2, self.tokens.len()), text),
                None => habit,
            });
        }
        if self.is_text(1) && self.text(3) == "*" {
            return self.habit(3, "`*` does not say which names", form);
        }
        if self.is_word(1) || self.text(1) == "." || self.text(1) == ".." {
            let brace = self.find("{", 1, self.tokens.len()).unwrap_or(self.tokens.len());
            let file = self.slice(1, brace);
            let habit = Habit::new(
                self.range(1, brace),
                "the file's name stands in quotes",
                format!("write `use \"{file}\" {{ NAME, … }}`"),
            );
            return Some(habit.mended(self.range(1, brace), format!("\"{file}\"")));
        }
        None
    }

    fn enumeration(&self) -> Option<Habit> {
        if !self.is_word(1) {
            return None;
        }
        let name = self.text(1);
        let end = self.tokens.len();
        let rest = self.range(2, end);
        let values = self.enum_values();
        let form = match &values {
            Some(values) => format!("write `enum {name} {{ {values} }}`"),
            None => format!("write `enum {name} {{ first, second, \"with spaces\" }}`"),
        };
        let mended = values.map(|values| format!("{{ {values} }}"));
        let wrong = |index: usize, message: &str| {
            Some(self.habit(index, message, form.clone())?.mended_if(rest, mended.clone()))
        };
        if self.text(2) != "{" {
            return wrong(2, "the values of an enum stand in braces behind its name");
        }
        match self.text(self.index) {
            "=" => wrong(self.index, "the values of an enum are names, without numbers"),
            "|" | ";" => wrong(self.index, "the values of an enum stand apart by commas"),
            "}" if self.near(-1) == "{" => self.habit(self.index, "an enum has at least one value", form),
            here if self.is_number(self.index) => self
                .habit(
                    self.index,
                    format!("`{here}` is no name"),
                    format!("a value is a name, or a text in quotes: `\"{here}\"`"),
                )
                .map(|habit| habit.mended(self.span(self.index), format!("\"{here}\""))),
            here if self.is_word(self.index) || here.starts_with('"') => {
                wrong(self.index, "a comma is missing between the values of this enum")
            }
            _ => None,
        }
    }

    /// The names or texts behind an enum's name, whatever stands between them.
    fn enum_values(&self) -> Option<String> {
        let mut values: Vec<&str> = Vec::new();
        let mut index = 2;
        if self.text(2) == ":" {
            // `enum R: string { … }`
            index = self.find("{", 2, self.tokens.len())?;
        }
        while index < self.tokens.len() {
            match self.text(index) {
                "=" if index > 2 && (self.is_number(index + 1) || self.is_text(index + 1)) => index += 1,
                "=" | "{" | "}" | "[" | "]" | "(" | ")" | "," | "|" | ";" => {}
                value if self.is_word(index) || value.starts_with('"') => values.push(value),
                _ => return None,
            }
            index += 1;
        }
        (!values.is_empty()).then(|| values.join(", "))
    }

    fn param(&self) -> Option<Habit> {
        if !self.is_word(1) {
            return None;
        }
        let name = self.text(1);
        if self.is_word(2) {
            let (ty, named) = (elsewhere::type_of(name).unwrap_or(name), self.text(2));
            let habit = self.habit(
                2,
                "a param's type stands behind its name",
                format!("write `param {named}: {ty} = …`"),
            )?;
            return Some(habit.mended(self.range(1, 3), format!("{named}: {ty}")));
        }
        if self.text(2) != ":" {
            let ty = type_of_literal(self.text(3));
            let note = format!("a param says its type: `param {name}: {} = …`", ty.unwrap_or("int"));
            let habit = self.sign_expected(2, ":", note)?;
            let insert = (self.text(2) == "=").then_some(ty).flatten().map(|ty| format!(": {ty}"));
            return Some(habit.mended_if(self.behind(1), insert));
        }
        if self.is_number(3) || self.is_text(3) {
            let ty = type_of_literal(self.text(3)).unwrap_or("int");
            let note = format!("write `param {name}: {ty} = {}`", self.text(3));
            let habit = self.habit(3, "a param has a type before its value", note)?;
            return Some(habit.mended(self.before(3), format!("{ty} = ")));
        }
        let ty = self.text(3);
        match self.near(0) {
            "default" => self.instead(0, 1, &format!("write `param {name}: {ty} = …`"), "="),
            ":" if self.near(1) == "=" => self.instead(0, 2, "a value stands behind `=`", "="),
            "" if self.find("=", 2, self.tokens.len()).is_none() => self.habit(
                self.index,
                format!("the param `{name}` has no value"),
                format!(
                    "write `param {name}: {ty} = …`; `env(\"{}\")` reads it from the environment",
                    name.to_uppercase()
                ),
            ),
            "$" => {
                let close = if self.near(1) == "{" { self.closing(self.index + 1) } else { None };
                let variable = self.near(if close.is_some() { 2 } else { 1 });
                // `${NAME:5}` and `${NAME:-5}`
                let dash = usize::from(self.near(3) == ":" && self.near(4) == "-");
                let default = close.map_or("", |close| self.slice(self.index + 4 + dash, close));
                let text = match default {
                    "" => format!("env(\"{variable}\")"),
                    default => format!("env(\"{variable}\", {default})"),
                };
                self.instead(
                    0,
                    close.map_or(2, |close| close + 1 - self.index),
                    "a variable of the environment is read by `env(\"NAME\")`, or `env(\"NAME\", default)`",
                    &text,
                )
            }
            _ => None,
        }
    }

    fn function(&self) -> Option<Habit> {
        let close = self.closing(2)?;
        if self.is_word(3) && self.text(4) != ":" {
            let (first, second) = (self.text(3), self.text(4));
            let types_first = self.is_word(4)
                && (first == "int"
                    || first == "string"
                    || first == "float"
                    || first == "bool"
                    || first == "timestamp"
                    || elsewhere::type_of(first).is_some());
            let (name, ty) = match (types_first, self.is_word(4)) {
                (true, _) => (second, first),
                (false, true) => (first, second),
                _ => (first, "int"),
            };
            let habit = self.habit(
                3,
                if self.is_word(4) {
                    format!("the type of `{name}` stands behind a colon")
                } else {
                    format!("the argument `{first}` has no type")
                },
                format!("write `{name}: {ty}`"),
            )?;
            return Some(if self.is_word(4) {
                habit.mended(self.range(3, 5), format!("{name}: {ty}"))
            } else {
                habit
            });
        }
        if self.text(close + 1) != "->" {
            let habit =
                self.habit(close + 1, "a function says what it gives", "write `fn NAME(…) -> TYPE = …`")?;
            let colon = self.text(close + 1) == ":";
            return Some(habit.mended_if(self.range(close + 1, close + 2), colon.then(|| " ->".to_owned())));
        }
        if self.near(0) == "=>" && self.depth(self.index) == 0 {
            return self.instead(0, 1, "a function's body stands behind `=`", "=");
        }
        let find = |sign: &str| {
            (close + 2..self.tokens.len()).find(|index| self.text(*index) == sign && self.depth(*index) == 0)
        };
        let (equals, brace) = (find("="), find("{"));
        // A record as a body has its names: `= { id: x.id }`.
        let record = |brace: usize| {
            matches!(self.text(brace + 1), ".." | "}") || matches!(self.text(brace + 2), ":" | "," | "}")
        };
        let brace =
            brace.filter(|brace| equals.is_none() || equals == brace.checked_sub(1) && !record(*brace))?;
        let habit = self.habit(
            brace,
            "a function's body stands behind `=`, without braces",
            "write `= x + 1`, without `return`",
        )?;
        let end = self.closing(brace)?;
        let first = brace + 1 + usize::from(self.text(brace + 1) == "return");
        let body = self.slice(first, end);
        let plain = first < end && !body.contains(';');
        let place = self.range(equals.unwrap_or(brace), end + 1);
        Some(habit.mended_if(place, plain.then(|| format!("= {body}"))))
    }
}

const NAMES: &str = "it has letters, digits and underscores";
