//! Whatever a file says, it is a plan or told why not.

use proptest::prelude::*;
use tidegate_dsl::{SourceFile, compile};

const TOPOLOGIES: [&str; 3] = [
    include_str!("../../tests/topologies/collections.tide"),
    include_str!("../../tests/topologies/lists.tide"),
    include_str!("../../tests/topologies/steps.tide"),
];

/// Words, numbers, strings and signs, with what stands between them.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let end = match first {
            '"' => rest[1..].find('"').map_or(rest.len(), |at| at + 2),
            first if word(first) => rest.find(|c| !word(c)).unwrap_or(rest.len()),
            first => first.len_utf8(),
        };
        let (token, behind) = rest.split_at(end);
        tokens.push(token);
        rest = behind;
    }
    tokens
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Some tokens of a right file are taken from elsewhere in it: most of it still parses, and is wrong in type.
    #[test]
    fn a_topology_with_mistakes_is_told_or_planned(
        which in 0..TOPOLOGIES.len(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..12)) {
        let mut tokens: Vec<&str> = tokens(TOPOLOGIES[which]);
        let words: Vec<&str> = tokens.iter().copied().filter(|token| !token.trim().is_empty()).collect();
        for (at, from) in edits {
            let place = at.index(tokens.len());
            if !tokens[place].trim().is_empty() {
                tokens[place] = words[from.index(words.len())];
            }
        }
        let file = SourceFile::new("t.tide", tokens.concat());
        let compiled = compile(&file, &|_| None);
        let wrong = compiled.diagnostics.iter().any(tidegate_dsl::diagnostic::Diagnostic::is_error);
        prop_assert_eq!(compiled.plan.is_none(), wrong);
    }
}
