//! What people bring along from other languages or leave out, and what is written here instead.

use super::DECLARATIONS;
use crate::format::token::{Token, tokens};
use crate::source::Span;

/// A mistake that is known by its look. Places are bytes of the declaration's text.
pub(super) struct Habit {
    pub(super) place: Span,
    pub(super) message: String,
    pub(super) note: String,
    pub(super) mend: Option<(Span, String)>,
}

/// Looks at the declaration's beginning, and at the tokens around the byte where the grammar stopped.
pub(super) fn find(source: &str, at: usize) -> Option<Habit> {
    let (tokens, _) = tokens(source);
    let index = tokens.iter().position(|token| token.end > at).unwrap_or(tokens.len());
    let look = Look { source, tokens: &tokens, index };
    look.text_end().or_else(|| look.head()).or_else(|| look.test_step()).or_else(|| look.around())
}

/// What a step of this name is called here.
pub(super) fn step_elsewhere(word: &str) -> Option<&'static str> {
    Some(match word {
        "where" | "having" | "when" => "write `filter`",
        "order" | "sort" | "limit" => {
            "a stream has no end, so it has no order; `top` and windows look at a part of it"
        }
        "groupby" | "partition" | "key" => "write `group by` or `repartition by`",
        "count" | "sum" | "avg" | "min" | "max" | "reduce" | "fold" => {
            "write `aggregate { name: count() }` behind a `group by`"
        }
        "transform" | "project" | "foreach" => "write `map { … }`",
        "distinct" | "unique" => "write `dedupe by … within …`",
        "to" | "sink" | "into" => {
            "a stream leaves through a declaration of its own: `sink NAME -> kafka(\"…\")`"
        }
        "enrich" | "lookup" => "write `join TABLE as NAME by KEY`",
        _ => return None,
    })
}

/// The declaration that a word of another language stands for.
pub(super) fn declaration_elsewhere(word: &str) -> Option<&'static str> {
    Some(match word {
        "function" | "def" | "func" | "fun" => "a function is declared with `fn`",
        "let" | "const" | "var" | "val" | "set" => "a value is declared with `param NAME: TYPE = …`",
        "import" | "include" | "from" => "other files are read with `use \"FILE\" { NAME, … }`",
        "struct" | "record" | "class" | "interface" | "schema" => "a record is declared with `type`",
        "select" | "create" | "insert" => "write `stream NAME = INPUT |> filter … |> map { … }`",
        "input" => "an input is declared with `source`",
        "output" => "an output is declared with `sink`",
        _ => return None,
    })
}

struct Look<'a> {
    source: &'a str,
    tokens: &'a [Token],
    /// The token at which the grammar stopped; behind the last one at the end.
    index: usize,
}

