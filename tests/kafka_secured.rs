//! A broker that asks who one is: each way of saying so, what is told where it fails, the rights that are needed, and that no secret comes out.

#[path = "support/http_server.rs"]
#[allow(dead_code, reason = "another test program uses the rest")]
mod http_server;
mod support;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http_server::{HttpServer, Request};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use support::{Process, oracle, repository, tidegate, until};
use tidegate_sim::acls::{self, Acl};
use tidegate_sim::payments::{Payment, Payments};
use tidegate_sim::{Entrance, LIMITED, Secured, TRUSTED, Topics, random_password};

const COUNT: u64 = 2_000;
/// With what a client that asks for tokens knows itself.
const CLIENT: &str = "velocity-client";

/// One broker for all tests of this program; it ends with the process.
fn secured() -> &'static Secured {
    static BROKER: OnceLock<Secured> = OnceLock::new();
    BROKER.get_or_init(Secured::start)
}

fn payments() -> Vec<Payment> {
    let payments = Payments { seed: 7, cards: 100, step_ms: 1_000, disorder_ms: 5_000 };
    (0..COUNT).map(|n| payments.payment(n)).collect()
}

/// A topology with topics of its own, and the options of its clients.
struct Bed {
    dir: tempfile::TempDir,
    topics: Topics,
    prefix: String,
    entrance: Entrance,
    /// What must not come out anywhere.
    secrets: Vec<String>,
}

impl Bed {
    fn new(prefix: &str, entrance: Entrance) -> Bed {
        let own = secured();
        let secrets = vec![own.password.clone(), own.limited_password.clone(), own.key_password.clone()];
        let dir = tempfile::tempdir().expect("a directory");
        Bed { dir, topics: Topics::new(&own.broker.config()), prefix: prefix.to_owned(), entrance, secrets }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn name(&self, topic: &str) -> String {
        format!("{}.{topic}", self.prefix)
    }

    /// Velocity needs state and writes rows; its topics bear the prefix.
    fn topology(&self) -> PathBuf {
        let text = std::fs::read_to_string(repository("tests/topologies/w3_velocity.tide")).expect("read");
        let text = text
            .replace("kafka(\"", &format!("kafka(\"{}.", self.prefix))
            .replace("topology w3_velocity", &format!("topology {}_velocity", self.prefix));
        let path = self.path("velocity.tide");
        std::fs::write(&path, text).expect("written");
        path
    }

    /// A file of options that only its owner can read.
    fn options(&self, lines: &[(&str, &str)]) -> String {
        let text: String = lines.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        let path = self.path("client.properties");
        std::fs::write(&path, text).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("set");
        path.display().to_string()
    }

    fn create_topics(&self) {
        for topic in ["payments", "w3.velocity"] {
            self.topics.create(&self.name(topic), 1, &[]);
        }
    }

    fn produce(&self, payments: &[Payment]) {
        let rows: Vec<Vec<u8>> = payments.iter().map(Payment::json).collect();
        let records = payments
            .iter()
            .zip(&rows)
            .map(|(payment, row)| (Some(0), Some(payment.card.as_bytes()), Some(row.as_slice())));
        self.topics.produce(&self.name("payments"), records);
    }

    /// A run with everything logged that can be.
    fn start(&self, options: &str, variables: &[(&str, &str)]) -> Process {
        let mut all = vec![("TIDEGATE_LOG", "trace"), ("http_proxy", ""), ("all_proxy", "")];
        all.extend_from_slice(variables);
        let address = secured().address(self.entrance);
        Process::run_in(&all, &self.topology(), &address, &self.path("data"), &["--kafka-config", options])
    }

    /// From the first record to the last row, and a clean end.
    fn runs(&self, lines: &[(&str, &str)], variables: &[(&str, &str)]) {
        self.create_topics();
        let mut process = self.start(&self.options(lines), variables);
        let payments = payments();
        self.produce(&payments);
        let right = oracle::velocity(payments.iter());
        assert!(right.len() > 100, "there is something to find");
        let topic = self.name("w3.velocity");
        let rows = until(&format!("{} rows in {topic}", right.len()), || {
            assert!(process.exit().is_none(), "it ended:\n{}", shown(&process.told()));
            let rows = self.topics.read_committed(&topic);
            (rows.len() >= right.len()).then_some(rows)
        });
        assert_eq!(rows.iter().map(|row| row.text()).collect::<Vec<_>>(), right);
        let told = process.told();
        assert!(process.stop().success());
        self.holds_no_secret("the log", &told);
        self.holds_no_secret_in(&self.path("data"));
        for arguments in [&["doctor"][..], &["plan", "--against", "running"], &["dlq", "ls"]] {
            let mut command = Command::new(tidegate());
            command
                .args(arguments)
                .arg(self.topology())
                .args(["--brokers", &secured().address(self.entrance)]);
            command.args(["--kafka-config", &self.options(lines)]);
            command.env("TIDEGATE_LOG", "trace").env("http_proxy", "").env("all_proxy", "");
            let output = command.envs(variables.iter().copied()).output().expect("tidegate can be started");
            let told = [output.stdout, output.stderr].concat();
            let told = String::from_utf8_lossy(&told);
            assert!(output.status.code() != Some(2), "{arguments:?}:\n{}", shown(&told));
            self.holds_no_secret(arguments[0], &told);
        }
    }

    /// It ends by itself before anything is started, with a word.
    fn is_refused(&self, lines: &[(&str, &str)], variables: &[(&str, &str)], words: &[&str]) {
        let mut process = self.start(&self.options(lines), variables);
        let status = until("its end", || process.exit());
        let told = process.told();
        let last = told.lines().last().unwrap_or_default().to_owned();
        assert_eq!(status.code(), Some(2), "{}", shown(&told));
        for word in words {
            assert!(last.starts_with("error: ") && last.contains(word), "{word}: {last}");
        }
        self.holds_no_secret("the log", &told);
        self.holds_no_secret_in(&self.path("data"));
    }

    fn holds_no_secret(&self, what: &str, text: &str) {
        for secret in &self.secrets {
            let line = text.lines().find(|line| line.contains(secret.as_str()));
            assert!(line.is_none(), "{what} tells a secret: {}", line.unwrap_or_default());
        }
    }

    /// In files, as bytes, in any folder below.
    fn holds_no_secret_in(&self, dir: &Path) {
        for entry in std::fs::read_dir(dir).into_iter().flatten() {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                self.holds_no_secret_in(&path);
                continue;
            }
            let bytes = std::fs::read(&path).expect("readable");
            self.holds_no_secret(&path.display().to_string(), &String::from_utf8_lossy(&bytes));
        }
    }
}

