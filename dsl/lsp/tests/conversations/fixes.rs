//! What the server offers to do to a file: its canonical form, mends, allowed warnings.

use crate::client::{Client, URI, YAML, YAML_URI, applied};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use tidegate_dsl::diagnostic::Diagnostic;
use tidegate_dsl::{Files, Options, SourceFile, compile_with, format};

const UNTIDY: &str = r#"// 💶
topology   a
source p: { id: string, "#;

const TIDY_BUT_FOR_TWO: &str = "topology a   // 💶 a

source p: { id: string, amount: int } = kafka(\"p\")

stream o = p
  |> filter id == \"💶\"   and amount>5
  |> map { id,amount }

sink o -> kafka(\"o\")
";

fn formatted(uri: &str, text: &str) -> Value {
    let mut client = Client::open(uri, text);
    let options = json!({ "tabSize": 8, "insertSpaces": false });
    client.ask("", "textDocument/formatting", json!({ "textDocument": { "uri": uri }, "options": options }));
    client.answer()
}

#[test]
fn formatting_is_one_edit_of_the_lines_that_differ() {
    let edits = formatted(URI, TIDY_BUT_FOR_TWO);
    assert_eq!(edits.as_array().map(Vec::len), Some(1));
    let range = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 7, "character": 0 } });
    assert_eq!(edits[0]["range"], range);
    let canonical = format(&SourceFile::new("a.tide", TIDY_BUT_FOR_TWO)).expect("it can be read");
    assert_eq!(applied(TIDY_BUT_FOR_TWO, &edits), canonical);
    assert_eq!(formatted(URI, &canonical), Value::Null);
}

#[test]
fn formatting_keeps_the_ends_of_lines() {
    let text = TIDY_BUT_FOR_TWO.replace('\n', "\r\n");
    let canonical = format(&SourceFile::new("a.tide", TIDY_BUT_FOR_TWO)).expect("it can be read");
    let edited = applied(&text, &formatted(URI, &text));
    assert_eq!(edited, canonical.replace('\n', "\r\n"));
    assert_eq!(formatted(URI, &edited), Value::Null);
}

#[test]
fn formatting_leaves_what_it_does_not_know_and_what_is_wrong() {
    assert_eq!(formatted(URI, UNTIDY), Value::Null);
    assert_eq!(formatted(YAML_URI, &YAML.replace("topology: bern", "topology:    bern")), Value::Null);
}

#[test]
fn formatting_and_watching_are_registered_where_an_editor_can() {
    let mut client = Client::default();
    let dynamic = json!({ "dynamicRegistration": true });
    let capabilities = json!({
        "textDocument": { "formatting": dynamic },
        "workspace": { "didChangeWatchedFiles": dynamic },
    });
    client.ask("initialize", "initialize", json!({ "capabilities": capabilities }));
    client.tell("initialized", json!({}));
    client.say(&json!({ "jsonrpc": "2.0", "id": "register", "result": null }));
    insta::assert_snapshot!(client.hear());
}

/// All of a file.
fn everything() -> Value {
    json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 9999, "character": 0 } })
}

fn ask_actions(client: &mut Client, heading: &str, uri: &str, range: &Value, context: &Value) {
    let params = json!({ "textDocument": { "uri": uri }, "range": range, "context": context });
    client.ask(heading, "textDocument/codeAction", params);
}

const WRONG: &str = r#"topology a

source payments: { id: string, card: string, amount: int } = kafka("payments") key id

stream fast = payments
  |> rolling 5m by card { n: count() }   // 💶
  |> fliter f"💶💶" != "" and amuont > 5

stream many = payments
  |> filter "💶" == id && amuont > 5 and n > 3

sink fast -> kafka("fast")
sink many -> kafka("many")
"#;

#[test]
fn actions_mend_and_allow() {
    let mut client = Client::open(URI, WRONG);
    let place = |line: u32| json!({ "start": { "line": line, "character": 0 }, "end": { "line": line, "character": 60 } });
    let none = json!({ "diagnostics": [] });
    ask_actions(&mut client, "a step", URI, &place(6), &none);
    ask_actions(&mut client, "elsewhere", URI, &place(0), &none);
    ask_actions(&mut client, "only others", URI, &place(6), &json!({ "only": ["refactor"] }));
    ask_actions(&mut client, "all", URI, &place(0), &json!({ "only": ["source.fixAll"] }));
    let right = WRONG.replace("fliter", "filter").replace("amuont", "amount").replace("&&", "and");
    client.change(URI, &right.replace(" and n > 3", ""));
    ask_actions(&mut client, "a warning", URI, &place(5), &none);
    insta::assert_snapshot!(client.hear());
}

