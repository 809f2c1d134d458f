//! The client options that a user may set: a list of what is allowed, with values that may be references to secrets.

use crate::secret_file;
use crate::token::{Tokens, is_local};
use rdkafka::config::ClientConfig;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use thiserror::Error;
use tidegate_engine::secret::{Reference, fill};

/// librdkafka's names. What is not here is refused: it would break the protocol, load code, or is not known to do no harm.
const ALLOWED: [&str; 69] = [
    "batch.num.messages",
    "batch.size",
    "broker.address.family",
    "broker.address.ttl",
    "check.crcs",
    "client.dns.lookup",
    "client.id",
    "client.rack",
    "compression.codec",
    "compression.level",
    "compression.type",
    "connections.max.idle.ms",
    "coordinator.query.interval.ms",
    "enable.metrics.push",
    "enable.ssl.certificate.verification",
    "fetch.error.backoff.ms",
    "fetch.max.bytes",
    "fetch.message.max.bytes",
    "fetch.min.bytes",
    "fetch.queue.backoff.ms",
    "fetch.wait.max.ms",
    "heartbeat.interval.ms",
    "linger.ms",
    "max.partition.fetch.bytes",
    "max.poll.interval.ms",
    "message.max.bytes",
    "message.send.max.retries",
    "metadata.max.age.ms",
    "metadata.recovery.rebootstrap.trigger.ms",
    "metadata.recovery.strategy",
    "queue.buffering.max.kbytes",
    "queue.buffering.max.messages",
    "queue.buffering.max.ms",
    "queued.max.messages.kbytes",
    "queued.min.messages",
    "receive.message.max.bytes",
    "reconnect.backoff.max.ms",
    "reconnect.backoff.ms",
    "request.timeout.ms",
    "retries",
    "retry.backoff.max.ms",
    "retry.backoff.ms",
    "sasl.mechanism",
    "sasl.mechanisms",
    "sasl.oauthbearer.client.id",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.method",
    "sasl.oauthbearer.scope",
    "sasl.oauthbearer.token.endpoint.url",
    "sasl.password",
    "sasl.username",
    "security.protocol",
    "session.timeout.ms",
    "socket.connection.setup.timeout.ms",
    "socket.keepalive.enable",
    "socket.nagle.disable",
    "socket.timeout.ms",
    "ssl.ca.location",
    "ssl.ca.pem",
    "ssl.certificate.location",
    "ssl.certificate.pem",
    "ssl.cipher.suites",
    "ssl.crl.location",
    "ssl.endpoint.identification.algorithm",
    "ssl.key.location",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.location",
    "ssl.keystore.password",
];

/// Those that the exactly-once protocol stands on.
const FIXED: [&str; 24] = [
    "acks",
    "auto.commit.enable",
    "auto.commit.interval.ms",
    "auto.offset.reset",
    "bootstrap.servers",
    "delivery.timeout.ms",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.gapless.guarantee",
    "enable.idempotence",
    "enable.partition.eof",
    "group.id",
    "group.instance.id",
    "group.protocol",
    "group.remote.assignor",
    "isolation.level",
    "max.in.flight",
    "max.in.flight.requests.per.connection",
    "message.timeout.ms",
    "metadata.broker.list",
    "partition.assignment.strategy",
    "partitioner",
    "request.required.acks",
    "transactional.id",
];

/// Names of other clients, with what is to be written here.
const ELSEWHERE: [(&str, &str); 6] = [
    ("sasl.jaas.config", "sasl.username and sasl.password"),
    ("ssl.truststore.location", "ssl.ca.location, which names a PEM file"),
    ("ssl.truststore.certificates", "ssl.ca.pem"),
    ("ssl.keystore.certificate.chain", "ssl.certificate.pem"),
    ("ssl.keystore.key", "ssl.key.pem"),
    ("transaction.timeout.ms", "--commit-interval, from which it follows"),
];

/// Their values are shown nowhere.
const SECRET: [&str; 5] = [
    "sasl.oauthbearer.client.secret",
    "sasl.password",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
];

/// Names of which librdkafka takes both for one option. Which one counted where both are given, would be chance.
const ALIASES: [(&str, &str); 5] = [
    ("compression.codec", "compression.type"),
    ("fetch.message.max.bytes", "max.partition.fetch.bytes"),
    ("message.send.max.retries", "retries"),
    ("queue.buffering.max.ms", "linger.ms"),
    ("sasl.mechanisms", "sasl.mechanism"),
];

const LISTED: &str = "`tidegate explain kafka-options` lists them";
/// Names that share so little are not meant.
const LIKENESS_MIN: f64 = 0.85;
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What is wrong with an option, and where it was given.
#[derive(Error, Clone, PartialEq, Eq, Debug)]
#[error("{place}: {why}")]
pub struct OptionError {
    place: String,
    why: String,
}

