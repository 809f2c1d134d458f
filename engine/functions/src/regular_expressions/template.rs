//! What a match is replaced by: text with groups of the pattern in it.

use crate::define::*;
use regex::{Captures, Regex};

#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    Text(String),
    Group(usize),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Template {
    parts: Vec<Part>,
}

impl Template {
    /// The template in a place of a call. A group that the pattern does not have is refused.
    pub(super) fn new(
        site: &CallSite<'_>,
        argument: usize,
        pattern: &Regex,
    ) -> Result<Template, BadArgument> {
        let mut rest = site.string(argument).unwrap_or_default();
        let mut parts = Vec::new();
        while let Some((text, after)) = rest.split_once('$') {
            parts.push(Part::Text(text.to_owned()));
            if let Some(after) = after.strip_prefix('$') {
                parts.push(Part::Text("$".to_owned()));
                rest = after;
                continue;
            }
            let (name, after) = group_name(after);
            let group = group(name, pattern).ok_or_else(|| {
                BadArgument::new(argument, format!("the pattern has no group `{name}`"))
                    .note("`$1` and `${name}` are groups in `( )` and `(?P<name> )`, `$0` is the whole match, `$$` is a dollar")
            })?;
            parts.push(Part::Group(group));
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Template { parts })
    }

    /// Appends what stands for a match; an error as soon as the text is too long.
    pub(super) fn expand(&self, captures: &Captures<'_>, out: &mut String) -> Result<(), FunctionError> {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Group(group) => out.push_str(captures.get(*group).map_or("", |found| found.as_str())),
            }
            if out.len() > TEXT_BYTES_MAX {
                return Err(FunctionError::TooLong);
            }
        }
        Ok(())
    }
}

/// The name behind a dollar, and what follows it.
fn group_name(text: &str) -> (&str, &str) {
    if let Some((name, after)) = text.strip_prefix('{').and_then(|braced| braced.split_once('}')) {
        return (name, after);
    }
    text.split_at(text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len()))
}

fn group(name: &str, pattern: &Regex) -> Option<usize> {
    match name.parse() {
        Ok(number) => Some(number).filter(|number| *number < pattern.captures_len()),
        Err(_) => pattern.capture_names().position(|known| known == Some(name)),
    }
}
