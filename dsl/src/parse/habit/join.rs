//! Joins as SQL writes them.

use super::look::Step;
use super::{Habit, Look};

impl Look<'_> {
    pub(super) fn join(&self, step: Step) -> Option<Habit> {
        if self.depth(self.index) > 0 {
            return None;
        }
        let here = self.near(0);
        let word = self.text(step.keyword);
        if matches!(word, "left" | "outer") && self.index == step.keyword + 1 && here == "outer" {
            return self.instead(0, 1, "write `left join`: events without a row go on", "");
        }
        let join = if word == "join" { step.keyword } else { step.keyword + 1 };
        if self.text(join) != "join" {
            return None;
        }
        let name = join + 1;
        if matches!(self.text(name), "left" | "outer" | "inner") && self.is_word(name + 1) {
            let kind = self.text(name);
            let text = if kind == "inner" { "join".to_owned() } else { format!("{kind} join") };
            let habit =
                self.habit(name, format!("`{kind}` stands before `join`"), format!("write `{text} …`"))?;
            return Some(habit.mended(self.range(join, name + 1), text));
        }
        if matches!(self.text(name), "with" | "to" | "on" | "table" | "stream") && self.is_word(name + 1) {
            let by = name as isize - self.index as isize;
            return self.instead(by, 1, "write `join TABLE as NAME by KEY`", "");
        }
        if let Some(habit) = self.on_table(step, name) {
            return Some(habit);
        }
        if self.index == name + 1 && self.is_word(self.index) {
            if matches!(here, "using" | "via" | "through" | "for" | "per") {
                return self.instead(0, 1, "write `join TABLE as NAME by KEY`", "by");
            }
            // `join blocked b on …`
            if matches!(self.near(1), "on" | "by" | "within" | "using") {
                let habit = self.habit(
                    self.index,
                    format!("`as` is missing before the name `{here}`"),
                    format!("write `join {} as {here} by KEY`", self.text(name)),
                )?;
                return Some(habit.mended(self.before(self.index), "as "));
            }
        }
        if here == "where" && self.expects("`by`") {
            return self.habit(
                self.index,
                "by what the rows are found is not said",
                format!("write `{} by KEY where …`", self.slice(step.keyword, self.index)),
            );
        }
        if self.index >= step.end && self.index == name + 1 {
            return self.habit(
                name,
                "by what the rows are found is not said",
                format!(
                    "a table: `join {0} as x by KEY`; a stream: `join {0} as x within 10m on id == x.id`",
                    self.text(name)
                ),
            );
        }
        None
    }

    /// `on p.card = b.card` for a table, which is found by its key.
    fn on_table(&self, step: Step, name: usize) -> Option<Habit> {
        let on = self.find("on", name, step.end).or_else(|| self.find("by", name, step.end))?;
        let equals = (on..step.end).find(|index| matches!(self.text(*index), "=" | "=="))?;
        if self.index != equals || self.text(equals) == "==" {
            return None;
        }
        if self.find("within", name, step.end).is_some() && self.text(on) == "on" {
            return self.instead(0, 1, "compare with `==`", "==");
        }
        let mut end = equals + 1;
        while self.is_word(end) || self.text(end) == "." {
            end += 1;
        }
        let alias = if self.text(name + 1) == "as" { self.text(name + 2) } else { self.text(name) };
        let sides = [(on + 1, equals), (equals + 1, end)];
        // The side of the event is the one that does not begin with the table's name.
        let own = sides
            .iter()
            .find(|(from, _)| !matches!(self.text(*from), side if side == alias || side == self.text(name)));
        let key = own.map(|(from, to)| {
            let prefixed =
                to - from == 3 && (self.text(*from).len() == 1 || self.text(*from) == self.text(3));
            self.slice(if prefixed { from + 2 } else { *from }, *to)
        });
        let key = key.filter(|key| !key.is_empty()).unwrap_or("KEY");
        let habit = Habit::new(
            self.range(on, end),
            "a table's row is found by its key, which needs no comparison",
            format!(
                "write `by {key}`: the value that is looked up; two streams are joined by `within 10m on id == {alias}.id`"
            ),
        );
        Some(habit.mended_if(self.range(on, end), (key != "KEY").then(|| format!("by {key}"))))
    }
}