/// Options that were checked, with their values as the clients get them.
#[derive(Clone, Default)]
pub struct Options {
    pairs: Vec<(String, String)>,
    /// The names whose values came from references, whatever they are.
    filled: BTreeSet<String>,
    tokens: Option<Arc<Tokens>>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.pairs.iter().map(|(name, value)| {
            let hidden = SECRET.contains(&name.as_str()) || self.filled.contains(name);
            (name, if hidden { "[secret]" } else { value.as_str() })
        });
        f.debug_map().entries(shown).finish()
    }
}

/// Every option that may be set.
pub fn allowed_options() -> &'static [&'static str] {
    &ALLOWED
}

impl Options {
    /// From the lines of a file, and from `NAME=VALUE` pairs, of which the last counts. `insecure`: what makes a connection that others can
    /// read or take over may be set.
    pub fn read(
        file: Option<&Path>,
        pairs: &[String],
        insecure: bool,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Options, OptionError> {
        let mut options = Options::default();
        if let Some(path) = file {
            options.take_file(path, environment)?;
        }
        for pair in pairs {
            let Some((name, value)) = pair.split_once('=') else {
                // It may be a password whose name was forgotten.
                let why = "NAME=VALUE is needed".to_owned();
                return Err(OptionError { place: "--kafka".to_owned(), why });
            };
            options.take(name.trim(), value, &format!("--kafka {}", name.trim()), environment)?;
            if SECRET.contains(&name.trim()) && has_literal(value) {
                tracing::warn!(
                    "--kafka {}: every user of this machine can read it in the list of processes; write `${{env:NAME}}` or \
                     `${{file:/path}}`, or use --kafka-config FILE",
                    name.trim()
                );
            }
        }
        if !insecure && let Some((name, why)) = options.weakness() {
            let why = format!("{why}; who wants that all the same gives `--insecure`, too");
            return Err(OptionError { place: format!("--kafka {name}"), why });
        }
        options.tokens = options.tokens_wanted()?.map(Arc::new);
        Ok(options)
    }

    fn take_file(
        &mut self,
        path: &Path,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<(), OptionError> {
        let place = format!("--kafka-config {}", path.display());
        let wrong = |line: usize, why: String| OptionError { place: format!("{place}:{line}"), why };
        let unreadable = |why: String| OptionError { place: place.clone(), why };
        let (text, metadata) = secret_file::read_regular(path, FILE_BYTES_MAX).map_err(unreadable)?;
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, value) = line.split_once('=').ok_or_else(|| {
                wrong(number + 1, "a line is `name=value`, or a comment behind `#`".to_owned())
            })?;
            let (name, value) = (name.trim(), value.trim());
            if SECRET.contains(&name) && has_literal(value) {
                secret_file::may_hold_a_secret(&metadata)
                    .map_err(|why| wrong(number + 1, format!("{name}: {why}")))?;
            }
            self.take(name, value, &format!("{place}:{}: {name}", number + 1), environment)?;
        }
        Ok(())
    }

