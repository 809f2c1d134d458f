//! Files of JSON lines, or standard input, into a topic of the embedded log.

use super::Input;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tidegate_embedded::EmbeddedLog;
use tidegate_model::partition::partition_for;
use tidegate_model::{EventTime, PartitionId};

/// Records that are appended together with the note of how far the file was read.
const BATCH_RECORDS: usize = 1000;
const BATCH_BYTES: usize = 1 << 20;

pub enum From {
    File(PathBuf),
    Stdin,
}

impl From {
    pub fn parse(text: &str) -> From {
        if text == "-" { From::Stdin } else { From::File(PathBuf::from(text)) }
    }
}

pub struct Feeder {
    log: Arc<EmbeddedLog>,
    input: Input,
    reader: Box<dyn BufRead + Send>,
    /// A file that was read before goes on behind what was taken; its note's name, and how many bytes were.
    resume: Option<(String, u64)>,
    /// An earlier run has read all of the file.
    is_at_end: bool,
    partitions: u32,
}

impl Feeder {
    pub fn open(log: &Arc<EmbeddedLog>, input: &Input, from: &From) -> Result<Feeder> {
        let mut is_at_end = false;
        let (reader, resume): (Box<dyn BufRead + Send>, _) = match from {
            From::Stdin => (Box::new(BufReader::new(std::io::stdin())), None),
            From::File(path) => {
                let (file, resume) = open_behind(log, input, path)?;
                is_at_end = resume.1 > 0 && file.metadata()?.len() == resume.1;
                (Box::new(BufReader::with_capacity(1 << 20, file)), Some(resume))
            }
        };
        let partitions = log.partitions(&input.topic).expect("the topics were made");
        Ok(Feeder { log: Arc::clone(log), input: input.clone(), reader, resume, is_at_end, partitions })
    }

    /// The input's name, if its file was read to its end by an earlier run.
    pub fn read_before(&self) -> Option<&str> {
        self.is_at_end.then_some(self.input.name.as_str())
    }

    /// Is it a table's file, all of which is there?
    pub fn is_finite_table(&self) -> bool {
        self.input.is_table && self.resume.is_some()
    }

    /// Appends everything, then says that the topic is complete.
    pub fn run(mut self, stop: &AtomicBool) -> Result<()> {
        let mut line = Vec::new();
        let mut batch = Vec::new();
        let (mut lines, mut batch_bytes) = (0u64, 0);
        while !stop.load(Ordering::Relaxed) {
            line.clear();
            let bytes = self
                .reader
                .read_until(b'\n', &mut line)
                .with_context(|| format!("reading `{}`", self.input.name))?;
            if bytes == 0 {
                self.append(&mut batch)?;
                self.log.finish(&self.input.topic)?;
                return Ok(());
            }
            if let Some((_, taken)) = &mut self.resume {
                *taken += bytes as u64;
            }
            let text = trimmed(&line);
            if text.is_empty() {
                continue;
            }
            batch.push(self.record(text, lines));
            lines += 1;
            batch_bytes += text.len();
            // Standard input may be a person who types: nothing waits for a full batch there.
            let waits = self.resume.is_none();
            if batch.len() == BATCH_RECORDS || batch_bytes >= BATCH_BYTES || waits {
                self.append(&mut batch)?;
                batch_bytes = 0;
            }
        }
        self.append(&mut batch)
    }

    fn record(&self, text: &[u8], line: u64) -> (PartitionId, EventTime, Option<Vec<u8>>, Option<Vec<u8>>) {
        let (key, payload) = match split_key(text) {
            Some((key, payload)) => (Some(key.to_vec()), payload),
            None => (self.input.key.as_deref().and_then(|path| key_of(text, path)), text),
        };
        let partition = match &key {
            Some(key) => partition_for(key, self.partitions),
            None => PartitionId((line % u64::from(self.partitions)) as i32),
        };
        let value = (payload != b"null" || key.is_none()).then(|| payload.to_vec());
        (partition, now(), key, value)
    }

    fn append(
        &mut self,
        batch: &mut Vec<(PartitionId, EventTime, Option<Vec<u8>>, Option<Vec<u8>>)>,
    ) -> Result<()> {
        let content = self.resume.as_ref().map(|(name, taken)| (name.as_str(), taken.to_be_bytes()));
        let note = content.as_ref().map(|(name, content)| (*name, content.as_slice()));
        self.log.append(&self.input.topic, batch, note)?;
        batch.clear();
        Ok(())
    }
}

fn open_behind(log: &EmbeddedLog, input: &Input, path: &Path) -> Result<(File, (String, u64))> {
    let told = || format!("--input {}={}", input.name, path.display());
    let mut file = File::open(path).with_context(told)?;
    let name = format!("input\0{}\0{}", input.name, path.canonicalize().with_context(told)?.display());
    let taken =
        log.note(&name)?.and_then(|bytes| <[u8; 8]>::try_from(bytes).ok()).map_or(0, u64::from_be_bytes);
    let length = file.metadata().with_context(told)?.len();
    if length < taken {
        bail!(
            "{}: {taken} bytes of it were read before, and now it has only {length}; give a new file another name",
            told()
        );
    }
    file.seek(SeekFrom::Start(taken)).with_context(told)?;
    Ok((file, (name, taken)))
}

fn trimmed(line: &[u8]) -> &[u8] {
    line.trim_ascii_end()
}

/// `KEY<TAB>JSON`; a line that begins as JSON has no key of its own.
fn split_key(text: &[u8]) -> Option<(&[u8], &[u8])> {
    if matches!(text[0], b'{' | b'[' | b'"') {
        return None;
    }
    let tab = text.iter().position(|byte| *byte == b'\t')?;
    Some((&text[..tab], &text[tab + 1..]))
}

/// The text of a field, as a producer would make it the key.
fn key_of(text: &[u8], path: &str) -> Option<Vec<u8>> {
    let row: serde_json::Value = serde_json::from_slice(text).ok()?;
    let field = path.split('.').try_fold(&row, |value, name| value.get(name))?;
    match field {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text.clone().into_bytes()),
        other => Some(other.to_string().into_bytes()),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "records get the time at which they were appended, as a broker gives it"
)]
fn now() -> EventTime {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    EventTime::from_micros(since.map_or(0, |since| since.as_micros() as i64))
}
