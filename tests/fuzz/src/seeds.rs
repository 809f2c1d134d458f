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
