//! Wrong files, and what is said of each. Every file of `wrong/` has its snapshot.

use std::path::Path;
use tidegate_dsl::diagnostic::{render, render_short};
use tidegate_dsl::{SourceFile, compile};

#[test]
fn every_wrong_file_is_told_why() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wrong");
    let mut names: Vec<String> = std::fs::read_dir(&dir)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert!(names.len() >= 20);
    for name in names {
        let text = std::fs::read_to_string(dir.join(&name)).expect("read");
        let file = SourceFile::new(name.clone(), text);
        let compiled = compile(&file, &|_| None);
        assert!(compiled.plan.is_none(), "{name} is wrong, and nobody saw it");
        let told = format!(
            "{}----\n{}",
            render(&file, &compiled.diagnostics),
            render_short(&file, &compiled.diagnostics)
        );
        insta::assert_snapshot!(name.replace('.', "_"), told);
    }
}
