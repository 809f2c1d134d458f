//! What must be true of everything that is left, whatever went wrong. The numbers are those of the README.

use crate::bed::{Bed, PARTITIONS};
use crate::support::{oracle, pause, size_of};
use crate::watcher::Seen;
use std::collections::BTreeMap;
use std::time::Duration;
use tidegate_engine::layout::LAYOUT_KEY;
use tidegate_sim::Message;
use tidegate_sim::payments::Payment;
use tidegate_state::{Shared, StateDir, Store};

/// What is waited for at most when everything works again, in tenths of a second.
const HEALED_TRIES: u32 = 900;
const RSS_KIB_MAX: u64 = 700 << 10;
const THREADS_MAX: u64 = 120;
const FILES_MAX: usize = 700;

type Parts<'a> = BTreeMap<i32, Vec<&'a Payment>>;
/// What is in each topic of results.
type Found = BTreeMap<String, Vec<Message>>;

impl Bed {
    /// Stops the load, waits for the results, stops the processes, and judges.
    pub fn judge(&mut self) {
        if let Err(why) = self.verdict() {
            panic!("{why}");
        }
    }

    /// As [`Bed::judge`]; Err: what is not as it must be.
    pub fn verdict(&mut self) -> Result<(), String> {
        self.is_judged = true;
        let payments = self.load.take().ok_or("there was no load")?.stop();
        let mut parts = Parts::new();
        for payment in &payments {
            parts.entry(payment.partition(PARTITIONS)).or_default().push(payment);
        }
        let seen = self.watcher.take().ok_or("there was no second reader")?.stop();
        let mut found = self.rows(&parts)?;
        found.extend(self.windows(&payments, &parts)?);
        found.extend(self.totals(&payments)?);
        self.prefix(&seen, &found)?;
        self.sizes()?;
        for (number, process) in std::mem::take(&mut self.processes).into_iter().enumerate() {
            if let Some(process) = process
                && !process.stop().success()
            {
                return Err(format!("process {number} did not end well:\n{}", self.tail(number)));
            }
        }
        self.offsets()?;
        self.transactions()?;
        self.stores()
    }

    /// I8: everything goes on. Asks until there is an answer.
    fn healed<T>(
        &mut self,
        what: &str,
        mut ask: impl FnMut(&Bed) -> Result<Option<T>, String>,
    ) -> Result<T, String> {
        for _ in 0..HEALED_TRIES {
            for number in 0..self.processes.len() {
                if let Some(process) = &mut self.processes[number]
                    && let Some(status) = process.exit()
                {
                    return Err(format!(
                        "process {number} ended by itself ({status}):\n{}",
                        self.tail(number)
                    ));
                }
            }
            if let Some(answer) = ask(self)? {
                return Ok(answer);
            }
            pause(Duration::from_millis(100));
        }
        Err(format!("I8: {what} did not come"))
    }

