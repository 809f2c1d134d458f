//! The canonical form: files of the repository are in it, and it never changes what a file means.

mod support;

use proptest::prelude::*;
use support::{folder, is_whole, plan, repository, tide_files};
use tidegate_dsl::{SourceFile, Unformatted, format, generate};

fn formatted(name: &str, text: &str) -> String {
    match format(&SourceFile::new(name, text)) {
        Ok(text) => text,
        Err(Unformatted::Syntax(diagnostics)) => panic!("{name}: {diagnostics:?}\n{text}"),
        Err(Unformatted::Fault) => panic!("{name}: other tokens came out\n{text}"),
    }
}

/// The canonical form of `text`; checks that it is one, and that it means the same.
fn check(name: &str, text: &str) -> String {
    let once = formatted(name, text);
    let twice = formatted(name, &once);
    assert_eq!(once, twice, "{name}: formatting twice differs");
    let plan = |text: &str| plan(folder(name), name, text);
    assert!(plan(text) == plan(&once), "{name}: the plan differs\n{text}----\n{once}");
    once
}

#[test]
fn files_of_the_repository_are_canonical() {
    for path in tide_files() {
        let text = std::fs::read_to_string(repository(&path)).expect("read");
        assert!(plan(folder(&path), &path, &text).is_some() == is_whole(&path), "{path} is right");
        let canonical = check(&path, &text);
        assert!(text == canonical, "{path} is not canonical: `tidegate fmt {path}`\n{canonical}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn generated_topologies_keep_their_plan(seed: u64) {
        check("generated.tide", &generate::topology(seed));
    }
}

#[test]
fn a_file_with_errors_stays_as_it_is() {
    let told = |text: &str| match format(&SourceFile::new("a.tide", text)) {
        Err(Unformatted::Syntax(diagnostics)) => diagnostics.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!(told("topology a\nstream b = c |> fliter d\nsink b -> kafka(\"x\"\n"), 2);
    // What has no syntax error is formatted, though it is wrong otherwise.
    assert_eq!(
        formatted("a.tide", "topology a\nstream b=c|>filter 1\n"),
        "topology a\nstream b = c |> filter 1\n"
    );
}

/// The rules of the canonical form, one by one.
#[test]
fn rules_of_the_form() {
    let text = include_str!("format/before.tide");
    insta::assert_snapshot!("format", check("before.tide", text));
}
