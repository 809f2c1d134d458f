//! Which records of a route are meant.

use super::condition::Condition;
use super::found::Found;
use anyhow::{Context, Result, bail};

#[derive(clap::Args)]
pub struct Arguments {
    /// Only those with this text in the code or message of their cause
    #[arg(long, value_name = "TEXT")]
    cause: Option<String>,
    /// Only those for which a condition is true, over route, step, code, message, topic, partition, offset, time, key and value
    #[arg(long = "where", value_name = "CONDITION")]
    condition: Option<String>,
    /// Only these of the route's topic: `PARTITION@OFFSET` or `PARTITION@FIRST-LAST`, with commas between them
    #[arg(long, value_name = "0@17,0@20-29")]
    offsets: Option<String>,
    /// Those that were sent back before, too
    #[arg(long)]
    again: bool,
}

pub struct Selection {
    cause: Option<String>,
    condition: Option<Condition>,
    /// Partition, first and last offset. None: all.
    offsets: Option<Vec<(i32, i64, i64)>>,
    again: bool,
}

impl Selection {
    /// `topic`: the route's.
    pub fn new(arguments: &Arguments, topic: &str) -> Result<Selection> {
        Ok(Selection {
            cause: arguments.cause.clone(),
            condition: arguments.condition.as_deref().map(Condition::new).transpose()?,
            offsets: arguments.offsets.as_deref().map(|text| ranges(text, topic)).transpose()?,
            again: arguments.again,
        })
    }

    /// Was it sent back before, and is not to be sent once more?
    pub fn is_done(&self, found: &Found) -> bool {
        found.is_replayed && !self.again
    }

    /// Are those meant, too, that were sent back before?
    pub fn is_again(&self) -> bool {
        self.again
    }

    pub fn takes(&mut self, found: &Found) -> Result<bool> {
        if self.is_done(found) {
            return Ok(false);
        }
        if let Some(offsets) = &self.offsets {
            let (partition, offset) = (found.partition.partition.0, found.record.offset.0);
            if !offsets.iter().any(|(at, first, last)| *at == partition && (*first..=*last).contains(&offset))
            {
                return Ok(false);
            }
        }
        if self.cause.as_ref().is_some_and(|text| !found.is_because(text)) {
            return Ok(false);
        }
        match &mut self.condition {
            Some(condition) => condition.holds(found),
            None => Ok(true),
        }
    }
}

fn ranges(text: &str, topic: &str) -> Result<Vec<(i32, i64, i64)>> {
    let mut ranges = Vec::new();
    for range in text.split(',') {
        let wrong = || {
            format!(
                "--offsets {range}: the form is PARTITION@OFFSET or PARTITION@FIRST-LAST, such as 0@20-29"
            )
        };
        // As `show` writes it, too: `payments.malformed-0@17`.
        let own = range.strip_prefix(topic).and_then(|rest| rest.strip_prefix('-')).unwrap_or(range);
        let (partition, offsets) = own.split_once('@').with_context(wrong)?;
        let (first, last) = offsets.split_once('-').unwrap_or((offsets, offsets));
        let number = |text: &str| text.parse::<i64>().with_context(wrong);
        let (first, last) = (number(first)?, number(last)?);
        if last < first {
            bail!("--offsets {range}: the last is before the first");
        }
        ranges.push((number(partition)? as i32, first, last));
    }
    Ok(ranges)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_ranges_of_partitions() {
        let read = |text: &str| ranges(text, "p.malformed");
        assert_eq!(read("0@17,1@20-29").expect("right"), [(0, 17, 17), (1, 20, 29)]);
        assert_eq!(read("p.malformed-3@4").expect("right"), [(3, 4, 4)]);
        for wrong in ["17", "0@", "0@9-3", "x@1", "other-0@3"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
