//! A client of the server: it writes its side of a conversation down, and hears the answers.

use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Cursor;
use tidegate_lsp::serve;

pub const URI: &str = "file:///project/z%C3%BCrich.tide";
pub const YAML_URI: &str = "file:///project/bern.yaml";

pub const TEXT: &str = r#"// Zahlungen 💶 in Zürich
topology zurich

param limit: int = env("LIMIT_THAT_IS_NOT_SET", 5)
param wrong: int = = 5
type Payment { id: string, card: string, amount: decimal(18,2), merchant: { country: string }, at: timestamp }
type Alert { card: string, detail: string }

fn alert(p: Payment, detail: string) -> Alert = { detail: f"💶 {detail}", card: p.card }

source payments: Payment = kafka("payments")
  key card
  time at, out_of_order 10s

table blocklist: { card: string, reason: string } = kafka("blocklist") key card

stream velocity = payments
  |> rolling 5m by card { n: count(), volume: sum(amount) }   // „💶“ je Karte
  |> filter f"💶💶 {n}" != "" and n > limit
  |> map alert(it, f"💶 {n} × {volume}")

stream blocked = payments
  |> join blocklist by card
  |> map { card, detail: f"💶 {upper(blocklist.reason)} {merchant.country}" }

stream alerts = merge velocity, blocked
  |> dedupe by card within 10m

sink alerts -> kafka("alerts", key: card)

test "💶 blocked" {
  blocklist <- { card: "c1", reason: "stolen" }
  payments <- { id: "p1", card: "c1", amount: 1.00, merchant: { country: "CH" }, at: @10:00 }
  expect alerts == [ { detail: "💶 STOLEN CH", .. } ]
}
"#;

pub const YAML: &str = r#"# Zahlungen 💶
topology: bern
types:
  Payment: { id: string, card: string, amount: "decimal(18,2)", at: timestamp }
params:
  limit: { type: int, value: 5 }
sources:
  payments:
    type: Payment
    kafka: payments
    key: card
    time: at
streams:
  many:
    from: payments
    steps:
      - rolling: { range: 5m, by: card, fields: { n: count() } }
      - filter: 'f"💶 {card}" != "" and n > limit'
sinks:
  many: { kafka: many }
"#;

/// A conversation: what the client says is written down first, and the server then hears all of it.
#[derive(Default)]
pub struct Client {
    pipe: Vec<u8>,
    asked: Vec<String>,
    /// The address of a folder of this run; it is shown under another name.
    folder: Option<String>,
}

impl Client {
    pub fn say(&mut self, message: &Value) {
        let body = message.to_string();
        self.pipe.extend(format!("Content-Length: {}\r\n\r\n{body}", body.len()).bytes());
    }

