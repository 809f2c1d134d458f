//! All codes on one page, and as a list for a terminal.

use super::codes::ALL;
use super::{Code, codes};
use std::fmt::Write;

/// What the first two digits speak of.
fn subject(code: Code) -> &'static str {
    match code.0 / 100 {
        1 => "Reading the text",
        2 => "Names",
        3 => "Types and expressions",
        4 => "Steps, windows and time",
        5 => "Keys and partitions",
        6 => "Topics, sinks and names of steps",
        7 => "Tests",
        8 => "The YAML form",
        9 => "Not in this version",
        _ => "Other",
    }
}

fn sorted() -> Vec<(Code, &'static str)> {
    let mut all = ALL.to_vec();
    all.sort_by_key(|(code, _)| *code);
    all
}

/// `dsl/reference/codes.md`.
pub fn reference() -> String {
    let mut out = String::from(
        "# Codes of diagnostics\n\n\
         Written by `tidegate explain codes --format markdown`; `tidegate explain T0301` shows one.\n\n\
         A code never changes its meaning. An error stops the topology before it starts; a warning does not, unless `check --deny-warnings` asks for it.\n",
    );
    let mut last = "";
    for (code, page) in sorted() {
        if subject(code) != last {
            last = subject(code);
            let _ = write!(out, "\n## {last}\n");
        }
        let _ = write!(out, "\n### {code}\n\n{page}\n");
    }
    out
}

/// One line each: the code and the first sentence of its page.
pub fn overview() -> String {
    let mut out = String::new();
    for (code, page) in sorted() {
        let sentence = page.split_inclusive(". ").next().unwrap_or(page).trim_end();
        let _ = writeln!(out, "{code}  {sentence}");
    }
    let _ = writeln!(out, "\n`tidegate explain {}` tells the rest", codes::SYNTAX);
    out
}
