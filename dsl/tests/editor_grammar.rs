//! The colours of editors: the TextMate grammar knows every word of the language, and its patterns are right.

use fancy_regex::Regex;
use serde_json::Value;
use std::collections::BTreeSet;

const PEST: &str = include_str!("../grammar/src/grammar.pest");
const TEXTMATE: &str = include_str!("../vscode/syntaxes/tide.tmLanguage.json");
const FSTRING: &str = include_str!("../vscode/syntaxes/fstring.tmLanguage.json");

/// All patterns below a part of a grammar, with the scope of each.
fn patterns(part: &Value, found: &mut Vec<(String, String)>) {
    match part {
        Value::Array(items) => items.iter().for_each(|item| patterns(item, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                if let ("match" | "begin" | "end", Some(pattern)) = (name.as_str(), value.as_str()) {
                    let scopes = [part["name"].to_string(), part["captures"].to_string()].concat();
                    found.push((pattern.to_owned(), scopes));
                }
                patterns(value, found);
            }
        }
        _ => {}
    }
}

fn all(grammar: &str) -> Vec<(String, String)> {
    let grammar: Value = serde_json::from_str(grammar).expect("it is JSON");
    let mut found = Vec::new();
    patterns(&grammar, &mut found);
    found
}

/// The words of the rules `k_… = @{ "word" ~ wb }`.
fn keywords() -> BTreeSet<&'static str> {
    let rules = PEST.lines().filter(|line| line.starts_with("k_"));
    rules.flat_map(|line| line.split('"').skip(1).step_by(2)).collect()
}

#[test]
fn every_pattern_can_be_read() {
    for (pattern, _) in all(TEXTMATE).into_iter().chain(all(FSTRING)) {
        assert!(Regex::new(&pattern).is_ok(), "{pattern}: {:?}", Regex::new(&pattern).err());
    }
}

#[test]
fn every_included_part_is_there() {
    let grammar: Value = serde_json::from_str(TEXTMATE).expect("it is JSON");
    let parts =
        TEXTMATE.split("\"include\": \"#").skip(1).map(|rest| rest.split('"').next().expect("a name"));
    for part in parts.chain(["expression"]) {
        assert!(grammar["repository"][part].is_object(), "{part}");
    }
}

#[test]
fn every_keyword_has_a_colour() {
    let patterns: Vec<Regex> = all(TEXTMATE)
        .into_iter()
        .filter(|(_, scopes)| {
            ["keyword.", "constant.language", "support."].iter().any(|kind| scopes.contains(kind))
        })
        .map(|(pattern, _)| Regex::new(&pattern).expect("tested above"))
        .collect();
    let words = keywords();
    assert!(words.len() > 50, "the keywords were not found in the grammar");
    for word in words {
        let places =
            [format!("{word} x"), format!("|> {word} x"), format!("a {word} x"), format!("{word}(\"x\")")];
        let coloured = places.iter().any(|text| {
            let at = text.find(word).expect("it was put there");
            patterns.iter().any(|pattern| {
                pattern
                    .find_iter(text)
                    .flatten()
                    .any(|found| found.start() <= at && at + word.len() <= found.end())
            })
        });
        assert!(coloured, "`{word}` has no colour: add it to dsl/vscode/syntaxes/tide.tmLanguage.json");
    }
    assert!(!patterns.iter().any(|pattern| pattern.is_match("nokeyword x").expect("it is short")));
}
