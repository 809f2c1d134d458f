//! The built-in functions by their names in the language.

use tidegate_model::ScalarType;
use tidegate_model::expr::Function;

/// What a function takes in one place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Takes {
    String,
    Int,
    Timestamp,
    Duration,
    /// int, float or decimal
    Number,
    /// float or decimal
    Fraction,
}

/// What it gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Gives {
    Bool,
    Int,
    String,
    Timestamp,
    /// The type of the first argument.
    Same,
}

pub(crate) struct Signature {
    pub(crate) name: &'static str,
    pub(crate) function: Function,
    pub(crate) takes: &'static [Takes],
    pub(crate) gives: Gives,
}

const fn signature(
    name: &'static str,
    function: Function,
    takes: &'static [Takes],
    gives: Gives,
) -> Signature {
    Signature { name, function, takes, gives }
}

pub(crate) const FUNCTIONS: &[Signature] = &[
    signature("lower", Function::Lower, &[Takes::String], Gives::String),
    signature("upper", Function::Upper, &[Takes::String], Gives::String),
    signature("trim", Function::Trim, &[Takes::String], Gives::String),
    signature("length", Function::Length, &[Takes::String], Gives::Int),
    signature("starts_with", Function::StartsWith, &[Takes::String, Takes::String], Gives::Bool),
    signature("ends_with", Function::EndsWith, &[Takes::String, Takes::String], Gives::Bool),
    signature("contains", Function::Contains, &[Takes::String, Takes::String], Gives::Bool),
    signature("substring", Function::Substring, &[Takes::String, Takes::Int, Takes::Int], Gives::String),
    signature("abs", Function::Abs, &[Takes::Number], Gives::Same),
    signature("floor", Function::Floor, &[Takes::Fraction], Gives::Int),
    signature("ceil", Function::Ceil, &[Takes::Fraction], Gives::Int),
    signature("round", Function::Round, &[Takes::Fraction], Gives::Int),
    signature("year", Function::Year, &[Takes::Timestamp], Gives::Int),
    signature("month", Function::Month, &[Takes::Timestamp], Gives::Int),
    signature("day", Function::Day, &[Takes::Timestamp], Gives::Int),
    signature("hour", Function::Hour, &[Takes::Timestamp], Gives::Int),
    signature("minute", Function::Minute, &[Takes::Timestamp], Gives::Int),
    signature("weekday", Function::Weekday, &[Takes::Timestamp], Gives::Int),
    signature("floor_time", Function::FloorTime, &[Takes::Timestamp, Takes::Duration], Gives::Timestamp),
    signature("epoch_millis", Function::EpochMillis, &[Takes::Timestamp], Gives::Int),
];

/// The functions whose names are not in the table: they take any type, or give one by their name.
pub(crate) const SPECIAL: [&str; 5] = ["coalesce", "int", "float", "string", "timestamp"];
pub(crate) const AGGREGATES: [&str; 7] = ["count", "sum", "min", "max", "avg", "first", "last"];

impl Takes {
    pub(crate) fn accepts(self, ty: ScalarType) -> bool {
        match self {
            Takes::String => ty == ScalarType::String,
            Takes::Int => ty == ScalarType::Int,
            Takes::Timestamp => ty == ScalarType::Timestamp,
            Takes::Duration => ty == ScalarType::Duration,
            Takes::Number => matches!(ty, ScalarType::Int | ScalarType::Float | ScalarType::Decimal { .. }),
            Takes::Fraction => matches!(ty, ScalarType::Float | ScalarType::Decimal { .. }),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Takes::String => "string",
            Takes::Int => "int",
            Takes::Timestamp => "timestamp",
            Takes::Duration => "duration",
            Takes::Number => "int, float or decimal",
            Takes::Fraction => "float or decimal",
        }
    }
}

impl Gives {
    pub(crate) fn ty(self, first: Option<ScalarType>) -> ScalarType {
        match self {
            Gives::Bool => ScalarType::Bool,
            Gives::Int => ScalarType::Int,
            Gives::String => ScalarType::String,
            Gives::Timestamp => ScalarType::Timestamp,
            Gives::Same => first.unwrap_or(ScalarType::Int),
        }
    }
}

/// A function's name in the language.
pub(crate) fn name(function: Function) -> &'static str {
    FUNCTIONS.iter().find(|signature| signature.function == function).map_or("?", |signature| signature.name)
}
