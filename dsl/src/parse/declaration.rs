//! Declarations and steps: from the grammar's pairs to the AST.

use super::{Node, Reader, Rule, Rules, last, not_yet};
use crate::ast::*;
use crate::diagnostic::{Diagnostic, codes};

impl Reader<'_> {
    pub(super) fn declaration(&mut self, pair: Node<'_>, topology: &mut Topology) {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        let mut inner = pair.into_inner();
        let head = inner.next().expect("a declaration has a head");
        match rule {
            Rule::topology_decl => {
                let name = self.name(&inner.next().expect("a name"));
                if let Some(before) = &topology.name {
                    self.diagnostics.push(
                        Diagnostic::error(codes::DUPLICATE_NAME, name.span, "a file is one topology")
                            .because(before.span, "it is named here"),
                    );
                    return;
                }
                topology.name = Some(name);
            }
            Rule::type_decl => {
                let name = self.name(&inner.next().expect("a name"));
                let body = inner.next().expect("a type");
                let body_span = self.span(&body);
                let body = match body.as_rule() {
                    Rule::record_type => {
                        Spanned::new(TypeKind::Record(self.field_decls(body.into_inner())), body_span)
                    }
                    _ => self.type_expr(body),
                };
                topology.types.push(TypeDecl { name, body });
            }
            Rule::enum_decl => {
                let name = self.name(&inner.next().expect("a name"));
                let variants = inner.map(|variant| {
                    let variant = variant.into_inner().next().expect("a name");
                    match variant.as_rule() {
                        Rule::plain_string => self.string(&variant),
                        _ => self.name(&variant),
                    }
                });
                let body = Spanned::new(TypeKind::Enum(variants.collect()), span);
                topology.types.push(TypeDecl { name, body });
            }
            Rule::param_decl => topology.params.push(ParamDecl {
                name: self.name(&inner.next().expect("a name")),
                ty: self.type_expr(inner.next().expect("a type")),
                value: self.expr(inner.next().expect("a value")),
            }),
            Rule::fn_decl => {
                let name = self.name(&inner.next().expect("a name"));
                let mut rest: Vec<Node<'_>> = inner.collect();
                let body = rest.pop().expect("a body");
                let result = rest.pop().expect("a result type");
                let arguments = rest.into_iter().map(|pair| self.field_decl(pair)).collect();
                let (result, body) = (self.type_expr(result), self.expr(body));
                topology.functions.push(FunctionDecl { name, arguments, result, body });
            }
            Rule::source_decl | Rule::table_decl => {
                let name = self.name(&inner.next().expect("a name"));
                let ty = self.type_expr(inner.next().expect("a type"));
                let topic = self.topic_ref(inner.next().expect("a topic"));
                let (mut key, mut time, mut malformed) = (None, None, None);
                for clause in inner {
                    let clause = clause.into_inner().next().expect("a clause");
                    match clause.as_rule() {
                        Rule::key_clause => key = Some(self.path(&last(clause))),
                        Rule::malformed_clause => malformed = Some(self.topic_ref(last(clause))),
                        _ => time = Some(self.time_clause(clause)),
                    }
                }
                if rule == Rule::source_decl {
                    topology.sources.push(SourceDecl { name, ty, topic, key, time, malformed });
                } else {
                    if let Some(time) = time {
                        self.diagnostics.push(Diagnostic::error(
                            codes::SYNTAX,
                            time.field.span,
                            "a table has no event time: it holds the last row of each key",
                        ));
                    }
                    topology.tables.push(TableDecl { name, ty, topic, key, malformed });
                }
            }
            Rule::stream_decl => {
                let name = self.name(&inner.next().expect("a name"));
                let mut pipeline = inner.next().expect("a pipeline").into_inner();
                let inputs = pipeline.next().expect("an input").into_inner();
                let inputs = inputs
                    .filter(|pair| pair.as_rule() == Rule::ident)
                    .map(|pair| self.name(&pair))
                    .collect();
                let steps = pipeline.filter_map(|pair| self.step(pair)).collect();
                topology.streams.push(StreamDecl { name, inputs, steps });
            }
            Rule::sink_decl => {
                let stream = self.name(&inner.next().expect("a stream"));
                topology
                    .sinks
                    .push(SinkDecl { stream, topic: self.topic_ref(inner.next().expect("a topic")) });
            }
            Rule::test_decl => {
                let name = self.string(&inner.next().expect("a name"));
                let steps = inner.map(|pair| self.test_step(pair)).collect();
                topology.tests.push(TestDecl { name, steps, span: self.span(&head).to(span) });
            }
            other => panic!("{other:?} is no declaration"),
        }
    }

    pub(super) fn field_decls(&mut self, pairs: Rules<'_>) -> Vec<FieldDecl> {
        pairs.map(|pair| self.field_decl(pair)).collect()
    }

    pub(super) fn field_decl(&mut self, pair: Node<'_>) -> FieldDecl {
        let mut inner = pair.into_inner();
        FieldDecl {
            name: self.name(&inner.next().expect("a name")),
            ty: self.type_expr(inner.next().expect("a type")),
        }
    }

    pub(super) fn type_expr(&mut self, pair: Node<'_>) -> TypeExpr {
        let span = self.span(&pair);
        let mut inner = pair.into_inner();
        let base = inner.next().expect("a type").into_inner().next().expect("a base");
        let base_span = self.span(&base);
        let kind = match base.as_rule() {
            Rule::record_type => braced(self.field_decls(base.into_inner())),
            Rule::array_type => {
                TypeKind::List(Box::new(self.type_expr(base.into_inner().next().expect("a type"))))
            }
            Rule::decimal_type => {
                let mut digits =
                    base.into_inner().map(|pair| pair.as_str().trim().parse::<u8>().unwrap_or(u8::MAX));
                let (precision, scale) = (digits.next().unwrap_or(0), digits.next().unwrap_or(0));
                if !(1..=38).contains(&precision) || scale > precision || scale > 18 {
                    self.diagnostics.push(Diagnostic::error(
                        codes::LITERAL,
                        base_span,
                        "a decimal has 1 to 38 digits, and at most 18 of them behind the point",
                    ));
                    return Spanned::new(TypeKind::Decimal { precision: 18, scale: 2 }, span);
                }
                TypeKind::Decimal { precision, scale }
            }
            _ => TypeKind::Named(base.as_str().trim().to_owned()),
        };
        let base = Spanned::new(kind, base_span);
        if inner.next().is_some() { Spanned::new(TypeKind::Nullable(Box::new(base)), span) } else { base }
    }

    pub(super) fn time_clause(&mut self, pair: Node<'_>) -> TimeClause {
        let mut inner = pair.into_inner().skip(1);
        let field = self.path(&inner.next().expect("a field"));
        let mut clause = TimeClause { field, out_of_order: None, idle: None };
        for part in inner {
            let rule = part.as_rule();
            let length = self.duration(&last(part));
            match rule {
                Rule::out_of_order_clause => clause.out_of_order = Some(length),
                _ => clause.idle = Some(length),
            }
        }
        clause
    }

    pub(super) fn topic_ref(&mut self, pair: Node<'_>) -> TopicRef {
        let span = self.span(&pair);
        let mut inner = pair.into_inner().skip(1);
        let topic = self.string(&inner.next().expect("a topic's name"));
        let options = inner
            .map(|option| {
                let mut parts = option.into_inner();
                let name = self.name(&parts.next().expect("an option's name"));
                let value = match parts.next() {
                    None => Spanned::new(OptionValue::Flag, name.span),
                    Some(value) => {
                        let span = self.span(&value);
                        let paths = value.into_inner().map(|pair| self.path(&pair)).collect();
                        Spanned::new(OptionValue::Paths(paths), span)
                    }
                };
                (name, value)
            })
            .collect();
        TopicRef { topic, options, span }
    }

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

    pub(super) fn step_kind(&mut self, pair: Node<'_>) -> Option<StepKind> {
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
            Rule::window_step => {
                let window = next();
                let mut lengths = window.into_inner().filter(|pair| pair.as_rule() == Rule::duration);
                let size = self.duration(&lengths.next().expect("a size"));
                let every = lengths.next().map(|pair| self.duration(&pair));
                let mut step = WindowStep { size, every, grace: None, late: None };
                for clause in inner {
                    match clause.as_rule() {
                        Rule::grace_clause => step.grace = Some(self.duration(&last(clause))),
                        _ => step.late = Some(self.topic_ref(last(clause))),
                    }
                }
                StepKind::Window(step)
            }
            Rule::aggregate_step => StepKind::Aggregate(self.assignments(next())),
            Rule::rolling_step => {
                let range = self.duration(&next());
                let by = self.by(next());
                let third = next();
                let excluding_current = third.as_rule() == Rule::excluding;
                let functions = self.assignments(if excluding_current { next() } else { third });
                StepKind::Rolling { range, by, excluding_current, functions }
            }
            Rule::join_step => {
                let first = next();
                let left = first.as_rule() == Rule::join_left;
                let table = self.name(&if left { next() } else { first });
                let second = next();
                if second.as_rule() == Rule::ident {
                    let alias = Some(self.name(&second));
                    StepKind::Join { left, table, alias, by: self.expr(next()) }
                } else {
                    StepKind::Join { left, table, alias: None, by: self.expr(second) }
                }
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
            Rule::dedupe_step => StepKind::Dedupe { by: self.by(next()), within: self.duration(&next()) },
            Rule::emit_step => {
                let kind = next();
                StepKind::Emit(match kind.as_rule() {
                    Rule::emit_final => EmitKind::Final,
                    Rule::emit_changes => EmitKind::Changes,
                    _ => EmitKind::Every(self.duration(&last(kind))),
                })
            }
            _ => {
                let word = next();
                let name = word.as_str().trim().to_owned();
                let span = self.span(&word);
                self.diagnostics.push(not_yet(&name, span));
                return Some(StepKind::Unsupported(name));
            }
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

    pub(super) fn test_step(&mut self, pair: Node<'_>) -> TestStepDecl {
        let step = pair.into_inner().next().expect("a step");
        let rule = step.as_rule();
        let mut inner = step.into_inner();
        match rule {
            Rule::advance_step => TestStepDecl::AdvanceTo(self.atom(inner.nth(2).expect("a time"))),
            Rule::expect_step => {
                let stream = self.name(&inner.nth(1).expect("a stream"));
                TestStepDecl::Expect { stream, rows: inner.map(|pair| self.atom(pair)).collect() }
            }
            Rule::snapshot_step => {
                TestStepDecl::Snapshot { stream: self.name(&inner.nth(1).expect("a stream")) }
            }
            _ => {
                let input = self.name(&inner.next().expect("an input"));
                let rows = inner
                    .map(|row| {
                        let row = row.into_inner().next().expect("a row");
                        match row.as_rule() {
                            Rule::null_row => FeedRowDecl::Null { key: self.string(&last(row)) },
                            _ => FeedRowDecl::Row(self.atom(row)),
                        }
                    })
                    .collect();
                TestStepDecl::Feed { input, rows }
            }
        }
    }

    pub(super) fn duration(&mut self, pair: &Node<'_>) -> Spanned<i64> {
        let span = self.span(pair);
        let mut total = Some(0i64);
        let mut rest = pair.as_str().trim();
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let unit = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| digits + at);
            let micros = match &rest[digits..unit] {
                "us" => 1,
                "ms" => 1000,
                "s" => 1_000_000,
                "m" => 60_000_000,
                "h" => 3_600_000_000,
                _ => 86_400_000_000,
            };
            let part = rest[..digits].parse::<i64>().ok().and_then(|number| number.checked_mul(micros));
            total = total.zip(part).and_then(|(total, part)| total.checked_add(part));
            rest = &rest[unit..];
        }
        if total.is_none() {
            self.diagnostics.push(Diagnostic::error(
                codes::LITERAL,
                span,
                "this length of time is too large",
            ));
        }
        Spanned::new(total.unwrap_or(1), span)
    }
}

/// Fields in braces, where a type stands.
pub(crate) fn braced(mut fields: Vec<FieldDecl>) -> TypeKind {
    match fields.len() {
        1 => TypeKind::Braced(Box::new(fields.remove(0))),
        _ => TypeKind::Record(fields),
    }
}
