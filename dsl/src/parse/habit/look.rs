//! The tokens around the place where the grammar stopped.

use super::Habit;
use crate::format::token::Token;
use crate::parse::Rule;
use crate::parse::stop::Stop;
use crate::source::Span;

pub(crate) struct Look<'a> {
    pub(super) source: &'a str,
    pub(super) tokens: &'a [Token],
    /// The token at which the grammar stopped; behind the last one at the end.
    pub(crate) index: usize,
    pub(super) expected: &'a [String],
    /// A whole declaration is read, and no scalar of YAML.
    pub(crate) is_declaration: bool,
    /// A type is read alone.
    pub(super) is_type: bool,
    /// How many brackets are open before each token, and at the end.
    depths: Vec<usize>,
}

/// A step of a pipeline, as tokens.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub(crate) keyword: usize,
    /// Behind its last token.
    pub(super) end: usize,
}

impl<'a> Look<'a> {
    pub(crate) fn new(source: &'a str, tokens: &'a [Token], stop: &'a Stop, rule: Rule) -> Look<'a> {
        let mut depths = vec![0usize];
        for token in tokens {
            let depth = depths.last().copied().unwrap_or(0);
            depths.push(if token.opens() {
                depth + 1
            } else {
                depth.saturating_sub(usize::from(token.closes()))
            });
        }
        let (is_declaration, is_type) = (rule == Rule::unit, rule == Rule::whole_type);
        Look { source, tokens, index: stop.index, expected: &stop.expected, is_declaration, is_type, depths }
    }

    pub(crate) fn text(&self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |token| token.text.as_str())
    }

