//! `tidegate plan`

use crate::{FAILED, OK, UNUSABLE, load, print};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use tidegate_engine::change::{Change, Fate, Kept, changes};
use tidegate_state::{Shared, StateDir, Store};

/// Stores are only opened to read their names.
const STATE_BYTES: usize = 8 << 20;

#[derive(clap::Args)]
pub struct Arguments {
    /// The topology as it is to be
    file: PathBuf,
    /// The topology as it was (a file), or the `--data` directory of its runs
    #[arg(long)]
    against: PathBuf,
    #[command(flatten)]
    params: load::Params,
}

pub fn plan(arguments: &Arguments) -> u8 {
    let Some(compiled) = load::load_or_tell(&arguments.file, &arguments.params) else { return UNUSABLE };
    let new = Kept::of(&compiled.plan.expect("told otherwise"));
    let old = match arguments.against.is_dir() {
        true => match stores_in(&arguments.against, &new.topology) {
            Ok(old) => old,
            Err(error) => {
                eprintln!("error: {error:#}");
                return UNUSABLE;
            }
        },
        false => match load::load_or_tell(&arguments.against, &arguments.params) {
            Some(compiled) => Kept::of(&compiled.plan.expect("told otherwise")),
            None => return UNUSABLE,
        },
    };
    let changes = changes(&old, &new);
    print(&told(&changes));
    if changes.iter().any(|change| change.fate == Fate::Refused) { FAILED } else { OK }
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
