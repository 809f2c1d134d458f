//! Expressions as they are evaluated: those of the plan, with every call prepared once.

use tidegate_functions::{Call, find};
use tidegate_model::expr::{self, Arithmetic, Comparison};
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
    If { condition: Box<Expr>, then: Box<Expr>, otherwise: Box<Expr> },
    In(Box<Expr>, Vec<Value>),
    Cast(Box<Expr>),
    Concat(Vec<Expr>),
    Call(Call, Vec<Expr>),
}

impl Expr {
    pub(super) fn new(expr: &expr::Expr) -> Expr {
        let one = |expr: &expr::Expr| Box::new(Expr::new(expr));
        let all = |exprs: &[expr::Expr]| exprs.iter().map(Expr::new).collect();
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
            expr::ExprKind::Concat(parts) => ExprKind::Concat(all(parts)),
            expr::ExprKind::Call(name, arguments) => {
                ExprKind::Call(prepared(name, arguments, expr.ty), all(arguments))
            }
        };
        Expr { ty: expr.ty, kind }
    }
}

fn prepared(name: &str, arguments: &[expr::Expr], gives: ScalarType) -> Call {
    let function = find(name).unwrap_or_else(|| panic!("the check lets no function {name} through"));
    match Call::new(function, arguments, gives) {
        Ok(call) => call,
        Err(bad) => panic!("the check prepared this call of {name} too, and it said: {}", bad.message),
    }
}
