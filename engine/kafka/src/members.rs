//! Who is in the topology's group, for standbys.
//!
//! Asked by a thread of its own, since the answer is waited for. The admin request for it (`DescribeConsumerGroups`) would not make anybody wait, but
//! a broker that goes at the wrong moment has it end the process (librdkafka #4605).

use crate::settings::Settings;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::groups::GroupInfo;
use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use tidegate_engine::log::LogError;
use tidegate_engine::standby::Members;

/// More are not made between two questions.
const REPORTS_MAX: usize = 200;
const TIMEOUT: Duration = Duration::from_secs(5);
/// Brokers append `-` and a UUID to the name that a member has given itself (KIP-345).
const SUFFIX_BYTES: usize = 37;

pub struct KafkaMembers {
    own: String,
    asks: Sender<()>,
    /// None: the group is not at rest, or nobody knows.
    answers: Receiver<Option<BTreeSet<String>>>,
}

impl KafkaMembers {
    pub fn new(settings: &Settings, worker: u32) -> Result<KafkaMembers, LogError> {
        let consumer: BaseConsumer =
            settings.observer().create().map_err(|error| LogError::Fatal(error.to_string()))?;
        let (asks, asked) = channel();
        let (answer, answers) = channel();
        let own = settings.member_name(worker);
        let settings = settings.clone();
        let ask = move || {
            // Until nobody asks any more.
            while asked.recv().is_ok() {
                // What librdkafka reports would pile up. Whether there is more it does not tell.
                for _ in 0..REPORTS_MAX {
                    let _ = consumer.poll(Duration::ZERO);
                }
                settings.give_token(consumer.client().native_ptr());
                if answer.send(members_of(&consumer, settings.group())).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name(format!("members-{worker}"));
        thread.spawn(ask).map_err(|error| LogError::Fatal(format!("a thread: {error}")))?;
        Ok(KafkaMembers { own, asks, answers })
    }
}

impl Members for KafkaMembers {
    fn own(&self) -> &str {
        &self.own
    }

    fn ask(&mut self) {
        // Without the thread nobody knows the members, and no copies are made.
        let _ = self.asks.send(());
    }

    fn answer(&mut self) -> Option<BTreeSet<String>> {
        self.answers.try_recv().ok().flatten()
    }
}

fn members_of(consumer: &BaseConsumer, group: &str) -> Option<BTreeSet<String>> {
    match consumer.fetch_group_list(Some(group), TIMEOUT) {
        Ok(list) => named(list.groups().first()?),
        Err(why) => {
            tracing::debug!("the members of the group {group} are not known: {why}");
            None
        }
    }
}

fn named(group: &GroupInfo) -> Option<BTreeSet<String>> {
    if group.state() != "Stable" {
        return None;
    }
    let members: Option<BTreeSet<String>> =
        group.members().iter().map(|member| own_name(member.id())).collect();
    if members.is_none() {
        tracing::debug!("a member of another kind is in the group {}", group.name());
    }
    members
}

/// `<process>-<worker>`; None: another program's.
fn own_name(member: &str) -> Option<String> {
    let (name, suffix) = member.split_at_checked(member.len().checked_sub(SUFFIX_BYTES)?)?;
    let (_, worker) = name.rsplit_once('-')?;
    let is_own = suffix.starts_with('-') && worker.parse::<u32>().is_ok();
    is_own.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_has_the_name_that_it_gave_itself() {
        let of = |member: &str| own_name(member);
        assert_eq!(of("3f2a-1-0b7c8e1a-52a4-4b7e-9d1e-6a1f0c9d2e33").as_deref(), Some("3f2a-1"));
        assert_eq!(of("tidegate-volume-0b7c8e1a-52a4-4b7e-9d1e-6a1f0c9d2e33"), None);
        assert_eq!(of("rdkafka-0b7c8e1a-52a4-4b7e-9d1e-6a1f0c9d2e33"), None);
        assert_eq!((of(""), of("short")), (None, None));
    }
}
