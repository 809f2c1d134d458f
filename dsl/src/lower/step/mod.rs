//! The steps, each in a file named after it. What a step makes is a flow: its node, its columns, and what is known of its keys.

mod branch;
mod changes;
mod computed;
mod dedupe;
mod expand;
mod filter;
mod join;
mod join_condition;
mod join_name;
mod join_row;
mod latest;
mod map;
mod match_events;
mod rolling;
mod rolling_state;
mod schedule;
mod top;
mod via;

use super::key::Wish;
use super::{Flow, Lowerer};
use crate::ast::{self, Step, StepKind, StreamDecl};
use crate::source::Span as Place;
use tidegate_model::plan::Route;

/// May this step be given a table?
pub(super) fn takes_tables(kind: &StepKind) -> bool {
    matches!(
        kind,
        StepKind::Changes(_)
            | StepKind::Top(_)
            | StepKind::Join(_)
            | StepKind::Filter(_)
            | StepKind::Map(_)
            | StepKind::Select(_)
            | StepKind::Drop(_)
            | StepKind::Add(_)
            | StepKind::GroupBy(_)
            | StepKind::Window(_)
            | StepKind::Aggregate(_)
            | StepKind::Emit(_)
            | StepKind::Ttl(_)
    )
}

/// Where the parts of a step come from.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) decl: &'a StreamDecl,
    pub(super) step: &'a Step,
}

impl At<'_> {
    /// What gave the step its name.
    pub(super) fn place(self) -> Place {
        self.step.alias.as_ref().map_or(self.step.span, |alias| alias.span)
    }

    pub(super) fn name(self, keyword: &str) -> String {
        Lowerer::step_name(self.decl, self.step, keyword)
    }

    /// Are the rows a table's, so that one that does not pass, or fails, deletes its key's row?
    pub(super) fn is_of_table(self, flow: &Flow) -> bool {
        flow.is_table || (self.decl.is_table && flow.key.is_some())
    }
}

impl Lowerer<'_> {
    pub(super) fn plain_step(
        &mut self,
        decl: &StreamDecl,
        step: &Step,
        flow: &Flow,
        errors: Option<Route>,
    ) -> Option<Flow> {
        let at = At { decl, step };
        self.computed_once(at, flow)?;
        match &step.kind {
            StepKind::Filter(predicate) => self.filter_step(at, predicate, flow, errors),
            StepKind::Map(expr) => self.map_step(at, expr, flow, errors),
            StepKind::Select(paths) => self.select(at, paths, flow, errors),
            StepKind::Drop(paths) => self.drop_fields(at, paths, flow, errors),
            StepKind::Add(fields) => self.add_fields(at, fields, flow, errors),
            StepKind::RepartitionBy(by) => {
                let columns = self.by(by, flow)?;
                let alias = step.alias.as_ref().map(|alias| alias.node.as_str());
                Some(self.repartitioned(&decl.name.node, flow, &columns, step.span, &Wish::Said { alias }))
            }
            StepKind::Rolling(rolling) => self.rolling(at, rolling, flow, errors),
            StepKind::Dedupe { by, within } => self.dedupe(at, by, within, flow, errors),
            StepKind::Join(join) => self.join(at, join, flow, errors),
            StepKind::Match(pattern) => self.match_events(at, pattern, flow, errors),
            StepKind::Via(via) => self.via(at, via, flow),
            StepKind::Changes(predicate) => self.changes(at, predicate.as_ref(), flow, errors),
            StepKind::Top(top) => self.top(at, top, flow, errors),
            StepKind::Schedule(schedule) => self.schedule(at, schedule, flow, errors),
            StepKind::Expand { left, list, name } => self.expand(at, *left, list, name, flow, errors),
            StepKind::FlatMap(list) => self.flat_map(at, list, flow, errors),
            StepKind::GroupBy(_)
            | StepKind::Window(_)
            | StepKind::Aggregate(_)
            | StepKind::Emit(_)
            | StepKind::Ttl(_)
            | StepKind::Latest(_)
            | StepKind::Branch(_) => panic!("these are taken before"),
        }
    }

    /// The flow, partitioned so that state can be kept by `by`.
    pub(super) fn keyed(
        &mut self,
        at: At<'_>,
        by: &[ast::Expr],
        flow: &Flow,
        keyword: &'static str,
    ) -> Option<Flow> {
        let columns = self.by(by, flow)?;
        if flow.is_partitioned_for(&columns) {
            return Some(flow.clone());
        }
        let span = by
            .first()
            .map_or(at.step.span, |first| by.iter().fold(first.span, |span, expr| span.to(expr.span)));
        Some(self.repartitioned(&at.decl.name.node, flow, &columns, span, &Wish::Needed { keyword }))
    }
}
