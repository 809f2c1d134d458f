//! `tidegate dlq replay`

use super::edit::Edit;
use super::found::{self, Found, Read};
use super::place;
use super::selection::{self, Selection};
use crate::print;
use anyhow::{Context, Result, anyhow, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tidegate_engine::log::{Addressed, Archive, LogError};
use tidegate_engine::outbox;
use tidegate_engine::replayed::Replayed;
use tidegate_model::partition::partition_for;
use tidegate_model::text::parse_base64;
use tidegate_model::{Offset, TopicPartition};

/// Records of one transaction: so many are sent again at most by hand where nobody knows what became of it.
const BATCH_RECORDS: usize = 100;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    place: place::Arguments,
    /// The route's topic, or its word: malformed, errors, late, failed
    route: String,
    #[command(flatten)]
    selection: selection::Arguments,
    /// Mends each value; what it does not change is not sent
    #[arg(long, value_name = "s/PATTERN/REPLACEMENT/", conflicts_with = "from")]
    edit: Option<String>,
    /// Sends keys and values of a file, as `show --format json` writes it and somebody has mended it; what is not in it is not sent
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Shows what would be sent, and sends nothing
    #[arg(long)]
    dry_run: bool,
}

/// A record that is to be sent, and which one of the route it is.
struct Chosen {
    partition: TopicPartition,
    offset: Offset,
    again: Addressed,
    is_mended: bool,
    /// Another key may belong to another partition.
    is_rekeyed: bool,
}

/// What somebody has made of a record.
struct Mended {
    /// None: the file does not say.
    key: Option<Option<Vec<u8>>>,
    value: Option<Vec<u8>>,
}

pub fn replay(arguments: &Arguments) -> Result<bool> {
    let Some(place) = place::open(&arguments.place)? else { return Ok(false) };
    let topic = place.topic(&arguments.route)?.topic;
    let mut choice = Choice {
        selection: Selection::new(&arguments.selection, &topic)?,
        edit: arguments.edit.as_deref().map(Edit::parse).transpose()?,
        mended: arguments.from.as_deref().map(mended_of).transpose()?,
        chosen: Vec::new(),
        kept: BTreeMap::new(),
    };
    let mut archive = place.archive(&topic)?;
    if !arguments.dry_run {
        // Before the positions are read: what a killed replay has left open is settled here.
        retried(|| archive.fence())?;
    }
    let mut wrong = Ok(());
    let read = found::each(&mut *archive, (&place.plan.topology, &topic), &mut |found| {
        if wrong.is_ok() {
            wrong = choice.take(&found);
        }
    })?;
    wrong?;
    let Some(read) = read else { bail!("{topic}: the topic is not there, or may not be seen") };
    if let Some(unknown) = choice.mended.iter().flat_map(BTreeMap::keys).next() {
        bail!(
            "--from: {unknown} is no record that waits in {topic} (or it is left out by the other options); nothing was sent"
        );
    }
    to_their_partitions(&mut *archive, &mut choice.chosen)?;
    let targets = check_targets(&mut *archive, &choice.chosen)?;
    if arguments.dry_run {
        for chosen in &choice.chosen {
            print(&told(chosen));
        }
    } else {
        let rest = match choice.selection.is_again() {
            true => "with --again these would be sent once more: choose the others with --offsets",
            false => "run the same command again for the others: none is sent twice",
        };
        send(&mut *archive, &choice.chosen, read, rest)?;
    }
    let done = if arguments.dry_run { "would be sent back" } else { "sent back" };
    let mended = choice.chosen.iter().filter(|chosen| chosen.is_mended).count();
    let mended = if mended > 0 { format!(" ({mended} mended)") } else { String::new() };
    let to = if targets.is_empty() { String::new() } else { format!(" to {}", targets.join(", ")) };
    eprintln!("{topic}: {} {done}{to}{mended}", choice.chosen.len());
    for (why, count) in &choice.kept {
        eprintln!("  {count} not: {why}");
    }
    Ok(true)
}

