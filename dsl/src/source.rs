//! The text of a topology file, and places in it.

/// A file as it was read; nothing here touches the disk.
#[derive(Clone, Debug)]
pub struct SourceFile {
    pub name: String,
    pub text: String,
    /// Where in the text each line begins; most of a check's questions are for lines.
    line_starts: Vec<u32>,
    /// The place of its first byte. Files that are used together stand one behind the other, so that a place also says which file
    /// it is in; the topology's own file begins at 0.
    pub base: u32,
}

/// A range of bytes, counted through all files that are compiled together (see [`SourceFile::base`]).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(start: usize, end: usize) -> Span {
        Span { start: start as u32, end: end as u32 }
    }

    /// From the start of this to the end of `other`.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start, end: other.end.max(self.end) }
    }
}

impl SourceFile {
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> SourceFile {
        SourceFile::at(name.into(), text.into(), 0)
    }

    fn at(name: String, text: String, base: u32) -> SourceFile {
        let behind = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at as u32 + 1);
        let line_starts = std::iter::once(0).chain(behind).collect();
        SourceFile { name, text, base, line_starts }
    }

    /// The place of a range of this file's text.
    pub fn place(&self, range: Span) -> Span {
        Span { start: range.start + self.base, end: range.end + self.base }
    }

    /// The range of this file's text that a place stands for.
    pub fn range(&self, place: Span) -> std::ops::Range<usize> {
        let local = |at: u32| (at.saturating_sub(self.base) as usize).min(self.text.len());
        local(place.start)..local(place.end).max(local(place.start))
    }

    /// The file is YAML by its name; anything else is the text form.
    pub fn is_yaml(&self) -> bool {
        self.name.ends_with(".yaml") || self.name.ends_with(".yml")
    }

    /// Line and column of a place, counted from 1; the column counts characters.
    pub fn position(&self, byte: u32) -> (u32, u32) {
        let byte = byte.saturating_sub(self.base) as usize;
        let before = self.text.get(..byte).unwrap_or(&self.text);
        let line = self.line_starts.partition_point(|start| *start as usize <= before.len());
        let line_start = self.line_starts[line - 1] as usize;
        (line as u32, before[line_start..].chars().count() as u32 + 1)
    }

    pub fn line(&self, span: Span) -> u32 {
        self.position(span.start).0
    }
}

/// The files of one topology: its own, then those that it uses, directly or through others.
#[derive(Clone, Debug)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    pub fn new(own: SourceFile) -> Sources {
        Sources { files: vec![SourceFile { base: 0, ..own }] }
    }

    /// Adds a file behind the others. None: together they are too large to be told apart by places.
    pub(crate) fn add(&mut self, name: String, text: String) -> Option<SourceFile> {
        let last = self.files.last().expect("the topology's own file is there");
        // A byte between files, so that the end of one is not the start of the next.
        let base = (last.base as usize).checked_add(last.text.len() + 1)?;
        if base + text.len() > u32::MAX as usize / 2 {
            return None;
        }
        let file = SourceFile::at(name, text, base as u32);
        self.files.push(file.clone());
        Some(file)
    }

    /// The topology's own file.
    pub fn own(&self) -> &SourceFile {
        &self.files[0]
    }

    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// Which file a place is in: its number, and itself.
    pub fn file_of(&self, place: Span) -> (usize, &SourceFile) {
        let number = self.files.iter().rposition(|file| file.base <= place.start).unwrap_or(0);
        (number, &self.files[number])
    }
}

impl From<SourceFile> for Sources {
    fn from(own: SourceFile) -> Sources {
        Sources::new(own)
    }
}
