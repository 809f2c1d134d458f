//! A run on Kafka.

use super::{Arguments, Stopped};
use anyhow::anyhow;
use tidegate_model::plan::Plan;

pub fn run(_plan: &Plan, _brokers: &str, _arguments: &Arguments) -> Result<(), Stopped> {
    Err(Stopped::Unusable(anyhow!("this build cannot run on Kafka yet")))
}
