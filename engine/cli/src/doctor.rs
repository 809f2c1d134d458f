//! `tidegate doctor`

use crate::kafka_options::KafkaOptions;
use crate::{FAILED, OK, UNUSABLE, load, print};
use anyhow::{Context, Result};
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;
use tidegate_kafka::{Level, Report, Settings, examine};
use tidegate_model::plan::Plan;

#[derive(clap::Args)]
pub struct Arguments {
    /// Topology file (.tide or .yaml)
    file: PathBuf,
    /// Kafka's bootstrap servers
    #[arg(long, value_name = "HOST:PORT,…", env = "TIDEGATE_BROKERS", hide_env_values = true)]
    brokers: String,
    #[command(flatten)]
    kafka: KafkaOptions,
    /// The longest time between commits of the run, in ms
    #[arg(long, value_name = "MS", default_value_t = 100)]
    commit_interval: u64,
    #[command(flatten)]
    params: load::Params,
}

pub const HELP: &str = "Example: tidegate doctor topologies/fraud/topology.tide --brokers localhost:9092

It changes nothing. What is promised under which settings: engine/PROMISES.md.
Exit codes: 0 nothing worse than warnings; 1 errors: the topology does not run so, or loses what it must keep; 2 the file is wrong, or the brokers cannot be asked.";

pub fn doctor(arguments: &Arguments) -> u8 {
    let Some(compiled) = load::load_or_tell(&arguments.file, &arguments.params) else { return UNUSABLE };
    match report(arguments, &compiled.plan.expect("told otherwise")) {
        Ok(report) => {
            print(&told(&report));
            if report.findings.iter().any(|finding| finding.level == Level::Error) { FAILED } else { OK }
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            UNUSABLE
        }
    }
}

fn report(arguments: &Arguments, plan: &Plan) -> Result<Report> {
    let commit_interval = Duration::from_millis(arguments.commit_interval);
    let settings = Settings::new(
        &arguments.brokers,
        &arguments.kafka.read()?,
        &plan.topology,
        "doctor",
        commit_interval,
    );
    examine(plan, &settings).with_context(|| format!("--brokers {}", arguments.brokers))
}

fn told(report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let level = match finding.level {
            Level::Error => "error",
            Level::Warning => "warning",
        };
        let _ = writeln!(text, "{level:<8} {}: {}", finding.about, finding.what);
        let _ = writeln!(text, "         {}", finding.mend);
    }
    for unseen in &report.unseen {
        let _ = writeln!(text, "unseen   {unseen}");
    }
    let count = |level: Level| report.findings.iter().filter(|finding| finding.level == level).count();
    let _ = writeln!(
        text,
        "{} topics on {} brokers: {} errors, {} warnings",
        report.topics,
        report.brokers,
        count(Level::Error),
        count(Level::Warning)
    );
    text
}
