//! `tidegate convert`

use crate::{FAILED, OK, load, print};
use clap::ValueEnum;
use std::path::PathBuf;
use tidegate_dsl::Spelling;
use tidegate_dsl::diagnostic::render;

#[derive(clap::Args)]
pub struct Arguments {
    /// A topology file (.tide or .yaml)
    file: PathBuf,
    /// The spelling to write
    #[arg(long, value_enum)]
    to: To,
}

#[derive(Clone, Copy, ValueEnum)]
enum To {
    /// The text form
    Tide,
    Yaml,
}

pub const HELP: &str = "Examples:
  tidegate convert topology.tide --to yaml > topology.yaml
  tidegate convert topology.yaml --to tide > topology.tide

Both files mean the same plan. Exit codes: 0 written; 1 the file has errors, or says something that the other spelling cannot.";

pub fn convert(arguments: &Arguments) -> u8 {
    let file = match load::read(&arguments.file) {
        Ok(file) => file,
        Err(error) => {
            eprintln!("error: {error:#}");
            return FAILED;
        }
    };
    let to = match arguments.to {
        To::Tide => Spelling::Tide,
        To::Yaml => Spelling::Yaml,
    };
    match tidegate_dsl::convert(&file, to) {
        Ok(text) => {
            print(&text);
            OK
        }
        Err(diagnostics) => {
            eprint!("{}", render(&file.clone().into(), &diagnostics));
            eprintln!("{}: not converted", file.name);
            FAILED
        }
    }
}
