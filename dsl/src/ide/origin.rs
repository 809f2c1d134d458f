//! Where a field comes from: back along the stream to the step, or the type, that declares it.

use super::mention::Context;
use crate::ast::*;
use crate::source::Span;

/// A stream's way back has at most so many turns; a stream that is made from itself has no end.
const DEPTH_MAX: usize = 64;

pub(super) struct Origins<'a> {
    pub(super) topology: &'a Topology,
}

impl Origins<'_> {
    /// The place that declares the last name of a path, as it is understood at `context`.
    pub(super) fn of(&self, path: &[String], context: Context) -> Option<Span> {
        match context {
            Context::Nowhere => None,
            Context::Step(stream, step) => {
                let path =
                    if path[0] == "it" { path.get(1..).filter(|rest| !rest.is_empty())? } else { path };
                let stream = self.topology.streams.get(stream)?;
                // A join's condition sees the other's row, and a pattern's conditions see its variables.
                let own = stream.steps.get(step).map(|own| &own.kind);
                if let Some(own @ (StepKind::Join(_) | StepKind::Match(_) | StepKind::Changes(_))) = own
                    && let Found::Here(Some(place)) = self.at_step(stream, step, own, path, DEPTH_MAX)
                {
                    return Some(place);
                }
                self.before(stream, step, path, DEPTH_MAX)
            }
            Context::Function(index) => {
                let function = self.topology.functions.get(index)?;
                self.in_fields(&function.arguments, path, DEPTH_MAX)
            }
            Context::Source(index) => self.in_type(&self.topology.sources.get(index)?.ty, path, DEPTH_MAX),
            Context::Table(index) => self.in_type(&self.topology.tables.get(index)?.ty, path, DEPTH_MAX),
            Context::Sink(index) => self.flow(&self.topology.sinks.get(index)?.stream.node, path, DEPTH_MAX),
        }
    }

    /// In the rows of a source, table or stream.
    fn flow(&self, name: &str, path: &[String], depth: usize) -> Option<Span> {
        let depth = depth.checked_sub(1)?;
        let topology = self.topology;
        let ty = topology.sources.iter().find(|decl| decl.name.node == name).map(|decl| &decl.ty);
        let ty =
            ty.or_else(|| topology.tables.iter().find(|decl| decl.name.node == name).map(|decl| &decl.ty));
        if let Some(ty) = ty {
            return self.in_type(ty, path, depth);
        }
        if let Some(stream) = topology.streams.iter().find(|decl| decl.name.node == name) {
            return self.before(stream, stream.steps.len(), path, depth);
        }
        // A branch has the rows that came to its `branch`.
        topology.streams.iter().find_map(|stream| {
            let at = stream.steps.iter().position(
                |step| matches!(&step.kind, StepKind::Branch(arms) if arms.iter().any(|arm| arm.name.node == name)),
            )?;
            self.before(stream, at, path, depth)
        })
    }

    /// In the events that come to a step.
    fn before(&self, stream: &StreamDecl, step: usize, path: &[String], depth: usize) -> Option<Span> {
        let depth = depth.checked_sub(1)?;
        for (index, step) in stream.steps.iter().enumerate().take(step).rev() {
            if let Found::Here(place) = self.at_step(stream, index, &step.kind, path, depth) {
                return place;
            }
        }
        stream.inputs.iter().find_map(|input| self.flow(&input.node, path, depth))
    }

    /// What a step itself has to say of a field.
    fn at_step(
        &self,
        stream: &StreamDecl,
        index: usize,
        kind: &StepKind,
        path: &[String],
        depth: usize,
    ) -> Found {
        let Some((first, rest)) = path.split_first() else { return Found::Here(None) };
        match kind {
            StepKind::Add(fields) => match field(fields, first) {
                None => Found::Further,
                Some((name, _)) if rest.is_empty() => Found::Here(Some(name.span)),
                Some((_, value)) => Found::Here(self.in_value(value, rest, stream, index, depth)),
            },
            StepKind::Rolling(rolling) => match field(&rolling.functions, first) {
                None => Found::Further,
                Some((name, _)) => Found::Here(Some(name.span)),
            },
            StepKind::Aggregate(fields) => Found::Here(match field(fields, first) {
                Some((name, _)) => Some(name.span),
                None => self.group_key(stream, index, first, depth),
            }),
            StepKind::Map(value) => Found::Here(self.in_value(value, path, stream, index, depth)),
            StepKind::Join(join) => {
                let alias = join.alias.as_ref().unwrap_or(&join.other);
                match rest {
                    _ if alias.node != *first => Found::Further,
                    [] => Found::Here(Some(alias.span)),
                    rest => Found::Here(self.flow(&join.other.node, rest, depth)),
                }
            }
            StepKind::Match(pattern) => {
                let mut variables = pattern.elements.iter().flat_map(|element| &element.variables);
                Found::Here(match variables.find(|variable| variable.name.node == *first) {
                    None => None,
                    Some(variable) if rest.is_empty() => Some(variable.name.span),
                    Some(_) => self.before(stream, index, rest, depth),
                })
            }
            StepKind::Expand { name, .. } if name.node == *first && rest.is_empty() => {
                Found::Here(Some(name.span))
            }
            StepKind::Changes(_) if matches!(first.as_str(), "old" | "new") => {
                Found::Here(self.before(stream, index, rest, depth))
            }
            // The rest leave the fields that they keep as they were.
            _ => Found::Further,
        }
    }

    /// The key's part of this name, from the `group by` before an aggregate.
    fn group_key(&self, stream: &StreamDecl, aggregate: usize, name: &str, depth: usize) -> Option<Span> {
        let (index, by) =
            stream.steps.iter().enumerate().take(aggregate).rev().find_map(|(index, step)| {
                match &step.kind {
                    StepKind::GroupBy(by) => Some((index, by)),
                    _ => None,
                }
            })?;
        by.iter().find_map(|expr| match &expr.node {
            ExprKind::Path(path) if path.last().is_some_and(|last| last == name) => {
                self.before(stream, index, path, depth)
            }
            _ => None,
        })
    }

    /// In the record that an expression makes, which stands in the step at `index`.
    fn in_value(
        &self,
        value: &Expr,
        path: &[String],
        stream: &StreamDecl,
        index: usize,
        depth: usize,
    ) -> Option<Span> {
        let depth = depth.checked_sub(1)?;
        let (first, rest) = path.split_first()?;
        match &value.node {
            ExprKind::Record(entries) => entries.iter().rev().find_map(|entry| match entry {
                RecordEntry::Field(name, _) if name.node == *first && rest.is_empty() => Some(name.span),
                RecordEntry::Field(name, value) if name.node == *first => {
                    self.in_value(value, rest, stream, index, depth)
                }
                RecordEntry::Spread(value) => self.in_value(value, path, stream, index, depth),
                RecordEntry::Field(..) | RecordEntry::Open => None,
            }),
            ExprKind::Path(base) => {
                let base = if base[0] == "it" { &base[1..] } else { &base[..] };
                self.before(stream, index, &[base, path].concat(), depth)
            }
            ExprKind::Call(name, _) => {
                let function = self.topology.functions.iter().find(|decl| decl.name.node == name.node)?;
                self.in_type(&function.result, path, depth)
            }
            ExprKind::If(_, then, otherwise) => [then, otherwise]
                .into_iter()
                .find_map(|value| self.in_value(value, path, stream, index, depth)),
            ExprKind::Match(_, arms) => arms
                .iter()
                .filter_map(|arm| arm.value.as_ref())
                .find_map(|value| self.in_value(value, path, stream, index, depth)),
            _ => None,
        }
    }

    fn in_type(&self, ty: &TypeExpr, path: &[String], depth: usize) -> Option<Span> {
        let depth = depth.checked_sub(1)?;
        match &ty.node {
            TypeKind::Record(fields) => self.in_fields(fields, path, depth),
            TypeKind::Braced(field) => self.in_fields(std::slice::from_ref(field), path, depth),
            TypeKind::Nullable(inner) => self.in_type(inner, path, depth),
            TypeKind::Named(name) => {
                let decl = self.topology.types.iter().find(|decl| decl.name.node == *name)?;
                self.in_type(&decl.body, path, depth)
            }
            _ => None,
        }
    }

    fn in_fields(&self, fields: &[FieldDecl], path: &[String], depth: usize) -> Option<Span> {
        let (first, rest) = path.split_first()?;
        let field = fields.iter().find(|field| field.name.node == *first)?;
        if rest.is_empty() { Some(field.name.span) } else { self.in_type(&field.ty, rest, depth) }
    }
}

/// What a step says of a field: that it is further back, or where it is from (None: from nowhere that can be shown).
enum Found {
    Further,
    Here(Option<Span>),
}

fn field<'e>(fields: &'e [(Name, Expr)], name: &str) -> Option<&'e (Name, Expr)> {
    fields.iter().find(|(field, _)| field.node == name)
}
