//! The declarations of a file, for its outline.

use super::Analysis;
use crate::ast::{FieldDecl, Name, TypeKind};
use crate::parse;
use crate::source::Span;

#[derive(Clone, PartialEq, Debug)]
pub struct Symbol {
    pub name: String,
    pub kind: SymbolKind,
    /// The whole declaration, where its end is known; else its name.
    pub span: Span,
    pub name_span: Span,
    pub children: Vec<Symbol>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SymbolKind {
    Topology,
    Type,
    Enum,
    Field,
    Variant,
    Param,
    Function,
    Source,
    Table,
    Stream,
    Step,
    Sink,
    Serve,
    Test,
}

impl Analysis {
    /// The declarations of the topology's own file, in its order.
    pub fn symbols(&self) -> Vec<Symbol> {
        let topology = &self.topology;
        let own = self.compiled.sources.own();
        let units = if own.is_yaml() { Vec::new() } else { parse::split(&own.text) };
        let whole = |span: Span| {
            let unit = units.iter().find(|unit| unit.start <= span.start && span.end <= unit.end);
            unit.map_or(span, |unit| {
                let text = own.text[unit.start as usize..unit.end as usize].trim_end();
                Span::new(unit.start as usize, unit.start as usize + text.len())
            })
        };
        let symbol = |name: &Name, kind: SymbolKind, children: Vec<Symbol>| {
            let end = children.iter().map(|child| child.span.end).max().unwrap_or(0);
            let span = whole(name.span);
            let span = Span { start: span.start, end: span.end.max(end) };
            Symbol { name: name.node.clone(), kind, span, name_span: name.span, children }
        };
        let mut all = Vec::new();
        all.extend(topology.name.iter().map(|name| symbol(name, SymbolKind::Topology, Vec::new())));
        for decl in &topology.types {
            let child = |name: &Name, kind: SymbolKind, span: Span| Symbol {
                name: name.node.clone(),
                kind,
                span,
                name_span: name.span,
                children: Vec::new(),
            };
            let (kind, children) = match &decl.body.node {
                TypeKind::Record(fields) => {
                    let field = |field: &FieldDecl| {
                        child(&field.name, SymbolKind::Field, field.name.span.to(field.ty.span))
                    };
                    (SymbolKind::Type, fields.iter().map(field).collect())
                }
                TypeKind::Enum(variants) => {
                    let variant = |name: &Name| child(name, SymbolKind::Variant, name.span);
                    (SymbolKind::Enum, variants.iter().map(variant).collect())
                }
                _ => (SymbolKind::Type, Vec::new()),
            };
            all.push(symbol(&decl.name, kind, children));
        }
        all.extend(topology.params.iter().map(|decl| symbol(&decl.name, SymbolKind::Param, Vec::new())));
        all.extend(
            topology.functions.iter().map(|decl| symbol(&decl.name, SymbolKind::Function, Vec::new())),
        );
        all.extend(topology.sources.iter().map(|decl| symbol(&decl.name, SymbolKind::Source, Vec::new())));
        all.extend(topology.tables.iter().map(|decl| symbol(&decl.name, SymbolKind::Table, Vec::new())));
        for decl in &topology.streams {
            let steps = decl.steps.iter().map(|step| {
                let text = self.text(step.span).split_whitespace().collect::<Vec<_>>().join(" ");
                let name_span = step.alias.as_ref().map_or(step.span, |alias| alias.span);
                Symbol {
                    name: shortened(&text),
                    kind: SymbolKind::Step,
                    span: Span { start: step.span.start, end: step.span.end.max(name_span.end) },
                    name_span,
                    children: Vec::new(),
                }
            });
            let kind = if decl.is_table { SymbolKind::Table } else { SymbolKind::Stream };
            all.push(symbol(&decl.name, kind, steps.collect()));
        }
        all.extend(topology.sinks.iter().map(|decl| symbol(&decl.stream, SymbolKind::Sink, Vec::new())));
        all.extend(topology.serves.iter().map(|decl| symbol(&decl.table, SymbolKind::Serve, Vec::new())));
        all.extend(topology.tests.iter().map(|decl| Symbol {
            name: decl.name.node.clone(),
            kind: SymbolKind::Test,
            span: decl.span,
            name_span: if decl.span.start <= decl.name.span.start { decl.name.span } else { decl.span },
            children: Vec::new(),
        }));
        let end = own.text.len() as u32;
        all.retain(|symbol| symbol.span.end <= end);
        all.sort_by_key(|symbol| symbol.span);
        all
    }
}

fn shortened(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    if text.chars().count() <= CHARS_MAX {
        return text.to_owned();
    }
    text.chars().take(CHARS_MAX).chain(['…']).collect()
}