struct Choice {
    selection: Selection,
    edit: Option<Edit>,
    /// By place, of those that were not met yet.
    mended: Option<BTreeMap<String, Mended>>,
    chosen: Vec<Chosen>,
    /// Why records that were meant are not sent, and how many.
    kept: BTreeMap<&'static str, u64>,
}

impl Choice {
    fn take(&mut self, found: &Found) -> Result<()> {
        if self.selection.is_done(found) {
            // A replay that was killed is run again with the same file.
            let is_named = self.mended.as_mut().is_some_and(|mended| mended.remove(&found.at()).is_some());
            if is_named {
                *self.kept.entry("it was sent back before").or_default() += 1;
            }
            return Ok(());
        }
        if !self.selection.takes(found)? {
            return Ok(());
        }
        match self.again(found)? {
            Ok((again, is_mended)) => self.chosen.push(Chosen {
                partition: found.partition.clone(),
                offset: found.record.offset,
                is_rekeyed: again.key != found.record.key,
                again,
                is_mended,
            }),
            Err(why) => *self.kept.entry(why).or_default() += 1,
        }
        Ok(())
    }

    /// What is sent for it, or why nothing is.
    fn again(&mut self, found: &Found) -> Result<Result<(Addressed, bool), &'static str>> {
        let Some(aside) = &found.aside else { return Ok(Err("somebody else wrote it")) };
        let Some(timestamp) = aside.timestamp else {
            return Ok(Err(
                "it was set aside behind a repartition, in a table or a result, where the record's own bytes are gone",
            ));
        };
        let own = found.record.value.clone();
        let mut key = found.record.key.clone();
        let value = if let Some(mended) = &mut self.mended {
            let Some(mended) = mended.remove(&found.at()) else { return Ok(Err("it is not in the file")) };
            key = mended.key.unwrap_or(key);
            mended.value
        } else if let Some(edit) = &self.edit {
            let Some(text) = own.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok()) else {
                return Ok(Err("it is no text that could be mended"));
            };
            match edit.apply(text) {
                Some(text) => Some(text.into_bytes()),
                None => return Ok(Err("--edit changes nothing in it")),
            }
        } else {
            own.clone()
        };
        let is_mended = value != own || key != found.record.key;
        let value = match (&*aside.route, value) {
            ("failed", Some(row)) => {
                // A receiver may have seen the row although it did not say so; a mended one it has not.
                let key = aside.idempotency_key.as_deref().filter(|_| !is_mended);
                Some(outbox::write(key, &row))
            }
            ("failed", None) => {
                bail!("{}: a row of an `http` sink has a value; nothing was sent", found.at())
            }
            (_, value) => value,
        };
        let to = TopicPartition { topic: aside.place.topic.to_string(), partition: aside.place.partition };
        Ok(Ok((Addressed { to, timestamp, key, value }, is_mended)))
    }
}

/// A record with another key than before goes where its producer would have put it.
fn to_their_partitions(archive: &mut dyn Archive, chosen: &mut [Chosen]) -> Result<()> {
    for again in chosen.iter_mut().filter(|chosen| chosen.is_rekeyed).map(|chosen| &mut chosen.again) {
        if let (Some(key), Some(count)) = (&again.key, archive.partitions(&again.to.topic)?) {
            again.to.partition = partition_for(key, count);
        }
    }
    Ok(())
}

/// The topics that are written to, which must have the partitions that the records came from.
fn check_targets(archive: &mut dyn Archive, chosen: &[Chosen]) -> Result<Vec<String>> {
    let places: BTreeSet<&TopicPartition> = chosen.iter().map(|chosen| &chosen.again.to).collect();
    let mut topics: Vec<String> = Vec::new();
    for place in places {
        let count = archive.partitions(&place.topic)?;
        if count.is_none_or(|count| place.partition.0 as u32 >= count) {
            bail!("records came from {place}, which is not there any more; nothing was sent");
        }
        if !topics.contains(&place.topic) {
            topics.push(place.topic.clone());
        }
    }
    Ok(topics)
}

