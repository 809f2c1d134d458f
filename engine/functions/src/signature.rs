//! What functions take and give.

use crate::arguments::CallSite;
use crate::error::BadArgument;
use crate::function::{Function, Nulls};
use std::fmt;
use tidegate_model::ScalarType;

/// What one parameter takes. The generic ones (from `Number` on) have one type in a call: that to which all its generic arguments widen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Takes {
    Bool,
    Int,
    Float,
    String,
    Timestamp,
    /// A timestamp, or a date, which has no time zone: it is taken as its midnight in UTC.
    Day,
    Duration,
    /// int, float or decimal
    Number,
    /// float or decimal
    Fraction,
    /// Anything that has an order.
    Ordered,
    Any,
    /// `[T]`: of a form, as are the next two.
    List,
    /// `{K: V}`
    Map,
    /// An expression for each element; the parameter's name is how it is written.
    Each,
}

#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    pub name: &'static str,
    pub takes: Takes,
    /// Its default as the page shows it; None: the argument must be given.
    pub default: Option<&'static str>,
    /// Only a constant will do: a literal or a param.
    pub constant: bool,
    /// The last one may be given many times.
    pub repeated: bool,
}

/// What a function gives.
#[derive(Clone, Copy)]
pub enum Gives {
    Bool,
    Int,
    Float,
    String,
    Timestamp,
    /// A timestamp; of a date (see [`Takes::Day`]) a date.
    SameDay,
    Duration,
    Bytes,
    Date,
    Uuid,
    /// The type of its generic arguments.
    Same,
    /// As the page says it in `shown`, computed from the call.
    Computed {
        shown: &'static str,
        of: fn(&CallSite<'_>) -> Result<ScalarType, BadArgument>,
    },
}

impl Takes {
    pub fn is_generic(self) -> bool {
        matches!(self, Takes::Number | Takes::Fraction | Takes::Ordered | Takes::Any)
    }

    /// The one type that is taken; None if it is generic.
    pub fn concrete(self) -> Option<ScalarType> {
        Some(match self {
            Takes::Bool => ScalarType::Bool,
            Takes::Int => ScalarType::Int,
            Takes::Float => ScalarType::Float,
            Takes::String => ScalarType::String,
            Takes::Timestamp | Takes::Day => ScalarType::Timestamp,
            Takes::Duration => ScalarType::Duration,
            Takes::Number | Takes::Fraction | Takes::Ordered | Takes::Any => return None,
            Takes::List | Takes::Map | Takes::Each => return None,
        })
    }

    /// Is this type one of those that a generic parameter stands for?
    pub fn accepts(self, ty: ScalarType) -> bool {
        match self {
            Takes::Number => matches!(ty, ScalarType::Int | ScalarType::Float | ScalarType::Decimal { .. }),
            Takes::Fraction => matches!(ty, ScalarType::Float | ScalarType::Decimal { .. }),
            Takes::Ordered => ty.has_order(),
            Takes::Any => true,
            _ => self.concrete() == Some(ty),
        }
    }

    /// In words, for messages.
    pub fn described(self) -> &'static str {
        match self {
            Takes::Bool => "bool",
            Takes::Int => "int",
            Takes::Float => "float",
            Takes::String => "string",
            Takes::Timestamp => "timestamp",
            Takes::Day => "timestamp or date",
            Takes::Duration => "duration",
            Takes::Number => "int, float or decimal",
            Takes::Fraction => "float or decimal",
            Takes::Ordered => "a value that has an order",
            Takes::Any => "any value",
            Takes::List => "a list",
            Takes::Map => "a map",
            Takes::Each => "an expression for each element",
        }
    }
}

impl fmt::Display for Takes {
    /// As signatures show it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Takes::Number => "number",
            Takes::Fraction => "fraction",
            Takes::Ordered => "ordered",
            Takes::Any => "any",
            Takes::List => "[T]",
            Takes::Map => "{K: V}",
            concrete => concrete.described(),
        })
    }
}

impl Parameter {
    pub const fn new(name: &'static str, takes: Takes) -> Parameter {
        Parameter { name, takes, default: None, constant: false, repeated: false }
    }

    /// May be left out; `default` says what it is then.
    pub const fn or(self, default: &'static str) -> Parameter {
        Parameter { default: Some(default), ..self }
    }

    pub const fn constant(self) -> Parameter {
        Parameter { constant: true, ..self }
    }

    pub const fn repeated(self) -> Parameter {
        Parameter { repeated: true, ..self }
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.takes == Takes::Each {
            return f.write_str(self.name);
        }
        let constant = if self.constant { "constant " } else { "" };
        write!(f, "{}: {constant}{}", self.name, self.takes)?;
        if self.repeated {
            f.write_str(", …")?;
        }
        match self.default {
            Some(default) => write!(f, " = {default}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Gives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Gives::Bool => "bool",
            Gives::Int => "int",
            Gives::Float => "float",
            Gives::String => "string",
            Gives::Timestamp => "timestamp",
            Gives::Duration => "duration",
            Gives::Bytes => "bytes",
            Gives::Date => "date",
            Gives::Uuid => "uuid",
            Gives::Same | Gives::SameDay => "same",
            Gives::Computed { shown, .. } => shown,
        })
    }
}

impl Function {
    /// `pad_left(text: string, length: int, fill: string = " ") -> string`
    pub fn signature(&self) -> String {
        let parameters: Vec<String> = self.parameters.iter().map(Parameter::to_string).collect();
        let mark = match self.nulls {
            Nulls::MayGiveNull | Nulls::Handled { gives: true } => "?",
            Nulls::Contagious | Nulls::Handled { gives: false } => "",
        };
        format!("{}({}) -> {}{mark}", self.name, parameters.join(", "), self.gives)
    }

    /// The type that a call gives. `generic`: the type of its generic arguments.
    pub fn result_type(
        &self,
        site: &CallSite<'_>,
        generic: Option<ScalarType>,
    ) -> Result<ScalarType, BadArgument> {
        Ok(match self.gives {
            Gives::Bool => ScalarType::Bool,
            Gives::Int => ScalarType::Int,
            Gives::Float => ScalarType::Float,
            Gives::String => ScalarType::String,
            Gives::Timestamp | Gives::SameDay => ScalarType::Timestamp,
            Gives::Duration => ScalarType::Duration,
            Gives::Bytes => ScalarType::Bytes,
            Gives::Date => ScalarType::Date,
            Gives::Uuid => ScalarType::Uuid,
            Gives::Same => generic.expect("a test holds that `same` needs a generic parameter"),
            Gives::Computed { of, .. } => of(site)?,
        })
    }
}
