//! Expressions: names are resolved, every part gets its type, functions of the file are put in place.

mod branch;
mod builtin;
mod call;
mod collection;
mod each;
mod fit;
mod instead;
mod known;
mod narrow;
mod nested;
mod operator;
mod placeholder;
mod size;
mod texts;
mod unknown;

use super::typed::{Located, RecordValue, Type, Typed};
use crate::ast::{self, FormatPart, RecordEntry};
use crate::diagnostic::{Code, Diagnostic, codes, did_you_mean};
use crate::facts::Facts;
use crate::parse::habit::elsewhere;
use crate::source::Span;
use std::collections::BTreeMap;
use tidegate_model::expr::{Comparison, Expr, ExprKind};
use tidegate_model::{EnumType, ScalarType, Value};

pub(crate) use fit::cast;
pub(crate) use known::is_cursor;
pub(crate) use narrow::present_if;
pub(crate) use operator::and;

/// A function of the file.
pub(crate) struct FunctionDef {
    pub(crate) decl: ast::FunctionDecl,
    pub(crate) arguments: Vec<(String, Type)>,
    pub(crate) result: Type,
}

/// What expressions may name besides the event.
#[derive(Default)]
pub(crate) struct Globals {
    pub(crate) params: BTreeMap<String, Typed>,
    pub(crate) enums: BTreeMap<String, &'static EnumType>,
    pub(crate) functions: BTreeMap<String, FunctionDef>,
    /// What is found out, where an editor asks for it.
    pub(crate) facts: Facts,
}

/// Checks expressions over one kind of event.
pub(crate) struct Checker<'a> {
    pub(crate) globals: &'a Globals,
    pub(crate) diagnostics: &'a mut Vec<Diagnostic>,
    /// The event; None where there is none (params, test rows).
    pub(crate) it: Option<&'a RecordValue>,
    /// Arguments of the function that is being put in place, and parameters of the `x => …` around.
    locals: Vec<(String, Typed)>,
    inside: Vec<String>,
    /// What is not null here though its type says that it may be.
    present: Vec<ExprKind>,
    /// What functions that were put in place have added to the expression.
    operations: usize,
    /// How many parameters of `x => …` there have been.
    parameters: usize,
}

const DECIMAL_DIGITS_MAX: u8 = 38;
const SCALE_MAX: u8 = 18;

impl<'a> Checker<'a> {
    pub(crate) fn new(
        globals: &'a Globals,
        diagnostics: &'a mut Vec<Diagnostic>,
        it: Option<&'a RecordValue>,
    ) -> Self {
        Checker::with_locals(globals, diagnostics, it, Vec::new())
    }

    /// With names beside the event's: the row of a test's case, the events of a `match`.
    pub(crate) fn with_locals(
        globals: &'a Globals,
        diagnostics: &'a mut Vec<Diagnostic>,
        it: Option<&'a RecordValue>,
        locals: Vec<(String, Typed)>,
    ) -> Self {
        Checker {
            globals,
            diagnostics,
            it,
            locals,
            inside: Vec::new(),
            present: Vec::new(),
            operations: 0,
            parameters: 0,
        }
    }

    fn error(&mut self, code: Code, span: Span, message: impl Into<String>) -> Typed {
        self.diagnostics.push(Diagnostic::error(code, span, message));
        Typed::Wrong
    }

    /// A scalar of any type; None: something was wrong, and was said.
    pub(crate) fn scalar(&mut self, expr: &ast::Expr) -> Option<Expr> {
        let located = self.located(expr);
        self.as_scalar(located)
    }

    /// A value that is one: no record, whose fields are columns of their own.
    fn as_scalar(&mut self, value: Located) -> Option<Expr> {
        match value.value {
            Typed::Scalar(scalar) => Some(scalar),
            Typed::Wrong => None,
            Typed::List(..) | Typed::Map(..) => self.infer(value),
            other => {
                let what = other.describe();
                self.error(
                    codes::TYPE_MISMATCH,
                    value.span,
                    format!("a single value is needed here, not {what}"),
                );
                None
            }
        }
    }

    /// A bool; null counts as false.
    pub(crate) fn predicate(&mut self, expr: &ast::Expr) -> Option<Expr> {
        let scalar = self.scalar(expr)?;
        if scalar.ty == ScalarType::Bool {
            return Some(scalar);
        }
        let message = format!("a condition is needed here, not {}", scalar.ty);
        self.diagnostics.push(
            Diagnostic::error(codes::TYPE_MISMATCH, expr.span, message)
                .here("this must be a bool, such as `amount > 10`"),
        );
        None
    }

    pub(crate) fn check(&mut self, expr: &ast::Expr) -> Typed {
        let value = self.check_kind(expr);
        self.note_value(expr.span, &value);
        value
    }

