//! The pages of the guide, taken apart into their fenced blocks. The marks are told in `dsl/guide/CHECKED.md`.

use std::path::{Path, PathBuf};

pub struct Page {
    pub path: PathBuf,
    pub name: String,
    pub text: String,
    pub blocks: Vec<Block>,
}

pub struct Block {
    /// The line of the first line of its content, counted from 1.
    pub line: usize,
    /// The words behind the opening fence: `tide`, `wrong`, `T0301`.
    pub words: Vec<String>,
    pub text: String,
    /// What `<!-- file: NAME -->` above it says.
    pub file: Option<String>,
    /// What the last `<!-- prelude: NAME -->` of the page says.
    pub prelude: Option<String>,
}

impl Block {
    pub fn is(&self, word: &str) -> bool {
        self.words.iter().any(|known| known == word)
    }

    pub fn language(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// The codes behind `wrong` or `warns`.
    pub fn codes(&self) -> Vec<String> {
        let codes = self.words.iter().filter(|word| {
            word.len() == 5 && word.starts_with('T') && word[1..].bytes().all(|byte| byte.is_ascii_digit())
        });
        codes.cloned().collect()
    }

    /// The topology that it stands for: itself, or the prelude with it. Steps alone become a stream of what the prelude declares last.
    pub fn topology(&self, guide: &Path) -> String {
        if !self.is("part") {
            return self.text.clone();
        }
        let name = self.prelude.as_ref().expect("a part stands below a `<!-- prelude: NAME -->`");
        let prelude = std::fs::read_to_string(guide.join("preludes").join(format!("{name}.tide")))
            .expect("the prelude is there");
        let first = self.text.lines().find(|line| !line.trim_start().starts_with("//")).unwrap_or_default();
        if !first.trim_start().starts_with("|>") {
            return format!("{prelude}\n{}", self.text);
        }
        let source = prelude.lines().rev().find_map(|line| line.strip_prefix("source "));
        let source = source.and_then(|rest| rest.split(':').next()).expect("the prelude declares a source");
        format!("{prelude}\nstream part_of_a_page = {source}\n{}", self.text)
    }
}

fn comment<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    line.trim().strip_prefix("<!--")?.strip_suffix("-->")?.trim().strip_prefix(word)?.strip_prefix(": ")
}

/// All pages of the folder, by name.
pub fn pages(guide: &Path) -> Vec<Page> {
    let entries = std::fs::read_dir(guide).expect("the guide is there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    paths.into_iter().map(page).collect()
}

fn page(path: PathBuf) -> Page {
    let text = std::fs::read_to_string(&path).expect("the page can be read");
    let name = path.file_name().expect("a file").to_string_lossy().into_owned();
    let mut blocks = Vec::new();
    let (mut file, mut prelude) = (None, None);
    let mut open: Option<Block> = None;
    for (index, line) in text.lines().enumerate() {
        if let Some(mut block) = open.take() {
            if line == "```" {
                blocks.push(block);
            } else {
                block.text.push_str(line);
                block.text.push('\n');
                open = Some(block);
            }
            continue;
        }
        if let Some(words) = line.strip_prefix("```") {
            let words = words.split_whitespace().map(str::to_owned).collect();
            let prelude = prelude.clone();
            open = Some(Block { line: index + 2, words, text: String::new(), file: file.take(), prelude });
            continue;
        }
        if let Some(named) = comment(line, "file") {
            file = Some(named.to_owned());
        }
        if let Some(named) = comment(line, "prelude") {
            prelude = Some(named.to_owned());
        }
    }
    assert!(open.is_none(), "{name}: a block is not closed");
    Page { path, name, text, blocks }
}
