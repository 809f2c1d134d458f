//! The loop: a message in, its answer out.

use crate::capabilities::Client;
use crate::document::{Changes, Document, Documents, file};
use crate::failure::{Answer, Failure, NO_JSON};
use crate::inbox::Inbox;
use crate::names::Everywhere;
use crate::workspace::Workspace;
use crate::{action, answer, command, formatting, use_path, wire};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use tidegate_dsl::ide::{DeclaredName, complete};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    New,
    Serving,
    /// `shutdown` was asked for: only `exit` may follow.
    Closing,
}

struct Server<W> {
    output: W,
    documents: Documents,
    phase: Phase,
    client: Client,
    workspace: Workspace,
    /// The diagnostics that the editor shows now, by file.
    shown: BTreeMap<String, Vec<Value>>,
}

/// Serves one editor until it says `exit` or closes the pipe. Returns whether it had said `shutdown` before, as it should.
///
/// # Errors
/// A pipe is broken, or what came through it is no message of the protocol.
pub fn serve(input: impl BufRead + Send + 'static, output: impl Write) -> io::Result<bool> {
    let mut server = Server {
        output,
        documents: Documents::default(),
        phase: Phase::New,
        client: Client::default(),
        workspace: Workspace::default(),
        shown: BTreeMap::new(),
    };
    let mut inbox = Inbox::read(input);
    loop {
        let message = match inbox.here() {
            Some(message) => message?,
            None => {
                // Nothing is waiting: the time to say what is wrong.
                server.settle()?;
                match inbox.next() {
                    Some(message) => message?,
                    None => break,
                }
            }
        };
        let method = message["method"].as_str().unwrap_or_default();
        if method == "exit" {
            break;
        }
        match message.get("id") {
            Some(id) if !method.is_empty() => {
                let answer = if inbox.is_cancelled(id) {
                    Err(Failure::cancelled())
                } else {
                    // What it asks about is what the changes before it have made.
                    server.settle()?;
                    server.request(method, &message["params"])
                };
                server.answer(id, answer)?;
            }
            // An answer to a question of ours: nothing waits for it.
            Some(_) => {}
            None if message.is_null() => {
                let failure = Failure { code: NO_JSON, message: "this is no JSON".to_owned() };
                server.answer(&Value::Null, Err(failure))?;
            }
            None => server.notification(method, &message["params"])?,
        }
    }
    Ok(server.phase == Phase::Closing)
}

impl<W: Write> Server<W> {
    fn answer(&mut self, id: &Value, answer: Answer) -> io::Result<()> {
        let message = match answer {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
            Err(Failure { code, message }) => {
                json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
            }
        };
        wire::write(&mut self.output, &message)
    }

