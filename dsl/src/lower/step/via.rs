//! `via kafka("topic")`: through a topic of the user's, which keeps the events; lowered to a sink and a source.

use super::At;
use crate::ast::ViaStep;
use crate::lower::{Flow, Lowerer};
use tidegate_model::plan::{JsonFormat, NodeKind, Sink, SinkKey, Source, SourceTime};

impl Lowerer<'_> {
    pub(super) fn via(&mut self, at: At<'_>, step: &ViaStep, flow: &Flow) -> Option<Flow> {
        self.topic(&step.topic, &["compacted"]);
        let malformed = self.route(step.malformed.as_ref());
        let key = match (&step.key, flow.partitioned.as_deref()) {
            (Some(path), _) => Some(self.key_column(path, &flow.schema)?),
            (None, Some([only])) => Some(*only),
            (None, _) => None,
        };
        let time = match &step.time {
            Some(clause) => self.source_time(clause, &flow.schema),
            // The sink writes each event's time as its record's.
            None => SourceTime::default(),
        };
        let topic = step.topic.topic.node.clone();
        let name = at.name("via");
        self.vias.push((topic.clone(), step.topic.topic.span));
        let sink = Sink {
            topic: topic.clone(),
            key: key.map_or(SinkKey::None, |key| SinkKey::Columns(vec![key])),
            pass_through: false,
            compacted: step.topic.options.iter().any(|(name, _)| name.node == "compacted"),
            format: JsonFormat::default(),
        };
        self.add(
            format!("{name}.sink"),
            NodeKind::Sink(sink),
            vec![flow.node],
            flow.schema.clone(),
            at.place(),
        );
        let source = NodeKind::Source(Source { topic, key, time, malformed });
        let node = self.add(name, source, Vec::new(), flow.schema.clone(), at.place());
        let partitioned = key.map(|key| vec![key]);
        let partitioned_at = step.key.as_ref().map_or(step.topic.span, |key| key.span);
        Some(Flow { node, partitioned, partitioned_at, since: None, key: None, ..flow.clone() })
    }
}
