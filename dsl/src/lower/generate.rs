//! `generate`: made-up events, for demonstrations and tests without a producer.

use super::Lowerer;
use crate::ast::{ConnectorRef, Expr, ExprKind as Ast, RecordEntry};
use crate::check::expr::Checker;
use crate::check::typed::{Located, Type, Typed};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use std::collections::BTreeMap;
use tidegate_model::expr::ExprKind;
use tidegate_model::plan::{Generate, Generator, NodeKind, SourceTime};
use tidegate_model::{Column, ScalarType, Schema, Value};

const WORDS: [&str; 5] = ["pick", "between", "sequence", "now", "chance"];

impl Lowerer<'_> {
    pub(super) fn generate(
        &mut self,
        connector: &ConnectorRef,
        schema: &Schema,
        key: Option<usize>,
        time: SourceTime,
    ) -> Option<NodeKind> {
        let every = self.every(connector)?;
        let seed = self.count(connector, "seed")?.unwrap_or(0);
        let count = self.count(connector, "count")?;
        let [Expr { node: Ast::Record(entries), span }] = &connector.arguments[..] else {
            self.diagnostics.push(
                Diagnostic::error(codes::GENERATE, connector.span, "`generate` needs a record that says how each field is made up")
                    .note("for example `generate(every: 10ms, { card: pick(\"c1\", \"c2\"), amount: between(1.00, 500.00), at: now() })`"),
            );
            return None;
        };
        let mut given: BTreeMap<String, &Expr> = BTreeMap::new();
        let mut wrong = !self.fields(entries, "", schema, &mut given);
        let mut columns = Vec::new();
        for column in &schema.columns {
            match given.get(&column.path) {
                Some(expr) => match self.generator(expr, column) {
                    Some(generator) => columns.push(generator),
                    None => wrong = true,
                },
                // A record is there if any of its fields is made up.
                None if column.presence => {
                    let inside = format!("{}.", column.path);
                    let there = given.keys().any(|path| path.starts_with(&inside));
                    columns.push(Generator::Constant(Value::Bool(there)));
                }
                None if column.nullable => columns.push(Generator::Constant(Value::Null)),
                None => {
                    let message = format!("the field `{}` is not made up", column.path);
                    self.diagnostics.push(Diagnostic::error(codes::GENERATE, *span, message).note(format!(
                        "say how: `{}: {}`",
                        column.path,
                        example(column.ty)
                    )));
                    wrong = true;
                }
            }
        }
        (!wrong).then_some(NodeKind::Generate(Generate { every, seed, count, columns, key, time }))
    }

    fn count(&mut self, connector: &ConnectorRef, name: &str) -> Option<Option<u64>> {
        let Some(given) = self.option(connector, name) else { return Some(None) };
        match self.constant(given, ScalarType::Int)? {
            Value::Int(number) if number >= 0 => Some(Some(number as u64)),
            _ => {
                self.error(codes::GENERATE, given.span, format!("`{name}` is a whole number from 0 on"));
                None
            }
        }
    }

    /// The expressions by the paths of their columns. False: something was wrong, and was said.
    fn fields<'e>(
        &mut self,
        entries: &'e [RecordEntry],
        prefix: &str,
        schema: &Schema,
        given: &mut BTreeMap<String, &'e Expr>,
    ) -> bool {
        let mut right = true;
        for entry in entries {
            let RecordEntry::Field(name, value) = entry else {
                if let RecordEntry::Spread(value) = entry {
                    self.error(codes::GENERATE, value.span, "each field is said by itself");
                    right = false;
                }
                continue;
            };
            let path = format!("{prefix}{}", name.node);
            let inside = format!("{path}.");
            match &value.node {
                Ast::Record(entries)
                    if schema.columns.iter().any(|column| column.path.starts_with(&inside)) =>
                {
                    right &= self.fields(entries, &inside, schema, given);
                }
                _ if schema.columns.iter().any(|column| column.path == path && !column.presence) => {
                    given.insert(path, value);
                }
                _ => {
                    let diagnostic = Diagnostic::error(
                        codes::BAD_FIELDS,
                        name.span,
                        format!("there is no field `{path}` in the type"),
                    );
                    let names = schema.columns.iter().map(|column| column.path.as_str());
                    self.diagnostics.push(match did_you_mean(&path, names) {
                        Some(meant) => diagnostic.here(format!("did you mean `{meant}`?")),
                        None => diagnostic,
                    });
                    right = false;
                }
            }
        }
        right
    }

    fn generator(&mut self, expr: &Expr, column: &Column) -> Option<Generator> {
        let Ast::Call(word, arguments) = &expr.node else {
            return self.value(expr, column).map(Generator::Constant);
        };
        let mut wrong = |message: String| {
            self.diagnostics.push(Diagnostic::error(codes::GENERATE, expr.span, message).note(format!(
                "`{}` is {}: for example `{}`",
                column.path,
                column.ty,
                example(column.ty)
            )));
            None
        };
        match (word.node.as_str(), &arguments[..]) {
            ("pick", []) => wrong("`pick` needs values to pick from".to_owned()),
            ("pick", values) => {
                let values: Vec<Value> =
                    values.iter().filter_map(|value| self.value(value, column)).collect();
                (values.len() == arguments.len()).then_some(Generator::Pick(values))
            }
            ("between", [low, high]) => {
                use ScalarType::{Decimal, Duration, Float, Int, Timestamp};
                if !matches!(column.ty, Int | Float | Decimal { .. } | Duration | Timestamp) {
                    return wrong(format!("nothing is `between` two values of type {}", column.ty));
                }
                let (low, high) = (self.value(low, column)?, self.value(high, column)?);
                if !in_order(&low, &high) {
                    self.error(codes::GENERATE, expr.span, "the first is the lesser one");
                    return None;
                }
                Some(Generator::Between(low, high))
            }
            ("sequence", []) if column.ty == ScalarType::Int => Some(Generator::Sequence(String::new())),
            ("sequence", [Expr { node: Ast::String(prefix), .. }]) if column.ty == ScalarType::String => {
                Some(Generator::Sequence(prefix.clone()))
            }
            ("sequence", _) => wrong(
                "`sequence()` numbers events from 1; for a string it takes what stands before the number"
                    .to_owned(),
            ),
            ("now", []) if column.ty == ScalarType::Timestamp => Some(Generator::Now),
            ("now", _) => wrong("`now()` is a timestamp".to_owned()),
            ("chance", [Expr { node: Ast::Decimal(digits, scale), .. }]) if column.ty == ScalarType::Bool => {
                let chance = *digits as f64 / 10f64.powi(i32::from(*scale));
                if !(0.0..=1.0).contains(&chance) {
                    return wrong("a chance is from 0.0 to 1.0".to_owned());
                }
                Some(Generator::Chance(chance))
            }
            ("chance", _) => wrong("`chance(0.1)` is a bool".to_owned()),
            ("between", _) => wrong("`between` takes two values".to_owned()),
            (other, _) => {
                let diagnostic =
                    Diagnostic::error(codes::GENERATE, word.span, format!("nothing is made up by `{other}`"));
                self.diagnostics.push(match did_you_mean(other, WORDS) {
                    Some(meant) => diagnostic.here(format!("did you mean `{meant}`?")),
                    None => diagnostic.note(format!("there is {}", crate::check::expr::list(&WORDS))),
                });
                None
            }
        }
    }

    /// A plain value of the column's type.
    fn value(&mut self, expr: &Expr, column: &Column) -> Option<Value> {
        let mut checker = Checker::new(self.globals, self.diagnostics, None);
        let located = Located { value: checker.check(expr), span: expr.span };
        let ty = Type::Scalar { ty: column.ty, nullable: column.nullable };
        match checker.fit(located, &ty, None)? {
            Typed::Scalar(tidegate_model::expr::Expr { kind: ExprKind::Const(value), .. }) => Some(value),
            _ => {
                self.error(codes::GENERATE, expr.span, "a plain value is needed here");
                None
            }
        }
    }
}

fn in_order(low: &Value, high: &Value) -> bool {
    match (low, high) {
        (Value::Int(low), Value::Int(high))
        | (Value::Duration(low), Value::Duration(high))
        | (Value::Timestamp(low), Value::Timestamp(high)) => low <= high,
        (Value::Float(low), Value::Float(high)) => low <= high,
        (Value::Decimal(low), Value::Decimal(high)) => low <= high,
        _ => false,
    }
}

fn example(ty: ScalarType) -> &'static str {
    match ty {
        ScalarType::Bool => "chance(0.1)",
        ScalarType::Int => "between(1, 100)",
        ScalarType::Float => "between(0.5e0, 9.5e0)",
        ScalarType::Decimal { .. } => "between(1.00, 500.00)",
        ScalarType::String => "pick(\"a\", \"b\")",
        ScalarType::Timestamp => "now()",
        ScalarType::Duration => "between(1s, 10s)",
        ScalarType::List(_) => "[]",
        // Anything else is a plain value, or one of several.
        _ => "pick(…, …)",
    }
}
