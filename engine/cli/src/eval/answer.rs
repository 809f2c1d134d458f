//! What an expression came to, and how that is shown.

use crate::print;
use clap::ValueEnum;
use serde_json::json;
use tidegate_dsl::Refused;
use tidegate_dsl::diagnostic::{codes, render, render_json};
use tidegate_functions::literal;
use tidegate_model::json::write_value;
use tidegate_model::plan::JsonFormat;
use tidegate_model::{ScalarType, Value};

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The value as the language writes it, and its type
    Text,
    /// One line of JSON for each value or error; a value is written as a sink writes it
    Json,
}

pub(crate) enum Answer {
    Value {
        value: Value,
        ty: ScalarType,
        /// The type, as the language writes it.
        shown: String,
    },
    Refused {
        refused: Refused,
        is_without_event: bool,
    },
    /// It fails for this event.
    Failed {
        code: &'static str,
        message: String,
    },
    /// It reads an event of this type, and there is none.
    NoEvent {
        ty: String,
        how: String,
    },
}

impl Answer {
    /// Says how an event is given, where there is none and the answer may be for want of one.
    pub(super) fn tell_of_no_event(&mut self, how_to_give_one: &str) {
        match self {
            Answer::Refused { refused, is_without_event: true } => {
                let unknown = refused.diagnostics.iter_mut().find(|told| told.code == codes::UNKNOWN_NAME);
                if let Some(unknown) = unknown {
                    unknown.notes.push(format!("there is no event: give one with {how_to_give_one}"));
                }
            }
            Answer::NoEvent { how, .. } => *how = how_to_give_one.to_owned(),
            _ => {}
        }
    }

    /// As text, values go to standard output and errors to standard error.
    pub(super) fn show(&self, format: Format) {
        match (self, format) {
            (Answer::Value { .. }, _) | (_, Format::Json) => print(&self.text(format)),
            (_, Format::Text) => eprint!("{}", self.text(format)),
        }
    }

    pub(crate) fn text(&self, format: Format) -> String {
        match (self, format) {
            (Answer::Value { value, ty, shown }, Format::Text) => {
                format!("{} : {shown}\n", literal(value, *ty))
            }
            (Answer::Value { value, ty, shown }, Format::Json) => {
                let mut json = Vec::new();
                write_value(value, *ty, JsonFormat::default(), &mut json);
                let json = String::from_utf8(json).expect("JSON is UTF-8");
                format!("{{\"type\":{},\"value\":{json}}}\n", json!(shown))
            }
            (Answer::Refused { refused, .. }, Format::Text) => render(&refused.sources, &refused.diagnostics),
            (Answer::Refused { refused, .. }, Format::Json) => {
                render_json(&refused.sources, &refused.diagnostics)
            }
            (Answer::Failed { code, message }, Format::Text) => format!(
                "error: {code}: {message}\n  = in a topology this event goes to the step's `errors ->` with this code; without one the topology stops\n"
            ),
            (Answer::Failed { code, message }, Format::Json) => {
                format!("{}\n", json!({ "error": { "code": code, "message": message } }))
            }
            (Answer::NoEvent { ty, how }, Format::Text) => {
                format!(
                    "error: it reads an event, and there is none: give one with {how}\n  = it is of the type {ty}\n"
                )
            }
            (Answer::NoEvent { ty, .. }, Format::Json) => {
                let message = format!("it reads an event of the type {ty}, and there is none");
                format!("{}\n", json!({ "error": { "message": message } }))
            }
        }
    }
}
