//! How an event finds a table's row: by all parts of the table's key, in the partition where the row lies.

use super::At;
use super::join_condition::Condition;
use crate::ast::{self, JoinStep};
use crate::diagnostic::{Diagnostic, codes};
use crate::lower::key::Wish;
use crate::lower::{Flow, Lowerer};
use crate::source::Span as Place;
use tidegate_model::NodeId;
use tidegate_model::expr::Expr;
use tidegate_model::plan::NodeKind;

/// What a part of the table's key is compared with.
pub(super) enum Part {
    /// A field of the event.
    Column(usize),
    Computed(ast::Expr),
}

impl Lowerer<'_> {
    /// The events where the rows of their keys are, and what finds them there.
    pub(super) fn row_of_table(
        &mut self,
        at: At<'_>,
        join: &JoinStep,
        condition: &Condition,
        flow: &Flow,
        rows: &Flow,
    ) -> Option<(Flow, Vec<Expr>)> {
        if self.is_of_windows(rows.node) {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::JOIN_SHAPE,
                    join.other.span,
                    format!("`{}` has a row for each window, and an event does not look into those", join.other.node),
                )
                .because(rows.key_at, "its key, and the window")
                .note("make a stream of it (`emit final`) and join that `within` a time; or keep each key's last window: `|> changes |> latest by …`"),
            );
            return None;
        }
        let parts = self.parts(join, condition, flow, rows)?;
        let flow = self.beside(at, join, flow, rows, &parts, condition.span)?;
        let event = flow.event();
        let mut key = Vec::new();
        for (part, column) in parts.iter().zip(rows.key.iter().flatten()) {
            let expr = match part {
                Part::Column(column) => self.columns(&flow, &[*column]).remove(0),
                Part::Computed(expr) => self.checker(&event).scalar(expr)?,
            };
            let column = &rows.schema.columns[*column];
            if expr.ty != column.ty {
                let place = match part {
                    Part::Column(_) => condition.span,
                    Part::Computed(expr) => expr.span,
                };
                let message = format!("the table's key is {}, and this is {}", column.ty, expr.ty);
                self.diagnostics.push(
                    Diagnostic::error(codes::JOIN_KEY, place, message)
                        .because(rows.key_at, format!("`{}` is the table's key", column.path)),
                );
                return None;
            }
            key.push(expr);
        }
        Some((flow, key))
    }

    /// What each part of the table's key is compared with; it must be all of them.
    fn parts(
        &mut self,
        join: &JoinStep,
        condition: &Condition,
        flow: &Flow,
        rows: &Flow,
    ) -> Option<Vec<Part>> {
        if condition.computed.is_empty() {
            let columns = self.whole_key(join, condition, flow, rows)?;
            return Some(columns.into_iter().map(Part::Column).collect());
        }
        let key = rows.key.clone().unwrap_or_default();
        let part = |column: &usize| {
            let at = condition.right.iter().position(|right| right == column);
            let computed = || condition.computed.iter().find(|(right, _)| right == column);
            match at.and_then(|at| condition.left.get(at)) {
                Some(left) => Some(Part::Column(*left)),
                None => computed().map(|(_, expr)| Part::Computed(expr.clone())),
            }
        };
        let parts: Option<Vec<Part>> = key.iter().map(part).collect();
        let is_whole = condition.left.len() + condition.computed.len() == key.len();
        let parts = parts.filter(|_| is_whole);
        if parts.is_none() {
            self.other_key(join, condition, flow, rows);
        }
        parts
    }

    /// The flow, moved to where the rows of its keys are.
    fn beside(
        &mut self,
        at: At<'_>,
        join: &JoinStep,
        flow: &Flow,
        rows: &Flow,
        parts: &[Part],
        span: Place,
    ) -> Option<Flow> {
        if self.lies_together(rows.node) {
            return Some(self.all_together(at, join, flow, rows));
        }
        let key = rows.key.as_deref().unwrap_or_default();
        let places = rows.partitioned.as_deref().unwrap_or_default();
        let places: Option<Vec<usize>> =
            places.iter().map(|place| key.iter().position(|column| column == place)).collect();
        let places = places.filter(|places| !places.is_empty());
        let places = places.unwrap_or_else(|| (0..parts.len()).collect());
        let mut wanted = Vec::new();
        for place in places {
            match &parts[place] {
                Part::Column(column) => wanted.push(*column),
                Part::Computed(expr) => {
                    let name = &rows.schema.columns[key[place]].path;
                    self.diagnostics.push(
                        Diagnostic::error(
                            codes::JOIN_SHAPE,
                            expr.span,
                            format!("`{name}` says in which partition a row lies, and is compared with a field of the event"),
                        )
                        .because(rows.key_at, "partitioned by this")
                        .note(format!("give it a name in a step before: `|> add {{ {name}: … }}`")),
                    );
                    return None;
                }
            }
        }
        // State is not kept by a longer key here: the row must be in the very partition of its key.
        let wish = Wish::Needed { keyword: "join" };
        Some(self.repartitioned(&at.decl.name.node, flow, &wanted, span, &wish))
    }

    /// The events of all keys, in the one partition where the table's rows are.
    fn all_together(&mut self, at: At<'_>, join: &JoinStep, flow: &Flow, rows: &Flow) -> Flow {
        let name = format!("{}-all", at.name("join"));
        let node = self.repartition(name, flow, &[], false, None, at.step.span);
        let other = &join.other.node;
        self.diagnostics.push(
            Diagnostic::warning(
                codes::REPARTITION,
                join.other.span,
                format!("the rows of `{other}` lie in one partition, and all events go there"),
            )
            .because(rows.key_at, "the first rows of all")
            .note("`top … per …` keeps the rows of each key where its events are"),
        );
        Flow { node, partitioned: None, ..flow.clone() }
    }

    /// Do its rows lie in one partition, whatever their key is? Those of a `top` of everything do, and what is made of them.
    pub(super) fn lies_together(&self, node: NodeId) -> bool {
        let node = &self.nodes[node.0 as usize];
        match &node.kind {
            NodeKind::Top(top) => top.key.is_empty(),
            NodeKind::Filter(_) | NodeKind::Map(_) | NodeKind::JoinTables(_) => {
                self.lies_together(node.inputs[0])
            }
            _ => false,
        }
    }

    /// Has it a row for each key and window?
    fn is_of_windows(&self, node: NodeId) -> bool {
        let node = &self.nodes[node.0 as usize];
        match &node.kind {
            NodeKind::Aggregate(aggregate) => aggregate.window.is_some(),
            NodeKind::Filter(_) | NodeKind::Map(_) | NodeKind::JoinTables(_) => {
                self.is_of_windows(node.inputs[0])
            }
            _ => false,
        }
    }
}
