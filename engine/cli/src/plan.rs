//! `tidegate plan`

use crate::kafka_options::KafkaOptions;
use crate::{FAILED, OK, UNUSABLE, load, print};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tidegate_engine::change::{Change, Fate, Kept, changes};
use tidegate_kafka::{Settings, running};
use tidegate_state::{Shared, StateDir, Store};

/// Stores are only opened to read their names.
const STATE_BYTES: usize = 8 << 20;

#[derive(clap::Args)]
pub struct Arguments {
    /// The topology as it is to be
    file: PathBuf,
    /// The topology as it was (a file), the `--data` directory of its runs, or `running`: what it has left on `--brokers`
    #[arg(long, value_name = "FILE|DIR|running")]
    against: PathBuf,
    /// Kafka's bootstrap servers, for `--against running`
    #[arg(long, value_name = "HOST:PORT,…", env = "TIDEGATE_BROKERS", hide_env_values = true)]
    brokers: Option<String>,
    #[command(flatten)]
    kafka: KafkaOptions,
    #[command(flatten)]
    params: load::Params,
}

pub fn plan(arguments: &Arguments) -> u8 {
    let Some(compiled) = load::load_or_tell(&arguments.file, &arguments.params) else { return UNUSABLE };
    let new = Kept::of(&compiled.plan.expect("told otherwise"));
    let against = &arguments.against;
    let found = if against.as_os_str() == "running" {
        on_brokers(arguments, &new)
    } else if against.is_dir() {
        stores_in(against, &new.topology)
    } else {
        match load::load_or_tell(against, &arguments.params) {
            Some(compiled) => Ok(Kept::of(&compiled.plan.expect("told otherwise"))),
            None => return UNUSABLE,
        }
    };
    let old = match found {
        Ok(old) => old,
        Err(error) => {
            eprintln!("error: {error:#}");
            return UNUSABLE;
        }
    };
    let changes = changes(&old, &new);
    print(&told(&changes));
    if changes.iter().any(|change| change.fate == Fate::Refused) { FAILED } else { OK }
}

/// What the topology of the same name has left on the brokers.
fn on_brokers(arguments: &Arguments, new: &Kept) -> Result<Kept> {
    let Some(brokers) = &arguments.brokers else {
        bail!("`--against running` needs `--brokers HOST:PORT`");
    };
    let settings = Settings::new(brokers, &arguments.kafka.read()?, &new.topology, "plan", Duration::ZERO);
    running(&settings, new).with_context(|| format!("--brokers {brokers}"))
}

/// The stores that runs have left in a data directory.
fn stores_in(data: &Path, topology: &str) -> Result<Kept> {
    let root = data.join("state");
    if !root.join(topology).is_dir() {
        bail!("{} holds no state of the topology {topology}", data.display());
    }
    let state = StateDir::open(&root, topology)?;
    let shared = Shared::new(STATE_BYTES);
    let mut kept = Kept { topology: topology.to_owned(), ..Kept::default() };
    for path in state.task_paths().with_context(|| format!("cannot read {}", root.display()))? {
        let store = Store::open(&path, &shared, &[])?;
        for (name, table) in store.tables().filter(|(_, table)| store.position(*table).is_some()) {
            kept.stores.insert(name.to_owned(), store.layout(table).map(str::to_owned));
        }
    }
    Ok(kept)
}

fn told(changes: &[Change]) -> String {
    let mut text = String::new();
    for Change { fate, what, why } in changes {
        text.push_str(&format!("{:<12} {what}\n", format!("{fate}:")));
        for line in why.lines() {
            text.push_str(&format!("             {line}\n"));
        }
    }
    text
}
