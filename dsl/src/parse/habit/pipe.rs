//! How steps are joined, and what a stream reads.

use super::super::STEPS;
use super::{Habit, Look, elsewhere};
use crate::diagnostic::did_you_mean;

/// What nearly everyone needs; the rest is one command away.
const LIKELY: &str =
    "a step is expected, such as `filter`, `map`, `add`, `join`, `group by`, `aggregate` or `rolling`";
const ALL: &str = "`tidegate explain steps` lists all steps";

impl Look<'_> {
    pub(super) fn pipe(&self) -> Option<Habit> {
        let is_pipeline = matches!(self.text(0), "stream" | "table") && self.text(2) == "=";
        if !is_pipeline || self.depth(self.index) > 0 {
            return None;
        }
        if self.near(-1) == "|>" {
            return self.no_pipeline_step();
        }
        self.joined_otherwise()
            .or_else(|| self.leaves())
            .or_else(|| self.merged())
            .or_else(|| self.step_elsewhere())
    }

    /// Something else than the first word of a step stands behind `|>`.
    fn no_pipeline_step(&self) -> Option<Habit> {
        let here = self.near(0);
        let step_behind = |index: usize| elsewhere::is_step(self.text(index));
        if here == "|>" && step_behind(self.index + 1) {
            return self.instead(0, 1, "one `|>` stands between two steps", "");
        }
        if here == "." && step_behind(self.index + 1) {
            return self.instead(0, 1, "a step stands behind `|>` without a dot", "");
        }
        if !self.is_word(self.index) {
            let at = self.index.min(self.tokens.len());
            let place = if at == self.tokens.len() { at.saturating_sub(1) } else { at };
            return self.habit(place, "a step is missing behind `|>`", format!("{LIKELY}; {ALL}"));
        }
        if STEPS.contains(&here) || here == "flat" {
            return None;
        }
        let lower = here.to_ascii_lowercase();
        let message = format!("`{here}` is no step");
        let place = self.span(self.index);
        match lower.as_str() {
            "tumbling" | "hopping" | "sliding" | "session" | "cumulate" => {
                let habit = self.habit(
                    self.index,
                    format!("`{here}` is a kind of window, and no step"),
                    format!("write `window {lower} …`"),
                )?;
                return Some(habit.mended(place, format!("window {lower}")));
            }
            "inner" | "full" | "right" | "cross" => return self.joined_like_sql(&lower),
            "merge" | "union" | "concat" => return self.merged_late(),
            "to" | "sink" | "into" | "write" | "output"
                if matches!(self.near(1), "kafka" | "embedded" | "to" | "->") =>
            {
                let topic = (self.index..self.tokens.len())
                    .find(|index| matches!(self.text(*index), "kafka" | "embedded"));
                if let Some(topic) = topic.filter(|topic| self.closing(topic + 1).is_some()) {
                    return self.leaves_by(self.index - 1, topic);
                }
            }
            _ => {}
        }
        // `group_by`, as YAML has it
        if let Some((first, second)) = lower.split_once('_')
            && elsewhere::is_step(first)
            && matches!(second, "by" | "join" | "expand" | "map")
        {
            let words = format!("{first} {second}");
            let habit = self.habit(self.index, message, format!("write `{words}`, in two words"))?;
            return Some(habit.mended(place, words));
        }
        if let Some(note) = elsewhere::step(&lower) {
            return self.habit(self.index, message, note);
        }
        match did_you_mean(&lower, STEPS) {
            Some(meant) => {
                let habit = self.habit(self.index, message, format!("did you mean `{meant}`?"))?;
                Some(habit.mended(place, meant))
            }
            None => self.habit(self.index, message, format!("{LIKELY}; {ALL}")),
        }
    }

    fn joined_like_sql(&self, kind: &str) -> Option<Habit> {
        let here = self.near(0);
        let joins = self.near(1).eq_ignore_ascii_case("join");
        let outer = self.near(1).eq_ignore_ascii_case("outer") && self.near(2).eq_ignore_ascii_case("join");
        let length = if joins { 2 } else { 3 };
        if !joins && !outer {
            return self.habit(
                self.index,
                format!("`{here}` is no step"),
                format!("joins are `join`, `left join` and `outer join`; {ALL}"),
            );
        }
        match kind {
            "inner" => self.instead(0, length, "a plain `join` leaves out events without a row", "join"),
            "full" => self.instead(
                0,
                length,
                "write `outer join`: what has no other side goes on, of both sides",
                "outer join",
            ),
            "right" => self.habit(
                self.index,
                "there is no `right join`",
                "begin the stream with the other side, and write `left join`",
            ),
            _ => self.habit(
                self.index,
                "there is no `cross join`",
                "a join finds rows by a key: `join TABLE as NAME by KEY`",
            ),
        }
    }

    /// `->`, `=>`, `>>`, `>`, `|` or `.` in place of `|>`, or nothing.
    fn joined_otherwise(&self) -> Option<Habit> {
        let here = self.near(0);
        if matches!(here, "->" | "=>" | ">" | "|" | "." | ">=" | "-") {
            let doubled = matches!(self.near(1), ">" | "|");
            let length = 1 + usize::from(doubled);
            let behind = self.index + length;
            // `filter price > drop` compares; only where no value can go on is it an arrow.
            if elsewhere::is_step(self.text(behind)) && self.text(behind + 1) != ":" {
                let space = if self.before(self.index).start == self.behind(self.index - 1).start {
                    " |> "
                } else {
                    "|>"
                };
                let habit = self.instead(
                    0,
                    length,
                    "steps are joined by `|>`: `payments |> filter … |> map { … }`",
                    space,
                )?;
                return Some(habit);
            }
        }
        // `filter(a > 1).map(…)`
        if here == "("
            && self.near(-2) == "."
            && matches!(self.near(-3), ")" | "}")
            && elsewhere::is_step(self.near(-1))
        {
            return self.instead(
                -2,
                1,
                "steps are joined by `|>`: `payments |> filter … |> map { … }`",
                " |> ",
            );
        }
        if elsewhere::is_step(here)
            && !matches!(self.near(-1), "window" | "rolling" | "left" | "outer" | "flat" | "join")
        {
            let expected = self.expects("the end of the declaration") || self.expects("`as`");
            if expected || self.begins_line(self.index) {
                let message = format!("`{here}` begins a step, and stands behind `|>`");
                let habit = self.habit(self.index, message, "write `|>` before it")?;
                return Some(habit.mended(self.before(self.index), "|> "));
            }
        }
        None
    }

    /// A word of another language's step, without `|>`.
    fn step_elsewhere(&self) -> Option<Habit> {
        let here = self.near(0);
        // `payments where amount > 10.00`
        let lower = here.to_ascii_lowercase();
        if let Some(note) = elsewhere::step(&lower).filter(|_| self.expects("the end of the declaration")) {
            let message = format!("`{here}` is no step, and steps stand behind `|>`");
            let habit = self.habit(self.index, message, note)?;
            let filter = lower == "where";
            return Some(habit.mended_if(self.span(self.index), filter.then(|| "|> filter".to_owned())));
        }
        None
    }

    /// `-> kafka("t")` at the end of a stream.
    fn leaves(&self) -> Option<Habit> {
        let topic = self.index + 1;
        if !matches!(self.near(0), "->" | "=>" | ">") || !matches!(self.text(topic), "kafka" | "embedded") {
            return None;
        }
        self.leaves_by(self.index, topic)
    }

    fn leaves_by(&self, from: usize, topic: usize) -> Option<Habit> {
        let stream = self.text(1);
        let close = self.closing(topic + 1)?;
        let sink = format!("sink {stream} -> {}", self.slice(topic, close + 1));
        let habit = self.habit(
            from,
            "a stream leaves through a declaration of its own",
            format!("write `{sink}` at the start of a line below"),
        )?;
        let place = self.behind(from - 1).to(self.span(close));
        let last = close + 1 == self.tokens.len();
        Some(habit.mended_if(place, last.then(|| format!("\n{sink}"))))
    }

    /// Several inputs in other forms than `merge a, b`.
    fn merged(&self) -> Option<Habit> {
        let pipe = self.find("|>", 3, self.tokens.len()).unwrap_or(self.tokens.len());
        if self.index > pipe {
            return None;
        }
        let (third, inputs) = (self.text(3), (3..pipe));
        let names: Vec<&str> = inputs
            .filter(|index| self.is_word(*index))
            .map(|index| self.text(index))
            .filter(|name| !matches!(*name, "merge" | "union" | "all" | "and" | "concat" | "with"))
            .collect();
        let form =
            format!("write `merge {}`", if names.len() > 1 { names.join(", ") } else { "a, b".to_owned() });
        let others = (3..pipe)
            .any(|index| !(self.is_word(index) || matches!(self.text(index), "," | "(" | ")" | "+" | "|")));
        let mend = (names.len() > 1 && !others).then(|| form["write `".len()..form.len() - 1].to_owned());
        let place = self.range(3, pipe);
        let merges = |word: &str| matches!(word, "merge" | "union" | "concat");
        let message = if third == "merge" && names.len() < 2 {
            "`merge` takes two or more streams"
        } else if merges(third) || merges(self.near(0)) || matches!(self.near(0), "," | "+" | "and") {
            "several inputs of a stream are merged"
        } else {
            return None;
        };
        let at = if third == "merge" { self.index.min(pipe) } else { self.index };
        Some(self.habit(at, message, form)?.mended_if(place, mend))
    }

    /// `payments |> union other`
    fn merged_late(&self) -> Option<Habit> {
        let others: Vec<&str> = (self.index + 1..self.tokens.len())
            .take_while(|index| self.text(*index) != "|>")
            .filter(|index| self.is_word(*index) && !matches!(self.text(*index), "all" | "with"))
            .map(|index| self.text(index))
            .collect();
        let end = (self.index..self.tokens.len())
            .find(|index| self.text(*index) == "|>")
            .unwrap_or(self.tokens.len());
        let merged = format!(
            "merge {}, {}",
            self.text(3),
            if others.is_empty() { "other".to_owned() } else { others.join(", ") }
        );
        let habit = self.habit(
            self.index,
            format!("`{}` is no step: streams are merged where a stream begins", self.near(0)),
            format!("write `stream {} = {merged} |> …`", self.text(1)),
        )?;
        // Behind other steps it is a stream of its own that would be merged.
        let first = self.index == 5 && self.text(4) == "|>" && !others.is_empty();
        Some(habit.mended_if(self.range(3, end), first.then_some(merged)))
    }
}
