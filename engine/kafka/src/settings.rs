//! How the clients are configured: what the protocol needs is fixed, the rest may be set.

use crate::client::give_token;
use crate::options::Options;
use crate::token::Tokens;
use rdkafka::config::ClientConfig;
use std::sync::Arc;
use std::time::Duration;

/// The least that brokers allow by default (`group.min.session.timeout.ms`): how long a killed process keeps its partitions.
pub(crate) const SESSION_TIMEOUT_MS: &str = "6000";
const HEARTBEAT_MS: &str = "1000";
/// A worker that does not come back to the group for so long is taken for dead.
const MAX_POLL_INTERVAL_MS: &str = "60000";
/// The least time a transaction may stay open; a killed process that never comes back holds its readers up for so long.
const TRANSACTION_TIMEOUT_MIN: Duration = Duration::from_secs(10);

/// librdkafka's own.
const FETCH_BYTES_MAX: usize = 1 << 20;
const BATCH_BYTES_MAX: u32 = 1 << 20;

/// What the clients of one process share.
#[derive(Clone, Debug)]
pub struct Settings {
    brokers: String,
    options: Options,
    /// The consumer group, and the first part of the transactional ids: the topology's name.
    group: String,
    /// Names this process for as long as its data directory lives.
    instance: String,
    transaction_timeout: Duration,
    batch_bytes: u32,
    queues: Queues,
}

/// How much a client keeps in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Queues {
    /// Of each partition, read ahead.
    pub fetched_bytes: usize,
    /// Of each worker, not taken by the broker yet.
    pub send_bytes: usize,
}

impl Default for Queues {
    fn default() -> Queues {
        Queues { fetched_bytes: 8 << 20, send_bytes: 64 << 20 }
    }
}

impl Settings {
    /// `commit_interval`: a transaction may stay open for longer than this.
    pub fn new(
        brokers: &str,
        options: &Options,
        group: &str,
        instance: &str,
        commit_interval: Duration,
    ) -> Settings {
        Settings {
            brokers: brokers.to_owned(),
            options: options.clone(),
            group: group.to_owned(),
            instance: instance.to_owned(),
            transaction_timeout: TRANSACTION_TIMEOUT_MIN.max(commit_interval * 3),
            batch_bytes: BATCH_BYTES_MAX,
            queues: Queues::default(),
        }
    }

    /// The brokers take no larger batch of records than this.
    pub fn with_batch_bytes(self, batch_bytes_max: u32) -> Settings {
        Settings { batch_bytes: batch_bytes_max.min(BATCH_BYTES_MAX), ..self }
    }

    pub fn with_queues(self, queues: Queues) -> Settings {
        Settings { queues, ..self }
    }

    /// How long a transaction may stay open.
    pub(crate) fn transaction_timeout(&self) -> Duration {
        self.transaction_timeout
    }

    pub(crate) fn group(&self) -> &str {
        &self.group
    }

    /// The static id of a member of the group: `<process>-<worker>`.
    pub(crate) fn member_name(&self, worker: u32) -> String {
        format!("{}-{worker}", self.instance)
    }

    pub(crate) fn tokens(&self) -> Option<&Arc<Tokens>> {
        self.options.tokens()
    }

    /// A client of the crate's own kind gets the token with which it shows who it is, where one is needed.
    pub(crate) fn give_token(&self, client: *mut rdkafka::bindings::rd_kafka_t) {
        if let Some(tokens) = self.tokens() {
            give_token(client, tokens);
        }
    }

    pub(crate) fn security(&self) -> String {
        self.options.security()
    }

    pub(crate) fn transactional_id(&self, producer: &str) -> String {
        format!("{}-{}-{producer}", self.group, self.instance)
    }