    fn tell(&mut self, method: &str, params: &Value) -> io::Result<()> {
        wire::write(&mut self.output, &json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    fn request(&mut self, method: &str, params: &Value) -> Answer {
        match (self.phase, method) {
            (Phase::New, "initialize") => {
                self.phase = Phase::Serving;
                self.client = Client::of(params);
                self.workspace = Workspace::of(params);
                Ok(self.client.answer())
            }
            (Phase::New, _) => Err(Failure::not_ready("`initialize` comes first")),
            (Phase::Closing, _) => Err(Failure::closing("the server was told to shut down")),
            (Phase::Serving, "initialize") => Err(Failure::closing("`initialize` comes once")),
            (Phase::Serving, "shutdown") => {
                self.phase = Phase::Closing;
                Ok(Value::Null)
            }
            (Phase::Serving, "workspace/executeCommand") => command::execute(&self.documents, params),
            (Phase::Serving, method) => self.about_document(method, params),
        }
    }

    fn about_document(&self, method: &str, params: &Value) -> Answer {
        if !ABOUT_DOCUMENTS.contains(&method) && !ABOUT_PLACES.contains(&method) {
            return Err(Failure::no_method(format!("there is no method `{method}` here")));
        }
        let uri =
            params["textDocument"]["uri"].as_str().ok_or_else(|| Failure::params("no document is named"))?;
        let document =
            self.documents.get(uri).ok_or_else(|| Failure::params(format!("{uri} is not open")))?;
        let analysis = &document.analysis;
        match method {
            "textDocument/documentSymbol" => {
                let symbols = analysis.symbols();
                return Ok(symbols.iter().map(|symbol| answer::symbol(document, symbol)).collect());
            }
            "textDocument/formatting" => {
                let edit = formatting::edit(document.own()).map_err(Failure::refused)?;
                return Ok(edit.map_or(
                    Value::Null,
                    |(bytes, text)| json!([{ "range": document.own_range(bytes), "newText": text }]),
                ));
            }
            "textDocument/codeAction" => return Ok(action::actions(&self.documents, document, params)),
            _ => {}
        }
        let at =
            document.byte_at(&params["position"]).ok_or_else(|| Failure::params("no position is given"))?;
        Ok(match method {
            "textDocument/hover" => {
                analysis.hover(at).map_or(Value::Null, |hover| answer::hover(document, &hover))
            }
            "textDocument/completion" => {
                if let Some(files) = use_path::complete(document, at) {
                    return Ok(files);
                }
                let source = file(uri, document.text());
                let ((word, items), _) = self
                    .documents
                    .with_options(uri, &Changes::new(), |options| complete(&source, at, options));
                answer::completion(document, word, &items)
            }
            "textDocument/definition" => {
                analysis.definition(at).map_or(Value::Null, |span| document.location(span))
            }
            "textDocument/references" => {
                let with_declaration = params["context"]["includeDeclaration"].as_bool().unwrap_or(true);
                let name = analysis.declared_name_at(at);
                let places = name.map(|name| self.everywhere(document, name).places(with_declaration));
                places.unwrap_or_default().into()
            }
            "textDocument/documentHighlight" => {
                let places = analysis.references(at).into_iter();
                let own_places = places.filter(|span| analysis.compiled.sources.file_of(*span).0 == 0);
                own_places.map(|span| json!({ "range": document.range(span) })).collect()
            }
            "textDocument/prepareRename" => {
                document.range(analysis.renamable_at(at).map_err(Failure::refused)?.span)
            }
            _ => {
                let new =
                    params["newName"].as_str().ok_or_else(|| Failure::params("no new name is given"))?;
                let name = analysis.renamable_at(at).map_err(Failure::refused)?;
                self.everywhere(document, name).rename(new).map_err(Failure::refused)?
            }
        })
    }

    fn everywhere<'s>(&'s self, document: &'s Document, name: DeclaredName) -> Everywhere<'s> {
        Everywhere::of(&self.documents, &self.workspace, document, name)
    }

    fn notification(&mut self, method: &str, params: &Value) -> io::Result<()> {
        if self.phase != Phase::Serving {
            return Ok(());
        }
        if method == "initialized" {
            return match self.client.registrations() {
                Some(params) => wire::write(
                    &mut self.output,
                    &json!({ "jsonrpc": "2.0", "id": "register", "method": "client/registerCapability", "params": params }),
                ),
                None => Ok(()),
            };
        }
        if method == "workspace/didChangeWatchedFiles" {
            let changes = params["changes"].as_array().into_iter().flatten();
            changes.filter_map(|change| change["uri"].as_str()).for_each(|uri| self.documents.touched(uri));
            return Ok(());
        }
        let document = &params["textDocument"];
        let Some(uri) = document["uri"].as_str() else { return Ok(()) };
        let version = document["version"].as_i64().unwrap_or(0);
        match method {
            "textDocument/didOpen" => {
                let text = document["text"].as_str().unwrap_or_default();
                let is_used = self.workspace.uses(&self.documents, uri);
                self.documents.open(uri, text.to_owned(), version, is_used);
            }
            "textDocument/didChange" => {
                let changes = params["contentChanges"].as_array().map_or(&[][..], Vec::as_slice);
                if !self.documents.change(uri, changes, version) {
                    let message = format!(
                        "{uri}: a change that cannot be understood; close the file and open it again"
                    );
                    self.tell("window/logMessage", &json!({ "type": 1, "message": message }))?;
                }
            }
            "textDocument/didClose" => self.documents.close(uri),
            _ => {}
        }
        Ok(())
    }

    /// Compiles what has changed, and tells what is wrong now where that is not what the editor shows.
    fn settle(&mut self) -> io::Result<()> {
        let Some(compiled) = self.documents.refresh() else { return Ok(()) };
        let found = answer::diagnostics(&self.documents);
        let gone: Vec<String> =
            self.shown.keys().filter(|file| !found.contains_key(*file)).cloned().collect();
        for file in gone {
            self.publish(&file, &[])?;
        }
        for (file, diagnostics) in &found {
            if compiled.contains(file) || self.shown.get(file) != Some(diagnostics) {
                self.publish(file, diagnostics)?;
            }
        }
        self.shown = found;
        Ok(())
    }

    fn publish(&mut self, uri: &str, diagnostics: &[Value]) -> io::Result<()> {
        let mut params = json!({ "uri": uri, "diagnostics": diagnostics });
        if let Some(version) = self.documents.version(uri) {
            params["version"] = version.into();
        }
        self.tell("textDocument/publishDiagnostics", &params)
    }
}

const ABOUT_DOCUMENTS: [&str; 3] =
    ["textDocument/documentSymbol", "textDocument/formatting", "textDocument/codeAction"];
const ABOUT_PLACES: [&str; 7] = [
    "textDocument/hover",
    "textDocument/completion",
    "textDocument/definition",
    "textDocument/references",
    "textDocument/documentHighlight",
    "textDocument/prepareRename",
    "textDocument/rename",
];
