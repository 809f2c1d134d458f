//! Looks at the user's topics and makes the internal ones, before anything runs.

use crate::knock::{hidden, knock};
use crate::rights::{self, Want};
use crate::settings::Settings;
use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewTopic, OwnedResourceSpecifier, ResourceSpecifier,
    TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;
use std::collections::BTreeMap;
use std::time::Duration;
use thiserror::Error;
use tidegate_engine::program::written_topics;
use tidegate_engine::topics::{InternalKind, InternalTopic, NotCoPartitioned, internal_topics, user_topics};
use tidegate_model::plan::Plan;

const CALL: Duration = Duration::from_secs(5);
/// A week.
const DELETE_RETENTION_MS: &str = "604800000";
const SEGMENT_BYTES: &str = "52428800";
const CREATE: Duration = Duration::from_secs(30);
/// So often a topic that was just made is asked for.
const NEWS_TRIES: u32 = 6;
const NEWS_PAUSE: Duration = Duration::from_millis(200);

#[derive(Error, Clone, PartialEq, Eq, Debug)]
pub enum AdminError {
    /// Broker away or not ready: it may be tried again.
    #[error("{0}")]
    Retry(String),
    /// The brokers do not let this client in, or are not trusted.
    #[error("{0}")]
    Refused(String),
    #[error(
        "the rights to see these topics are missing: {}; `tidegate explain FILE --acls PRINCIPAL` says what the topology needs", .0.join(", ")
    )]
    Hidden(Vec<String>),
    #[error("these topics are not there: {}; create them, or mend their names (lines {} of the topology)", .0.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", "), .0.iter().map(|(_, line)| line.to_string()).collect::<Vec<_>>().join(", "))]
    Missing(Vec<(String, u32)>),
    #[error(transparent)]
    NotCoPartitioned(#[from] NotCoPartitioned),
    #[error(
        "the internal topic {name} has {found} partitions and needs {wanted}: the partitions of an input were changed since the topology first ran; reset it, or give the topology another name"
    )]
    InternalPartitions { name: String, found: u32, wanted: u32 },
    #[error("{0}")]
    Fatal(String),
}

/// What was found out before a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prepared {
    /// How many partitions each topic of the plan has.
    pub partitions: BTreeMap<String, u32>,
    /// The largest batch of records that every topic takes, if it is known.
    pub batch_bytes_max: Option<u32>,
    /// The topology's own topics.
    pub internal: Vec<InternalTopic>,
    /// How long every changelog keeps its deletions, if it is known.
    pub delete_retention: Option<Duration>,
}

pub struct Admin {
    settings: Settings,
    client: AdminClient<DefaultClientContext>,
    runtime: tokio::runtime::Runtime,
    /// -1: the broker's default.
    replication: i32,
}

impl Admin {
    /// `replication`: of the internal topics; None: the broker's default.
    pub fn new(settings: &Settings, replication: Option<u16>) -> Result<Admin, AdminError> {
        let client: AdminClient<DefaultClientContext> =
            settings.admin().create().map_err(|error| AdminError::Fatal(error.to_string()))?;
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.map_err(|error| AdminError::Fatal(error.to_string()))?;
        Ok(Admin {
            settings: settings.clone(),
            client,
            runtime,
            replication: replication.map_or(-1, i32::from),
        })
    }

    /// Checks everything, then makes the internal topics that are missing.
    pub fn prepare(&self, plan: &Plan) -> Result<Prepared, AdminError> {
        let knocker = knock(&self.settings)?;
        self.settings.give_token(self.client.inner().native_ptr());
        let known = self.topics()?;
        let user = user_topics(plan);
        let missing: Vec<(String, u32)> = user
            .iter()
            .filter(|topic| !known.contains_key(&topic.name))
            .map(|topic| (topic.name.clone(), topic.line))
            .collect();
        if !missing.is_empty() {
            let names: Vec<String> = missing.iter().map(|(name, _)| name.clone()).collect();
            let hidden = hidden(&knocker, &names);
            if !hidden.is_empty() {
                return Err(AdminError::Hidden(hidden));
            }
            return Err(AdminError::Missing(missing));
        }
        let internal = internal_topics(plan, &|topic| known[topic])?;
        let mut partitions: BTreeMap<String, u32> =
            user.into_iter().map(|topic| (topic.name.clone(), known[&topic.name])).collect();
        let mut to_create = Vec::new();
        for topic in internal.clone() {
            match known.get(&topic.name) {
                None => to_create.push(topic.clone()),
                Some(found) if *found != topic.partitions => {
                    return Err(AdminError::InternalPartitions {
                        name: topic.name,
                        found: *found,
                        wanted: topic.partitions,
                    });
                }
                Some(_) => {}
            }
            partitions.insert(topic.name, topic.partitions);
        }
        self.create(&to_create)?;
        drop(knocker);
        let written: Vec<String> = written_topics(plan).into_iter().map(|topic| topic.name).collect();
        let described = self.described(&written, !to_create.is_empty());
        let is_changelog = |resource: &&ConfigResource| {
            let mut changelogs = internal.iter().filter(|topic| topic.kind == InternalKind::Changelog);
            changelogs.any(|topic| resource.specifier == OwnedResourceSpecifier::Topic(topic.name.clone()))
        };
        let setting =
            |resource: &ConfigResource, name: &str| resource.get(name)?.value.as_deref()?.parse::<u64>().ok();
        let batch_bytes =
            described.iter().filter_map(|resource| setting(resource, "max.message.bytes")).min();
        let own = described.iter().filter(is_changelog);
        let delete_retention = own.filter_map(|resource| setting(resource, "delete.retention.ms")).min();
        Ok(Prepared {
            partitions,
            batch_bytes_max: batch_bytes.and_then(|bytes| u32::try_from(bytes).ok()),
            delete_retention: delete_retention.map(Duration::from_millis),
            internal,
        })
    }

