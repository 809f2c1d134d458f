//! The plan as a picture: for the terminal, for Mermaid, for Graphviz, and as SVG.

mod layered;
mod svg;

use std::collections::BTreeSet;
use std::fmt::Write;
use tidegate_model::NodeId;
use tidegate_model::plan::{Node, NodeKind, Plan};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GraphFormat {
    Ascii,
    Mermaid,
    Dot,
    Svg,
}

pub fn graph(plan: &Plan, format: GraphFormat) -> String {
    match format {
        GraphFormat::Ascii => ascii(plan),
        GraphFormat::Mermaid => mermaid(plan),
        GraphFormat::Dot => dot(plan),
        GraphFormat::Svg => svg::svg(plan),
    }
}

/// What stands in a node's box: its name, and the topic that it reads or writes.
fn label(plan: &Plan, node: &Node) -> String {
    let name = &node.name;
    match &node.kind {
        NodeKind::Source(source) => format!("source {name} <- {}", source.topic),
        NodeKind::Table(table) => format!("table {name} <- {}", table.topic),
        NodeKind::Sink(sink) => format!("sink -> {}", sink.topic),
        NodeKind::HttpPoll(poll) => format!("source {name} <- {}", poll.url),
        NodeKind::Generate(_) => format!("source {name} <- generate"),
        NodeKind::HttpSink(sink) => format!("sink -> {}", sink.url),
        NodeKind::WebSocketSink(sink) => format!("sink -> websocket {}", sink.path),
        NodeKind::Serve(serve) => format!("serve {}", serve.path),
        NodeKind::Repartition(repartition) if repartition.partial => {
            format!("{name} = partial aggregates -> {}", repartition.topic)
        }
        NodeKind::Repartition(repartition) => format!("{name} = repartition -> {}", repartition.topic),
        kind if node.has_store() => format!("{name} ({}, store {}.{name})", kind.keyword(), plan.topology),
        kind if name.ends_with(kind.keyword()) => name.clone(),
        kind => format!("{name} ({})", kind.keyword()),
    }
}

/// The two lines of a node's box in a picture: its name, and what it is.
fn lines(plan: &Plan, node: &Node) -> (String, String) {
    let name = node.name.clone();
    match &node.kind {
        NodeKind::Source(source) => (name, format!("source ← {}", source.topic)),
        NodeKind::Table(table) => (name, format!("table ← {}, store", table.topic)),
        NodeKind::Sink(sink) => (sink.topic.clone(), "sink →".to_owned()),
        NodeKind::Repartition(repartition) if repartition.partial => {
            (repartition.topic.clone(), "internal topic, partial aggregates".to_owned())
        }
        NodeKind::Repartition(repartition) => {
            (repartition.topic.clone(), "internal topic, repartition".to_owned())
        }
        NodeKind::Rekey(rekey) => (rekey.topic.clone(), "internal topic, rows by another key".to_owned()),
        NodeKind::Ask(ask) => (ask.topic.clone(), "internal topic, asks for rows".to_owned()),
        NodeKind::Answer(answer) => (answer.topic.clone(), "internal topic, answers".to_owned()),
        kind if node.has_store() => {
            (name.clone(), format!("{}, store {}.{name}", kind.keyword(), plan.topology))
        }
        kind => (name, kind.keyword().to_owned()),
    }
}

/// A tree from each source; a node with several inputs is drawn under the first and named under the others.
fn ascii(plan: &Plan) -> String {
    let mut out = format!("{}\n", plan.topology);
    let mut drawn = BTreeSet::new();
    let roots: Vec<&Node> = plan.nodes.iter().filter(|node| node.inputs.is_empty()).collect();
    for (index, root) in roots.iter().enumerate() {
        branch(plan, root.id, "", index + 1 == roots.len(), &mut drawn, &mut out);
    }
    out
}

fn branch(plan: &Plan, id: NodeId, prefix: &str, last: bool, drawn: &mut BTreeSet<NodeId>, out: &mut String) {
    let node = plan.node(id);
    let corner = if last { "└─ " } else { "├─ " };
    if !drawn.insert(id) {
        let _ = writeln!(out, "{prefix}{corner}(see {})", node.name);
        return;
    }
    let _ = writeln!(out, "{prefix}{corner}{}", label(plan, node));
    let below = format!("{prefix}{}", if last { "   " } else { "│  " });
    let consumers: Vec<NodeId> = plan.consumers(id).map(|consumer| consumer.id).collect();
    for (index, consumer) in consumers.iter().enumerate() {
        branch(plan, *consumer, &below, index + 1 == consumers.len(), drawn, out);
    }
}

fn mermaid(plan: &Plan) -> String {
    let mut out = String::from("flowchart TD\n");
    for part in 0..plan.subtopologies() {
        let _ = writeln!(out, "  subgraph part{part} [sub-topology {part}]");
        for node in plan.nodes.iter().filter(|node| node.subtopology.0 == part) {
            let text = label(plan, node).replace('"', "'");
            let (open, close) = match node.kind {
                NodeKind::Source(_) | NodeKind::Sink(_) => ("([\"", "\"])"),
                _ if node.has_store() => ("[(\"", "\")]"),
                _ => ("[\"", "\"]"),
            };
            let _ = writeln!(out, "    n{}{open}{text}{close}", node.id.0);
        }
        out.push_str("  end\n");
    }
    for node in &plan.nodes {
        for input in &node.inputs {
            let _ = writeln!(out, "  n{} --> n{}", input.0, node.id.0);
        }
    }
    out
}

fn dot(plan: &Plan) -> String {
    let mut out = format!("digraph {:?} {{\n  node [shape=box];\n", plan.topology);
    for part in 0..plan.subtopologies() {
        let _ = writeln!(out, "  subgraph cluster_{part} {{\n    label=\"sub-topology {part}\";");
        for node in plan.nodes.iter().filter(|node| node.subtopology.0 == part) {
            let shape = match node.kind {
                NodeKind::Source(_) | NodeKind::Sink(_) => "ellipse",
                _ if node.has_store() => "cylinder",
                _ => "box",
            };
            let _ = writeln!(out, "    n{} [label={:?}, shape={shape}];", node.id.0, label(plan, node));
        }
        out.push_str("  }\n");
    }
    for node in &plan.nodes {
        for input in &node.inputs {
            let _ = writeln!(out, "  n{} -> n{};", input.0, node.id.0);
        }
    }
    out.push_str("}\n");
    out
}
