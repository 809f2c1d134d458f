//! Tests are told apart by their names, and so are the files of their snapshots.

use crate::ast::{TestDecl, TestStepDecl};
use crate::diagnostic::{Diagnostic, codes};
use crate::lower::Lowerer;
use crate::source::Span;
use std::collections::BTreeMap;
use tidegate_model::test_case::TestCase;

impl Lowerer<'_> {
    pub(super) fn told_apart(&mut self, tests: &[(&TestDecl, Vec<TestCase>)]) {
        let mut names: BTreeMap<&str, Span> = BTreeMap::new();
        let mut files: BTreeMap<String, &TestDecl> = BTreeMap::new();
        for (decl, cases) in tests {
            self.one_snapshot_each(decl);
            if let Some(first) = names.get(decl.name.node.as_str()) {
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::TEST,
                        decl.name.span,
                        format!("a second test named {:?}", decl.name.node),
                    )
                    .because(*first, "the first")
                    .note("results and snapshots are told apart by the test's name: give each its own"),
                );
                continue;
            }
            names.insert(&decl.name.node, decl.name.span);
            for file in cases.iter().flat_map(TestCase::snapshot_files) {
                let before = *files.entry(file.clone()).or_insert(decl);
                if before.name.span == decl.name.span {
                    continue;
                }
                self.diagnostics.push(
                    Diagnostic::error(codes::TEST, decl.name.span, "two tests would share one snapshot")
                        .because(before.name.span, format!("its file is `{file}`, too"))
                        .note("a snapshot's file has only the letters a to z and digits of the test's name: give one of them a name that differs in those"),
                );
                break;
            }
        }
    }

    /// A snapshot has all rows since the test began, so a second one of the stream would be another text in the same file.
    fn one_snapshot_each(&mut self, decl: &TestDecl) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for step in &decl.steps {
            let TestStepDecl::Snapshot { stream } = step else { continue };
            let Some(first) = seen.insert(&stream.node, stream.span) else { continue };
            self.diagnostics.push(
                Diagnostic::error(
                    codes::TEST,
                    stream.span,
                    format!("a second snapshot of `{}` in one test", stream.node),
                )
                .because(first, "the first")
                .note("a snapshot has all rows since the test began: the last one is enough"),
            );
        }
    }
}
