//! Whole files in both spellings: reading one never panics, and converting it keeps what it means.

use crate::meaning::{compiled, meaning};
use tidegate_dsl::{SourceFile, Spelling, convert};

pub(crate) fn tide(text: &str) {
    both_ways(&SourceFile::new("a.tide", text), Spelling::Yaml);
}

pub(crate) fn yaml(text: &str) {
    both_ways(&SourceFile::new("a.yaml", text), Spelling::Tide);
}

/// What can be converted means the same in the other spelling.
fn both_ways(file: &SourceFile, other: Spelling) {
    let first = compiled(file);
    match convert(file, other) {
        Err(diagnostics) => assert!(!diagnostics.is_empty(), "refused without a word"),
        Ok(text) => {
            let name = if other == Spelling::Yaml { "b.yaml" } else { "b.tide" };
            let second = compiled(&SourceFile::new(name, text.as_str()));
            let same = meaning(&first) == meaning(&second);
            assert!(same, "it means something else as {name}:\n{text}\n{:?}", second.diagnostics);
        }
    }
}
