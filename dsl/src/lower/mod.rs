//! The checked file becomes a plan: nodes in topological order, partitions proven, repartitions inserted.

mod aggregate;
mod expand;
mod flow;
mod input;
mod key;
mod sink;
mod step;
mod subtopology;
mod test_block;
mod topic;

use crate::ast::{self, Topology};
use crate::check::declared::{Types, twice};
use crate::check::expr::{Checker, Globals};
use crate::check::typed::RecordValue;
use crate::diagnostic::{Code, Diagnostic, codes, did_you_mean};
use crate::source::{SourceFile, Span};
use flow::Flow;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_model::plan::{Node, NodeKind, Plan};
use tidegate_model::test_case::TestCase;
use tidegate_model::{NodeId, Schema, SubtopologyId};

pub(crate) struct Lowerer<'a> {
    file: &'a SourceFile,
    topology: &'a Topology,
    globals: &'a Globals,
    diagnostics: &'a mut Vec<Diagnostic>,
    name: String,
    nodes: Vec<Node>,
    /// Where each node's name was made, for clashes.
    node_places: BTreeMap<String, Span>,
    flows: BTreeMap<String, Flow>,
    /// Names that were declared, but not rightly: what uses them is not told again.
    broken: BTreeSet<String>,
    used: BTreeSet<String>,
    /// Repartitions that are there already: (input, key columns) to the node.
    repartitions: BTreeMap<(NodeId, Vec<usize>), NodeId>,
}

pub(crate) fn lower<'a>(
    file: &'a SourceFile,
    topology: &'a Topology,
    types: &mut Types<'a>,
    globals: &'a Globals,
    diagnostics: &'a mut Vec<Diagnostic>,
) -> (Plan, Vec<TestCase>) {
    let name = topology.name.as_ref().map_or_else(String::new, |name| name.node.clone());
    let mut lowerer = Lowerer {
        file,
        topology,
        globals,
        diagnostics,
        name,
        nodes: Vec::new(),
        node_places: BTreeMap::new(),
        flows: BTreeMap::new(),
        broken: BTreeSet::new(),
        used: BTreeSet::new(),
        repartitions: BTreeMap::new(),
    };
    lowerer.declared_once();
    for source in &topology.sources {
        lowerer.source(source, types);
    }
    for table in &topology.tables {
        lowerer.table(table, types);
    }
    for stream in lowerer.in_order() {
        lowerer.stream(stream);
    }
    for sink in &topology.sinks {
        lowerer.sink(sink);
    }
    let tests = topology.tests.iter().filter_map(|test| lowerer.test(test)).collect();
    lowerer.unused();
    lowerer.topics();
    subtopology::number(&mut lowerer.nodes);
    lowerer.no_loops();
    let names =
        topology.sources.iter().map(|decl| &decl.name).chain(topology.tables.iter().map(|decl| &decl.name));
    let names = names.chain(topology.streams.iter().map(|decl| &decl.name));
    let names =
        names.filter_map(|name| Some((name.node.clone(), lowerer.flows.get(&name.node)?.node))).collect();
    (Plan { topology: lowerer.name, nodes: lowerer.nodes, names }, tests)
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
        let topology = self.topology;
        let names = topology
            .sources
            .iter()
            .map(|decl| &decl.name)
            .chain(topology.tables.iter().map(|decl| &decl.name));
        let mut places: BTreeMap<&str, Span> = BTreeMap::new();
        for name in names.chain(topology.streams.iter().map(|decl| &decl.name)) {
            if let Some(before) = places.insert(&name.node, name.span) {
                self.diagnostics.push(twice("name", name, before));
                self.broken.insert(name.node.clone());
            }
        }
    }

    /// The streams, each behind those that it reads. A stream that reads itself is told, and left out.
    fn in_order(&mut self) -> Vec<&'a ast::StreamDecl> {
        let streams: &'a [ast::StreamDecl] = &self.topology.streams;
        let mut waiting: Vec<&ast::StreamDecl> = streams.iter().collect();
        let mut ordered = Vec::new();
        loop {
            let blocked: BTreeSet<&str> = waiting.iter().map(|stream| stream.name.node.as_str()).collect();
            let (ready, later): (Vec<_>, Vec<_>) = waiting
                .into_iter()
                .partition(|stream| stream.inputs.iter().all(|input| !blocked.contains(input.node.as_str())));
            if ready.is_empty() {
                for stream in &later {
                    let Some(cause) =
                        stream.inputs.iter().find(|input| blocked.contains(input.node.as_str()))
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
            ordered.extend(ready);
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
        let keeps_state = matches!(
            kind,
            NodeKind::Aggregate(_) | NodeKind::Rolling(_) | NodeKind::Dedupe(_) | NodeKind::Repartition(_)
        );
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
        let line = self.file.line(place);
        self.nodes.push(Node { id, name: unique, kind, inputs, subtopology: SubtopologyId(0), schema, line });
        id
    }

    /// What nothing reads is most often forgotten.
    fn unused(&mut self) {
        let topology = self.topology;
        let names = topology.sources.iter().map(|decl| ("source", &decl.name));
        let names = names.chain(topology.tables.iter().map(|decl| ("table", &decl.name)));
        for (what, name) in names.chain(topology.streams.iter().map(|decl| ("stream", &decl.name))) {
            if !self.used.contains(&name.node) {
                let message = format!("nothing reads the {what} `{}`", name.node);
                self.diagnostics.push(Diagnostic::warning(codes::UNUSED, name.span, message));
            }
        }
    }

    /// A part of the topology must not feed itself through an internal topic: its watermark would wait for itself.
    fn no_loops(&mut self) {
        for node in &self.nodes {
            let NodeKind::Repartition(repartition) = &node.kind else { continue };
            let own = self.nodes.iter().find(|consumer| {
                consumer.inputs.contains(&node.id) && consumer.subtopology == node.subtopology
            });
            let Some(consumer) = own else { continue };
            let place = self.node_places[&node.name];
            let cause = self.node_places[&consumer.name];
            self.diagnostics.push(
                Diagnostic::error(codes::NOT_YET, place, "this repartition would lead back into the same part of the topology")
                    .because(cause, "what reads it shares a table or a merge with what feeds it")
                    .note(format!("let a sink write the stream to a topic of its own in place of `{}`, and read that as a source", repartition.topic)),
            );
        }
    }
}
