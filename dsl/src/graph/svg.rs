//! The plan as an SVG picture: data flows down the page, sub-topologies are boxes, internal topics lie between them.

use super::layered::{Edge, Layout, layout};
use super::lines;
use std::fmt::Write;
use tidegate_model::plan::{Node, NodeKind, Plan};

const ROW: f64 = 84.0;
const NODE_HEIGHT: f64 = 44.0;
const PADDING: f64 = 18.0;
/// Above the first row of a box, where its title is.
const TITLE: f64 = 30.0;
/// Between boxes.
const BETWEEN: f64 = 56.0;
const MARGIN: f64 = 16.0;
/// Width of a character of the title and of the line below it, in a monospaced font.
const TITLE_CHAR: f64 = 7.6;
const SMALL_CHAR: f64 = 6.4;

const STYLE: &str = "
  text { font-family: ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; fill: #1c2430; }
  .title { font-size: 12.5px; font-weight: 600; }
  .small { font-size: 10.5px; fill: #5a6675; }
  .part { fill: #f5f7fa; stroke: #c3ccd8; }
  .node { fill: #ffffff; stroke: #5a6675; stroke-width: 1.2; }
  .source, .sink { fill: #e3f0fc; stroke: #2b6cb0; }
  .state { fill: #fdf3dc; stroke: #b7791f; }
  .topic { fill: #ece8fb; stroke: #6b46c1; stroke-dasharray: 5 3; }
  .edge { fill: none; stroke: #5a6675; stroke-width: 1.3; }
  .head { fill: #5a6675; }
  .page { fill: #ffffff; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6ebf2; }
    .small { fill: #a3b0c0; }
    .page { fill: #12171f; }
    .part { fill: #1a212c; stroke: #3b4757; }
    .node { fill: #232c39; stroke: #8a98aa; }
    .source, .sink { fill: #173350; stroke: #63a4e0; }
    .state { fill: #40331a; stroke: #d9a441; }
    .topic { fill: #2f2852; stroke: #a58bf0; }
    .edge { stroke: #8a98aa; }
    .head { fill: #8a98aa; }
  }
";

/// A sub-topology, laid out by itself.
struct Part<'a> {
    nodes: Vec<&'a Node>,
    rows: Vec<usize>,
    edges: Vec<(u32, usize)>,
    layout: Layout,
    /// How many parts stand above it on the way to it.
    depth: usize,
    left: f64,
    top: f64,
}

impl Part<'_> {
    fn width(&self, number: usize) -> f64 {
        (self.layout.width + 2.0 * PADDING)
            .max(title(number).chars().count() as f64 * SMALL_CHAR + 2.0 * PADDING)
    }

    fn height(&self) -> f64 {
        let rows = self.rows.iter().max().map_or(0, |last| last + 1);
        TITLE + (rows as f64 - 1.0) * ROW + NODE_HEIGHT + PADDING
    }

    /// Middle and top of a node.
    fn place(&self, index: usize) -> (f64, f64) {
        (self.left + PADDING + self.layout.middles[index], self.row_top(self.rows[index]))
    }

    fn row_top(&self, row: usize) -> f64 {
        self.top + TITLE + row as f64 * ROW
    }
}

fn title(number: usize) -> String {
    format!("sub-topology {number}")
}

pub(super) fn svg(plan: &Plan) -> String {
    let mut parts: Vec<Part<'_>> = (0..plan.subtopologies()).map(|number| part(plan, number)).collect();
    let (width, height) = arrange(&mut parts);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\">\n<title>{}</title>\n<style>{STYLE}</style>\n",
        escape(&plan.topology)
    );
    out.push_str("<defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"7.5\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path class=\"head\" d=\"M0 0.5 L8 4 L0 7.5 z\"/></marker></defs>\n");
    let _ = writeln!(out, "<rect class=\"page\" width=\"{width:.0}\" height=\"{height:.0}\"/>");
    let _ = writeln!(out, "<text class=\"title\" x=\"{MARGIN}\" y=\"26\">{}</text>", escape(&plan.topology));
    for (number, part) in parts.iter().enumerate() {
        let _ = writeln!(
            out,
            "<rect class=\"part\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"8\"/><text class=\"small\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            part.left,
            part.top,
            part.width(number),
            part.height(),
            part.left + PADDING,
            part.top + 19.0,
            title(number)
        );
    }
    for part in &parts {
        for (index, edge) in part.edges.iter().enumerate() {
            edge_path(&parts, part, *edge, &part.layout.passages[index], &mut out);
        }
    }
    for part in &parts {
        for (index, node) in part.nodes.iter().enumerate() {
            draw(plan, node, part.place(index), &mut out);
        }
    }
    out + "</svg>\n"
}

fn part(plan: &Plan, number: u32) -> Part<'_> {
    let nodes: Vec<&Node> = plan.nodes.iter().filter(|node| node.subtopology.0 == number).collect();
    let index = |id| nodes.iter().position(|node| node.id == id);
    let mut rows = vec![0usize; nodes.len()];
    for (at, node) in nodes.iter().enumerate() {
        rows[at] = node
            .inputs
            .iter()
            .filter_map(|input| index(*input))
            .map(|input| rows[input] + 1)
            .max()
            .unwrap_or(0);
    }
    // A table stands just above what reads it; what leaves the part stands in its last row.
    let last = rows.iter().max().copied().unwrap_or(0);
    for (at, node) in nodes.iter().enumerate() {
        match node.kind {
            NodeKind::Sink(_) => rows[at] = last,
            _ if node.kind.internal_topic().is_some() => rows[at] = last,
            NodeKind::Table(_) => {
                let readers = nodes.iter().enumerate().filter(|(_, reader)| reader.inputs.contains(&node.id));
                let first = readers.map(|(reader, _)| rows[reader]).min().unwrap_or(1);
                rows[at] = first.saturating_sub(1);
            }
            _ => {}
        }
    }
    let edges: Vec<(u32, usize)> = nodes
        .iter()
        .enumerate()
        .flat_map(|(to, node)| node.inputs.iter().map(move |from| (from.0, to)))
        .collect();
    let drawn: Vec<Edge> =
        edges.iter().map(|(from, to)| Edge { from: index(tidegate_model::NodeId(*from)), to: *to }).collect();
    let widths: Vec<f64> = nodes.iter().map(|node| width(plan, node)).collect();
    let layout = layout(&rows, &widths, &drawn);
    Part { nodes, rows, edges, layout, depth: 0, left: 0.0, top: 0.0 }
}

fn width(plan: &Plan, node: &Node) -> f64 {
    let (title, small) = lines(plan, node);
    let text = (title.chars().count() as f64 * TITLE_CHAR).max(small.chars().count() as f64 * SMALL_CHAR);
    (text + 28.0).max(90.0)
}

/// Parts below those that feed them, side by side at equal depth. Gives width and height of the picture.
fn arrange(parts: &mut [Part<'_>]) -> (f64, f64) {
    let owner: Vec<(u32, usize)> = parts
        .iter()
        .enumerate()
        .flat_map(|(at, part)| part.nodes.iter().map(move |node| (node.id.0, at)))
        .collect();
    let part_of = |id: u32| owner.iter().find(|(node, _)| *node == id).map(|(_, part)| *part);
    // A part can only be fed through repartitions, and these make no loops: as many rounds as parts settle it.
    for _ in 0..parts.len() {
        for at in 0..parts.len() {
            let feeding =
                parts[at].edges.iter().filter_map(|(from, _)| part_of(*from)).filter(|from| *from != at);
            let depth = feeding.map(|from| parts[from].depth + 1).max().unwrap_or(0);
            parts[at].depth = depth.min(owner.len());
        }
    }
    let mut top = 44.0;
    let mut widest: f64 = 0.0;
    let deepest = parts.iter().map(|part| part.depth).max().unwrap_or(0);
    for depth in 0..=deepest {
        let mut left = MARGIN;
        let mut tallest: f64 = 0.0;
        let mut wanted: Vec<(f64, usize)> = (0..parts.len())
            .filter(|number| parts[*number].depth == depth)
            .map(|number| (wanted_left(parts, number), number))
            .collect();
        wanted.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (at, number) in wanted {
            let width = parts[number].width(number);
            (parts[number].left, parts[number].top) = (left.max(at), top);
            left = parts[number].left + width + MARGIN;
            tallest = tallest.max(parts[number].height());
        }
        widest = widest.max(left);
        top += tallest + BETWEEN;
    }
    (widest, top - BETWEEN + MARGIN)
}

/// Where a part would stand just under the topics that feed it.
fn wanted_left(parts: &[Part<'_>], number: usize) -> f64 {
    let part = &parts[number];
    let mut sum = 0.0;
    let mut count = 0.0;
    for ((from, to), passages) in part.edges.iter().zip(&part.layout.passages) {
        let Some(x) = outside(parts, part, *from) else { continue };
        let entry = passages.first().map_or(part.layout.middles[*to], |(_, at)| *at);
        sum += x - PADDING - entry;
        count += 1.0;
    }
    if count > 0.0 { sum / count } else { 0.0 }
}

/// The middle of a node that stands in another part.
fn outside(parts: &[Part<'_>], part: &Part<'_>, id: u32) -> Option<f64> {
    if part.nodes.iter().any(|node| node.id.0 == id) {
        return None;
    }
    parts.iter().find_map(|part| {
        let index = part.nodes.iter().position(|node| node.id.0 == id)?;
        Some(part.place(index).0)
    })
}

fn edge_path(
    parts: &[Part<'_>],
    part: &Part<'_>,
    edge: (u32, usize),
    passages: &[(usize, f64)],
    out: &mut String,
) {
    let from = parts.iter().find_map(|part| {
        let index = part.nodes.iter().position(|node| node.id.0 == edge.0)?;
        Some(part.place(index))
    });
    let Some((x, y)) = from else { return };
    let (end_x, end_y) = part.place(edge.1);
    let mut points = vec![(x, y + NODE_HEIGHT)];
    for (row, at) in passages {
        let x = part.left + PADDING + at;
        // Straight beside the nodes of the row.
        points.push((x, part.row_top(*row) - 6.0));
        points.push((x, part.row_top(*row) + NODE_HEIGHT + 6.0));
    }
    points.push((end_x, end_y));
    let mut path = format!("M{:.1} {:.1}", points[0].0, points[0].1);
    for pair in points.windows(2) {
        let ((x, y), (next_x, next_y)) = (pair[0], pair[1]);
        let middle = (y + next_y) / 2.0;
        let _ = write!(path, " C{x:.1} {middle:.1} {next_x:.1} {middle:.1} {next_x:.1} {next_y:.1}");
    }
    let _ = writeln!(out, "<path class=\"edge\" d=\"{path}\" marker-end=\"url(#head)\"/>");
}

fn draw(plan: &Plan, node: &Node, (middle, top): (f64, f64), out: &mut String) {
    let (title, small) = lines(plan, node);
    let width = width(plan, node);
    let left = middle - width / 2.0;
    let (class, round) = match &node.kind {
        NodeKind::Source(_) => ("node source", 22.0),
        NodeKind::Sink(_) => ("node sink", 22.0),
        kind if kind.internal_topic().is_some() => ("node topic", 4.0),
        _ if node.has_store() => ("node state", 4.0),
        _ => ("node", 4.0),
    };
    let _ = writeln!(
        out,
        "<rect class=\"{class}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{NODE_HEIGHT}\" rx=\"{round}\"/>"
    );
    let _ = writeln!(
        out,
        "<text text-anchor=\"middle\" x=\"{middle:.1}\" y=\"{:.1}\"><tspan class=\"title\">{}</tspan></text>",
        top + 19.0,
        escape(&title)
    );
    let _ = writeln!(
        out,
        "<text class=\"small\" text-anchor=\"middle\" x=\"{middle:.1}\" y=\"{:.1}\">{}</text>",
        top + 34.0,
        escape(&small)
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
