//! The JSON Schema of the YAML form: what is right is valid, and what is of the wrong shape is refused, as the reader does.

#[path = "support/pages.rs"]
#[allow(dead_code, reason = "each test program uses a part of it")]
mod pages;
mod support;

use jsonschema::Validator;
use pages::pages;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::{repository, yaml_files};
use tidegate_dsl::diagnostic::{Diagnostic, codes, render_short};
use tidegate_dsl::generate::Random;
use tidegate_dsl::{SourceFile, Spelling, compile, convert, generate, yaml_schema};

fn validator() -> Validator {
    let schema: Value = serde_json::from_str(&yaml_schema()).expect("the schema is JSON");
    jsonschema::draft202012::options().build(&schema).expect("the schema is one of draft 2020-12")
}

/// A file as an editor's YAML reader sees it. None: it is no YAML.
fn value(text: &str) -> Option<Value> {
    serde_yaml::from_str(text).ok()
}

fn refusals(schema: &Validator, value: &Value) -> Vec<String> {
    schema.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(repository(path)).expect("the file is there")
}

#[test]
fn the_schema_is_one_of_its_draft() {
    let schema: Value = serde_json::from_str(&yaml_schema()).expect("the schema is JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("it is valid against the draft's own schema");
}

#[test]
fn files_of_the_repository_are_valid() {
    let schema = validator();
    let warned = ["dsl/tests/warned/allow.yaml", "dsl/tests/warned/late.yaml"].map(str::to_owned);
    let files: Vec<String> = yaml_files().into_iter().chain(warned).collect();
    assert!(files.len() >= 15);
    for path in files {
        let value = value(&read(&path)).expect("it is YAML");
        assert_eq!(refusals(&schema, &value), [""; 0], "{path}");
    }
}

/// Those that a page shows as wrong too: they are wrong by what they mean.
#[test]
fn topologies_of_the_guide_are_valid() {
    let schema = validator();
    let pages = pages(&repository("dsl/guide"));
    let blocks: Vec<_> = pages
        .iter()
        .flat_map(|page| page.blocks.iter().map(move |block| (&page.name, block)))
        .filter(|(_, block)| block.language() == "yaml" && !block.is("other"))
        .collect();
    assert!(blocks.len() >= 2);
    for (page, block) in blocks {
        let value = value(&block.text).expect("it is YAML");
        assert_eq!(refusals(&schema, &value), [""; 0], "{page}:{}", block.line);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn generated_topologies_are_valid(seed: u64) {
        let text = generate::topology(seed);
        let yaml = convert(&SourceFile::new("generated.tide", text), Spelling::Yaml).expect("it is right");
        let value = value(&yaml).expect("it is YAML");
        prop_assert_eq!(refusals(&validator(), &value), Vec::<String>::new(), "{}", yaml);
    }
}

/// Files that are no YAML, so that no schema sees them.
const NO_YAML: &[&str] = &[
    "broken_indent.yaml",
    "yaml_bracket_never_closed.yaml",
    "yaml_comment.yaml",
    "yaml_duplicate_key.yaml",
    "yaml_duplicate_section.yaml",
    "yaml_escape.yaml",
    "yaml_expression_quoted_whole.yaml",
    "yaml_expression_with_colon.yaml",
    "yaml_format_string.yaml",
    "yaml_indent_of_steps.yaml",
    "yaml_tab.yaml",
    "yaml_time_without_quotes.yaml",
    "yaml_two_documents.yaml",
    "yaml_unclosed_brace.yaml",
    "yaml_unclosed_quote.yaml",
    "yaml_unknown_anchor.yaml",
    "yaml_wrong_indent.yaml",
];

/// Files of the right shape that mean something wrong.
const WRONG_BY_MEANING: &[&str] = &[
    "function_constant.yaml",
    "use_names.yaml",
    "yaml_join_alias_behind.yaml",
    "yaml_map_short.yaml",
    "yaml_placeholder.yaml",
    "yaml_single_equals.yaml",
    "yaml_text_without_quotes.yaml",
    "yaml_topology_missing.yaml",
    "yaml_type_unknown.yaml",
    "yaml_unknown_field.yaml",
    "yaml_words_without_quotes.yaml",
];

#[test]
fn wrong_files_are_refused_if_their_shape_is_wrong() {
    let schema = validator();
    let mut names: Vec<String> = std::fs::read_dir(repository("dsl/tests/wrong"))
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".yaml"))
        .collect();
    names.sort();
    assert!(names.len() >= 50);
    let (mut no_yaml, mut accepted) = (Vec::new(), Vec::new());
    for name in &names {
        match value(&read(&format!("dsl/tests/wrong/{name}"))) {
            None => no_yaml.push(name.as_str()),
            Some(value) if schema.is_valid(&value) => accepted.push(name.as_str()),
            Some(_) => {}
        }
    }
    assert_eq!(no_yaml, NO_YAML);
    assert_eq!(accepted, WRONG_BY_MEANING);
}