/// The end of a log, which at this level is long.
fn shown(told: &str) -> String {
    let lines: Vec<&str> = told.lines().filter(|line| !line.contains("TRACE")).collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}

fn by_password<'a>(ca: &'a str, mechanism: &'a str, password: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("security.protocol", "SASL_SSL"),
        ("ssl.ca.location", ca),
        ("sasl.mechanism", mechanism),
        ("sasl.username", TRUSTED),
        ("sasl.password", password),
    ]
}

fn runs_by_password(prefix: &str, mechanism: &str) {
    let bed = Bed::new(prefix, Entrance::Password);
    let own = secured();
    let ca = own.file("ca.pem");
    bed.runs(&by_password(&ca, mechanism, "${env:BROKER_PASSWORD}"), &[("BROKER_PASSWORD", &own.password)]);
}

#[test]
fn a_topology_runs_by_plain_password() {
    runs_by_password("plain", "PLAIN");
}

#[test]
fn a_topology_runs_by_scram_256() {
    runs_by_password("scram256", "SCRAM-SHA-256");
}

#[test]
fn a_topology_runs_by_scram_512() {
    runs_by_password("scram512", "SCRAM-SHA-512");
}

fn by_certificate<'a>(ca: &'a str, certificate: &'a str, key: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("security.protocol", "SSL"),
        ("ssl.ca.location", ca),
        ("ssl.certificate.location", certificate),
        ("ssl.key.location", key),
        ("ssl.key.password", "${env:KEY_PASSWORD}"),
    ]
}

#[test]
fn a_topology_runs_by_certificate() {
    let bed = Bed::new("mutual", Entrance::Certificate);
    let own = secured();
    let files = ["ca.pem", "client.pem", "client.key"].map(|name| own.file(name));
    bed.runs(&by_certificate(&files[0], &files[1], &files[2]), &[("KEY_PASSWORD", &own.key_password)]);
}

