//! `tidegate explain` and `tidegate graph`

use crate::{FAILED, OK, UNUSABLE, acls, kafka_options, load, print};
use clap::ValueEnum;
use std::path::PathBuf;
use tidegate_dsl::GraphFormat;
use tidegate_dsl::diagnostic::{self, codes, did_you_mean};
use tidegate_engine::rights::{dlq_rights, rights};
use tidegate_functions::ErrorCode;

#[derive(clap::Args)]
pub struct Arguments {
    /// A topology file, a code such as T0512 or `overflow`, a word such as `rolling`, a function such as `lower`, or `steps`,
    /// `functions`, `codes` or `kafka-options` for a list of them
    what: PathBuf,
    #[command(flatten)]
    params: load::Params,
    /// Of a topology file: the rights that it needs on a broker with access control, as lines of Kafka's own tool
    #[arg(long, value_name = "PRINCIPAL")]
    acls: Option<String>,
    /// As --acls: the rights of who looks at what its routes have set aside, and sends it back (`tidegate dlq`)
    #[arg(long, value_name = "PRINCIPAL", conflicts_with = "acls")]
    dlq_acls: Option<String>,
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
    if !arguments.what.exists() {
        let page = match (&*text, arguments.format) {
            ("functions", ReferenceFormat::Markdown) => Ok(tidegate_functions::reference()),
            ("codes", ReferenceFormat::Markdown) => Ok(diagnostic::reference()),
            ("kafka-options", _) => Ok(kafka_options::listed()),
            _ => page(&text),
        };
        match page {
            Ok(page) => {
                print(&page);
                return OK;
            }
            Err(_) if looks_like_code(&text) => {
                eprintln!("error: there is no code {text}");
                return FAILED;
            }
            Err(nearest) if is_name(&text) => {
                eprint!("error: there is no file, no word and no function {text}\n{nearest}");
                return FAILED;
            }
            // A path, most likely.
            Err(_) => {}
        }
    }
    let Some(compiled) = load::load_or_tell(&arguments.what, &arguments.params) else {
        return UNUSABLE;
    };
    let plan = compiled.plan.expect("told otherwise");
    match (&arguments.acls, &arguments.dlq_acls) {
        (Some(principal), _) => print(&acls::commands(&rights(&plan), principal)),
        (None, Some(principal)) => print(&acls::commands(&dlq_rights(&plan), principal)),
        (None, None) => print(&tidegate_dsl::explain(&plan)),
    }
    OK
}

/// `T301` is `T0301`.
fn looks_like_code(text: &str) -> bool {
    (2..=5).contains(&text.len())
        && text.starts_with(['T', 't'])
        && text[1..].bytes().all(|byte| byte.is_ascii_digit())
}

/// The page of a word, a function, of a code of the check or of an event, or of all functions or codes; else the line that says what is near.
pub fn page(what: &str) -> Result<String, String> {
    match what {
        "functions" => return Ok(tidegate_functions::overview()),
        "codes" => return Ok(diagnostic::overview()),
        _ => {}
    }
    // `sum` of a list and `sum` of events are two functions.
    let both = [tidegate_functions::find(what), tidegate_functions::find_aggregate(what)];
    let functions = both.into_iter().flatten().map(tidegate_functions::page);
    // `filter` is a step, and a function of lists.
    let pages: Vec<String> = tidegate_dsl::word_page(what).into_iter().chain(functions).collect();
    if !pages.is_empty() {
        return Ok(pages.join("\n\n\n"));
    }
    if let Some(code) = codes::parse(what) {
        return Ok(format!("{code}\n\n{}\n", codes::page(code)));
    }
    if let Some(code) = ErrorCode::ALL.into_iter().find(|code| code.name() == what) {
        let route = "The code of an event that a step's `errors -> …` sets aside; without a route the topology stops at it.";
        return Ok(format!("{what}\n\n{} {route}\n", code.meaning()));
    }
    Err(nearest(what))
}

fn nearest(what: &str) -> String {
    let aggregate = tidegate_functions::aggregate_called_elsewhere(what);
    if let Some(function) = tidegate_functions::called_elsewhere(what).or(aggregate) {
        return format!("here it is called `{}`\n", function.name);
    }
    if let Some(note) = tidegate_dsl::word_elsewhere(what) {
        return format!("{note}\n");
    }
    let aggregates = tidegate_functions::aggregates().iter().map(|function| function.name);
    let errors = ErrorCode::ALL.into_iter().map(ErrorCode::name);
    let function = did_you_mean(what, tidegate_functions::names().chain(aggregates).chain(errors));
    match tidegate_dsl::word_meant(what).or(function) {
        Some(meant) => format!("did you mean `{meant}`?\n"),
        None => String::new(),
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
        assert!(page("rolling").is_ok_and(|page| page.contains("excluding current")));
        // A step, and a function of lists.
        assert!(
            page("filter").is_ok_and(|page| page.contains("filter CONDITION") && page.contains("filter("))
        );
        assert_eq!(page("frobnicate"), Err(String::new()));
    }
}
