//! `select` and `drop` with more than names of fields.

use super::look::Step;
use super::{Habit, Look};
use crate::check::aggregate::is_aggregate;

impl Look<'_> {
    /// `select` and `drop` take names of fields, and nothing else.
    pub(super) fn field_names(&self, step: Step) -> Option<Habit> {
        let keyword = self.text(step.keyword);
        let first = step.keyword + 1;
        let end = self.without_errors(step);
        if self.index > end || first >= end {
            return None;
        }
        if matches!(self.text(first), "{" | "[" | "(") {
            let close = self.closing(first)?;
            let inside = self.slice(first + 1, close);
            let names = !inside.contains(['(', ':', '*', '+', '"', '.', '=']);
            if keyword == "select"
                && !names
                && let Some(habit) = self.selected_aggregates(step, first + 1, close, close + 1)
            {
                return Some(habit);
            }
            let fields = self.as_fields(first + 1, close).filter(|_| keyword == "select" && !names);
            if let Some(fields) = fields {
                let note = format!("values are made by `map`: write `map {{ {fields} }}`");
                let habit = self.habit(first, "`select` takes names of fields, and no values", note)?;
                return Some(
                    habit.mended(self.range(step.keyword, close + 1), format!("map {{ {fields} }}")),
                );
            }
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
        let is_name = |index: usize| self.is_word(index) || matches!(self.text(index), "." | ",");
        if (first..end).all(is_name)
            && self.is_word(self.index)
            && self.is_word(self.index - 1)
            && self.near(-1) != "as"
        {
            let habit = self.habit(
                self.index,
                format!("a comma is missing before `{}`", self.near(0)),
                format!("write `{keyword} FIELD, FIELD`"),
            )?;
            return Some(habit.mended(self.behind(self.index - 1), ","));
        }
        if keyword == "drop" {
            return None;
        }
        if let Some(habit) = self.selected_aggregates(step, first, end, end) {
            return Some(habit);
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

    /// `select card, sum(amount) as total`: values of many events. The key of the `group by` before is in the rows already.
    fn selected_aggregates(&self, step: Step, from: usize, to: usize, end: usize) -> Option<Habit> {
        let is_aggregate = |index: usize| {
            self.text(index + 1) == "(" && is_aggregate(&self.text(index).to_ascii_lowercase())
        };
        if !(from..to).any(is_aggregate) {
            return None;
        }
        let group = (0..step.keyword)
            .rev()
            .find(|index| self.text(*index) == "group" && self.text(index + 1) == "by");
        let key = group.map_or("", |group| {
            let behind = self.find("|>", group, self.tokens.len()).unwrap_or(self.tokens.len());
            self.slice(group + 2, behind)
        });
        let is_key = |part: &str| key.split([',', '(', ')']).any(|field| field.trim() == part);
        let parts = self.parts(from, to);
        let values = parts.into_iter().filter(|(from, to)| !is_key(self.slice(*from, *to)));
        let fields: Option<Vec<String>> = values.map(|(from, to)| self.as_field(from, to)).collect();
        // A field alone is no value of many events.
        let fields = fields.filter(|fields| fields.iter().all(|field| field.contains('(')));
        let fields = fields.map(|fields| format!("aggregate {{ {} }}", fields.join(", ")));
        let grouped = if group.is_some() { "" } else { "group by KEY |> " };
        let shown = fields.as_deref().unwrap_or("aggregate { total: sum(amount), n: count() }");
        let note = format!("values of many events are made by `aggregate`: write `{grouped}{shown}`");
        let habit =
            self.habit(self.index.min(end - 1), "`select` takes names of fields, and no values", note)?;
        Some(habit.mended_if(self.range(step.keyword, end), fields.filter(|_| group.is_some())))
    }
}
