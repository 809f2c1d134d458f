//! The YAML form to the AST: the same declarations, with expressions in scalars. Keys are checked, and each scalar keeps its place.

mod read;
mod step;
mod test_block;
mod tree;

use crate::ast::*;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::SourceFile;
use read::Reader;
use tree::{Kind, Node};

const SECTIONS: [&str; 10] =
    ["topology", "types", "enums", "params", "functions", "sources", "tables", "streams", "sinks", "tests"];

/// Parses a whole file of the YAML form.
pub(crate) fn parse(file: &SourceFile) -> (Topology, Vec<Diagnostic>) {
    let mut topology = Topology::default();
    let mut diagnostics = Vec::new();
    match tree::read(file) {
        Err(diagnostic) => diagnostics.push(diagnostic),
        Ok(root) => Reader { diagnostics: &mut diagnostics }.topology(&root, &mut topology),
    }
    (topology, diagnostics)
}

impl Reader<'_> {
    fn topology(&mut self, root: &Node, topology: &mut Topology) {
        if matches!(root.kind, Kind::Null) {
            return;
        }
        for (key, node) in self.entries(root, "a topology", &SECTIONS) {
            match key.name.as_str() {
                "topology" => topology.name = self.name(node),
                "types" => {
                    let types: Vec<TypeDecl> = self.each(node, |reader, name, node| {
                        let body = reader.type_body(node)?;
                        Some(TypeDecl { name, body })
                    });
                    topology.types.extend(types);
                }
                "enums" => {
                    let enums: Vec<TypeDecl> = self.each(node, |reader, name, node| {
                        let body = reader.variants(node)?;
                        Some(TypeDecl { name, body })
                    });
                    topology.types.extend(enums);
                }
                "params" => {
                    topology.params = self.each(node, |reader, name, node| {
                        let fields = reader.entries(node, "a param", &["type", "value"]);
                        let ty = reader.needed(node, &fields, "type").and_then(|node| reader.type_expr(node));
                        let value = reader.needed(node, &fields, "value").and_then(|node| reader.value(node));
                        Some(ParamDecl { name, ty: ty?, value: value? })
                    })
                }
                "functions" => topology.functions = self.each(node, Reader::function),
                "sources" => topology.sources = self.each(node, Reader::source),
                "tables" => topology.tables = self.each(node, Reader::table),
                "streams" => topology.streams = self.each(node, Reader::stream),
                "sinks" => {
                    let sinks: Vec<Vec<SinkDecl>> = self.each(node, |reader, stream, node| {
                        let nodes: Vec<&Node> = match &node.kind {
                            Kind::Seq(items) => items.iter().collect(),
                            _ => vec![node],
                        };
                        let topics = nodes.into_iter().filter_map(|node| reader.topic_holder(node));
                        Some(topics.map(|topic| SinkDecl { stream: stream.clone(), topic }).collect())
                    });
                    topology.sinks = sinks.into_iter().flatten().collect();
                }
                _ => topology.tests = self.tests(node),
            }
        }
    }

    fn function(&mut self, name: Name, node: &Node) -> Option<FunctionDecl> {
        let fields = self.entries(node, "a function", &["arguments", "returns", "body"]);
        let arguments = match self.find(&fields, "arguments") {
            Some(node) => {
                self.each(node, |reader, name, node| Some(FieldDecl { name, ty: reader.type_expr(node)? }))
            }
            None => Vec::new(),
        };
        let result = self.needed(node, &fields, "returns").and_then(|node| self.type_expr(node));
        let body = self.needed(node, &fields, "body").and_then(|node| self.value(node));
        Some(FunctionDecl { name, arguments, result: result?, body: body? })
    }

    fn source(&mut self, name: Name, node: &Node) -> Option<SourceDecl> {
        let fields =
            self.entries(node, "a source", &["type", "kafka", "embedded", "key", "time", "malformed"]);
        let ty = self.needed(node, &fields, "type").and_then(|node| self.type_expr(node));
        let topic = self.topic_of(node, &fields);
        let key = self.find(&fields, "key").and_then(|node| self.path(node));
        let malformed = self.find(&fields, "malformed").and_then(|node| self.topic_holder(node));
        let time = self.find(&fields, "time").and_then(|node| self.time(node));
        Some(SourceDecl { name, ty: ty?, topic: topic?, key, time, malformed })
    }

    fn time(&mut self, node: &Node) -> Option<TimeClause> {
        if let Kind::Scalar(_) = &node.kind {
            return Some(TimeClause { field: self.path(node)?, out_of_order: None, idle: None });
        }
        let fields = self.entries(node, "`time`", &["field", "out_of_order", "idle"]);
        let field = self.needed(node, &fields, "field").and_then(|node| self.path(node))?;
        let out_of_order = self.find(&fields, "out_of_order").and_then(|node| self.duration(node));
        let idle = self.find(&fields, "idle").and_then(|node| self.duration(node));
        Some(TimeClause { field, out_of_order, idle })
    }

    fn table(&mut self, name: Name, node: &Node) -> Option<TableDecl> {
        let fields = self.entries(node, "a table", &["type", "kafka", "embedded", "key", "malformed"]);
        let ty = self.needed(node, &fields, "type").and_then(|node| self.type_expr(node));
        let topic = self.topic_of(node, &fields);
        let key = self.find(&fields, "key").and_then(|node| self.path(node));
        let malformed = self.find(&fields, "malformed").and_then(|node| self.topic_holder(node));
        Some(TableDecl { name, ty: ty?, topic: topic?, key, malformed })
    }

    fn stream(&mut self, name: Name, node: &Node) -> Option<StreamDecl> {
        let fields = self.entries(node, "a stream", &["from", "merge", "steps"]);
        let inputs = match (self.find(&fields, "from"), self.find(&fields, "merge")) {
            (Some(from), None) => vec![self.name(from)?],
            (None, Some(merge)) => self.names(merge),
            (Some(_), Some(merge)) => {
                self.error(codes::YAML_SHAPE, merge.span, "a stream has `from` or `merge`, not both");
                return None;
            }
            (None, None) => {
                self.error(
                    codes::YAML_SHAPE,
                    name.span,
                    format!(
                        "the stream `{}` reads nothing: give it `from: NAME`, or `merge: [A, B]`",
                        name.node
                    ),
                );
                return None;
            }
        };
        let mut steps = Vec::new();
        if let Some(node) = self.find(&fields, "steps") {
            match &node.kind {
                Kind::Seq(items) => {
                    for item in items {
                        steps.push(self.step(item)?);
                    }
                }
                _ => {
                    self.error(codes::YAML_SHAPE, node.span, "`steps` is a list: each step begins with `- `")
                }
            }
        }
        Some(StreamDecl { name, inputs, steps })
    }
}
