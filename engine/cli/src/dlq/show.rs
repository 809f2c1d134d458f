//! `tidegate dlq show`

use super::found::{self, Found};
use super::selection::{self, Selection};
use super::{Format, place};
use crate::print;
use anyhow::Result;
use std::fmt::Write;

/// A longer value is cut in the form for a terminal.
const SHOWN_LETTERS_MAX: usize = 2_000;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    place: place::Arguments,
    /// The route's topic, or its word: malformed, errors, late, failed
    route: String,
    /// At most so many records
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    selection: selection::Arguments,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub fn show(arguments: &Arguments) -> Result<bool> {
    let Some(place) = place::open(&arguments.place)? else { return Ok(false) };
    let topic = place.topic(&arguments.route)?.topic;
    let mut selection = Selection::new(&arguments.selection, &topic)?;
    let limit = arguments.limit.unwrap_or(usize::MAX);
    let mut archive = place.archive(&topic)?;
    let (mut shown, mut more) = (0, 0);
    let mut wrong = Ok(());
    let read = found::each(&mut *archive, (&place.plan.topology, &topic), &mut |found| match selection
        .takes(&found)
    {
        Ok(true) if shown < limit => {
            shown += 1;
            print(&match arguments.format {
                Format::Text => text(&found),
                Format::Json => format!("{}\n", found.json()),
            });
        }
        Ok(taken) => more += usize::from(taken),
        Err(error) if wrong.is_ok() => wrong = Err(error),
        Err(_) => {}
    })?;
    wrong?;
    match read {
        None => eprintln!("{topic}: the topic is not there, or may not be seen"),
        Some(_) if more > 0 => eprintln!("{topic}: {more} more"),
        Some(_) if shown == 0 => eprintln!("{topic}: there is nothing such"),
        Some(_) => {}
    }
    Ok(true)
}

fn text(found: &Found) -> String {
    let mut out = found.at();
    match &found.aside {
        Some(aside) => {
            let _ = write!(out, " from {}, {}", aside.place, found.record.timestamp);
            out.push_str(if found.is_replayed { ", sent back\n" } else { "\n" });
            let _ = writeln!(out, "  {} in {}: {}: {}", aside.route, aside.step, aside.code, aside.message);
        }
        None => out.push_str(", written by others\n"),
    }
    for (name, bytes) in [("key", &found.record.key), ("value", &found.record.value)] {
        let text = match bytes {
            None => "none".to_owned(),
            Some(bytes) => shortened(&String::from_utf8_lossy(bytes)),
        };
        let _ = writeln!(out, "  {name:<5} {text}");
    }
    out
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN_LETTERS_MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}… ({} bytes; whole with --format json)", &text[..end], text.len()),
    }
}
