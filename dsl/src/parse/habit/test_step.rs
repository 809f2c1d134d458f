//! The steps of a `test` block.

use super::{Habit, Look};
use crate::diagnostic::did_you_mean;

const STEPS: &str = "the steps of a test are `SOURCE <- { … }`, `advance to @10:05`, `expect STREAM == [ { … } ]` and `snapshot STREAM`; `tidegate explain test` shows them";

impl Look<'_> {
    pub(super) fn test_step(&self) -> Option<Habit> {
        if self.text(0) != "test" {
            return None;
        }
        let brace = self.find("{", 1, self.tokens.len());
        let Some(brace) = brace.filter(|brace| *brace < self.index) else { return self.test_head() };
        let first = self.first_of_step(brace);
        // What is wrong inside of a row is told as in any record.
        if self.depth(self.index) > 1 && self.open_around(self.index) != Some(brace) && self.near(-1) != "(" {
            return self.feed_brackets(first);
        }
        // `expect` alone takes the next line's word for the stream's name.
        if first > brace + 1 && self.text(first - 1) == "expect" && self.begins_line(first - 1) {
            let note = "write `expect STREAM == [ { … } ]`";
            return self.habit(first - 1, "which stream is compared is not said", note);
        }
        if self.near(0) == ";" {
            return self.instead(0, 1, "a step ends with its line: leave it out", "");
        }
        if self.is_text(self.index) && self.near(1) == "<-" {
            let plain = self.near(0).trim_matches('"');
            let note = format!("write `{plain} <- {{ … }}`");
            let habit = self.habit(self.index, "a source is named without quotes", note)?;
            return Some(habit.mended(self.span(self.index), plain));
        }
        match self.text(first) {
            "expect" => self.expect(first),
            "advance" => self.advance(first),
            "snapshot" => {
                self.habit(first, "which stream is compared is not said", "write `snapshot STREAM`")
            }
            "}" | "" => None,
            _ => match self.text(first + 1) {
                "<-" => self.feed(first),
                "->" | "=" | "=>" | "<" | "<=" => {
                    let length =
                        if self.text(first + 1) == "<" && self.text(first + 2) == "-" { 2 } else { 1 };
                    let by = (first + 1) as isize - self.index as isize;
                    self.instead(by, length, "a test feeds with `<-`: `payments <- { … }`", "<-")
                }
                _ => self.no_test_step(first),
            },
        }
    }

    fn test_head(&self) -> Option<Habit> {
        let form = "write `test \"what it shows\" { … }`";
        if self.text(1) == "(" && self.is_text(2) {
            let habit = self.habit(1, "a test's name stands without brackets", form)?;
            let mend = (self.text(3) == ")").then(|| format!(" {}", self.text(2)));
            return Some(habit.mended_if(self.range(1, 4), mend));
        }
        if !self.is_text(1) {
            let habit = self.habit(1, "a test has a name", form)?;
            let end = self.find("{", 1, self.tokens.len()).filter(|end| *end > 1);
            return Some(match end {
                Some(end) => habit.mended(self.range(1, end), format!("\"{}\"", self.slice(1, end))),
                None => habit,
            });
        }
        if matches!(self.near(0), ":" | "=" | "->" | "=>") && self.index == 2 {
            return self.instead(0, 1, "the steps stand in braces directly behind the test's name", "");
        }
        self.habit(
            self.index,
            "the steps of the test are expected here",
            "write `test \"what it shows\" { … }`, or `test \"what it shows\" for c in [ { … }, { … } ] { … }` for a test of each row",
        )
    }

    /// The first word of the step in which the grammar stopped: it begins its line, or stands behind a row.
    fn first_of_step(&self, brace: usize) -> usize {
        let begins = |index: &usize| {
            self.depth(*index) == 1
                && self.is_word(*index)
                && (*index == brace + 1
                    || self.begins_line(*index)
                    || matches!(self.text(index - 1), "}" | "]" | ";")
                    || self.text(index - 1).starts_with('@'))
        };
        (brace + 1..self.index).rev().find(begins).unwrap_or(brace + 1)
    }

    fn no_test_step(&self, first: usize) -> Option<Habit> {
        let word = self.text(first);
        if self.text(first - 1) == "}" && !self.begins_line(first) {
            let note =
                "a row brings its own time: `{ …, at: @10:00 }`; the next step stands on a line of its own";
            return self.habit(first, format!("`{word}` does not belong behind a row"), note);
        }
        let message = format!("`{word}` is no step of a test");
        let note = match word.to_ascii_lowercase().as_str() {
            "assert" | "then" | "check" | "verify" | "should" | "output" | "result" | "ensure"
            | "expects" => {
                let habit = self.habit(
                    first,
                    message,
                    "write `expect STREAM == [ { … } ]`: all rows that the stream gave",
                )?;
                return Some(habit.mended_if(
                    self.span(first),
                    (self.text(first + 2) == "==").then(|| "expect".to_owned()),
                ));
            }
            "given" | "when" | "feed" | "send" | "publish" | "input" | "insert" | "push" | "produce"
            | "emit" | "put" => {
                let name = self.is_word(first + 1).then(|| self.text(first + 1));
                let source = name.unwrap_or("SOURCE");
                let habit = self.habit(first, message, format!("write `{source} <- {{ … }}, {{ … }}`"))?;
                return Some(match (name, self.text(first + 2)) {
                    (Some(name), "{" | "[") => {
                        habit.mended(self.range(first, first + 2), format!("{name} <-"))
                    }
                    (Some(name), ":" | "=") => {
                        habit.mended(self.range(first, first + 3), format!("{name} <-"))
                    }
                    (Some(name), "<-") => habit.mended(self.range(first, first + 2), name),
                    _ => habit,
                });
            }
            "for" | "foreach" | "with" | "cases" | "case" => {
                "a test of several rows says them behind its name: `test \"…\" for c in [ { amount: 1.00 }, … ] { … }`"
            }
            "delete" | "remove" | "tombstone" | "retract" => {
                let named = self.is_word(first + 1);
                let table = if named { self.text(first + 1) } else { "TABLE" };
                let key = if self.is_text(first + 2) { self.text(first + 2) } else { "\"…\"" };
                let text = format!("{table} <- null key {key}");
                let whole = named && self.is_text(first + 2);
                let habit = self.habit(first, message, format!("a table's row is deleted by `{text}`"))?;
                return Some(habit.mended_if(self.range(first, first + 3), whole.then_some(text)));
            }
            "wait" | "sleep" | "tick" | "after" | "at" | "time" | "move" | "clock" | "forward" => {
                "time moves by `advance to @10:05`; an event that is fed brings its own time"
            }
            "let" | "var" | "set" => {
                "a test has no variables; `for c in [ … ]` behind its name gives it rows"
            }
            _ if self.text(first + 1) == "{" => {
                let habit = self.habit(
                    first + 1,
                    "`<-` is missing before this row",
                    format!("write `{word} <- {{ … }}`"),
                )?;
                return Some(habit.mended(self.behind(first), " <-"));
            }
            _ => match did_you_mean(word, ["expect", "advance", "snapshot"]) {
                Some(meant) => {
                    let habit = self.habit(first, message, format!("did you mean `{meant}`?"))?;
                    return Some(habit.mended(self.span(first), meant));
                }
                None => STEPS,
            },
        };
        self.habit(first, message, note)
    }

    fn advance(&self, first: usize) -> Option<Habit> {
        let to = self.text(first + 1) == "to";
        let at = first + 1 + usize::from(to || self.text(first + 1) == "by");
        let time = self.text(at);
        if !to && time.starts_with('@') {
            let habit =
                self.habit(at, "`to` is missing before the time", format!("write `advance to {time}`"))?;
            let by = self.range(first + 1, at);
            return Some(if at > first + 1 {
                habit.mended(by, "to")
            } else {
                habit.mended(self.before(at), "to ")
            });
        }
        if self.is_duration(at) {
            return self.habit(
                at,
                "time advances to a point, not by a length",
                "write the time that it is then: `advance to @10:05`; `@10:05` is a time of the day of the test's events",
            );
        }
        if self.is_number(at) || self.is_text(at) {
            let end = self.end_of_line(at);
            let text = self.slice(at, end).trim_matches('"').replace(' ', "T");
            let habit = self.habit(at, "a time begins with `@`", format!("write `advance to @{text}`"))?;
            let to = if to { "" } else { "to " };
            return Some(habit.mended(self.range(at, end), format!("{to}@{text}")));
        }
        self.habit(
            self.index.max(first),
            "a time is expected behind `advance to`",
            "write `advance to @10:05`, or with a date `advance to @2026-01-01T10:05:00Z`",
        )
    }

    /// Behind the last token that stands on the line of this one.
    fn end_of_line(&self, index: usize) -> usize {
        (index + 1..self.tokens.len())
            .find(|index| self.begins_line(*index) || matches!(self.text(*index), "}" | ";"))
            .unwrap_or(self.tokens.len())
    }

    fn expect(&self, first: usize) -> Option<Habit> {
        let end = self.end_of_line(first);
        let here = self.near(0);
        if here == "=" && self.near(-1) == "==" {
            return self.instead(-1, 2, "compare with `==`", "==");
        }
        if here == "=" {
            return self.instead(0, 1, "compare with `==`", "==");
        }
        if self.near(-1) == "==" {
            return self.expected_rows();
        }
        if matches!(self.text(first + 1), "error" | "invalid" | "bad" | "rejected" | "dropped")
            && self.is_word(first + 2)
        {
            let asides = "what was set aside is asked for by `expect errors of STREAM.STEP == […]`, `expect malformed SOURCE == […]` and `expect late of STREAM == […]`";
            return self.habit(
                first + 1,
                format!("`{}` is nothing that is expected", self.text(first + 1)),
                asides,
            );
        }
        let words = |word: &str| (first + 1..end).any(|index| self.text(index) == word);
        // What is left of `expect count(s)`, `expect s to equal`, `expect no s` is the stream's name.
        let inside = (self.text(first + 2) == "(" && self.is_word(first + 3)).then(|| self.text(first + 3));
        let none_of = ["no", "nothing", "none", "empty"].contains(&self.text(first + 1)).then(|| {
            let last = (first + 2..end).rev().find(|index| self.is_word(*index));
            last.map_or("", |last| self.text(last))
        });
        let of = (self.text(end - 2) == "of" && self.is_word(end - 1)).then(|| self.text(end - 1));
        let stream = inside.or(none_of).or(of).filter(|name| !name.is_empty());
        let stream = stream.or(self.is_word(first + 1).then(|| self.text(first + 1)));
        let stream = stream.filter(|stream| !matches!(*stream, "errors" | "malformed" | "late"));
        let shown = stream.unwrap_or("STREAM");
        let note = format!(
            "write `expect {shown} == [ {{ id: \"p1\", .. }} ]`: all rows that it gave, in order; `..` leaves the other fields open, and `[]` says that there are none"
        );
        let whole = self.range(first, end);
        let equal = words("==") || words("=");
        let empty = words("empty") || none_of.is_some() || (words("0") && equal && inside.is_some());
        if empty && stream.is_some() {
            let habit = Habit::new(
                whole,
                "that there are no rows is said with `[]`",
                format!("write `expect {shown} == []`"),
            );
            return Some(habit.mended(whole, format!("expect {shown} == []")));
        }
        if inside.is_some() {
            let habit = self.habit(first + 1, "`expect` compares rows, not how many there are", note)?;
            let count =
                self.text(end - 1).parse::<usize>().ok().filter(|count| (1..=9).contains(count) && equal);
            let rows = count.map(|count| vec!["{ .. }"; count].join(", "));
            return Some(habit.mended_if(whole, rows.map(|rows| format!("expect {shown} == [ {rows} ]"))));
        }
        match here {
            "[" | "{" if here == "{" || matches!(self.near(1), "{" | "]") => {
                let close = self.closing(self.index)?;
                let habit = self.habit(self.index, "`==` is missing before the rows", note)?;
                let rows = self.slice(self.index, close + 1);
                let rows = if here == "{" { format!("== [ {rows} ]") } else { format!("== {rows}") };
                Some(habit.mended(self.range(self.index, close + 1), rows))
            }
            "!=" | ">" | "<" | ">=" | "<=" => {
                self.habit(self.index, "`expect` compares with `==` alone", note)
            }
            _ if self.index >= end => {
                self.habit(end - 1, format!("`==` and the rows are missing behind `expect {shown}`"), note)
            }
            _ => {
                let habit = self.habit(self.index, "`expect` compares a stream's rows with `==`", note)?;
                // `expect s to equal [ … ]`
                let rows = (self.index + 1..end).find(|index| self.text(*index) == "[");
                let words = |rows: &usize| {
                    (self.index..*rows).all(|index| !self.text(index).starts_with(['[', '(', '.', '"']))
                };
                Some(match rows.filter(|_| here != "[").filter(words) {
                    Some(rows) if !self.is_number(self.index) => {
                        habit.mended(self.behind(self.index - 1).to(self.before(rows)), " == ")
                    }
                    _ => habit,
                })
            }
        }
    }

    /// Something else than `[` stands behind `==`.
    fn expected_rows(&self) -> Option<Habit> {
        let stream = self.near(-2);
        let note = format!("write `expect {stream} == [ {{ … }}, … ]`, or `[]` if there are none");
        let habit = self.habit(self.index, "a list of rows is expected here", note)?;
        if self.near(0) != "{" {
            return Some(habit);
        }
        let mut end = self.closing(self.index)? + 1;
        while self.text(end) == "," && self.text(end + 1) == "{" {
            end = self.closing(end + 1)? + 1;
        }
        let rows = format!("[ {} ]", self.slice(self.index, end));
        Some(habit.mended(self.range(self.index, end), rows))
    }

    fn feed(&self, first: usize) -> Option<Habit> {
        let input = self.text(first);
        let (before, here) = (self.near(-1), self.near(0));
        if before == "key"
            && self.near(-2) == "null"
            && (self.is_word(self.index) || self.is_number(self.index))
        {
            let text = format!("\"{here}\"");
            let note = format!("write `{input} <- null key {text}`: the key as the record has it");
            let habit = self.habit(self.index, "the key of a row that is deleted is a text", note)?;
            return Some(habit.mended(self.span(self.index), text));
        }
        if before == "null" {
            let note = format!("write `{input} <- null key \"…\"`: the key of the row");
            return self.habit(self.index - 1, "which row is deleted is not said", note);
        }
        if here == "{" && before == "}" {
            let habit = self.habit(
                self.index,
                "a comma is missing before this row",
                format!("write `{input} <- {{ … }}, {{ … }}`"),
            )?;
            return Some(habit.mended(self.behind(self.index - 1), ","));
        }
        if before == "," {
            let habit = self.habit(
                self.index - 1,
                "no row stands behind this comma",
                "take it away, or write another row behind it",
            )?;
            return Some(habit.mended(self.span(self.index - 1), ""));
        }
        if before == "}" && self.is_word(self.index) && !self.begins_line(self.index) {
            let note =
                "a row brings its own time: `{ …, at: @10:00 }`; the next step stands on a line of its own";
            return self.habit(self.index, format!("`{here}` does not belong behind a row"), note);
        }
        if before != "<-" {
            return None;
        }
        if matches!(here, "[" | "(") {
            return self.feed_brackets(first);
        }
        if here.starts_with('"') {
            let habit = self.habit(
                self.index,
                "a row is a record",
                format!("write `{input} <- {{ … }}`; `raw {here}` sends a text as it is"),
            )?;
            return Some(habit.mended(self.before(self.index), "raw "));
        }
        self.habit(
            self.index,
            "a row is expected behind `<-`",
            format!("write `{input} <- {{ … }}`, `raw \"…\"` for a record as it is, or `file(\"…\")` for the lines of a file"),
        )
    }

    /// Rows in a list, or fields in round brackets.
    fn feed_brackets(&self, first: usize) -> Option<Habit> {
        let open = first + 2;
        let input = self.text(first);
        if self.text(first + 1) != "<-" || !matches!(self.text(open), "[" | "(") {
            return None;
        }
        let close = self.closing(open)?;
        let inside = self.slice(open + 1, close);
        let (message, text) = if self.text(open + 1) == "{" {
            ("rows stand behind `<-` without brackets", inside.trim_end_matches(',').to_owned())
        } else {
            ("a row stands in braces", format!("{{ {inside} }}"))
        };
        let habit = self.habit(open, message, format!("write `{input} <- {{ … }}, {{ … }}`"))?;
        Some(habit.mended(self.range(open, close + 1), text))
    }
}
