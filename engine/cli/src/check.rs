//! `tidegate check`

use crate::{FAILED, OK, load, print};
use clap::ValueEnum;
use std::path::PathBuf;
use tidegate_dsl::diagnostic::{Diagnostic, render, render_github, render_json, render_sarif, render_short};
use tidegate_dsl::{Compiled, SourceFile};

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
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// With the lines of the file
    Text,
    /// One line each: file:line:column: error[CODE]: message
    Short,
    /// One line of JSON each, with places, labels, notes, and the edit that mends it where there is one
    Json,
    /// Workflow commands, which GitHub shows at the lines of a pull request
    Github,
    /// One SARIF 2.1.0 log over all files
    Sarif,
}

pub const HELP: &str = "Examples:
  tidegate check topologies/fraud/topology.tide
  tidegate check --deny-warnings --format sarif topologies/*/topology.tide > tidegate.sarif

A warning that is wanted is allowed by a comment with its reason, on the line before or behind the line:
  // allow T0512: the repartition is wanted
  # allow T0512: the repartition is wanted        (in YAML)

Exit codes: 0 all files are right (there may be warnings); 1 a file has errors or cannot be read, or --deny-warnings and there are warnings; 2 the command line is wrong.";

pub fn check(arguments: &Arguments) -> u8 {
    let mut code = OK;
    let mut checked: Vec<(SourceFile, Compiled)> = Vec::new();
    for path in &arguments.files {
        match load::load(path) {
            Err(error) => {
                eprintln!("error: {error:#}");
                code = FAILED;
            }
            Ok((file, compiled)) => {
                let denied = arguments.deny_warnings && !compiled.diagnostics.is_empty();
                if compiled.plan.is_none() || denied {
                    code = FAILED;
                }
                // One log holds all files; the other forms are written as they come.
                if arguments.format == Format::Sarif {
                    checked.push((file, compiled));
                } else {
                    print(&show(&file, &compiled.diagnostics, arguments.format));
                }
            }
        }
    }
    if arguments.format == Format::Sarif {
        let files: Vec<(&SourceFile, &[Diagnostic])> =
            checked.iter().map(|(file, compiled)| (file, &compiled.diagnostics[..])).collect();
        print(&render_sarif(&files));
    }
    code
}

fn show(file: &SourceFile, diagnostics: &[Diagnostic], format: Format) -> String {
    let right = || if diagnostics.is_empty() { format!("{}: right\n", file.name) } else { String::new() };
    match format {
        Format::Text if diagnostics.is_empty() => right(),
        Format::Text => {
            format!("{}{}: {}\n", render(file, diagnostics), file.name, load::summary(diagnostics))
        }
        Format::Short => render_short(file, diagnostics) + &right(),
        Format::Json => render_json(file, diagnostics),
        Format::Github => render_github(file, diagnostics),
        // Written once for all files.
        Format::Sarif => String::new(),
    }
}
