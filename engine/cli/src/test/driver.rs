//! One test's engine: the production worker on a log in memory, with a clock that the test moves.

use anyhow::{Result, bail};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tidegate_embedded::{EmbeddedLog, EmbeddedReader, EmbeddedRestorer, EmbeddedWriter};
use tidegate_engine::clock::ManualClock;
use tidegate_engine::limits::Limits;
use tidegate_engine::program::{Program, written_topics};
use tidegate_engine::topics::read_topics;
use tidegate_engine::worker::{Tick, Worker};
use tidegate_model::plan::{Emit, JsonFormat, Node, NodeKind, Plan, Route, Sink, SinkKey};
use tidegate_model::test_case::{Aside, FeedRow};
use tidegate_model::{EventTime, NodeId, Offset, PartitionId, TopicPartition};
use tidegate_state::{Shared, StateDir};

const GROUP: &str = "test";
/// A worker that is still busy after this many ticks never will be done.
const TICKS_MAX: u32 = 1_000_000;
/// So many idle ticks in a row, and nothing more comes.
const IDLE_TICKS: u32 = 4;
const TICK: Duration = Duration::from_millis(1);
const STATE_BYTES: usize = 8 << 20;

/// From where on rows of a stream are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Observed {
    Start,
    /// The last question of this kind.
    Expectation,
}

pub struct Driver {
    plan: Plan,
    log: Arc<EmbeddedLog>,
    worker: Worker<EmbeddedReader, EmbeddedWriter, EmbeddedRestorer, ManualClock>,
    clock: ManualClock,
    /// The virtual wall clock, for records of sources without a time of their own.
    now: EventTime,
    seen: BTreeMap<String, Offset>,
    /// As `seen`, of what was set aside.
    aside_seen: BTreeMap<(String, Aside), Offset>,
    /// The longest `emit every` of the plan: one `advance to` lets it come due.
    every: Duration,
    _state: tempfile::TempDir,
}

impl Driver {
    pub fn new(plan: &Plan, observed: &[&str], asides: &[(&str, Aside)]) -> Result<Driver> {
        let plan = with_routes(with_taps(plan, observed), asides);
        let log = EmbeddedLog::in_memory()?;
        log.create_topics(&plan, 1)?;
        let state = tempfile::tempdir()?;
        let clock = ManualClock::default();
        let limits = Limits {
            commit_interval: Duration::ZERO,
            commit_interval_idle: Duration::ZERO,
            marker_interval: Duration::ZERO,
            cache_bytes: STATE_BYTES,
            ..Limits::default()
        };
        let mut writer = log.writer(GROUP);
        let program = Program::new(plan.clone(), limits, &mut writer)?;
        let reader = log.reader(GROUP, &read_topics(&plan), 0, 1);
        let dir = Arc::new(StateDir::open(state.path(), &plan.topology)?);
        let worker = Worker::new(
            reader,
            writer,
            log.restorer(),
            clock.clone(),
            program,
            dir,
            Shared::new(STATE_BYTES),
        );
        let every = longest_every(&plan);
        let mut driver = Driver {
            plan,
            log,
            worker,
            clock,
            now: EventTime::from_millis(0),
            seen: BTreeMap::new(),
            aside_seen: BTreeMap::new(),
            every,
            _state: state,
        };
        driver.settle()?;
        Ok(driver)
    }

    pub fn feed(&mut self, input: &str, rows: &[FeedRow]) -> Result<()> {
        let node = self.plan.nodes.iter().find(|node| node.name == input).expect("the check found it");
        let topic = match &node.kind {
            NodeKind::Source(source) => source.topic.clone(),
            NodeKind::Table(table) => table.topic.clone(),
            _ => unreachable!("the check lets only inputs be fed"),
        };
        let bytes = |text: &Option<String>| text.as_ref().map(|text| text.clone().into_bytes());
        let records: Vec<_> =
            rows.iter().map(|row| (PartitionId(0), self.now, bytes(&row.key), bytes(&row.payload))).collect();
        self.log.append(&topic, &records, None)?;
        self.settle()
    }

    pub fn advance(&mut self, to: EventTime) -> Result<()> {
        self.now = self.now.max(to);
        self.clock.advance(self.every);
        self.worker.advance(to)?;
        self.settle()
    }

