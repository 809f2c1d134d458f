//! `tidegate explain` and `tidegate graph`

use crate::{FAILED, OK, UNUSABLE, load, print};
use clap::ValueEnum;
use std::path::PathBuf;
use tidegate_dsl::GraphFormat;
use tidegate_dsl::diagnostic::codes;

#[derive(clap::Args)]
pub struct Arguments {
    /// A topology file, or a code such as T0512
    what: PathBuf,
}

#[derive(clap::Args)]
pub struct GraphArguments {
    file: PathBuf,
    #[arg(long, value_enum, default_value = "ascii")]
    format: Format,
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
    let Some((_, compiled)) = load::load_or_tell(&arguments.what) else { return UNUSABLE };
    print(&tidegate_dsl::explain(&compiled.plan.expect("told otherwise")));
    OK
}

pub fn graph(arguments: &GraphArguments) -> u8 {
    let Some((_, compiled)) = load::load_or_tell(&arguments.file) else { return UNUSABLE };
    let format = match arguments.format {
        Format::Ascii => GraphFormat::Ascii,
        Format::Mermaid => GraphFormat::Mermaid,
        Format::Dot => GraphFormat::Dot,
        Format::Svg => GraphFormat::Svg,
    };
    print(&tidegate_dsl::graph(&compiled.plan.expect("told otherwise"), format));
    OK
}
