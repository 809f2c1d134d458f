//! The open files, and what is known of each.

use crate::position::{Lines, changed};
use crate::uri::{self, Key, key};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use tidegate_dsl::ide::Analysis;
use tidegate_dsl::source::Span;
use tidegate_dsl::{Files, Options, SourceFile};

/// A file as it is compiled now.
pub struct Document {
    pub analysis: Analysis,
    /// The files that are compiled together; the first is its own.
    parts: Vec<Part>,
    /// All files that it wanted to read, also those that are not there.
    reads: BTreeSet<Key>,
}

struct Part {
    uri: String,
    lines: Lines,
}

/// A place as the protocol tells it.
pub struct Place {
    pub uri: String,
    /// The range in the file's text.
    pub bytes: Range<usize>,
    pub range: Value,
}

impl Document {
    /// The address of its own file, as the editor writes it.
    pub fn uri(&self) -> &str {
        &self.parts[0].uri
    }

    pub fn own(&self) -> &SourceFile {
        self.analysis.compiled.sources.own()
    }

    pub fn text(&self) -> &str {
        &self.own().text
    }

    pub fn reads(&self, file: &Key) -> bool {
        self.reads.contains(file)
    }

    /// The addresses of the files that are compiled with it, its own first.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(|part| &part.uri[..])
    }

    /// The byte of its own file that a position stands for.
    pub fn byte_at(&self, position: &Value) -> Option<u32> {
        self.parts[0].lines.byte_at(self.text(), position).map(|byte| byte as u32)
    }

    /// A place, which may be in a file that it uses.
    pub fn place(&self, span: Span) -> Place {
        let (number, file) = self.analysis.compiled.sources.file_of(span);
        let Part { uri, lines } = &self.parts[number];
        let bytes = file.range(span);
        Place { uri: uri.clone(), range: lines.range(&file.text, bytes.clone()), bytes }
    }

    /// The range of a place in the file that it is in.
    pub fn range(&self, span: Span) -> Value {
        self.place(span).range
    }

    /// The range of bytes of its own file.
    pub fn own_range(&self, bytes: Range<usize>) -> Value {
        self.parts[0].lines.range(self.text(), bytes)
    }

    pub fn location(&self, span: Span) -> Value {
        let Place { uri, range, .. } = self.place(span);
        json!({ "uri": uri, "range": range })
    }
}

/// A file as the editor has it, saved or not.
struct Text {
    uri: String,
    text: String,
    version: i64,
    /// A file on the disk uses it.
    is_used: bool,
}

#[derive(Default)]
pub struct Documents {
    texts: BTreeMap<Key, Text>,
    compiled: BTreeMap<Key, Document>,
    /// Changed, or one that they read has changed, since they were compiled.
    stale: BTreeSet<Key>,
}

/// Texts that take the place of what is in files.
pub type Changes = BTreeMap<Key, String>;

/// Files that a file uses: as they are tried out, as the editor has them, or else from the disk.
struct Beside<'a> {
    uri: &'a str,
    changes: &'a Changes,
    documents: &'a Documents,
    reads: RefCell<BTreeSet<Key>>,
}

impl Files for Beside<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        let uri = uri::beside(self.uri, path);
        self.reads.borrow_mut().insert(key(&uri));
        self.documents.text(&uri, self.changes)
    }
}

impl Documents {
    /// What is known of an open file.
    pub fn get(&self, uri: &str) -> Option<&Document> {
        self.compiled.get(&key(uri))
    }

    pub fn all(&self) -> impl Iterator<Item = &Document> {
        self.compiled.values()
    }

    pub fn is_open(&self, uri: &str) -> bool {
        self.texts.contains_key(&key(uri))
    }

    pub fn version(&self, uri: &str) -> Option<i64> {
        self.texts.get(&key(uri)).map(|text| text.version)
    }

    pub fn open(&mut self, uri: &str, text: String, version: i64, is_used: bool) {
        self.texts.insert(key(uri), Text { uri: uri.to_owned(), text, version, is_used });
        self.touched(uri);
    }