    /// The settings of some topics. Who may not ask goes on with the client's defaults. A broker may not have heard yet of topics that are `new`.
    fn described(&self, topics: &[String], new: bool) -> Vec<ConfigResource> {
        let mut tries = if new { NEWS_TRIES } else { 1 };
        loop {
            tries -= 1;
            let Some(described) = self.described_now(topics) else { return Vec::new() };
            match untold(topics, &described) {
                None => return described,
                Some(_) if tries > 0 => pause(NEWS_PAUSE),
                Some(topic) => {
                    tracing::warn!(
                        "{}; so it is not known which batches the topics take, and how long changelogs remember deletions",
                        rights::missing(Want::DescribeConfigs, topic)
                    );
                    return described;
                }
            }
        }
    }

    /// None: there was no answer.
    fn described_now(&self, topics: &[String]) -> Option<Vec<ConfigResource>> {
        let asked: Vec<ResourceSpecifier<'_>> =
            topics.iter().map(|topic| ResourceSpecifier::Topic(topic)).collect();
        let options = AdminOptions::new().request_timeout(Some(CALL));
        match self.runtime.block_on(self.client.describe_configs(&asked, &options)) {
            Ok(described) => Some(described.into_iter().flatten().collect()),
            Err(error) => {
                tracing::debug!("the topics' settings are not known: {error}");
                None
            }
        }
    }

    /// Every topic of the cluster with its number of partitions.
    fn topics(&self) -> Result<BTreeMap<String, u32>, AdminError> {
        let metadata = self.client.inner().fetch_metadata(None, CALL).map_err(|error| classify(&error))?;
        let topics = metadata.topics().iter().filter(|topic| topic.error().is_none());
        Ok(topics.map(|topic| (topic.name().to_owned(), topic.partitions().len() as u32)).collect())
    }

    fn create(&self, topics: &[InternalTopic]) -> Result<(), AdminError> {
        if topics.is_empty() {
            return Ok(());
        }
        let new: Vec<NewTopic<'_>> = topics
            .iter()
            .map(|topic| {
                let replication = TopicReplication::Fixed(self.replication);
                let new = NewTopic::new(&topic.name, topic.partitions as i32, replication)
                    // Event time may lie in the broker's future.
                    .set("message.timestamp.type", "CreateTime")
                    .set("message.timestamp.after.max.ms", "9223372036854775807")
                    .set("message.timestamp.before.max.ms", "9223372036854775807")
                    // The last segment is neither compacted nor deleted, so it must not be as large as the broker's default.
                    .set("segment.bytes", SEGMENT_BYTES);
                match topic.kind {
                    InternalKind::Changelog => new
                        .set("cleanup.policy", "compact")
                        // A store that was away for longer than half of it is built anew.
                        .set("delete.retention.ms", DELETE_RETENTION_MS),
                    // Deleted by the topology when it has read or delivered them, never by age.
                    InternalKind::Repartition | InternalKind::Outbox => new
                        .set("cleanup.policy", "delete")
                        .set("retention.ms", "-1")
                        .set("retention.bytes", "-1"),
                }
            })
            .collect();
        let options = AdminOptions::new().operation_timeout(Some(CREATE)).request_timeout(Some(CREATE));
        let results = self
            .runtime
            .block_on(self.client.create_topics(&new, &options))
            .map_err(|error| classify(&error))?;
        for result in results {
            match result {
                Ok(name) => tracing::info!("made the internal topic {name}"),
                // Another process of the topology was faster.
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((
                    name,
                    RDKafkaErrorCode::TopicAuthorizationFailed | RDKafkaErrorCode::ClusterAuthorizationFailed,
                )) => return Err(AdminError::Fatal(rights::missing(Want::Create, &name))),
                Err((name, code)) => {
                    return Err(AdminError::Fatal(format!(
                        "the internal topic {name} could not be made: {code}"
                    )));
                }
            }
        }
        Ok(())
    }
}

/// The first topic without settings. The crate does not tell that one was refused: it has none then.
fn untold<'a>(topics: &'a [String], described: &[ConfigResource]) -> Option<&'a String> {
    let is_told = |topic: &&String| {
        let wanted = OwnedResourceSpecifier::Topic((*topic).clone());
        described.iter().any(|resource| resource.specifier == wanted && !resource.entries.is_empty())
    };
    topics.iter().find(|topic| !is_told(topic))
}

#[expect(clippy::disallowed_methods, reason = "a broker does not say when it has heard of a topic")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

pub(crate) fn classify(error: &KafkaError) -> AdminError {
    use RDKafkaErrorCode as Code;
    match error.rdkafka_error_code() {
        Some(Code::ClusterAuthorizationFailed | Code::TopicAuthorizationFailed | Code::Authentication) => {
            AdminError::Fatal(error.to_string())
        }
        _ => AdminError::Retry(error.to_string()),
    }
}
