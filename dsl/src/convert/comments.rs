//! Comments of one spelling, put where they belong in the other.

use crate::source::Span;
use crate::text_comments::Found;
use std::collections::BTreeMap;

/// The comments at one place.
#[derive(Default, Debug)]
pub(super) struct Attached {
    pub(super) before: Vec<String>,
    pub(super) behind: Option<String>,
}

/// Places (the first bytes of names and steps) with their comments.
#[derive(Default)]
pub(super) struct Comments {
    places: BTreeMap<u32, Attached>,
    end: Vec<String>,
}

impl Comments {
    /// What stands at a place; a second time nothing does.
    pub(super) fn take(&mut self, place: Span) -> Attached {
        std::mem::take(self.places.entry(place.start).or_default())
    }

    /// A comment on a line of its own goes to the next place, one behind code to the last one before it.
    pub(super) fn with(mut self, found: Vec<Found>) -> Comments {
        for comment in found {
            let at = comment.start as u32;
            let last = self.places.range_mut(..at).next_back().map(|(_, attached)| attached);
            match last.filter(|attached| comment.behind && attached.behind.is_none()) {
                Some(attached) => attached.behind = Some(comment.text),
                None => match self.places.range_mut(at..).next() {
                    Some((_, attached)) => attached.before.push(comment.text),
                    None => self.end.push(comment.text),
                },
            }
        }
        self
    }

    pub(super) fn left(&self) -> impl Iterator<Item = &str> {
        self.end.iter().map(String::as_str)
    }
}
