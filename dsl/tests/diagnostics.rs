//! Wrong files, and what is said of each. Every file of `wrong/` has its snapshot.

use std::collections::BTreeMap;
use std::path::Path;
use tidegate_dsl::diagnostic::{render, render_short};
use tidegate_dsl::{Compiled, Files, Options, SourceFile, compile_with};

struct Beside<'a>(&'a Path);

impl Files for Beside<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(self.0.join(path)).map_err(|_| "there is no such file".to_owned())
    }
}

fn compiled(dir: &Path, name: &str, params: &BTreeMap<String, String>) -> Compiled {
    let text = std::fs::read_to_string(dir.join(name)).expect("read");
    let options = Options { environment: &|_| None, params, files: &Beside(dir) };
    compile_with(&SourceFile::new(name.to_owned(), text), &options)
}

#[test]
fn every_wrong_file_is_told_why() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wrong");
    let mut names: Vec<String> = std::fs::read_dir(&dir)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry"))
        // Folders hold what the files use.
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert!(names.len() >= 20);
    for name in names {
        let compiled = compiled(&dir, &name, &BTreeMap::new());
        assert!(compiled.plan.is_none(), "{name} is wrong, and nobody saw it");
        let told = format!(
            "{}----\n{}",
            render(&compiled.sources, &compiled.diagnostics),
            render_short(&compiled.sources, &compiled.diagnostics)
        );
        insta::assert_snapshot!(name.replace('.', "_"), told);
    }
}

#[test]
fn params_that_are_given_wrongly_are_told() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../topologies/fraud");
    let given = |name: &str, value: &str| {
        let params = [(name.to_owned(), value.to_owned())].into();
        let compiled = compiled(&dir, "topology.tide", &params);
        render_short(&compiled.sources, &compiled.diagnostics)
    };
    assert_eq!(given("max_per_5m", "9"), "");
    insta::assert_snapshot!(format!("{}{}", given("max_per_5m", "many"), given("max_per_6m", "9")));
}