    /// Works until nothing happens any more.
    fn settle(&mut self) -> Result<()> {
        let mut idle = 0;
        for _ in 0..TICKS_MAX {
            self.clock.advance(TICK);
            match self.worker.tick()? {
                Tick::Idle(_) => idle += 1,
                Tick::Worked | Tick::Restoring => idle = 0,
            }
            if idle == IDLE_TICKS {
                return Ok(());
            }
        }
        bail!("the topology does not come to rest")
    }

    pub fn rows_since(&mut self, stream: &str, since: Observed) -> Result<Vec<String>> {
        let topic = tap_topic(stream);
        let partition = TopicPartition { topic, partition: PartitionId(0) };
        let from = match since {
            Observed::Start => Offset(0),
            Observed::Expectation => self.seen.get(stream).copied().unwrap_or(Offset(0)),
        };
        let records = self.log.read(&partition, from, usize::MAX)?;
        if since == Observed::Expectation {
            self.seen.insert(stream.to_owned(), self.log.range(&partition)?.end);
        }
        Ok(records
            .into_iter()
            .map(|record| {
                String::from_utf8(record.value.unwrap_or_else(|| b"null".to_vec())).expect("rows are JSON")
            })
            .collect())
    }

    /// What a node set aside for a reason since this was last asked, each as a row of JSON.
    pub fn set_aside_since(&mut self, node: &str, aside: Aside) -> Result<Vec<String>> {
        let topic = route_of(&self.plan, node, aside).expect("every expectation got a route").topic;
        let partition = TopicPartition { topic, partition: PartitionId(0) };
        let asked = (node.to_owned(), aside);
        let from = self.aside_seen.get(&asked).copied().unwrap_or(Offset(0));
        let records = self.log.read(&partition, from, usize::MAX)?;
        self.aside_seen.insert(asked, self.log.range(&partition)?.end);
        let steps: Vec<String> = self
            .plan
            .nodes
            .iter()
            .filter(|known| known.name == node)
            .flat_map(|known| [Some(known), partial_before(&self.plan, known)])
            .flatten()
            .map(|known| known.name.clone())
            .collect();
        let mut rows = Vec::new();
        for record in records {
            let header = |name: &str| {
                let found = record.headers.iter().find(|(header, _)| header == name);
                found.map(|(_, content)| String::from_utf8_lossy(content).into_owned())
            };
            let step = header("tidegate.step");
            // A route may be shared with other steps, and by a sink.
            if !step.as_ref().is_some_and(|step| steps.contains(step)) {
                continue;
            }
            let text = |bytes: &Option<Vec<u8>>| {
                bytes.as_deref().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            };
            let row = serde_json::json!({
                "code": header("tidegate.code"),
                "message": header("tidegate.message"),
                "step": step,
                "key": text(&record.key),
                "value": text(&record.value),
            });
            rows.push(row.to_string());
        }
        Ok(rows)
    }

    /// What was set aside in this test, told for a person who wonders where an event is.
    pub fn set_aside(&self) -> Result<String> {
        let mut told = String::new();
        for topic in written_topics(&self.plan).into_iter().filter(|topic| !topic.internal) {
            let partition = TopicPartition { topic: topic.name, partition: PartitionId(0) };
            for record in self.log.read(&partition, Offset(0), usize::MAX)? {
                let header = |name: &str| {
                    let found = record.headers.iter().find(|(header, _)| header == name);
                    found.map(|(_, content)| String::from_utf8_lossy(content).into_owned())
                };
                if let (Some(step), Some(message)) = (header("tidegate.step"), header("tidegate.message")) {
                    let value = record.value.as_deref().map_or("null".into(), String::from_utf8_lossy);
                    told.push_str(&format!(
                        "set aside to {}: {value}\n  by `{step}`: {message}\n",
                        partition.topic
                    ));
                }
            }
        }
        let late = self.worker.status().counters.late;
        if late > 0 && told.is_empty() {
            told = format!("{late} late, and dropped since the window has no `late ->`\n");
        }
        Ok(told)
    }
}

fn tap_topic(stream: &str) -> String {
    format!("tap.{stream}")
}