    /// I1 to I4 for rows that keep the order of their partition: each once, none missing, in order, and right.
    fn rows(&mut self, parts: &Parts<'_>) -> Result<Found, String> {
        let mut all = Found::new();
        let large = |payments: &[&Payment]| -> Vec<String> {
            let large = payments.iter().filter(|payment| oracle::is_large(payment));
            large.map(|payment| String::from_utf8(payment.json()).expect("text")).collect()
        };
        let velocity = |payments: &[&Payment]| oracle::velocity(payments.iter().copied());
        let enriched = |payments: &[&Payment]| -> Vec<String> {
            payments.iter().map(|payment| oracle::enriched(payment)).collect()
        };
        type Rule<'a> = (&'a str, &'a dyn Fn(&[&Payment]) -> Vec<String>);
        let rules: [Rule<'_>; 3] =
            [("w1.large", &large), ("w3.velocity", &velocity), ("w4.enriched", &enriched)];
        for (topic, rule) in rules {
            let right: BTreeMap<i32, Vec<String>> =
                parts.iter().map(|(partition, payments)| (*partition, rule(payments))).collect();
            let count: usize = right.values().map(Vec::len).sum();
            let topic = self.name(topic);
            let messages = self.healed(&format!("{count} rows in {topic}"), |bed| {
                let messages = bed.topics.read_committed(&topic);
                Ok((messages.len() >= count).then_some(messages))
            })?;
            for (partition, rows) in &right {
                let found: Vec<String> = of_partition(&messages, *partition).map(Message::text).collect();
                if found != *rows {
                    let first = found.iter().zip(rows).position(|(found, right)| found != right);
                    return Err(format!(
                        "I1 to I4: {topic}-{partition} has {} rows, and {} are right; the first difference is at {first:?}",
                        found.len(),
                        rows.len()
                    ));
                }
            }
            all.insert(topic, messages);
        }
        Ok(all)
    }

    /// I1 to I4 for final windows; nothing was late.
    fn windows(&mut self, payments: &[Payment], parts: &Parts<'_>) -> Result<Found, String> {
        let newest =
            |payments: &Vec<&Payment>| payments.iter().map(|payment| payment.at_ms).max().unwrap_or(i64::MIN);
        let watermark = parts.values().map(newest).min().unwrap_or(i64::MIN) - 5_000;
        let right = oracle::hourly(payments.iter(), 10_000, watermark);
        let topic = self.name("w2.hourly");
        let messages = self.healed("the hourly rows", |bed| {
            let messages = bed.topics.read_committed(&topic);
            Ok((messages.len() >= right.len()).then_some(messages))
        })?;
        let mut found: Vec<String> = messages.iter().map(Message::text).collect();
        found.sort();
        if found != right {
            return Err(format!(
                "I1 to I4: {topic} has {} windows, and {} are right",
                found.len(),
                right.len()
            ));
        }
        let late = self.topics.read_committed(&self.name("w2.late")).len();
        if late > 0 {
            return Err(format!("I1: {late} payments were told to be late, and none is"));
        }
        Ok(Found::from([(topic, messages)]))
    }

    /// I4 for every change of a total: it is the total of the first so many payments of its card, and grows; the last is of all.
    fn totals(&mut self, payments: &[Payment]) -> Result<Found, String> {
        let right = oracle::totals(payments.iter());
        let topic = self.name("w5.totals");
        let messages = self.healed("the last totals", |bed| {
            let messages = bed.topics.read_committed(&topic);
            let mut last = BTreeMap::new();
            for message in &messages {
                last.insert(key(message), message.text());
            }
            Ok((last == right).then_some(messages))
        })?;
        let mut by_card: BTreeMap<&str, Vec<&Payment>> = BTreeMap::new();
        for payment in payments {
            by_card.entry(&payment.card).or_default().push(payment);
        }
        let mut before: BTreeMap<String, usize> = BTreeMap::new();
        for message in &messages {
            let (card, text) = (key(message), message.text());
            let row: serde_json::Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
            let count = row["payments"].as_u64().unwrap_or(0) as usize;
            let of_card = by_card.get(card.as_str()).map_or(&[][..], Vec::as_slice);
            let first = of_card.iter().take(count).copied();
            let was = before.insert(card.clone(), count).unwrap_or(0);
            if count <= was || oracle::totals(first).get(&card) != Some(&text) {
                return Err(format!("I4: {topic}: {text} after {was} payments is no total of the first"));
            }
        }
        Ok(Found::from([(topic, messages)]))
    }

    /// I5: the group has committed its inputs' ends.
    fn offsets(&mut self) -> Result<(), String> {
        for topic in ["payments", "cards"] {
            let topic = self.name(topic);
            let committed = self.topics.committed(&self.prefix, &topic, PARTITIONS as i32);
            for (partition, ((_, end), next)) in
                self.topics.ends(&topic).into_iter().zip(committed).enumerate()
            {
                if next.unwrap_or(0) != end {
                    return Err(format!(
                        "I5: {topic}-{partition} ends at {end}, and the group has committed {next:?}"
                    ));
                }
            }
        }
        Ok(())
    }

    /// I7: no transaction is left open.
    fn transactions(&mut self) -> Result<(), String> {
        let own = format!("{}.", self.prefix);
        let topics: Vec<String> =
            self.topics.names().into_iter().filter(|topic| topic.starts_with(&own)).collect();
        self.healed("the end of every transaction (I7)", |bed| {
            let all_ended = |topic: &String| bed.topics.ends(topic).iter().all(|(stable, end)| stable == end);
            Ok(topics.iter().all(all_ended).then_some(()))
        })
    }

    /// I6: every store holds what its changelog says up to the store's position, which is not ahead of it; and of each changelog
    /// there is a store that has all of it.
    fn stores(&mut self) -> Result<(), String> {
        let shared = Shared::new(16 << 20);
        let mut whole: BTreeMap<(String, i32), bool> = BTreeMap::new();
        let mut changelogs: BTreeMap<String, (Vec<Message>, Vec<(i64, i64)>)> = BTreeMap::new();
        for topic in self.topics.names() {
            if topic.starts_with(&format!("{}.", self.prefix)) && topic.ends_with("-changelog") {
                let records = self.topics.read_committed(&topic);
                for record in &records {
                    whole.insert((topic.clone(), record.partition), false);
                }
                let ends = self.topics.ends(&topic);
                changelogs.insert(topic, (records, ends));
            }
        }
        for number in 0.. {
            let data = self.data(number);
            if !data.is_dir() {
                break;
            }
            let state =
                StateDir::open(&data.join("state"), &self.prefix).map_err(|error| error.to_string())?;
            for path in state.task_paths().map_err(|error| error.to_string())? {
                let partition: i32 = path
                    .file_name()
                    .and_then(|name| name.to_str()?.rsplit(['-', '_']).next()?.parse().ok())
                    .ok_or_else(|| format!("{}: no task", path.display()))?;
                let mut store = Store::open(&path, &shared, &[]).map_err(|error| error.to_string())?;
                let tables: Vec<(String, _)> =
                    store.tables().map(|(name, table)| (name.to_owned(), table)).collect();
                for (name, table) in tables {
                    let topic = format!("{}.{name}-changelog", self.prefix);
                    let (records, ends) =
                        changelogs.get(&topic).ok_or_else(|| format!("{topic} is not there"))?;
                    let Some(position) = store.position(table) else { continue };
                    let place = format!("{topic}-{partition} in the directory of process {number}");
                    let end = ends[partition as usize].1;
                    if position.0 > end {
                        return Err(format!("I6: {place} is at {}, ahead of its end {end}", position.0));
                    }
                    let mut folded: BTreeMap<&[u8], &[u8]> = BTreeMap::new();
                    let mut is_whole = true;
                    for record in of_partition(records, partition) {
                        if record.offset >= position.0 {
                            is_whole = false;
                            continue;
                        }
                        let key = record.key.as_deref().ok_or("a changelog record has a key")?;
                        match &record.value {
                            Some(value) => folded.insert(key, value),
                            None => folded.remove(key),
                        };
                    }
                    folded.remove(LAYOUT_KEY);
                    let dumped = store.dump(table).map_err(|error| error.to_string())?;
                    let same = dumped.len() == folded.len()
                        && dumped
                            .iter()
                            .zip(&folded)
                            .all(|((key, value), of)| (&key[..], &value[..]) == (*of.0, *of.1));
                    if !same {
                        return Err(format!(
                            "I6: {place} has {} entries at {}, and the changelog says {}",
                            dumped.len(),
                            position.0,
                            folded.len()
                        ));
                    }
                    if is_whole {
                        whole.insert((topic, partition), true);
                    }
                }
            }
        }
        match whole.iter().find(|(_, is_whole)| !**is_whole) {
            Some(((topic, partition), _)) => Err(format!("I6: no store has all of {topic}-{partition}")),
            None if whole.is_empty() => Err("I6: there was no state to compare".to_owned()),
            None => Ok(()),
        }
    }

    /// I9: what the second reader has seen stands at the beginning of what is there, row by row.
    fn prefix(&mut self, Seen { rows: seen, error }: &Seen, found: &Found) -> Result<(), String> {
        let mut count = 0;
        for (topic, all) in found {
            for partition in 0..PARTITIONS as i32 {
                let Some(seen) = seen.get(&(topic.clone(), partition)) else { continue };
                count += seen.len();
                let there = of_partition(all, partition)
                    .map(|message| (message.offset, message.value.clone().unwrap_or_default()));
                let there: Vec<(i64, Vec<u8>)> = there.take(seen.len()).collect();
                if there != *seen {
                    return Err(format!(
                        "I9: {topic}-{partition}: a reader has seen {} rows meanwhile that are not the first of those that are there",
                        seen.len()
                    ));
                }
            }
        }
        if count == 0 {
            Err(format!("I9: the second reader has seen nothing; the last error: {error:?}"))
        } else {
            Ok(())
        }
    }

    /// I10: memory, threads and open files stay within bounds.
    fn sizes(&mut self) -> Result<(), String> {
        for process in self.processes.iter().flatten() {
            let Some((rss, threads, files)) = size_of(process.pid()) else { continue };
            if rss > RSS_KIB_MAX || threads > THREADS_MAX || files > FILES_MAX {
                return Err(format!(
                    "I10: a process has had {rss} KiB of memory, {threads} threads and {files} open files"
                ));
            }
        }
        Ok(())
    }
}

fn of_partition(messages: &[Message], partition: i32) -> impl Iterator<Item = &Message> {
    messages.iter().filter(move |message| message.partition == partition)
}

fn key(message: &Message) -> String {
    String::from_utf8_lossy(message.key.as_deref().unwrap_or_default()).into_owned()
}
