//! `match by … within …`: a sequence of events of one key.

use super::At;
use crate::ast::{self, MatchStep, PatternElement, PatternTimes, PatternVariable, PatternWord, Spanned};
use crate::check::expr::Checker;
use crate::check::typed::{RecordValue, Typed};
use crate::diagnostic::{Diagnostic, codes};
use crate::lower::{Flow, Lowerer};
use crate::source::Span as Place;
use std::collections::BTreeMap;
use tidegate_model::plan::{AggregateCall, Match, MatchElement, MatchVariable, NodeKind, Route, Skip, Times};
use tidegate_model::{Column, Schema, Span};

const TIMES_MAX: u32 = 1_000;

impl Lowerer<'_> {
    pub(super) fn match_events(
        &mut self,
        at: At<'_>,
        step: &MatchStep,
        flow: &Flow,
        errors: Option<Route>,
    ) -> Option<Flow> {
        let flow = self.keyed(at, &step.by, flow, "match")?;
        let key = self.by(&step.by, &flow)?;
        self.positive(&step.within)?;
        self.pattern_shape(step)?;
        let mut columns: Vec<Column> = Vec::new();
        let mut elements = Vec::new();
        let mut wrong = false;
        for element in &step.elements {
            let times = times(element);
            let mut alternatives = Vec::new();
            let before = columns.clone();
            for variable in &element.variables {
                let condition = match &variable.condition {
                    None => None,
                    Some(expr) => {
                        let condition = self.variable_condition(variable, expr, &before, &flow.schema);
                        wrong |= condition.is_none();
                        condition
                    }
                };
                alternatives.push(MatchVariable { name: variable.name.node.clone(), condition });
            }
            let totals = self.totals(&element.variables[0], &flow);
            wrong |= totals.is_none();
            let element = MatchElement { alternatives, times, totals: totals.unwrap_or_default() };
            columns.extend(element.columns(&flow.schema));
            elements.push(element);
        }
        let skip = self.skip(step);
        let late = self.route(step.late.as_ref());
        if wrong {
            return None;
        }
        let skip = skip?;
        let schema = Schema::new(columns);
        // All events of a match have the key, so what they are partitioned by stands in the first of them.
        let first = &step.elements[0].variables[0].name.node;
        let partitioned = flow.partitioned.as_ref().and_then(|parts| {
            let place = |part: &usize| {
                let path = &flow.schema.columns[*part].path;
                schema
                    .index_of(&format!("{first}.{path}"))
                    .or_else(|| schema.index_of(&format!("{first}.first.{path}")))
            };
            parts.iter().map(place).collect::<Option<Vec<usize>>>()
        });
        let kind = NodeKind::Match(Match {
            key: self.columns(&flow, &key),
            within: Span::from_micros(step.within.node),
            elements,
            skip,
            late,
            errors,
        });
        let node = self.add(at.name("match"), kind, vec![flow.node], schema.clone(), at.place());
        Some(Flow {
            node,
            schema,
            partitioned,
            partitioned_at: flow.partitioned_at,
            since: flow.since,
            key: None,
            key_at: flow.key_at,
            is_table: false,
            only_with: Vec::new(),
        })
    }

    /// Aggregates over what a variable takes.
    fn totals(&mut self, variable: &PatternVariable, flow: &Flow) -> Option<Vec<AggregateCall>> {
        let mut calls = self.calls(&variable.totals, flow)?;
        for ((name, _), call) in variable.totals.iter().zip(&mut calls) {
            if matches!(name.node.as_str(), "first" | "last" | "count") {
                let message = format!("an event that repeats has a field `{}` already", name.node);
                self.error(codes::DUPLICATE_NAME, name.span, message);
                return None;
            }
            call.name = name.node.clone();
        }
        let mut seen = BTreeMap::new();
        for (name, _) in &variable.totals {
            if let Some(before) = seen.insert(&name.node, name.span) {
                self.diagnostics.push(
                    Diagnostic::error(codes::DUPLICATE_NAME, name.span, format!("a second `{}`", name.node))
                        .because(before, "the first"),
                );
                return None;
            }
        }
        Some(calls)
    }

    fn skip(&mut self, step: &MatchStep) -> Option<Skip> {
        let Some(Spanned { node: skip, .. }) = &step.skip else { return Some(Skip::ToNext) };
        let (name, of): (_, fn(usize) -> Skip) = match skip {
            ast::Skip::ToNext => return Some(Skip::ToNext),
            ast::Skip::PastLast => return Some(Skip::PastLast),
            ast::Skip::ToFirst(name) => (name, Skip::ToFirst),
            ast::Skip::ToLast(name) => (name, Skip::ToLast),
        };
        let is_it = |element: &PatternElement| {
            element.word == PatternWord::Event
                && element.variables.iter().any(|other| other.name.node == name.node)
        };
        let Some(place) = step.elements.iter().position(is_it) else {
            let events = step.elements.iter().filter(|element| element.word == PatternWord::Event);
            let names: Vec<&str> =
                events.flat_map(|element| &element.variables).map(|other| other.name.node.as_str()).collect();
            self.diagnostics.push(
                Diagnostic::error(
                    codes::PATTERN,
                    name.span,
                    format!("no event of a match is named `{}`", name.node),
                )
                .note(format!("there is {}", crate::check::expr::list(&names))),
            );
            return None;
        };
        let goes_on = matches!(
            (skip, times(&step.elements[0])),
            (ast::Skip::ToLast(_), Times::Count { least: 2.., .. })
        );
        let begins_again = place == 0 && !goes_on;
        if begins_again {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::PATTERN,
                    name.span,
                    format!(
                        "a match begins with `{}`: the search would find the same again for ever",
                        name.node
                    ),
                )
                .note("`skip to next` goes on behind the first event, `skip past last` behind the last one"),
            );
            return None;
        }
        if matches!(times(&step.elements[place]), Times::Count { least: 0, .. })
            || step.elements[place].variables.len() > 1
        {
            self.diagnostics.push(
                Diagnostic::error(codes::PATTERN, name.span, format!("a match may have no `{}`", name.node))
                    .note("the search goes on at an event that every match has"),
            );
            return None;
        }
        Some(of(place))
    }

    /// `match` sees the variables before by their names, the event by its own name, and its fields.
    fn variable_condition(
        &mut self,
        variable: &PatternVariable,
        expr: &crate::ast::Expr,
        before: &[Column],
        event: &Schema,
    ) -> Option<tidegate_model::expr::Expr> {
        let mut columns = before.to_vec();
        columns.extend(
            event
                .columns
                .iter()
                .map(|column| Column { path: format!("it.{}", column.path), ..column.clone() }),
        );
        let all = RecordValue::of_schema(&Schema::new(columns));
        let Some(Typed::Record(event)) = all.field("it") else { panic!("it was put there") };
        let mut locals: Vec<(String, Typed)> =
            all.fields.iter().filter(|(name, _)| name != "it").cloned().collect();
        locals.push((variable.name.node.clone(), Typed::Record(event.clone())));
        Checker::with_locals(self.globals, self.diagnostics, Some(event), locals).predicate(expr)
    }

    fn pattern_shape(&mut self, step: &MatchStep) -> Option<()> {
        let mut names: BTreeMap<&str, Place> = BTreeMap::new();
        let told = self.diagnostics.len();
        let last = step.elements.len() - 1;
        for (number, element) in step.elements.iter().enumerate() {
            for variable in &element.variables {
                let name = &variable.name;
                if let Some(before) = names.insert(&name.node, name.span) {
                    self.diagnostics.push(
                        Diagnostic::error(
                            codes::PATTERN,
                            name.span,
                            format!("a second `{}` in the sequence", name.node),
                        )
                        .because(before, "the first")
                        .note("events that repeat are `c+` or `c{2,5}`; another event has another name"),
                    );
                }
                if name.node == "it" {
                    self.error(
                        codes::PATTERN,
                        name.span,
                        "`it` is the event that is looked at; give this another name",
                    );
                }
                self.variable_times(element, variable);
            }
            let problem = match element.word {
                PatternWord::Not if number == 0 || number == last => {
                    Some("`not` stands between two events; what must not come at the end is `absent`")
                }
                PatternWord::Absent if number != last || number == 0 => {
                    Some("`absent` is the end of a sequence: nothing like it came until the time had passed")
                }
                PatternWord::Event
                    if number == 0 && times(element) == (Times::Count { least: 0, most: Some(1) }) =>
                {
                    Some("a sequence begins with an event that must be there")
                }
                PatternWord::Event
                    if number == 0 && matches!(times(element), Times::Count { least: 0, .. }) =>
                {
                    Some("a sequence begins with an event that must be there")
                }
                _ => None,
            };
            if let Some(problem) = problem {
                self.error(codes::PATTERN, element.span, problem);
            }
        }
        (self.diagnostics.len() == told).then_some(())
    }

    fn variable_times(&mut self, element: &PatternElement, variable: &PatternVariable) {
        if let ([(first, _), ..], false) = (&variable.totals[..], repeats(element)) {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::PATTERN,
                    first.span,
                    format!("`{}` is one event: there is nothing to add up", variable.name.node),
                )
                .note("aggregates stand behind an event that repeats: `a+ { total: sum(amount) }`"),
            );
        }
        let Some(times) = &variable.times else { return };
        let PatternTimes { least, most } = times.node;
        if element.word != PatternWord::Event {
            self.error(codes::PATTERN, times.span, "what must not come is not counted");
        } else if element.variables.len() > 1 {
            self.error(
                codes::PATTERN,
                times.span,
                "one of several alternatives comes once; repetition stands on an event alone",
            );
        } else if most == Some(0) || most.is_some_and(|most| most < least) {
            self.error(codes::PATTERN, times.span, "the greatest number is less than the least, or none");
        } else if least > TIMES_MAX || most.is_some_and(|most| most > TIMES_MAX) {
            self.error(codes::PATTERN, times.span, format!("an event repeats at most {TIMES_MAX} times"));
        }
    }
}

fn repeats(element: &PatternElement) -> bool {
    element.variables.len() == 1 && matches!(times(element), Times::Count { most, .. } if most != Some(1))
}

fn times(element: &PatternElement) -> Times {
    match (element.word, &element.variables[0].times) {
        (PatternWord::Not, _) => Times::Not,
        (PatternWord::Absent, _) => Times::Absent,
        (PatternWord::Event, None) => Times::Count { least: 1, most: Some(1) },
        (PatternWord::Event, Some(times)) => Times::Count { least: times.node.least, most: times.node.most },
    }
}
