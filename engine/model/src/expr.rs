//! Typed expressions: what the checker has proven, in the form that the engine compiles.
//!
//! Operands have been brought to one type by explicit [`ExprKind::Cast`]s, so the engine never guesses.
//! Null is contagious through arithmetic, comparison, casts and functions; `and`, `or` and `not` follow SQL's three values;
//! a filter takes null for false.

use crate::schema::ScalarType;
use crate::value::Value;

#[derive(Clone, PartialEq, Debug)]
pub struct Expr {
    pub ty: ScalarType,
    pub nullable: bool,
    pub kind: ExprKind,
}

#[derive(Clone, PartialEq, Debug)]
pub enum ExprKind {
    Const(Value),
    /// A column of the input, by its index in the schema.
    Column(usize),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    IsNull(Box<Expr>),
    /// The first that is not null (`a ?? b`).
    Coalesce(Box<Expr>, Box<Expr>),
    If {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    /// Is it one of these constants (of its own type)?
    In(Box<Expr>, Vec<Value>),
    /// To this expression's type; see [`can_cast`] for the pairs. Losing digits is an error of the event, except from decimal to
    /// a smaller scale, which rounds half to even only where the language said `round`.
    Cast(Box<Expr>),
    /// Strings one after the other (f-strings); parts are strings.
    Concat(Vec<Expr>),
    /// A function of the library (`tidegate-functions`) by its name, with arguments of the types that it takes.
    Call(&'static str, Vec<Expr>),
}

/// On two ints, floats, decimals of one scale, or (plus and minus) durations; timestamp ± duration; timestamp - timestamp.
/// Decimal: `Add`/`Subtract` operands have the result's scale; `Multiply` result scale = sum of scales;
/// `Divide` result's scale is in the type, rounded half to even; int `Divide` truncates towards zero.
/// Overflow and division by zero are errors of the event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Which casts exist. int→float, int→decimal, decimal→decimal of another scale (exact or an error), decimal→float, anything→string,
/// string→int/float/decimal/bool/timestamp (a parse, which can fail), float→decimal (exact or an error), int→timestamp (milliseconds).
pub fn can_cast(from: ScalarType, to: ScalarType) -> bool {
    use ScalarType::*;
    from == to
        || matches!(
            (from, to),
            (Int, Float | Decimal { .. } | Timestamp)
                | (Decimal { .. }, Decimal { .. } | Float)
                | (Float, Decimal { .. })
                | (_, String)
                | (String, Int | Float | Decimal { .. } | Bool | Timestamp)
        )
}

impl Expr {
    pub fn column(index: usize, ty: ScalarType, nullable: bool) -> Expr {
        Expr { ty, nullable, kind: ExprKind::Column(index) }
    }

    pub fn constant(value: Value, ty: ScalarType) -> Expr {
        Expr { ty, nullable: value.is_null(), kind: ExprKind::Const(value) }
    }

    /// The direct parts of this expression.
    pub fn children(&self) -> Vec<&Expr> {
        match &self.kind {
            ExprKind::Const(_) | ExprKind::Column(_) => vec![],
            ExprKind::Not(a)
            | ExprKind::Negate(a)
            | ExprKind::IsNull(a)
            | ExprKind::Cast(a)
            | ExprKind::In(a, _) => vec![a],
            ExprKind::Arithmetic(_, a, b)
            | ExprKind::Compare(_, a, b)
            | ExprKind::And(a, b)
            | ExprKind::Or(a, b)
            | ExprKind::Coalesce(a, b) => vec![a, b],
            ExprKind::If { condition, then, otherwise } => vec![condition, then, otherwise],
            ExprKind::Concat(parts) | ExprKind::Call(_, parts) => parts.iter().collect(),
        }
    }

    /// Calls `visit` with the index of every column that is read.
    pub fn each_column(&self, visit: &mut dyn FnMut(usize)) {
        if let ExprKind::Column(index) = self.kind {
            visit(index);
        }
        for child in self.children() {
            child.each_column(visit);
        }
    }
}
