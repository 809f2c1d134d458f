//! What people bring along from other languages or leave out, and what is written here instead.

mod cast;
mod clause;
mod comma;
mod declaration;
mod duration;
pub(crate) mod elsewhere;
mod entry;
mod flow;
mod join;
mod key;
mod lambda;
mod look;
mod order;
mod pattern;
mod pipe;
mod select;
mod step;
mod test_step;
mod types;
mod value;
mod window;

use crate::source::Span;
pub(crate) use look::Look;

/// A mistake that is known by its look. Places are bytes of the declaration's text.
pub(super) struct Habit {
    pub(super) place: Span,
    pub(super) message: String,
    pub(super) note: String,
    pub(super) mend: Option<(Span, String)>,
    /// Where else to look, and for what.
    pub(super) because: Option<(Span, String)>,
}

impl Habit {
    fn new(place: Span, message: impl Into<String>, note: impl Into<String>) -> Habit {
        Habit { place, message: message.into(), note: note.into(), mend: None, because: None }
    }

    /// What stands at `place` would be right as `text`.
    fn mended(self, place: Span, text: impl Into<String>) -> Habit {
        Habit { mend: Some((place, text.into())), ..self }
    }

    fn mended_if(self, place: Span, text: Option<String>) -> Habit {
        match text {
            Some(text) => self.mended(place, text),
            None => self,
        }
    }
}

/// Looks at the declaration's beginning, and at the tokens around the place where the grammar stopped.
pub(super) fn find(look: &Look<'_>) -> Option<Habit> {
    if let Some(habit) = look.text_end() {
        return Some(habit);
    }
    if let Some(habit) = look.unclosed() {
        return Some(habit);
    }
    if look.is_type {
        return look.types().or_else(|| look.value());
    }
    if look.is_declaration {
        let habit = look
            .declaration()
            .or_else(|| look.test_step())
            .or_else(|| look.types())
            .or_else(|| look.clause())
            .or_else(|| look.pipe())
            .or_else(|| look.step_part());
        if habit.is_some() {
            return habit;
        }
    }
    look.value()
}

impl Look<'_> {
    /// A text that goes over its line's end was not closed.
    fn text_end(&self) -> Option<Habit> {
        let open = self.tokens.iter().position(|token| {
            token.text.contains('"')
                && (token.text.contains('\n') || !token.text.ends_with('"') || token.text.len() < 2)
        })?;
        let start = self.tokens[open].start;
        let place = Span::new(start, start + 1 + usize::from(self.text(open).starts_with('f')));
        Some(Habit::new(place, "this text is not closed", "a text ends with `\"` on its line"))
    }

    /// A bracket that is never closed, where it could have been closed before what follows.
    fn unclosed(&self) -> Option<Habit> {
        let opened = self.tokens.iter().filter(|token| token.opens()).count();
        if opened <= self.tokens.iter().filter(|token| token.closes()).count() {
            return None;
        }
        let open = self.open_around(self.index)?;
        let close = match self.text(open) {
            "(" => ")",
            "[" => "]",
            _ => "}",
        };
        let at_end = self.index >= self.tokens.len();
        if !at_end && !self.expects(&format!("`{close}`")) {
            return None;
        }
        let last = self.index - 1;
        let message = format!("this `{}` is not closed", self.text(open));
        let block = at_end && self.depth(open) == 0 && matches!(self.text(last), "}" | "]");
        let note = match block && close == "}" {
            true => "write `}` at its end".to_owned(),
            false => format!("write `{close}` behind `{}`", self.text(last)),
        };
        let open = self.span(open);
        // A block over several lines ends on a line of its own.
        let lines = close == "}" && self.source[open.start as usize..].trim_end().contains('\n') && at_end;
        let text = if lines { format!("\n{close}") } else { close.to_owned() };
        let mut habit = Habit::new(open, message, note).mended(self.behind(last), text);
        if !at_end {
            habit.because = Some((self.span(self.index), "here something else begins".to_owned()));
        }
        Some(habit)
    }
}