    /// Does another file use this one?
    pub fn is_used(&self, uri: &str) -> bool {
        let file = key(uri);
        let is_read = |(reader, document): (&Key, &Document)| *reader != file && document.reads(&file);
        self.texts.get(&file).is_some_and(|open| open.is_used) || self.compiled.iter().any(is_read)
    }

    /// Takes an editor's changes. False: they are none, or the file is not open.
    #[must_use]
    pub fn change(&mut self, uri: &str, changes: &[Value], version: i64) -> bool {
        let Some(open) = self.texts.get_mut(&key(uri)) else { return false };
        let Some(text) = changed(open.text.clone(), changes) else { return false };
        (open.text, open.version) = (text, version);
        self.touched(uri);
        true
    }

    pub fn close(&mut self, uri: &str) {
        self.texts.remove(&key(uri));
        self.compiled.remove(&key(uri));
        // Those that use it see the one on the disk now.
        self.touched(uri);
    }

    /// A file has another text: it and those that read it are to be compiled again.
    pub fn touched(&mut self, uri: &str) {
        let changed = key(uri);
        let readers = self.compiled.iter().filter(|(_, document)| document.reads(&changed));
        self.stale.extend(readers.map(|(reader, _)| reader.clone()));
        self.stale.insert(changed);
    }

    /// Compiles what has changed. Returns the addresses of the files that were compiled; None: nothing has changed.
    pub fn refresh(&mut self) -> Option<Vec<String>> {
        let stale = std::mem::take(&mut self.stale);
        if stale.is_empty() {
            return None;
        }
        let mut done = Vec::new();
        for changed in stale {
            let Some(Text { uri, text, .. }) = self.texts.get(&changed) else { continue };
            let document = self.compile(uri, text.clone(), &Changes::new());
            done.push(uri.clone());
            self.compiled.insert(changed, document);
        }
        Some(done)
    }

    /// The text of a file as the compiler would read it.
    pub fn text(&self, uri: &str, changes: &Changes) -> Result<String, String> {
        let file = key(uri);
        if let Some(text) = changes.get(&file).or_else(|| self.texts.get(&file).map(|open| &open.text)) {
            return Ok(text.clone());
        }
        let path = uri::path(uri).ok_or("the file that uses it is not saved yet")?;
        std::fs::read_to_string(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            std::io::ErrorKind::InvalidData => "it is no UTF-8 text".to_owned(),
            _ => error.to_string(),
        })
    }

    /// Compiles a text as that of a file, with some others changed.
    pub fn compile(&self, uri: &str, text: String, changes: &Changes) -> Document {
        let file = file(uri, &text);
        let (analysis, reads) = self.with_options(uri, changes, |options| Analysis::new(&file, options));
        let own = std::iter::once(uri.to_owned());
        let sources = &analysis.compiled.sources;
        let used = sources.files()[1..].iter().map(|used| {
            let uri = uri::beside(uri, &used.name);
            self.texts.get(&key(&uri)).map_or(uri, |open| open.uri.clone())
        });
        let parts = own.chain(used).zip(sources.files());
        let parts = parts.map(|(uri, file)| Part { uri, lines: Lines::of(&file.text) }).collect();
        Document { analysis, parts, reads }
    }

    /// Does something with what a file is compiled with; gives the files that were read, too.
    pub fn with_options<T>(
        &self,
        uri: &str,
        changes: &Changes,
        with: impl FnOnce(&Options<'_>) -> T,
    ) -> (T, BTreeSet<Key>) {
        let environment = |name: &str| std::env::var(name).ok();
        let files = Beside { uri, changes, documents: self, reads: RefCell::default() };
        let done = with(&Options { environment: &environment, params: &BTreeMap::new(), files: &files });
        (done, files.reads.into_inner())
    }
}

/// The file as the compiler takes it: it is known by its name alone, so that the files beside it are too.
pub fn file(uri: &str, text: &str) -> SourceFile {
    SourceFile::new(uri::name(uri), text)
}
