//! `tidegate check`

use crate::{FAILED, OK, load, print};
use clap::ValueEnum;
use std::path::PathBuf;
use tidegate_dsl::diagnostic::{Diagnostic, render, render_github, render_json, render_sarif, render_short};
use tidegate_dsl::{Compiled, Sources};

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
    let mut checked: Vec<Compiled> = Vec::new();
    for path in &arguments.files {
        match load::load(path, &arguments.params) {
            Err(error) => {
                eprintln!("error: {error:#}");
                code = FAILED;
            }
            Ok(compiled) => {
                let denied = arguments.deny_warnings && !compiled.diagnostics.is_empty();
                if (compiled.plan.is_none() && !compiled.is_library) || denied {
                    code = FAILED;
                }
                // One log holds all files; the other forms are written as they come.
                if arguments.format == Format::Sarif {
                    checked.push(compiled);
                } else {
                    print(&show(&compiled, arguments.format));
                }
            }
        }
    }
    if arguments.format == Format::Sarif {
        let topologies: Vec<(&Sources, &[Diagnostic])> =
            checked.iter().map(|compiled| (&compiled.sources, &compiled.diagnostics[..])).collect();
        print(&render_sarif(&topologies));
    }
    code
}

fn show(compiled: &Compiled, format: Format) -> String {
    let (sources, diagnostics) = (&compiled.sources, &compiled.diagnostics[..]);
    let name = &sources.own().name;
    let right = || match (diagnostics.is_empty(), &compiled.refusal) {
        (false, _) => String::new(),
        (true, _) if compiled.is_library => {
            format!(
                "{name}: right, as a file for others to `use`: it has no name and nothing that leaves it\n"
            )
        }
        (true, None) => format!("{name}: right\n"),
        (true, Some(_)) => {
            format!("{name}: right; some of its steps cannot run yet (`tidegate explain` says which)\n")
        }
    };
    match format {
        Format::Text if diagnostics.is_empty() => right(),
        Format::Text => format!("{}{name}: {}\n", render(sources, diagnostics), load::summary(diagnostics)),
        Format::Short => render_short(sources, diagnostics) + &right(),
        Format::Json => render_json(sources, diagnostics),
        Format::Github => render_github(sources, diagnostics),
        // Written once for all files.
        Format::Sarif => String::new(),
    }
}
