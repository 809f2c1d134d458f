//! Every kept input and every seed through its target, without the fuzzer.

use std::panic::catch_unwind;
use std::path::Path;
use tidegate_fuzz::{TARGETS, Target, run, seeds};

/// Kept inputs: name and bytes.
fn kept(target: &Target) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("kept").join(target.name);
    let entries = std::fs::read_dir(folder).expect("each target has kept inputs");
    let mut found: Vec<(String, Vec<u8>)> = entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            (path.display().to_string(), std::fs::read(&path).expect("a file"))
        })
        .collect();
    found.sort();
    found
}

fn holds(name: &str) {
    let target = tidegate_fuzz::target(name).expect("it is a target");
    let seeds = seeds(target).into_iter().map(|seed| (seed.name, seed.text.into_bytes()));
    let inputs: Vec<(String, Vec<u8>)> = kept(target).into_iter().chain(seeds).collect();
    assert!(inputs.len() > 20, "{} inputs", inputs.len());
    let broken: Vec<&str> = inputs
        .iter()
        .filter(|(_, input)| catch_unwind(|| run(target, input)).is_err())
        .map(|(name, _)| name.as_str())
        .collect();
    assert!(broken.is_empty(), "{}: {name} does not hold for\n{}", target.holds, broken.join("\n"));
}

#[test]
fn tide() {
    holds("tide");
}

#[test]
fn yaml() {
    holds("yaml");
}

#[test]
fn expression() {
    holds("expression");
}

#[test]
fn format() {
    holds("format");
}

#[test]
fn record() {
    holds("record");
}

#[test]
fn kept_inputs_are_small_and_each_target_has_some() {
    for target in TARGETS {
        let inputs = kept(&target);
        let bytes: usize = inputs.iter().map(|(_, input)| input.len()).sum();
        assert!(!inputs.is_empty() && inputs.len() <= 300, "{}: {} inputs", target.name, inputs.len());
        assert!(bytes <= 100_000, "{}: {bytes} bytes", target.name);
    }
}
