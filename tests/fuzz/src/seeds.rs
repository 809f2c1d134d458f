//! What the fuzzer begins with, beside the kept inputs: the files of the repository, and the examples of the functions' pages.

use crate::Target;
use std::path::{Path, PathBuf};

pub struct Seed {
    pub name: String,
    pub text: String,
}

/// Where the language's own files stand, the wrong ones too.
const FOLDERS: [&str; 6] = [
    "topologies",
    "tests/topologies",
    "dsl/tests/right",
    "dsl/tests/wrong",
    "dsl/tests/warned",
    "dsl/tests/format",
];

/// The seeds of a target, in the order of their names.
pub fn seeds(target: &Target) -> Vec<Seed> {
    match target.name {
        "yaml" => files(".yaml"),
        "expression" => examples(),
        "record" => records(),
        _ => files(".tide"),
    }
}

fn files(ending: &str) -> Vec<Seed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders: Vec<PathBuf> = FOLDERS.iter().map(|folder| root.join(folder)).collect();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the folder is there") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                let text = std::fs::read_to_string(&path).expect("a text file");
                let name =
                    path.strip_prefix(&root).expect("below the root").to_string_lossy().replace('/', "-");
                found.push(Seed { name, text });
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// The calls of the functions' examples, also those that are refused.
fn examples() -> Vec<Seed> {
    let examples = tidegate_functions::all().flat_map(|function| {
        let numbered = function.examples.iter().enumerate();
        numbered.map(|(number, example)| Seed {
            name: format!("{}-{number}", function.name),
            text: example.call.to_owned(),
        })
    });
    examples.collect()
}

/// Lines of the repository's events, and payloads with what JSON can have.
fn records() -> Vec<Seed> {
    const ODD: [&str; 16] = [
        r#"{"card":"c","amount":-3,"merchant":{"currency":""},"geo":{"lat":1.5e-7},"at":"2023-11-14T22:13:20.123456Z"}"#,
        r#"{"card":"\u00e9\ud83d\ude00\n","amount":"0.01","merchant":{"currency":"x"},"at":0,"day":"2024-02-29"}"#,
        r#"{"card":"c","amount":1,"merchant":{"currency":"x"},"at":1,"id":"018f4e7a-0000-7000-8000-000000000000"}"#,
        r#"{"card":"c","amount":1,"merchant":{"currency":"x"},"at":1,"raw":"AAEC/w==","n":9223372036854775807,"ok":true}"#,
        r#"{"card":"c","amount":1,"merchant":{"currency":"x","y":[1,{"z":[null,true,-0.0]}]},"at":1,"geo":null}"#,
        r#" { "card" : "c" , "amount" : 1 , "merchant" : { } , "at" : 1 } "#,
        r#"{"card":"c","card":"d"}"#,
        r#"{"n":9223372036854775808}"#,
        r#"{"geo":{"lat":1e999}}"#,
        r#"{"card":"\ud800"}"#,
        r#"{"at":"2016-12-31T23:59:60Z"}"#,
        r#"{"at":-9223372036854775808}"#,
        r#"[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"#,
        r#"{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}}}"#,
        "null",
        "",
    ];
    let mut seeds: Vec<Seed> = files(".ndjson")
        .into_iter()
        .flat_map(|file| {
            let lines: Vec<Seed> = file
                .text
                .lines()
                .take(5)
                .enumerate()
                .map(|(number, line)| Seed { name: format!("{}-{number}", file.name), text: line.to_owned() })
                .collect();
            lines
        })
        .collect();
    let odd = ODD.iter().enumerate();
    seeds.extend(odd.map(|(number, text)| Seed { name: format!("odd-{number}"), text: (*text).to_owned() }));
    seeds
}
