//! A call at its place in a topology, ready to be evaluated for each event.

use crate::arguments::{Arguments, CallSite};
use crate::error::{BadArgument, FunctionError};
use crate::function::{Body, Evaluator, Function, Nulls};
use std::fmt;
use std::sync::Arc;
use tidegate_model::expr::Expr;
use tidegate_model::{ScalarType, Value};

#[derive(Clone)]
pub struct Call {
    function: &'static Function,
    types: Vec<ScalarType>,
    gives: ScalarType,
    evaluator: Evaluator,
}

impl Call {
    /// Prepares a call whose arguments have the types that the function takes. The error is that of a constant.
    ///
    /// # Panics
    /// On a function that is a form: the checker puts an expression in its place.
    pub fn new(
        function: &'static Function,
        arguments: &[Expr],
        gives: ScalarType,
    ) -> Result<Call, BadArgument> {
        let evaluator: Evaluator = match function.body {
            Body::Direct(evaluate) => Arc::new(evaluate),
            Body::Prepared(prepare) => prepare(&CallSite::new(arguments))?,
            Body::Form(form) => panic!("`{}` is the form {form:?}, which is never called", function.name),
        };
        let types = arguments.iter().map(|argument| argument.ty).collect();
        Ok(Call { function, types, gives, evaluator })
    }

    pub fn function(&self) -> &'static Function {
        self.function
    }

    /// The result for one event; `values` are of the arguments' types, or null.
    pub fn evaluate(&self, values: &[Value]) -> Result<Value, FunctionError> {
        assert_eq!(values.len(), self.types.len(), "a value for each argument");
        let handles_nulls = matches!(self.function.nulls, Nulls::Handled { .. });
        if !handles_nulls && values.iter().any(Value::is_null) {
            return Ok(Value::Null);
        }
        (self.evaluator)(&Arguments { values, types: &self.types, gives: self.gives })
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}{:?} -> {}", self.function, self.types, self.gives)
    }
}
