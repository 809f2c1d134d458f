//! Topics of the embedded log as lines of JSON in files or on standard output.

use anyhow::{Context, Result};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use tidegate_embedded::{EmbeddedLog, OwnedRecord};
use tidegate_engine::set_aside;
use tidegate_model::{Offset, PartitionId, TopicPartition};

const BATCH_RECORDS: usize = 10_000;

pub enum To {
    File(PathBuf),
    Stdout,
}

impl To {
    pub fn parse(text: &str) -> To {
        if text == "-" { To::Stdout } else { To::File(PathBuf::from(text)) }
    }
}

pub struct Follower {
    log: Arc<EmbeddedLog>,
    topic: String,
    next: Vec<Offset>,
    out: Box<dyn Write + Send>,
    /// Standard output goes on where an earlier run ended; a file is written anew from the beginning.
    note: Option<String>,
    closed: bool,
}

impl Follower {
    pub fn open(log: &Arc<EmbeddedLog>, topic: &str, to: &To) -> Result<Follower> {
        let partitions = log.partitions(topic).expect("the topics were made");
        let mut next = vec![Offset(0); partitions as usize];
        let (out, note): (Box<dyn Write + Send>, _) = match to {
            To::File(path) => {
                let file = File::create(path).with_context(|| format!("--output …={}", path.display()))?;
                (Box::new(BufWriter::new(file)), None)
            }
            To::Stdout => {
                let note = format!("output\0{topic}");
                for (place, bytes) in
                    next.iter_mut().zip(log.note(&note)?.unwrap_or_default().chunks_exact(8))
                {
                    *place = Offset(i64::from_be_bytes(bytes.try_into().expect("eight bytes")));
                }
                (Box::new(BufWriter::new(std::io::stdout())), Some(note))
            }
        };
        Ok(Follower { log: Arc::clone(log), topic: topic.to_owned(), next, out, note, closed: false })
    }

    /// Writes what was committed since the last call.
    pub fn copy(&mut self) -> Result<()> {
        let mut wrote = false;
        for index in 0..self.next.len() {
            let partition =
                TopicPartition { topic: self.topic.clone(), partition: PartitionId(index as i32) };
            loop {
                let records = self.log.read(&partition, self.next[index], BATCH_RECORDS)?;
                let Some(last) = records.last() else { break };
                self.next[index] = Offset(last.offset.0 + 1);
                wrote = true;
                for record in &records {
                    self.write(record)?;
                }
            }
        }
        if !wrote || self.closed {
            return Ok(());
        }
        let flushed = self.out.flush();
        self.accept(flushed)?;
        if let Some(note) = &self.note {
            let content: Vec<u8> = self.next.iter().flat_map(|next| next.0.to_be_bytes()).collect();
            self.log.set_note(note, &content)?;
        }
        Ok(())
    }

    fn write(&mut self, record: &OwnedRecord) -> Result<()> {
        if self.closed {
            return Ok(());
        }
        let line = line_of(record);
        let written = self.out.write_all(&line);
        self.accept(written)
    }

    /// A reader that went away (`| head`) wants nothing more.
    fn accept(&mut self, result: std::io::Result<()>) -> Result<()> {
        match result {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            result => result.with_context(|| format!("writing the rows of {}", self.topic)),
        }
    }
}

/// A row as it is; a deletion as `--input` takes it, `KEY<TAB>null`; an event that was set aside, which may be any bytes, inside an object with its headers.
fn line_of(record: &OwnedRecord) -> Vec<u8> {
    let text =
        |bytes: &Option<Vec<u8>>| bytes.as_deref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let mut line = if record.headers.is_empty() {
        match (&record.value, &record.key) {
            (Some(value), _) => value.clone(),
            (None, Some(key)) => [key, &b"\tnull"[..]].concat(),
            (None, None) => b"null".to_vec(),
        }
    } else {
        let headers: serde_json::Map<String, serde_json::Value> = record
            .headers
            .iter()
            // When a line of a file was taken in tells nothing; `dlq` needs it.
            .filter(|(name, _)| name != set_aside::TIMESTAMP)
            .map(|(name, content)| (name.clone(), String::from_utf8_lossy(content).into_owned().into()))
            .collect();
        let object =
            serde_json::json!({ "headers": headers, "key": text(&record.key), "value": text(&record.value) });
        object.to_string().into_bytes()
    };
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_model::EventTime;

    #[test]
    fn a_deletion_tells_whose_row_it_deletes() {
        let line = |key: Option<&str>, value: Option<&str>| {
            let bytes = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
            let (key, value) = (bytes(key), bytes(value));
            let timestamp = EventTime::from_millis(0);
            let record = OwnedRecord { offset: Offset(0), timestamp, key, value, headers: Vec::new() };
            String::from_utf8(line_of(&record)).expect("text")
        };
        assert_eq!(line(Some("c1"), Some("{}")), "{}\n");
        assert_eq!(line(Some("c1"), None), "c1\tnull\n");
        assert_eq!(line(None, None), "null\n");
    }
}
