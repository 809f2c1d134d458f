//! Expressions: from the grammar's pairs to the AST.

use super::limit::OPERATORS_MAX;
use super::{Node, Reader, Rule};
use crate::ast::*;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;
use pest::pratt_parser::{Assoc, Op, PrattParser};
use std::sync::LazyLock;
use tidegate_model::time::parse_rfc3339;
use tidegate_model::value::parse_decimal;

static PRATT: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    use Rule::*;
    PrattParser::new()
        .op(Op::infix(op_or, Assoc::Left))
        .op(Op::infix(op_and, Assoc::Left))
        .op(Op::prefix(not_op))
        .op(Op::infix(op_eq, Assoc::Left)
            | Op::infix(op_ne, Assoc::Left)
            | Op::infix(op_lt, Assoc::Left)
            | Op::infix(op_le, Assoc::Left)
            | Op::infix(op_gt, Assoc::Left)
            | Op::infix(op_ge, Assoc::Left)
            | Op::postfix(in_list)
            | Op::postfix(between)
            | Op::postfix(is_null))
        .op(Op::infix(op_coalesce, Assoc::Right))
        .op(Op::infix(op_add, Assoc::Left) | Op::infix(op_sub, Assoc::Left))
        .op(Op::infix(op_mul, Assoc::Left) | Op::infix(op_div, Assoc::Left) | Op::infix(op_rem, Assoc::Left))
        .op(Op::prefix(minus_op))
        .op(Op::postfix(index) | Op::postfix(field_access))
});

