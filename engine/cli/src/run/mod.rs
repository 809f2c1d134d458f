//! `tidegate run`: a topology on Kafka, or on the embedded log.

mod drive;
mod embedded;
mod feed;
mod follow;
mod kafka;
mod memory;
mod resident;

use crate::kafka_options::KafkaOptions;
use crate::{FAILED, OK, UNUSABLE, load};
use std::path::PathBuf;
use tidegate_model::plan::Plan;

pub const EXAMPLES: &str = "Examples:
  tidegate run topologies/payment_volume/topology.tide --input payments=payments.ndjson --output hourly=-
  tidegate run topologies/fraud/topology.tide --brokers localhost:9092 --data /var/lib/tidegate";

#[derive(clap::Args)]
pub struct Arguments {
    /// A topology file (.tide or .yaml)
    file: PathBuf,
    #[command(flatten)]
    params: load::Params,
    /// Kafka's bootstrap servers; without them the topology runs on the embedded log
    #[arg(long, value_name = "HOST:PORT,…", env = "TIDEGATE_BROKERS", hide_env_values = true)]
    brokers: Option<String>,
    /// Where state (and the embedded log) is kept. Without it a run on the embedded log forgets everything at its end,
    /// and a run on Kafka uses ./tidegate-data
    #[arg(long, value_name = "DIR", env = "TIDEGATE_DATA")]
    data: Option<PathBuf>,
    /// Threads; partitions are shared out among them
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    workers: u32,
    /// What the process takes in all; state beyond it is on the disk
    #[arg(long, value_name = "SIZE", default_value = "512MiB", env = "TIDEGATE_MEMORY")]
    memory: memory::Size,
    /// Warn while the state of a worker takes more on the disk
    #[arg(long, value_name = "SIZE")]
    state_budget: Option<memory::Size>,
    /// Embedded log: read a source's or table's events from a file of JSON lines, or from standard input. A line may begin
    /// with the record's key and a tab
    #[arg(long, value_name = "SOURCE=FILE|-", conflicts_with = "brokers")]
    input: Vec<String>,
    /// Embedded log: write a sink's rows to a file as JSON lines, or to standard output; a table's deletion as `KEY<TAB>null`.
    /// Also takes the topic of a `malformed`, `errors` or `late` route. Without it the only sink goes to standard output
    #[arg(long, value_name = "SINK=FILE|-", conflicts_with = "brokers")]
    output: Vec<String>,
    /// Embedded log: how many partitions its topics have
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1024), conflicts_with = "brokers")]
    partitions: u32,
    /// Kafka: the longest a result waits for its commit while there is a backlog
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    commit_interval: u64,
    #[command(flatten)]
    kafka: KafkaOptions,
    /// Kafka: replicas of the internal topics; by default what the broker's own default is
    #[arg(long, value_name = "N", requires = "brokers")]
    replication: Option<u16>,
    /// Kafka: how many processes may go at once without their state being read back from the beginning: other processes keep copies
    /// of it, so it takes that much more memory and disk
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=3), requires = "brokers")]
    standbys: u32,
}

/// Why a run did not end well.
enum Stopped {
    /// Nothing was started.
    Unusable(anyhow::Error),
    Failed(anyhow::Error),
}

pub fn run(arguments: &Arguments, quiet: bool) -> u8 {
    let Some(compiled) = load::load_to_run(&arguments.file, &arguments.params) else { return UNUSABLE };
    let plan = compiled.plan.expect("told otherwise");
    if let Err(error) = tidegate_http::check_secrets(&plan, &environment) {
        eprintln!("error: {error}");
        return UNUSABLE;
    }
    end_at_a_panic();
    let ended = match &arguments.brokers {
        Some(brokers) => kafka::run(&plan, brokers, arguments),
        None => embedded::run(&plan, arguments, quiet),
    };
    match ended {
        Ok(()) => OK,
        Err(Stopped::Unusable(error)) => {
            eprintln!("error: {error:#}");
            UNUSABLE
        }
        Err(Stopped::Failed(error)) => {
            eprintln!("error: {}: stopped: {error:#}", plan.topology);
            FAILED
        }
    }
}

/// A thread that panicked does nothing any more, and the others would hold its partitions for ever: the whole process ends, and its commits are whole.
fn end_at_a_panic() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tell(panic);
        std::process::abort();
    }));
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// `name=rest`
pub(crate) fn pair<'a>(text: &'a str, option: &str) -> anyhow::Result<(&'a str, &'a str)> {
    text.split_once('=').ok_or_else(|| anyhow::anyhow!("{option} {text}: NAME=… is needed"))
}

/// The sources and tables of a plan: name, topic, and the column that is the record's key.
fn inputs(plan: &Plan) -> Vec<Input> {
    use tidegate_model::plan::NodeKind;
    let mut inputs = Vec::new();
    for node in &plan.nodes {
        let (topic, key, is_table) = match &node.kind {
            // The far end of a `via` is fed by the topology itself.
            NodeKind::Source(source) if !is_fed_by(plan, &source.topic) => (&source.topic, source.key, false),
            NodeKind::Table(table) => (&table.topic, Some(table.key), true),
            _ => continue,
        };
        let key = key.map(|column| node.schema.columns[column].path.to_string());
        inputs.push(Input { name: node.name.clone(), topic: topic.clone(), key, is_table });
    }
    inputs
}

/// The topics that a topology reads and writes itself: those of `via`, with the node that reads each.
fn own_topics(plan: &Plan) -> impl Iterator<Item = (&str, &str)> {
    use tidegate_model::plan::NodeKind;
    plan.nodes.iter().filter_map(|node| match &node.kind {
        NodeKind::Source(source) if is_fed_by(plan, &source.topic) => {
            Some((node.name.as_str(), source.topic.as_str()))
        }
        _ => None,
    })
}

fn is_fed_by(plan: &Plan, topic: &str) -> bool {
    use tidegate_model::plan::NodeKind;
    plan.nodes.iter().any(|node| matches!(&node.kind, NodeKind::Sink(sink) if sink.topic == topic))
}

#[derive(Clone)]
struct Input {
    name: String,
    topic: String,
    /// Path of the field whose text is the record's key.
    key: Option<String>,
    is_table: bool,
}
