//! `tidegate dlq`: what the topology's routes have set aside, and the way back.

mod condition;
mod edit;
mod found;
mod ls;
mod place;
mod replay;
mod selection;
mod show;

use crate::{OK, UNUSABLE};
use clap::{Subcommand, ValueEnum};

pub const HELP: &str = "Examples:
  tidegate dlq ls topology.tide --brokers localhost:9092
  tidegate dlq show topology.tide payments.malformed --data ./data --cause wrong_type
  tidegate dlq replay topology.tide malformed --brokers localhost:9092 --edit 's/\"EURO\"/\"EUR\"/' --dry-run
  tidegate dlq show topology.tide malformed --format json --brokers localhost:9092 > wrong.ndjson
  tidegate dlq replay topology.tide malformed --brokers localhost:9092 --from wrong.ndjson

ROUTE is the route's topic, or its word (malformed, errors, late, failed) where only one topic has it.
On the embedded log (--data) the topology must not be running; on Kafka it may.";

#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The routes' topics: how many records wait in each, by cause, with the oldest and the newest
    Ls(ls::Arguments),
    /// Records of a route, with where they came from, why they were set aside, and their key and value
    Show(show::Arguments),
    /// Sends records back to where they came from, each once, however often it is run or killed
    Replay(replay::Arguments),
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    /// One line of JSON for each
    Json,
}

pub fn dlq(arguments: &Arguments) -> u8 {
    let done = match &arguments.command {
        Command::Ls(arguments) => ls::ls(arguments),
        Command::Show(arguments) => show::show(arguments),
        Command::Replay(arguments) => replay::replay(arguments),
    };
    match done {
        Ok(true) => OK,
        // The topology's file is wrong, which has been told.
        Ok(false) => UNUSABLE,
        Err(error) => {
            eprintln!("error: {error:#}");
            crate::FAILED
        }
    }
}
