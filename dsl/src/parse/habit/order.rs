//! The parts of a step in another order than its own.

use super::super::expected;
use super::look::Step;
use super::{Habit, Look};

impl Look<'_> {
    pub(super) fn other_order(&self, step: Step) -> Option<Habit> {
        let head = match (self.text(step.keyword), self.text(step.keyword + 1)) {
            ("left" | "outer", "join") => step.keyword + 2,
            ("dedupe" | "rolling" | "join" | "top" | "match" | "schedule", _) => step.keyword + 1,
            _ => return None,
        };
        let end = self.without_errors(step);
        let keyword = self.text(head - 1);
        let order: &[&str] = match keyword {
            "dedupe" => &["by", "within"],
            "rolling" => &["", "by", "excluding", "granularity", "ordered", "{"],
            "join" => &["", "as", "within", "by", "on", "as of", "where"],
            "top" => &["", "by", "per"],
            "match" => &["by", "within", "{"],
            _ => &["at", "by"],
        };
        let mut parts: Vec<(usize, usize, usize)> = Vec::new();
        for index in head..end {
            let size = keyword == "rolling"
                && (self.is_number(index) && !matches!(self.text(index - 1), "granularity" | "within"));
            let text = if size || index == head { "" } else { self.text(index) };
            // `as of` begins as a name does.
            let part = match (self.text(index), self.text(index + 1)) {
                ("as", "of") => "as of",
                (word, _) => word,
            };
            let rank = order
                .iter()
                .position(|one| *one == part)
                .or_else(|| order.iter().position(|part| *part == text));
            let inside = self.depth(index) > 0;
            match (rank, parts.last_mut()) {
                (Some(rank), _) if !inside && (size || !text.is_empty() || index == head) => {
                    parts.push((rank, index, index + 1))
                }
                (_, Some(last)) => last.2 = index + 1,
                (_, None) => return None,
            }
        }
        let mut sorted = parts.clone();
        sorted.sort_by_key(|(rank, ..)| *rank);
        if sorted == parts {
            return None;
        }
        let sorted: Vec<&str> = sorted.iter().map(|(_, from, to)| self.slice(*from, *to)).collect();
        let text = format!("{} {}", self.slice(step.keyword, head), sorted.join(" "));
        if !expected::is_declaration(&format!("stream s = s |> {text}")) {
            return None;
        }
        let message = format!("the parts of a `{keyword}` stand in another order");
        let habit = self.habit(self.index.min(end - 1), message, format!("write `{text}`"))?;
        Some(habit.mended(self.range(step.keyword, end), text))
    }
}
