//! Where a topology's routes are: the plan's topics, on Kafka or on an embedded log.

use crate::kafka_options::KafkaOptions;
use crate::load;

use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tidegate_embedded::{EmbeddedArchive, EmbeddedLog};
use tidegate_engine::log::Archive;
use tidegate_engine::rights::dlq_group;
use tidegate_kafka::{KafkaArchive, Options, Settings};
use tidegate_model::plan::Plan;
use tidegate_state::layout::own_directory;

#[derive(clap::Args)]
pub struct Arguments {
    /// Topology file (.tide or .yaml)
    file: PathBuf,
    #[command(flatten)]
    params: load::Params,
    /// Kafka's bootstrap servers
    #[arg(long, value_name = "HOST:PORT,…", env = "TIDEGATE_BROKERS", hide_env_values = true)]
    brokers: Option<String>,
    /// The directory of a run on the embedded log
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    kafka: KafkaOptions,
}

/// A topic that routes lead to.
pub struct RouteTopic {
    pub topic: String,
    /// The route's word, the step that it belongs to, and its line in the file.
    pub routes: Vec<(&'static str, String, u32)>,
}

/// A topology, and where its topics are.
pub struct Place {
    pub plan: Plan,
    at: At,
}

enum At {
    Kafka { brokers: String, options: Options },
    Embedded(Arc<EmbeddedLog>),
}

/// None: the file has errors, which have been told.
pub fn open(arguments: &Arguments) -> Result<Option<Place>> {
    let Some(compiled) = load::load_or_tell(&arguments.file, &arguments.params) else { return Ok(None) };
    let plan = compiled.plan.expect("told otherwise");
    // A directory that was named is meant in place of the brokers of the environment.
    let of_environment = std::env::var("TIDEGATE_BROKERS").ok();
    if arguments.data.is_some() && arguments.brokers.is_some() && arguments.brokers != of_environment {
        bail!("--data and --brokers: the topics are on the embedded log or on Kafka, so say one of both");
    }
    let at = match (&arguments.brokers, &arguments.data) {
        (Some(brokers), None) => At::Kafka { brokers: brokers.clone(), options: arguments.kafka.read()? },
        (_, Some(data)) => {
            let dir = data.join("log");
            if !dir.is_dir() {
                bail!("--data {}: no run on the embedded log was there", data.display());
            }
            own_directory(&dir)?;
            At::Embedded(EmbeddedLog::open(&dir)?)
        }
        (None, None) => {
            bail!("say where the topics are: --brokers HOST:PORT, or --data DIR of the embedded log")
        }
    };
    Ok(Some(Place { plan, at }))
}

impl Place {
    /// The topics that routes lead to, each once, in the order of the plan.
    pub fn topics(&self) -> Vec<RouteTopic> {
        let mut topics: Vec<RouteTopic> = Vec::new();
        for route in self.plan.routes() {
            let node = self.plan.node(route.node);
            let told = (route.word, node.step().to_owned(), node.line);
            match topics.iter_mut().find(|known| known.topic == route.topic) {
                Some(known) if known.routes.contains(&told) => {}
                Some(known) => known.routes.push(told),
                None => topics.push(RouteTopic { topic: route.topic.to_owned(), routes: vec![told] }),
            }
        }
        topics
    }

    /// The topic that a person means.
    pub fn topic(&self, named: &str) -> Result<RouteTopic> {
        let topics = self.topics();
        let names: Vec<String> = topics.iter().map(|known| known.topic.clone()).collect();
        let has_word = |known: &RouteTopic| known.routes.iter().any(|(word, _, _)| *word == named);
        let exact = names.iter().any(|name| name == named);
        let mut fitting: Vec<RouteTopic> = topics
            .into_iter()
            .filter(|known| if exact { known.topic == named } else { has_word(known) })
            .collect();
        match (fitting.len(), names.is_empty()) {
            (1, _) => Ok(fitting.remove(0)),
            (_, true) => bail!("the topology has no routes: nothing is set aside"),
            (0, _) => bail!("there is no route `{named}`; the routes' topics are {}", names.join(", ")),
            (_, _) => {
                let fitting: Vec<String> = fitting.into_iter().map(|known| known.topic).collect();
                bail!("several topics are `{named}`: say which of {}", fitting.join(", "))
            }
        }
    }

    /// The topics, with the positions of the group that keeps what of a route was sent back.
    pub fn archive(&self, route: &str) -> Result<Box<dyn Archive>> {
        let group = dlq_group(&self.plan.topology, route);
        Ok(match &self.at {
            At::Embedded(log) => Box::new(EmbeddedArchive::new(log, &group)),
            At::Kafka { brokers, options } => {
                let settings = Settings::new(brokers, options, &group, "replay", Duration::from_millis(100));
                let archive =
                    KafkaArchive::open(&settings).with_context(|| format!("--brokers {brokers}"))?;
                Box::new(archive)
            }
        })
    }
}
