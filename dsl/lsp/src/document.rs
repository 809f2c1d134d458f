//! The open files, and what is known of each.

use crate::uri;
use std::collections::BTreeMap;
use tidegate_dsl::ide::Analysis;
use tidegate_dsl::{Files, Options, SourceFile};

/// A file as the editor has it, saved or not.
pub struct Document {
    pub text: String,
    pub version: i64,
    /// Compiled as it is now.
    pub analysis: Analysis,
}

#[derive(Default)]
pub struct Documents {
    open: BTreeMap<String, Document>,
}

/// Files that an open file uses: as the editor has them, or else from the disk.
struct Beside<'a> {
    uri: &'a str,
    documents: &'a Documents,
}

impl Files for Beside<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        let uri = uri::beside(self.uri, path);
        if let Some(open) = self.documents.open.get(&uri) {
            return Ok(open.text.clone());
        }
        let path = uri::path(&uri).ok_or("the file that uses it is not saved yet")?;
        std::fs::read_to_string(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            std::io::ErrorKind::InvalidData => "it is no UTF-8 text".to_owned(),
            _ => error.to_string(),
        })
    }
}

impl Documents {
    pub fn get(&self, uri: &str) -> Option<&Document> {
        self.open.get(uri)
    }

    pub fn uris(&self) -> Vec<String> {
        self.open.keys().cloned().collect()
    }

    /// Takes a file's text, and compiles it.
    pub fn set(&mut self, uri: &str, text: String, version: i64) {
        let analysis = self.with_options(uri, |options| Analysis::new(&file(uri, &text), options));
        self.open.insert(uri.to_owned(), Document { text, version, analysis });
    }

    /// Compiles again: a file that it uses has changed.
    pub fn refresh(&mut self, uri: &str) {
        if let Some(Document { text, version, .. }) = self.open.get(uri) {
            let (text, version) = (text.clone(), *version);
            self.set(uri, text, version);
        }
    }

    pub fn close(&mut self, uri: &str) {
        self.open.remove(uri);
    }

    /// Does something with what an open file is compiled with.
    pub fn with_options<T>(&self, uri: &str, with: impl FnOnce(&Options<'_>) -> T) -> T {
        let environment = |name: &str| std::env::var(name).ok();
        let beside = Beside { uri, documents: self };
        with(&Options { environment: &environment, params: &BTreeMap::new(), files: &beside })
    }
}

/// The file as the compiler takes it: it is known by its name alone, so that the files beside it are too.
pub fn file(uri: &str, text: &str) -> SourceFile {
    SourceFile::new(uri.rsplit('/').next().unwrap_or(uri), text)
}
