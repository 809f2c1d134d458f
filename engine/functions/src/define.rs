//! What the file of a function writes its definition with.

pub(crate) use crate::arguments::{Arguments, CallSite};
pub(crate) use crate::decimal::scale_argument;
pub(crate) use crate::error::ErrorCode::*;
pub(crate) use crate::error::{BadArgument, ErrorCode, FunctionError};
pub(crate) use crate::example::{fails, gives, refused};
pub(crate) use crate::function::{Body, Form, Function, Nulls};
pub(crate) use crate::signature::{Gives, Parameter, Takes};
pub(crate) use std::sync::Arc;
pub(crate) use tidegate_model::nested::ELEMENTS_MAX;
pub(crate) use tidegate_model::{ScalarType, Value};

/// The longest text that a function makes longer than its arguments, in bytes.
pub(crate) const TEXT_BYTES_MAX: usize = 1 << 20;

/// What most functions have in common: no aliases, null in gives null out, no errors.
pub(crate) const DEFAULTS: Function = Function {
    name: "",
    aliases: &[],
    elsewhere: &[],
    meaning: "",
    parameters: &[],
    gives: Gives::Same,
    nulls: Nulls::Contagious,
    errors: &[],
    limits: "",
    examples: &[],
    body: Body::Direct(|_| Ok(Value::Null)),
};

pub(crate) const fn int(name: &'static str) -> Parameter {
    Parameter::new(name, Takes::Int)
}

pub(crate) const fn float(name: &'static str) -> Parameter {
    Parameter::new(name, Takes::Float)
}

pub(crate) const fn string(name: &'static str) -> Parameter {
    Parameter::new(name, Takes::String)
}

pub(crate) const fn timestamp(name: &'static str) -> Parameter {
    Parameter::new(name, Takes::Timestamp)
}

/// A timestamp or a date.
pub(crate) const fn day(name: &'static str) -> Parameter {
    Parameter::new(name, Takes::Day)
}

pub(crate) const fn duration(name: &'static str) -> Parameter {
    Parameter::new(name, Takes::Duration)
}

pub(crate) const fn number(name: &'static str) -> Parameter {
    Parameter::new(name, Takes::Number)
}

pub(crate) const fn fraction(name: &'static str) -> Parameter {
    Parameter::new(name, Takes::Fraction)
}

pub(crate) const fn ordered(name: &'static str) -> Parameter {
    Parameter::new(name, Takes::Ordered)
}

pub(crate) const fn any(name: &'static str) -> Parameter {
    Parameter::new(name, Takes::Any)
}

pub(crate) const fn list(name: &'static str) -> Parameter {
    Parameter::new(name, Takes::List)
}

pub(crate) const fn dictionary(name: &'static str) -> Parameter {
    Parameter::new(name, Takes::Map)
}

/// An expression that is evaluated for each element; it is shown as it is written.
pub(crate) const fn each(written: &'static str) -> Parameter {
    Parameter::new(written, Takes::Each)
}

/// What a form gives, for its page: the checker works out the type.
pub(crate) const fn shown(shown: &'static str) -> Gives {
    Gives::Computed { shown, of: |_| panic!("the checker knows the type of this form") }
}

/// The last parameter of functions of the calendar.
pub(crate) const ZONE: Parameter = string("zone").or("\"UTC\"");

/// What functions of the calendar can give: a name that is no zone, and an instant that no calendar holds.
pub(crate) const CALENDAR_ERRORS: &[ErrorCode] = &[UnknownZone, Overflow];

/// A string as a result.
pub(crate) fn text(text: impl Into<Box<str>>) -> Result<Value, FunctionError> {
    Ok(Value::String(text.into()))
}

/// A list of strings as a result.
pub(crate) const STRINGS: Gives =
    Gives::Computed { shown: "[string]", of: |_| Ok(ScalarType::list(ScalarType::String, false)) };

/// A list of strings, unless there are too many.
pub(crate) fn texts<'a>(parts: impl Iterator<Item = &'a str>) -> Result<Value, FunctionError> {
    listed(parts.map(text))
}

/// A list, unless it has too many elements, or one of them fails.
pub(crate) fn listed(
    parts: impl Iterator<Item = Result<Value, FunctionError>>,
) -> Result<Value, FunctionError> {
    let values: Vec<Value> = parts.take(ELEMENTS_MAX + 1).collect::<Result<_, _>>()?;
    if values.len() > ELEMENTS_MAX {
        Err(FunctionError::TooManyElements)
    } else {
        Ok(Value::List(values.into()))
    }
}

/// A string as a result, unless it is too long.
pub(crate) fn bounded_text(text: String) -> Result<Value, FunctionError> {
    if text.len() > TEXT_BYTES_MAX { Err(FunctionError::TooLong) } else { Ok(Value::String(text.into())) }
}

/// A float as an int; what it has behind the point is gone.
pub(crate) fn whole(value: f64) -> Result<Value, FunctionError> {
    // 2^63 is the first float that does not fit; NaN is in no range.
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value);
    if fits { Ok(Value::Int(value as i64)) } else { Err(FunctionError::Overflow) }
}

/// Declares the files of a group's functions, and lists them.
macro_rules! functions {
    ($($file:ident),* $(,)?) => {
        $(mod $file;)*
        pub(crate) static FUNCTIONS: &[&crate::Function] = &[$(&$file::FUNCTION),*];
    };
}
pub(crate) use functions;
