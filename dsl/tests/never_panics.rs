//! Whatever stands in a file, compiling it ends, and gives a plan or says what is wrong.

use proptest::prelude::*;
use std::path::Path;
use tidegate_dsl::diagnostic::render;
use tidegate_dsl::{SourceFile, compile, explain};

/// Files that have every construct.
fn whole(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/right").join(name);
    std::fs::read_to_string(path).expect("the file is there")
}

const NAMES: [&str; 10] = [
    "steps.tide",
    "steps.yaml",
    "windows.tide",
    "windows.yaml",
    "joins.tide",
    "joins.yaml",
    "connectors.tide",
    "connectors.yaml",
    "tests.tide",
    "tests.yaml",
];

/// A change of a file: at a place, so many characters are replaced by a piece of it from elsewhere, or by a sign.
#[derive(Clone, Debug)]
struct Change {
    at: prop::sample::Index,
    gone: usize,
    from: prop::sample::Index,
    long: usize,
    sign: Option<char>,
}

fn change() -> impl Strategy<Value = Change> {
    let sign = prop::option::of(prop::sample::select("{}()[]\"|>,.:?+-*@#é\n ".chars().collect::<Vec<_>>()));
    (any::<prop::sample::Index>(), 0..12usize, any::<prop::sample::Index>(), 0..24usize, sign)
        .prop_map(|(at, gone, from, long, sign)| Change { at, gone, from, long, sign })
}

fn changed(text: &str, changes: &[Change]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for change in changes {
        let at = change.at.index(chars.len());
        let end = (at + change.gone).min(chars.len());
        let from = change.from.index(chars.len());
        let piece: Vec<char> = match change.sign {
            Some(sign) => vec![sign],
            None => chars[from..(from + change.long).min(chars.len())].to_vec(),
        };
        chars.splice(at..end, piece);
        if chars.is_empty() {
            break;
        }
    }
    chars.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_file_is_told_what_is_wrong(
        name in prop::sample::select(&NAMES[..]),
        changes in prop::collection::vec(change(), 1..6),
    ) {
        let text = changed(&whole(name), &changes);
        let compiled = compile(&SourceFile::new(name, text), &|_| None);
        let told = render(&compiled.sources, &compiled.diagnostics);
        match &compiled.plan {
            Some(plan) => prop_assert!(explain(plan).starts_with("topology ")),
            None => prop_assert!(told.contains("error[T")),
        }
    }
}
