//! What a function is.

use crate::arguments::{Arguments, CallSite};
use crate::error::{BadArgument, ErrorCode, FunctionError};
use crate::example::Example;
use crate::signature::{Gives, Parameter};
use std::sync::Arc;
use tidegate_model::Value;

/// One function of the language.
pub struct Function {
    pub name: &'static str,
    /// Other names, where two are equally common.
    pub aliases: &'static [&'static str],
    /// What it is called in other systems: an unknown name is compared with these too. They are no names here.
    pub elsewhere: &'static [&'static str],
    /// One sentence.
    pub meaning: &'static str,
    pub parameters: &'static [Parameter],
    pub gives: Gives,
    pub nulls: Nulls,
    /// All that it can give for an event; a property test holds that it gives no other.
    pub errors: &'static [ErrorCode],
    pub examples: &'static [Example],
    pub body: Body,
}

/// What becomes of null.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Nulls {
    /// A null argument gives null; otherwise the result is never null.
    Contagious,
    /// As [`Nulls::Contagious`], and the result may be null besides: for what is not there.
    MayGiveNull,
    /// The function is called with nulls. `gives`: whether its result may be null.
    Handled { gives: bool },
}

/// How a function is evaluated.
#[derive(Clone, Copy)]
pub enum Body {
    Direct(fn(&Arguments<'_>) -> Result<Value, FunctionError>),
    /// Makes the evaluator once for each place where the function is called, and refuses constants that cannot be used.
    Prepared(fn(&CallSite<'_>) -> Result<Evaluator, BadArgument>),
    /// A form of the language: the checker puts an expression in its place.
    Form(Form),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// The first argument that is not null; those behind it are not evaluated.
    Coalesce,
    /// A cast to the result's type.
    Cast,
    /// A function of lists and maps.
    Collection,
}

pub type Evaluator = Arc<dyn Fn(&Arguments<'_>) -> Result<Value, FunctionError> + Send + Sync>;

impl Function {
    /// Every name: the first, and the aliases.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// The parameter that takes an argument; None: there are too many arguments.
    pub fn parameter(&self, argument: usize) -> Option<&'static Parameter> {
        self.parameters.get(argument).or_else(|| self.parameters.last().filter(|last| last.repeated))
    }

    /// How many arguments it needs at least.
    pub fn required(&self) -> usize {
        self.parameters.iter().filter(|parameter| parameter.default.is_none()).count()
    }
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}
