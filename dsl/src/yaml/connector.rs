//! Where sources read and sinks write: a topic, or a connector's word with a map of what it is given.

use super::keys;
use super::read::{Entries, Reader};
use super::tree::{Key, Kind, Node, Scalar};
use crate::ast::*;
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::facts::CURSOR;

/// What is text, and what is an expression.
const TEXT_OPTIONS: [&str; 3] = ["url", "path", "items"];

impl Reader<'_> {
    /// The connector among the fields of a declaration. `places`: the words that say where its events are.
    pub(super) fn connector(
        &mut self,
        node: &Node,
        fields: &Entries<'_>,
        places: &[&str],
    ) -> Option<Connector> {
        self.one_of(fields, places)?;
        let is_connector =
            |key: &Key| places.contains(&key.name.as_str()) && !keys::TOPICS.contains(&key.name.as_str());
        let Some((key, value)) = fields.iter().find(|(key, _)| is_connector(key)) else {
            return self.topic_of(node, fields).map(Connector::Kafka);
        };
        self.arguments(key, value).map(Connector::Other)
    }

    pub(super) fn sink(&mut self, node: &Node) -> Option<Connector> {
        self.no_option_beside(node)?;
        let told = self.diagnostics.len();
        let fields = self.entries(node, "a sink", &keys::SINK);
        // A word that is no connector was told.
        if fields.is_empty() && self.diagnostics.len() > told {
            return None;
        }
        self.connector(node, &fields, keys::SINK_PLACES)
    }

    /// `{ kafka: copy, key: card }`: options stand in the topic.
    fn no_option_beside(&mut self, node: &Node) -> Option<()> {
        let Kind::Map(entries) = &node.kind else { return Some(()) };
        let topic = entries.iter().find_map(|(key, value)| match &value.kind {
            Kind::Scalar(scalar) if keys::TOPICS.contains(&key.name.as_str()) => Some((key, scalar)),
            _ => None,
        });
        let is_option = |key: &Key| key.name != "topic" && keys::TOPIC.names().contains(&key.name.as_str());
        let options: Vec<_> = entries.iter().filter(|(key, _)| is_option(key)).collect();
        let (Some((word, topic)), Some((first, _))) = (topic, options.first()) else { return Some(()) };
        let given = options.iter().map(|(key, value)| match &value.kind {
            Kind::Scalar(scalar) => format!("{}: {}", key.name, scalar.text),
            _ => format!("{}: …", key.name),
        });
        let given = given.collect::<Vec<_>>().join(", ");
        let message = format!("`{}` is an option of the topic, and stands in it", first.name);
        self.diagnostics.push(
            Diagnostic::error(codes::YAML_SHAPE, first.span, message)
                .because(word.span, "the topic")
                .note(format!("write `{}: {{ topic: {}, {given} }}`", word.name, topic.text)),
        );
        None
    }

    fn arguments(&mut self, key: &Key, node: &Node) -> Option<ConnectorRef> {
        let name = Spanned::new(key.name.clone(), key.span);
        let span = key.span.to(self.whole(node));
        let mut connector =
            ConnectorRef { name, arguments: Vec::new(), options: Vec::new(), routes: Vec::new(), span };
        let entries = match &node.kind {
            Kind::Scalar(scalar) => {
                connector.arguments.push(self.text_or_env(scalar)?);
                return Some(connector);
            }
            Kind::Map(entries) => entries,
            _ => {
                let message = format!("`{}` is a map of what it is given", key.name);
                self.error(codes::YAML_SHAPE, node.span, message);
                return None;
            }
        };
        for (option, value) in entries {
            let name = self.key_name(option)?;
            match (option.name.as_str(), &value.kind) {
                // What the text form has in the first place, without a name.
                ("url" | "path", Kind::Scalar(scalar)) => {
                    let text = self.text_or_env(scalar)?;
                    connector.arguments.push(text);
                }
                ("fields", _) => connector.arguments.push(self.value(value)?),
                ("failed", _) => connector.routes.push((name, self.topic_holder(value)?)),
                (word, Kind::Scalar(scalar)) if TEXT_OPTIONS.contains(&word) => {
                    connector.options.push((name, self.text_or_env(scalar)?));
                }
                _ => connector.options.push((name, self.expr(value)?)),
            }
        }
        Some(connector)
    }

    /// `https://…` is text as it stands; `env("…")` is the language's call, and `param.feed` a param.
    fn text_or_env(&mut self, scalar: &Scalar) -> Option<Expr> {
        if scalar.text.starts_with("env(") {
            return scalar.as_text().expr(self.diagnostics);
        }
        if let Some(name) = scalar.text.strip_prefix("param.") {
            let name = self.key_name(&Key { name: name.to_owned(), span: scalar.span })?;
            return Some(Spanned::new(ExprKind::Path(vec![name.node]), scalar.span));
        }
        Some(Spanned::new(ExprKind::String(scalar.text.clone()), scalar.span))
    }

    /// A word that is none of `known`.
    pub(super) fn unknown(&mut self, key: &Key, what: &str, known: &[&str]) {
        if key.name == CURSOR {
            self.keys_at_cursor = known.iter().map(|&name| name.to_owned()).collect();
        }
        let diagnostic =
            Diagnostic::error(codes::YAML_SHAPE, key.span, format!("`{}` is no {what}", key.name));
        self.diagnostics.push(match did_you_mean(&key.name, known.iter().copied()) {
            Some(meant) => diagnostic.meant(&meant),
            None => diagnostic.note(format!("there is {}", known.join(", "))),
        });
    }
}
