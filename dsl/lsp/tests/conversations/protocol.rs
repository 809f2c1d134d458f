//! What is known of a file, and what the server says to what is no request.

use crate::client::{Client, TEXT, URI, YAML, YAML_URI};
use serde_json::json;

#[test]
fn diagnostics_have_places_causes_and_pages() {
    let text = TEXT.replace("param wrong: int = = 5\n", "");
    let text =
        text.replace("upper(blocklist.reason)", "uper(blocklist.raison)").replace("key card\n  time", "time");
    let mut client = Client::open(URI, &text);
    client.change(URI, "topology a\n");
    client.close(URI);
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
fn what_is_no_request_of_the_protocol_is_refused_and_the_server_goes_on() {
    let mut client = Client::default();
    client.ask("too early", "textDocument/hover", json!({}));
    client.ask("initialize", "initialize", json!({}));
    client.ask("no document", "textDocument/hover", json!({}));
    client.ask("not open", "textDocument/hover", json!({ "textDocument": { "uri": "file:///a.tide" } }));
    client.ask("no method", "textDocument/colour", json!({}));
    client.ask("no such command", "workspace/executeCommand", json!({ "command": "rm" }));
    client.tell("textDocument/didOpen", json!({}));
    client.tell("$/cancelRequest", json!({ "id": 1000 }));
    insta::assert_snapshot!(client.hear());
}
