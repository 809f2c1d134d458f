//! Which words a declaration mentions.

use crate::ast::*;
use std::collections::BTreeSet;

/// The streams that a stream's `branch` declares.
pub(crate) fn branches(decl: &StreamDecl) -> impl Iterator<Item = &Name> {
    decl.steps.iter().flat_map(|step| {
        let arms: &[BranchArm] = match &step.kind {
            StepKind::Branch(arms) => arms,
            _ => &[],
        };
        arms.iter().map(|arm| &arm.name)
    })
}

#[derive(Default)]
pub(crate) struct Words {
    pub(crate) types: BTreeSet<String>,
    /// First names of paths.
    pub(crate) names: BTreeSet<String>,
    pub(crate) calls: BTreeSet<String>,
    pub(crate) flows: BTreeSet<String>,
}

impl Words {
    pub(crate) fn ty(&mut self, ty: &TypeExpr) {
        match &ty.node {
            TypeKind::Named(name) => drop(self.types.insert(name.clone())),
            TypeKind::Nullable(inner) | TypeKind::List(inner) => self.ty(inner),
            TypeKind::Braced(field) => {
                // The name may be that of a key's type.
                self.types.insert(field.name.node.clone());
                self.ty(&field.ty);
            }
            TypeKind::Record(fields) => fields.iter().for_each(|field| self.ty(&field.ty)),
            TypeKind::Decimal { .. } | TypeKind::Enum(_) => {}
        }
    }

    pub(crate) fn connector(&mut self, connector: &Connector) {
        let Connector::Other(connector) = connector else { return };
        connector.arguments.iter().for_each(|expr| self.expr(expr));
        connector.options.iter().for_each(|(_, expr)| self.expr(expr));
    }

    pub(crate) fn stream(&mut self, decl: &StreamDecl) {
        self.flows.extend(decl.inputs.iter().map(|name| name.node.clone()));
        decl.steps.iter().for_each(|step| self.step(&step.kind));
    }

    pub(crate) fn step(&mut self, kind: &StepKind) {
        match kind {
            StepKind::Filter(expr) | StepKind::Map(expr) | StepKind::FlatMap(expr) => self.expr(expr),
            StepKind::Expand { list, .. } => self.expr(list),
            StepKind::Add(fields) | StepKind::Aggregate(fields) => self.fields(fields),
            StepKind::GroupBy(by) | StepKind::RepartitionBy(by) | StepKind::Latest(by) => self.exprs(by),
            StepKind::Dedupe { by, .. } => self.exprs(by),
            StepKind::Rolling(step) => {
                self.exprs(&step.by);
                self.fields(&step.functions);
            }
            StepKind::Join(step) => {
                self.flows.insert(step.other.node.clone());
                self.exprs(&step.by);
                step.on.iter().chain(&step.as_of).chain(&step.condition).for_each(|expr| self.expr(expr));
            }
            StepKind::Match(step) => {
                self.exprs(&step.by);
                for variable in step.elements.iter().flat_map(|element| &element.variables) {
                    self.fields(&variable.totals);
                    variable.condition.iter().for_each(|expr| self.expr(expr));
                }
            }
            StepKind::Branch(arms) => {
                arms.iter().filter_map(|arm| arm.condition.as_ref()).for_each(|expr| self.expr(expr));
            }
            StepKind::Changes(predicate) => predicate.iter().for_each(|expr| self.expr(expr)),
            StepKind::Top(step) => {
                step.order.iter().for_each(|(expr, _)| self.expr(expr));
                self.exprs(&step.per);
            }
            StepKind::Schedule(step) => {
                self.expr(&step.at);
                self.exprs(&step.by);
                step.cancel.iter().for_each(|expr| self.expr(expr));
            }
            StepKind::Select(_)
            | StepKind::Drop(_)
            | StepKind::Window(_)
            | StepKind::Via(_)
            | StepKind::Emit(_)
            | StepKind::Ttl(_) => {}
        }
    }

    fn exprs(&mut self, exprs: &[Expr]) {
        exprs.iter().for_each(|expr| self.expr(expr));
    }

    fn fields(&mut self, fields: &[(Name, Expr)]) {
        fields.iter().for_each(|(_, expr)| self.expr(expr));
    }

    pub(crate) fn expr(&mut self, expr: &Expr) {
        match &expr.node {
            ExprKind::Path(path) => drop(self.names.insert(path[0].clone())),
            ExprKind::Call(name, _) => drop(self.calls.insert(name.node.clone())),
            _ => {}
        }
        expr.node.children().into_iter().for_each(|part| self.expr(part));
    }
}