/// The plan with a sink more for each observed stream, which gives every column.
fn with_taps(plan: &Plan, observed: &[&str]) -> Plan {
    let mut plan = plan.clone();
    for stream in observed {
        let topic = tap_topic(stream);
        if plan.nodes.iter().any(|node| node.name == topic) {
            continue;
        }
        let (_, input) = *plan.names.iter().find(|(name, _)| name == stream).expect("the check found it");
        let tapped = plan.node(input).clone();
        let sink = Sink {
            topic: topic.clone(),
            key: SinkKey::None,
            pass_through: false,
            compacted: false,
            format: JsonFormat::default(),
        };
        plan.nodes.push(Node {
            id: NodeId(plan.nodes.len() as u32),
            name: topic,
            kind: NodeKind::Sink(sink),
            inputs: vec![input],
            subtopology: tapped.subtopology,
            schema: tapped.schema,
            line: tapped.line,
        });
    }
    plan
}

/// The plan with a route wherever a test expects what is set aside: an event that would stop the topology is then kept to be compared.
fn with_routes(mut plan: Plan, asides: &[(&str, Aside)]) -> Plan {
    for (name, aside) in asides {
        let index = plan.nodes.iter().position(|node| node.name == *name).expect("the check found it");
        let partial = partial_before(&plan, &plan.nodes[index]).map(|node| node.id.0 as usize);
        let route = Route { topic: format!("aside.{}.{name}", aside.word()) };
        if let Some(slot) = slot(&mut plan.nodes[index].kind, *aside) {
            slot.get_or_insert(route);
        }
        let route = slot(&mut plan.nodes[index].kind, *aside).and_then(|slot| slot.clone());
        if let (Some(input), Aside::Errors) = (partial, *aside)
            && let NodeKind::Repartition(repartition) = &mut plan.nodes[input].kind
        {
            repartition.errors = route;
        }
    }
    plan
}

/// The repartition before an aggregate that evaluates the aggregate's functions: what fails there is the aggregate's to say.
fn partial_before<'a>(plan: &'a Plan, node: &Node) -> Option<&'a Node> {
    let before = plan.node(*node.inputs.first()?);
    matches!(&before.kind, NodeKind::Repartition(repartition) if repartition.partial).then_some(before)
}

fn route_of(plan: &Plan, name: &str, aside: Aside) -> Option<Route> {
    let node = plan.nodes.iter().find(|node| node.name == name)?;
    slot(&mut node.kind.clone(), aside)?.clone()
}

fn slot(kind: &mut NodeKind, aside: Aside) -> Option<&mut Option<Route>> {
    match (aside, kind) {
        (Aside::Malformed, NodeKind::Source(source)) => Some(&mut source.malformed),
        (Aside::Malformed, NodeKind::Table(table)) => Some(&mut table.malformed),
        (Aside::Late, NodeKind::Aggregate(aggregate)) => {
            aggregate.window.as_mut().map(|window| &mut window.late)
        }
        (Aside::Late, NodeKind::JoinStreams(join)) => Some(&mut join.late),
        (Aside::Errors, NodeKind::JoinStreams(join)) => Some(&mut join.errors),
        (Aside::Errors, NodeKind::Schedule(schedule)) => Some(&mut schedule.errors),
        (Aside::Errors, NodeKind::Match(pattern)) => Some(&mut pattern.errors),
        (Aside::Errors, NodeKind::Filter(filter)) => Some(&mut filter.errors),
        (Aside::Errors, NodeKind::Map(map)) => Some(&mut map.errors),
        (Aside::Errors, NodeKind::Aggregate(aggregate)) => Some(&mut aggregate.errors),
        (Aside::Errors, NodeKind::Rolling(rolling)) => Some(&mut rolling.errors),
        (Aside::Errors, NodeKind::JoinTable(join)) => Some(&mut join.errors),
        (Aside::Errors, NodeKind::Dedupe(dedupe)) => Some(&mut dedupe.errors),
        _ => None,
    }
}

fn longest_every(plan: &Plan) -> Duration {
    let spans = plan.nodes.iter().filter_map(|node| match &node.kind {
        NodeKind::Aggregate(aggregate) => match aggregate.emit {
            Emit::Every(span) => Some(Duration::from_micros(span.micros() as u64)),
            _ => None,
        },
        _ => None,
    });
    spans.max().unwrap_or_default()
}