/// `rest`: what is to be done about those that were not sent.
fn send(archive: &mut dyn Archive, chosen: &[Chosen], read: Vec<Read>, rest: &str) -> Result<()> {
    let mut replayed: BTreeMap<TopicPartition, (Read, Replayed)> = BTreeMap::new();
    for read in read {
        let known = read.replayed.clone();
        replayed.insert(read.partition.clone(), (read, known));
    }
    // Whether each position can be written is known before anything is sent.
    let mut batches: Vec<(&[Chosen], Vec<(TopicPartition, tidegate_engine::log::Committed)>)> = Vec::new();
    for batch in chosen.chunks(BATCH_RECORDS) {
        let partitions: BTreeSet<&TopicPartition> = batch.iter().map(|chosen| &chosen.partition).collect();
        let mut positions = Vec::new();
        for partition in partitions {
            let (read, known) = replayed.get_mut(partition).expect("it was read");
            let own = batch.iter().filter(|chosen| chosen.partition == *partition);
            let offsets: Vec<Offset> = own.map(|chosen| chosen.offset).collect();
            *known = known.with(&offsets, &read.offsets, read.end);
            let committed = known.committed().ok_or_else(|| {
                anyhow!("{partition}: the choice has too many gaps to be remembered; choose by ranges (--offsets), oldest first. Nothing was sent")
            })?;
            positions.push((partition.clone(), committed));
        }
        batches.push((batch, positions));
    }
    let total = chosen.len();
    let mut sent = 0;
    for (batch, positions) in batches {
        let records: Vec<Addressed> = batch.iter().map(|chosen| chosen.again.clone()).collect();
        archive
            .commit(&records, &positions)
            .with_context(|| format!("{sent} of {total} were sent back; {rest}"))?;
        sent += batch.len();
    }
    Ok(())
}

fn told(chosen: &Chosen) -> String {
    let value = chosen.again.value.as_deref().map_or("none".into(), String::from_utf8_lossy);
    let mark = if chosen.is_mended { "mended " } else { "" };
    format!("{}@{} -> {}: {mark}{value}\n", chosen.partition, chosen.offset.0, chosen.again.to)
}

/// By place, of a file as `show --format json` writes it.
fn mended_of(path: &Path) -> Result<BTreeMap<String, Mended>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("--from {}", path.display()))?;
    let mut all = BTreeMap::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |why: &str| anyhow!("{}:{}: {why}", path.display(), number + 1);
        let row: serde_json::Value =
            serde_json::from_str(line).map_err(|error| wrong(&format!("no JSON: {error}")))?;
        let at = row["at"].as_str().ok_or_else(|| wrong("it has no `at`, which says which record it is"))?;
        let bytes = |name: &str| bytes_of(&row, name).map_err(|why| wrong(&why));
        let value = bytes("value")?.ok_or_else(|| wrong("it has no `value`"))?;
        if all.insert(at.to_owned(), Mended { key: bytes("key")?, value }).is_some() {
            return Err(wrong(&format!("{at} is there twice")));
        }
    }
    Ok(all)
}

/// What a row says of a key or a value: text, or what cannot be text in base64. None: nothing.
fn bytes_of(row: &serde_json::Value, name: &str) -> Result<Option<Option<Vec<u8>>>, String> {
    match (row.get(name), row[format!("{name}_base64")].as_str()) {
        (Some(serde_json::Value::String(text)), _) => Ok(Some(Some(text.clone().into_bytes()))),
        (_, Some(text)) => match parse_base64(text) {
            Some(bytes) => Ok(Some(Some(bytes))),
            None => Err(format!("`{name}_base64` cannot be read")),
        },
        (Some(serde_json::Value::Null), None) => Ok(Some(None)),
        (None, None) => Ok(None),
        (Some(_), None) => Err(format!("`{name}` is the record's text, in quotes")),
    }
}

fn retried(mut ask: impl FnMut() -> Result<(), LogError>) -> Result<()> {
    const TRIES: u32 = 5;
    for _ in 1..TRIES {
        match ask() {
            Err(LogError::Retry(why)) => tracing::warn!("it is tried again: {why}"),
            other => return Ok(other?),
        }
    }
    Ok(ask()?)
}
