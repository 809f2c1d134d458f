//! Who is in the topology's group, for standbys.

use crate::client::{Answers, Client, Kind};
use crate::settings::Settings;
use std::collections::BTreeSet;
use std::time::Duration;
use tidegate_engine::log::LogError;
use tidegate_engine::standby::Members;

const TIMEOUT: Duration = Duration::from_secs(5);

pub struct KafkaMembers {
    // Destroyed before the client that it belongs to: fields are dropped in this order.
    answers: Answers,
    client: Client,
    group: String,
    own: String,
    /// Questions without an answer.
    open: usize,
}

impl KafkaMembers {
    pub fn new(settings: &Settings, worker: u32) -> Result<KafkaMembers, LogError> {
        let client =
            Client::new(Kind::Consumer, &settings.observer(), settings.tokens()).map_err(LogError::Fatal)?;
        let answers = client.answers();
        let (group, own) = (settings.group().to_owned(), settings.member_name(worker));
        Ok(KafkaMembers { answers, client, group, own, open: 0 })
    }
}

impl Members for KafkaMembers {
    fn own(&self) -> &str {
        &self.own
    }

    fn ask(&mut self) {
        self.open += 1;
        self.client.describe_group(&self.group, &self.answers, TIMEOUT);
    }

    fn answer(&mut self) -> Option<BTreeSet<String>> {
        if self.open == 0 {
            return None;
        }
        let answer = self.answers.next()?;
        self.open -= 1;
        match answer {
            Ok(described) if described.is_stable => {
                let members: Option<BTreeSet<String>> = described.members.into_iter().collect();
                if members.is_none() {
                    tracing::debug!("a member of another kind is in the group {}", self.group);
                }
                members
            }
            Ok(_) => None,
            Err(why) => {
                tracing::debug!("the members of the group {} are not known: {why}", self.group);
                None
            }
        }
    }
}
