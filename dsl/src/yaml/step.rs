//! Steps: a map with one word, and `as` and `errors` beside it where they are wanted.

use super::read::Reader;
use super::tree::{Key, Kind, Node};
use crate::ast::*;
use crate::diagnostic::{Diagnostic, codes, did_you_mean};

const WORDS: [&str; 17] = [
    "filter",
    "map",
    "select",
    "drop",
    "add",
    "group_by",
    "repartition_by",
    "window",
    "aggregate",
    "rolling",
    "join",
    "left_join",
    "expand",
    "left_expand",
    "flat_map",
    "dedupe",
    "emit",
];
const LATER: [&str; 8] = ["match", "latest", "changes", "branch", "schedule", "via", "top", "outer_join"];

impl Reader<'_> {
    pub(super) fn step(&mut self, node: &Node) -> Option<Step> {
        let Kind::Map(entries) = &node.kind else {
            self.error(
                codes::YAML_SHAPE,
                node.span,
                "a step is a map with one word, such as `filter: amount > 10`",
            );
            return None;
        };
        let beside = |name: &str| entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node);
        let mut words = entries.iter().filter(|(key, _)| key.name != "as" && key.name != "errors");
        let (key, value) = match (words.next(), words.next()) {
            (Some(word), None) => word,
            (Some((first, _)), Some((second, _))) => {
                self.diagnostics.push(
                    Diagnostic::error(codes::YAML_SHAPE, second.span, "a step has one word")
                        .here("begin another step here: `- `")
                        .because(first.span, "this is the step's word"),
                );
                return None;
            }
            _ => {
                self.error(codes::YAML_SHAPE, node.span, "this step has no word, such as `filter`");
                return None;
            }
        };
        let kind = self.kind(key, value)?;
        let alias = match beside("as") {
            Some(node) => Some(self.name(node)?),
            None => None,
        };
        let errors = match beside("errors") {
            Some(node) => Some(self.topic_holder(node)?),
            None => None,
        };
        Some(Step { kind, span: key.span.to(self.whole(value)), alias, errors })
    }

    fn kind(&mut self, key: &Key, node: &Node) -> Option<StepKind> {
        Some(match key.name.as_str() {
            "filter" => StepKind::Filter(self.expr(node)?),
            "map" => StepKind::Map(self.value(node)?),
            "select" => StepKind::Select(self.paths(node)?),
            "drop" => StepKind::Drop(self.paths(node)?),
            "add" => {
                let wrong = self.diagnostics.len();
                let fields = self.each(node, |reader, name, node| Some((name, reader.value(node)?)));
                (self.diagnostics.len() == wrong).then_some(StepKind::Add(fields))?
            }
            "group_by" => StepKind::GroupBy(self.by(node)?),
            "repartition_by" => StepKind::RepartitionBy(self.by(node)?),
            "window" => StepKind::Window(self.window(node)?),
            "aggregate" => StepKind::Aggregate(self.assignments(node)?),
            "rolling" => {
                let fields = self.entries(node, "`rolling`", &["range", "by", "excluding_current", "fields"]);
                let range = self.needed(node, &fields, "range").and_then(|node| self.duration(node));
                let by = self.needed(node, &fields, "by").and_then(|node| self.by(node));
                let functions = self.needed(node, &fields, "fields").and_then(|node| self.assignments(node));
                let excluding_current = match self.find(&fields, "excluding_current") {
                    Some(node) => self.flag(node)?,
                    None => false,
                };
                StepKind::Rolling { range: range?, by: by?, excluding_current, functions: functions? }
            }
            word @ ("join" | "left_join") => {
                let fields = self.entries(node, "a join", &["table", "as", "by"]);
                let table = self.needed(node, &fields, "table").and_then(|node| self.name(node));
                let by = self.needed(node, &fields, "by").and_then(|node| self.expr(node));
                let alias = match self.find(&fields, "as") {
                    Some(node) => Some(self.name(node)?),
                    None => None,
                };
                StepKind::Join { left: word == "left_join", table: table?, alias, by: by? }
            }
            word @ ("expand" | "left_expand") => {
                let fields = self.entries(node, "`expand`", &["list", "as"]);
                let list = self.needed(node, &fields, "list").and_then(|node| self.expr(node));
                let name = self.needed(node, &fields, "as").and_then(|node| self.name(node));
                StepKind::Expand { left: word == "left_expand", list: list?, name: name? }
            }
            "flat_map" => StepKind::FlatMap(self.expr(node)?),
            "dedupe" => {
                let fields = self.entries(node, "`dedupe`", &["by", "within"]);
                let by = self.needed(node, &fields, "by").and_then(|node| self.by(node));
                let within = self.needed(node, &fields, "within").and_then(|node| self.duration(node));
                StepKind::Dedupe { by: by?, within: within? }
            }
            "emit" => StepKind::Emit(self.emit(node)?),
            word if LATER.contains(&word) => {
                let message = format!("`{word}` is part of the language, but this version cannot run it yet");
                self.error(codes::NOT_YET, key.span, message);
                StepKind::Unsupported(word.to_owned())
            }
            word => {
                let diagnostic =
                    Diagnostic::error(codes::YAML_SHAPE, key.span, format!("`{word}` is no step"));
                self.diagnostics.push(match did_you_mean(word, WORDS) {
                    Some(meant) => diagnostic.meant(&meant),
                    None => diagnostic.note(format!("the steps are {}", WORDS.join(", "))),
                });
                return None;
            }
        })
    }

    fn flag(&mut self, node: &Node) -> Option<bool> {
        let scalar = self.scalar(node, "true or false")?;
        match scalar.text.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.error(codes::YAML_SHAPE, node.span, "this is true or false");
                None
            }
        }
    }

    fn window(&mut self, node: &Node) -> Option<WindowStep> {
        let fields = self.entries(node, "`window`", &["tumbling", "hopping", "grace", "late"]);
        let (size, every) = match (self.find(&fields, "tumbling"), self.find(&fields, "hopping")) {
            (Some(size), None) => (self.duration(size)?, None),
            (None, Some(hopping)) => {
                let parts = self.entries(hopping, "`hopping`", &["size", "every"]);
                let size = self.needed(hopping, &parts, "size").and_then(|node| self.duration(node));
                let every = self.needed(hopping, &parts, "every").and_then(|node| self.duration(node));
                (size?, Some(every?))
            }
            _ => {
                let span = fields.first().map_or(node.span, |(key, _)| key.span);
                self.error(
                    codes::YAML_SHAPE,
                    span,
                    "a window is `tumbling: 1h`, or `hopping: { size: 1h, every: 10m }`",
                );
                return None;
            }
        };
        let grace = match self.find(&fields, "grace") {
            Some(node) => Some(self.duration(node)?),
            None => None,
        };
        let late = match self.find(&fields, "late") {
            Some(node) => Some(self.topic_holder(node)?),
            None => None,
        };
        Some(WindowStep { size, every, grace, late })
    }

    fn emit(&mut self, node: &Node) -> Option<EmitKind> {
        match &node.kind {
            Kind::Scalar(scalar) if scalar.text == "final" => Some(EmitKind::Final),
            Kind::Scalar(scalar) if scalar.text == "changes" => Some(EmitKind::Changes),
            Kind::Map(_) => {
                let fields = self.entries(node, "`emit`", &["every"]);
                let every = self.needed(node, &fields, "every")?;
                Some(EmitKind::Every(self.duration(every)?))
            }
            _ => {
                self.error(codes::YAML_SHAPE, node.span, "`emit` is `final`, `changes` or `{ every: 10s }`");
                None
            }
        }
    }
}