    /// Of the token before one.
    pub(super) fn text_before(&self, index: usize) -> &'a str {
        index.checked_sub(1).map_or("", |before| self.text(before))
    }

    /// Relative to where the grammar stopped.
    pub(super) fn near(&self, by: isize) -> &'a str {
        self.index.checked_add_signed(by).map_or("", |index| self.text(index))
    }

    /// Of one token; of the last one behind the end.
    pub(crate) fn span(&self, index: usize) -> Span {
        match self.tokens.get(index).or_else(|| self.tokens.last()) {
            Some(token) if index < self.tokens.len() => Span::new(token.start, token.end),
            Some(token) => Span::new(token.end - 1, token.end),
            None => Span::new(0, 0),
        }
    }

    /// Of the tokens from one to before another.
    pub(super) fn range(&self, from: usize, to: usize) -> Span {
        self.span(from).to(self.span(to.max(from + 1) - 1))
    }

    pub(super) fn slice(&self, from: usize, to: usize) -> &'a str {
        if from >= to || from >= self.tokens.len() {
            return "";
        }
        let span = self.range(from, to.min(self.tokens.len()));
        &self.source[span.start as usize..span.end as usize]
    }

    /// Directly behind a token.
    pub(super) fn behind(&self, index: usize) -> Span {
        let end = self.span(index).end as usize;
        Span::new(end, end)
    }

    /// Directly before a token.
    pub(super) fn before(&self, index: usize) -> Span {
        let start = self.span(index).start as usize;
        Span::new(start, start)
    }

    pub(super) fn is_word(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(Token::is_word)
    }

    pub(super) fn is_text(&self, index: usize) -> bool {
        self.text(index).starts_with('"')
    }

    pub(super) fn is_number(&self, index: usize) -> bool {
        self.text(index).starts_with(|c: char| c.is_ascii_digit())
    }

    /// A number with a unit of time.
    pub(super) fn is_duration(&self, index: usize) -> bool {
        self.is_number(index) && self.text(index).ends_with(['s', 'm', 'h', 'd'])
    }

    pub(super) fn begins_line(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(|token| {
            let before = self.source[..token.start].trim_end_matches([' ', '\t', '\r']);
            before.is_empty() || before.ends_with('\n')
        })
    }

    /// Would the grammar have gone on with this?
    pub(super) fn expects(&self, what: &str) -> bool {
        self.expected.iter().any(|expected| expected == what)
    }

    pub(crate) fn depth(&self, index: usize) -> usize {
        self.depths.get(index).or(self.depths.last()).copied().unwrap_or(0)
    }

    /// The bracket that closes the one at `open`.
    pub(super) fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0usize;
        for (index, token) in self.tokens.iter().enumerate().skip(open) {
            if token.opens() {
                depth += 1;
            } else if token.closes() {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(index);
                }
            }
        }
        None
    }

    /// The bracket that opens the one at `close`.
    pub(super) fn opening(&self, close: usize) -> Option<usize> {
        let mut depth = 0usize;
        for (index, token) in self.tokens.iter().enumerate().take(close + 1).rev() {
            if token.closes() {
                depth += 1;
            } else if token.opens() {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(index);
                }
            }
        }
        None
    }

    /// The innermost bracket that is open before a token.
    pub(super) fn open_around(&self, index: usize) -> Option<usize> {
        let mut closed = 0usize;
        for (at, token) in self.tokens.iter().enumerate().take(index).rev() {
            if token.closes() {
                closed += 1;
            } else if token.opens() {
                if closed == 0 {
                    return Some(at);
                }
                closed -= 1;
            }
        }
        None
    }

    /// Where the tokens from one on stand apart by commas: the parts, each from and to.
    pub(super) fn parts(&self, from: usize, to: usize) -> Vec<(usize, usize)> {
        let mut parts = Vec::new();
        let mut start = from;
        for index in from..to {
            if self.text(index) == "," && self.depth(index) == self.depth(from) {
                parts.push((start, index));
                start = index + 1;
            }
        }
        if start < to {
            parts.push((start, to));
        }
        parts
    }

    /// The first token of this text outside of brackets, between two.
    pub(super) fn find(&self, text: &str, from: usize, to: usize) -> Option<usize> {
        let depth = self.depth(from);
        (from..to.min(self.tokens.len()))
            .find(|index| self.text(*index) == text && self.depth(*index) == depth)
    }

    /// The step of a pipeline in which the grammar stopped.
    pub(crate) fn step(&self) -> Option<Step> {
        let is_pipe = |index: &usize| self.text(*index) == "|>" && self.depth(*index) == 0;
        let pipe = (0..self.index.min(self.tokens.len())).rev().find(is_pipe)?;
        let end = (pipe + 1..self.tokens.len()).find(is_pipe).unwrap_or(self.tokens.len());
        (pipe + 1 < end).then_some(Step { keyword: pipe + 1, end })
    }

    /// The end of a step without the `, errors -> …` behind it.
    pub(super) fn without_errors(&self, step: Step) -> usize {
        (step.keyword..step.end)
            .find(|index| self.text(*index) == "," && self.text(index + 1) == "errors")
            .unwrap_or(step.end)
    }

    pub(super) fn habit(
        &self,
        index: usize,
        message: impl Into<String>,
        note: impl Into<String>,
    ) -> Option<Habit> {
        Some(Habit::new(self.span(index), message, note))
    }

    /// These tokens would be right as `text`.
    pub(super) fn instead(&self, by: isize, length: usize, note: &str, text: &str) -> Option<Habit> {
        let first = self.index.checked_add_signed(by)?;
        let place = self.range(first, first + length);
        let message = format!("`{}` does not belong here", self.slice(first, first + length));
        let spaced = first > 0 && self.behind(first - 1).end < place.start;
        let mend = match text {
            // The space before it goes, too, if there is another one behind.
            "" if spaced && self.source[place.end as usize..].starts_with(|c: char| !c.is_alphanumeric()) => {
                self.behind(first - 1).to(place)
            }
            _ => place,
        };
        let text = if spaced { text.trim_start() } else { text };
        Some(Habit::new(place, message, note).mended(mend, text))
    }

    /// Is this word the name of a function, if a bracket stands behind it?
    fn is_called(&self, index: usize) -> bool {
        let operator =
            matches!(self.text(index), "and" | "or" | "not" | "in" | "if" | "else" | "match" | "by" | "on");
        self.is_word(index)
            && !operator
            && index.checked_sub(1).is_none_or(|before| self.text(before) != "|>")
    }

    /// A value that ends before a token: where it begins. A path, a call, a bracket or a literal.
    pub(super) fn value_before(&self, index: usize) -> Option<usize> {
        let mut end = index;
        loop {
            let last = end.checked_sub(1)?;
            let start = match self.text(last) {
                ")" | "]" | "}" => {
                    let open = self.opening(last)?;
                    let called = open.checked_sub(1).filter(|before| self.is_called(*before));
                    if self.text(open) == "{" { open } else { called.unwrap_or(open) }
                }
                _ if self.is_word(last) || self.is_number(last) || self.text(last).ends_with('"') => last,
                _ => return None,
            };
            if start < 2 || self.text(start - 1) != "." {
                return Some(start);
            }
            end = if self.text(start - 2) == "?" { start - 2 } else { start - 1 };
        }
    }
}