#[test]
fn actions_are_for_the_diagnostics_that_are_named() {
    let text = WRONG.replace("fliter", "filter").replace("&&", "and");
    let uri = json!(URI);
    let messages = Client::open(URI, &text).messages();
    let published = messages.iter().find(|message| message["params"]["uri"] == uri).expect("diagnostics");
    let all = published["params"]["diagnostics"].as_array().expect("a list").clone();
    assert!(all.len() >= 3, "{all:?}");
    for diagnostic in all {
        let mut client = Client::open(URI, &text);
        // The range of none of them.
        let nowhere = json!({ "start": { "line": 1, "character": 0 }, "end": { "line": 1, "character": 0 } });
        ask_actions(&mut client, "", URI, &nowhere, &json!({ "diagnostics": [diagnostic] }));
        for action in client.answer().as_array().expect("a list") {
            assert_eq!(action["diagnostics"], json!([diagnostic]));
        }
    }
}

struct Beside<'a>(&'a Path);

impl Files for Beside<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(self.0.join(path)).map_err(|_| "there is no such file".to_owned())
    }
}

/// Of each diagnostic of a file its code and what it says.
/// Code, message and place of what is told of a file.
fn told(folder: &Path, name: &str, text: &str) -> Vec<(String, String, u32)> {
    let options = Options { environment: &|_| None, params: &BTreeMap::new(), files: &Beside(folder) };
    let compiled = compile_with(&SourceFile::new(name, text), &options);
    let diagnostics = compiled.diagnostics.into_iter();
    let one = |told: Diagnostic| (told.code.to_string(), told.message, told.labels[0].span.start);
    diagnostics.map(one).collect()
}

/// Every action that is offered anywhere in the corpus of wrong files is applied: what it is for is gone.
#[test]
fn every_action_mends_what_it_is_for() {
    let mut done = BTreeMap::from([("mend", 0), ("allow", 0)]);
    for folder in ["wrong", "warned"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests").join(folder);
        let folder = folder.canonicalize().expect("the corpus is there");
        for entry in std::fs::read_dir(&folder).expect("the corpus is there") {
            let path = entry.expect("an entry").path();
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
            let uri = format!("file://{}", path.display());
            let mut client = Client::open(&uri, &text);
            ask_actions(&mut client, "", &uri, &everything(), &json!({ "diagnostics": [] }));
            let before = told(&folder, &name, &text);
            for action in client.answer().as_array().expect("a list") {
                let Some(edits) = action["edit"]["changes"].get(&uri) else { continue };
                let after = told(&folder, &name, &applied(&text, edits));
                let code = action["diagnostics"][0]["code"].as_str().expect("a code");
                let message = action["diagnostics"][0]["message"].as_str().expect("a message");
                let message = message.lines().next().expect("a line");
                let of_kind = |told: &[(String, String, u32)]| -> Vec<u32> {
                    let is_of_kind = |(own, text, _): &&(String, String, u32)| {
                        own == code && text.lines().next() == Some(message)
                    };
                    told.iter().filter(is_of_kind).map(|(_, _, start)| *start).collect()
                };
                // A mend of the syntax may bring the next mistake of its kind to light, behind the one that is gone.
                let (old, new) = (of_kind(&before), of_kind(&after));
                let moved_on = new.len() == old.len() && new > old;
                assert!(new.len() < old.len() || moved_on, "{name}: {action:#}\n{after:?}");
                let title = action["title"].as_str().expect("a title");
                let is_allow = title.starts_with("Allow");
                assert!(!is_allow || after.len() < before.len(), "{name}: {after:?}");
                *done.get_mut(if is_allow { "allow" } else { "mend" }).expect("a kind") += 1;
            }
        }
    }
    assert!(done["mend"] >= 60 && done["allow"] >= 3, "{done:?}");
}