    fn check_kind(&mut self, expr: &ast::Expr) -> Typed {
        let span = expr.span;
        let constant = |value, ty| Typed::Scalar(Expr::constant(value, ty));
        match &expr.node {
            ast::ExprKind::Int(value) => constant(Value::Int(*value), ScalarType::Int),
            ast::ExprKind::Decimal(digits, scale) => constant(
                Value::Decimal(*digits),
                ScalarType::Decimal { precision: DECIMAL_DIGITS_MAX, scale: *scale },
            ),
            ast::ExprKind::Float(value) => constant(Value::Float(*value), ScalarType::Float),
            ast::ExprKind::String(text) => {
                self.plain_text(text, span);
                constant(Value::String(text.as_str().into()), ScalarType::String)
            }
            ast::ExprKind::Bool(value) => constant(Value::Bool(*value), ScalarType::Bool),
            ast::ExprKind::Duration(micros) => constant(Value::Duration(*micros), ScalarType::Duration),
            ast::ExprKind::Timestamp(micros) => constant(Value::Timestamp(*micros), ScalarType::Timestamp),
            ast::ExprKind::Null => Typed::Null,
            ast::ExprKind::Path(path) => self.path(path, span),
            ast::ExprKind::Call(name, arguments) => self.call(name, arguments, span),
            ast::ExprKind::Format(parts) => self.format(parts),
            ast::ExprKind::Record(entries) => self.record(entries),
            ast::ExprKind::List(items) => {
                Typed::List(items.iter().map(|item| self.located(item)).collect(), span)
            }
            ast::ExprKind::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| (self.located(key), self.located(value)));
                Typed::Map(entries.collect(), span)
            }
            ast::ExprKind::Lambda(..) => self.stray_lambda(span),
            ast::ExprKind::Index(value, index) => self.index(value, index, span),
            ast::ExprKind::Field(value, name) => {
                let value = self.check(value);
                self.note_field(&value, &name.node);
                self.field_of(value, &name.node, "this", name.span)
            }
            ast::ExprKind::If(condition, then, otherwise) => {
                let condition = self.predicate(condition);
                let present = |truth| condition.as_ref().map_or(Vec::new(), |known| present_if(known, truth));
                let (yes, no) = (present(true), present(false));
                let a = self.where_present(yes, |checker| checker.located(then));
                let b = self.where_present(no, |checker| checker.located(otherwise));
                match condition {
                    Some(condition) => self.branch(condition, a, b),
                    None => Typed::Wrong,
                }
            }
            ast::ExprKind::Match(subject, arms) => self.match_value(subject, arms, span),
            ast::ExprKind::Unary(operator, inner) => self.unary(*operator, inner),
            ast::ExprKind::Binary(operator, a, b) => self.binary(*operator, a, b, span),
            ast::ExprKind::In { value, list, negated } => self.in_list(value, list, *negated),
            ast::ExprKind::Between(value, low, high) => {
                let lower = self.compare(Comparison::GreaterOrEqual, value, low, span);
                let upper = self.compare(Comparison::LessOrEqual, value, high, span);
                match (lower, upper) {
                    (Some(lower), Some(upper)) => Typed::Scalar(and(lower, upper)),
                    _ => Typed::Wrong,
                }
            }
            ast::ExprKind::IsNull { value, negated } => self.is_null(value, *negated),
        }
    }

    fn located(&mut self, expr: &ast::Expr) -> Located {
        Located { value: self.check(expr), span: expr.span }
    }

    fn path(&mut self, path: &[String], span: Span) -> Typed {
        self.note_path(path, span);
        let (first, rest) = path.split_first().expect("a path has a name");
        let local = self.locals.iter().rev().find(|(name, _)| name == first).map(|(_, value)| value.clone());
        let in_function = !self.inside.is_empty();
        let mut value = if let Some(local) = local {
            if in_function && !self.afford(&local, span) {
                return Typed::Wrong;
            }
            local
        } else if in_function {
            // A function sees its arguments and the params, not the event that it happens to be used on.
            match (self.globals.params.get(first), self.globals.enums.get(first), rest) {
                (Some(param), ..) => param.clone(),
                (None, Some(names), [variant]) => {
                    return self.variant(names, variant, span).map_or(Typed::Wrong, Typed::Scalar);
                }
                _ => return self.unknown(path, span),
            }
        } else if let Some(it) = self.it.filter(|_| first == "it") {
            Typed::Record(it.clone())
        } else if let Some(field) = self.it.and_then(|it| it.field(first)) {
            field.clone()
        } else if let Some(param) = self.globals.params.get(first) {
            param.clone()
        } else if let (Some(names), [variant]) = (self.globals.enums.get(first), rest) {
            return self.variant(names, variant, span).map_or(Typed::Wrong, Typed::Scalar);
        } else {
            return self.unknown(path, span);
        };
        for name in rest {
            value = self.field_of(value, name, &path.join("."), span);
        }
        self.narrowed(value)
    }

    /// A field of a record. `shown`: what the record is called in messages.
    fn field_of(&mut self, value: Typed, name: &str, shown: &str, span: Span) -> Typed {
        match value {
            Typed::Record(record) => {
                if let Some(field) = record.field(name) {
                    return field.clone();
                }
                let names: Vec<&str> = record.fields.iter().map(|(name, _)| name.as_str()).collect();
                let mut diagnostic = Diagnostic::error(
                    codes::UNKNOWN_NAME,
                    span,
                    format!("there is no field `{name}` in `{shown}`"),
                )
                .note(format!("its record has {}", list(&names)));
                if let Some(meant) = did_you_mean(name, names) {
                    diagnostic = diagnostic.meant(&meant);
                }
                self.diagnostics.push(diagnostic);
                Typed::Wrong
            }
            Typed::Wrong => Typed::Wrong,
            other => {
                let message = format!("`{name}` cannot be a field of {}", other.describe());
                let mut diagnostic = Diagnostic::error(codes::NO_RECORD, span, message);
                let function = elsewhere::function_here(name);
                match (nested::instead_of_field(&other, name), function, shown.strip_suffix(name)) {
                    (Some(help), ..) => diagnostic = diagnostic.note(help),
                    (None, Some(function), Some(value)) => {
                        let call = format!("{function}({})", value.trim_end_matches('.'));
                        diagnostic = diagnostic
                            .note(format!("write `{call}`: values have no properties"))
                            .instead_of(shown, call);
                    }
                    _ => {}
                }
                self.diagnostics.push(diagnostic);
                Typed::Wrong
            }
        }
    }

    /// What is spread has most often the name that the event has elsewhere.
    fn note_whole_event(&mut self, span: Span) {
        let unknown =
            |told: &&mut Diagnostic| told.code == codes::UNKNOWN_NAME && told.labels[0].span == span;
        if let Some(told) = self.diagnostics.last_mut().filter(unknown)
            && told.mend.is_none()
        {
            told.notes.push("all fields of the event are written `..it`".to_owned());
        }
    }

    fn format(&mut self, parts: &[FormatPart]) -> Typed {
        let mut exprs = Vec::new();
        let mut wrong = false;
        for (place, part) in parts.iter().enumerate() {
            match part {
                FormatPart::Text(text) => {
                    exprs.push(Expr::constant(Value::String(text.as_str().into()), ScalarType::String));
                }
                FormatPart::Value(value) => match self.scalar(value) {
                    Some(scalar) => {
                        self.dollar_before(place.checked_sub(1).map(|before| &parts[before]), value, &scalar);
                        exprs.push(cast(scalar, ScalarType::String));
                    }
                    None => wrong = true,
                },
            }
        }
        if wrong {
            return Typed::Wrong;
        }
        let nullable = exprs.iter().any(|part| part.nullable);
        Typed::Scalar(Expr { ty: ScalarType::String, nullable, kind: ExprKind::Concat(exprs) })
    }

    fn record(&mut self, entries: &[RecordEntry]) -> Typed {
        let mut record = RecordValue::default();
        let mut named: BTreeMap<&str, Span> = BTreeMap::new();
        let mut wrong = false;
        for entry in entries {
            match entry {
                RecordEntry::Spread(value) => match self.check(value) {
                    Typed::Record(spread) => {
                        spread.fields.into_iter().for_each(|(name, value)| record.set(&name, value))
                    }
                    Typed::Wrong => {
                        self.note_whole_event(value.span);
                        wrong = true;
                    }
                    other => {
                        let message = format!("only a record can be spread, not {}", other.describe());
                        self.error(codes::NO_RECORD, value.span, message);
                        wrong = true;
                    }
                },
                RecordEntry::Open => {}
                RecordEntry::Field(name, value) => {
                    if let Some(before) = named.insert(&name.node, name.span) {
                        self.diagnostics.push(
                            Diagnostic::error(
                                codes::DUPLICATE_NAME,
                                name.span,
                                format!("the field `{}` is there twice", name.node),
                            )
                            .because(before, "first here"),
                        );
                    }
                    let value = self.check(value);
                    wrong |= value == Typed::Wrong;
                    record.set(&name.node, value);
                }
            }
        }
        if wrong { Typed::Wrong } else { Typed::Record(record) }
    }
}

/// `a, b and c`, at most a dozen.
pub(crate) fn list(names: &[&str]) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}
