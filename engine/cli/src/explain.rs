//! `tidegate explain` and `tidegate graph`

use crate::{FAILED, OK, UNUSABLE, load, print};
use clap::ValueEnum;
use std::path::PathBuf;
use tidegate_dsl::GraphFormat;
use tidegate_dsl::diagnostic::{self, codes, did_you_mean};

#[derive(clap::Args)]
pub struct Arguments {
    /// A topology file, a code such as T0512, a function such as `lower`, or `functions` or `codes` for a list of them
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
    let looks_like_code = text.len() == 5
        && text.starts_with(['T', 't'])
        && text[1..].bytes().all(|byte| byte.is_ascii_digit());
    if looks_like_code && !arguments.what.exists() {
        let Some(code) = codes::parse(&text) else {
            eprintln!("error: there is no code {text}");
            return FAILED;
        };
        print(&format!("{code}\n\n{}\n", codes::page(code)));
        return OK;
    }
    if !arguments.what.exists() && is_name(&text) {
        eprintln!("error: there is no file and no function {text}");
        let aggregate = tidegate_functions::aggregate_called_elsewhere(&text);
        if let Some(function) = tidegate_functions::called_elsewhere(&text).or(aggregate) {
            eprintln!("here it is called `{}`", function.name);
            return FAILED;
        }
        let aggregates = tidegate_functions::aggregates().iter().map(|function| function.name);
        if let Some(meant) = did_you_mean(&text, tidegate_functions::names().chain(aggregates)) {
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

/// The page of a function, or of all of them, or of all codes.
fn reference_page(name: &str, format: ReferenceFormat) -> Option<String> {
    match (name, format) {
        ("functions", ReferenceFormat::Text) => Some(tidegate_functions::overview()),
        ("functions", ReferenceFormat::Markdown) => Some(tidegate_functions::reference()),
        ("codes", ReferenceFormat::Text) => Some(diagnostic::overview()),
        ("codes", ReferenceFormat::Markdown) => Some(diagnostic::reference()),
        (name, _) => {
            // `sum` of a list and `sum` of events are two functions.
            let both = [tidegate_functions::find(name), tidegate_functions::find_aggregate(name)];
            let pages: Vec<String> = both.into_iter().flatten().map(tidegate_functions::page).collect();
            (!pages.is_empty()).then(|| pages.join("\n\n"))
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
