//! The YAML form to the AST: the same declarations, with expressions in scalars. Keys are checked, and each scalar keeps its place.

mod broken;
mod connector;
mod keys;
mod quoted;
mod read;
mod schema;
mod shape;
mod split;
mod step;
mod test_block;
mod tree;
mod value;

use crate::ast::*;
use crate::diagnostic::{Diagnostic, codes};
use crate::parse::limit;
use crate::source::SourceFile;
pub(crate) use quoted::told_of_quotes;
use read::{Entries, Reader};
pub use schema::schema;
use tree::{Kind, Node};

/// Parses a whole file of the YAML form.
pub(crate) fn parse(file: &SourceFile) -> (Topology, Vec<Diagnostic>) {
    let mut topology = Topology::default();
    let mut diagnostics = Vec::new();
    match tree::read(file) {
        Err(diagnostic) => diagnostics.push(diagnostic),
        Ok(root) => Reader { diagnostics: &mut diagnostics, case: None, keys_at_cursor: Vec::new() }
            .topology(&root, &mut topology),
    }
    (topology, diagnostics)
}

/// The keys that could stand where [`CURSOR`](crate::facts::CURSOR) does.
pub(crate) fn keys_at_cursor(file: &SourceFile) -> Vec<String> {
    let Ok(root) = tree::read(file) else { return Vec::new() };
    let mut reader = Reader { diagnostics: &mut Vec::new(), case: None, keys_at_cursor: Vec::new() };
    reader.topology(&root, &mut Topology::default());
    reader.keys_at_cursor
}

impl Reader<'_> {
    fn topology(&mut self, root: &Node, topology: &mut Topology) {
        if matches!(root.kind, Kind::Null) {
            return;
        }
        for (key, node) in self.entries(root, "a topology", &keys::TOPOLOGY) {
            match key.name.as_str() {
                "topology" => topology.name = self.name(node),
                "use" => {
                    let Kind::Map(files) = &node.kind else {
                        self.error(
                            codes::YAML_SHAPE,
                            node.span,
                            "a map of files is needed here: `FILE: [A, B]`",
                        );
                        continue;
                    };
                    for (key, names) in files {
                        let path = Spanned::new(key.name.clone(), key.span);
                        topology.uses.push(UseDecl { path, names: self.names(names) });
                    }
                }
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
                        let fields = reader.entries(node, "a param", &keys::PARAM);
                        let ty = reader.needed(node, &fields, "type").and_then(|node| reader.type_expr(node));
                        let value = reader.needed(node, &fields, "value").and_then(|node| reader.value(node));
                        Some(ParamDecl { name, ty: ty?, value: value? })
                    })
                }
                "functions" => topology.functions = self.each(node, Reader::function),
                "sources" => topology.sources = self.each(node, Reader::source),
                "tables" => {
                    self.each(node, |reader, name, node| {
                        reader.table(name, node, topology);
                        None::<()>
                    });
                }
                "streams" => {
                    let streams = self.each(node, |reader, name, node| reader.stream(name, node, false));
                    topology.streams.extend(streams);
                }
                "sinks" => {
                    let sinks: Vec<Vec<SinkDecl>> = self.each(node, |reader, stream, node| {
                        let nodes: Vec<&Node> = match &node.kind {
                            Kind::Seq(items) => items.iter().collect(),
                            _ => vec![node],
                        };
                        let sinks = nodes.into_iter().filter_map(|node| reader.sink(node));
                        Some(sinks.map(|to| SinkDecl { stream: stream.clone(), to }).collect())
                    });
                    topology.sinks = sinks.into_iter().flatten().collect();
                }
                "serve" => {
                    topology.serves = self.each(node, |reader, table, node| {
                        let path = reader.scalar(node, "a path such as /stations/{id}")?;
                        Some(ServeDecl { table, path: Spanned::new(path.text.clone(), path.span) })
                    })
                }
                _ => topology.tests = self.tests(node),
            }
        }
        let declared = [
            topology.types.len(),
            topology.functions.len(),
            topology.params.len(),
            topology.sources.len(),
            topology.tables.len(),
            topology.streams.len(),
            topology.sinks.len(),
            topology.tests.len(),
        ];
        if declared.iter().sum::<usize>() > limit::DECLARATIONS_MAX {
            self.diagnostics.push(limit::too_many_declarations(root.span));
            *topology = Topology::default();
        }
    }

    fn function(&mut self, name: Name, node: &Node) -> Option<FunctionDecl> {
        let fields = self.entries(node, "a function", &keys::FUNCTION);
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
        let told = self.diagnostics.len();
        let fields = self.entries(node, "a source", &keys::SOURCE);
        if self.diagnostics.len() > told {
            return None;
        }
        let ty = self.needed(node, &fields, "type").and_then(|node| self.type_expr(node));
        let from = self.connector(node, &fields, keys::SOURCE_PLACES);
        let (key, time, malformed) = self.clauses(&fields);
        Some(SourceDecl { name, ty: ty?, from: from?, key, time, malformed })
    }

    fn clauses(&mut self, fields: &Entries<'_>) -> (Option<Path>, Option<TimeClause>, Option<TopicRef>) {
        let key = self.find(fields, "key").and_then(|node| self.path(node));
        let time = self.find(fields, "time").and_then(|node| self.time(node));
        let malformed = self.find(fields, "malformed").and_then(|node| self.topic_holder(node));
        (key, time, malformed)
    }

    fn time(&mut self, node: &Node) -> Option<TimeClause> {
        if let Kind::Scalar(_) = &node.kind {
            return Some(TimeClause { field: self.path(node)?, out_of_order: None, idle: None, ahead: None });
        }
        let fields = self.entries(node, "`time`", &keys::TIME);
        let field = self.needed(node, &fields, "field").and_then(|node| self.path(node))?;
        let out_of_order = self.find(&fields, "out_of_order").and_then(|node| self.duration(node));
        let idle = self.find(&fields, "idle").and_then(|node| self.duration(node));
        let ahead = self.find(&fields, "ahead").and_then(|node| self.duration(node));
        Some(TimeClause { field, out_of_order, idle, ahead })
    }

    /// A table is read from a topic, or made from a stream.
    fn table(&mut self, name: Name, node: &Node, topology: &mut Topology) {
        let Kind::Map(entries) = &node.kind else {
            self.error(
                codes::YAML_SHAPE,
                node.span,
                "a table is a map with `type`, `kafka` and `key`, or with `from` and `steps`",
            );
            return;
        };
        if entries.iter().any(|(key, _)| matches!(key.name.as_str(), "from" | "merge")) {
            topology.streams.extend(self.stream(name, node, true));
            return;
        }
        let fields = self.entries(node, "a table", &keys::TABLE);
        let ty = self.needed(node, &fields, "type").and_then(|node| self.type_expr(node));
        let topic = self.topic_of(node, &fields);
        let global = self.find(&fields, "global").and_then(|node| self.flag(node)).unwrap_or(false);
        let history = self.find(&fields, "history").and_then(|node| self.duration(node));
        let ttl = self.find(&fields, "ttl").and_then(|node| self.duration(node));
        let (key, _, malformed) = self.clauses(&fields);
        if let (Some(ty), Some(topic)) = (ty, topic) {
            topology.tables.push(TableDecl { name, global, ty, topic, key, history, ttl, malformed });
        }
    }

    fn stream(&mut self, name: Name, node: &Node, is_table: bool) -> Option<StreamDecl> {
        let fields = self.entries(node, "a stream", &keys::STREAM);
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
        Some(StreamDecl { name, is_table, inputs, steps })
    }
}
