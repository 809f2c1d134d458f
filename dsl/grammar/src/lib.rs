//! What the text form may look like. It stands apart from what is made of it, since what pest writes for it takes longer
//! to compile than all the rest of the language.

use pest_derive::Parser;

#[derive(Parser)]
#[grammar = "grammar.pest"]
pub struct Grammar;
