//! Topics: their names, their options, and that none is used in two ways.

use super::Lowerer;
use crate::ast::{Connector, Name, OptionValue, StepKind, TopicRef, Topology};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::facts::{CURSOR, Fact};
use crate::source::Span;
use std::collections::BTreeMap;
use tidegate_model::plan::Route;

const NAME_BYTES_MAX: usize = 249;

/// Every topic that is written in the file: sinks and routes.
fn written(topology: &Topology) -> Vec<&Name> {
    let mut topics: Vec<&TopicRef> = Vec::new();
    for sink in &topology.sinks {
        match &sink.to {
            Connector::Kafka(topic) => topics.push(topic),
            Connector::Other(connector) => topics.extend(connector.routes.iter().map(|(_, topic)| topic)),
        }
    }
    topics.extend(topology.sources.iter().filter_map(|source| source.malformed.as_ref()));
    topics.extend(topology.tables.iter().filter_map(|table| table.malformed.as_ref()));
    for step in topology.streams.iter().flat_map(|stream| &stream.steps) {
        topics.extend(&step.errors);
        match &step.kind {
            StepKind::Window(window) => topics.extend(&window.late),
            StepKind::Join(join) => topics.extend(&join.late),
            StepKind::Rolling(rolling) => topics.extend(&rolling.late),
            StepKind::Match(pattern) => topics.extend(&pattern.late),
            StepKind::Via(via) => topics.extend(&via.malformed),
            _ => {}
        }
    }
    topics.into_iter().map(|topic| &topic.topic).collect()
}

/// What Kafka takes as a topic's name.
pub(super) fn is_topic_name(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name != "." && name != ".." && name.bytes().all(legal)
}

impl Lowerer<'_> {
    /// Checks a topic's name and options. `allowed`: the options it may have besides `format: json`.
    pub(super) fn topic(&mut self, topic: &TopicRef, allowed: &[&str]) {
        if !is_topic_name(&topic.topic.node) {
            let message = format!("{:?} cannot be the name of a topic", topic.topic.node);
            self.diagnostics.push(
                Diagnostic::error(codes::TOPIC_NAME, topic.topic.span, message)
                    .note("it has 1 to 249 letters, digits, dots, dashes and underscores"),
            );
        }
        let known: Vec<&str> = allowed.iter().copied().chain(["format"]).collect();
        if topic.options.iter().any(|(name, _)| name.node == CURSOR) {
            self.globals.facts.note(|| Fact::Options(known.iter().map(|&name| name.to_owned()).collect()));
        }
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for (name, value) in &topic.options {
            if let Some(before) = seen.insert(&name.node, name.span) {
                let message = format!("the option `{}` is there twice", name.node);
                self.diagnostics.push(
                    Diagnostic::error(codes::SINK_OPTION, name.span, message).because(before, "first here"),
                );
            }
            if !known.contains(&name.node.as_str()) {
                let mut diagnostic = Diagnostic::error(
                    codes::SINK_OPTION,
                    name.span,
                    format!("there is no option `{}` here", name.node),
                );
                diagnostic = match did_you_mean(&name.node, known.iter().copied()) {
                    Some(meant) => diagnostic.meant(&meant),
                    None if matches!(name.node.as_str(), "key" | "time") && !allowed.contains(&"key") => {
                        diagnostic.note(format!(
                            "it stands behind the brackets: `kafka(\"{}\") {} FIELD`",
                            topic.topic.node, name.node
                        ))
                    }
                    None => diagnostic.note(format!("there is {}", known.join(", "))),
                };
                self.diagnostics.push(diagnostic);
                continue;
            }
            if name.node == "format" && self.word(&value.node) != Some("json") {
                let message = "only `format: json` can be read and written by this version";
                self.error(codes::SINK_OPTION, value.span, message);
            }
        }
    }

    pub(super) fn word<'b>(&self, value: &'b OptionValue) -> Option<&'b str> {
        match value {
            OptionValue::Paths(paths) => match &paths[..] {
                [only] if only.node.len() == 1 => Some(&only.node[0]),
                _ => None,
            },
            OptionValue::Flag => None,
        }
    }

    /// Where events go that cannot be used.
    pub(super) fn route(&mut self, topic: Option<&TopicRef>) -> Option<Route> {
        let topic = topic?;
        self.topic(topic, &[]);
        Some(Route { topic: topic.topic.node.clone() })
    }

    /// Changelogs and repartitions, and the step that each is for.
    fn own_topics(&self) -> BTreeMap<String, Span> {
        let mut own = BTreeMap::new();
        for node in &self.nodes {
            let place = self.node_places[&node.name];
            if let Some(topic) = node.kind.internal_topic() {
                own.insert(topic.to_owned(), place);
            }
            if let Some(topic) = node.outbox_topic(&self.name) {
                own.insert(topic, place);
            }
            if node.has_store() {
                own.insert(node.changelog_topic(&self.name), place);
            }
        }
        own
    }

    /// No topic is read twice, and none that is read is written.
    pub(super) fn topics(&mut self) {
        let topology = self.topology;
        let sources = topology.sources.iter().filter_map(|decl| match &decl.from {
            Connector::Kafka(topic) => Some(topic),
            Connector::Other(_) => None,
        });
        let declared = sources
            .chain(topology.tables.iter().map(|decl| &decl.topic))
            .map(|topic| (topic.topic.node.clone(), topic.topic.span));
        let mut read: BTreeMap<String, Span> = BTreeMap::new();
        // What a `via` writes it reads itself.
        let vias = std::mem::take(&mut self.vias);
        for (topic, span) in declared.chain(vias) {
            if let Some(before) = read.insert(topic.clone(), span) {
                self.diagnostics.push(
                    Diagnostic::error(codes::TOPIC_CLASH, span, format!("the topic {topic:?} is read twice"))
                        .because(before, "first here")
                        .note("declare it once, and let several streams read that"),
                );
            }
        }
        let written = written(topology);
        for topic in &written {
            if let Some(source) = read.get(topic.node.as_str()) {
                let message = format!(
                    "the topic {:?} is written and read: its events would go round for ever",
                    topic.node
                );
                self.diagnostics.push(
                    Diagnostic::error(codes::TOPIC_CLASH, topic.span, message)
                        .because(*source, "it is read here"),
                );
            }
        }
        let own = self.own_topics();
        let written = written.iter().map(|topic| (topic.node.clone(), topic.span));
        let all: Vec<(String, Span)> = read.into_iter().chain(written).collect();
        for (name, span) in &all {
            if let Some(place) = own.get(name) {
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::TOPIC_CLASH,
                        *span,
                        format!("the topic {name:?} is one that this topology makes for itself"),
                    )
                    .because(*place, "for this step")
                    .note("choose another topic here, or name the step with `as NAME`"),
                );
            }
        }
        for (name, place) in own.iter().filter(|(name, _)| !is_topic_name(name)) {
            let message = format!("the internal topic's name {name:?} is too long");
            self.diagnostics.push(
                Diagnostic::error(codes::TOPIC_NAME, *place, message)
                    .note("give the step a shorter name with `as NAME`"),
            );
        }
    }
}
