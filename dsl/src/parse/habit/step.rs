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
                "rolling" => {
                    self.rolling(step).or_else(|| self.key_parts(step)).or_else(|| self.fields(step))
                }
                "select" | "drop" => self.field_names(step),
                "window" => self.window(step),
                "join" | "left" | "outer" => self.join(step),
                "dedupe" => self.within(step),
                "branch" => self.branch(),
                "group" | "repartition" => self.grouped(step),
                "expand" => self.expanded(step),
                "filter" => self.conditions(),
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
            let key = self.slice(self.index + 1, end);
            let fields = self.slice(step.keyword, self.index);
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

    /// `select` and `drop` take names of fields, and nothing else.
    fn field_names(&self, step: Step) -> Option<Habit> {
        let keyword = self.text(step.keyword);
        let first = step.keyword + 1;
        let end = self.without_errors(step);
        if self.index > end || first >= end {
            return None;
        }
        if matches!(self.text(first), "{" | "[" | "(") {
            let close = self.closing(first)?;
            let inside = self.slice(first + 1, close);
            let names = !inside.contains(['(', ':', '*', '+', '"']);
            let habit = self.habit(
                first,
                format!("the fields of `{keyword}` stand without brackets"),
                if names {
                    format!("write `{keyword} {inside}`")
                } else {
                    "values are made by `map { name: … }`".to_owned()
                },
            )?;
            let space = if self.behind(step.keyword).end == self.span(first).start { " " } else { "" };
            return Some(
                habit.mended_if(self.range(first, close + 1), names.then(|| format!("{space}{inside}"))),
            );
        }
        if self.text(first) == "*" {
            return self.habit(
                first,
                "`*` does not belong here",
                "all fields stay where no step takes them away: leave the `select` out",
            );
        }
        if keyword == "drop" {
            return None;
        }
        let fields = self.as_fields(first, end);
        let note = match &fields {
            Some(fields) => format!("values are made by `map`: write `map {{ {fields} }}`"),
            None => "values are made by `map`: write `map { id, total: amount * 2 }`".to_owned(),
        };
        let habit =
            self.habit(self.index.min(end - 1), "`select` takes names of fields, and no values", note)?;
        Some(
            habit
                .mended_if(self.range(step.keyword, end), fields.map(|fields| format!("map {{ {fields} }}"))),
        )
    }

    fn branch(&self) -> Option<Habit> {
        let open = self.open_around(self.index)?;
        if self.text(open - 1) != "branch" {
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

    fn expanded(&self, step: Step) -> Option<Habit> {
        if self.near(0) == "into" || self.near(0) == "to" {
            return self.instead(0, 1, "write `expand LIST as NAME`", "as");
        }
        let _ = step;
        None
    }

    /// Two conditions with a comma between them.
    fn conditions(&self) -> Option<Habit> {
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if self.near(-1) != "," || self.depth(self.index) > 0 || is_number(self.near(0)) {
            return None;
        }
        let habit = self.habit(
            self.index - 1,
            "a `filter` has one condition",
            "join them by `and`: `filter amount > 10.00 and country == \"NL\"`",
        )?;
        Some(habit.mended(self.span(self.index - 1), " and"))
    }

    /// `on`, `per` or nothing in place of `by`.
    fn by(&self, step: Step) -> Option<Habit> {
        if !self.expects("`by`") || self.depth(self.index) > 0 {
            return None;
        }
        let here = self.near(0);
        let key = match self.is_word(self.index)
            && !matches!(here, "on" | "per" | "for" | "using" | "over" | "key" | "with")
        {
            true => here,
            false if self.is_word(self.index + 1) => self.text(self.index + 1),
            false => "KEY",
        };
        let form = format!("write `{} by {key}`", self.slice(step.keyword, self.index));
        if matches!(here, "on" | "per" | "for" | "using" | "BY" | "By" | "over" | "key" | "with" | ":") {
            let text = if here == ":" { " by" } else { "by" };
            return self.instead(0, 1, &form, text);
        }
        let other =
            matches!(here, "where" | "as" | "within" | "and" | "or" | "on" | "errors" | "desc" | "asc");
        if self.is_word(self.index) && !other || here == "(" {
            let habit = self.habit(self.index, format!("`by` is missing before `{here}`"), form)?;
            return Some(habit.mended(self.before(self.index), "by "));
        }
        None
    }

    /// A key of several parts stands in brackets where more follows; and is made of fields.
    fn key_parts(&self, step: Step) -> Option<Habit> {
        if self.depth(self.index) > 0 {
            return None;
        }
        let keyword = self.text(step.keyword);
        if !matches!(keyword, "dedupe" | "rolling" | "match" | "schedule" | "join" | "left" | "outer") {
            return None;
        }
        let by = self.find("by", step.keyword, self.index)?;
        let path = |index: &usize| self.is_word(*index) || self.text(*index) == ".";
        if self.near(0) == "," && (by + 1..self.index).all(|index| path(&index)) {
            // `card, id within`: a name behind a comma is part of the key, the next word is not.
            let mut end = self.index;
            while self.text(end) == "," && self.is_word(end + 1) {
                end += 2;
                while self.text(end) == "." {
                    end += 2;
                }
            }
            let fields = self.slice(by + 1, end);
            let habit = self.habit(
                self.index,
                "a key of several fields stands in brackets",
                format!("write `by ({fields})`"),
            )?;
            return Some(habit.mended(self.range(by + 1, end), format!("({fields})")));
        }
        if self.near(0) == "(" && self.index > by + 1 && self.is_word(self.index - 1) {
            let close = self.closing(self.index)?;
            let call = self.slice(by + 1, close + 1);
            return self.habit(
                self.index,
                "the key of this step is a field",
                format!("make it one in a step before: `|> add {{ key: {call} }} |> {keyword} … by key`"),
            );
        }
        None
    }

    fn rolling(&self, step: Step) -> Option<Habit> {
        if self.depth(self.index) > 0 {
            return None;
        }
        let here = self.near(0);
        let first = step.keyword + 1;
        if self.index == first && matches!(here, "over" | "last" | "window" | "of" | "for" | "the" | "within")
        {
            let length = 1 + usize::from(matches!(self.near(1), "last" | "the" | "of"));
            return self.instead(0, length, "write `rolling 5m by KEY { … }`", "");
        }
        if self.is_number(first)
            && self.index == first + 1
            && matches!(here, "events" | "event" | "row" | "records" | "values" | "last" | "entries")
        {
            return self.instead(
                0,
                1,
                "write `rolling 5 rows by KEY { … }`: the last five events of the key",
                "rows",
            );
        }
        if here == "{" && self.near(-1) == "excluding" {
            let habit = self.habit(
                self.index,
                "what is excluded is not said",
                "write `excluding current`: the event itself is left out",
            )?;
            return Some(habit.mended(self.before(self.index), "current "));
        }
        if here == "|>" && self.near(1) == "aggregate" {
            return self.instead(
                0,
                2,
                "the fields stand in the `rolling` itself: `rolling 5m by card { n: count() }`",
                "",
            );
        }
        None
    }

    fn within(&self, step: Step) -> Option<Habit> {
        if !self.expects("`within`") || self.depth(self.index) > 0 {
            return None;
        }
        let key = match self.text(step.keyword + 1) {
            "by" => self.slice(step.keyword + 2, self.index.min(step.end)),
            _ => "KEY",
        };
        let length = (self.index..self.index + 2).find(|index| self.is_duration(*index));
        let length = length.map_or("1h", |length| self.text(length));
        let form = format!("write `dedupe by {key} within {length}`: how long a key is remembered");
        let form = form.as_str();
        if matches!(self.near(0), "for" | "in" | "over" | "every" | "window" | "during" | "last")
            && self.is_number(self.index + 1)
        {
            return self.instead(0, 1, form, "within");
        }
        if self.is_duration(self.index) {
            let habit = self.habit(self.index, "`within` is missing before this length of time", form)?;
            return Some(habit.mended(self.before(self.index), "within "));
        }
        if self.index >= step.end {
            return self.habit(step.end - 1, "it is not said how long a key is remembered", form);
        }
        None
    }
}
