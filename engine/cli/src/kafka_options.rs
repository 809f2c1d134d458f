//! How the brokers' clients are configured: the same options for every command that asks brokers.

use anyhow::Result;
use std::path::PathBuf;
use tidegate_kafka::{Options, allowed_options};

#[derive(clap::Args)]
pub struct KafkaOptions {
    /// Kafka: an option of the clients, such as security.protocol=SSL. `${env:NAME}` and `${file:/path}` in the value stand for a secret.
    /// `tidegate explain kafka-options` lists the names
    #[arg(long = "kafka", value_name = "NAME=VALUE", requires = "brokers")]
    kafka: Vec<String>,
    /// Kafka: a file of such options, one `name=value` on a line; `--kafka` counts before it
    #[arg(long = "kafka-config", value_name = "FILE", requires = "brokers")]
    kafka_config: Option<PathBuf>,
    /// Kafka: allow options by which others on the way can pass for the broker or read a password
    #[arg(long, requires = "brokers")]
    insecure: bool,
}

impl KafkaOptions {
    /// Checks the options, and reads their secrets.
    pub fn read(&self) -> Result<Options> {
        let environment = |name: &str| std::env::var(name).ok();
        Ok(Options::read(self.kafka_config.as_deref(), &self.kafka, self.insecure, &environment)?)
    }
}

/// The options' names, one on a line.
pub fn listed() -> String {
    allowed_options().iter().map(|name| format!("{name}\n")).collect()
}
