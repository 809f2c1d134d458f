//! The events of a `match by`, joined as other languages join them.

use super::{Habit, Look};

impl Look<'_> {
    /// `{ a, b } after match skip past last row`, as SQL writes it
    pub(super) fn skip(&self) -> Option<Habit> {
        const NOTE: &str = "where the search goes on is said behind a comma: `, skip past last`, `, skip to next`, `, skip to first b`";
        if self.depth(self.index) > 0 {
            return None;
        }
        match (self.near(-1), self.near(0), self.near(1)) {
            ("}", "after", "match") => {
                let habit = self.instead(0, 2, NOTE, ",")?;
                let place = self.behind(self.index - 1).to(self.range(self.index, self.index + 2));
                Some(habit.mended(place, ","))
            }
            ("}", "skip", "past" | "to") => {
                let habit = self.habit(self.index, "a comma is missing before `skip`", NOTE)?;
                Some(habit.mended(self.behind(self.index - 1), ","))
            }
            ("last" | "next" | "first", "row", _) => self.instead(0, 1, NOTE, ""),
            _ => None,
        }
    }

    /// `{ a then b }`, `{ a -> b }`
    pub(super) fn pattern(&self) -> Option<Habit> {
        let open = self.open_around(self.index)?;
        let inside = self.text(open) == "{" && self.depth(open) == 0;
        let length = match (self.near(0), self.near(1)) {
            ("followed" | "next", "by") => 2,
            ("-" | "=", ">") => 2,
            ("then" | "and" | "next" | "->" | "=>" | ";" | ">" | "|>" | "&", _) => 1,
            _ => return None,
        };
        if !inside || self.near(-1) == "{" {
            return None;
        }
        let habit = self.instead(
            0,
            length,
            "events stand apart by commas, in the order in which they come: `{ a, b }`",
            ",",
        )?;
        // The comma stands directly behind what is before it.
        let place = self.behind(self.index - 1).to(self.range(self.index, self.index + length));
        Some(habit.mended(place, ","))
    }
}