/// What the reader says of a file, which JSON is as well.
fn diagnostics(value: &Value) -> (Vec<Diagnostic>, String) {
    let compiled = compile(&SourceFile::new("changed.yaml", value.to_string()), &|_| None);
    let shown = render_short(&compiled.sources, &compiled.diagnostics);
    (compiled.diagnostics, shown)
}

/// Changes one place of a file: a key, or a value.
fn change(value: &mut Value, random: &mut Random, words: &[String]) {
    let mut places = Vec::new();
    collect(value, String::new(), &mut places);
    let place = &places[random.below(places.len())];
    let at = value.pointer_mut(place).expect("it was found");
    match at {
        Value::Object(map) if !map.is_empty() && !random.one_in(4) => {
            let key = map.keys().nth(random.below(map.len())).expect("it is there").clone();
            let word = words[random.below(words.len())].clone();
            match random.below(4) {
                0 => drop(map.shift_remove(&key)),
                1 => {
                    let value = map.shift_remove(&key).expect("it is there");
                    map.insert(format!("{key}x"), value);
                }
                2 => {
                    let value = map.shift_remove(&key).expect("it is there");
                    map.insert(word, elsewhere(value));
                }
                _ => {
                    let copy = map[&key].clone();
                    map.insert(word, elsewhere(copy));
                }
            }
        }
        other => {
            let old = other.take();
            *other = match random.below(8) {
                0 => Value::Null,
                1 => json!(5),
                2 => json!("text"),
                3 => json!([]),
                4 => json!({}),
                5 => json!([old]),
                6 => json!({ "name": old }),
                _ => json!("10m"),
            };
        }
    }
}

/// A flag at another key may stand where a name is needed: the reader takes YAML's `true` for one, and a schema does not.
fn elsewhere(value: Value) -> Value {
    if value.is_boolean() { json!("true") } else { value }
}

/// The places of all values. Rows of tests are free in their fields.
fn collect(value: &Value, place: String, places: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let key = key.replace('~', "~0").replace('/', "~1");
                collect(value, format!("{place}/{key}"), places);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, format!("{place}/{index}"), places);
            }
        }
        _ => {}
    }
    places.push(place);
}

/// Every key that a schema names.
fn words(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            if let Some(properties) = map.get("properties").and_then(Value::as_object) {
                found.extend(properties.keys().cloned());
            }
            map.values().for_each(|value| words(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| words(item, found)),
        _ => {}
    }
}

/// Right files, changed at one place: where the reader tells of a wrong shape the schema refuses, and what the schema refuses is wrong.
#[test]
fn the_schema_judges_shapes_as_the_reader_does() {
    let schema = validator();
    let mut known = BTreeSet::new();
    words(&serde_json::from_str(&yaml_schema()).expect("it is JSON"), &mut known);
    let known: Vec<String> = known.into_iter().collect();
    // Files that use no other, so that each stands alone.
    let files: Vec<Value> = yaml_files()
        .iter()
        .filter_map(|path| value(&read(path)))
        .filter(|value| value.get("use").is_none() && !diagnostics(value).0.iter().any(Diagnostic::is_error))
        .collect();
    assert!(files.len() >= 10, "{}", files.len());
    let mut random = Random(7);
    let (mut refused, mut accepted) = (0, 0);
    let mut differ = Vec::new();
    for _ in 0..6_000 {
        let mut changed = files[random.below(files.len())].clone();
        change(&mut changed, &mut random, &known);
        let (told, shown) = diagnostics(&changed);
        let wrong_shape = told.iter().any(|diagnostic| diagnostic.code == codes::YAML_SHAPE);
        let refusals = refusals(&schema, &changed);
        match (wrong_shape, refusals.is_empty()) {
            (true, true) => differ.push(format!("the reader alone refuses\n{shown}")),
            (false, false) if !told.iter().any(Diagnostic::is_error) => {
                differ.push(format!("the schema alone refuses\n{}\n{changed}", refusals.join("\n")));
            }
            (_, true) => accepted += 1,
            (_, false) => refused += 1,
        }
    }
    differ.sort();
    differ.dedup();
    assert!(differ.is_empty(), "{} differ\n{}", differ.len(), differ[..differ.len().min(20)].join("\n\n"));
    assert!(refused > 1_000 && accepted > 1_000, "{refused} refused, {accepted} accepted");
}

#[test]
fn the_kept_schema_is_up_to_date() {
    let path = repository("dsl/reference/topology.schema.json");
    let now = yaml_schema();
    if std::env::var_os("GUIDE_UPDATE").is_some() {
        std::fs::write(&path, &now).expect("the file can be written");
    }
    let kept = std::fs::read_to_string(&path).expect("it is there");
    let differs = kept.lines().zip(now.lines()).find(|(old, new)| old != new);
    assert!(
        kept == now,
        "out of date, first at {differs:?}; write it anew: tidegate schema > dsl/reference/topology.schema.json"
    );
}
