//! Patterns: compiled once, where the call stands. Matching takes time in proportion to the text, whatever the pattern.

use crate::arguments::CallSite;
use crate::error::BadArgument;
use regex::{Regex, RegexBuilder};

/// A compiled pattern may take this much memory; a counted repetition such as `(.{100}){100}` is what exceeds it.
const COMPILED_BYTES_MAX: usize = 1 << 20;

/// The regular expression in a place of a call.
pub(super) fn pattern(site: &CallSite<'_>, argument: usize) -> Result<Regex, BadArgument> {
    let text = site.string(argument).unwrap_or_default();
    let compiled = RegexBuilder::new(text).size_limit(COMPILED_BYTES_MAX).build();
    compiled.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => {
            let bad = BadArgument::new(argument, "this regular expression takes more than 1 MiB of memory");
            bad.note("a large counted repetition such as `{1000}` is most often the cause")
        }
        other => syntax(argument, &other.to_string()),
    })
}

/// The last line of a syntax error says what is wrong; the lines between it and the first draw the pattern and the place in it.
fn syntax(argument: usize, error: &str) -> BadArgument {
    let lines: Vec<&str> = error.lines().collect();
    let (cause, drawing) = match &lines[..] {
        [_, drawing @ .., cause] => (*cause, drawing.join("\n")),
        _ => (error, String::new()),
    };
    let cause = cause.strip_prefix("error: ").unwrap_or(cause);
    let bad = BadArgument::new(argument, format!("this is no regular expression: {cause}"));
    if drawing.is_empty() { bad } else { bad.note(format!("in the pattern:\n{drawing}")) }
}

/// The number of a group in the third place of a call; 0 (the whole match) if none is given.
pub(super) fn group(site: &CallSite<'_>, pattern: &Regex) -> Result<usize, BadArgument> {
    let group = site.int(2).unwrap_or(0);
    let known = usize::try_from(group).ok().filter(|group| *group < pattern.captures_len());
    known.ok_or_else(|| {
        let there = pattern.captures_len() - 1;
        BadArgument::new(2, format!("the pattern has no group {group}"))
            .note(format!("it has {there} in `( )`, counted from 1; 0 is the whole match"))
    })
}
