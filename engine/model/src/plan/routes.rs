//! Where a plan's nodes set aside what they cannot use.

use super::{NodeKind, Plan, Route};
use crate::ids::NodeId;

/// One way out of the topology for what cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeRoute<'a> {
    pub node: NodeId,
    /// The language's word for it: `malformed`, `errors`, `late` or `failed`.
    pub word: &'static str,
    pub topic: &'a str,
}

impl Plan {
    /// The routes that the topology has, in the order of the plan. Several may lead to one topic.
    pub fn routes(&self) -> impl Iterator<Item = NodeRoute<'_>> {
        self.nodes.iter().flat_map(|node| {
            let routes = node.kind.routes().into_iter();
            routes.map(|(word, route)| NodeRoute { node: node.id, word, topic: &route.topic })
        })
    }
}

impl NodeKind {
    fn routes(&self) -> Vec<(&'static str, &Route)> {
        let (malformed, errors, late, failed) = match self {
            NodeKind::Source(source) => (source.malformed.as_ref(), None, None, None),
            NodeKind::Table(table) => (table.malformed.as_ref(), None, None, None),
            NodeKind::HttpPoll(poll) => (poll.malformed.as_ref(), None, None, None),
            NodeKind::Filter(filter) => (None, filter.errors.as_ref(), None, None),
            NodeKind::Map(map) => (None, map.errors.as_ref(), None, None),
            NodeKind::Expand(expand) => (None, expand.errors.as_ref(), None, None),
            NodeKind::Repartition(repartition) => (None, repartition.errors.as_ref(), None, None),
            NodeKind::Aggregate(aggregate) => {
                let late = aggregate.window.as_ref().and_then(|window| window.late.as_ref());
                (None, aggregate.errors.as_ref(), late, None)
            }
            NodeKind::Rolling(rolling) => (None, rolling.errors.as_ref(), rolling.late.as_ref(), None),
            NodeKind::JoinTable(join) => (None, join.errors.as_ref(), None, None),
            NodeKind::JoinStreams(join) => (None, join.errors.as_ref(), join.late.as_ref(), None),
            NodeKind::JoinTables(join) => (None, join.errors.as_ref(), None, None),
            NodeKind::Match(pattern) => (None, pattern.errors.as_ref(), pattern.late.as_ref(), None),
            NodeKind::Dedupe(dedupe) => (None, dedupe.errors.as_ref(), None, None),
            NodeKind::Latest(latest) => (None, latest.errors.as_ref(), None, None),
            NodeKind::Changes(changes) => (None, changes.errors.as_ref(), None, None),
            NodeKind::Top(top) => (None, top.errors.as_ref(), None, None),
            NodeKind::Schedule(schedule) => (None, schedule.errors.as_ref(), None, None),
            NodeKind::HttpSink(sink) => (None, None, None, sink.failed.as_ref()),
            NodeKind::Merge
            | NodeKind::Rekey(_)
            | NodeKind::Ask(_)
            | NodeKind::Answer(_)
            | NodeKind::Generate(_)
            | NodeKind::Sink(_)
            | NodeKind::WebSocketSink(_)
            | NodeKind::Serve(_) => (None, None, None, None),
        };
        let all = [("malformed", malformed), ("errors", errors), ("late", late), ("failed", failed)];
        all.into_iter().filter_map(|(word, route)| Some((word, route?))).collect()
    }
}
