//! Sources and sinks besides topics: what each is given, checked.

use super::{Flow, Lowerer};
use crate::ast::{ConnectorRef, Expr, ExprKind as Ast, Name, SinkDecl, SourceDecl};
use crate::check::param::constant;
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::facts::{CURSOR, Fact};
use crate::source::Span as Place;
use std::collections::BTreeMap;
use tidegate_model::plan::{HttpPoll, JsonFormat, NodeKind, SourceTime, WebSocketSink};
use tidegate_model::{Column, ScalarType, Schema, Span, Value};

const SOURCES: [&str; 4] = ["kafka", "embedded", "http.poll", "generate"];
const SINKS: [&str; 4] = ["kafka", "embedded", "http", "websocket"];

/// What a connector is given by name, besides what stands in it without one.
pub(crate) struct Takes {
    pub(crate) word: &'static str,
    pub(crate) options: &'static [&'static str],
    pub(crate) routes: &'static [&'static str],
}

pub(crate) const TAKES: [Takes; 4] = [
    Takes { word: "http.poll", options: &["every", "items"], routes: &[] },
    Takes { word: "generate", options: &["every", "seed", "count"], routes: &[] },
    Takes { word: "http", options: &["method", "headers", "timeout", "retry"], routes: &["failed"] },
    Takes { word: "websocket", options: &["snapshot"], routes: &[] },
];

