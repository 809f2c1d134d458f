//! Holds the directions in which the crates may depend on each other.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Which of our crates each crate may name in `[dependencies]`.
fn allowed() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let table: [(&str, &[&str]); 13] = [
        ("tidegate-model", &[]),
        ("tidegate-grammar", &[]),
        ("tidegate-functions", &["tidegate-model"]),
        ("tidegate-state", &["tidegate-model"]),
        ("tidegate-dsl", &["tidegate-model", "tidegate-functions", "tidegate-grammar"]),
        ("tidegate-lsp", &["tidegate-dsl"]),
        // Without the engine: RocksDB comes with it.
        ("tidegate-fuzz", &["tidegate-dsl", "tidegate-model", "tidegate-functions"]),
        ("tidegate-engine", &["tidegate-model", "tidegate-functions", "tidegate-state"]),
        ("tidegate-kafka", &["tidegate-model", "tidegate-engine"]),
        ("tidegate-embedded", &["tidegate-model", "tidegate-engine"]),
        ("tidegate-http", &["tidegate-model", "tidegate-engine"]),
        ("tidegate-sim", &["tidegate-model", "tidegate-state", "tidegate-engine"]),
        (
            "tidegate-cli",
            &[
                "tidegate-model",
                "tidegate-functions",
                "tidegate-state",
                "tidegate-engine",
                "tidegate-dsl",
                "tidegate-lsp",
                "tidegate-kafka",
                "tidegate-embedded",
                "tidegate-http",
            ],
        ),
    ];
    table.into_iter().map(|(name, deps)| (name, deps.iter().copied().collect())).collect()
}

fn metadata() -> serde_json::Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

fn dependencies_of(package: &serde_json::Value) -> BTreeSet<String> {
    package["dependencies"]
        .as_array()
        .expect("dependencies are a list")
        .iter()
        .filter(|dependency| dependency["kind"].is_null())
        .map(|dependency| dependency["name"].as_str().expect("a name").to_owned())
        .collect()
}

#[test]
fn crates_depend_only_in_the_allowed_directions() {
    let allowed = allowed();
    let metadata = metadata();
    let mut seen = BTreeSet::new();
    for package in metadata["packages"].as_array().expect("packages are a list") {
        let name = package["name"].as_str().expect("a name");
        let Some(may) = allowed.get(name) else {
            assert_eq!(name, "tidegate-suite", "a crate that this test does not know");
            continue;
        };
        seen.insert(name);
        for dependency in dependencies_of(package) {
            let ours = dependency.starts_with("tidegate-");
            assert!(!ours || may.contains(dependency.as_str()), "{name} must not depend on {dependency}");
        }
    }
    assert_eq!(seen.len(), allowed.len(), "a crate of the house is missing");
}

#[test]
fn only_the_adapters_know_kafka_and_rocksdb() {
    let may_name = |library: &str| match library {
        "rdkafka" => vec!["tidegate-kafka", "tidegate-sim"],
        "rocksdb" => vec!["tidegate-state", "tidegate-embedded"],
        "anyhow" => vec!["tidegate-cli", "tidegate-sim"],
        other => panic!("no rule for {other}"),
    };
    for package in metadata()["packages"].as_array().expect("packages are a list") {
        let name = package["name"].as_str().expect("a name");
        for dependency in dependencies_of(package) {
            if ["rdkafka", "rocksdb", "anyhow"].contains(&dependency.as_str()) {
                assert!(may_name(&dependency).contains(&name), "{name} must not name {dependency}");
            }
        }
    }
}