/// Gives a token to who knows the secret, as an identity provider does (OAuth 2.0, client credentials).
fn token_server(secret: &str, life_seconds: u64) -> HttpServer {
    let right = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{secret}")));
    HttpServer::start(move |request: &Request, _| {
        if request.header("authorization") != Some(right.as_str()) {
            return (401, Vec::new(), r#"{"error":"invalid_client"}"#.to_owned());
        }
        #[expect(clippy::disallowed_methods, reason = "tokens are valid by the wall clock")]
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .expect("behind 1970")
            .as_secs();
        let claims = format!(r#"{{"sub":"{TRUSTED}","iat":{now},"exp":{}}}"#, now + life_seconds);
        let token = format!(
            "{}.{}.",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let answer =
            format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{life_seconds}}}"#);
        (200, Vec::new(), answer)
    })
}

fn by_token<'a>(ca: &'a str, url: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("security.protocol", "SASL_SSL"),
        ("ssl.ca.location", ca),
        ("sasl.mechanism", "OAUTHBEARER"),
        ("sasl.oauthbearer.method", "oidc"),
        ("sasl.oauthbearer.client.id", CLIENT),
        ("sasl.oauthbearer.client.secret", "${env:CLIENT_SECRET}"),
        ("sasl.oauthbearer.token.endpoint.url", url),
    ]
}

#[test]
fn a_topology_runs_by_token_and_a_wrong_secret_is_told() {
    let secret = random_password();
    let server = token_server(&secret, 60);
    let ca = secured().file("ca.pem");
    let mut bed = Bed::new("token", Entrance::Token);
    bed.secrets.push(secret.clone());
    bed.runs(&by_token(&ca, &server.url("/token")), &[("CLIENT_SECRET", &secret)]);
    assert!(!server.requests().is_empty(), "the token came from there");
    let wrong = random_password();
    bed.secrets.push(wrong.clone());
    let words = ["does not let this client in", "sasl.oauthbearer.client.secret"];
    bed.is_refused(&by_token(&ca, &server.url("/token")), &[("CLIENT_SECRET", &wrong)], &words);
}

/// A broker ends the connections of a client whose token has expired, unless it shows a new one on them (KIP-368).
#[test]
fn tokens_are_renewed_while_a_topology_runs() {
    const LIFE_SECONDS: u64 = 4;
    const LIVES: usize = 5;
    let secret = random_password();
    let server = token_server(&secret, LIFE_SECONDS);
    let bed = Bed::new("renewed", Entrance::Token);
    bed.create_topics();
    let ca = secured().file("ca.pem");
    let url = server.url("/token");
    let mut process = bed.start(&bed.options(&by_token(&ca, &url)), &[("CLIENT_SECRET", &secret)]);
    let payments = payments();
    let topic = bed.name("w3.velocity");
    let mut produced = 0;
    for life in 1..=LIVES {
        // Each is a token that did not exist when the one before was shown.
        until(&format!("token {life}"), || {
            assert!(process.exit().is_none(), "it ended:\n{}", shown(&process.told()));
            (server.requests().len() >= life).then_some(())
        });
        let upto = payments.len() * life / LIVES;
        bed.produce(&payments[produced..upto]);
        produced = upto;
        let right = oracle::velocity(payments[..upto].iter());
        let rows = until(&format!("{} rows in {topic}", right.len()), || {
            assert!(process.exit().is_none(), "it ended:\n{}", shown(&process.told()));
            let rows = bed.topics.read_committed(&topic);
            (rows.len() >= right.len()).then_some(rows)
        });
        assert_eq!(rows.iter().map(|row| row.text()).collect::<Vec<_>>(), right);
    }
    let told = process.told();
    assert!(process.stop().success());
    assert!(!told.contains("does not let this client in"), "{}", shown(&told));
}

#[test]
fn a_wrong_password_is_told() {
    let mut bed = Bed::new("wrong", Entrance::Password);
    let (ca, wrong) = (secured().file("ca.pem"), random_password());
    bed.secrets.push(wrong.clone());
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let words = ["does not let this client in", "sasl.password"];
        bed.is_refused(&by_password(&ca, mechanism, "${env:P}"), &[("P", &wrong)], &words);
    }
}

#[test]
fn a_broker_that_is_not_trusted_is_told_with_the_reason() {
    let own = secured();
    let password = [("P", own.password.as_str())];
    let refused = |prefix: &str, entrance, ca: &str, word: &str| {
        let ca = own.file(ca);
        let words = ["the broker is not trusted", word];
        Bed::new(prefix, entrance).is_refused(&by_password(&ca, "PLAIN", "${env:P}"), &password, &words);
    };
    refused(
        "unknown",
        Entrance::Password,
        "stranger-ca.pem",
        "name the CA's PEM file with `ssl.ca.location`",
    );
    refused("other", Entrance::OtherHost, "ca.pem", "its certificate is for another host name");
    refused("expired", Entrance::Expired, "ca.pem", "its certificate has expired");
}

