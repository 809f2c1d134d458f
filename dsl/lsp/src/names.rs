//! A declared name in all files where it stands: the one that declares it, and those that use that, open or on the disk.

use crate::document::{Changes, Document, Documents, Place};
use crate::uri::{self, Key, key};
use crate::workspace::Workspace;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, Range};
use tidegate_dsl::ide::DeclaredName;

/// A topology: a file, and those that it uses.
enum Root<'d> {
    Open(&'d Document),
    Closed(Box<Document>),
}

impl Deref for Root<'_> {
    type Target = Document;

    fn deref(&self) -> &Document {
        match self {
            Root::Open(document) => document,
            Root::Closed(document) => document,
        }
    }
}

/// A name, and the topologies that know it. A file may be part of several.
pub struct Everywhere<'d> {
    documents: &'d Documents,
    name: DeclaredName,
    /// Where it was found.
    own: Key,
    /// The file that declares it, and where in that.
    declared: (Key, usize),
    roots: Vec<Root<'d>>,
}

/// What becomes of a file.
struct Renamed {
    uri: String,
    old: String,
    /// By where they begin: the range of bytes, the same as the protocol tells it, and the text that comes there.
    edits: BTreeMap<usize, (Range<usize>, Value, String)>,
}

impl<'d> Everywhere<'d> {
    /// `document`: where the name was found.
    pub fn of(
        documents: &'d Documents,
        workspace: &Workspace,
        document: &'d Document,
        name: DeclaredName,
    ) -> Everywhere<'d> {
        let Place { uri, bytes, .. } = document.place(name.declared);
        let closed = |document| Root::Closed(Box::new(document));
        let mut roots: Vec<Root<'d>> = documents.all().map(Root::Open).collect();
        roots.extend(workspace.users(documents, &uri).into_iter().map(closed));
        // Where no folder is open the files in between are known all the same.
        for file in document.files() {
            if roots.iter().all(|root| key(root.uri()) != key(file))
                && let Ok(text) = documents.text(file, &Changes::new())
            {
                roots.push(closed(documents.compile(file, text, &Changes::new())));
            }
        }
        let declared = (key(&uri), bytes.start);
        roots.retain(|root| {
            let same = root.analysis.declaration_of(name.kind, &name.name);
            same.is_some_and(|span| start(root, span) == declared)
        });
        Everywhere { documents, name, own: key(document.uri()), declared, roots }
    }

    /// All places: the declaration first, then those in the file where the name was found.
    pub fn places(&self, with_declaration: bool) -> Vec<Value> {
        let mut found = BTreeMap::new();
        for root in &self.roots {
            for span in root.analysis.places_of(self.name.kind, &self.name.name) {
                let (file, start) = start(root, span);
                let is_declaration = (&file, start) == (&self.declared.0, self.declared.1);
                if with_declaration || !is_declaration {
                    found.insert((!is_declaration, file != self.own, file, start), root.location(span));
                }
            }
        }
        found.into_values().collect()
    }

    /// The edits that give it the name `new`. They are tried before they are handed out: every place must still mean the same, and
    /// nothing new may be wrong. Err: why it cannot have this name.
    pub fn rename(&self, new: &str) -> Result<Value, String> {
        if new == self.name.name {
            return Ok(json!({ "changes": {} }));
        }
        for root in &self.roots {
            let why = root.analysis.may_be_named(self.name.kind, new);
            why.map_err(|why| if self.is_own(root) { why } else { format!("{why}, in {}", name(root)) })?;
        }
        let files = self.renamed(new);
        let changes: Changes = files.iter().map(|(file, renamed)| (file.clone(), renamed.text())).collect();
        for root in &self.roots {
            self.try_out(root, new, &files, &changes)?;
        }
        let mut all = Map::new();
        for Renamed { uri, edits, .. } in files.into_values() {
            let edits =
                edits.into_values().map(|(_, range, text)| json!({ "range": range, "newText": text }));
            all.insert(uri, edits.collect());
        }
        Ok(json!({ "changes": all }))
    }

    fn is_own(&self, root: &Document) -> bool {
        key(root.uri()) == self.own
    }

    fn renamed(&self, new: &str) -> BTreeMap<Key, Renamed> {
        let mut files: BTreeMap<Key, Renamed> = BTreeMap::new();
        for root in &self.roots {
            for edit in root.analysis.renamed(self.name.kind, &self.name.name, new) {
                let Place { uri, bytes, range } = root.place(edit.span);
                let (_, file) = root.analysis.compiled.sources.file_of(edit.span);
                let renamed = files.entry(key(&uri)).or_insert_with(|| Renamed {
                    uri,
                    old: file.text.clone(),
                    edits: BTreeMap::new(),
                });
                renamed.edits.insert(bytes.start, (bytes, range, edit.text));
            }
        }
        files
    }

    fn try_out(
        &self,
        root: &Document,
        new: &str,
        files: &BTreeMap<Key, Renamed>,
        changes: &Changes,
    ) -> Result<(), String> {
        let text = changes.get(&key(root.uri())).cloned().unwrap_or_else(|| root.text().to_owned());
        let after = self.documents.compile(root.uri(), text, changes);
        if let Some(error) = after.analysis.new_error(&root.analysis) {
            let file = if self.is_own(root) { "the file".to_owned() } else { name(root) };
            return Err(format!("with the name `{new}` {file} would be wrong: {}", error.message));
        }
        let kind = self.name.kind;
        let found: BTreeSet<(Key, usize)> =
            after.analysis.places_of(kind, new).into_iter().map(|span| start(&after, span)).collect();
        let moved = |(file, start): (Key, usize)| {
            let start = files.get(&file).map_or(start, |renamed| renamed.moved(start));
            (file, start)
        };
        let expected: BTreeSet<(Key, usize)> = root
            .analysis
            .places_of(kind, &self.name.name)
            .into_iter()
            .map(|span| moved(start(root, span)))
            .collect();
        if found != expected {
            return Err(format!("`{new}` means something else in a place where it is used"));
        }
        Ok(())
    }
}

impl Renamed {
    fn text(&self) -> String {
        let mut text = String::new();
        let mut last = 0;
        for (bytes, _, new) in self.edits.values() {
            text.push_str(&self.old[last..bytes.start]);
            text.push_str(new);
            last = bytes.end;
        }
        text + &self.old[last..]
    }

    /// Where a byte of the old text is in the new one.
    fn moved(&self, byte: usize) -> usize {
        self.edits.range(..byte).fold(byte, |at, (_, (bytes, _, new))| at + new.len() - bytes.len())
    }
}

/// The file that a place is in, and where in that it begins.
fn start(document: &Document, span: tidegate_dsl::source::Span) -> (Key, usize) {
    let Place { uri, bytes, .. } = document.place(span);
    (key(&uri), bytes.start)
}

fn name(document: &Document) -> String {
    uri::name(document.uri())
}
