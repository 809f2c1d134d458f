//! `tidegate check`

use crate::{FAILED, OK, load, print};
use clap::ValueEnum;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Arguments {
    /// Topology files (.tide or .yaml)
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// How findings are shown
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Warnings fail too
    #[arg(long)]
    deny_warnings: bool,
    #[command(flatten)]
    params: load::Params,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// With the lines of the file
    Text,
    /// One line each: file:line:column: error[CODE]: message
    Short,
}

pub fn check(arguments: &Arguments) -> u8 {
    let mut code = OK;
    for path in &arguments.files {
        match load::load(path, &arguments.params) {
            Err(error) => {
                eprintln!("error: {error:#}");
                code = FAILED;
            }
            Ok(compiled) => {
                let name = &compiled.sources.own().name;
                print(&load::show(&compiled, arguments.format == Format::Short));
                let denied = arguments.deny_warnings && !compiled.diagnostics.is_empty();
                if compiled.plan.is_none() || denied {
                    code = FAILED;
                }
                if compiled.diagnostics.is_empty() {
                    let later = match &compiled.refusal {
                        Some(_) => "; some of its steps cannot run yet (`tidegate explain` says which)",
                        None => "",
                    };
                    print(&format!("{name}: right{later}\n"));
                } else if arguments.format == Format::Text {
                    print(&format!("{name}: {}\n", load::summary(&compiled.diagnostics)));
                }
            }
        }
    }
    code
}
