//! The checked file becomes a plan: nodes in topological order, partitions proven, repartitions inserted.

mod aggregate;
mod connector;
mod event_time;
mod flow;
mod generate;
mod http_sink;
mod input;
mod key;
mod looked_up;
mod serve;
mod sink;
mod sink_key;
mod statistic;
mod step;
mod stream;
mod subtopology;
mod test_block;
mod topic;
mod window;

use crate::ast::{self, Topology};
use crate::check::declared::{Environment, Types, twice};
use crate::check::expr::{Checker, Globals};
use crate::check::typed::RecordValue;
use crate::diagnostic::{Code, Diagnostic, codes, did_you_mean};
use crate::files::Files;
use crate::source::{Sources, Span};
#[cfg(test)]
pub(crate) use connector::TAKES;
use flow::Flow;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_model::plan::{Node, NodeKind, Plan};
use tidegate_model::test_case::TestCase;
use tidegate_model::{NodeId, Schema, SubtopologyId};

/// An event goes through the steps by calls inside of one another.
const STEPS_MAX: usize = 256;
const NODES_MAX: usize = 5_000;

pub(crate) struct Lowerer<'a> {
    sources: &'a Sources,
    topology: &'a Topology,
    globals: &'a Globals,
    environment: Environment<'a>,
    files: &'a dyn Files,
    diagnostics: &'a mut Vec<Diagnostic>,
    name: String,
    nodes: Vec<Node>,
    /// Where each node's name was made, for clashes.
    node_places: BTreeMap<String, Span>,
    flows: BTreeMap<String, Flow>,
    /// Names that were declared, but not rightly: what uses them is not told again.
    broken: BTreeSet<String>,
    used: BTreeSet<String>,
    /// The tables whose rows events look up.
    looked_up: BTreeSet<&'a str>,
    /// Repartitions that are there already: (input, key columns) to the node.
    repartitions: BTreeMap<(NodeId, Vec<usize>), NodeId>,
    /// How many nodes lie one behind the other up to each.
    depths: Vec<usize>,
    /// Where a node has a part that says more of it than its own place: an aggregate's window.
    part_places: BTreeMap<String, Span>,
    /// The topics of `via`, and where they are named.
    vias: Vec<(String, Span)>,
}

/// What became of a file.
pub(crate) struct Lowered {
    pub(crate) plan: Plan,
    pub(crate) tests: Vec<TestCase>,
    /// Of each node, in the plan's order.
    pub(crate) places: Vec<Span>,
    /// The plan has steps that the engine lacks: what `run` and `test` say.
    pub(crate) refusal: Option<Diagnostic>,
}

/// What lowering may look at besides the file.
pub(crate) struct Surroundings<'a> {
    pub(crate) sources: &'a Sources,
    pub(crate) environment: Environment<'a>,
    pub(crate) files: &'a dyn Files,
}

