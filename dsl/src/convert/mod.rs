//! From one spelling to the other: the AST is written out again, with the comments of the file at the same declarations, steps and fields.
//!
//! Literals are written as the file spells them (`90m` stays `90m`). What one spelling can say and the other cannot is told, and nothing is written.

mod comments;
mod expr;
mod tide;
mod yaml;
mod yaml_test_block;
mod yaml_text;

use crate::diagnostic::{Diagnostic, codes};
use crate::format::{Unformatted, format};
use crate::source::{SourceFile, Span};
use crate::text_comments::{self, Found};
use crate::{parse, yaml as yaml_form};
use comments::Comments;
use expr::Printer;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spelling {
    Tide,
    Yaml,
}

/// The file in the given spelling; one that is in it already is put in its canonical form. Its plan stays the same.
pub fn convert(file: &SourceFile, to: Spelling) -> Result<String, Vec<Diagnostic>> {
    let from = if file.is_yaml() { Spelling::Yaml } else { Spelling::Tide };
    let (topology, mut diagnostics) = match from {
        Spelling::Yaml => yaml_form::parse(file),
        Spelling::Tide => parse::parse(file),
    };
    diagnostics.retain(Diagnostic::is_error);
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let mut found = text_comments::of(file);
    match to {
        Spelling::Yaml => {
            for comment in &mut found {
                comment.text = yaml_text::printable(&comment.text);
            }
            let written =
                with_comments(found, |comments| yaml::write(&topology, &Printer::new(file), comments));
            written.1.map(|text| text + &end(&written.0, "#"))
        }
        Spelling::Tide => {
            let written =
                with_comments(found, |comments| tide::write(&topology, &Printer::new(file), comments));
            let text = written.1 + &end(&written.0, "//");
            match format(&SourceFile::new("converted.tide", text)) {
                Ok(text) => Ok(text),
                // Blocks of YAML nest without brackets.
                Err(Unformatted::Syntax(errors))
                    if errors.iter().all(|error| error.code == codes::TOO_DEEP) =>
                {
                    let message = format!("the text form would have {}", errors[0].message);
                    Err(vec![Diagnostic::error(codes::TOO_DEEP, file.place(Span::new(0, 0)), message)])
                }
                Err(Unformatted::Syntax(diagnostics)) => {
                    panic!("the text form that was written has errors: {diagnostics:?}")
                }
                Err(Unformatted::Fault) => panic!("the formatter changed the text form that was written"),
            }
        }
    }
}

/// Writes twice: the first time only tells which places comments can stand at.
fn with_comments<T>(found: Vec<Found>, write: impl Fn(&mut Comments) -> T) -> (Comments, T) {
    let mut places = Comments::default();
    write(&mut places);
    let mut comments = places.with(found);
    let written = write(&mut comments);
    (comments, written)
}

/// The comments behind everything.
fn end(comments: &Comments, mark: &str) -> String {
    comments.left().map(|text| format!("{mark}{text}\n")).collect()
}
