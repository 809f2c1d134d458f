//! The kinds of windows and their sizes.

use super::look::Step;
use super::{Habit, Look};

const KINDS: [&str; 5] = ["tumbling", "hopping", "sliding", "session", "cumulate"];

impl Look<'_> {
    pub(super) fn window(&self, step: Step) -> Option<Habit> {
        let first = step.keyword + 1;
        let kind = self.text(first);
        if kind == "rolling" {
            return self.window_rolling(step);
        }
        if self.index == first {
            return self.kind_missing(first);
        }
        if !KINDS.contains(&kind) || self.depth(self.index) > 0 {
            return None;
        }
        if self.near(-1) == "in" && self.is_word(self.index) {
            return self.zone_unquoted(step);
        }
        let here = self.near(0);
        let size = (first + 1..step.end)
            .find(|index| self.is_duration(*index))
            .map_or("10m", |index| self.text(index));
        let form = match kind {
            "hopping" | "cumulate" => {
                let sizes: Vec<&str> = (first + 1..step.end)
                    .filter(|index| self.is_duration(*index))
                    .map(|index| self.text(index))
                    .collect();
                format!("write `window {kind} {size} every {}`", sizes.get(1).unwrap_or(&"1m"))
            }
            "session" => format!("write `window session gap {size}`"),
            _ => format!("write `window {kind} {size}`"),
        };
        let form = form.as_str();
        if self.index == first + 1 {
            if here == "(" {
                let close = self.closing(self.index)?;
                let inside = self.slice(self.index + 1, close);
                let text = match self.parts(self.index + 1, close)[..] {
                    [(from, to), (next, end)] => {
                        format!(" {} every {}", self.slice(from, to), self.slice(next, end))
                    }
                    _ => format!(" {inside}"),
                };
                let habit = self.habit(self.index, "a window's size stands without brackets", form)?;
                return Some(habit.mended(self.range(self.index, close + 1), text));
            }
            if kind == "session" && self.is_duration(self.index) {
                let habit = self.habit(self.index, "`gap` is missing before this length of time", form)?;
                return Some(habit.mended(self.before(self.index), "gap "));
            }
            let noise = matches!(
                here,
                "of" | "size" | "for" | "over" | "length" | "duration" | "by" | "=" | ":" | "window"
            );
            let noise =
                noise || here == "every" && kind == "tumbling" || here == "timeout" && kind == "session";
            if noise && (self.is_number(self.index + 1) || matches!(self.near(1), ":" | "=")) {
                let length = 1 + usize::from(matches!(self.near(1), ":" | "="));
                return self.instead(0, length, form, if kind == "session" { "gap" } else { "" });
            }
        }
        if self.expects("`every`") && matches!(here, "advance" | "by" | "step" | "slide" | "hop" | "," | "/")
        {
            let advance = if self.near(1) == "by" { 2 } else { 1 };
            return self.instead(0, advance, form, if here == "," { " every" } else { "every" });
        }
        if here == "by" {
            let window = self.slice(step.keyword, self.index);
            let key = self.slice(self.index + 1, self.without_errors(step));
            let text = format!("group by {key} |> {window}");
            let habit = self.habit(
                self.index,
                "the key of a window stands in a step before it",
                format!("write `{text}`"),
            )?;
            return Some(habit.mended(self.range(step.keyword, self.without_errors(step)), text));
        }
        self.window_clause()
    }

    fn window_clause(&self) -> Option<Habit> {
        let (before, here) = (self.near(-1), self.near(0));
        let clause = matches!(here, "grace" | "late" | "offset");
        if clause && before != "," && !self.near(1).is_empty() {
            let habit = self.habit(
                self.index,
                format!("a comma is missing before `{here}`"),
                "write `window tumbling 1h, grace 10m, late -> kafka(\"…\")`",
            )?;
            return Some(habit.mended(self.behind(self.index - 1), ","));
        }
        if matches!(here, "allowed_lateness" | "lateness" | "delay" | "wait" | "allowed_late") {
            let comma = if before == "," { "" } else { ", " };
            let place = if before == "," {
                self.span(self.index)
            } else {
                self.behind(self.index - 1).to(self.span(self.index))
            };
            let habit = self.habit(
                self.index,
                format!("`{here}` is no part of a window"),
                "how long a window waits for late events is its `grace`: `window tumbling 1h, grace 10m`",
            )?;
            return Some(habit.mended(place, format!("{comma}grace")));
        }
        None
    }

    /// `in Europe/Berlin`
    fn zone_unquoted(&self, step: Step) -> Option<Habit> {
        let part = |index: &usize| self.is_word(*index) || matches!(self.text(*index), "/" | "-" | "+");
        let end = (self.index..step.end).find(|index| !part(index)).unwrap_or(step.end);
        let zone = self.slice(self.index, end);
        let place = self.range(self.index, end);
        let text = format!("\"{zone}\"");
        let habit = Habit::new(place, "a time zone stands in quotes", format!("write `in {text}`"));
        Some(habit.mended(place, text))
    }

    /// `window 30d`, `window(5m)`, `window by 5m`
    fn kind_missing(&self, first: usize) -> Option<Habit> {
        let here = self.text(first);
        let kinds = "`window tumbling 1h` (one behind the other), `window hopping 1h every 5m` (overlapping), `window session gap 30m` (ended by a pause)";
        let (from, to, size) = match here {
            "(" => {
                let close = self.closing(first)?;
                (first, close + 1, self.slice(first + 1, close))
            }
            "by" | "of" | "every" | "for" | "size" | "over" if self.is_duration(first + 1) => {
                (first, first + 2, self.text(first + 1))
            }
            _ if self.is_duration(first) => (first, first + 1, here),
            "fixed" | "tumble" | "hop" => {
                let kind = if here == "hop" { "hopping" } else { "tumbling" };
                return self.instead(0, 1, &format!("write {kinds}"), kind);
            }
            _ => return None,
        };
        let habit = self.habit(first, "which kind of window it is, is not said", format!("write {kinds}"))?;
        let one = !size.contains(',');
        let space = if here == "(" { " " } else { "" };
        Some(habit.mended_if(self.range(from, to), one.then(|| format!("{space}tumbling {size}"))))
    }

    fn window_rolling(&self, step: Step) -> Option<Habit> {
        let first = step.keyword + 1;
        let size = if self.is_duration(first + 1) { self.text(first + 1) } else { "30d" };
        let habit = self.habit(
            first,
            "`rolling` is no kind of window, but a step of its own",
            format!("for each event what the last {size} gave: `|> rolling {size} by KEY {{ n: count() }}`; for a row of each window: `|> window tumbling {size}`"),
        )?;
        let whole = self.find("by", first, step.end).is_some();
        Some(habit.mended_if(self.range(step.keyword, first + 1), whole.then(|| "rolling".to_owned())))
    }
}
