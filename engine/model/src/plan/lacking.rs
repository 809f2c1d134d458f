//! What the language has and the engine lacks.

use super::{Node, NodeKind, Plan};
use crate::ids::NodeId;

impl Plan {
    /// The nodes that the language has and the engine lacks, each with the words for what is lacking. `run` and `test` refuse a
    /// plan with such nodes; the engine asserts that it gets none.
    pub fn not_runnable(&self) -> Vec<(NodeId, &'static str)> {
        self.nodes.iter().filter_map(|node| Some((node.id, self.lacking(node)?))).collect()
    }

    fn lacking(&self, node: &Node) -> Option<&'static str> {
        match &node.kind {
            NodeKind::Source(_)
            | NodeKind::Filter(_)
            | NodeKind::Map(_)
            | NodeKind::Expand(_)
            | NodeKind::Merge
            | NodeKind::Repartition(_)
            | NodeKind::Rekey(_)
            | NodeKind::Top(_)
            | NodeKind::Aggregate(_)
            | NodeKind::Dedupe(_)
            | NodeKind::Rolling(_)
            | NodeKind::JoinStreams(_)
            | NodeKind::Latest(_)
            | NodeKind::Changes(_)
            | NodeKind::Match(_)
            | NodeKind::Schedule(_)
            | NodeKind::Sink(_)
            | NodeKind::HttpSink(_) => None,
            NodeKind::Table(table) if table.global => {
                let is_looked_up = |reader: &Node| {
                    matches!(&reader.kind, NodeKind::JoinTable(join) if join.as_of.is_none())
                        && reader.inputs[0] != node.id
                };
                match self.consumers(node.id).all(is_looked_up) {
                    // Every worker would set the same records aside, and at each start.
                    true => table.malformed.is_some().then_some("global table … malformed"),
                    false => Some("global table, other than in a stream's join"),
                }
            }
            NodeKind::Table(_)
            | NodeKind::JoinTable(_)
            | NodeKind::JoinTables(_)
            | NodeKind::Ask(_)
            | NodeKind::Answer(_) => None,
            NodeKind::HttpPoll(_) => Some("http.poll"),
            NodeKind::Generate(_) => Some("generate"),
            NodeKind::WebSocketSink(_) => Some("websocket"),
            NodeKind::Serve(_) => Some("serve"),
        }
    }
}
