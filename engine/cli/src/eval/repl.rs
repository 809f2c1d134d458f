//! The conversation: a line is an expression, or says what expressions can name.

use super::answer::{Answer, Format};
use super::brackets::is_open;
use super::context::Context;
use crate::explain::page;
use crate::{FAILED, OK, print};
use std::io::BufRead;
use tidegate_dsl::diagnostic::{codes, did_you_mean};

const HELP: &str = "EXPRESSION          its value and its type, such as: round(10.00 / 3, 1)
event { … }         the event that expressions read, as JSON; `event` shows it
let NAME = EXPRESSION
                    gives a value a name
:type EXPRESSION    the type alone
help functions      all functions; `help lower` tells of one
help error T0301    what a code means: of the check, or of an event, such as `overflow`
quit                as Ctrl-D does
A line with an open bracket goes on in the next one. A field that is called as a word here is read by `it.event`.
";

const WORDS: [&str; 5] = ["event", "let", "help", "quit", "exit"];

/// Answers line after line. Lines that nobody types are a script: one that fails makes it fail.
pub(super) fn converse(
    context: &mut Context,
    format: Format,
    mut input: impl BufRead,
    is_terminal: bool,
) -> u8 {
    if is_terminal {
        print("`help` tells what there is; Ctrl-D ends.\n");
    }
    let mut code = OK;
    loop {
        let line = match read(&mut input, is_terminal) {
            Ok(Some(line)) => line,
            Ok(None) => break,
            Err(message) => {
                print(&format!("error: {message}\n"));
                code = FAILED;
                continue;
            }
        };
        let line = line.trim();
        if matches!(line, "quit" | "exit") {
            return if is_terminal { OK } else { code };
        }
        if line.is_empty() || line.starts_with("//") {
            continue;
        }
        let said = say(context, line, format);
        if said.is_err() {
            code = FAILED;
        }
        // Errors go where values go, so that they stand in the order of their lines.
        print(&said.unwrap_or_else(|error| error));
    }
    if is_terminal {
        print("\n");
        return OK;
    }
    code
}

/// A line, and those that it goes on in. None: the input has ended.
fn read(input: &mut impl BufRead, is_terminal: bool) -> Result<Option<String>, String> {
    let mut text = String::new();
    loop {
        if is_terminal {
            print(if text.is_empty() { "> " } else { "… " });
        }
        let mut bytes = Vec::new();
        // Input that cannot be read on has ended.
        let count = input.read_until(b'\n', &mut bytes).unwrap_or(0);
        if count == 0 {
            return Ok((!text.is_empty()).then_some(text));
        }
        let line = String::from_utf8(bytes).map_err(|_| "this line is no UTF-8 text".to_owned())?;
        // An empty line ends what was opened by mistake.
        let is_end = count <= 2 && line.trim().is_empty();
        text.push_str(&line);
        if is_end || !is_open(&text) {
            return Ok(Some(text));
        }
    }
}

/// What is said to a line; the error is text too.
fn say(context: &mut Context, line: &str, format: Format) -> Result<String, String> {
    if let Some(command) = line.strip_prefix(':') {
        return match command.split_once(char::is_whitespace) {
            Some(("type", text)) => ty(context, text, format),
            _ => {
                let word = command.split_whitespace().next().unwrap_or_default();
                let meant = did_you_mean(word, ["type"])
                    .map_or("there is `:type EXPRESSION`", |_| "did you mean `:type EXPRESSION`?");
                Err(format!("error: there is no command `:{word}`: {meant}\n"))
            }
        };
    }
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    match word {
        "help" => help(rest),
        "event" if rest.is_empty() => match context.has_event() {
            true => told(context.answer("it"), format),
            false => Err("error: there is no event: give one with `event { … }`\n".to_owned()),
        },
        "event" if rest.starts_with('{') => {
            context.set_event(rest).map_err(|message| format!("error: {message}\n"))?;
            told(context.answer("it"), format)
        }
        "let" => bind(context, rest, format),
        _ => {
            let mut answer = context.answer(line);
            if let Answer::Refused { refused, .. } = &mut answer
                && let Some(first) = refused.diagnostics.first_mut()
                && matches!(first.code, codes::SYNTAX | codes::UNKNOWN_NAME)
                && first.labels[0].text.is_empty()
                && let Some(meant) = did_you_mean(word, WORDS)
            {
                first.notes.push(format!("did you mean the command `{meant}`?"));
            }
            told(answer, format)
        }
    }
}

fn told(mut answer: Answer, format: Format) -> Result<String, String> {
    answer.tell_of_no_event("`event { … }`");
    let text = answer.text(format);
    if matches!(answer, Answer::Value { .. }) { Ok(text) } else { Err(text) }
}

fn ty(context: &Context, text: &str, format: Format) -> Result<String, String> {
    match (context.check(text.trim()), format) {
        (Ok(checked), Format::Text) => Ok(format!("{}\n", checked.ty)),
        (Ok(checked), Format::Json) => Ok(format!("{}\n", serde_json::json!({ "type": checked.ty }))),
        (Err(refused), format) => {
            told(Answer::Refused { refused, is_without_event: !context.has_event() }, format)
        }
    }
}

/// `let NAME = EXPRESSION`
fn bind(context: &mut Context, rest: &str, format: Format) -> Result<String, String> {
    let wrong = || "error: a value gets a name by `let NAME = EXPRESSION`\n".to_owned();
    let (name, text) = rest.split_once('=').ok_or_else(wrong)?;
    let name = name.trim();
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name || text.starts_with('=') {
        return Err(wrong());
    }
    if name == "it" {
        return Err("error: `it` is the event: choose another name\n".to_owned());
    }
    told(context.bind(name, text.trim()), format)
}

/// `help`, `help lower`, `help error T0301`
fn help(what: &str) -> Result<String, String> {
    let what = match what.split_once(char::is_whitespace) {
        Some(("error", code)) => code.trim(),
        None if what == "error" => "codes",
        _ => what,
    };
    if what.is_empty() {
        return Ok(HELP.to_owned());
    }
    page(what).map_err(|nearest| format!("error: there is no function and no code {what}\n{nearest}"))
}
