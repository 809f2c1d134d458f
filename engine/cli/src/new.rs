//! `tidegate new`: the ready topologies as a beginning. They are the files of the repository, so their tests hold for what is made.

use crate::{FAILED, OK, print};
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Arguments {
    /// The folder to make; its last part is the topology's name
    name: PathBuf,
    /// What to begin with
    #[arg(long, value_enum, default_value = "payment-volume")]
    example: Example,
}

pub const HELP: &str = "Examples:
  tidegate new orders
  tidegate new alerts --example fraud

Exit codes: 0 made; 1 the folder is there already, cannot be written, or its name is no name of a topology.";

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Example {
    /// Hourly payment volume: windows, late events, final rows
    PaymentVolume,
    /// Fraud alerts: rolling counts, a table that is joined, deduplication
    Fraud,
}

struct Template {
    topology: &'static str,
    /// The name that stands in it.
    name: &'static str,
    /// Beside it, by path.
    files: &'static [(&'static str, &'static str)],
    run: &'static str,
}

const PAYMENT_VOLUME: Template = Template {
    topology: include_str!("../../../topologies/payment_volume/topology.tide"),
    name: "payment_volume",
    files: &[("payments.ndjson", include_str!("../../../topologies/payment_volume/payments.ndjson"))],
    run: "--input payments=payments.ndjson --output hourly=-",
};

const FRAUD: Template = Template {
    topology: include_str!("../../../topologies/fraud/topology.tide"),
    name: "fraud",
    files: &[
        ("payments.ndjson", include_str!("../../../topologies/fraud/payments.ndjson")),
        ("blocklist.ndjson", include_str!("../../../topologies/fraud/blocklist.ndjson")),
        (
            "snapshots/topology/the-sixth-payment-in-five-minutes-is-one-too-many.velocity.ndjson",
            include_str!(
                "../../../topologies/fraud/snapshots/topology/the-sixth-payment-in-five-minutes-is-one-too-many.velocity.ndjson"
            ),
        ),
    ],
    run: "--input blocklist=blocklist.ndjson --input payments=payments.ndjson --output alerts=-",
};

pub fn new(arguments: &Arguments) -> u8 {
    match make(&arguments.name, arguments.example) {
        Ok(text) => {
            print(&text);
            OK
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            FAILED
        }
    }
}

fn make(folder: &Path, example: Example) -> Result<String> {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name {
        bail!(
            "{name:?} is no name of a topology: that begins with a letter, and goes on with letters, digits and underscores, such as `{}`",
            as_name(&name)
        );
    }
    if folder.exists() {
        bail!("{} is there already: choose another name, or take it away", folder.display());
    }
    let template = match example {
        Example::PaymentVolume => PAYMENT_VOLUME,
        Example::Fraud => FRAUD,
    };
    let own = format!("topology {}\n", template.name);
    let topology = template.topology.replacen(&own, &format!("topology {name}\n"), 1);
    write(&folder.join("topology.tide"), &topology)?;
    for (path, text) in template.files {
        write(&folder.join(path), text)?;
    }
    Ok(format!(
        "{shown}/topology.tide is made, with its tests and sample events. Go on with\n  cd {shown}\n  tidegate check topology.tide\n  tidegate test topology.tide\n  tidegate run topology.tide {}\n",
        template.run,
        shown = folder.display()
    ))
}

/// The nearest name that a topology can have.
fn as_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let plain: String = name.chars().map(plain).collect();
    match plain.chars().next() {
        None => "my_topology".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("topology_{plain}"),
        Some(_) => plain,
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    let told = || format!("cannot write {}", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(told)?;
    }
    std::fs::write(path, text).with_context(told)
}

#[cfg(test)]
mod tests {
    use super::as_name;

    #[test]
    fn a_name_is_made_of_what_was_given() {
        assert_eq!(as_name("9x"), "topology_9x");
        assert_eq!(as_name("My-Orders"), "my_orders");
        assert_eq!(as_name(""), "my_topology");
    }
}