    fn take(
        &mut self,
        name: &str,
        value: &str,
        place: &str,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<(), OptionError> {
        let error = |why: String| OptionError { place: place.to_owned(), why };
        if let Some(why) = refused(name) {
            return Err(error(why));
        }
        let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name);
        let is_filled = value.contains("${");
        let mut resolve = |reference: Reference<'_>| match reference {
            Reference::Environment(name) => {
                environment(name).ok_or_else(|| error(format!("the environment variable {name} is not set")))
            }
            Reference::File(path) => {
                secret_file::read(Path::new(path)).map_err(|why| error(format!("{path}: {why}")))
            }
        };
        let wrong = || error("`${` begins a secret, which is `${env:NAME}` or `${file:/path}`".to_owned());
        let mut value = fill(value, &mut resolve, &wrong)?;
        // As librdkafka reads words, so that what is looked at here is what it sees.
        if !SECRET.contains(&name) {
            value = value.trim().to_owned();
        }
        let mut one = ClientConfig::new();
        if !is_for_tokens(name) {
            one.set(name, &value);
        }
        if let Err(cause) = one.create_native_config() {
            let is_secret = SECRET.contains(&name) || is_filled;
            return Err(error(if is_secret { "it cannot be used".to_owned() } else { cause.to_string() }));
        }
        self.pairs.retain(|(other, _)| other != name);
        self.filled.remove(name);
        if is_filled {
            self.filled.insert(name.to_owned());
        }
        self.pairs.push((name.to_owned(), value));
        Ok(())
    }

    /// The value that a client gets, by any of its names.
    pub(crate) fn get(&self, names: &[&str]) -> Option<&str> {
        self.pairs
            .iter()
            .rev()
            .find(|(name, _)| names.contains(&name.as_str()))
            .map(|(_, value)| value.as_str())
    }

    /// What librdkafka gets.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = &(String, String)> {
        self.pairs.iter().filter(|(name, _)| !is_for_tokens(name))
    }

    pub(crate) fn tokens(&self) -> Option<&Arc<Tokens>> {
        self.tokens.as_ref()
    }

    fn tokens_wanted(&self) -> Result<Option<Tokens>, OptionError> {
        let error =
            |name: &str, why: &str| OptionError { place: format!("--kafka {name}"), why: why.to_owned() };
        if self.get(&["sasl.mechanism"]) != Some("OAUTHBEARER") {
            return Ok(None);
        }
        if self.get(&["sasl.oauthbearer.method"]).is_some_and(|method| method != "oidc") {
            return Err(error("sasl.oauthbearer.method", "`oidc` is the only one there is"));
        }
        let needed = |name: &str| self.get(&[name]).ok_or_else(|| error(name, "OAUTHBEARER needs it"));
        // It is shown where the endpoint does not answer.
        if needed("sasl.oauthbearer.token.endpoint.url")?.contains('@') {
            let why =
                "no name and password may stand in it; sasl.oauthbearer.client.id and .secret have them";
            return Err(error("sasl.oauthbearer.token.endpoint.url", why));
        }
        Ok(Some(Tokens::new(
            needed("sasl.oauthbearer.token.endpoint.url")?,
            needed("sasl.oauthbearer.client.id")?,
            needed("sasl.oauthbearer.client.secret")?,
            self.get(&["sasl.oauthbearer.scope"]),
        )))
    }

    pub(crate) fn security(&self) -> String {
        self.get(&["security.protocol"]).unwrap_or("plaintext").to_ascii_lowercase()
    }

    /// An option by which others could read the connection or take it over.
    fn weakness(&self) -> Option<(&'static str, &'static str)> {
        let is = |name: &str, words: &[&str]| {
            self.get(&[name]).is_some_and(|value| words.iter().any(|word| value.eq_ignore_ascii_case(word)))
        };
        if is("enable.ssl.certificate.verification", &["false", "f", "0"]) {
            return Some((
                "enable.ssl.certificate.verification",
                "with `false` anybody can pass for the broker (a CA of one's own is given by `ssl.ca.location`)",
            ));
        }
        if is("ssl.endpoint.identification.algorithm", &["none"]) {
            return Some((
                "ssl.endpoint.identification.algorithm",
                "with `none` anybody who has a certificate of the same CA can pass for the broker",
            ));
        }
        if self.security() == "sasl_plaintext" && is("sasl.mechanism", &["PLAIN", "OAUTHBEARER"]) {
            return Some((
                "security.protocol",
                "`sasl_plaintext` sends the password or token readable for everybody on the way; use `sasl_ssl`",
            ));
        }
        let url = self.get(&["sasl.oauthbearer.token.endpoint.url"]).unwrap_or_default();
        let is_https = url.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"));
        if !url.is_empty() && !is_https && !is_local(url) {
            return Some((
                "sasl.oauthbearer.token.endpoint.url",
                "`http` sends the client's secret readable for everybody on the way; use `https`",
            ));
        }
        None
    }
}

/// Does some of it stand there itself, beside references?
fn has_literal(value: &str) -> bool {
    let rest = fill(value, &mut |_| Ok::<_, ()>(String::new()), &|| ());
    rest.is_ok_and(|rest| !rest.is_empty())
}

/// librdkafka could ask for tokens itself, with libcurl, which is not linked in.
fn is_for_tokens(name: &str) -> bool {
    name.starts_with("sasl.oauthbearer.")
}

/// Why a name may not be set.
fn refused(name: &str) -> Option<String> {
    if ALLOWED.contains(&name) {
        return None;
    }
    if FIXED.contains(&name) {
        return Some("is set by Tidegate itself: exactly-once results depend on it".to_owned());
    }
    if let Some((_, here)) = ELSEWHERE.iter().find(|(other, _)| *other == name) {
        return Some(format!("is no option of this client; use {here}"));
    }
    let likeness = |known: &&&str| (strsim::jaro_winkler(name, known) * 1e6) as u64;
    let near = ALLOWED.iter().max_by_key(likeness).expect("there are some");
    Some(if strsim::jaro_winkler(name, near) < LIKENESS_MIN {
        format!("is not among the options that may be set; {LISTED}")
    } else {
        format!("is not among the options that may be set; was `{near}` meant? {LISTED}")
    })
}

#[cfg(test)]
mod tests;