impl Lowerer<'_> {
    /// The node's kind of a source that is no topic.
    pub(super) fn external_source(
        &mut self,
        decl: &SourceDecl,
        connector: &ConnectorRef,
        schema: &Schema,
        key: Option<usize>,
        time: SourceTime,
    ) -> Option<NodeKind> {
        match connector.name.node.as_str() {
            "http.poll" => {
                self.takes(connector)?;
                let url = self.url(connector)?;
                let every = self.length(connector, "every")?;
                let items = match self.option(connector, "items") {
                    Some(items) => Some(self.text(items)?),
                    None => None,
                };
                if let Some(items) = &items
                    && !items.starts_with('$')
                {
                    let span = self.option(connector, "items").map_or(connector.span, |items| items.span);
                    self.diagnostics.push(
                        Diagnostic::error(
                            codes::CONNECTOR,
                            span,
                            "`items` says where in an answer the events are, from its root `$` on",
                        )
                        .note("for example \"$.data.stations[*]\""),
                    );
                    return None;
                }
                let malformed = self.route(decl.malformed.as_ref());
                Some(NodeKind::HttpPoll(HttpPoll { url, every, items, key, time, malformed }))
            }
            "generate" => {
                self.takes(connector)?;
                if let Some(malformed) = &decl.malformed {
                    self.error(codes::CONNECTOR, malformed.span, "what is made up is never malformed");
                }
                self.generate(connector, schema, key, time)
            }
            other => {
                self.unknown_connector(&connector.name, other, &SOURCES, "source");
                None
            }
        }
    }

    pub(super) fn external_sink(&mut self, decl: &SinkDecl, connector: &ConnectorRef, flow: &Flow) {
        let (kind, inputs) = match connector.name.node.as_str() {
            "http" => {
                let Some(kind) = self.http_sink(decl, connector, flow) else { return };
                (kind, vec![flow.node])
            }
            "websocket" => {
                let Some((kind, table)) = self.websocket_sink(connector, flow) else { return };
                (kind, std::iter::once(flow.node).chain(table).collect())
            }
            other => {
                self.unknown_connector(&connector.name, other, &SINKS, "sink");
                return;
            }
        };
        let plain = format!("{}.sink", decl.stream.node);
        let name = if self.node_places.contains_key(&plain) {
            format!("{plain}.{}", connector.name.node)
        } else {
            plain
        };
        self.add(name, kind, inputs, flow.schema.clone(), decl.stream.span);
    }

    fn websocket_sink(
        &mut self,
        connector: &ConnectorRef,
        flow: &Flow,
    ) -> Option<(NodeKind, Option<tidegate_model::NodeId>)> {
        self.takes(connector)?;
        let given = self.only_argument(connector, "a path, such as \"/ws/stations\"")?;
        let path = self.text(given)?;
        if !path.starts_with('/') {
            self.diagnostics.push(
                Diagnostic::error(codes::CONNECTOR, given.span, format!("{path:?} is no path"))
                    .note("for example \"/ws/stations\""),
            );
            return None;
        }
        let table = match self.option(connector, "snapshot") {
            None => None,
            Some(Expr { node: Ast::Path(path), span }) if path.len() == 1 => {
                let name = Name::new(path[0].clone(), *span);
                let table = self.flow(&name)?;
                if !table.is_table {
                    self.error(
                        codes::TABLE_NEEDED,
                        *span,
                        format!("`{}` is a stream, and the rows of a table are sent first", name.node),
                    );
                    return None;
                }
                let same =
                    |a: &Column, b: &Column| (&a.path, a.ty, a.presence) == (&b.path, b.ty, b.presence);
                let has = |column: &&Column| flow.schema.columns.iter().any(|other| same(column, other));
                let lacking = table.schema.columns.iter().find(|column| !has(column));
                if let Some(lacking) = lacking {
                    self.diagnostics.push(
                        Diagnostic::error(
                            codes::CONNECTOR,
                            *span,
                            format!(
                                "the rows of `{}` have a field `{}` that the stream lacks",
                                name.node, lacking.path
                            ),
                        )
                        .note("the stream is to be the changes of this table"),
                    );
                    return None;
                }
                Some(table.node)
            }
            Some(other) => {
                self.error(codes::CONNECTOR, other.span, "the name of a table is needed here");
                return None;
            }
        };
        let sink = WebSocketSink { path, snapshot: table.is_some(), format: JsonFormat::default() };
        Some((NodeKind::WebSocketSink(sink), table))
    }

    /// Options and routes that are not known, or are there twice, are told.
    pub(super) fn takes(&mut self, connector: &ConnectorRef) -> Option<()> {
        let takes = TAKES.iter().find(|takes| takes.word == connector.name.node);
        let Takes { options, routes, .. } = *takes.expect("whoever asks knows the connector");
        let told = self.diagnostics.len();
        let mut seen: BTreeMap<&str, Place> = BTreeMap::new();
        let given = connector.options.iter().map(|(name, _)| (name, options));
        for (name, known) in given.chain(connector.routes.iter().map(|(name, _)| (name, routes))) {
            if let Some(before) = seen.insert(&name.node, name.span) {
                let message = format!("`{}` is there twice", name.node);
                self.diagnostics.push(
                    Diagnostic::error(codes::CONNECTOR, name.span, message).because(before, "first here"),
                );
            }
            if name.node == CURSOR {
                let all = options.iter().chain(routes).map(|&name| name.to_owned());
                self.globals.facts.note(|| Fact::Options(all.collect()));
            }
            if known.contains(&name.node.as_str()) {
                continue;
            }
            let message = format!("`{}` has no option `{}`", connector.name.node, name.node);
            let diagnostic = Diagnostic::error(codes::CONNECTOR, name.span, message);
            let all: Vec<&str> = options.iter().chain(routes).copied().collect();
            self.diagnostics.push(match did_you_mean(&name.node, all.iter().copied()) {
                Some(meant) => diagnostic.here(format!("did you mean `{meant}`?")),
                None => diagnostic.note(format!("there is {}", crate::check::expr::list(&all))),
            });
        }
        (self.diagnostics.len() == told).then_some(())
    }

    fn unknown_connector(&mut self, name: &Name, word: &str, known: &[&str], what: &str) {
        let diagnostic =
            Diagnostic::error(codes::CONNECTOR, name.span, format!("there is no {what} `{word}`"));
        self.diagnostics.push(match did_you_mean(word, known.iter().copied()) {
            Some(meant) => diagnostic.here(format!("did you mean `{meant}`?")),
            None => diagnostic.note(format!("there is {}", crate::check::expr::list(known))),
        });
    }

    pub(super) fn option<'e>(&self, connector: &'e ConnectorRef, name: &str) -> Option<&'e Expr> {
        connector.options.iter().find(|(option, _)| option.node == name).map(|(_, value)| value)
    }

    pub(super) fn only_argument<'e>(&mut self, connector: &'e ConnectorRef, what: &str) -> Option<&'e Expr> {
        match &connector.arguments[..] {
            [only] => Some(only),
            [] => {
                self.error(
                    codes::CONNECTOR,
                    connector.span,
                    format!("`{}` needs {what}", connector.name.node),
                );
                None
            }
            [_, second, ..] => {
                self.error(
                    codes::CONNECTOR,
                    second.span,
                    format!("`{}` takes one value without a name: {what}", connector.name.node),
                );
                None
            }
        }
    }

    pub(super) fn url(&mut self, connector: &ConnectorRef) -> Option<String> {
        let given = self.only_argument(connector, "an address, such as \"https://example.org/feed.json\"")?;
        let url = self.text(given)?;
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        if rest
            .is_none_or(|rest| rest.is_empty() || rest.starts_with('/') || rest.contains(char::is_whitespace))
        {
            self.diagnostics.push(
                Diagnostic::error(codes::CONNECTOR, given.span, format!("{url:?} is no address"))
                    .note("it begins with https:// or http://"),
            );
            return None;
        }
        Some(url)
    }

    /// A text, or `env("…")`, or a param.
    pub(super) fn text(&mut self, expr: &Expr) -> Option<String> {
        match self.constant(expr, ScalarType::String)? {
            Value::String(text) => Some(text.into()),
            _ => None,
        }
    }

    fn length(&mut self, connector: &ConnectorRef, name: &str) -> Option<Span> {
        let Some(given) = self.option(connector, name) else {
            let example = format!("for example `{name}: 30s`");
            self.diagnostics.push(
                Diagnostic::error(
                    codes::CONNECTOR,
                    connector.span,
                    format!("`{}` needs `{name}`", connector.name.node),
                )
                .note(example),
            );
            return None;
        };
        let Value::Duration(micros) = self.constant(given, ScalarType::Duration)? else { return None };
        self.positive(&crate::ast::Spanned::new(micros, given.span))?;
        Some(Span::from_micros(micros))
    }

    pub(super) fn every(&mut self, connector: &ConnectorRef) -> Option<Span> {
        self.length(connector, "every")
    }

    pub(super) fn constant(&mut self, expr: &Expr, ty: ScalarType) -> Option<Value> {
        constant(expr, ty, None, self.globals, self.environment, self.diagnostics)
    }
}