    /// Asks, and says under which heading the answer is shown.
    pub fn ask(&mut self, heading: &str, method: &str, params: Value) {
        self.asked.push(heading.to_owned());
        let id = self.asked.len();
        self.say(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
    }

    pub fn tell(&mut self, method: &str, params: Value) {
        self.say(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    pub fn initialized() -> Client {
        let mut client = Client::default();
        client.ask("initialize", "initialize", json!({ "capabilities": {} }));
        client.tell("initialized", json!({}));
        client
    }

    pub fn open(uri: &str, text: &str) -> Client {
        let mut client = Client::initialized();
        client.open_file(uri, text);
        client
    }

    /// With a folder on the disk open in the editor.
    pub fn in_folder(folder: &str) -> Client {
        let mut client = Client { folder: Some(folder.to_owned()), ..Client::default() };
        let folders = json!([{ "uri": folder, "name": "project" }]);
        client.ask("", "initialize", json!({ "capabilities": {}, "workspaceFolders": folders }));
        client.tell("initialized", json!({}));
        client
    }

    pub fn open_file(&mut self, uri: &str, text: &str) {
        let document = json!({ "uri": uri, "languageId": "tide", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
        self.sync();
    }

    /// The whole text anew.
    pub fn change(&mut self, uri: &str, text: &str) {
        let document = json!({ "uri": uri, "version": 2 });
        self.tell(
            "textDocument/didChange",
            json!({ "textDocument": document, "contentChanges": [{ "text": text }] }),
        );
        self.sync();
    }

    pub fn close(&mut self, uri: &str) {
        self.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
        self.sync();
    }

    /// A request whose answer is not shown: before it, what the server has to say of the changes so far is said.
    pub fn sync(&mut self) {
        self.ask("", "workspace/executeCommand", Value::Null);
    }

    /// Asks about the place where `mark` stands in a text, `further` characters on.
    pub fn ask_at(
        &mut self,
        method: &str,
        (uri, text): (&str, &str),
        mark: &str,
        further: usize,
        more: &Value,
    ) {
        let at = text.find(mark).unwrap_or_else(|| panic!("{mark} is not in the text"));
        let at = at + mark.chars().take(further).map(char::len_utf8).sum::<usize>();
        let line = text[..at].matches('\n').count();
        let column = text[..at].rsplit('\n').next().map_or(0, |line| line.encode_utf16().count());
        let mut params =
            json!({ "textDocument": { "uri": uri }, "position": { "line": line, "character": column } });
        if let Some(more) = more.as_object() {
            more.iter().for_each(|(name, value)| params[name] = value.clone());
        }
        let mut shown = mark.to_owned();
        shown.insert(mark.chars().take(further).map(char::len_utf8).sum(), '▮');
        let heading = format!("{} at {shown} ({line}:{column})", method.rsplit('/').next().unwrap_or(method));
        self.ask(&heading, &format!("textDocument/{method}"), params);
    }

    /// What the server says, message by message; it is told to end first.
    pub fn messages(mut self) -> Vec<Value> {
        self.ask("shutdown", "shutdown", Value::Null);
        self.tell("exit", Value::Null);
        let mut output = Vec::new();
        let clean = serve(Cursor::new(self.pipe), &mut output).expect("the conversation is well formed");
        assert!(clean, "`shutdown` was said before `exit`");
        let text = String::from_utf8(output).expect("the server writes UTF-8");
        let mut messages = Vec::new();
        let mut rest = &text[..];
        while let Some((header, after)) = rest.split_once("\r\n\r\n") {
            let length = header.strip_prefix("Content-Length: ").and_then(|length| length.parse().ok());
            let (body, behind) = after.split_at(length.expect("a length"));
            messages.push(serde_json::from_str(body).expect("the server writes JSON"));
            rest = behind;
        }
        messages
    }

    /// What is shown of a file in the end.
    pub fn diagnostics_of(self, uri: &str) -> Vec<Value> {
        let mut messages = self.messages();
        let about = |message: &&mut Value| {
            message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == uri
        };
        let last = messages.iter_mut().rev().find(about).expect("diagnostics");
        last["params"]["diagnostics"].as_array().expect("a list").clone()
    }

    /// The answer to the last request.
    pub fn answer(self) -> Value {
        let last = self.asked.len();
        let found = self.messages().into_iter().find(|message| message["id"] == last);
        found.expect("an answer")["result"].take()
    }

    /// All answers under their headings, and the notifications before them.
    pub fn hear(mut self) -> String {
        let asked = std::mem::take(&mut self.asked);
        let folder = self.folder.take();
        // The numbers of requests go on where they were.
        self.asked = vec![String::new(); asked.len()];
        let mut told = String::new();
        for message in self.messages() {
            let heading = match message["id"].as_u64() {
                Some(id) => asked.get(id as usize - 1).map_or("", |heading| &heading[..]),
                None => message["method"].as_str().expect("a notification has a method"),
            };
            if heading.is_empty() {
                continue;
            }
            let content =
                ["result", "error", "params"].iter().find_map(|part| message.get(*part)).expect("content");
            let _ = writeln!(told, "== {heading}\n{}", shown(content, 0));
        }
        match folder {
            Some(folder) => told.replace(&folder, "file:///project"),
            None => told,
        }
    }
}

/// A text with the edits of the protocol applied to it: the last first, so that the places of the others stay right.
pub fn applied(text: &str, edits: &Value) -> String {
    let mut units: Vec<u16> = text.encode_utf16().collect();
    let at = |units: &[u16], place: &Value| {
        let mut start = 0;
        for _ in 0..place["line"].as_u64().expect("a line") {
            start += units[start..].iter().position(|unit| *unit == 10).expect("the line is there") + 1;
        }
        start + place["character"].as_u64().expect("a character") as usize
    };
    let mut edits: Vec<(usize, usize, &str)> = edits
        .as_array()
        .expect("a list")
        .iter()
        .map(|edit| {
            let range = &edit["range"];
            let text = edit["newText"].as_str().expect("a text");
            (at(&units, &range["start"]), at(&units, &range["end"]), text)
        })
        .collect();
    edits.sort();
    for (start, end, text) in edits.into_iter().rev() {
        units.splice(start..end, text.encode_utf16());
    }
    String::from_utf16(&units).expect("no character is cut")
}

/// JSON with what is short on one line, and ranges as `line:column-line:column`.
pub fn shown(value: &Value, depth: usize) -> String {
    let indent = "  ".repeat(depth + 1);
    let place = |place: &Value| Some(format!("{}:{}", place["line"].as_u64()?, place["character"].as_u64()?));
    if let (Some(start), Some(end)) = (place(&value["start"]), place(&value["end"])) {
        return format!("{start}-{end}");
    }
    let (open, close, parts): (_, _, Vec<String>) = match value {
        Value::Object(fields) => (
            "{",
            "}",
            fields.iter().map(|(name, value)| format!("{name}: {}", shown(value, depth + 1))).collect(),
        ),
        Value::Array(items) => ("[", "]", items.iter().map(|item| shown(item, depth + 1)).collect()),
        Value::String(text) if text.contains('\n') => {
            return text.lines().fold("|".to_owned(), |told, line| format!("{told}\n{indent}{line}"));
        }
        plain => return plain.to_string(),
    };
    let line = format!("{open} {} {close}", parts.join(", "));
    if parts.is_empty() {
        return format!("{open}{close}");
    }
    if line.len() <= 150 && !line.contains('\n') {
        return line;
    }
    let parts: Vec<String> = parts.iter().map(|part| format!("{indent}{part}")).collect();
    format!("{open}\n{}\n{}{close}", parts.join("\n"), "  ".repeat(depth))
}

/// The labels of a completion, as they would be shown: `kind label: detail`.
pub fn completions(text: &str, uri: &str) -> String {
    completions_at(Client::initialized(), text, uri)
}

pub fn completions_at(mut client: Client, text: &str, uri: &str) -> String {
    let at = text.find('▮').expect("a mark");
    client.open_file(uri, &text.replace('▮', ""));
    let line = text[..at].matches('\n').count();
    let column = text[..at].rsplit('\n').next().map_or(0, |line| line.encode_utf16().count());
    client.ask(
        "completion",
        "textDocument/completion",
        json!({ "textDocument": { "uri": uri }, "position": { "line": line, "character": column } }),
    );
    let answer = client.answer();
    let mut items: Vec<&Value> = answer["items"].as_array().expect("items").iter().collect();
    items.sort_by_key(|item| item["sortText"].as_str());
    // The library's functions are many and the same everywhere: the first three stand for them.
    let mut functions = 0;
    let mut told = String::new();
    for item in items {
        if item["kind"] == 3 && item["documentation"].is_string() {
            functions += 1;
            if functions > 3 {
                continue;
            }
        }
        let detail = item["detail"].as_str().map_or_else(String::new, |detail| format!(": {detail}"));
        let _ = writeln!(told, "{} {}{detail}", item["kind"], item["label"].as_str().expect("a label"));
    }
    if functions > 3 {
        let _ = writeln!(told, "and {} functions more", functions - 3);
    }
    told
}
