//! Repartition topics are kept until they are read and committed, and not longer: a thread deletes what lies behind.

use crate::rights::{self, Want};
use crate::settings::Settings;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset as ListOffset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tidegate_model::{Offset, TopicPartition};

const EVERY: Duration = Duration::from_secs(30);
const CALL: Duration = Duration::from_secs(10);
/// Fewer records are not worth a request.
const RECORDS_MIN: i64 = 10_000;

#[derive(Default)]
struct Wanted {
    committed: BTreeMap<TopicPartition, Offset>,
    stop: bool,
}

pub struct Trimmer {
    /// Only these are the topology's own, and may be emptied.
    repartitions: BTreeSet<String>,
    shared: Arc<(Mutex<Wanted>, Condvar)>,
    thread: Option<JoinHandle<()>>,
    settings: Settings,
}

impl Trimmer {
    pub fn new(settings: &Settings, repartitions: BTreeSet<String>) -> Trimmer {
        Trimmer { repartitions, shared: Arc::default(), thread: None, settings: settings.clone() }
    }

    /// The group has read `partition` up to `next`, for good.
    pub fn note(&mut self, partition: &TopicPartition, next: Offset) {
        if !self.repartitions.contains(&partition.topic) {
            return;
        }
        if self.thread.is_none() {
            self.thread = self.start();
        }
        let mut wanted = self.shared.0.lock().expect("no holder of this lock panics");
        wanted.committed.insert(partition.clone(), next);
    }

    fn start(&self) -> Option<JoinHandle<()>> {
        let admin: AdminClient<DefaultClientContext> = self.settings.admin().create().ok()?;
        let runtime = tokio::runtime::Builder::new_current_thread().build().ok()?;
        let shared = Arc::clone(&self.shared);
        let settings = self.settings.clone();
        let work = move || {
            let mut done: BTreeMap<TopicPartition, Offset> = BTreeMap::new();
            loop {
                let wanted = shared.0.lock().expect("no holder of this lock panics");
                let (wanted, _) = shared
                    .1
                    .wait_timeout_while(wanted, EVERY, |wanted| !wanted.stop)
                    .expect("no holder of this lock panics");
                if wanted.stop {
                    return;
                }
                let due: Vec<(TopicPartition, Offset)> = wanted
                    .committed
                    .iter()
                    .filter(|(partition, next)| {
                        next.0 - done.get(partition).map_or(0, |done| done.0) >= RECORDS_MIN
                    })
                    .map(|(partition, next)| (partition.clone(), *next))
                    .collect();
                drop(wanted);
                if due.is_empty() {
                    continue;
                }
                let mut list = TopicPartitionList::new();
                for (partition, next) in &due {
                    let offset = ListOffset::Offset(next.0);
                    let added = list.add_partition_offset(&partition.topic, partition.partition.0, offset);
                    added.expect("a next offset is not negative");
                }
                let options = AdminOptions::new().operation_timeout(Some(CALL)).request_timeout(Some(CALL));
                settings.give_token(admin.inner().native_ptr());
                match runtime.block_on(admin.delete_records(&list, &options)) {
                    Ok(answers) => {
                        for answer in answers.elements() {
                            if let Err(error) = answer.error() {
                                tracing::warn!("{}", not_trimmed(answer.topic(), &error));
                            }
                        }
                        done.extend(due);
                    }
                    Err(error) => {
                        tracing::warn!("repartition topics could not be trimmed, it is tried again: {error}")
                    }
                }
            }
        };
        std::thread::Builder::new().name("trim".to_owned()).spawn(work).ok()
    }
}

fn not_trimmed(topic: &str, error: &KafkaError) -> String {
    let why = match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::TopicAuthorizationFailed) => rights::missing(Want::Delete, topic),
        _ => error.to_string(),
    };
    format!("{topic} could not be trimmed and grows: {why}")
}

impl Drop for Trimmer {
    fn drop(&mut self) {
        self.shared.0.lock().expect("no holder of this lock panics").stop = true;
        self.shared.1.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_model::PartitionId;

    /// A topic of the user's may be called like one of the topology's own.
    #[test]
    fn only_the_topologys_own_repartitions_are_emptied() {
        let settings = Settings::new(
            "127.0.0.1:9",
            &crate::options::Options::default(),
            "t",
            "i",
            Duration::from_millis(100),
        );
        let mut trimmer = Trimmer::new(&settings, BTreeSet::from(["t.s.by-key".to_owned()]));
        let partition = |topic: &str| TopicPartition { topic: topic.to_owned(), partition: PartitionId(0) };
        trimmer.note(&partition("t.payments"), Offset(50_000));
        assert!(trimmer.thread.is_none());
        trimmer.note(&partition("t.s.by-key"), Offset(50_000));
        let wanted = trimmer.shared.0.lock().expect("no holder of this lock panics").committed.clone();
        assert_eq!(wanted, BTreeMap::from([(partition("t.s.by-key"), Offset(50_000))]));
    }
}
