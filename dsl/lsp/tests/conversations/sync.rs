//! Changes as editors send them: pieces, at places that count UTF-16 units, in files with any ends of lines, small and large.

use crate::client::{Client, TEXT, URI};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A text as an editor holds it: UTF-16 units.
#[derive(Clone)]
struct Buffer(Vec<u16>);

impl Buffer {
    /// Where characters begin, and the end.
    fn places(&self) -> Vec<usize> {
        let low = |unit: u16| (0xDC00..0xE000).contains(&unit);
        (0..=self.0.len()).filter(|at| self.0.get(*at).is_none_or(|unit| !low(*unit))).collect()
    }

    /// No place is between the two parts of `\r\n`.
    fn position(&self, at: usize) -> Value {
        let (mut line, mut start) = (0, 0);
        for index in 0..at {
            let is_end = match self.0[index] {
                10 => true,
                13 => self.0.get(index + 1) != Some(&10),
                _ => false,
            };
            if is_end {
                (line, start) = (line + 1, index + 1);
            }
        }
        json!({ "line": line, "character": at - start })
    }

    fn inside_of_line_end(&self, at: usize) -> bool {
        at > 0 && self.0[at - 1] == 13 && self.0.get(at) == Some(&10)
    }

    fn text(&self) -> String {
        String::from_utf16(&self.0).expect("whole characters")
    }
}

/// All that the server says of a file once the changes are in.
fn known(mut client: Client) -> Vec<Value> {
    let document = json!({ "textDocument": { "uri": URI } });
    client.ask("", "textDocument/documentSymbol", document.clone());
    let mut formatting = document;
    formatting["options"] = json!({ "tabSize": 2, "insertSpaces": true });
    client.ask("", "textDocument/formatting", formatting);
    let messages = client.messages();
    let shown = messages.iter().rev().find(|message| message["method"] == "textDocument/publishDiagnostics");
    let mut known = vec![shown.expect("diagnostics")["params"]["diagnostics"].clone()];
    known.extend(messages.iter().rev().skip(1).take(2).map(|message| message["result"].clone()));
    known
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// After any changes the server knows what it would know of the text that they made.
    #[test]
    fn changes_lead_to_the_text_of_the_editor(
        ends in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        edits in proptest::collection::vec(
            (any::<prop::sample::Index>(), any::<prop::sample::Index>(), prop::sample::select(vec![
                "", "💶", "\r\n", "\n", "é\n", "topology b\r\n", "  |> filter true", "{", "\"", "// ü",
            ]), any::<bool>()), 1..12)) {
        let mut buffer = Buffer(TEXT.replace('\n', ends).encode_utf16().collect());
        let mut client = Client::open(URI, &buffer.text());
        let mut changes: Vec<Value> = Vec::new();
        for (version, (from, to, text, alone)) in edits.into_iter().enumerate() {
            let places = buffer.places();
            let start = places[from.index(places.len())];
            let end = places[(places.iter().position(|at| *at == start).expect("a place") + to.index(40)).min(places.len() - 1)];
            if buffer.inside_of_line_end(start) || buffer.inside_of_line_end(end) {
                continue;
            }
            let range = json!({ "start": buffer.position(start), "end": buffer.position(end) });
            changes.push(json!({ "range": range, "text": text }));
            buffer.0.splice(start..end, text.encode_utf16());
            if alone {
                let document = json!({ "uri": URI, "version": version + 2 });
                let content = std::mem::take(&mut changes);
                client.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": content }));
            }
        }
        let document = json!({ "uri": URI, "version": 99 });
        client.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
        prop_assert_eq!(known(client), known(Client::open(URI, &buffer.text())));
    }
}

#[test]
fn a_change_that_is_none_is_told_and_the_file_stays() {
    let mut client = Client::open(URI, TEXT);
    for changes in [json!([{ "range": { "start": {} }, "text": "x" }]), json!([{}]), json!("x")] {
        let document = json!({ "uri": URI, "version": 2 });
        client.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    }
    client.tell(
        "textDocument/didChange",
        json!({ "textDocument": { "uri": "file:///none.tide" }, "contentChanges": [] }),
    );
    client.ask_at("hover", (URI, TEXT), "n > limit", 0, &json!({}));
    insta::assert_snapshot!(client.hear().split_once("version: 1\n}\n").expect("the diagnostics").1);
}

/// Some 2,000 declarations, half a megabyte.
fn large() -> String {
    let mut text = "topology large\nsource s: { id: string, n: int } = kafka(\"s\") key id\n".to_owned();
    for number in 0..990 {
        let filler = "💶".repeat(80);
        let _ = write!(
            text,
            "stream a{number} = s\n  |> filter n > {number}   // {filler}\n  |> map {{ id, n: n + {number} }}\n\nsink a{number} -> kafka(\"a{number}\")\n"
        );
    }
    text
}

#[test]
fn a_large_file_is_typed_in() {
    let mut client = Client::open(URI, &large());
    // A hundred letters in the middle, taken away again; the changes come faster than they can be compiled.
    let place = |character: u32| json!({ "line": 2502, "character": character });
    for (start, end, text) in
        (0..100).map(|at| (at, at, "x")).chain((0..100).rev().map(|at| (at, at + 1, "")))
    {
        let change = json!({ "range": { "start": place(start), "end": place(end) }, "text": text });
        let document = json!({ "uri": URI, "version": 2 });
        client
            .tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": [change] }));
    }
    client.ask_at("hover", (URI, &large()), "n > 500 ", 0, &json!({}));
    client.ask("symbols", "textDocument/documentSymbol", json!({ "textDocument": { "uri": URI } }));
    let messages = client.messages();
    let hover = messages.iter().find(|message| message["result"]["contents"].is_object()).expect("a hover");
    assert_eq!(hover["result"]["contents"]["value"], "```tide\nn: int\n```\n");
    let symbols = messages.iter().find_map(|message| message["result"].as_array()).expect("symbols");
    assert_eq!(symbols.len(), 2 + 2 * 990);
    let published: Vec<&Value> =
        messages.iter().filter(|message| message["method"] == "textDocument/publishDiagnostics").collect();
    assert!(published.len() < 100, "changes that were overtaken are not compiled: {}", published.len());
    assert_eq!(published.last().expect("diagnostics")["params"]["diagnostics"], json!([]));
}

#[test]
fn a_file_beyond_the_limits_is_told_and_nothing_breaks() {
    let text = format!("topology a\n// {}\n", "💶".repeat(400_000));
    let mut client = Client::open(URI, &text);
    client.ask("symbols", "textDocument/documentSymbol", json!({ "textDocument": { "uri": URI } }));
    client.ask_at("completion", (URI, &text), "topology a", 0, &json!({}));
    let published = client.diagnostics_of(URI);
    assert!(published.iter().any(|diagnostic| diagnostic["severity"] == 1), "{published:?}");
}
