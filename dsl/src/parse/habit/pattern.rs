//! The events of a `match by`, joined as other languages join them.

use super::{Habit, Look};

impl Look<'_> {
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