#[test]
fn a_client_without_the_right_certificate_is_told() {
    let own = secured();
    let files = ["ca.pem", "stranger.pem", "stranger.key"].map(|name| own.file(name));
    let options = by_certificate(&files[0], &files[1], &files[2]);
    let bed = Bed::new("nocert", Entrance::Certificate);
    let words = ["does not accept this client's certificate", "`ssl.certificate.location`"];
    bed.is_refused(&options[..2], &[], &words);
    bed.is_refused(&options, &[("KEY_PASSWORD", &own.key_password)], &words);
    let words = ["ssl.key.location"];
    bed.is_refused(&options, &[("KEY_PASSWORD", "wrong")], &words);
}

/// Not fatal, since brokers break connections off when they restart; but told with what it may be.
#[test]
fn a_client_that_does_not_speak_tls_is_told_what_it_may_be() {
    let bed = Bed::new("clear", Entrance::Password);
    let process = bed.start(&bed.options(&[]), &[]);
    let word = "does this port want TLS or a password? `security.protocol` says which";
    until("a word", || process.told().contains(word).then_some(()));
    assert!(process.stop().success());
}

/// The address repeats the secret that it was sent; what is set aside, logged and kept does not.
#[test]
fn a_secret_of_a_header_comes_out_nowhere() {
    let secret = random_password();
    let server = HttpServer::start(|request: &Request, _| {
        let header = request.header("authorization").unwrap_or_default().to_owned();
        (400, vec![("x-echo", header.clone())], format!("{} cannot be: {header}", request.field("name")))
    });
    let mut bed = Bed::new("crm", Entrance::Password);
    bed.secrets.push(secret.clone());
    for topic in ["contacts", "contacts.malformed", "contacts.failed"] {
        bed.topics.create(&bed.name(topic), 1, &[]);
    }
    let text = std::fs::read_to_string(repository("tests/topologies/crm.tide")).expect("read");
    std::fs::write(bed.path("crm.tide"), text.replace("kafka(\"", "kafka(\"crm.")).expect("written");
    let rows = [r#"{"id":"c1","name":"n1","rev":1,"at":1}"#, "no JSON"];
    let records = rows.iter().map(|row| (Some(0), Some("c1".as_bytes()), Some(row.as_bytes())));
    bed.topics.produce(&bed.name("contacts"), records);
    let ca = secured().file("ca.pem");
    let kept = bed.path("password");
    std::fs::write(&kept, format!("{}\n", secured().password)).expect("written");
    std::fs::set_permissions(&kept, std::fs::Permissions::from_mode(0o400)).expect("set");
    let reference = format!("${{file:{}}}", kept.display());
    let options = bed.options(&by_password(&ca, "SCRAM-SHA-512", &reference));
    let url = server.url("/contacts");
    let variables = [
        ("TIDEGATE_LOG", "trace"),
        ("http_proxy", ""),
        ("all_proxy", ""),
        ("CRM_URL", url.as_str()),
        ("CRM_TOKEN", secret.as_str()),
    ];
    let address = secured().address(Entrance::Password);
    let more = ["--kafka-config", options.as_str()];
    let mut process = Process::run_in(&variables, &bed.path("crm.tide"), &address, &bed.path("data"), &more);
    let aside = until("what was set aside", || {
        assert!(process.exit().is_none(), "it ended:\n{}", shown(&process.told()));
        let all = ["contacts.failed", "contacts.malformed"]
            .map(|topic| bed.topics.read_committed(&bed.name(topic)));
        all.iter().all(|records| records.len() == 1).then_some(all.concat())
    });
    let told = process.told();
    assert!(process.stop().success());
    assert!(aside[0].header("tidegate.message").is_some_and(|message| message.contains("Bearer [secret]")));
    bed.holds_no_secret("what was set aside", &format!("{aside:?}"));
    for record in &aside {
        for (name, content) in &record.headers {
            bed.holds_no_secret(name, &String::from_utf8_lossy(content));
        }
        bed.holds_no_secret("the value", &record.text());
    }
    bed.holds_no_secret("the log", &told);
    bed.holds_no_secret_in(&bed.path("data"));
    assert!(
        server
            .requests()
            .iter()
            .any(|request| request.header("authorization").is_some_and(|sent| sent.contains(&secret)))
    );
}

/// `kafka-acls.sh …` as rights, one for each operation.
fn rights_of(line: &str) -> Vec<Acl> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let behind = |option: &str| {
        let places = words.iter().enumerate().filter(|(_, word)| **word == option);
        places.map(|(place, _)| words[place + 1].to_owned()).collect::<Vec<_>>()
    };
    let resource = ["topic", "group", "transactional-id"]
        .into_iter()
        .find(|kind| !behind(&format!("--{kind}")).is_empty());
    let resource = resource.expect("a resource");
    let acl = |operation: String| Acl {
        principal: behind("--allow-principal").remove(0),
        resource: resource.to_owned(),
        name: behind(&format!("--{resource}")).remove(0),
        prefixed: behind("--resource-pattern-type") == ["prefixed"],
        operation,
    };
    behind("--operation").into_iter().map(acl).collect()
}

