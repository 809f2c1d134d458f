//! The keys, ranges and orders of steps: what stands behind `by`, `within` and `rolling`.

use super::look::Step;
use super::{Habit, Look};

impl Look<'_> {
    /// `descending`, `ascending`
    pub(super) fn order_of_rows(&self) -> Option<Habit> {
        let text = match self.near(0).to_ascii_lowercase().as_str() {
            "descending" | "desc" => "desc",
            "ascending" | "asc" => "asc",
            _ => return None,
        };
        self.instead(0, 1, "an order is `by amount desc`, the greatest first, or `by amount asc`", text)
    }

    /// `on`, `per` or nothing in place of `by`.
    pub(super) fn by(&self, step: Step) -> Option<Habit> {
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
    pub(super) fn key_parts(&self, step: Step) -> Option<Habit> {
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

    pub(super) fn rolling(&self, step: Step) -> Option<Habit> {
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
        if here == "," && matches!(self.near(1), "excluding" | "granularity" | "ordered") {
            return self.instead(
                0,
                1,
                "the parts of a `rolling` stand one behind the other without commas",
                "",
            );
        }
        if here == "including" && self.near(1) == "current" {
            let note = "the event itself counts where nothing is said, and does not with `excluding current`";
            return self.instead(0, 2, note, "");
        }
        if matches!(here, "exclude" | "excludes" | "without") && self.near(1) == "current" {
            return self.instead(0, 1, "write `excluding current`: without the event itself", "excluding");
        }
        if here == "{" && self.expects("`by`") && self.find("by", self.index, step.end).is_none() {
            let range = self.slice(first, self.index);
            let fields =
                self.closing(self.index).map_or("{ … }", |close| self.slice(self.index, close + 1));
            let note = format!(
                "write `rolling {range} by KEY {fields}`: each value of the field KEY has a count of its own"
            );
            return self.habit(self.index, "by what field events belong together is not said", note);
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

    pub(super) fn within(&self, step: Step) -> Option<Habit> {
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
