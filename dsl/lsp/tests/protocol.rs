//! Whole conversations with the server, message by message. Wide characters stand before what is asked for, since positions count
//! UTF-16 units, and one declaration is wrong, since the others work all the same.

use serde_json::{Value, json};
use std::fmt::Write as _;
use tidegate_lsp::serve;

const URI: &str = "file:///project/z%C3%BCrich.tide";
const YAML_URI: &str = "file:///project/bern.yaml";

const TEXT: &str = r#"// Zahlungen 💶 in Zürich
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

const YAML: &str = r#"# Zahlungen 💶
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
struct Client {
    pipe: Vec<u8>,
    asked: Vec<String>,
}

impl Client {
    fn say(&mut self, message: &Value) {
        let body = message.to_string();
        self.pipe.extend(format!("Content-Length: {}\r\n\r\n{body}", body.len()).bytes());
    }

    /// Asks, and says under which heading the answer is shown.
    fn ask(&mut self, heading: &str, method: &str, params: Value) {
        self.asked.push(heading.to_owned());
        let id = self.asked.len();
        self.say(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.say(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn open(uri: &str, text: &str) -> Client {
        let mut client = Client::default();
        client.ask("initialize", "initialize", json!({ "capabilities": {} }));
        client.tell("initialized", json!({}));
        let document = json!({ "uri": uri, "languageId": "tide", "version": 1, "text": text });
        client.tell("textDocument/didOpen", json!({ "textDocument": document }));
        client
    }

    /// Asks about the place where `mark` stands in a text, `further` characters on.
    fn ask_at(&mut self, method: &str, (uri, text): (&str, &str), mark: &str, further: usize, more: &Value) {
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

    /// All answers under their headings, and the notifications before them.
    fn hear(mut self) -> String {
        self.ask("shutdown", "shutdown", Value::Null);
        self.tell("exit", Value::Null);
        let mut output = Vec::new();
        let clean = serve(&self.pipe[..], &mut output).expect("the conversation is well formed");
        assert!(clean, "`shutdown` was said before `exit`");
        let mut told = String::new();
        let text = String::from_utf8(output).expect("the server writes UTF-8");
        let mut rest = &text[..];
        while let Some((header, after)) = rest.split_once("\r\n\r\n") {
            let length: usize = header
                .strip_prefix("Content-Length: ")
                .and_then(|length| length.parse().ok())
                .expect("a length");
            let message: Value = serde_json::from_str(&after[..length]).expect("the server writes JSON");
            rest = &after[length..];
            let heading = match message["id"].as_u64() {
                Some(id) => self.asked[id as usize - 1].clone(),
                None => message["method"].as_str().expect("a notification has a method").to_owned(),
            };
            let content =
                ["result", "error", "params"].iter().find_map(|part| message.get(*part)).expect("content");
            let _ = writeln!(told, "== {heading}\n{}", shown(content, 0));
        }
        told
    }
}

/// JSON with what is short on one line, and ranges as `line:column-line:column`.
fn shown(value: &Value, depth: usize) -> String {
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
fn completions(text: &str, uri: &str) -> String {
    let at = text.find('▮').expect("a mark");
    let clean = text.replace('▮', "");
    let mut client = Client::open(uri, &clean);
    let line = text[..at].matches('\n').count();
    let column = text[..at].rsplit('\n').next().map_or(0, |line| line.encode_utf16().count());
    client.ask(
        "completion",
        "textDocument/completion",
        json!({ "textDocument": { "uri": uri }, "position": { "line": line, "character": column } }),
    );
    let mut output = Vec::new();
    serve(&client.pipe[..], &mut output).expect("the conversation is well formed");
    let text = String::from_utf8(output).expect("the server writes UTF-8");
    let last = text.rsplit("\r\n\r\n").next().expect("an answer");
    let answer: Value = serde_json::from_str(last).expect("the server writes JSON");
    let mut items: Vec<&Value> = answer["result"]["items"].as_array().expect("items").iter().collect();
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

/// The text with one line in place of the declaration that begins with these words.
fn with(declaration: &str) -> String {
    let text = TEXT.replace("param wrong: int = = 5\n", "");
    format!("{text}\n{declaration}\n")
}

#[test]
fn diagnostics_have_places_causes_and_pages() {
    let text = TEXT.replace("param wrong: int = = 5\n", "");
    let text =
        text.replace("upper(blocklist.reason)", "uper(blocklist.raison)").replace("key card\n  time", "time");
    let mut client = Client::open(URI, &text);
    let change = json!({ "textDocument": { "uri": URI, "version": 2 }, "contentChanges": [{ "text": "topology a\n" }] });
    client.tell("textDocument/didChange", change);
    client.tell("textDocument/didClose", json!({ "textDocument": { "uri": URI } }));
    let page = json!({ "command": "tidegate.page", "arguments": ["T0201"] });
    client.ask("page of T0201", "workspace/executeCommand", page);
    insta::assert_snapshot!(client.hear());
}

#[test]
fn hover_tells_types_keys_and_meanings() {
    let mut client = Client::open(URI, TEXT);
    let file = (URI, TEXT);
    for (mark, further) in [
        ("n > limit", 0),
        ("> limit", 3),
        ("{volume}\")", 2),
        ("(blocklist.reason", 2),
        ("(blocklist.reason", 12),
        ("upper(", 1),
        ("alert(it", 2),
        ("alert(it", 6),
        ("sum(amount)", 1),
        ("sum(amount)", 5),
        ("merge velocity", 8),
        ("kafka(\"payments\")\n  key", 24),
        ("table blocklist", 8),
        ("payments: Payment", 12),
        ("|> rolling", 4),
        ("|> dedupe", 4),
        ("n > limit", 2),
        ("param wrong", 7),
    ] {
        client.ask_at("hover", file, mark, further, &json!({}));
    }
    insta::assert_snapshot!(client.hear());
}

#[test]
fn definitions_and_references_are_found() {
    let mut client = Client::open(URI, TEXT);
    let file = (URI, TEXT);
    for (mark, further) in [
        ("(it, f\"💶 {n", 10),
        ("{volume}\")", 1),
        ("> limit", 3),
        ("alert(it", 2),
        ("payments: Payment", 12),
        ("blocklist.reason", 12),
        ("blocklist.reason", 2),
        ("p.card", 3),
        ("{merchant.country}", 11),
        ("card within", 1),
        ("merge velocity", 7),
        ("expect alerts", 9),
        ("\"alerts\", key: card", 16),
        ("key card\n  time", 5),
        ("upper(", 1),
    ] {
        client.ask_at("definition", file, mark, further, &json!({}));
    }
    for (mark, further) in
        [("source payments", 8), ("> limit", 3), ("Payment {", 0), ("fn alert", 4), ("card within", 1)]
    {
        client.ask_at(
            "references",
            file,
            mark,
            further,
            &json!({ "context": { "includeDeclaration": true } }),
        );
    }
    insta::assert_snapshot!(client.hear());
}

#[test]
fn names_are_changed_everywhere_or_not_at_all() {
    let mut client = Client::open(URI, TEXT);
    let file = (URI, TEXT);
    client.ask_at("prepareRename", file, "merge velocity", 8, &json!({}));
    for (mark, further, name) in [
        ("merge velocity", 8, "fast"),
        ("> limit", 3, "max_count"),
        ("alert(it", 2, "as_alert"),
        ("Payment {", 1, "Zahlung"),
        // The rows keep the name by which they are read.
        ("table blocklist", 8, "blocked_cards"),
        // What cannot be.
        ("merge velocity", 8, "blocked"),
        ("> limit", 3, "n"),
        ("alert(it", 2, "upper"),
        ("p.card", 3, "kard"),
        ("topology zurich", 10, "bern"),
        ("merge velocity", 8, "schnell-weg"),
        ("Payment {", 1, "string"),
    ] {
        client.ask_at("rename", file, mark, further, &json!({ "newName": name }));
    }
    insta::assert_snapshot!(client.hear());
}

#[test]
fn the_outline_has_declarations_and_steps() {
    let mut client = Client::open(URI, TEXT);
    client.ask("symbols", "textDocument/documentSymbol", json!({ "textDocument": { "uri": URI } }));
    insta::assert_snapshot!(client.hear());
}

#[test]
fn yaml_is_known_as_the_text_form_is() {
    let mut client = Client::open(YAML_URI, YAML);
    let file = (YAML_URI, YAML);
    for (mark, further) in [
        ("n > limit", 0),
        ("> limit", 3),
        ("{card}", 2),
        ("by: card", 5),
        ("from: payments", 7),
        ("type: Payment", 8),
    ] {
        client.ask_at("hover", file, mark, further, &json!({}));
        client.ask_at("definition", file, mark, further, &json!({}));
    }
    client.ask_at("rename", file, "> limit", 3, &json!({ "newName": "most" }));
    client.ask_at("rename", file, "from: payments", 7, &json!({ "newName": "paid" }));
    client.ask("symbols", "textDocument/documentSymbol", json!({ "textDocument": { "uri": YAML_URI } }));
    insta::assert_snapshot!(client.hear());
}

#[test]
fn completion_offers_what_the_check_would_take() {
    let cases = [
        ("a declaration", with("s▮")),
        ("a step", with("stream x = payments\n  // 💶\n  |> ▮")),
        ("a step, others behind", with("stream x = payments\n  |> f▮\n  |> map { card }")),
        ("an input", with("stream x = ▮")),
        ("inputs", with("stream x = merge payments, v▮")),
        ("a field", with("stream x = payments |> filter f\"💶\" == id and c▮")),
        ("a field, nothing written", with("stream x = payments |> filter ▮")),
        ("fields of a record", with("stream x = payments |> map { a: f\"💶 {merchant.▮")),
        ("in a function's arguments", with("stream x = payments |> add { a: upper(▮) }")),
        ("a key", with("stream x = payments |> group by ▮")),
        ("a key of rolling", with("stream x = payments |> rolling 5m by ▮")),
        ("an aggregate", with("stream x = payments |> group by card |> aggregate { n: ▮ }")),
        ("in an aggregate", with("stream x = payments |> group by card |> aggregate { n: sum(▮) }")),
        ("behind a branch", with("stream x = payments |> add { a: if amount > 1.0 { merchant.▮")),
        ("a table to join", with("stream x = payments |> join ▮")),
        ("a type", with("source x: ▮")),
        ("a type in a function", with("fn f(p: P▮")),
        ("an argument in a function", with("fn f(p: Payment) -> string = p.▮")),
        ("clauses of a source", with("source x: Payment = kafka(\"x\") ▮")),
        ("an event time", with("source x: Payment = kafka(\"x\") time ▮")),
        ("options of a sink", with("sink velocity -> kafka(\"💶\", ▮)")),
        ("a sink", with("sink ▮")),
        ("a window", with("stream x = payments |> group by card |> window ▮")),
        ("when to emit", with("stream x = payments |> group by card |> aggregate { n: count() } |> emit ▮")),
        ("in a test", with("test \"a\" {\n  expect ▮\n}")),
        ("in a comment", with("stream x = payments // c▮")),
        ("in a text", with("stream x = payments |> filter id == \"💶 c▮\"")),
    ];
    let mut told = String::new();
    for (what, text) in cases {
        let last = text.trim_end().rsplit("\n}\n").next().unwrap_or_default().trim();
        let _ = writeln!(told, "== {what}: {last}\n{}", completions(&text, URI));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn completion_in_yaml_offers_keys_and_names() {
    let cases = [
        ("a section", YAML.replace("sinks:", "si▮\nsinks:")),
        ("a key of a source", YAML.replace("    time: at\n", "    time: at\n    ▮\n")),
        ("a step", format!("{}\n", YAML.replace("      - filter:", "      - ▮\n      - filter:"))),
        ("a type", YAML.replace("type: Payment", "type: P▮")),
        ("an input", YAML.replace("from: payments", "from: ▮")),
        ("an expression", YAML.replace("n > limit", "▮ > limit")),
        ("a key", YAML.replace("by: card", "by: ▮")),
    ];
    let mut told = String::new();
    for (what, text) in cases {
        let _ = writeln!(told, "== {what}\n{}", completions(&text, YAML_URI));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn what_is_no_request_of_the_protocol_is_refused_and_the_server_goes_on() {
    let mut client = Client::default();
    client.ask("too early", "textDocument/hover", json!({}));
    client.ask("initialize", "initialize", json!({}));
    client.ask("no document", "textDocument/hover", json!({}));
    client.ask("not open", "textDocument/hover", json!({ "textDocument": { "uri": "file:///a.tide" } }));
    client.ask("no method", "textDocument/colour", json!({}));
    client.ask("no such command", "workspace/executeCommand", json!({ "command": "rm" }));
    client.tell("textDocument/didOpen", json!({}));
    client.tell("$/cancelRequest", json!({ "id": 3 }));
    insta::assert_snapshot!(client.hear());
}
