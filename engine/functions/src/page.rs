//! Pages of functions: for the terminal, and as Markdown for the reference.

use crate::error::ErrorCode;
use crate::example::{Example, Outcome};
use crate::function::{Function, Nulls};
use crate::registry::groups;
use std::fmt::Write;

/// What a null argument does, where that is not the rule.
fn nulls(function: &Function) -> Option<&'static str> {
    match function.nulls {
        Nulls::Contagious => None,
        Nulls::MayGiveNull => Some("The result may be null though no argument is."),
        Nulls::Handled { gives: true } => Some("Nulls are handled; the result may be null."),
        Nulls::Handled { gives: false } => Some("Nulls are handled; the result is never null."),
    }
}

fn outcome(example: &Example) -> String {
    match example.outcome {
        Outcome::Value(value) => value.to_owned(),
        Outcome::Error(error) => format!("error: {}", error.name()),
        Outcome::Refused(message) => format!("refused by the check: {message}"),
    }
}

/// One line for each: the call, what it gives, and which edge it shows.
fn examples(function: &Function, indent: &str, out: &mut String) {
    let width = function.examples.iter().map(|example| example.call.chars().count()).max().unwrap_or(0);
    for example in function.examples {
        let fill = " ".repeat(width - example.call.chars().count());
        let _ = write!(out, "{indent}{}{fill}  => {}", example.call, outcome(example));
        if let Some(note) = example.note {
            let _ = write!(out, "   // {note}");
        }
        out.push('\n');
    }
}

/// A function's page for the terminal.
pub fn page(function: &Function) -> String {
    let mut out = format!("{}\n\n{}\n", function.signature(), function.meaning);
    if let Some(nulls) = nulls(function) {
        let _ = writeln!(out, "{nulls}");
    }
    if !function.aliases.is_empty() {
        let _ = writeln!(out, "\nAlso called {}.", function.aliases.join(", "));
    }
    out.push_str("\nExamples\n");
    examples(function, "  ", &mut out);
    if !function.errors.is_empty() {
        out.push_str("\nErrors of an event\n");
        for error in function.errors {
            let _ = writeln!(out, "  {:<18}{}", error.name(), error.meaning());
        }
    }
    out
}

/// All functions, one line each, by group.
pub fn overview() -> String {
    let mut out = String::new();
    for group in groups() {
        let _ = writeln!(out, "{}", group.title);
        for function in group.functions {
            let _ = writeln!(out, "  {:<20}{}", function.name, function.meaning);
        }
        out.push('\n');
    }
    out.push_str("`tidegate explain NAME` shows a function's signature, examples and errors.\n");
    out
}

const PREFACE: &str = "\
# The functions of the topology language

This page is made by `tidegate explain functions --format markdown`; each function is one file of `engine/functions`, and each
example is run as a test.

A null argument gives null, unless the page of the function says otherwise. What cannot be computed for an event (see *Errors*) sends
it to the step's `errors ->`, or stops the topology at it. A wrong constant (a pattern, a time zone, a format) is told by
`tidegate check`. No function has a clock or chance in it: a replay gives the same answers.

In signatures `number` is int, float or decimal, `fraction` is float or decimal, `ordered` is anything but bool; all such arguments of a
call are widened to one type, and `same` is that type. `constant` means a literal or a `param`. `= …` is what an argument that is left out
stands for, and `?` says that the result may be null.
";

/// The reference of all functions, as Markdown.
pub fn reference() -> String {
    let mut out = PREFACE.to_owned();
    out.push_str("\n| group | functions |\n|---|---|\n");
    for group in groups() {
        let names: Vec<String> =
            group.functions.iter().map(|function| format!("[{0}](#{0})", function.name)).collect();
        let _ = writeln!(out, "| {} | {} |", group.title, names.join(", "));
    }
    for group in groups() {
        let _ = writeln!(out, "\n## {}", group.title);
        for function in group.functions {
            section(function, &mut out);
        }
    }
    out.push_str("\n## Errors\n\n| code | meaning |\n|---|---|\n");
    for error in ErrorCode::ALL {
        let _ = writeln!(out, "| `{}` | {} |", error.name(), error.meaning());
    }
    out
}

fn section(function: &Function, out: &mut String) {
    let _ = write!(out, "\n### {}\n\n`{}`\n\n{}", function.name, function.signature(), function.meaning);
    if let Some(nulls) = nulls(function) {
        let _ = write!(out, " {nulls}");
    }
    if !function.aliases.is_empty() {
        let aliases: Vec<String> = function.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        let _ = write!(out, " Also called {}.", aliases.join(", "));
    }
    if !function.errors.is_empty() {
        let errors: Vec<String> = function.errors.iter().map(|error| format!("`{}`", error.name())).collect();
        let _ = write!(out, " Errors: {}.", errors.join(", "));
    }
    out.push_str("\n\n```\n");
    examples(function, "", out);
    out.push_str("```\n");
}