pub(crate) fn lower<'a>(
    surroundings: &Surroundings<'a>,
    topology: &'a Topology,
    types: &mut Types<'a>,
    globals: &'a Globals,
    diagnostics: &'a mut Vec<Diagnostic>,
) -> Lowered {
    // Whoever uses a file without a name gives it its own.
    let name = topology.name.as_ref().map_or_else(|| "NAME".to_owned(), |name| name.node.clone());
    let mut lowerer = Lowerer {
        sources: surroundings.sources,
        topology,
        globals,
        environment: surroundings.environment,
        files: surroundings.files,
        diagnostics,
        name,
        nodes: Vec::new(),
        node_places: BTreeMap::new(),
        flows: BTreeMap::new(),
        broken: BTreeSet::new(),
        used: BTreeSet::new(),
        looked_up: looked_up::tables(topology),
        repartitions: BTreeMap::new(),
        depths: Vec::new(),
        part_places: BTreeMap::new(),
        vias: Vec::new(),
    };
    lowerer.declared_once();
    for source in &topology.sources {
        lowerer.source(source, types);
    }
    for table in &topology.tables {
        lowerer.table(table, types);
    }
    for stream in lowerer.in_order() {
        if lowerer.nodes.len() > NODES_MAX {
            let message = format!("the topology has more than {NODES_MAX} steps");
            lowerer.error(codes::TOO_LARGE, stream.name.span, message);
            break;
        }
        lowerer.stream(stream);
    }
    for sink in &topology.sinks {
        lowerer.sink(sink);
    }
    lowerer.serves();
    let tests = lowerer.tests();
    lowerer.unused();
    lowerer.sources_without_time();
    lowerer.topics();
    subtopology::number(&mut lowerer.nodes);
    lowerer.no_loops();
    let names = lowerer
        .declared()
        .into_iter()
        .filter_map(|(_, name)| Some((name.node.clone(), lowerer.flows.get(&name.node)?.node)))
        .collect();
    let plan = Plan {
        topology: std::mem::take(&mut lowerer.name),
        nodes: std::mem::take(&mut lowerer.nodes),
        names,
    };
    lowerer.flows.iter().for_each(|(name, flow)| globals.facts.note(|| flow.fact(name)));
    let refusal = refusal(&plan, &lowerer);
    let places = plan.nodes.iter().map(|node| lowerer.node_places[&node.name]).collect();
    Lowered { plan, tests, places, refusal }
}

/// One diagnostic for all steps that the engine lacks.
fn refusal(plan: &Plan, lowerer: &Lowerer<'_>) -> Option<Diagnostic> {
    let lacking = plan.not_runnable();
    let label = |(id, words): &(NodeId, &'static str)| {
        let node = plan.node(*id);
        let part = lowerer.part_places.get(&node.name);
        (
            *part.unwrap_or(&lowerer.node_places[&node.name]),
            format!("`{words}` ({}.{})", plan.topology, node.name),
        )
    };
    let mut labels = lacking.iter().map(label);
    let (span, text) = labels.next()?;
    let message = match lacking.len() {
        1 => "this version cannot run one step of this topology yet".to_owned(),
        many => format!("this version cannot run {many} steps of this topology yet"),
    };
    let diagnostic = Diagnostic::error(codes::NOT_YET, span, message).here(text);
    let diagnostic = labels.fold(diagnostic, |diagnostic, (span, text)| diagnostic.because(span, text));
    let diagnostic = diagnostic.note("the topology is right: `check` and `explain` take it");
    let mut instead: Vec<&str> = lacking.iter().filter_map(|(_, words)| instead_of(words)).collect();
    instead.dedup();
    Some(instead.into_iter().fold(diagnostic, Diagnostic::note))
}

/// What does it in this version, where something does.
fn instead_of(words: &str) -> Option<&'static str> {
    match words {
        "global table, other than in a stream's join" => Some(
            "a `global table` is looked up by the events of a stream, a table's `changes` among them; two tables are joined by their key or a foreign key, without `global`",
        ),
        "global table … malformed" => Some(
            "leave `malformed` away: a record of a `global table` that cannot be read stops the topology then",
        ),
        _ => None,
    }
}

