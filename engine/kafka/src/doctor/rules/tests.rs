use super::super::facts::Configs;
use super::*;

const TOPOLOGY: &str = r#"
topology paid
type Payment { id: string, card: string, amount: decimal(18,2), at: timestamp }
source payments: Payment = kafka("payments") key card, time at
table cards: { card: string, tier: string } = kafka("cards") key card
stream tiers = payments
  |> join cards as c by card
  |> group by c.tier
  |> aggregate { paid: sum(amount) }
sink tiers -> kafka("tiers", compacted)
"#;
const REPARTITION: &str = "paid.tiers.by-tier";
const CHANGELOG: &str = "paid.tiers.aggregate-changelog";

fn plan() -> Plan {
    let file = tidegate_dsl::SourceFile::new("paid.tide", TOPOLOGY);
    tidegate_dsl::compile(&file, &|_| None).plan.expect("it is right")
}

fn settings() -> Settings {
    Settings::new("b", &crate::options::Options::default(), "paid", "i", Duration::from_millis(100))
}

fn configs(pairs: &[(&str, &str)]) -> Configs {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn topic(settings: &[(&str, &str)]) -> Topic {
    let mut all = vec![
        ("min.insync.replicas", "2"),
        ("message.timestamp.type", "CreateTime"),
        ("message.timestamp.before.max.ms", "9223372036854775807"),
        ("unclean.leader.election.enable", "false"),
        ("cleanup.policy", "delete"),
        ("retention.ms", "604800000"),
        ("retention.bytes", "-1"),
    ];
    all.extend(settings);
    Topic { partitions: 4, replicas: 3, in_sync: 3, configs: Some(configs(&all)) }
}

/// Three brokers on which everything is as it should be.
fn good() -> Facts {
    let topics = [
        ("payments", topic(&[])),
        ("cards", topic(&[("cleanup.policy", "compact")])),
        ("tiers", topic(&[("cleanup.policy", "compact")])),
        (REPARTITION, topic(&[("retention.ms", "-1")])),
        (CHANGELOG, topic(&[("cleanup.policy", "compact")])),
        ("__consumer_offsets", topic(&[("cleanup.policy", "compact")])),
    ];
    Facts {
        brokers: 3,
        topics: topics.into_iter().map(|(name, topic)| (name.to_owned(), topic)).collect(),
        broker: Some(configs(&[
            ("transaction.max.timeout.ms", "900000"),
            ("group.min.session.timeout.ms", "6000"),
            ("offsets.retention.minutes", "10080"),
        ])),
        unseen: Vec::new(),
    }
}

/// The findings after a change of good facts, as `level about: what`.
fn after(change: impl FnOnce(&mut Facts)) -> Vec<String> {
    let mut facts = good();
    change(&mut facts);
    let found = findings(&plan(), &settings(), &facts);
    found.iter().map(|found| format!("{:?} {}: {}", found.level, found.about, found.what)).collect()
}

fn after_setting(name: &'static str, setting: &'static str, value: &'static str) -> Vec<String> {
    after(|facts| {
        let topic = facts.topics.get_mut(name).unwrap_or_else(|| panic!("{name} is not among the topics"));
        topic.configs.as_mut().expect("known").insert(setting.to_owned(), value.to_owned());
    })
}

#[test]
fn nothing_is_said_of_what_is_right() {
    assert_eq!(after(|_| {}), Vec::<String>::new());
}

#[test]
fn what_cannot_run_or_loses_state_is_an_error() {
    assert_eq!(
        after(|facts| drop(facts.topics.remove("tiers"))),
        ["Error tiers: is not there (line 10 of the topology)"]
    );
    assert_eq!(
        after(|facts| facts.topics.get_mut("cards").expect("there").partitions = 3),
        [
            "Error payments, cards: payments and cards are read together and must have equally many partitions: payments has 4, cards has 3; make them equal, or put `repartition by` before the join"
        ]
    );
    assert_eq!(
        after(|facts| facts.topics.get_mut(CHANGELOG).expect("there").partitions = 2),
        ["Error paid.tiers.aggregate-changelog: has 2 partitions and needs 4"]
    );
    assert_eq!(
        after_setting("payments", "min.insync.replicas", "4"),
        ["Error payments: min.insync.replicas is 4, and it has 3 replicas: it takes no writes"]
    );
    assert_eq!(
        after_setting(CHANGELOG, "cleanup.policy", "compact,delete"),
        [
            "Error paid.tiers.aggregate-changelog: it is a changelog and deletes by age: state that does not change is gone after a loss of the disk"
        ]
    );
    assert_eq!(
        after_setting(REPARTITION, "retention.ms", "604800000"),
        [
            "Error paid.tiers.by-tier: it deletes by age or size: events that are not read yet are lost when the topology is down"
        ]
    );
    assert_eq!(
        after_setting(REPARTITION, "cleanup.policy", "compact"),
        ["Error paid.tiers.by-tier: it carries events and is compacted: events with the same key are lost"]
    );
    assert_eq!(
        after_setting(CHANGELOG, "message.timestamp.type", "LogAppendTime"),
        ["Error paid.tiers.aggregate-changelog: its records lose their event time"]
    );
    let with_broker = |name: &'static str, value: &'static str| {
        after(|facts| {
            facts.broker.as_mut().expect("known").insert(name.to_owned(), value.to_owned());
        })
    };
    assert_eq!(
        with_broker("transaction.max.timeout.ms", "5000"),
        ["Error the brokers: transaction.max.timeout.ms is 5000, and transactions may take 10000"]
    );
    assert_eq!(
        with_broker("group.min.session.timeout.ms", "10000"),
        ["Error the brokers: group.min.session.timeout.ms is 10000, and members ask for 6000"]
    );
    assert_eq!(
        with_broker("offsets.retention.minutes", "1440"),
        [
            "Warning the brokers: committed offsets are forgotten 24 h after the topology went down: with state it refuses to start then"
        ]
    );
}

#[test]
fn what_one_may_not_count_on_is_a_warning() {
    assert_eq!(
        after(|facts| facts.topics.get_mut("payments").expect("there").in_sync = 2),
        ["Warning payments: 2 of 3 replicas are in sync"]
    );
    assert_eq!(
        after_setting("tiers", "min.insync.replicas", "1"),
        [
            "Warning tiers: min.insync.replicas is 1: a write may be answered with one copy, and be lost with it"
        ]
    );
    assert_eq!(
        after_setting("tiers", "min.insync.replicas", "3"),
        ["Warning tiers: min.insync.replicas is 3, as many as it has replicas: one broker away stops it"]
    );
    assert_eq!(
        after_setting("tiers", "cleanup.policy", "delete"),
        [
            "Warning tiers: the sink is `compacted`, and the topic deletes by age: rows that do not change go away"
        ]
    );
    assert_eq!(
        after_setting("cards", "cleanup.policy", "delete"),
        [
            "Warning cards: `cards` is a table of it, and it deletes by age: a store that is made anew lacks old rows"
        ]
    );
    assert_eq!(
        after_setting("tiers", "message.timestamp.before.max.ms", "86400000"),
        [
            "Warning tiers: refuses records whose event time is older than 86400 s: a backlog stops the topology"
        ]
    );
    assert_eq!(
        after_setting("tiers", "message.timestamp.type", "LogAppendTime"),
        ["Warning tiers: its records get the time at which they are written, not their event time"]
    );
    assert_eq!(
        after_setting("payments", "unclean.leader.election.enable", "true"),
        [
            "Warning payments: a replica that is behind may become leader: what was committed may be taken back"
        ]
    );
    assert_eq!(
        after(|facts| {
            let offsets = facts.topics.get_mut("__consumer_offsets").expect("there");
            (offsets.replicas, offsets.in_sync) = (1, 1);
            offsets.configs.as_mut().expect("known").insert("min.insync.replicas".to_owned(), "1".to_owned());
        }),
        ["Warning __consumer_offsets: has one replica, and there are 3 brokers"]
    );
}

#[test]
fn one_broker_is_said_once() {
    let found = after(|facts| {
        facts.brokers = 1;
        for topic in facts.topics.values_mut() {
            (topic.replicas, topic.in_sync) = (1, 1);
            topic.configs.as_mut().expect("known").insert("min.insync.replicas".to_owned(), "1".to_owned());
        }
    });
    assert_eq!(
        found,
        [
            "Warning the brokers: there is one broker: what its disk loses is lost, and while it is away nothing runs"
        ]
    );
}

#[test]
fn what_may_not_be_asked_is_not_guessed() {
    let found = after(|facts| {
        facts.broker = None;
        facts.topics.values_mut().for_each(|topic| topic.configs = None);
    });
    assert_eq!(found, Vec::<String>::new());
}