    fn common(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers);
        config.set("client.id", format!("tidegate-{}", self.group));
        config.set("socket.nagle.disable", "true");
        config.set("socket.keepalive.enable", "true");
        config.set("reconnect.backoff.ms", "50");
        config.set("reconnect.backoff.max.ms", "1000");
        // The OpenSSL that is linked in knows no place of its own where a system keeps the public CAs.
        if self.options.security().ends_with("ssl")
            && self.options.get(&["ssl.ca.location", "ssl.ca.pem"]).is_none()
        {
            config.set("ssl.ca.location", "probe");
        }
        config
    }

    /// Adds the user's options; `prefixes` keep those of the other kind of client away, which librdkafka would warn of.
    fn with_options(&self, mut config: ClientConfig, producer: bool) -> ClientConfig {
        const PRODUCER: [&str; 10] = [
            "batch.",
            "compression.",
            "delivery.",
            "linger.ms",
            "message.send.max.retries",
            "queue.buffering.",
            "request.timeout.ms",
            "retries",
            "retry.backoff.",
            "sticky.",
        ];
        const CONSUMER: [&str; 8] = [
            "check.crcs",
            "coordinator.",
            "fetch.",
            "heartbeat.",
            "max.partition.",
            "max.poll.",
            "queued.",
            "session.",
        ];
        let others: &[&str] = if producer { &CONSUMER } else { &PRODUCER };
        for (name, value) in self.options.pairs() {
            if !others.iter().any(|prefix| name.starts_with(prefix)) {
                config.set(name, value);
            }
        }
        config
    }

    fn consumer(&self) -> ClientConfig {
        let mut config = self.common();
        config.set("enable.auto.commit", "false");
        config.set("enable.auto.offset.store", "false");
        config.set("auto.offset.reset", "error");
        config.set("check.crcs", "true");
        // The default of one second makes a partition that was read ahead far enough rest for as long.
        config.set("fetch.queue.backoff.ms", "2");
        config.set("fetch.error.backoff.ms", "100");
        config.set("queued.min.messages", "20000");
        config.set("queued.max.messages.kbytes", kilobytes(self.queues.fetched_bytes));
        // One answer on top of that; a larger record comes alone.
        config.set("max.partition.fetch.bytes", self.queues.fetched_bytes.min(FETCH_BYTES_MAX).to_string());
        config
    }

    /// The member of the consumer group. Classic protocol and range assignor: partition `i` of all topics with equally many partitions goes
    /// to one member, and a member that was killed takes its old place at once by its instance id.
    pub(crate) fn member(&self, worker: u32) -> ClientConfig {
        let mut config = self.consumer();
        config.set("session.timeout.ms", SESSION_TIMEOUT_MS);
        config.set("heartbeat.interval.ms", HEARTBEAT_MS);
        config.set("max.poll.interval.ms", MAX_POLL_INTERVAL_MS);
        let mut config = self.with_options(config, false);
        config.set("group.id", &self.group);
        config.set("group.instance.id", self.member_name(worker));
        config.set("group.protocol", "classic");
        config.set("partition.assignment.strategy", "range");
        config.set("isolation.level", "read_committed");
        config.set("enable.partition.eof", "false");
        config
    }

    /// Reads changelogs: the broker's group machinery is not used, but librdkafka wants the name of a group that it may look for.
    pub(crate) fn restorer(&self) -> ClientConfig {
        let mut config = self.with_options(self.consumer(), false);
        config.set("group.id", &self.group);
        config.set("isolation.level", "read_committed");
        config.set("enable.partition.eof", "true");
        config.set("queued.max.messages.kbytes", "32768");
        config
    }

    /// As the restorer, for copies that nobody waits for: fewer and larger answers.
    pub(crate) fn copier(&self) -> ClientConfig {
        let mut config = self.restorer();
        config.set("fetch.min.bytes", "65536");
        config.set("queued.max.messages.kbytes", "8192");
        config
    }

    /// Looks for records behind an offset, as the member would see them.
    pub(crate) fn end_finder(&self) -> ClientConfig {
        let mut config = self.restorer();
        config.set("fetch.wait.max.ms", "10");
        config.set("queued.min.messages", "1");
        config
    }

    /// Asks where partitions end, open transactions included.
    pub(crate) fn observer(&self) -> ClientConfig {
        let mut config = self.with_options(self.common(), false);
        config.set("isolation.level", "read_uncommitted");
        config
    }

    /// Looks at what the group has committed, and reads a topology's topics, without being a member.
    pub(crate) fn looker(&self) -> ClientConfig {
        let mut config = self.with_options(self.consumer(), false);
        config.set("group.id", &self.group);
        config.set("isolation.level", "read_committed");
        config.set("enable.partition.eof", "true");
        config
    }

    /// Asks what the group has committed without waiting for a transaction that a killed process has left open.
    pub(crate) fn onlooker(&self) -> ClientConfig {
        let mut config = self.looker();
        config.set("isolation.level", "read_uncommitted");
        config
    }

    pub(crate) fn admin(&self) -> ClientConfig {
        self.with_options(self.common(), false)
    }

    /// A transactional producer. `name` tells it from the others of this process. `reports`: every delivery is reported, not only failures.
    pub(crate) fn producer(&self, name: &str, reports: bool) -> ClientConfig {
        let mut config = self.common();
        config.set("linger.ms", "5");
        config.set("batch.size", self.batch_bytes.to_string());
        config.set("batch.num.messages", "100000");
        config.set("queue.buffering.max.messages", "500000");
        config.set("queue.buffering.max.kbytes", kilobytes(self.queues.send_bytes));
        config.set("sticky.partitioning.linger.ms", "0");
        // A transaction may begin while the markers of this producer's last one are still being written; with the default it then
        // rests for 100 ms.
        config.set("retry.backoff.ms", "5");
        let mut config = self.with_options(config, true);
        config.set("transactional.id", self.transactional_id(name));
        config.set("transaction.timeout.ms", self.transaction_timeout.as_millis().to_string());
        config.set("message.timeout.ms", self.transaction_timeout.as_millis().to_string());
        config.set("delivery.report.only.error", if reports { "false" } else { "true" });
        config
    }
}

fn kilobytes(bytes: usize) -> String {
    (bytes >> 10).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[&str]) -> Settings {
        let pairs: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
        let options = Options::read(None, &pairs, false, &|_| None).expect("right");
        Settings::new("localhost:9092", &options, "g", "i", Duration::from_millis(100))
    }

    #[test]
    fn the_systems_own_cas_are_looked_for_where_no_other_is_named() {
        assert_eq!(with(&[]).admin().get("ssl.ca.location"), None);
        assert_eq!(with(&["security.protocol=SASL_SSL"]).admin().get("ssl.ca.location"), Some("probe"));
        let own = with(&["security.protocol=ssl", "ssl.ca.location=/ca.pem"]);
        assert_eq!(own.admin().get("ssl.ca.location"), Some("/ca.pem"));
    }

    #[test]
    fn every_client_can_be_configured() {
        let settings = with(&["compression.type=lz4"]);
        for config in [
            settings.member(0),
            settings.restorer(),
            settings.copier(),
            settings.end_finder(),
            settings.observer(),
            settings.looker(),
            settings.onlooker(),
            settings.admin(),
            settings.producer("0-0", true),
        ] {
            config.create_native_config().expect("librdkafka knows all of it");
        }
    }

    #[test]
    fn a_transaction_may_stay_open_for_longer_than_the_commit_interval() {
        let settings = Settings::new("b", &Options::default(), "g", "i", Duration::from_secs(60));
        assert_eq!(settings.transaction_timeout, Duration::from_secs(180));
    }
}
