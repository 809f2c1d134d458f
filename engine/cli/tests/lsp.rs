//! The program as an editor's language server: started, spoken with over its pipes, ended.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// An answer that takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(60);

const URI: &str = "file:///project/z%C3%BCrich.tide";
const TEXT: &str = "topology a // 💶
source p: { id: string, amount: int } = kafka(\"p\")
stream o = p |> filter \"💶\" != id and amuont>5
sink o -> kafka(\"o\")
";

struct Editor {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    asked: u64,
}

impl Editor {
    fn start() -> Editor {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tidegate"))
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("tidegate can be started");
        let (send, from) = channel();
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        std::thread::spawn(move || {
            while let Some(message) = read(&mut output) {
                if send.send(message).is_err() {
                    break;
                }
            }
        });
        let to = child.stdin.take().expect("a pipe");
        Editor { child, to, from, asked: 0 }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.to.write_all(bytes).and_then(|()| self.to.flush()).expect("the server reads");
    }

    fn say(&mut self, message: &Value) {
        let body = message.to_string();
        self.send(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.say(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// The next message of the server.
    fn hear(&self) -> Value {
        self.from.recv_timeout(PATIENCE).expect("the server says something")
    }

    /// Asks, and gives the whole answer; what the server tells before it is passed over.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        self.say(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.hear();
            if message["id"] == id {
                return message;
            }
            assert!(message.get("method").is_some(), "{message} is the answer to another request");
        }
    }

    fn initialize(&mut self) -> Value {
        let answer =
            self.ask("initialize", json!({ "processId": null, "rootUri": null, "capabilities": {} }));
        self.tell("initialized", json!({}));
        answer
    }

    /// Closes the pipe, and gives how the program ended and what it said of that.
    fn end(self) -> (ExitStatus, String) {
        let Editor { mut child, to, from, .. } = self;
        drop(to);
        // The end of its output.
        while from.recv_timeout(PATIENCE).is_ok() {}
        let mut said = String::new();
        child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
        (child.wait().expect("it ends"), said)
    }
}

fn read(input: &mut impl BufRead) -> Option<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if input.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => length = line.strip_prefix("Content-Length: ").and_then(|text| text.parse().ok()),
        }
    }
    let mut body = vec![0; length.expect("a length")];
    input.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).expect("JSON"))
}

fn document() -> Value {
    json!({ "uri": URI })
}

#[test]
fn a_whole_conversation() {
    let mut editor = Editor::start();
    let answer = editor.initialize();
    let capabilities = &answer["result"]["capabilities"];
    assert_eq!(answer["result"]["serverInfo"]["name"], "tidegate");
    assert_eq!(capabilities["textDocumentSync"]["change"], 2);
    assert_eq!(capabilities["documentFormattingProvider"], true);

    let opened = json!({ "uri": URI, "languageId": "tide", "version": 1, "text": TEXT });
    editor.tell("textDocument/didOpen", json!({ "textDocument": opened }));
    // Nothing is asked: the server tells by itself.
    let told = editor.hear();
    assert_eq!(told["method"], "textDocument/publishDiagnostics");
    let diagnostics = told["params"]["diagnostics"].as_array().expect("a list");
    assert_eq!(diagnostics.len(), 1, "{diagnostics:?}");
    assert_eq!(diagnostics[0]["code"], "T0201");
    // Behind the pair of units that the sign is.
    let place = json!({ "start": { "line": 2, "character": 38 }, "end": { "line": 2, "character": 44 } });
    assert_eq!(diagnostics[0]["range"], place);

    let context = json!({ "diagnostics": diagnostics });
    let params = json!({ "textDocument": document(), "range": place, "context": context });
    let actions = editor.ask("textDocument/codeAction", params)["result"].take();
    assert_eq!(actions[0]["title"], "Write `amount` in place of `amuont`");
    let edit = &actions[0]["edit"]["changes"][URI][0];
    assert_eq!((&edit["range"], &edit["newText"]), (&place, &json!("amount")));

    // The editor does as it is told.
    let changed = json!({ "uri": URI, "version": 2 });
    let change = json!({ "range": edit["range"], "text": edit["newText"] });
    editor.tell("textDocument/didChange", json!({ "textDocument": changed, "contentChanges": [change] }));
    let told = editor.hear();
    assert_eq!((&told["params"]["diagnostics"], &told["params"]["version"]), (&json!([]), &json!(2)));

    let options = json!({ "tabSize": 4, "insertSpaces": true });
    let params = json!({ "textDocument": document(), "options": options });
    let edits = editor.ask("textDocument/formatting", params)["result"].take();
    assert_eq!(edits.as_array().map(Vec::len), Some(1));
    let text = edits[0]["newText"].as_str().expect("a text");
    assert!(text.contains("filter \"💶\" != id and amount > 5"), "{text}");

    assert_eq!(editor.ask("shutdown", Value::Null)["result"], Value::Null);
    editor.tell("exit", Value::Null);
    let (status, said) = editor.end();
    assert_eq!((status.code(), said.as_str()), (Some(0), ""));
}

#[test]
fn an_editor_that_goes_without_shutdown_is_told_by_the_exit_code() {
    let mut editor = Editor::start();
    editor.initialize();
    editor.tell("exit", Value::Null);
    assert_eq!(editor.end().0.code(), Some(1));
    // Or that is gone without a word.
    let mut editor = Editor::start();
    editor.initialize();
    assert_eq!(editor.end().0.code(), Some(1));
}

#[test]
fn what_is_no_message_ends_it_with_the_reason() {
    let mut editor = Editor::start();
    editor.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let (status, said) = editor.end();
    assert_eq!(status.code(), Some(1));
    assert_eq!(said, "error: the connection with the editor: a message without Content-Length\n");
}

#[test]
fn requests_that_cannot_be_answered_are_refused_and_it_goes_on() {
    let mut editor = Editor::start();
    let code = |answer: &Value| answer["error"]["code"].as_i64();
    assert_eq!(code(&editor.ask("textDocument/hover", json!({}))), Some(-32002));
    assert_eq!(code(&editor.ask("shutdown", Value::Null)), Some(-32002));
    editor.initialize();
    assert_eq!(code(&editor.ask("initialize", json!({}))), Some(-32600));
    assert_eq!(code(&editor.ask("textDocument/colour", json!({}))), Some(-32601));
    assert_eq!(code(&editor.ask("textDocument/hover", json!({ "textDocument": document() }))), Some(-32602));
    editor.tell("$/cancelRequest", json!({ "id": 99 }));
    editor.tell("$/setTrace", json!({ "value": "off" }));
    // No JSON, but of a known length.
    editor.send(b"Content-Length: 3\r\n\r\n{,}");
    assert_eq!(code(&editor.hear()), Some(-32700));
    assert_eq!(editor.ask("shutdown", Value::Null)["result"], Value::Null);
    assert_eq!(code(&editor.ask("textDocument/hover", json!({}))), Some(-32600));
    editor.tell("exit", Value::Null);
    assert_eq!(editor.end().0.code(), Some(0));
}
