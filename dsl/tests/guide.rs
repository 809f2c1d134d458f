//! Every topology that the guide shows is what the page says of it: right, right with a warning, or wrong with just that code.

#[path = "support/pages.rs"]
#[allow(dead_code, reason = "each test program uses a part of it")]
mod pages;

use pages::{Block, pages};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tidegate_dsl::diagnostic::Severity;
use tidegate_dsl::{Files, Options, SourceFile, compile_with};

/// The text form, the YAML form; blocks of other systems are marked `other`.
fn is_topology(block: &Block) -> bool {
    matches!(block.language(), "tide" | "yaml") && !block.is("other")
}

/// The files that a page has its reader save.
struct Saved(BTreeMap<String, String>);

impl Files for Saved {
    fn read(&self, path: &str) -> Result<String, String> {
        self.0.get(path).cloned().ok_or_else(|| "the page saves no such file".to_owned())
    }
}

#[test]
fn every_topology_is_what_its_page_says() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("guide");
    let mut different = Vec::new();
    let mut checked = 0;
    for page in pages(&guide) {
        let mut saved = Saved(BTreeMap::new());
        for block in &page.blocks {
            if let Some(name) = &block.file {
                saved.0.insert(name.clone(), block.topology(&guide));
            }
            if !is_topology(block) {
                continue;
            }
            checked += 1;
            let file = SourceFile::new(format!("page.{}", block.language()), block.topology(&guide));
            let options = Options { environment: &|_| None, params: &BTreeMap::new(), files: &saved };
            let compiled = compile_with(&file, &options);
            let mut told: BTreeSet<String> = BTreeSet::new();
            let mut wrong = false;
            for diagnostic in &compiled.diagnostics {
                // A part shows one thing; nobody reads it further.
                if block.is("part") && diagnostic.code.to_string() == "T0204" {
                    continue;
                }
                wrong |= diagnostic.severity == Severity::Error;
                told.insert(diagnostic.code.to_string());
            }
            let expected: BTreeSet<String> = block.codes().into_iter().collect();
            let refused = compiled.refusal.is_some();
            if told != expected || wrong != block.is("wrong") || refused != block.is("refused") {
                different.push(format!(
                    "{}:{}: is to give {expected:?} and gives {:#?}",
                    page.name, block.line, compiled.diagnostics
                ));
            }
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(checked > 30, "the guide shows topologies");
}

#[test]
fn links_lead_somewhere() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("guide");
    let mut broken = Vec::new();
    for page in pages(&guide) {
        for rest in page.text.split("](").skip(1) {
            let target = rest.split([')', '#']).next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") && !guide.join(target).exists() {
                broken.push(format!("{}: {target}", page.name));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_page_is_in_the_table_of_contents() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("guide");
    let contents = std::fs::read_to_string(guide.join("README.md")).expect("it is there");
    for page in pages(&guide) {
        assert!(page.name == "README.md" || contents.contains(&format!("({})", page.name)), "{}", page.name);
    }
}

#[test]
fn the_reference_of_codes_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference/codes.md");
    let now = tidegate_dsl::diagnostic::reference();
    if std::env::var_os("GUIDE_UPDATE").is_some() {
        std::fs::write(&path, &now).expect("the page can be written");
    }
    let kept = std::fs::read_to_string(&path).expect("it is there");
    let update = "tidegate explain codes --format markdown > dsl/reference/codes.md";
    let differs = kept.lines().zip(now.lines()).find(|(old, new)| old != new);
    assert!(kept == now, "out of date, first at {differs:?}; write it anew: {update}");
}