impl Reader<'_> {
    pub(super) fn expr(&mut self, pair: Node<'_>) -> Expr {
        let span = self.span(&pair);
        // Each operator makes the tree a level deeper.
        let parts = pair.clone().into_inner().count();
        if self.depth + parts > OPERATORS_MAX {
            self.diagnostics.push(
                Diagnostic::error(codes::TOO_DEEP, span, format!("more than {OPERATORS_MAX} operators and values in one expression"))
                    .note("give parts of it names with `fn` or an earlier `add` step; many comparisons with one value are `x in [ … ]`"),
            );
            return Spanned::new(ExprKind::Null, span);
        }
        self.depth += parts;
        let expr = self.operators(pair, span);
        self.depth -= parts;
        expr
    }

    fn operators(&mut self, pair: Node<'_>, span: Span) -> Expr {
        let this = std::cell::RefCell::new(self);
        let combine = |a: Expr, operator: BinaryOp, b: Expr| {
            let span = a.span.to(b.span);
            Spanned::new(ExprKind::Binary(operator, Box::new(a), Box::new(b)), span)
        };
        let mut expr = PRATT
            .map_primary(|pair| this.borrow_mut().atom(pair))
            .map_prefix(|operator, value| {
                let span = this.borrow().span(&operator).to(value.span);
                let operator =
                    if operator.as_rule() == Rule::not_op { UnaryOp::Not } else { UnaryOp::Negate };
                Spanned::new(ExprKind::Unary(operator, Box::new(value)), span)
            })
            .map_infix(|a, operator, b| combine(a, binary(operator.as_rule()), b))
            .map_postfix(|value, postfix| this.borrow_mut().postfix(value, postfix))
            .parse(pair.into_inner());
        if expr.span == Span::default() {
            expr.span = span;
        }
        expr
    }

    pub(super) fn postfix(&mut self, value: Expr, pair: Node<'_>) -> Expr {
        let span = value.span.to(self.span(&pair));
        let rule = pair.as_rule();
        let value = Box::new(value);
        let inner: Vec<Node<'_>> = pair.into_inner().collect();
        let negated = inner.iter().any(|pair| pair.as_rule() == Rule::not_mark);
        let kind = match rule {
            Rule::in_list => {
                let list = inner
                    .into_iter()
                    .filter(|pair| matches!(pair.as_rule(), Rule::expr | Rule::in_value))
                    .map(|pair| self.atom(pair));
                ExprKind::In { value, list: list.collect(), negated }
            }
            Rule::index => {
                let index = inner.into_iter().next().expect("an index");
                ExprKind::Index(value, Box::new(self.expr(index)))
            }
            Rule::field_access => ExprKind::Field(value, self.name(inner.last().expect("a field's name"))),
            Rule::is_null => ExprKind::IsNull { value, negated },
            _ => {
                let mut bounds = inner
                    .into_iter()
                    .filter(|pair| pair.as_rule() == Rule::bound)
                    .map(|pair| self.signed(pair));
                let (low, high) = (bounds.next().expect("a bound"), bounds.next().expect("a bound"));
                ExprKind::Between(value, Box::new(low), Box::new(high))
            }
        };
        Spanned::new(kind, span)
    }

    /// A primary with an optional minus.
    pub(super) fn signed(&mut self, pair: Node<'_>) -> Expr {
        let span = self.span(&pair);
        let mut inner = pair.into_inner();
        let first = inner.next().expect("a value");
        if first.as_rule() != Rule::minus_op {
            return self.atom(first);
        }
        let value = self.atom(inner.next().expect("a value"));
        Spanned::new(ExprKind::Unary(UnaryOp::Negate, Box::new(value)), span)
    }

    pub(super) fn atom(&mut self, pair: Node<'_>) -> Expr {
        let span = self.span(&pair);
        let text = pair.as_str().trim();
        let kind = match pair.as_rule() {
            Rule::expr => return self.expr(pair),
            Rule::in_value => {
                let mut inner = pair.into_inner();
                let value = self.atom(inner.next().expect("a value"));
                return inner.fold(value, |value, postfix| self.postfix(value, postfix));
            }
            Rule::minus_number => return self.signed(pair),
            Rule::lambda => {
                let mut inner = pair.into_inner();
                let names = inner.next().expect("parameters").into_inner();
                let names = names.map(|name| self.name(&name)).collect();
                ExprKind::Lambda(names, Box::new(self.expr(inner.next().expect("a body"))))
            }
            Rule::list_literal => ExprKind::List(pair.into_inner().map(|pair| self.expr(pair)).collect()),
            Rule::map_literal => ExprKind::Map(
                pair.into_inner()
                    .map(|entry| {
                        let mut inner = entry.into_inner();
                        let key = self.atom(inner.next().expect("a key"));
                        (key, self.expr(inner.next().expect("a value")))
                    })
                    .collect(),
            ),
            Rule::number => self.number(text, span),
            Rule::duration => ExprKind::Duration(self.duration(&pair).node),
            Rule::timestamp => self.timestamp(text, span),
            Rule::plain_string => ExprKind::String(self.string(&pair).node),
            Rule::boolean => ExprKind::Bool(text == "true"),
            Rule::null => ExprKind::Null,
            Rule::format_string => ExprKind::Format(
                pair.into_inner()
                    .map(|part| match part.as_rule() {
                        Rule::format_value => {
                            FormatPart::Value(self.expr(part.into_inner().next().expect("a value")))
                        }
                        _ => {
                            let span = self.span(&part);
                            let text = part.as_str().replace("{{", "{").replace("}}", "}");
                            FormatPart::Text(self.unescape(&text, span))
                        }
                    })
                    .collect(),
            ),
            Rule::if_expr => {
                let mut parts: Vec<Expr> = Vec::new();
                for part in pair.into_inner() {
                    if matches!(part.as_rule(), Rule::expr | Rule::if_expr) {
                        parts.push(self.atom(part));
                    }
                }
                let mut parts = parts.into_iter();
                let mut part = || Box::new(parts.next().expect("the grammar has three"));
                ExprKind::If(part(), part(), part())
            }
            Rule::match_expr => {
                let mut inner = pair.into_inner().skip(1);
                let subject = Box::new(self.expr(inner.next().expect("a subject")));
                ExprKind::Match(subject, inner.map(|arm| self.arm(arm)).collect())
            }
            Rule::record => ExprKind::Record(pair.into_inner().map(|entry| self.entry(entry)).collect()),
            Rule::call => {
                let mut inner = pair.into_inner();
                let name = self.name(&inner.next().expect("a name"));
                ExprKind::Call(name, inner.map(|pair| self.atom(pair)).collect())
            }
            Rule::value_path => ExprKind::Path(text.split('.').map(str::to_owned).collect()),
            other => panic!("{other:?} is no expression"),
        };
        Spanned::new(kind, span)
    }

    pub(super) fn number(&mut self, text: &str, span: Span) -> ExprKind {
        let kind = if text.contains(['e', 'E']) {
            text.parse().ok().map(ExprKind::Float)
        } else if let Some((_, fraction)) = text.split_once('.') {
            let scale = fraction.len() as u8;
            (fraction.len() <= 18)
                .then(|| parse_decimal(text.as_bytes(), scale))
                .flatten()
                .map(|digits| ExprKind::Decimal(digits, scale))
        } else {
            text.parse().ok().map(ExprKind::Int)
        };
        kind.unwrap_or_else(|| {
            self.diagnostics.push(Diagnostic::error(
                codes::LITERAL,
                span,
                format!("the number {text} is too large"),
            ));
            ExprKind::Int(0)
        })
    }

    /// `@10:00` is on 2026-01-01, as tests need no date; `@2026-01-01` is midnight UTC.
    pub(super) fn timestamp(&mut self, text: &str, span: Span) -> ExprKind {
        let text = &text[1..];
        let whole = match text.len() {
            5 if text.contains(':') => format!("2026-01-01T{text}:00Z"),
            8 if text.contains(':') => format!("2026-01-01T{text}Z"),
            10 if text.contains('-') => format!("{text}T00:00:00Z"),
            _ => text.to_owned(),
        };
        match parse_rfc3339(whole.as_bytes()) {
            Some(time) => ExprKind::Timestamp(time.micros()),
            None => {
                let message =
                    format!("`@{text}` is no time; write `@10:00`, `@2026-01-31` or `@2026-01-31T10:00:00Z`");
                self.diagnostics.push(Diagnostic::error(codes::LITERAL, span, message));
                ExprKind::Timestamp(0)
            }
        }
    }

    pub(super) fn arm(&mut self, pair: Node<'_>) -> Arm {
        let span = self.span(&pair);
        let mut arm = Arm { patterns: Vec::new(), guard: None, value: None, span };
        let mut guarded = false;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::pattern => {
                    let literals = part.into_inner().filter(|pair| pair.as_rule() == Rule::literal);
                    arm.patterns = literals.map(|pair| self.signed(pair)).collect();
                }
                Rule::k_if => guarded = true,
                Rule::expr if guarded && arm.guard.is_none() => arm.guard = Some(self.expr(part)),
                Rule::expr => arm.value = Some(self.expr(part)),
                _ => {}
            }
        }
        arm
    }

    pub(super) fn entry(&mut self, pair: Node<'_>) -> RecordEntry {
        let entry = pair.into_inner().next().expect("an entry");
        let rule = entry.as_rule();
        let mut inner = entry.into_inner();
        match (rule, inner.next()) {
            (Rule::spread, None) => RecordEntry::Open,
            (Rule::spread, Some(path)) => RecordEntry::Spread(self.atom(path)),
            (_, name) => {
                let name = self.name(&name.expect("a field has a name"));
                let value = match inner.next() {
                    Some(value) => self.atom(value),
                    None => Spanned::new(ExprKind::Path(vec![name.node.clone()]), name.span),
                };
                RecordEntry::Field(name, value)
            }
        }
    }
}

fn binary(rule: Rule) -> BinaryOp {
    match rule {
        Rule::op_or => BinaryOp::Or,
        Rule::op_and => BinaryOp::And,
        Rule::op_coalesce => BinaryOp::Coalesce,
        Rule::op_eq => BinaryOp::Equal,
        Rule::op_ne => BinaryOp::NotEqual,
        Rule::op_lt => BinaryOp::Less,
        Rule::op_le => BinaryOp::LessOrEqual,
        Rule::op_gt => BinaryOp::Greater,
        Rule::op_ge => BinaryOp::GreaterOrEqual,
        Rule::op_add => BinaryOp::Add,
        Rule::op_sub => BinaryOp::Subtract,
        Rule::op_mul => BinaryOp::Multiply,
        Rule::op_div => BinaryOp::Divide,
        Rule::op_rem => BinaryOp::Remainder,
        other => panic!("{other:?} is no operator"),
    }
}
