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
    fn sign_expected(&self, index: usize, sign: &str, note: String) -> Option<Habit> {
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
            "|" => wrong(self.index, "the values of an enum stand apart by commas"),
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
                let braced = self.near(1) == "{";
                let variable = self.near(if braced { 2 } else { 1 });
                let text = format!("env(\"{variable}\")");
                self.instead(
                    0,
                    if braced { 4 } else { 2 },
                    "a variable of the environment is read by `env(\"NAME\")`, or `env(\"NAME\", default)`",
                    &text,
                )
            }
            _ => None,
        }
    }

    fn sink(&self) -> Option<Habit> {
        if !self.is_word(1) {
            return None;
        }
        let name = self.text(1);
        // `sink out = payments -> kafka("t")`, `sink out -> kafka("t") from payments`
        let arrow = self.find("->", 2, self.tokens.len());
        if self.text(2) == "=" && self.is_word(3) && arrow == Some(4) {
            let habit = self.habit(
                2,
                "a sink has no name of its own",
                format!("write `sink {} -> kafka(\"…\")`", self.text(3)),
            )?;
            return Some(habit.mended(self.range(1, 4), self.text(3)));
        }
        if self.near(0) == "from" && self.is_word(self.index + 1) {
            let from = self.near(1);
            let habit = self.habit(
                self.index,
                "a sink is named by the stream that leaves through it",
                format!("write `sink {from} -> kafka(\"…\")`"),
            )?;
            let connector = arrow.map(|arrow| format!("sink {from} {}", self.slice(arrow, self.index)));
            return Some(habit.mended_if(self.range(0, self.index + 2), connector));
        }
        if self.text(2) != "->" {
            let habit = self.sign_expected(2, "->", format!("write `sink {name} -> kafka(\"…\")`"))?;
            let replaced = matches!(self.text(2), "=" | "to" | ":" | "=>" | "|>" | "into" | ">");
            return Some(
                habit.mended_if(
                    self.range(2, 3),
                    (replaced && self.is_word(3))
                        .then(|| if self.text(2) == ":" { " ->" } else { "->" }.to_owned()),
                ),
            );
        }
        if self.is_text(3) {
            let topic = self.text(3);
            let habit =
                self.habit(3, "a topic is named inside of `kafka(…)`", format!("write `kafka({topic})`"))?;
            return Some(habit.mended(self.span(3), format!("kafka({topic})")));
        }
        if self.is_word(3) && self.text(4) != "(" && self.text(4) != "." {
            let topic = self.text(3);
            let habit =
                self.habit(3, format!("`{topic}` is no topic"), format!("write `kafka(\"{topic}\")`"))?;
            return Some(habit.mended(self.span(3), format!("kafka(\"{topic}\")")));
        }
        None
    }

    fn source(&self) -> Option<Habit> {
        let word = if self.text(0) == "source" { "source" } else { "table" };
        let at = usize::from(self.text(0) == "global");
        if !self.is_word(at + 1) || word == "table" && self.text(at + 2) == "=" {
            return None;
        }
        let name = self.text(at + 1);
        let form = format!("{word} {name}: TYPE = kafka(\"…\")");
        if self.text(at + 2) != ":" {
            let note = match word {
                "source" => format!("a source says the type of its events: `{form}`"),
                _ => format!(
                    "a table of a topic says the type of its rows: `{form} key FIELD`; one that is made of a stream is `table {name} = STREAM |> …`"
                ),
            };
            return self.sign_expected(at + 2, ":", note);
        }
        let end = self.tokens.len();
        let Some(equals) = self.find("=", at + 2, end) else {
            let note = format!("a source says its topic: `{form}`");
            let instead = (at + 3..end).find(|index| {
                matches!(self.text(*index), "from" | "<-" | "->" | "in") && self.depth(*index) == 0
            });
            return match instead {
                Some(index) => Some(self.sign_expected(index, "=", note)?.mended(self.span(index), "=")),
                None => self.sign_expected(end, "=", note),
            };
        };
        if self.is_text(equals + 1) {
            let topic = self.text(equals + 1);
            let habit = self.habit(
                equals + 1,
                "a topic is named inside of `kafka(…)`",
                format!("write `kafka({topic})`"),
            )?;
            return Some(habit.mended(self.span(equals + 1), format!("kafka({topic})")));
        }
        None
    }

    fn stream(&self) -> Option<Habit> {
        let (second, third) = (self.text(2), self.text(3));
        if !self.is_word(1) {
            return None;
        }
        let name = self.text(1);
        let is_table = self.text(0) == "table";
        if second == ":" && !is_table {
            // The type of a stream follows from its steps.
            let end = self.find("|>", 2, self.tokens.len()).unwrap_or(self.tokens.len());
            if let Some(equals) = self.find("=", 2, end) {
                let habit = self.habit(
                    2,
                    "a stream's type follows from its steps, and is not said",
                    format!("write `stream {name} = …`"),
                )?;
                return Some(habit.mended(self.range(2, equals + 1), " ="));
            }
        }
        if second != "=" && !is_table {
            let habit = self.sign_expected(2, "=", format!("write `stream {name} = INPUT |> …`"))?;
            let replaced = matches!(second, "from" | ":" | "<-" | "->" | ":=" | "is") && self.is_word(3);
            return Some(habit.mended_if(
                self.range(2, 3),
                replaced.then(|| if second == ":" { " =" } else { "=" }.to_owned()),
            ));
        }
        if matches!(third, "select" | "from") {
            return self.habit(
                3,
                format!("`{third}` does not begin a stream"),
                "a stream begins with the name of what it reads: `payments |> filter … |> map { … }`",
            );
        }
        None
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
        let equals =
            (close..self.tokens.len()).any(|index| self.text(index) == "=" && self.depth(index) == 0);
        let brace =
            (close + 2..self.tokens.len()).find(|index| self.text(*index) == "{" && self.depth(*index) == 0);
        if let (false, Some(brace)) = (equals, brace) {
            let habit = self.habit(
                brace,
                "a function's body stands behind `=`",
                "write `= x + 1`, without braces and `return`",
            )?;
            let end = self.closing(brace)?;
            let first = brace + 1 + usize::from(self.text(brace + 1) == "return");
            let body = self.slice(first, end);
            let plain = first < end && !body.contains(';');
            return Some(habit.mended_if(self.range(brace, end + 1), plain.then(|| format!("= {body}"))));
        }
        None
    }
}

const NAMES: &str = "it has letters, digits and underscores";
