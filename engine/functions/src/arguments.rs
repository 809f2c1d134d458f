//! What is known of a call: when it is checked, and for each event.

use tidegate_model::expr::{Expr, ExprKind};
use tidegate_model::{ScalarType, Value};

/// A call as it stands in the topology: the types of its arguments, and the values of those that are constants.
pub struct CallSite<'a> {
    arguments: &'a [Expr],
}

/// The arguments of one call for one event. They have the types that the checker let through, and are not null unless the
/// function handles nulls; an argument that was left out is none.
pub struct Arguments<'a> {
    pub(crate) values: &'a [Value],
    pub(crate) types: &'a [ScalarType],
    /// The type of the result.
    pub(crate) gives: ScalarType,
}

impl<'a> CallSite<'a> {
    pub fn new(arguments: &'a [Expr]) -> CallSite<'a> {
        CallSite { arguments }
    }

    pub fn len(&self) -> usize {
        self.arguments.len()
    }

    pub fn is_empty(&self) -> bool {
        self.arguments.is_empty()
    }

    /// The type of an argument that is there.
    pub fn ty(&self, argument: usize) -> ScalarType {
        self.arguments[argument].ty
    }

    /// Its value, if it is there and a constant that is not null.
    pub fn constant(&self, argument: usize) -> Option<&'a Value> {
        match &self.arguments.get(argument)?.kind {
            ExprKind::Const(value) if !value.is_null() => Some(value),
            _ => None,
        }
    }

    pub fn string(&self, argument: usize) -> Option<&'a str> {
        match self.constant(argument)? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    pub fn int(&self, argument: usize) -> Option<i64> {
        match self.constant(argument)? {
            Value::Int(number) => Some(*number),
            _ => None,
        }
    }
}

impl<'a> Arguments<'a> {
    pub fn len(&self) -> usize {
        self.values.len()
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub fn value(&self, argument: usize) -> &'a Value {
        &self.values[argument]
    }

    pub fn ty(&self, argument: usize) -> ScalarType {
        self.types[argument]
    }

    /// Digits behind the point of a decimal argument.
    pub fn scale(&self, argument: usize) -> u8 {
        self.types[argument].scale()
    }

    pub fn string(&self, argument: usize) -> &'a str {
        match &self.values[argument] {
            Value::String(text) => text,
            other => mistyped("string", other),
        }
    }

    pub fn int(&self, argument: usize) -> i64 {
        match &self.values[argument] {
            Value::Int(number) => *number,
            other => mistyped("int", other),
        }
    }

    pub fn float(&self, argument: usize) -> f64 {
        match &self.values[argument] {
            Value::Float(number) => *number,
            other => mistyped("float", other),
        }
    }

    /// Microseconds since the epoch.
    pub fn timestamp(&self, argument: usize) -> i64 {
        match &self.values[argument] {
            Value::Timestamp(micros) => *micros,
            other => mistyped("timestamp", other),
        }
    }

    /// Microseconds.
    pub fn duration(&self, argument: usize) -> i64 {
        match &self.values[argument] {
            Value::Duration(micros) => *micros,
            other => mistyped("duration", other),
        }
    }

    /// None: it was left out.
    pub fn optional_string(&self, argument: usize) -> Option<&'a str> {
        (argument < self.len()).then(|| self.string(argument))
    }

    /// None: it was left out.
    pub fn optional_int(&self, argument: usize) -> Option<i64> {
        (argument < self.len()).then(|| self.int(argument))
    }
}

/// The checker lets only arguments of the parameters' types through, so this is a fault of the program, not of an event.
fn mistyped(needed: &str, given: &Value) -> ! {
    panic!("a function was given {given:?} where the checker demands {needed}")
}
