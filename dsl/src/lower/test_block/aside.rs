//! What a test expects to be set aside, and at which step.

use super::can_fail::can_fail;
use crate::ast::{self, Aside};
use crate::check::typed::Type;
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::lower::Lowerer;
use tidegate_model::ScalarType;
use tidegate_model::plan::{Node, NodeKind};

impl Lowerer<'_> {
    /// The node at which events are set aside: `expect malformed of payments`, `expect errors of alerts.map`, `expect late of hourly`.
    pub(super) fn aside_node(&mut self, aside: Aside, of: &ast::Path) -> Option<String> {
        let name = of.node.join(".");
        let fitting: Vec<&Node> = self.nodes.iter().filter(|node| fits(&node.kind, aside)).collect();
        let mut steps: Vec<&str> = fitting.iter().map(|node| node.step()).collect();
        steps.dedup();
        let inside = format!("{name}.");
        // A stream's name stands for its only step of the kind.
        let of_stream: Vec<&str> = steps.iter().copied().filter(|step| step.starts_with(&inside)).collect();
        let chosen = match (steps.iter().find(|step| **step == name), &of_stream[..]) {
            (Some(exact), _) => Some((*exact).to_owned()),
            (None, [only]) => Some((*only).to_owned()),
            _ => None,
        };
        if let Some(chosen) = chosen {
            self.used.insert(of.node[0].clone());
            return Some(chosen);
        }
        let known = |node: &&Node| node.step() == name || node.name.starts_with(&inside);
        let known = self.nodes.iter().find(known).or_else(|| {
            // A stream without steps is its input.
            self.flows.get(&name).map(|flow| &self.nodes[flow.node.0 as usize])
        });
        let diagnostic = Diagnostic::error(codes::TEST, of.span, message(aside, &name, known, &of_stream));
        let is_input = known.is_some_and(|node| node.name == name && fits(&node.kind, Aside::Malformed));
        let diagnostic = match did_you_mean(&name, steps.iter().copied()) {
            _ if is_input && aside == Aside::Errors => {
                diagnostic.note(format!("what cannot be read there: `expect malformed {name} == [ … ]`"))
            }
            Some(meant) if known.is_none() => diagnostic.here(format!("did you mean `{meant}`?")),
            _ if !of_stream.is_empty() => {
                let list = crate::check::expr::list(&of_stream);
                diagnostic.note(format!("say which: {list}; a step is named with `as NAME` behind it"))
            }
            _ if steps.is_empty() => diagnostic,
            _ => diagnostic.note(format!("there is {}", crate::check::expr::list(&steps))),
        };
        self.diagnostics.push(diagnostic);
        None
    }
}

/// Can events be set aside there for this reason?
fn fits(kind: &NodeKind, aside: Aside) -> bool {
    match aside {
        Aside::Malformed => {
            matches!(kind, NodeKind::Source(_) | NodeKind::Table(_) | NodeKind::HttpPoll(_))
        }
        Aside::Late => {
            matches!(kind, NodeKind::Aggregate(aggregate) if aggregate.window.is_some())
                || matches!(kind, NodeKind::JoinStreams(_) | NodeKind::Match(_))
                || matches!(kind, NodeKind::Rolling(rolling) if rolling.ordered)
        }
        Aside::Errors => can_fail(kind),
    }
}

/// `known`: what there is of this name.
fn message(aside: Aside, name: &str, known: Option<&Node>, of_stream: &[&str]) -> String {
    let quoted = |word: &str| format!("`{name}` {word}");
    match (aside, known) {
        (Aside::Malformed, _) => quoted("is no source and no table that is read: nothing is malformed there"),
        (Aside::Late, _) => format!(
            "there is no windowed `aggregate`, `join` of two streams, `match` or ordered `rolling` named `{name}`: nothing is late there"
        ),
        (Aside::Errors, _) if !of_stream.is_empty() => quoted("has several steps that can fail"),
        (Aside::Errors, Some(node)) if node.step() == name && !node.name.contains('.') => {
            quoted("computes nothing, so no event fails there")
        }
        (Aside::Errors, Some(node)) if node.step() == name => {
            quoted("has a result for every event, so none is set aside there")
        }
        (Aside::Errors, Some(_)) => quoted("has no step that can fail, so no event is set aside there"),
        (Aside::Errors, None) => format!("there is no step `{name}` whose expressions could fail"),
    }
}

/// What an expectation of events that were set aside can say of each.
pub(super) fn aside_type() -> Type {
    let text = |nullable| Type::Scalar { ty: ScalarType::String, nullable };
    let fields = [("code", false), ("message", false), ("step", false), ("key", true), ("value", true)];
    Type::Record {
        fields: fields.into_iter().map(|(name, nullable)| (name.to_owned(), text(nullable))).collect(),
        nullable: false,
    }
}
