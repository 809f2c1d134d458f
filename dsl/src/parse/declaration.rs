//! Declarations: from the grammar's pairs to the AST.

use super::{Node, Reader, Rule, Rules, last};
use crate::ast::*;
use crate::diagnostic::{Diagnostic, codes};

#[derive(Default)]
pub(super) struct Clauses {
    pub(super) key: Option<Path>,
    pub(super) time: Option<TimeClause>,
    pub(super) history: Option<Spanned<i64>>,
    pub(super) ttl: Option<Spanned<i64>>,
    pub(super) malformed: Option<TopicRef>,
}

fn last_of<'a>(pairs: impl Iterator<Item = Node<'a>>) -> Node<'a> {
    pairs.last().expect("the grammar has it")
}

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
            Rule::use_decl => {
                let path = self.string(&inner.next().expect("a path"));
                topology.uses.push(UseDecl { path, names: inner.map(|pair| self.name(&pair)).collect() });
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
            Rule::source_decl => {
                let name = self.name(&inner.next().expect("a name"));
                let ty = self.type_expr(inner.next().expect("a type"));
                let from = self.connector(inner.next().expect("a connector"));
                let Clauses { key, time, malformed, .. } = self.clauses(inner);
                topology.sources.push(SourceDecl { name, ty, from, key, time, malformed });
            }
            Rule::table_decl => {
                let global = head.as_rule() == Rule::k_global;
                let mut inner = inner.skip(usize::from(global));
                let name = self.name(&inner.next().expect("a name"));
                let ty = self.type_expr(inner.next().expect("a type"));
                let topic = self.topic_ref(inner.next().expect("a topic"));
                let Clauses { key, time, history, ttl, malformed } = self.clauses(inner);
                if let Some(time) = time {
                    self.diagnostics.push(Diagnostic::error(
                        codes::SYNTAX,
                        time.field.span,
                        "a table has no event time: it holds the last row of each key",
                    ));
                }
                topology.tables.push(TableDecl { name, global, ty, topic, key, history, ttl, malformed });
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
                let is_table = head.as_rule() == Rule::k_table;
                topology.streams.push(StreamDecl { name, is_table, inputs, steps });
            }
            Rule::sink_decl => {
                let stream = self.name(&inner.next().expect("a stream"));
                let to = self.connector(inner.next().expect("a connector"));
                topology.sinks.push(SinkDecl { stream, to });
            }
            Rule::serve_decl => {
                let table = self.name(&inner.next().expect("a table"));
                topology.serves.push(ServeDecl { table, path: self.string(&last_of(inner)) });
            }
            Rule::test_decl => {
                let name = self.string(&inner.next().expect("a name"));
                let mut inner = inner.peekable();
                let cases = inner.next_if(|pair| pair.as_rule() == Rule::test_cases);
                let cases = cases.map(|pair| self.test_cases(pair));
                let steps = inner.map(|pair| self.test_step(pair)).collect();
                topology.tests.push(TestDecl { name, cases, steps, span: self.span(&head).to(span) });
            }
            other => panic!("{other:?} is no declaration"),
        }
    }

    /// Clauses behind a connector. The last of a kind counts; a second one is told.
    pub(super) fn clauses<'a>(&mut self, pairs: impl Iterator<Item = Node<'a>>) -> Clauses {
        let mut clauses = Clauses::default();
        for clause in pairs {
            let clause = clause.into_inner().next().expect("a clause");
            let span = self.span(&clause);
            let before = match clause.as_rule() {
                Rule::key_clause => {
                    let before = clauses.key.as_ref().map(|path| path.span);
                    clauses.key = Some(self.path(&last(clause)));
                    before
                }
                Rule::history_clause => {
                    let before = clauses.history.as_ref().map(|length| length.span);
                    clauses.history = Some(self.duration(&last(clause)));
                    before
                }
                Rule::ttl_clause => {
                    let before = clauses.ttl.as_ref().map(|length| length.span);
                    clauses.ttl = Some(self.duration(&last(clause)));
                    before
                }
                Rule::malformed_clause => {
                    let before = clauses.malformed.as_ref().map(|topic| topic.span);
                    clauses.malformed = Some(self.topic_ref(last(clause)));
                    before
                }
                _ => {
                    let before = clauses.time.as_ref().map(|time| time.field.span);
                    clauses.time = Some(self.time_clause(clause));
                    before
                }
            };
            if let Some(before) = before {
                self.diagnostics.push(
                    Diagnostic::error(codes::DUPLICATE_NAME, span, "this is said twice")
                        .because(before, "first here"),
                );
            }
        }
        clauses
    }

    pub(super) fn connector(&mut self, pair: Node<'_>) -> Connector {
        if pair.as_rule() == Rule::topic_ref {
            return Connector::Kafka(self.topic_ref(pair));
        }
        let span = self.span(&pair);
        let mut inner = pair.into_inner();
        let name = self.name(&inner.next().expect("a connector's name"));
        let mut connector =
            ConnectorRef { name, arguments: Vec::new(), options: Vec::new(), routes: Vec::new(), span };
        for argument in inner {
            let argument = argument.into_inner().next().expect("an argument");
            match argument.as_rule() {
                Rule::connector_route => {
                    let mut inner = argument.into_inner();
                    let name = self.name(&inner.next().expect("a name"));
                    connector.routes.push((name, self.topic_ref(last_of(inner))));
                }
                Rule::connector_option => {
                    let mut inner = argument.into_inner();
                    let name = self.name(&inner.next().expect("a name"));
                    connector.options.push((name, self.expr(last_of(inner))));
                }
                _ => connector.arguments.push(self.expr(argument)),
            }
        }
        Connector::Other(connector)
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
        let mut clause = TimeClause { field, out_of_order: None, idle: None, ahead: None };
        for part in inner {
            let rule = part.as_rule();
            let length = self.duration(&last(part));
            match rule {
                Rule::out_of_order_clause => clause.out_of_order = Some(length),
                Rule::idle_clause => clause.idle = Some(length),
                _ => clause.ahead = Some(length),
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
