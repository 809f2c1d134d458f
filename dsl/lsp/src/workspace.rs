//! Files on the disk that may use a file. A `use` names files beside it or below it, so they are in the file's folder or above,
//! up to the folder that the editor has open.

use crate::document::{Changes, Document, Documents};
use crate::uri::{self, beside, folder, key};
use serde_json::Value;

/// In a folder with more files than this the others are not looked at.
const FILES_MAX: usize = 500;
/// A topology file has at most so many bytes.
const BYTES_MAX: u64 = 1 << 20;

#[derive(Default)]
pub struct Workspace {
    /// The addresses of the folders that the editor has open.
    roots: Vec<String>,
}

impl Workspace {
    pub fn of(params: &Value) -> Workspace {
        let folders = params["workspaceFolders"].as_array().into_iter().flatten();
        let mut roots: Vec<&str> = folders.filter_map(|folder| folder["uri"].as_str()).collect();
        if roots.is_empty() {
            roots.extend(params["rootUri"].as_str());
        }
        Workspace { roots: roots.into_iter().map(|root| root.trim_end_matches('/').to_owned()).collect() }
    }

    /// The folders from a file's own to the one that the editor has open; without that only its own.
    fn folders<'u>(&self, uri: &'u str) -> Vec<&'u str> {
        let is_root = |folder: &str| self.roots.iter().any(|root| key(root) == key(folder));
        let above = std::iter::successors(Some(folder(uri)), |below| {
            let above = folder(below);
            (above.len() < below.len() && uri::path(above).is_some()).then_some(above)
        });
        let all: Vec<&str> = above.take(64).collect();
        match all.iter().position(|folder| is_root(folder)) {
            Some(root) => all[..=root].to_vec(),
            None => all[..1].to_vec(),
        }
    }

    /// The topology files in these folders that use others, with their texts. Open files are not among them.
    fn using(&self, documents: &Documents, uri: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for folder in self.folders(uri) {
            for name in topologies_in(folder) {
                let file = beside(&format!("{folder}/"), &name);
                if key(&file) == key(uri) || documents.is_open(&file) {
                    continue;
                }
                if let Ok(text) = documents.text(&file, &Changes::new())
                    && text.lines().any(|line| line.starts_with("use"))
                {
                    found.push((file, text));
                }
            }
        }
        found
    }

    /// Is this file named in a file on the disk that uses others?
    pub fn uses(&self, documents: &Documents, uri: &str) -> bool {
        self.using(documents, uri).iter().any(|(user, text)| {
            let below = uri.get(folder(user).len() + 1..).unwrap_or(uri);
            text.contains(&uri::decoded(below))
        })
    }

    /// The files on the disk that use this one, directly or through others.
    pub fn users(&self, documents: &Documents, uri: &str) -> Vec<Document> {
        let file = key(uri);
        let compiled = self
            .using(documents, uri)
            .into_iter()
            .map(|(user, text)| documents.compile(&user, text, &Changes::new()));
        compiled.filter(|document| document.reads(&file)).collect()
    }
}

/// The names of the topology files in a folder.
pub fn topologies_in(folder: &str) -> Vec<String> {
    let Some(entries) = uri::path(folder).and_then(|path| std::fs::read_dir(path).ok()) else {
        return Vec::new();
    };
    let files = entries
        .flatten()
        .take(FILES_MAX)
        .filter(|entry| entry.metadata().is_ok_and(|about| about.is_file() && about.len() <= BYTES_MAX));
    let mut names: Vec<String> = files.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.retain(|name| [".tide", ".yaml", ".yml"].iter().any(|ending| name.ends_with(ending)));
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn folders_go_up_to_the_one_that_is_open() {
        let workspace = Workspace::of(&json!({ "workspaceFolders": [{ "uri": "file:///a/b%20c/" }] }));
        let folders = workspace.folders("file:///a/b c/d/e/f.tide");
        assert_eq!(folders, ["file:///a/b c/d/e", "file:///a/b c/d", "file:///a/b c"]);
        assert_eq!(workspace.folders("file:///x/y/f.tide"), ["file:///x/y"]);
        let alone = Workspace::of(&json!({ "rootUri": null }));
        assert_eq!(alone.folders("file:///x/y/f.tide"), ["file:///x/y"]);
        assert_eq!(alone.folders("untitled:one"), ["untitled:one"]);
    }
}
