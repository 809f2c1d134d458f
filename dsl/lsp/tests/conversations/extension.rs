//! The extension for VS Code (`dsl/vscode`): what its manifest names is there, and it asks the server for what that has.

use crate::client::Client;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tidegate_dsl::{SourceFile, compile};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../vscode")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(folder().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn json_of(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn texts<'v>(list: &'v Value, field: &str) -> BTreeSet<&'v str> {
    list.as_array().expect("a list").iter().filter_map(|item| item[field].as_str()).collect()
}

/// The strings between a beginning and the next quote, wherever it stands in a text.
fn behind<'t>(text: &'t str, beginning: &str) -> BTreeSet<&'t str> {
    text.split(beginning).skip(1).map(|rest| rest.split('"').next().expect("a text")).collect()
}

#[test]
fn what_the_manifest_names_is_there() {
    let manifest = json_of("package.json");
    let contributes = &manifest["contributes"];
    assert!(folder().join(manifest["main"].as_str().expect("a program")).is_file());
    let languages = texts(&contributes["languages"], "id");
    for language in contributes["languages"].as_array().expect("a list") {
        json_of(language["configuration"].as_str().expect("a file"));
    }
    assert_eq!(contributes["languages"][0]["extensions"], json!([".tide"]));
    let scopes = texts(&contributes["grammars"], "scopeName");
    for grammar in contributes["grammars"].as_array().expect("a list") {
        let file = json_of(grammar["path"].as_str().expect("a file"));
        assert_eq!(file["scopeName"], grammar["scopeName"]);
        if let Some(language) = grammar["language"].as_str() {
            assert!(languages.contains(language));
        }
        for into in grammar["injectTo"].as_array().into_iter().flatten() {
            assert!(scopes.contains(into.as_str().expect("a scope")));
        }
        for (_, language) in grammar["embeddedLanguages"].as_object().into_iter().flatten() {
            assert!(languages.contains(language.as_str().expect("a language")));
        }
    }
    // It is copied from the reference when the extension is packaged.
    assert_eq!(contributes["yamlValidation"][0]["url"], "./topology.schema.json");
    assert!(folder().join("../reference/topology.schema.json").is_file());
    assert!(contributes["snippets"].as_array().is_some_and(|all| !all.is_empty()));
    for snippets in contributes["snippets"].as_array().expect("a list") {
        assert!(languages.contains(snippets["language"].as_str().expect("a language")));
        json_of(snippets["path"].as_str().expect("a file"));
    }
}

#[test]
fn commands_and_settings_are_those_of_the_program() {
    let (manifest, program) = (json_of("package.json"), read("extension.js"));
    let contributes = &manifest["contributes"];
    let commands = texts(&contributes["commands"], "command");
    assert_eq!(behind(&program, "registerCommand(\""), commands);
    assert!(texts(&contributes["menus"]["commandPalette"], "command").is_subset(&commands));
    let declared = contributes["configuration"]["properties"].as_object().expect("settings");
    let declared: BTreeSet<&str> =
        declared.keys().filter_map(|name| name.strip_prefix("tidegate.")).collect();
    assert_eq!(behind(&program, "settings.get(\""), declared);
    // What the server can be asked for; an editor's command of the same name would clash with it.
    let mut client = Client::default();
    client.ask("", "initialize", json!({ "capabilities": {} }));
    let answer = client.answer();
    let known = answer["capabilities"]["executeCommandProvider"]["commands"].as_array().expect("a list");
    let known: BTreeSet<&str> = known.iter().filter_map(Value::as_str).collect();
    assert_eq!(behind(&program, "ask(\""), known);
    assert!(known.is_disjoint(&commands), "VS Code registers the server's commands by itself");
    // The scheme of the addresses of pages.
    assert!(program.contains("registerTextDocumentContentProvider(\"tidegate\""));
}

#[test]
fn no_address_of_a_registry_is_kept() {
    let lock = read("package-lock.json");
    assert!(!lock.contains("\"resolved\"") && !lock.contains("://"), "see .npmrc");
}

/// A snippet as it stands with its default texts.
fn written(snippet: &Value) -> String {
    let lines: Vec<&str> =
        snippet["body"].as_array().expect("lines").iter().filter_map(Value::as_str).collect();
    let text = lines.join("\n");
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut out = String::new();
    let mut rest = &text[..];
    while let Some((before, behind)) = rest.split_once("${") {
        out.push_str(before);
        let (number, behind) = behind.split_once(':').expect("a default");
        // `\}` does not end a default.
        let mut end = behind.find('}').expect("an end");
        while behind[..end].ends_with('\\') {
            end += 1 + behind[end + 1..].find('}').expect("an end");
        }
        let default = behind[..end].replace("\\}", "}");
        let known = names.entry(number.to_owned()).or_insert_with(|| default.clone());
        assert_eq!(*known, default, "one number has one text");
        out.push_str(&default);
        rest = &behind[end + 1..];
    }
    out + rest
}

#[test]
fn snippets_are_right_as_they_are_inserted() {
    let Value::Object(snippets) = json_of("snippets.json") else { panic!("they have names") };
    let (whole, parts): (Vec<_>, Vec<_>) =
        snippets.iter().partition(|(_, snippet)| snippet["prefix"] == "topology");
    let parts: Vec<String> = parts.iter().map(|(_, snippet)| written(snippet)).collect();
    let together = format!("topology a\n\n{}\n\nsink hourly -> kafka(\"hourly\")\n", parts.join("\n\n"));
    for text in whole.iter().map(|(_, snippet)| written(snippet)).chain([together]) {
        let compiled = compile(&SourceFile::new("a.tide", text.as_str()), &|_| None);
        assert!(compiled.diagnostics.is_empty(), "{text}\n{:?}", compiled.diagnostics);
        assert!(!compiled.tests.is_empty());
    }
}