impl<'a> Lowerer<'a> {
    fn error(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(code, span, message));
    }

    fn checker<'b>(&'b mut self, event: &'b RecordValue) -> Checker<'b> {
        Checker::new(self.globals, self.diagnostics, Some(event))
    }

    /// Sources, tables and streams share one set of names.
    fn declared_once(&mut self) {
        let mut places: BTreeMap<&str, Span> = BTreeMap::new();
        for (_, name) in self.declared() {
            if let Some(before) = places.insert(&name.node, name.span) {
                self.diagnostics.push(twice("name", name, before));
                self.broken.insert(name.node.clone());
            }
        }
    }

    /// The names of sources, tables and streams, branches included, with the word for what each is.
    fn declared(&self) -> Vec<(&'static str, &'a ast::Name)> {
        let topology = self.topology;
        let mut names: Vec<(&'static str, &'a ast::Name)> = Vec::new();
        names.extend(topology.sources.iter().map(|decl| ("source", &decl.name)));
        names.extend(topology.tables.iter().map(|decl| ("table", &decl.name)));
        let (tables, streams): (Vec<_>, Vec<_>) = topology.streams.iter().partition(|decl| decl.is_table);
        for decl in tables.into_iter().chain(streams) {
            names.push((if decl.is_table { "table" } else { "stream" }, &decl.name));
            names.extend(crate::walk::branches(decl).map(|name| ("branch", name)));
        }
        names
    }

    /// What a stream reads: its inputs, and what its steps join.
    fn reads(decl: &ast::StreamDecl) -> impl Iterator<Item = &ast::Name> {
        let joined = decl.steps.iter().filter_map(|step| match &step.kind {
            ast::StepKind::Join(join) => Some(&join.other),
            _ => None,
        });
        decl.inputs.iter().chain(joined)
    }

    /// The streams, each behind those that it reads. A stream that reads itself is told, and left out.
    fn in_order(&mut self) -> Vec<&'a ast::StreamDecl> {
        let streams: &'a [ast::StreamDecl] = &self.topology.streams;
        let mut waiting: Vec<&ast::StreamDecl> = streams.iter().collect();
        let mut ordered = Vec::new();
        loop {
            let names = |stream: &&'a ast::StreamDecl| {
                let branches = crate::walk::branches(stream);
                branches.chain([&stream.name]).map(|name| name.node.as_str()).collect::<Vec<_>>()
            };
            let blocked: BTreeSet<&str> = waiting.iter().flat_map(names).collect();
            let (ready, later): (Vec<_>, Vec<_>) = waiting
                .into_iter()
                .partition(|stream| Self::reads(stream).all(|input| !blocked.contains(input.node.as_str())));
            if ready.is_empty() {
                for stream in &later {
                    let Some(cause) = Self::reads(stream).find(|input| blocked.contains(input.node.as_str()))
                    else {
                        continue;
                    };
                    self.diagnostics.push(
                        Diagnostic::error(
                            codes::CYCLE,
                            cause.span,
                            format!("`{}` is made from itself", stream.name.node),
                        )
                        .here(format!("`{}` leads back to `{}`", cause.node, stream.name.node))
                        .because(stream.name.span, "declared here"),
                    );
                    self.broken.insert(stream.name.node.clone());
                }
                return ordered;
            }
            // Tables first, as in the YAML form, which has them in a section of their own: both spellings give one plan.
            let (tables, streams): (Vec<_>, Vec<_>) = ready.into_iter().partition(|decl| decl.is_table);
            ordered.extend(tables);
            ordered.extend(streams);
            waiting = later;
        }
    }

    /// The flow of a name, or what is wrong with it is told.
    fn flow(&mut self, name: &ast::Name) -> Option<Flow> {
        self.used.insert(name.node.clone());
        if let Some(flow) = self.flows.get(&name.node) {
            return Some(flow.clone());
        }
        if self.broken.contains(&name.node) {
            return None;
        }
        let mut diagnostic = Diagnostic::error(
            codes::UNKNOWN_NAME,
            name.span,
            format!("there is no source, table or stream `{}`", name.node),
        );
        if let Some(meant) = did_you_mean(&name.node, self.flows.keys().map(String::as_str)) {
            diagnostic = diagnostic.meant(&meant);
        }
        self.diagnostics.push(diagnostic);
        None
    }

    /// Adds a node. `place` is what gave it its name.
    fn add(
        &mut self,
        name: String,
        kind: NodeKind,
        inputs: Vec<NodeId>,
        schema: Schema,
        place: Span,
    ) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        let line = self.line(place);
        let mut node =
            Node { id, name: name.clone(), kind, inputs, subtopology: SubtopologyId(0), schema, line };
        // What stands outside of the topology by its name keeps it too: a topic, an address.
        let keeps_state = match &node.kind {
            // Declarations are told by `declared_once`.
            NodeKind::Table(_) => false,
            NodeKind::Source(_) => name.contains('.'),
            NodeKind::Repartition(_) => true,
            // Of these the join is told.
            NodeKind::Ask(_) | NodeKind::Answer(_) => false,
            // It has the step's name, or one of its own.
            NodeKind::Rekey(_) => !name.ends_with("-moves"),
            _ => node.has_store(),
        };
        let mut unique = name.clone();
        if let Some(before) = self.node_places.get(&name).copied() {
            if keeps_state {
                let word = name.rsplit('.').next().unwrap_or(&name).to_owned();
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::STEP_NAME,
                        place,
                        format!("a second step named `{word}` that keeps state"),
                    )
                    .here(format!("give it a name: `as {word}_2`, or a better one"))
                    .because(before, format!("the first `{word}`")),
                );
            }
            // Steps without state may share a word: nothing depends on their names but messages.
            unique = (2..)
                .map(|number| format!("{name}-{number}"))
                .find(|name| !self.node_places.contains_key(name))
                .expect("endless");
        }
        self.node_places.insert(unique.clone(), place);
        let depth = node.inputs.iter().map(|input| self.depths[input.0 as usize]).max().unwrap_or(0) + 1;
        if depth == STEPS_MAX + 1 {
            let message = format!("more than {STEPS_MAX} steps one behind the other");
            self.error(codes::TOO_DEEP, place, message);
        }
        self.depths.push(depth);
        node.name = unique;
        self.nodes.push(node);
        id
    }

    /// The line of a place in its file.
    fn line(&self, place: Span) -> u32 {
        self.sources.file_of(place).1.line(place)
    }

    /// What nothing reads is most often forgotten.
    fn unused(&mut self) {
        for (what, name) in self.declared() {
            // Of what is wrong only that is told.
            if !self.used.contains(&name.node) && !self.broken.contains(&name.node) {
                let message = format!("nothing reads the {what} `{}`", name.node);
                self.diagnostics.push(Diagnostic::warning(codes::UNUSED, name.span, message));
            }
        }
    }

    /// A part of the topology must not feed itself through an internal topic: its watermark would wait for itself.
    fn no_loops(&mut self) {
        for node in &self.nodes {
            // A source inside of a stream is the far end of a `via`; what a declared source reads is looked at by `topics`.
            let NodeKind::Source(source) = &node.kind else { continue };
            if !node.name.contains('.') {
                continue;
            }
            let writes =
                |other: &&Node| matches!(&other.kind, NodeKind::Sink(sink) if sink.topic == source.topic);
            let sink = self.nodes.iter().find(writes).filter(|sink| sink.subtopology == node.subtopology);
            if sink.is_some() {
                self.diagnostics.push(
                    Diagnostic::error(codes::CYCLE, self.node_places[&node.name], "what goes through this topic would lead back into the same part of the topology")
                        .note("its readers share a table or a merge with what feeds it; put a `repartition by` between"),
                );
            }
        }
        for node in &self.nodes {
            let Some(topic) = node.kind.internal_topic().filter(|_| !node.kind.is_apart()) else { continue };
            let own = self.nodes.iter().find(|consumer| {
                consumer.inputs.contains(&node.id) && consumer.subtopology == node.subtopology
            });
            let Some(consumer) = own else { continue };
            let place = self.node_places[&node.name];
            let cause = self.node_places[&consumer.name];
            self.diagnostics.push(
                Diagnostic::error(codes::NOT_YET, place, "this repartition would lead back into the same part of the topology")
                    .because(cause, "what reads it shares a table or a merge with what feeds it")
                    .note(format!("let a sink write the stream to a topic of its own in place of `{topic}`, and read that as a source")),
            );
        }
    }
}
