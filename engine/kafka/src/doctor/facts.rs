//! What brokers and topics are like, as they tell it.

use crate::admin::{AdminError, classify};
use crate::knock::knock;
use crate::rights::{self, Want};
use crate::settings::Settings;
use rdkafka::admin::{AdminClient, AdminOptions, ConfigResource, OwnedResourceSpecifier, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tidegate_engine::topics::{internal_topics, user_topics};
use tidegate_model::plan::Plan;

const CALL: Duration = Duration::from_secs(5);
/// Where Kafka keeps committed offsets, and how far transactions are.
pub const OFFSETS: &str = "__consumer_offsets";
pub const TRANSACTIONS: &str = "__transaction_state";

pub type Configs = BTreeMap<String, String>;

#[derive(Clone, Default, Debug)]
pub struct Facts {
    pub brokers: usize,
    /// The topology's topics and Kafka's own two, those that are there.
    pub topics: BTreeMap<String, Topic>,
    /// Of one broker; None: it may not be asked.
    pub broker: Option<Configs>,
    pub unseen: Vec<String>,
}

#[derive(Clone, Default, Debug)]
pub struct Topic {
    pub partitions: u32,
    /// The least of its partitions.
    pub replicas: usize,
    /// The least of its partitions.
    pub in_sync: usize,
    /// None: it may not be asked.
    pub configs: Option<Configs>,
}

impl Topic {
    pub fn config(&self, name: &str) -> Option<&str> {
        self.configs.as_ref()?.get(name).map(String::as_str)
    }
}

pub fn is_kafkas_own(topic: &str) -> bool {
    topic == OFFSETS || topic == TRANSACTIONS
}

pub fn gather(plan: &Plan, settings: &Settings) -> Result<Facts, AdminError> {
    drop(knock(settings)?);
    let fatal = |error: String| AdminError::Fatal(error);
    let client: AdminClient<DefaultClientContext> =
        settings.admin().create().map_err(|error| fatal(error.to_string()))?;
    settings.give_token(client.inner().native_ptr());
    let metadata = client.inner().fetch_metadata(None, CALL).map_err(|error| classify(&error))?;
    let all: BTreeMap<String, Topic> = metadata
        .topics()
        .iter()
        .filter(|topic| topic.error().is_none())
        .map(|topic| {
            let partitions = topic.partitions();
            let least = |count: &dyn Fn(usize) -> usize| (0..partitions.len()).map(count).min().unwrap_or(0);
            let found = Topic {
                partitions: partitions.len() as u32,
                replicas: least(&|index| partitions[index].replicas().len()),
                in_sync: least(&|index| partitions[index].isr().len()),
                configs: None,
            };
            (topic.name().to_owned(), found)
        })
        .collect();
    let wanted = names(plan, &all);
    let mut facts = Facts {
        brokers: metadata.brokers().len(),
        topics: all.into_iter().filter(|(name, _)| wanted.contains(name)).collect(),
        ..Facts::default()
    };
    let broker = metadata.brokers().first().map(|broker| broker.id());
    describe(&client, broker, &mut facts)?;
    Ok(facts)
}

/// The topology's topics, and Kafka's own. Which internal ones there are is known where all inputs are.
fn names(plan: &Plan, all: &BTreeMap<String, Topic>) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = user_topics(plan).into_iter().map(|topic| topic.name).collect();
    let internal = internal_topics(plan, &|topic| all.get(topic).map_or(1, |topic| topic.partitions));
    names.extend(internal.into_iter().flatten().map(|topic| topic.name));
    names.extend([OFFSETS.to_owned(), TRANSACTIONS.to_owned()]);
    names
}

fn describe(
    client: &AdminClient<DefaultClientContext>,
    broker: Option<i32>,
    facts: &mut Facts,
) -> Result<(), AdminError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|error| AdminError::Fatal(error.to_string()))?;
    let options = AdminOptions::new().request_timeout(Some(CALL));
    let names: Vec<String> = facts.topics.keys().cloned().collect();
    let topics: Vec<ResourceSpecifier<'_>> =
        names.iter().map(|name| ResourceSpecifier::Topic(name)).collect();
    let mut asked = vec![topics];
    asked.extend(broker.map(|id| vec![ResourceSpecifier::Broker(id)]));
    // Asked one after the other: who may see topics may not be allowed to see brokers.
    for resources in asked.iter().filter(|resources| !resources.is_empty()) {
        let what = match resources[0] {
            ResourceSpecifier::Broker(_) => "the brokers' settings",
            _ => "the topics' settings",
        };
        match runtime.block_on(client.describe_configs(resources, &options)) {
            Ok(described) => {
                for resource in described {
                    match resource {
                        Ok(resource) => add(resource, facts),
                        Err(error) => facts.unseen.push(format!("{what}: {error}")),
                    }
                }
            }
            Err(error) => facts.unseen.push(format!("{what}: {error}")),
        }
    }
    Ok(())
}

fn add(resource: ConfigResource, facts: &mut Facts) {
    // The crate does not tell that it was refused: there are no settings then.
    if resource.entries.is_empty() {
        let about = match resource.specifier {
            OwnedResourceSpecifier::Topic(name) => rights::missing(Want::DescribeConfigs, &name),
            _ => "the brokers' settings: the right DescribeConfigs on the cluster is missing".to_owned(),
        };
        facts.unseen.push(about);
        return;
    }
    let values = resource.entries.into_iter().filter_map(|entry| Some((entry.name, entry.value?)));
    let configs: Configs = values.collect();
    match resource.specifier {
        OwnedResourceSpecifier::Topic(name) => {
            facts.topics.entry(name).or_default().configs = Some(configs);
        }
        OwnedResourceSpecifier::Broker(_) => facts.broker = Some(configs),
        OwnedResourceSpecifier::Group(_) => {}
    }
}