/// `option`: whose rights they are.
fn rights_needed(topology: &Path, option: &str) -> Vec<Acl> {
    let output = Command::new(tidegate())
        .arg("explain")
        .arg(topology)
        .args([option, &format!("User:{LIMITED}")])
        .output()
        .expect("tidegate can be started");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("text").lines().flat_map(rights_of).collect()
}

/// Each right in turn is taken away; what is told names it. DescribeConfigs is not needed to run, and only told.
#[test]
fn a_topology_runs_with_the_rights_that_explain_lists_and_tells_which_is_missing() {
    let own = secured();
    let admin = own.broker.config();
    let bed = Bed::new("rights", Entrance::Password);
    let ca = own.file("ca.pem");
    let mut lines = by_password(&ca, "PLAIN", "${env:P}");
    lines[3].1 = LIMITED;
    let variables = [("P", own.limited_password.as_str())];
    let mut needed = rights_needed(&bed.topology(), "--acls");
    assert!(needed.len() >= 8, "{needed:?}");
    // What runs without them is first, so that there is something to restore; and before that nothing is made.
    let order = ["Create", "DescribeConfigs"];
    needed.sort_by_key(|acl| order.iter().position(|operation| *operation == acl.operation).unwrap_or(2));
    bed.create_topics();
    let payments = payments();
    let options = bed.options(&lines);
    let topic = bed.name("w3.velocity");
    let mut produced = 0;
    // Nothing at all: what it may not see is not said to be missing.
    let mut process = bed.start(&options, &variables);
    until("its end", || process.exit());
    assert!(
        process.told().contains("the rights to see these topics are missing: rights.payments"),
        "{}",
        shown(&process.told())
    );
    let step = payments.len() / (needed.len() + 1);
    let mut more = |upto: usize| {
        bed.produce(&payments[produced..upto]);
        produced = upto;
        oracle::velocity(payments[..upto].iter()).len()
    };
    let all_there = |process: &mut Process, count: usize| {
        until("all rows", || {
            assert!(process.exit().is_none(), "it ended:\n{}", shown(&process.told()));
            (bed.topics.read_committed(&topic).len() == count).then_some(())
        });
    };
    for (number, missing) in needed.iter().enumerate() {
        let count = more((number + 1) * step);
        let others: Vec<Acl> = needed.iter().filter(|acl| *acl != missing).cloned().collect();
        acls::give(&admin, &others);
        // Another machine, as it were: what is kept is read back.
        let _ = std::fs::remove_dir_all(bed.path("data"));
        let _ = std::fs::remove_file(bed.path("data.log"));
        let mut process = bed.start(&options, &variables);
        // Where another right lets it see the topic, the deed is refused; else it is not seen.
        let kind = missing.resource.replace('-', " ");
        let named = format!("the right {} on the {kind} {}", missing.operation, missing.name);
        let hidden = format!("the rights to see these topics are missing: {}", missing.name);
        let is_told = |told: &str| told.contains(&named) || told.contains(&hidden);
        if missing.operation == "DescribeConfigs" {
            all_there(&mut process, count);
            assert!(is_told(&process.told()), "{missing:?}: {}", shown(&process.told()));
            assert!(process.stop().success());
        } else {
            let status = until(&format!("the end without {missing:?}"), || process.exit());
            assert!(is_told(&process.told()), "{missing:?}: {}", shown(&process.told()));
            assert!(!status.success());
        }
        acls::take(&admin, &others);
    }
    let count = more(payments.len());
    acls::give(&admin, &needed);
    let _ = std::fs::remove_file(bed.path("data.log"));
    let mut process = bed.start(&options, &variables);
    all_there(&mut process, count);
    let told = process.told();
    assert!(process.stop().success());
    assert!(!told.contains(" is missing"), "{}", shown(&told));
    let rows = bed.topics.read_committed(&topic);
    let right = oracle::velocity(payments.iter());
    assert_eq!(rows.iter().map(|row| row.text()).collect::<Vec<_>>(), right);
    acls::take(&admin, &needed);
    let by_resource: BTreeMap<&str, usize> = needed.iter().fold(BTreeMap::new(), |mut counts, acl| {
        *counts.entry(acl.resource.as_str()).or_default() += 1;
        counts
    });
    assert_eq!(by_resource.len(), 3, "topics, a group and transactions: {by_resource:?}");
}

