//! Sinks: where streams leave.

use super::{Flow, Lowerer};
use crate::ast::{Connector, OptionValue, SinkDecl, Spanned, TopicRef};
use crate::diagnostic::{Diagnostic, codes};
use tidegate_model::plan::{DecimalFormat, JsonFormat, NodeKind, Sink, SinkKey, TimestampFormat};

impl Lowerer<'_> {
    pub(super) fn sink(&mut self, decl: &SinkDecl) {
        if let Connector::Kafka(topic) = &decl.to {
            self.topic(topic, &["key", "compacted", "decimals", "timestamps"]);
        }
        let Some(flow) = self.flow(&decl.stream) else { return };
        if matches!(self.nodes[flow.node.0 as usize].kind, NodeKind::Table(_)) {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::SINK_TARGET,
                    decl.stream.span,
                    format!("`{}` is a table that is read from a topic", decl.stream.node),
                )
                .note("its rows are in that topic already"),
            );
            return;
        }
        match &decl.to {
            Connector::Kafka(topic) => self.topic_sink(decl, topic, &flow),
            Connector::Other(connector) => self.external_sink(decl, connector, &flow),
        }
    }

    fn topic_sink(&mut self, decl: &SinkDecl, target: &TopicRef, flow: &Flow) {
        let option = |name: &str| {
            target.options.iter().find(|(option, _)| option.node == name).map(|(_, value)| value)
        };
        let format = JsonFormat {
            decimals: match option("decimals") {
                Some(value) => self
                    .one_of(value, &[("string", DecimalFormat::String), ("number", DecimalFormat::Number)]),
                None => DecimalFormat::default(),
            },
            timestamps: match option("timestamps") {
                Some(value) => self.one_of(
                    value,
                    &[("rfc3339", TimestampFormat::Rfc3339), ("millis", TimestampFormat::EpochMillis)],
                ),
                None => TimestampFormat::default(),
            },
        };
        let formatted = option("decimals").is_some() || option("timestamps").is_some();
        let pass_through = !formatted && self.passes_through(flow);
        let key = match option("key") {
            Some(value) => self.sink_key(decl, value, flow),
            None if pass_through => SinkKey::Original,
            None => {
                flow.key.clone().or_else(|| flow.partitioned.clone()).map_or(SinkKey::None, SinkKey::Columns)
            }
        };
        let compacted = option("compacted");
        if let (Some(value), SinkKey::None) = (compacted, &key) {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::SINK_OPTION,
                    value.span,
                    "a compacted topic keeps the last row of each key, and these rows have no key",
                )
                .note("say which: `key: …`"),
            );
        }
        let topic = target.topic.node.clone();
        let kind = NodeKind::Sink(Sink { topic, key, pass_through, compacted: compacted.is_some(), format });
        // Several sinks of one stream are told apart by their topics.
        let plain = format!("{}.sink", decl.stream.node);
        let name = if self.node_places.contains_key(&plain) {
            format!("{plain}.{}", target.topic.node)
        } else {
            plain
        };
        self.add(name, kind, vec![flow.node], flow.schema.clone(), decl.stream.span);
    }

    fn passes_through(&self, flow: &Flow) -> bool {
        let mut waiting = vec![flow.node];
        while let Some(id) = waiting.pop() {
            let node = &self.nodes[id.0 as usize];
            match &node.kind {
                NodeKind::Source(_) => {}
                NodeKind::Filter(_) | NodeKind::Merge | NodeKind::Dedupe(_) => waiting.extend(&node.inputs),
                _ => return false,
            }
        }
        true
    }

    fn one_of<T: Copy>(&mut self, value: &Spanned<OptionValue>, choices: &[(&str, T)]) -> T {
        let word = self.word(&value.node);
        if let Some((_, chosen)) = choices.iter().find(|(name, _)| Some(*name) == word) {
            return *chosen;
        }
        let names: Vec<String> = choices.iter().map(|(name, _)| format!("`{name}`")).collect();
        self.error(codes::SINK_OPTION, value.span, format!("this is {}", names.join(" or ")));
        choices[0].1
    }
}
