//! The parts of one step of a pipeline.

use super::look::Step;
use super::{Habit, Look};

impl Look<'_> {
    pub(super) fn step_part(&self) -> Option<Habit> {
        if !matches!(self.text(0), "stream" | "table") {
            return None;
        }
        let step = self.step()?;
        self.error_route(step)
            .or_else(|| self.lambda(step))
            .or_else(|| match self.text(step.keyword) {
                "map" | "add" | "aggregate" => self.fields(step),
                "rolling" => self
                    .rolling(step)
                    .or_else(|| self.key_parts(step))
                    .or_else(|| self.other_order(step))
                    .or_else(|| self.fields(step)),
                "select" | "drop" => self.field_names(step),
                "window" => self.window(step),
                "join" | "left" | "outer" => self.join(step),
                "dedupe" => self.within(step),
                "branch" => self.branch(),
                "match" => self.pattern().or_else(|| self.skip()),
                "group" | "repartition" => self.grouped(step),
                "expand" => self.expanded(),
                "filter" => self.conditions(step),
                "top" => self.order_of_rows(),
                "emit" if self.index > step.keyword + 1 && self.is_word(self.index) => self.habit(
                    self.index,
                    format!("`{}` does not belong here", self.near(0)),
                    "`emit` says one thing: `emit final`, `emit changes` or `emit every 10s`",
                ),
                _ => None,
            })
            .or_else(|| self.other_order(step))
            .or_else(|| self.by(step))
            .or_else(|| self.key_parts(step))
    }

    /// `errors ->` without its comma, or by another name.
    fn error_route(&self, step: Step) -> Option<Habit> {
        if self.depth(self.index) > 0 {
            return None;
        }
        let (before, here) = (self.near(-1), self.near(0));
        if here == "errors" && self.near(1) == "->" && before != "," {
            let habit = self.habit(
                self.index,
                "a comma is missing before `errors`",
                format!("write `{} …, errors -> kafka(\"…\")`", self.text(step.keyword)),
            )?;
            return Some(habit.mended(self.behind(self.index - 1), ","));
        }
        let names =
            ["dead_letter", "dead_letters", "dlq", "on_error", "error", "malformed", "failed", "rejects"];
        if names.contains(&here) && matches!(self.near(1), "->" | "kafka") {
            let comma = if before == "," { "" } else { ", " };
            let place = if before == "," {
                self.span(self.index)
            } else {
                self.behind(self.index - 1).to(self.span(self.index))
            };
            let arrow = if self.near(1) == "->" { "" } else { " ->" };
            let habit = self.habit(
                self.index,
                format!("`{here}` is no part of a step"),
                "events that fail in a step go to `, errors -> kafka(\"…\")`",
            )?;
            return Some(habit.mended(place, format!("{comma}errors{arrow}")));
        }
        None
    }

    /// A record without its braces, or in SQL's way.
    fn fields(&self, step: Step) -> Option<Habit> {
        let keyword = self.text(step.keyword);
        let end = self.without_errors(step);
        let brace = match keyword {
            "rolling" => self.find("{", step.keyword, end),
            _ => Some(step.keyword + 1).filter(|first| self.text(*first) == "{"),
        };
        let aggregates = matches!(keyword, "aggregate" | "rolling");
        if keyword == "aggregate" && self.near(0) == "by" && self.depth(self.index) == 0 {
            let brace = self.find("{", self.index, end);
            let key = self.slice(self.index + 1, brace.unwrap_or(end));
            let fields = match brace {
                Some(brace) => format!("aggregate {}", self.slice(brace, end)),
                None => self.slice(step.keyword, self.index).to_owned(),
            };
            let habit = self.habit(
                self.index,
                "the key of an `aggregate` stands in a step before it",
                format!("write `group by {key} |> {fields}`"),
            )?;
            return Some(habit.mended(self.range(step.keyword, end), format!("group by {key} |> {fields}")));
        }
        let example = if aggregates {
            "{ payments: count(), total: sum(amount) }"
        } else {
            "{ id, total: amount * 2 }"
        };
        if let Some(open) = brace.filter(|open| *open < self.index) {
            return self.fields_inside(keyword, open, aggregates, example);
        }
        // Before the braces of a `rolling` stand its other parts.
        let first = match keyword {
            "rolling" if self.expects("`{ name: … }`") => self.index,
            "rolling" => return None,
            _ => step.keyword + 1,
        };
        if first >= end || self.text(first) == "{" || self.index > end || self.text(first) == "match" {
            return None;
        }
        // A call of a `fn` or another value may stand behind `map`.
        let part = |sign: &str| self.find(sign, first, end).is_some();
        let listed = part(":") || part(",") || part("=") || part("as");
        if keyword == "map" && !listed {
            return None;
        }
        let fields = self.as_fields(first, end);
        let note = match &fields {
            Some(fields) => format!("write `{keyword} {{ {fields} }}`").replace("rolling {", "rolling … {"),
            None => format!("write `{keyword} {example}`"),
        };
        let habit =
            self.habit(self.index.min(end - 1), format!("the fields of `{keyword}` stand in braces"), note)?;
        Some(habit.mended_if(self.range(first, end), fields.map(|fields| format!("{{ {fields} }}"))))
    }

    fn fields_inside(&self, keyword: &str, open: usize, aggregates: bool, example: &str) -> Option<Habit> {
        if self.open_around(self.index) != Some(open) && self.open_around(self.index + 1) != Some(open) {
            return None;
        }
        let close = self.closing(open)?;
        if self.index > close {
            return None;
        }
        let here = self.near(0);
        // Only what has no name, and what has it behind itself: `count()`, `amount as total`, `*`.
        let part =
            self.parts(open + 1, close).into_iter().find(|(from, to)| (*from..=*to).contains(&self.index))?;
        let named = matches!(self.text(part.0 + 1), ":") || self.text(part.0) == "..";
        let value = self.text(part.0 + 1) != "="
            && (self.is_word(part.0) || self.is_number(part.0) || self.is_text(part.0));
        let value = value
            && !named
            && self.index > part.0
            && self.index < part.1
            && !self.is_word(self.index)
            && self.text(part.0 + 1) != "(";
        if value && !aggregates && !matches!(here, "}" | "," | ":" | "=") {
            let note = format!("write `{{ name: {} }}`", self.slice(part.0, part.1));
            return self.habit(part.0, "a value that is no field needs a name", note);
        }
        let renamed = self.find("as", part.0, part.1).is_some_and(|at| at + 2 == part.1);
        let nameless = aggregates && self.text(part.0 + 1) == "(";
        if named || !(renamed || nameless || here == "*" && self.near(-1) != ".") {
            return None;
        }
        let fields = self.as_fields(open + 1, close);
        let message = match here {
            "*" => "all fields of the event are written `..it`".to_owned(),
            _ if renamed => "a field's name stands before its value".to_owned(),
            _ => format!("each field of `{keyword}` has a name"),
        };
        let note = match &fields {
            Some(fields) => format!("write `{{ {fields} }}`"),
            None => format!("write `{example}`"),
        };
        let habit = self.habit(self.index.min(part.1), message, note)?;
        Some(habit.mended_if(self.range(open, close + 1), fields.map(|fields| format!("{{ {fields} }}"))))
    }

    fn branch(&self) -> Option<Habit> {
        let open = self.open_around(self.index)?;
        if self.text_before(open) != "branch" {
            return None;
        }
        match self.near(0) {
            ":" | "=" | "when" => self.instead(
                0,
                1,
                "a branch is written `NAME if CONDITION`, and the last one `else NAME`",
                " if",
            ),
            "->" | "=>" | ">" | "<" | "==" | "(" => self.habit(
                self.index,
                "a branch begins with its name",
                "write `branch { large if amount > 100.00, else rest }`",
            ),
            _ => None,
        }
    }

    fn grouped(&self, step: Step) -> Option<Habit> {
        let keyword = self.text(step.keyword);
        if self.near(-1) == "window" && self.near(-2) == "," && keyword == "group" {
            let habit = self.habit(
                self.index - 1,
                "`window` is a step of its own",
                "write `group by card |> window tumbling 1h`",
            )?;
            return Some(habit.mended(self.span(self.index - 2), " |>"));
        }
        if self.near(0) != "{" || self.depth(self.index) > 0 || keyword != "group" || self.near(-1) == "by" {
            return None;
        }
        let habit = self.habit(
            self.index,
            "`group by` names the key alone",
            "the fields of each row stand in a step behind it: `group by card |> aggregate { … }`",
        )?;
        Some(habit.mended(self.before(self.index), "|> aggregate "))
    }

    fn expanded(&self) -> Option<Habit> {
        if self.near(0) == "into" || self.near(0) == "to" {
            return self.instead(0, 1, "write `expand LIST as NAME`", "as");
        }
        None
    }

    /// Two conditions with a comma between them.
    fn conditions(&self, step: Step) -> Option<Habit> {
        let first = step.keyword + 1;
        if self.text(first) == "{" && self.open_around(self.index) == Some(first) {
            let close = self.closing(first)?;
            let inside = self.slice(first + 1, close);
            let habit =
                self.habit(first, "a condition stands without braces", format!("write `filter {inside}`"))?;
            return Some(habit.mended(self.range(first, close + 1), inside));
        }
        if self.near(0) == "," && self.text(first) == "(" && self.open_around(self.index) == Some(first) {
            let note = "join them by `and`: `filter amount > 10.00 and country == \"NL\"`";
            let habit = self.habit(self.index, "a `filter` has one condition", note)?;
            return Some(habit.mended(self.span(self.index), " and"));
        }
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if self.near(-1) != "," || self.depth(self.index) > 0 || is_number(self.near(0)) {
            return None;
        }
        // `country in "NL", "BE"`
        if self.is_text(self.index) && self.is_text(self.index - 2) && self.near(-3) == "in" {
            let from = self.index - 2;
            let mut end = self.index + 1;
            while self.text(end) == "," && self.is_text(end + 1) {
                end += 2;
            }
            let text = format!("[{}]", self.slice(from, end));
            let habit = Habit::new(
                self.range(from, end),
                "a list stands in square brackets",
                format!("write `in {text}`"),
            );
            return Some(habit.mended(self.range(from, end), text));
        }
        let habit = self.habit(
            self.index - 1,
            "a `filter` has one condition",
            "join them by `and`: `filter amount > 10.00 and country == \"NL\"`",
        )?;
        Some(habit.mended(self.span(self.index - 1), " and"))
    }
}
