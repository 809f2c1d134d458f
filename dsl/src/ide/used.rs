//! The files that a file uses: which one is named here, and what it declares.

use super::Analysis;
use crate::compile::parse_file;
use crate::files::beside;
use crate::link;
use crate::source::{SourceFile, Span};
use std::collections::BTreeSet;

impl Analysis {
    /// The file whose name in a `use` is at a byte, and that name's place.
    pub(super) fn used_file_at(&self, at: u32) -> Option<(Span, &SourceFile)> {
        let path = self.uses.iter().map(|decl| &decl.path).find(|path| {
            let Span { start, end } = path.span;
            start <= at && at <= end
        })?;
        let sources = &self.compiled.sources;
        let name = beside(&sources.own().name, &path.node).ok()?;
        let file = sources.files()[1..].iter().find(|file| file.name == name)?;
        Some((path.span, file))
    }
}

/// What a used file declares, for a hover.
pub(super) fn about(file: &SourceFile) -> String {
    let topology = parse_file(file).0;
    let names: BTreeSet<String> =
        link::names(&topology).into_iter().map(|(_, name)| format!("`{}`", name.node)).collect();
    if names.is_empty() {
        return format!("`{}` declares nothing that can be used.", file.name);
    }
    format!("`{}` declares {}.", file.name, names.into_iter().collect::<Vec<_>>().join(", "))
}
