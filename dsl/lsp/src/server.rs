//! The loop: a message in, its answer out.

use crate::answer;
use crate::document::{Documents, file};
use crate::position::{byte_at, range};
use crate::wire;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use tidegate_dsl::diagnostic::codes;
use tidegate_dsl::ide::complete;

// The protocol's numbers for what went wrong with a request.
const NO_SUCH_METHOD: i64 = -32601;
const BAD_PARAMS: i64 = -32602;
const NOT_READY: i64 = -32002;
const CLOSING: i64 = -32600;
const REFUSED: i64 = -32803;

struct Failure {
    code: i64,
    message: String,
}

type Answer = Result<Value, Failure>;

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
    /// For each open file the files that it has diagnostics in: to be emptied when they are gone.
    told: BTreeMap<String, Vec<String>>,
}

/// Serves one editor until it says `exit` or closes the pipe. Returns whether it had said `shutdown` before, as it should.
///
/// # Errors
/// A pipe is broken, or what came through it is no message of the protocol.
pub fn serve(mut input: impl BufRead, output: impl Write) -> io::Result<bool> {
    let mut server =
        Server { output, documents: Documents::default(), phase: Phase::New, told: BTreeMap::new() };
    while let Some(message) = wire::read(&mut input)? {
        let method = message["method"].as_str().unwrap_or_default();
        if method == "exit" {
            break;
        }
        match message.get("id") {
            Some(id) if !method.is_empty() => {
                let answer = server.request(method, &message["params"]);
                server.answer(id, answer)?;
            }
            // An answer to a question of ours: there are none that wait for one.
            Some(_) => {}
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

    fn request(&mut self, method: &str, params: &Value) -> Answer {
        let refuse = |code, message: &str| Err(Failure { code, message: message.to_owned() });
        match (self.phase, method) {
            (Phase::New, "initialize") => {
                self.phase = Phase::Serving;
                Ok(capabilities())
            }
            (Phase::New, _) => refuse(NOT_READY, "`initialize` comes first"),
            (Phase::Closing, _) => refuse(CLOSING, "the server was told to shut down"),
            (Phase::Serving, "initialize") => refuse(CLOSING, "`initialize` comes once"),
            (Phase::Serving, "shutdown") => {
                self.phase = Phase::Closing;
                Ok(Value::Null)
            }
            (Phase::Serving, "workspace/executeCommand") => execute(params),
            (Phase::Serving, method) => self.about_document(method, params),
        }
    }

    fn about_document(&self, method: &str, params: &Value) -> Answer {
        let bad = |message: String| Failure { code: BAD_PARAMS, message };
        if !HANDLED.contains(&method) {
            return Err(Failure {
                code: NO_SUCH_METHOD,
                message: format!("there is no method `{method}` here"),
            });
        }
        let uri =
            params["textDocument"]["uri"].as_str().ok_or_else(|| bad("no document is named".to_owned()))?;
        let document = self.documents.get(uri).ok_or_else(|| bad(format!("{uri} is not open")))?;
        let analysis = &document.analysis;
        if method == "textDocument/documentSymbol" {
            let symbols = analysis.symbols();
            return Ok(symbols.iter().map(|symbol| answer::symbol(document, symbol)).collect());
        }
        let at = byte_at(&document.text, &params["position"])
            .ok_or_else(|| bad("no position is given".to_owned()))?;
        let refused = |message: String| Failure { code: REFUSED, message };
        Ok(match method {
            "textDocument/hover" => {
                analysis.hover(at).map_or(Value::Null, |hover| answer::hover(document, &hover))
            }
            "textDocument/completion" => {
                let source = file(uri, &document.text);
                let (word, items) =
                    self.documents.with_options(uri, |options| complete(&source, at, options));
                answer::completion(document, word, &items)
            }
            "textDocument/definition" => {
                analysis.definition(at).map_or(Value::Null, |span| answer::location(uri, document, span))
            }
            "textDocument/references" => {
                let declared = analysis.definition(at);
                let with_declaration = params["context"]["includeDeclaration"].as_bool().unwrap_or(true);
                let places = analysis.references(at).into_iter();
                places
                    .filter(|span| with_declaration || Some(*span) != declared)
                    .map(|span| answer::location(uri, document, span))
                    .collect()
            }
            "textDocument/documentHighlight" => {
                let own = analysis.compiled.sources.own();
                let places = analysis.references(at).into_iter();
                let own_places = places.filter(|span| analysis.compiled.sources.file_of(*span).0 == 0);
                own_places.map(|span| json!({ "range": range(own, span) })).collect()
            }
            "textDocument/prepareRename" => {
                let span = analysis.renamed_at(at).map_err(refused)?;
                range(analysis.compiled.sources.own(), span)
            }
            _ => {
                let new = params["newName"].as_str().ok_or_else(|| bad("no new name is given".to_owned()))?;
                let edits = self
                    .documents
                    .with_options(uri, |options| analysis.rename(at, new, options))
                    .map_err(refused)?;
                answer::edits(uri, document, &edits)
            }
        })
    }

    fn notification(&mut self, method: &str, params: &Value) -> io::Result<()> {
        if self.phase != Phase::Serving {
            return Ok(());
        }
        let document = &params["textDocument"];
        let Some(uri) = document["uri"].as_str() else { return Ok(()) };
        let version = document["version"].as_i64().unwrap_or(0);
        match method {
            "textDocument/didOpen" => {
                self.changed(uri, document["text"].as_str().unwrap_or_default(), version)
            }
            // Each change is the whole text: the last one counts.
            "textDocument/didChange" => {
                let changes = params["contentChanges"].as_array();
                match changes.and_then(|changes| changes.last()).and_then(|last| last["text"].as_str()) {
                    Some(text) => self.changed(uri, text, version),
                    None => Ok(()),
                }
            }
            "textDocument/didClose" => {
                self.documents.close(uri);
                for file in self.told.remove(uri).unwrap_or_default() {
                    self.publish(&file, None, &[])?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn changed(&mut self, uri: &str, text: &str, version: i64) -> io::Result<()> {
        self.documents.set(uri, text.to_owned(), version);
        self.tell(uri)?;
        for other in self.documents.uris() {
            let uses_files = self
                .documents
                .get(&other)
                .is_some_and(|document| document.analysis.compiled.sources.files().len() > 1);
            if other != uri && uses_files {
                self.documents.refresh(&other);
                self.tell(&other)?;
            }
        }
        Ok(())
    }

    /// Sends a file's diagnostics, also those in files that it uses and that are not open themselves.
    fn tell(&mut self, uri: &str) -> io::Result<()> {
        let Some(document) = self.documents.get(uri) else { return Ok(()) };
        let version = document.version;
        let mut found = answer::diagnostics(uri, document);
        found.retain(|file, _| file == uri || self.documents.get(file).is_none());
        let files: Vec<String> = found.keys().cloned().collect();
        for gone in self.told.insert(uri.to_owned(), files).unwrap_or_default() {
            if !found.contains_key(&gone) {
                self.publish(&gone, None, &[])?;
            }
        }
        for (file, diagnostics) in found {
            let version = (file == uri).then_some(version);
            self.publish(&file, version, &diagnostics)?;
        }
        Ok(())
    }

    fn publish(&mut self, uri: &str, version: Option<i64>, diagnostics: &[Value]) -> io::Result<()> {
        let mut params = json!({ "uri": uri, "diagnostics": diagnostics });
        if let Some(version) = version {
            params["version"] = version.into();
        }
        let message =
            json!({ "jsonrpc": "2.0", "method": "textDocument/publishDiagnostics", "params": params });
        wire::write(&mut self.output, &message)
    }
}

const HANDLED: [&str; 8] = [
    "textDocument/documentSymbol",
    "textDocument/hover",
    "textDocument/completion",
    "textDocument/definition",
    "textDocument/references",
    "textDocument/documentHighlight",
    "textDocument/prepareRename",
    "textDocument/rename",
];

fn capabilities() -> Value {
    json!({
        "capabilities": {
            "positionEncoding": "utf-16",
            // The whole text with each change.
            "textDocumentSync": { "openClose": true, "change": 1 },
            "hoverProvider": true,
            "completionProvider": { "triggerCharacters": [".", ">", " ", "{", "("] },
            "definitionProvider": true,
            "referencesProvider": true,
            "documentHighlightProvider": true,
            "renameProvider": { "prepareProvider": true },
            "documentSymbolProvider": true,
            "executeCommandProvider": { "commands": ["tidegate.page"] },
        },
        "serverInfo": { "name": "tidegate", "version": env!("CARGO_PKG_VERSION") },
    })
}

/// `tidegate.page` with a code such as `T0512`: what it means.
fn execute(params: &Value) -> Answer {
    let code = params["arguments"][0].as_str().and_then(codes::parse);
    match (params["command"].as_str(), code) {
        (Some("tidegate.page"), Some(code)) => {
            Ok(json!({ "code": code.to_string(), "page": codes::page(code) }))
        }
        (Some("tidegate.page"), None) => {
            Err(Failure { code: BAD_PARAMS, message: "a code such as T0512 is needed".to_owned() })
        }
        _ => Err(Failure { code: NO_SUCH_METHOD, message: "there is no such command".to_owned() }),
    }
}
