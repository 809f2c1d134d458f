//! The canonical form: files of the repository are in it, and it never changes what a file means.

mod support;

use support::{plan, repository, tide_files};
use tidegate_dsl::{SourceFile, Unformatted, format};

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
    assert_eq!(plan(name, text), plan(name, &once), "{name}: the plan differs");
    once
}

#[test]
fn files_of_the_repository_are_canonical() {
    for path in tide_files() {
        let text = std::fs::read_to_string(repository(&path)).expect("read");
        let canonical = check(&path, &text);
        assert!(text == canonical, "{path} is not canonical: `tidegate fmt {path}`\n{canonical}");
    }
}
