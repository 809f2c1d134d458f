//! Signs and words of other languages in expressions.

use super::{Habit, Look, elsewhere};

impl Look<'_> {
    pub(super) fn value(&self) -> Option<Habit> {
        self.element_function()
            .or_else(|| self.pair())
            .or_else(|| self.method())
            .or_else(|| self.cast())
            .or_else(|| self.duration())
            .or_else(|| self.number())
            .or_else(|| self.quoted_names())
            .or_else(|| self.capitals())
            .or_else(|| self.choice())
            .or_else(|| self.distinct())
            .or_else(|| self.comma())
            .or_else(|| self.sign())
            .or_else(|| self.word())
    }

    /// Signs that are known with what stands before them.
    fn pair(&self) -> Option<Habit> {
        let (before, here) = (self.near(-1), self.near(0));
        let in_match = (0..self.index.min(self.tokens.len())).any(|index| self.text(index) == "match");
        match (before, here) {
            ("<", ">") => self.instead(-1, 2, "unequal is `!=`", "!="),
            ("*", "*") => self.instead(-1, 2, "there is no power: write `a * a`", "*"),
            ("+", "+") => self.habit(self.index, "`++` does not belong here", "write `n + 1`: a value never changes"),
            ("-", _) if self.near(-2) == "-" && self.expects("an expression") => {
                let place = self.range(self.index - 2, self.index);
                let alone = self.span(self.index - 2).end == self.span(self.index - 1).start;
                let habit = Habit::new(place, "`--` does not belong here", "a comment begins with `//`; to count down write `n - 1`");
                Some(habit.mended_if(place, alone.then(|| "//".to_owned())))
            }
            (":", "=") => self.instead(-1, 2, "a field is given with a colon alone", ":"),
            ("=", ">") | (_, "=>") if !in_match => self.habit(
                self.index,
                "`=>` does not belong here",
                "it stands in the arms of a `match`, and in the last argument of `map`, `filter` and others: `map(list, x => …)`",
            ),
            ("..", ".") => self.instead(-1, 2, "two dots: `{ ..it, name: … }`, and `..` alone in a test's row", ".."),
            ("is", _) | ("not", _) if before == "is" || self.near(-2) == "is" => {
                let is = if before == "is" { self.index - 1 } else { self.index - 2 };
                let length = self.index - is;
                let by = is as isize - self.index as isize;
                if elsewhere::constant(here) == Some("null") {
                    return self.instead(0, 1, "null is written `null`", "null");
                }
                let sign = if length == 1 { "==" } else { "!=" };
                let habit = self.instead(by, length, "", sign)?;
                Some(Habit {
                    place: self.span(self.index),
                    message: "`is` asks for null alone: `is null`, `is not null`".to_owned(),
                    note: format!("compare with `{sign}`"),
                    ..habit
                })
            }
            _ => None,
        }
    }

    /// `country.trim()`
    fn method(&self) -> Option<Habit> {
        if self.near(0) != "(" || self.near(-2) != "." || !self.is_word(self.index - 1) {
            return None;
        }
        let dot = self.index - 2;
        let dot = if self.text(dot - 1) == "?" { dot - 1 } else { dot };
        let name = self.near(-1);
        let start = self.value_before(dot)?;
        let value = self.slice(start, dot);
        let close = self.closing(self.index)?;
        let arguments = self.slice(self.index + 1, close);
        let known = elsewhere::function_here(name);
        let shown = known.map_or_else(|| elsewhere::snake(name), str::to_owned);
        let value = if self.text(start) == "(" && self.closing(start) == Some(dot - 1) {
            &value[1..value.len() - 1]
        } else {
            value
        };
        let call = match arguments {
            "" => format!("{shown}({})", value.trim()),
            arguments => format!("{shown}({}, {arguments})", value.trim()),
        };
        let note = match known {
            Some(_) => format!("write `{call}`: a function takes the value as its first argument"),
            None => format!(
                "there is no function `{shown}` either; a function takes the value as its first argument, and `tidegate explain functions` lists them all"
            ),
        };
        let place = self.range(start, close + 1);
        let habit = Habit::new(self.range(self.index - 1, close + 1), "values have no methods", note);
        // `filter(a).trim()`
        let joined = start > 0 && self.is_word(start - 1) && self.behind(start - 1).end == place.start;
        let space = if joined { " " } else { "" };
        Some(habit.mended_if(place, known.map(|_| format!("{space}{call}"))))
    }

    /// `count(distinct card)`
    fn distinct(&self) -> Option<Habit> {
        let before = self.near(-1);
        if !before.eq_ignore_ascii_case("distinct") || self.near(-2) != "(" || !self.is_word(self.index) {
            return None;
        }
        let close = self.closing(self.index - 2)?;
        let function = self.near(-3).to_ascii_lowercase();
        let text = format!("{function}_distinct({})", self.slice(self.index, close));
        let message = format!("`{before}` does not belong here");
        let habit = self.habit(self.index - 1, message, format!("write `{text}`"))?;
        let known = matches!(function.as_str(), "count" | "collect");
        Some(habit.mended_if(self.range(self.index - 3, close + 1), known.then_some(text)))
    }

    /// `AND`, `IS NOT NULL`, `BETWEEN`
    fn capitals(&self) -> Option<Habit> {
        let at = if self.near(-1) == "NOT" || self.near(-1) == "Not" { self.index - 1 } else { self.index };
        let here = self.text(at);
        let lower = here.to_ascii_lowercase();
        let known = matches!(
            lower.as_str(),
            "and" | "or" | "not" | "in" | "is" | "between" | "if" | "else" | "match"
        );
        if !known || here == lower {
            return None;
        }
        let mut end = at + 1;
        while matches!(self.text(end), "NOT" | "NULL" | "Not" | "Null" | "not" | "null" | "IN" | "BETWEEN")
            && lower != "and"
            && lower != "or"
        {
            end += 1;
        }
        let found = self.slice(at, end);
        let small = found.to_ascii_lowercase();
        let place = self.range(at, end);
        let habit = Habit::new(
            place,
            format!("`{found}` does not belong here"),
            format!("operators are written in small letters: `{small}`"),
        );
        Some(habit.mended(place, small))
    }

    /// `c ? a : b`, `if c then a else b`, `if (c) a else b`, and what is wrong in a `match`.
    fn choice(&self) -> Option<Habit> {
        let at = self.index;
        let here = self.near(0);
        if here == "?" {
            return self.ternary(at);
        }
        if self.near(-1) == "?" {
            return self.ternary(at - 1);
        }
        if let Some(open) = self.open_around(at)
            && self.is_match(open)
        {
            match here {
                ":" | "->" => return self.instead(0, 1, "an arm of a `match` has `=>`", " =>"),
                "=>" if matches!(self.near(-1), "else" | "default" | "otherwise") => {
                    return self.instead(-1, 1, "the arm for all the rest is `_ => …`", "_");
                }
                "else" | "default" | "otherwise" => {
                    return self.instead(0, 1, "the arm for all the rest is `_ => …`", "_");
                }
                ";" => return self.instead(0, 1, "the arms of a `match` stand apart by commas", ","),
                _ if self.near(-1) == "case" || self.near(-1) == "when" => {
                    return self.instead(
                        -1,
                        1,
                        "an arm of a `match` begins with its value: `\"NL\" => 1`",
                        "",
                    );
                }
                _ => {}
            }
        }
        if matches!(self.near(-1), "switch" | "case")
            && (self.is_word(at) || here == "(")
            && self.find("{", at, self.tokens.len()).is_some()
        {
            return self.instead(-1, 1, "a choice by value is `match x { 1 => …, _ => … }`", "match");
        }
        let is_value =
            here == "then" || self.is_text(at) || self.is_number(at) || self.is_word(at) && here != "else";
        let depth = self.depth(at);
        let condition = (0..at).rev().find(|index| self.text(*index) == "if" && self.depth(*index) == depth);
        // In a `branch` and a `match by` a condition alone stands behind `if`.
        let alone = self.open_around(at).is_some_and(|open| self.text(open.saturating_sub(1)) == "branch")
            || self.step().is_some_and(|step| self.text(step.keyword) == "match");
        let condition =
            condition.filter(|condition| !alone && (*condition..at).all(|index| self.text(index) != "{"))?;
        if !is_value || condition + 1 >= at || !(here == "then" || self.near(-1) == ")") {
            return None;
        }
        let from = at + usize::from(here == "then");
        let otherwise = self.find("else", from, self.tokens.len());
        let end = |from: usize| {
            (from..self.tokens.len())
                .find(|index| {
                    self.depth(*index) == depth && matches!(self.text(*index), "," | "}" | ")" | "]" | "|>")
                })
                .unwrap_or(self.tokens.len())
        };
        let habit = self.habit(
            at,
            "the branches of an `if` stand in braces",
            "write `if amount > 10.00 { \"large\" } else { \"small\" }`",
        )?;
        let Some(otherwise) = otherwise.filter(|otherwise| *otherwise < end(from)) else {
            return Some(habit);
        };
        let last = end(otherwise);
        let nested = self.text(otherwise + 1) == "if";
        let text =
            format!("{{ {} }} else {{ {} }}", self.slice(from, otherwise), self.slice(otherwise + 1, last));
        Some(habit.mended_if(self.range(at, last), (!nested).then_some(text)))
    }

    fn is_match(&self, open: usize) -> bool {
        self.text(open) == "{"
            && (0..open)
                .rev()
                .take_while(|index| !matches!(self.text(*index), "{" | "|>" | ","))
                .any(|index| self.text(index) == "match" && self.depth(index) == self.depth(open))
            && self.step().is_none_or(|step| self.text(step.keyword) != "match")
    }

    fn ternary(&self, at: usize) -> Option<Habit> {
        let depth = self.depth(at);
        let habit = self.habit(
            at,
            "`?` does not belong here",
            "a choice is `if … { … } else { … }`, and `??` gives a value for null",
        )?;
        let colon = self.find(":", at, self.tokens.len());
        let begins = |index: &usize| {
            (self.depth(*index) == depth
                && matches!(self.text(*index), ":" | "," | "=>" | "|>" | "=" | "filter" | "map"))
                || self.depth(*index) < depth
        };
        let start = (0..at).rev().find(begins).map_or(0, |before| before + 1);
        let Some(colon) = colon.filter(|_| start < at) else {
            // `note ? "none"`
            return Some(habit.mended(self.span(at), "??"));
        };
        let end = (colon..self.tokens.len())
            .find(|index| {
                self.depth(*index) == depth && matches!(self.text(*index), "," | "}" | ")" | "]" | "|>")
            })
            .unwrap_or(self.tokens.len());
        let text = format!(
            "if {} {{ {} }} else {{ {} }}",
            self.slice(start, at),
            self.slice(at + 1, colon),
            self.slice(colon + 1, end)
        );
        Some(habit.mended(self.range(start, end), text))
    }

    fn sign(&self) -> Option<Habit> {
        let (here, next) = (self.near(0), self.near(1));
        match (here, next) {
            ("&", "&") => self.instead(0, 2, "write `and`", "and"),
            ("|", "|") => self.instead(
                0,
                2,
                "write `or`; texts are put together in a format string: `f\"{a} {b}\"`",
                "or",
            ),
            ("!", "in") => self.instead(0, 1, "write `not in`", "not "),
            ("!", _) => self.instead(0, 1, "write `not`", "not "),
            ("==", "=") => self.instead(0, 2, "compare with `==`", "=="),
            ("=", _) if self.near(-1) == "==" => self.instead(-1, 2, "compare with `==`", "=="),
            ("=", _) => self.instead(0, 1, "compare with `==`", "=="),
            (";", _) => self.instead(0, 1, "a declaration ends with its line: leave it out", ""),
            ("'", _) => self.single_quoted(),
            ("`", _) if self.near(2) == "`" => {
                self.instead(0, 3, "a field is named without quotes", self.near(1))
            }
            ("|", _) => self.instead(0, 1, "steps are joined by `|>`", "|>"),
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
            ("$", _) => self.instead(0, 1, "a field is named without `$`", ""),
            ("#", _) => self.instead(0, 1, "a comment begins with `//`", "//"),
            ("/", "*") => self.habit(
                self.index,
                "`/*` does not belong here",
                "a comment begins with `//` and ends with its line",
            ),
            ("-", "-") => {
                let place = self.range(self.index, self.index + 2);
                let habit = Habit::new(place, "`--` does not belong here", "a comment begins with `//`");
                Some(habit.mended(place, "//"))
            }
            ("~", _) => self.habit(self.index, "`~` does not belong here", "compare with `==` and `!=`"),
            ("*", ")") => self.instead(0, 1, "`count()` counts events", ""),
            ("*", "," | "}") if matches!(self.near(-1), "{" | ",") => {
                self.instead(0, 1, "all fields of the event are written `..it`", "..it")
            }
            ("}" | ",", _)
                if let Some(open) =
                    self.open_around(self.index).filter(|open| *open > 0 && self.text(open - 1) == "in") =>
            {
                let close = self.closing(open)?;
                let place = self.range(open, close + 1);
                let text = format!("[{}]", self.slice(open + 1, close));
                let habit =
                    Habit::new(place, "a list stands in square brackets", format!("write `in {text}`"));
                Some(habit.mended(place, text))
            }
            (")" | "]" | "}", _) if self.depth(self.index) == 0 => self.habit(
                self.index,
                format!("no bracket is open that `{here}` would close"),
                "take it away, or open one before",
            ),
            _ if self.near(-1) == "%"
                && self.near(-2).len() <= 2
                && self.near(-2).starts_with(|c: char| c.is_ascii_digit()) =>
            {
                let text = format!("0.{:0>2}", self.near(-2));
                self.instead(-2, 2, "a share is a number: ten per cent is `0.10`", &text)
            }
            _ => None,
        }
    }

    /// `'NL'`
    fn single_quoted(&self) -> Option<Habit> {
        let habit =
            self.habit(self.index, "`'` does not belong here", "texts stand in double quotes: `\"NL\"`")?;
        let close = (self.index + 1..self.tokens.len())
            .take_while(|index| !self.begins_line(*index))
            .find(|index| self.text(*index) == "'");
        Some(match close {
            Some(close) => {
                let place = self.range(self.index, close + 1);
                let inside = &self.source[place.start as usize + 1..place.end as usize - 1];
                habit.mended_if(place, (!inside.contains(['"', '\\'])).then(|| format!("\"{inside}\"")))
            }
            None => habit,
        })
    }

    fn word(&self) -> Option<Habit> {
        let here = self.near(0);
        let wrong = |note: &str| self.habit(self.index, format!("`{here}` does not belong here"), note);
        match here {
            "when" | "then" | "end" | "case" => {
                wrong("a choice is `if … { … } else { … }`, or `match … { value => …, _ => … }`")
            }
            "having" => wrong("write a `filter` behind the `aggregate`"),
            "where" if self.depth(self.index) > 0 => wrong(
                "some of the events are counted by `count_if(amount > 10.00)`; a condition for all is a step of its own, `|> filter …`",
            ),
            "where" => wrong("a condition is a step of its own: `|> filter …`"),
            "on" if self.tokens.iter().any(|token| token.text == "join") => {
                wrong("a join says the value that is looked up: `by card`")
            }
            "like" | "ilike" | "rlike" | "LIKE" | "ILIKE" => {
                wrong("write `starts_with(…)`, `ends_with(…)` or `contains(…)`")
            }
            _ if self.near(-1) == "(" && matches!(self.near(-2), "kafka" | "embedded") => {
                self.topic_unquoted(self.closing(self.index - 1)?)
            }
            _ => None,
        }
    }
}
