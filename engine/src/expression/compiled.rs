//! Expressions as they are evaluated: those of the plan, with every call prepared once.

use tidegate_functions::{Call, find};
use tidegate_model::expr::{self, Arithmetic, Collection, Comparison, EachFunction};
use tidegate_model::{ScalarType, Value};

/// As [`expr::Expr`].
#[derive(Clone, Debug)]
pub(super) struct Expr {
    pub(super) ty: ScalarType,
    pub(super) kind: ExprKind,
}

/// As [`expr::ExprKind`].
#[derive(Clone, Debug)]
pub(super) enum ExprKind {
    Const(Value),
    Column(usize),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    IsNull(Box<Expr>),
    Coalesce(Box<Expr>, Box<Expr>),
    If {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    In(Box<Expr>, Vec<Value>),
    Cast(Box<Expr>),
    Concat(Vec<Expr>),
    Call(Call, Vec<Expr>),
    /// A parameter, by its column counted from the last one of the batch (which is 1).
    Local(usize),
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    Record(Vec<Expr>),
    Field(Box<Expr>, usize),
    Index(Box<Expr>, Box<Expr>),
    Collection(Collection, Vec<Expr>),
    Each(Box<Each>),
}

/// As [`expr::Each`].
#[derive(Clone, Debug)]
pub(super) struct Each {
    pub(super) function: EachFunction,
    pub(super) over: Expr,
    pub(super) start: Option<Expr>,
    pub(super) body: Expr,
    /// The columns that the body reads besides its own parameters, with their types.
    pub(super) reads: Vec<(Read, ScalarType)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Read {
    Column(usize),
    /// A parameter of a function around, counted from the last column out there.
    Local(usize),
}

impl Expr {
    pub(super) fn new(expr: &expr::Expr) -> Expr {
        compiled(expr, &mut Vec::new())
    }
}

/// `scope`: the numbers of the parameters around, the innermost last.
fn compiled(expr: &expr::Expr, scope: &mut Vec<usize>) -> Expr {
    let mut one = |expr: &expr::Expr| Box::new(compiled(expr, scope));
    let kind = match &expr.kind {
        expr::ExprKind::Const(value) => ExprKind::Const(value.clone()),
        expr::ExprKind::Column(index) => ExprKind::Column(*index),
        expr::ExprKind::Not(a) => ExprKind::Not(one(a)),
        expr::ExprKind::Negate(a) => ExprKind::Negate(one(a)),
        expr::ExprKind::Arithmetic(operation, a, b) => ExprKind::Arithmetic(*operation, one(a), one(b)),
        expr::ExprKind::Compare(comparison, a, b) => ExprKind::Compare(*comparison, one(a), one(b)),
        expr::ExprKind::And(a, b) => ExprKind::And(one(a), one(b)),
        expr::ExprKind::Or(a, b) => ExprKind::Or(one(a), one(b)),
        expr::ExprKind::IsNull(a) => ExprKind::IsNull(one(a)),
        expr::ExprKind::Coalesce(a, b) => ExprKind::Coalesce(one(a), one(b)),
        expr::ExprKind::If { condition, then, otherwise } => {
            ExprKind::If { condition: one(condition), then: one(then), otherwise: one(otherwise) }
        }
        expr::ExprKind::In(a, values) => ExprKind::In(one(a), values.clone()),
        expr::ExprKind::Cast(a) => ExprKind::Cast(one(a)),
        expr::ExprKind::Concat(parts) => ExprKind::Concat(all(parts, scope)),
        expr::ExprKind::Call(name, arguments) => {
            ExprKind::Call(prepared(name, arguments, expr.ty), all(arguments, scope))
        }
        expr::ExprKind::Local(parameter) => {
            let place = scope.iter().rev().position(|known| *known == parameter.number);
            let place =
                place.unwrap_or_else(|| panic!("`{}` is read outside of its function", parameter.name));
            ExprKind::Local(place + 1)
        }
        expr::ExprKind::List(items) => ExprKind::List(all(items, scope)),
        expr::ExprKind::Record(fields) => ExprKind::Record(all(fields, scope)),
        expr::ExprKind::Map(entries) => ExprKind::Map(
            entries.iter().map(|(key, value)| (compiled(key, scope), compiled(value, scope))).collect(),
        ),
        expr::ExprKind::Field(record, index) => ExprKind::Field(one(record), *index),
        expr::ExprKind::Index(over, index) => ExprKind::Index(one(over), one(index)),
        expr::ExprKind::Collection(function, arguments) => {
            ExprKind::Collection(*function, all(arguments, scope))
        }
        expr::ExprKind::Each(each) => ExprKind::Each(Box::new(compiled_each(each, scope))),
    };
    Expr { ty: expr.ty, kind }
}

fn all(exprs: &[expr::Expr], scope: &mut Vec<usize>) -> Vec<Expr> {
    exprs.iter().map(|expr| compiled(expr, scope)).collect()
}

fn compiled_each(each: &expr::Each, scope: &mut Vec<usize>) -> Each {
    let over = compiled(&each.over, scope);
    let start = each.so_far.as_ref().map(|(_, start)| compiled(start, scope));
    let mut reads = Vec::new();
    outer_reads(&each.body, scope, &mut reads);
    let outer = scope.len();
    scope.extend(each.so_far.iter().map(|(parameter, _)| parameter.number));
    scope.push(each.element.number);
    let body = compiled(&each.body, scope);
    scope.truncate(outer);
    Each { function: each.function, over, start, body, reads }
}

/// What a body reads of the batch around it.
fn outer_reads(body: &expr::Expr, scope: &[usize], reads: &mut Vec<(Read, ScalarType)>) {
    let read = match &body.kind {
        expr::ExprKind::Column(index) => Some(Read::Column(*index)),
        expr::ExprKind::Local(parameter) => scope
            .iter()
            .rev()
            .position(|known| *known == parameter.number)
            .map(|place| Read::Local(place + 1)),
        _ => None,
    };
    if let Some(read) = read
        && !reads.iter().any(|(known, _)| *known == read)
    {
        reads.push((read, body.ty));
    }
    body.children().into_iter().for_each(|child| outer_reads(child, scope, reads));
}

fn prepared(name: &str, arguments: &[expr::Expr], gives: ScalarType) -> Call {
    let function = find(name).unwrap_or_else(|| panic!("the check lets no function {name} through"));
    match Call::new(function, arguments, gives) {
        Ok(call) => call,
        Err(bad) => panic!("the check prepared this call of {name} too, and it said: {}", bad.message),
    }
}
