//! Steps: from the grammar's pairs to the AST.

use super::declaration::Clauses;
use super::{Node, Reader, Rule, last};
use crate::ast::*;
use crate::diagnostic::{Diagnostic, codes};

impl Reader<'_> {
    pub(super) fn step(&mut self, pair: Node<'_>) -> Option<Step> {
        let mut inner = pair.into_inner();
        let kind = inner.next().expect("a step").into_inner().next().expect("its kind");
        let span = self.span(&kind);
        let kind = self.step_kind(kind)?;
        let mut step = Step { kind, span, alias: None, errors: None };
        for part in inner {
            match part.as_rule() {
                Rule::ident => step.alias = Some(self.name(&part)),
                Rule::topic_ref => step.errors = Some(self.topic_ref(part)),
                _ => {}
            }
        }
        Some(step)
    }

    fn step_kind(&mut self, pair: Node<'_>) -> Option<StepKind> {
        let rule = pair.as_rule();
        let keyword = |pair: &Node<'_>| format!("{:?}", pair.as_rule()).starts_with("k_");
        let mut inner = pair.into_inner().filter(|pair| !keyword(pair));
        let mut next = || inner.next().expect("the grammar has it");
        Some(match rule {
            Rule::filter_step => StepKind::Filter(self.expr(next())),
            Rule::map_step => StepKind::Map(self.expr(next())),
            Rule::select_step => StepKind::Select(inner.map(|pair| self.path(&pair)).collect()),
            Rule::drop_step => StepKind::Drop(inner.map(|pair| self.path(&pair)).collect()),
            Rule::add_step => StepKind::Add(self.assignments(next())),
            Rule::group_step => StepKind::GroupBy(next().into_inner().map(|pair| self.expr(pair)).collect()),
            Rule::repartition_step => {
                StepKind::RepartitionBy(next().into_inner().map(|pair| self.expr(pair)).collect())
            }
            Rule::window_step => self.window(next(), inner),
            Rule::aggregate_step => StepKind::Aggregate(self.assignments(next())),
            Rule::rolling_step => self.rolling(inner),
            Rule::join_step => self.join(inner),
            Rule::match_step => {
                let (by, within) = (self.by(next()), self.duration(&next()));
                let mut step = MatchStep { by, within, elements: Vec::new(), skip: None, late: None };
                for part in inner {
                    match part.as_rule() {
                        Rule::match_skip => step.skip = Some(self.skip(last(part))),
                        Rule::late_clause => step.late = Some(self.topic_ref(last(part))),
                        _ => step.elements.push(self.element(part)),
                    }
                }
                StepKind::Match(step)
            }
            Rule::branch_step => StepKind::Branch(inner.map(|pair| self.branch_arm(pair)).collect()),
            Rule::via_step => {
                let topic = self.topic_ref(next());
                let Clauses { key, time, malformed, .. } = self.clauses(inner);
                StepKind::Via(ViaStep { topic, key, time, malformed })
            }
            Rule::latest_step => StepKind::Latest(self.by(next())),
            Rule::changes_step => StepKind::Changes(inner.next().map(|pair| self.expr(pair))),
            Rule::top_step => {
                let count = self.whole_number(&next());
                let (mut order, mut per) = (Vec::new(), Vec::new());
                for pair in inner {
                    match pair.as_rule() {
                        Rule::order => order.push(self.order(pair)),
                        _ => per = self.by(last(pair)),
                    }
                }
                StepKind::Top(TopStep { count, order, per })
            }
            Rule::schedule_step => {
                let (at, by) = (self.expr(next()), self.by(next()));
                let mut step = ScheduleStep { at, by, replace: false, cancel: None, wall_clock: false };
                for clause in inner {
                    match clause.as_rule() {
                        Rule::schedule_replace => step.replace = true,
                        Rule::schedule_wall => step.wall_clock = true,
                        _ => step.cancel = Some(self.expr(last(clause))),
                    }
                }
                StepKind::Schedule(step)
            }
            Rule::dedupe_step => StepKind::Dedupe { by: self.by(next()), within: self.duration(&next()) },
            Rule::ttl_step => StepKind::Ttl(self.duration(&next())),
            Rule::emit_step => {
                let kind = next();
                StepKind::Emit(match kind.as_rule() {
                    Rule::emit_final => EmitKind::Final,
                    Rule::emit_changes => EmitKind::Changes,
                    _ => EmitKind::Every(self.duration(&last(kind))),
                })
            }
            Rule::expand_step => {
                let first = next();
                let left = first.as_rule() == Rule::join_left;
                let list = self.expr(if left { next() } else { first });
                let Some(name) = inner.next() else {
                    self.diagnostics.push(
                        Diagnostic::error(codes::SYNTAX, list.span, "`expand` needs a name for the element")
                            .note("write it behind the list: `expand … as item`"),
                    );
                    return None;
                };
                StepKind::Expand { left, list, name: self.name(&name) }
            }
            Rule::flat_map_step => StepKind::FlatMap(self.expr(next())),
            other => panic!("{other:?} is no step"),
        })
    }

    pub(super) fn by(&mut self, pair: Node<'_>) -> Vec<Expr> {
        pair.into_inner()
            .map(|pair| match pair.as_rule() {
                Rule::path => {
                    let path = self.path(&pair);
                    Spanned::new(ExprKind::Path(path.node), path.span)
                }
                _ => self.expr(pair),
            })
            .collect()
    }

    pub(super) fn assignments(&mut self, pair: Node<'_>) -> Vec<(Name, Expr)> {
        pair.into_inner()
            .map(|pair| {
                let mut inner = pair.into_inner();
                let name = self.name(&inner.next().expect("a name"));
                (name, self.atom(inner.next().expect("a value")))
            })
            .collect()
    }

    fn window<'a>(&mut self, window: Node<'a>, clauses: impl Iterator<Item = Node<'a>>) -> StepKind {
        let kind = match window.as_rule() {
            Rule::tumbling => WindowKind::Tumbling,
            Rule::hopping => WindowKind::Hopping,
            Rule::sliding => WindowKind::Sliding,
            Rule::session => WindowKind::Session,
            _ => WindowKind::Cumulate,
        };
        let mut lengths = window.into_inner().filter(|pair| pair.as_rule() == Rule::duration);
        let size = self.duration(&lengths.next().expect("a size"));
        let every = lengths.next().map(|pair| self.duration(&pair));
        let mut step = WindowStep { kind, size, every, zone: None, offset: None, grace: None, late: None };
        for clause in clauses {
            match clause.as_rule() {
                Rule::window_zone => step.zone = Some(self.string(&last(clause))),
                Rule::offset_clause => step.offset = Some(self.duration(&last(clause))),
                Rule::grace_clause => step.grace = Some(self.duration(&last(clause))),
                _ => step.late = Some(self.topic_ref(last(clause))),
            }
        }
        StepKind::Window(step)
    }

    fn rolling<'a>(&mut self, mut parts: impl Iterator<Item = Node<'a>>) -> StepKind {
        let mut next = || parts.next().expect("the grammar has it");
        let range = next();
        let range = match range.as_rule() {
            Rule::duration => RollingRange::Time(self.duration(&range)),
            _ => {
                let number = range.into_inner().next().expect("a number");
                RollingRange::Rows(self.whole_number(&number))
            }
        };
        let by = self.by(next());
        let mut step = RollingStep {
            range,
            by,
            excluding_current: false,
            granularity: None,
            ordered: false,
            functions: Vec::new(),
            late: None,
        };
        for part in parts {
            match part.as_rule() {
                Rule::excluding => step.excluding_current = true,
                Rule::granularity => step.granularity = Some(self.duration(&last(part))),
                Rule::ordered => step.ordered = true,
                Rule::late_clause => step.late = Some(self.topic_ref(last(part))),
                _ => step.functions = self.assignments(part),
            }
        }
        StepKind::Rolling(step)
    }

    fn join<'a>(&mut self, parts: impl Iterator<Item = Node<'a>>) -> StepKind {
        let mut parts = parts.peekable();
        let kind = match parts.peek().map(|pair| pair.as_rule()) {
            Some(Rule::join_left) => JoinWord::Left,
            Some(Rule::join_outer) => JoinWord::Outer,
            _ => JoinWord::Inner,
        };
        if kind != JoinWord::Inner {
            parts.next();
        }
        let other = self.name(&parts.next().expect("a name"));
        let mut step = JoinStep {
            kind,
            other,
            alias: None,
            within: None,
            by: Vec::new(),
            on: None,
            as_of: None,
            condition: None,
            grace: None,
            late: None,
        };
        for part in parts {
            match part.as_rule() {
                Rule::join_alias => step.alias = Some(self.name(&last(part))),
                Rule::join_within => {
                    let mut within = JoinWithin { before: None, after: None };
                    // A length without a word behind it is that of both sides.
                    let mut length = None;
                    for pair in part.into_inner() {
                        match pair.as_rule() {
                            Rule::duration => length = Some(self.duration(&pair)),
                            Rule::join_before => within.before = length.take(),
                            Rule::join_after => within.after = length.take(),
                            _ => {}
                        }
                    }
                    if length.is_some() {
                        within = JoinWithin { before: length.clone(), after: length };
                    }
                    step.within = Some(within);
                }
                Rule::join_by => {
                    let by = part.into_inner().filter(|pair| pair.as_rule() == Rule::expr);
                    step.by = by.map(|pair| self.expr(pair)).collect();
                }
                Rule::join_on => step.on = Some(self.expr(last(part))),
                Rule::join_as_of => step.as_of = Some(self.expr(last(part))),
                Rule::grace_clause => step.grace = Some(self.duration(&last(part))),
                Rule::late_clause => step.late = Some(self.topic_ref(last(part))),
                _ => step.condition = Some(self.expr(last(part))),
            }
        }
        StepKind::Join(step)
    }

    pub(super) fn skip(&mut self, way: Node<'_>) -> Spanned<Skip> {
        let span = self.span(&way);
        let skip = match way.as_rule() {
            Rule::skip_next => Skip::ToNext,
            Rule::skip_past => Skip::PastLast,
            Rule::skip_first => Skip::ToFirst(self.name(&last(way))),
            _ => Skip::ToLast(self.name(&last(way))),
        };
        Spanned::new(skip, span)
    }

    pub(super) fn element(&mut self, pair: Node<'_>) -> PatternElement {
        let span = self.span(&pair);
        let mut element = PatternElement { word: PatternWord::Event, variables: Vec::new(), span };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::k_not => element.word = PatternWord::Not,
                Rule::k_absent => element.word = PatternWord::Absent,
                _ => element.variables.push(self.variable(part)),
            }
        }
        element
    }

    fn variable(&mut self, pair: Node<'_>) -> PatternVariable {
        let mut inner = pair.into_inner();
        let name = self.name(&inner.next().expect("a name"));
        let mut variable = PatternVariable { name, times: None, totals: Vec::new(), condition: None };
        for part in inner {
            match part.as_rule() {
                Rule::times => variable.times = Some(self.times(part)),
                Rule::assignments => variable.totals = self.assignments(part),
                Rule::expr => variable.condition = Some(self.expr(part)),
                _ => {}
            }
        }
        variable
    }

    fn times(&mut self, pair: Node<'_>) -> Spanned<PatternTimes> {
        let span = self.span(&pair);
        let mut numbers = Vec::new();
        let mut open = false;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::times_optional => return Spanned::new(PatternTimes { least: 0, most: Some(1) }, span),
                Rule::times_many => return Spanned::new(PatternTimes { least: 1, most: None }, span),
                Rule::times_any => return Spanned::new(PatternTimes { least: 0, most: None }, span),
                Rule::times_to => open = true,
                _ => {
                    let number = self.whole_number(&part);
                    numbers.push(u32::try_from(number.node).unwrap_or(u32::MAX));
                }
            }
        }
        let least = numbers[0];
        let most = if open { numbers.get(1).copied() } else { Some(least) };
        Spanned::new(PatternTimes { least, most }, span)
    }

    fn branch_arm(&mut self, pair: Node<'_>) -> BranchArm {
        let mut parts = pair.into_inner().filter(|pair| matches!(pair.as_rule(), Rule::ident | Rule::expr));
        let name = self.name(&parts.next().expect("a name"));
        BranchArm { name, condition: parts.next().map(|pair| self.expr(pair)) }
    }

    pub(super) fn order(&mut self, pair: Node<'_>) -> (Expr, bool) {
        let mut inner = pair.into_inner();
        let expr = self.expr(inner.next().expect("an expression"));
        let ascending = inner.next().is_some_and(|word| word.as_rule() == Rule::k_asc);
        (expr, !ascending)
    }

    fn whole_number(&mut self, pair: &Node<'_>) -> Spanned<i64> {
        let span = self.span(pair);
        let number = pair.as_str().trim().parse().unwrap_or_else(|_| {
            self.diagnostics.push(Diagnostic::error(codes::LITERAL, span, "this number is too large"));
            1
        });
        Spanned::new(number, span)
    }
}
