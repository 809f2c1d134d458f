//! `tidegate explain` and `tidegate graph`

use crate::{FAILED, OK, UNUSABLE, load, print};
use clap::ValueEnum;
use std::path::PathBuf;
use tidegate_dsl::GraphFormat;
use tidegate_dsl::diagnostic::{self, codes, did_you_mean};

#[derive(clap::Args)]
pub struct Arguments {
    /// A topology file, a code such as T0512, a word such as `rolling`, a function such as `lower`, or `steps`, `functions` or
    /// `codes` for a list of them
    what: PathBuf,
    #[command(flatten)]
    params: load::Params,
    /// With `functions` and `codes`: the list for a terminal, or the whole reference as Markdown
    #[arg(long, value_enum, default_value = "text")]
    format: ReferenceFormat,
}

#[derive(clap::Args)]
pub struct GraphArguments {
    file: PathBuf,
    #[command(flatten)]
    params: load::Params,
    #[arg(long, value_enum, default_value = "ascii")]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReferenceFormat {
    Text,
    Markdown,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Ascii,
    Mermaid,
    Dot,
    /// A picture that reads on light and dark pages
    Svg,
}

pub fn explain(arguments: &Arguments) -> u8 {
    let text = arguments.what.to_string_lossy();
    if !arguments.what.exists()
        && let Some(page) = reference_page(&text, arguments.format)
    {
        print(&page);
        return OK;
    }
    if looks_like_code(&text) && !arguments.what.exists() {
        let Some(code) = codes::parse(&text) else {
            eprintln!("error: there is no code {text}");
            return FAILED;
        };
        print(&format!("{code}\n\n{}\n", codes::page(code)));
        return OK;
    }
    if !arguments.what.exists() && is_name(&text) {
        eprintln!("error: there is no file, no word and no function {text}");
        let aggregate = tidegate_functions::aggregate_called_elsewhere(&text);
        if let Some(function) = tidegate_functions::called_elsewhere(&text).or(aggregate) {
            eprintln!("here it is called `{}`", function.name);
            return FAILED;
        }
        if let Some(note) = tidegate_dsl::word_elsewhere(&text) {
            eprintln!("{note}");
            return FAILED;
        }
        let aggregates = tidegate_functions::aggregates().iter().map(|function| function.name);
        let function = did_you_mean(&text, tidegate_functions::names().chain(aggregates));
        if let Some(meant) = tidegate_dsl::word_meant(&text).or(function) {
            eprintln!("did you mean `{meant}`?");
        }
        return FAILED;
    }
    let Some(compiled) = load::load_or_tell(&arguments.what, &arguments.params) else {
        return UNUSABLE;
    };
    print(&tidegate_dsl::explain(&compiled.plan.expect("told otherwise")));
    OK
}

/// `T301` is `T0301`.
fn looks_like_code(text: &str) -> bool {
    (2..=5).contains(&text.len())
        && text.starts_with(['T', 't'])
        && text[1..].bytes().all(|byte| byte.is_ascii_digit())
}

/// The page of a word, of a function, or of all of them, or of all codes.
fn reference_page(name: &str, format: ReferenceFormat) -> Option<String> {
    match (name, format) {
        ("functions", ReferenceFormat::Text) => Some(tidegate_functions::overview()),
        ("functions", ReferenceFormat::Markdown) => Some(tidegate_functions::reference()),
        ("codes", ReferenceFormat::Text) => Some(diagnostic::overview()),
        ("codes", ReferenceFormat::Markdown) => Some(diagnostic::reference()),
        (name, _) => {
            // `sum` of a list and `sum` of events are two functions.
            let both = [tidegate_functions::find(name), tidegate_functions::find_aggregate(name)];
            let functions = both.into_iter().flatten().map(tidegate_functions::page);
            // `filter` is a step, and a function of lists.
            let pages: Vec<String> = tidegate_dsl::word_page(name).into_iter().chain(functions).collect();
            (!pages.is_empty()).then(|| pages.join("\n\n\n"))
        }
    }
}

/// Could this be a function's name? A file has a dot or a folder in its own.
fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

pub fn graph(arguments: &GraphArguments) -> u8 {
    let Some(compiled) = load::load_or_tell(&arguments.file, &arguments.params) else {
        return UNUSABLE;
    };
    let format = match arguments.format {
        Format::Ascii => GraphFormat::Ascii,
        Format::Mermaid => GraphFormat::Mermaid,
        Format::Dot => GraphFormat::Dot,
        Format::Svg => GraphFormat::Svg,
    };
    print(&tidegate_dsl::graph(&compiled.plan.expect("told otherwise"), format));
    OK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_words_and_functions_are_told_apart() {
        assert!(looks_like_code("T0301") && looks_like_code("t301"));
        assert!(!looks_like_code("top") && !looks_like_code("T"));
        assert_eq!(codes::parse("T301"), codes::parse("T0301"));
        let page = |name: &str| reference_page(name, ReferenceFormat::Text);
        assert!(page("rolling").is_some_and(|page| page.contains("excluding current")));
        // A step, and a function of lists.
        assert!(
            page("filter").is_some_and(|page| page.contains("filter CONDITION") && page.contains("filter("))
        );
        assert_eq!(page("frobnicate"), None);
    }
}