/// As above, for who sends records back that were set aside.
#[test]
fn records_are_sent_back_with_the_rights_that_explain_lists_and_not_without_one_of_them() {
    let own = secured();
    let admin = own.broker.config();
    let bed = Bed::new("back", Entrance::Password);
    let topology = bed.path("aside.tide");
    let text = std::fs::read_to_string(repository("tests/topologies/aside.tide")).expect("read");
    let text = text.replace("kafka(\"", "kafka(\"back.").replace("topology aside", "topology back_aside");
    std::fs::write(&topology, text).expect("written");
    for topic in ["payments", "payments.malformed", "payments.errors", "each"] {
        bed.topics.create(&bed.name(topic), 1, &[]);
    }
    let wrong = br#"{"id":"p1","card":"c1","amount":"six","parts":2}"#.as_slice();
    bed.topics.produce(&bed.name("payments"), [(Some(0), Some(b"c1".as_slice()), Some(wrong))]);
    let (ca, address) = (own.file("ca.pem"), own.address(Entrance::Password));
    let mut lines = by_password(&ca, "PLAIN", "${env:P}");
    let options = bed.options(&lines);
    let variables = [("P", own.password.as_str())];
    let more = ["--kafka-config", options.as_str()];
    let process = Process::run_in(&variables, &topology, &address, &bed.path("data"), &more);
    let aside = || bed.topics.read_committed(&bed.name("payments.malformed")).len();
    until("what is set aside", || (aside() == 1).then_some(()));
    assert!(process.stop().success());
    lines[3].1 = LIMITED;
    let options = bed.options(&lines);
    let replay = || {
        let mut command = Command::new(tidegate());
        command.args(["dlq", "replay"]).arg(&topology).args(["malformed", "--edit", "s/\"six\"/6/"]);
        command.args(["--brokers", &address, "--kafka-config", &options]);
        let output = command.env("P", &own.limited_password).output().expect("tidegate can be started");
        (output.status.success(), String::from_utf8(output.stderr).expect("text"))
    };
    let sent = || bed.topics.read_committed(&bed.name("payments")).len() - 1;
    let needed = rights_needed(&topology, "--dlq-acls");
    // Both routes are listed, and one is sent back from.
    let (needed, others): (Vec<Acl>, Vec<Acl>) =
        needed.into_iter().partition(|acl| !acl.name.contains("payments.errors"));
    assert_eq!((needed.len(), others.len()), (4, 3), "{needed:?} {others:?}");
    for missing in &needed {
        let others: Vec<Acl> = needed.iter().filter(|acl| *acl != missing).cloned().collect();
        acls::give(&admin, &others);
        let (is_done, told) = replay();
        let kind = missing.resource.replace('-', " ");
        let named = format!("the right {} on the {kind} {}", missing.operation, missing.name);
        // What may not be seen looks as if it were not there.
        let hidden = missing.resource == "topic" && told.contains(&missing.name);
        assert!(!is_done && (told.contains(&named) || hidden), "{missing:?}: {told}");
        assert_eq!(sent(), 0, "{missing:?}: {told}");
        acls::take(&admin, &others);
    }
    acls::give(&admin, &needed);
    let (is_done, told) = replay();
    assert!(is_done, "{told}");
    assert_eq!(sent(), 1, "{told}");
    acls::give(&admin, &others);
    let mut command = Command::new(tidegate());
    command.args(["dlq", "ls"]).arg(&topology).args(["--brokers", &address, "--kafka-config", &options]);
    let output = command.env("P", &own.limited_password).output().expect("tidegate can be started");
    let listed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && listed.contains("0 waiting, 1 sent back"), "{listed}");
    acls::take(&admin, &[needed, others].concat());
}
