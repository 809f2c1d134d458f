//! `tidegate eval`: one expression, or a conversation about many on standard input.

mod answer;
mod brackets;
mod context;
mod repl;

use crate::{FAILED, OK, load};
pub(crate) use answer::{Answer, Format};
pub(crate) use context::Context;
use std::io::{IsTerminal, stdin};
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Arguments {
    /// An expression, such as 'round(amount * 1.21, 2)'; without one, lines of standard input are answered
    expression: Option<String>,
    /// The event that expressions read, as JSON
    #[arg(long, value_name = "JSON")]
    event: Option<String>,
    /// A topology file: expressions can use its enums, functions and params
    #[arg(long)]
    file: Option<PathBuf>,
    /// The event's type: a type, source or table of the file. Without it the type follows from the JSON
    #[arg(long = "type", value_name = "NAME", requires = "file")]
    ty: Option<String>,
    /// How values and errors are shown
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    #[command(flatten)]
    params: load::Params,
}

pub const HELP: &str = "Examples:
  tidegate eval '10.00 / 3'
  tidegate eval 'amount * 2 > 15' --event '{\"amount\": 10.00}'
  tidegate eval 'match status { paid => 1, _ => 0 }' --file topology.tide --type Order --event '{\"status\": \"paid\"}'
  tidegate eval                     (a conversation: `help` tells what there is, Ctrl-D ends it)
  tidegate eval < expressions.txt

Without --type a number with a point is a decimal, one with an exponent a float, and a text that looks like a time stays a string: `timestamp(at)` reads it.

Exit codes: 0 it has a value; 1 the expression, the event or the file is wrong, or it fails for this event (with lines from a file or a pipe: one of them); 2 the command line is wrong.";

pub fn eval(arguments: &Arguments) -> u8 {
    let mut context = match context(arguments) {
        Ok(context) => context,
        Err(message) => {
            eprint!("{message}");
            return FAILED;
        }
    };
    match &arguments.expression {
        Some(text) => {
            let mut answer = context.answer(text);
            answer.tell_of_no_event("--event '{ … }'");
            answer.show(arguments.format);
            if matches!(answer, Answer::Value { .. }) { OK } else { FAILED }
        }
        None => repl::converse(&mut context, arguments.format, stdin().lock(), stdin().is_terminal()),
    }
}

/// What the command line says of the file and the event; else what is wrong with it.
fn context(arguments: &Arguments) -> Result<Context, String> {
    let mut context = match &arguments.file {
        Some(path) => Context::of_file(path, &arguments.params)?,
        None if arguments.params.are_given() => {
            return Err(
                "error: --param gives a value to a param of a file: say which with --file\n".to_owned()
            );
        }
        None => Context::default(),
    };
    if let Some(name) = &arguments.ty {
        context.declare_event(name).map_err(|message| format!("error: --type: {message}\n"))?;
    }
    if let Some(json) = &arguments.event {
        context.set_event(json).map_err(|message| format!("error: --event: {message}\n"))?;
    }
    Ok(context)
}