impl Look<'_> {
    fn text(&self, index: usize) -> &str {
        self.tokens.get(index).map_or("", |token| token.text.as_str())
    }

    /// Relative to where the grammar stopped.
    fn near(&self, by: isize) -> &str {
        self.index.checked_add_signed(by).map_or("", |index| self.text(index))
    }

    fn span(&self, index: usize) -> Span {
        match self.tokens.get(index) {
            Some(token) => Span::new(token.start, token.end),
            None => {
                let end = self.source.trim_end().len();
                Span::new(end.saturating_sub(1), end)
            }
        }
    }

    fn habit(&self, index: usize, message: impl Into<String>, note: impl Into<String>) -> Option<Habit> {
        Some(Habit { place: self.span(index), message: message.into(), note: note.into(), mend: None })
    }

    /// Here: at the token where the grammar stopped, which would be right as `text`.
    fn instead(&self, by: isize, length: usize, note: &str, text: &str) -> Option<Habit> {
        let first = self.index.checked_add_signed(by)?;
        let place = self.span(first).to(self.span(first + length - 1));
        let found = &self.source[place.start as usize..place.end as usize];
        let message = format!("`{found}` does not belong here");
        Some(Habit { place, message, note: note.to_owned(), mend: Some((place, text.to_owned())) })
    }

    fn is_word(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(Token::is_word)
    }

    /// A text that goes over its line's end was not closed.
    fn text_end(&self) -> Option<Habit> {
        let open = self.tokens.iter().position(|token| {
            token.text.contains('"')
                && (token.text.contains('\n') || !token.text.ends_with('"') || token.text.len() < 2)
        })?;
        let start = self.tokens[open].start;
        let place = Span::new(start, start + 1 + usize::from(self.text(open).starts_with('f')));
        Some(Habit {
            place,
            message: "this text is not closed".to_owned(),
            note: "a text ends with `\"` on its line".to_owned(),
            mend: None,
        })
    }

    /// The first words of a declaration, which the grammar only takes as a whole.
    fn head(&self) -> Option<Habit> {
        let second = self.text(2);
        let name = if self.is_word(1) { self.text(1) } else { "NAME" };
        let expected = |index: usize, sign: &str, note: String| {
            let found = match self.text(index) {
                "" => "the end of the declaration".to_owned(),
                found => format!("`{found}`"),
            };
            self.habit(index, format!("`{sign}` is expected here, not {found}"), note)
        };
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
        match word {
            "topology" if self.text(1).starts_with('"') => {
                let plain = self.text(1).trim_matches('"').to_owned();
                Some(Habit {
                    mend: Some((self.span(1), plain)),
                    ..self.habit(
                        1,
                        "a topology's name stands without quotes",
                        "it has letters, digits and underscores",
                    )?
                })
            }
            "topology" if second == "-" => {
                self.habit(2, "a name has no `-`", "it has letters, digits and underscores: `my_topology`")
            }
            "stream" if self.is_word(1) && second != "=" => {
                expected(2, "=", format!("write `stream {name} = INPUT |> …`"))
            }
            "stream" if matches!(self.text(3), "select" | "from") => self.habit(
                3,
                format!("`{}` does not begin a stream", self.text(3)),
                "a stream begins with the name of what it reads: `payments |> filter … |> map { … }`",
            ),
            "stream" | "table" if self.text(3) == "merge" && self.text(5) != "," => {
                self.habit(5, "`merge` takes two or more streams", "write `merge a, b`")
            }
            "sink" if self.is_word(1) && second != "->" => {
                expected(2, "->", format!("write `sink {name} -> kafka(\"…\")`"))
            }
            "sink" if self.is_word(3) && self.text(4) != "(" && self.text(4) != "." => self.habit(
                3,
                format!("`{}` is no topic", self.text(3)),
                format!("write `kafka(\"{}\")`", self.text(3)),
            ),
            "param" if self.is_word(1) && second != ":" => {
                expected(2, ":", format!("a param says its type: `param {name}: int = …`"))
            }
            "source" if self.is_word(1) && second != ":" => expected(
                2,
                ":",
                format!("a source says the type of its events: `source {name}: TYPE = kafka(\"…\")`"),
            ),
            "source" if self.is_word(1) && !self.tokens.iter().any(|token| token.text == "=") => expected(
                self.tokens.len(),
                "=",
                format!("a source says its topic: `source {name}: TYPE = kafka(\"…\")`"),
            ),
            "fn" => self.function(),
            "test" if !self.text(1).starts_with('"') => {
                self.habit(1, "a test has a name", "write `test \"what it shows\" { … }`")
            }
            _ => None,
        }
    }

    fn function(&self) -> Option<Habit> {
        let close = self.closing(2)?;
        if self.is_word(3) && self.text(4) != ":" {
            return self.habit(
                3,
                format!("the argument `{}` has no type", self.text(3)),
                format!("write `{}: int`", self.text(3)),
            );
        }
        if self.text(close + 1) != "->" {
            return self.habit(close + 1, "a function says what it gives", "write `fn NAME(…) -> TYPE = …`");
        }
        let brace =
            self.text(close + 3) == "{" && !self.tokens[close..].iter().any(|token| token.text == "=");
        if brace {
            return self.habit(
                close + 3,
                "a function's body stands behind `=`",
                "write `= x + 1`, without braces and `return`",
            );
        }
        None
    }

    /// The bracket that closes the one at `open`.
    fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0usize;
        for (index, token) in self.tokens.iter().enumerate().skip(open) {
            if token.opens() {
                depth += 1;
            } else if token.closes() {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(index);
                }
            }
        }
        None
    }

    /// The grammar stops before a whole step of a test.
    fn one_before(&self) -> Look<'_> {
        Look { index: self.index - 1, source: self.source, tokens: self.tokens }
    }

    fn test_step(&self) -> Option<Habit> {
        if self.text(0) != "test" {
            return None;
        }
        // Behind `expect` the grammar may stop at the next word, since several steps begin so.
        if self.near(-1) == "expect" && self.near(0) != "expect" {
            return self.one_before().test_step();
        }
        match (self.near(0), self.near(1), self.near(2), self.near(3)) {
            ("expect", _, "=", _) => self.instead(2, 1, "compare with `==`", "=="),
            ("expect", _, "==", "{") => {
                self.habit(self.index + 3, "a list of rows is expected here", "write `[ { … }, … ]`")
            }
            ("advance", "to", time, _) if time.ends_with(['s', 'm', 'h', 'd']) => self.habit(
                self.index + 2,
                "time advances to a point, not by a length",
                "write `advance to @12:00`",
            ),
            (_, "->" | "=" | "=>", _, _) => {
                self.instead(1, 1, "a test feeds with `<-`: `payments <- { … }`", "<-")
            }
            _ if self.near(-1) == "null" => {
                self.habit(self.index - 1, "which row is deleted is not said", "write `null key \"…\"`")
            }
            _ => None,
        }
    }

    fn around(&self) -> Option<Habit> {
        let (before, here, next) = (self.near(-1), self.near(0), self.near(1));
        match (before, here) {
            ("<", ">") => return self.instead(-1, 2, "unequal is `!=`", "!="),
            ("*", "*") => return self.instead(-1, 2, "there is no power: write `a * a`", "*"),
            ("+", "+") | ("-", "-") => {
                return self.habit(
                    self.index,
                    format!("`{here}{here}` does not belong here"),
                    "write `n + 1`: a value never changes",
                );
            }
            (":", "=") => return self.instead(-1, 2, "a field is given with a colon alone", ":"),
            ("=", ">") | (_, "=>")
                if self.tokens[..self.index.min(self.tokens.len())]
                    .iter()
                    .all(|token| token.text != "match") =>
            {
                return self.habit(
                    self.index,
                    "`=>` does not belong here",
                    "it stands in the arms of a `match`, and in the last argument of `map`, `filter` and others: `map(list, x => …)`",
                );
            }
            ("key", _) | ("by", _) if before == "by" && self.near(-2) == "key" => {
                return self.instead(-1, 1, "write `key card`", "");
            }
            ("is", _) | ("not", _) if before == "is" || self.near(-2) == "is" => {
                return self.habit(
                    self.index,
                    "`is` asks for null alone: `is null`, `is not null`",
                    "compare with `==` and `!=`",
                );
            }
            _ => {}
        }
        if before == "-" && self.near(-2) == "-" {
            return self.habit(self.index - 2, "`--` does not belong here", "a comment begins with `//`");
        }
        if here == "?" && self.source.starts_with("type") {
            return self.habit(
                self.index,
                "`?` stands behind the type that may be null",
                format!("write `{next}?`"),
            );
        }
        self.duration().or_else(|| self.comma()).or_else(|| self.sign(here, next)).or_else(|| self.word(here))
    }

    /// A length of time in another spelling.
    fn duration(&self) -> Option<Habit> {
        let word = self.near(-1);
        let wanted = matches!(
            word,
            "within"
                | "every"
                | "tumbling"
                | "hopping"
                | "grace"
                | "rolling"
                | "out_of_order"
                | "idle"
                | "sliding"
                | "gap"
        );
        // `rolling 5 …` may go on with `rows`, so that the grammar stops behind the number.
        if self.near(-2) == "rolling" && word.bytes().all(|byte| byte.is_ascii_digit()) {
            return self.one_before().duration();
        }
        if !wanted {
            return None;
        }
        let (here, next) = (self.near(0), self.near(1));
        let units = "lengths of time are written `90s`, `10m`, `1h30m`, `7d` (units: us, ms, s, m, h, d)";
        let wrong = |length: usize, mend: Option<String>| {
            let place = self.span(self.index).to(self.span(self.index + length - 1));
            let found = &self.source[place.start as usize..place.end as usize];
            let message = format!("`{found}` is no length of time");
            Some(Habit { place, message, note: units.to_owned(), mend: mend.map(|text| (place, text)) })
        };
        if here == ":" {
            return self.habit(
                self.index,
                format!("`:` does not belong behind `{word}`"),
                format!("write `{word} 30s`"),
            );
        }
        if here == "interval" {
            return wrong(1, None);
        }
        let inside = here.trim_matches('"');
        let digits: String = inside.chars().take_while(char::is_ascii_digit).collect();
        if digits.is_empty() {
            return None;
        }
        let unit = inside[digits.len()..].to_ascii_lowercase();
        if unit.is_empty() && next.chars().all(char::is_alphabetic) {
            let short = unit_of(&next.to_ascii_lowercase());
            return if next.is_empty() || short.is_none() {
                wrong(1, None)
            } else {
                wrong(2, short.map(|unit| digits + unit))
            };
        }
        wrong(1, unit_of(&unit).map(|unit| digits + unit))
    }

    /// Two fields or arguments without a comma; a field with `=`; a number with commas.
    fn comma(&self) -> Option<Habit> {
        let in_bracket = self.tokens[..self.index.min(self.tokens.len())]
            .iter()
            .fold(0i32, |depth, token| depth + i32::from(token.opens()) - i32::from(token.closes()))
            > 0;
        let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty();
        if self.near(-1) == "," && number(self.near(-2)) && number(self.near(0)) && self.near(0).len() == 3 {
            let text = format!("{}{}", self.near(-2), self.near(0));
            return self.instead(-2, 3, "a number has no commas", &text);
        }
        if !in_bracket {
            return None;
        }
        let ends_value = |text: &str| text.ends_with(|c: char| c.is_alphanumeric() || "_\")]}?".contains(c));
        let operator = |text: &str| {
            matches!(
                text,
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
                    | "like"
                    | "ilike"
            )
        };
        let field = |index: usize| self.is_word(index) && !operator(self.text(index));
        let missing = |index: usize| {
            let place = self.span(index);
            let before = self.span(index - 1).end as usize;
            Some(Habit {
                place,
                message: format!("a comma is missing before `{}`", self.text(index)),
                note: "the parts of a `{ … }`, `( … )` or `[ … ]` stand apart by commas".to_owned(),
                mend: Some((Span::new(before, before), ",".to_owned())),
            })
        };
        let at = self.index;
        if field(at) && self.text(at + 1) == "=" && matches!(self.near(-1), "{" | ",") {
            return self.instead(1, 1, "a field is given with a colon: `name: value`", ":");
        }
        if at > 0
            && field(at)
            && (ends_value(self.text(at - 1)) && !operator(self.text(at - 1)))
            && self.text(at - 1) != "match"
        {
            return missing(at);
        }
        if field(at) && field(at + 1) && self.near(-1) == "{" {
            return missing(at + 1);
        }
        None
    }

    fn sign(&self, here: &str, next: &str) -> Option<Habit> {
        match (here, next) {
            ("&", "&") => self.instead(0, 2, "write `and`", "and"),
            ("|", "|") => self.instead(
                0,
                2,
                "write `or`; texts are put together in a format string: `f\"{a} {b}\"`",
                "or",
            ),
            ("!", _) => self.instead(0, 1, "write `not`", "not "),
            ("==", "=") => self.instead(0, 2, "compare with `==`", "=="),
            ("=", _) if self.near(-1) == "==" => self.instead(-1, 2, "compare with `==`", "=="),
            ("=", _) if self.source.starts_with("type") => {
                self.instead(0, 1, "a field's type stands behind a colon", ":")
            }
            ("=", _) => self.instead(0, 1, "compare with `==`", "=="),
            (";", _) => self.instead(0, 1, "a declaration ends with its line: leave it out", ""),
            ("'", _) => {
                self.habit(self.index, "`'` does not belong here", "texts stand in double quotes: `\"NL\"`")
            }
            ("|", _) => self.instead(0, 1, "steps are joined by `|>`", "|>"),
            ("->", _) if self.tokens[..self.index].iter().any(|token| token.text == "match") => {
                self.instead(0, 1, "an arm of a `match` has `=>`", "=>")
            }
            ("->", _) => self.instead(0, 1, "a field is reached with a dot", "."),
            (".", digit) if digit.starts_with(|c: char| c.is_ascii_digit()) => {
                let text = format!("0.{digit}");
                self.instead(0, 2, "a number begins with a digit", &text)
            }
            (".", _) => self.habit(
                self.index,
                "`.` does not belong here",
                "steps are joined by `|>`: `payments |> filter …`",
            ),
            ("(", _) if self.near(-2) == "." => self.habit(
                self.index,
                "values have no methods",
                format!("a function takes its value as an argument: `{}(…, …)`", self.near(-1)),
            ),
            ("?", _) => self.habit(
                self.index,
                "`?` does not belong here",
                "a choice is `if … { … } else { … }`, and `??` gives a value for null",
            ),
            ("$", _) => self.instead(0, 1, "a field is named without `$`", ""),
            ("#", _) => self.instead(0, 1, "a comment begins with `//`", "//"),
            ("/", "*") => self.habit(
                self.index,
                "`/*` does not belong here",
                "a comment begins with `//` and ends with its line",
            ),
            ("~", _) => self.habit(self.index, "`~` does not belong here", "compare with `==` and `!=`"),
            ("*", ")") => self.instead(0, 1, "`count()` counts events", ""),
            ("*", _) if matches!(self.near(-1), "select" | "map") => self.habit(
                self.index,
                "`*` does not belong here",
                "all fields stay where no step takes them away: leave the `select` out",
            ),
            (")" | "]" | "}", _) if !self.is_open() => self.habit(
                self.index,
                format!("no bracket is open that `{here}` would close"),
                "take it away, or open one before",
            ),
            ("}", _)
                if self.near(-2) == "{"
                    || self.tokens[..self.index].iter().any(|token| token.text == "if")
                        && self.near(-1) != "}" =>
            {
                None
            }
            _ => None,
        }
    }

    fn is_open(&self) -> bool {
        let mut depth = 0i32;
        for token in &self.tokens[..self.index.min(self.tokens.len())] {
            depth += i32::from(token.opens()) - i32::from(token.closes());
        }
        depth > 0
    }

    fn word(&self, here: &str) -> Option<Habit> {
        let wrong = |note: &str| self.habit(self.index, format!("`{here}` does not belong here"), note);
        let begins_line = self.tokens.get(self.index).is_some_and(|token| {
            self.source[..token.start].rsplit('\n').next().is_some_and(|line| line.trim().is_empty())
        });
        match here {
            "when" | "then" | "end" | "case" => {
                wrong("a choice is `if … { … } else { … }`, or `match … { value => …, _ => … }`")
            }
            "as" if self.is_open() => wrong("a value is cast by the name of the type: `int(amount)`"),
            "having" => wrong("write a `filter` behind the `aggregate`"),
            "where" => wrong("a condition is a step of its own: `|> filter …`"),
            "on" if self.tokens.iter().any(|token| token.text == "join") => {
                wrong("a join says the value that is looked up: `by card`")
            }
            "like" | "ilike" | "rlike" => wrong("write `starts_with(…)`, `ends_with(…)` or `contains(…)`"),
            "malformed" => wrong("write `malformed -> kafka(\"…\")`"),
            word if begins_line && DECLARATIONS.contains(&word) => {
                wrong("a declaration begins at the start of its line, without spaces before it")
            }
            _ if self.near(-1) == "(" && matches!(self.near(-2), "kafka" | "embedded") => {
                let quoted = format!("\"{}\"", here.trim_matches('\''));
                let mend = self.is_word(self.index).then(|| (self.span(self.index), quoted));
                Some(Habit {
                    mend,
                    ..self.habit(
                        self.index,
                        "a topic's name stands in quotes",
                        "write `kafka(\"payments\")`",
                    )?
                })
            }
            "kafka" if self.near(1) == "(" => {
                let close = self.closing(self.index + 1)?;
                let equals = (self.index..close).find(|index| self.text(*index) == "=")?;
                let place = self.span(equals);
                Some(Habit {
                    place,
                    message: "`=` does not belong here".to_owned(),
                    note: "an option is given with a colon: `format: json`".to_owned(),
                    mend: Some((place, ":".to_owned())),
                })
            }
            _ => None,
        }
    }
}

fn unit_of(word: &str) -> Option<&'static str> {
    Some(match word {
        "us" | "micros" | "microseconds" => "us",
        "ms" | "msec" | "millis" | "milliseconds" => "ms",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        "d" | "day" | "days" => "d",
        _ => return None,
    })
}
