//! A small pretty-printer after Wadler: text with places where a line may end.

/// How far to the right a line goes on that only a comment has ended.
pub(super) const CONTINUED: usize = 2;

/// What is to be printed.
#[derive(Clone, Debug)]
pub(super) enum Doc {
    Text(String),
    /// A comment behind code: whatever follows begins on the next line.
    Comment(String),
    /// A space; in a broken group a new line.
    Line,
    /// Nothing; in a broken group a new line.
    Soft,
    /// In a broken group a new line behind an empty one; a space otherwise.
    Blank,
    /// Always a new line.
    Hard,
    /// A space; in a broken group a new line if what follows up to the next break does not fit.
    Fill,
    /// Only in a broken group.
    IfBroken(&'static str),
    All(Vec<Doc>),
    /// On one line if it fits and nothing in it demands a line's end.
    Group(Box<Doc>, Layout),
    Indent(usize, Box<Doc>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Layout {
    IfItFits,
    /// Data, which is easier to read in rows: it may be a little longer.
    Row,
    Broken,
}

/// A line of the output. The comments of a declaration are put under each other later.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Line {
    pub(super) code: String,
    pub(super) comment: Option<String>,
}

impl Doc {
    pub(super) fn text(text: impl Into<String>) -> Doc {
        Doc::Text(text.into())
    }

    /// A group; one that holds a line's end is broken.
    pub(super) fn group(doc: Doc) -> Doc {
        let layout = if doc.ends_a_line() { Layout::Broken } else { Layout::IfItFits };
        Doc::Group(Box::new(doc), layout)
    }

    pub(super) fn row(doc: Doc) -> Doc {
        let layout = if doc.ends_a_line() { Layout::Broken } else { Layout::Row };
        Doc::Group(Box::new(doc), layout)
    }

    pub(super) fn broken(doc: Doc) -> Doc {
        Doc::Group(Box::new(doc), Layout::Broken)
    }

    pub(super) fn indent(by: usize, doc: Doc) -> Doc {
        Doc::Indent(by, Box::new(doc))
    }

    pub(super) fn ends_a_line(&self) -> bool {
        match self {
            Doc::Hard | Doc::Comment(_) => true,
            Doc::Group(_, layout) => *layout == Layout::Broken,
            Doc::Indent(_, doc) => doc.ends_a_line(),
            Doc::All(docs) => docs.iter().any(Doc::ends_a_line),
            Doc::Text(_) | Doc::Line | Doc::Soft | Doc::Blank | Doc::Fill | Doc::IfBroken(_) => false,
        }
    }

    /// Characters on one line.
    pub(super) fn width(&self) -> usize {
        match self {
            Doc::Text(text) => text.chars().count(),
            Doc::Line | Doc::Blank | Doc::Fill => 1,
            Doc::Group(doc, _) | Doc::Indent(_, doc) => doc.width(),
            Doc::All(docs) => docs.iter().map(Doc::width).sum(),
            Doc::Comment(_) | Doc::Soft | Doc::Hard | Doc::IfBroken(_) => 0,
        }
    }
}

type Item<'a> = (usize, Layout, &'a Doc);

pub(super) fn print(doc: &Doc, width: usize, row_width: usize) -> Vec<Line> {
    let mut lines = vec![Line::default()];
    let mut stack: Vec<Item<'_>> = vec![(0, Layout::Broken, doc)];
    while let Some((indent, layout, doc)) = stack.pop() {
        let broken = layout == Layout::Broken;
        let line = lines.last_mut().expect("there is a line");
        let commented = line.comment.is_some();
        match doc {
            Doc::Text(text) => {
                if commented {
                    lines.push(Line { code: " ".repeat(indent + CONTINUED), comment: None });
                }
                // A space between tokens is not needed where a line began.
                if !(commented && text == " ") {
                    lines.last_mut().expect("there is a line").code.push_str(text);
                }
            }
            Doc::Comment(text) => line.comment = Some(text.clone()),
            Doc::Hard => lines.push(Line { code: " ".repeat(indent), comment: None }),
            Doc::Line | Doc::Soft | Doc::Blank if broken || commented => {
                if matches!(doc, Doc::Blank) {
                    lines.push(Line::default());
                }
                lines.push(Line { code: " ".repeat(indent), comment: None });
            }
            Doc::Line | Doc::Blank => line.code.push(' '),
            Doc::Soft => {}
            Doc::Fill => {
                let used = line.code.chars().count() + 1;
                if commented || broken && !fits(width, used, &[], &stack) {
                    lines.push(Line { code: " ".repeat(indent), comment: None });
                } else {
                    line.code.push(' ');
                }
            }
            Doc::IfBroken(text) => {
                if broken {
                    line.code.push_str(text);
                }
            }
            Doc::All(docs) => stack.extend(docs.iter().rev().map(|doc| (indent, layout, doc))),
            Doc::Indent(by, doc) => stack.push((indent + by, layout, doc)),
            Doc::Group(doc, wanted) => {
                let used = line.code.chars().count();
                let width = if *wanted == Layout::Row { row_width } else { width };
                let flat = *wanted != Layout::Broken
                    && (!broken || fits(width, used, &[(indent, Layout::IfItFits, doc)], &stack));
                stack.push((indent, if flat { Layout::IfItFits } else { Layout::Broken }, doc));
            }
        }
    }
    for line in &mut lines {
        line.code.truncate(line.code.trim_end().len());
    }
    lines
}

/// Does what comes next fit up to the first place where the line may end?
fn fits(width: usize, mut used: usize, first: &[Item<'_>], rest: &[Item<'_>]) -> bool {
    let mut own: Vec<Item<'_>> = first.to_vec();
    let mut rest = rest.iter().rev();
    while used <= width {
        let Some((indent, layout, doc)) = own.pop().or_else(|| rest.next().copied()) else { return true };
        let broken = layout == Layout::Broken;
        match doc {
            Doc::Text(text) => used += text.chars().count(),
            Doc::Comment(_) | Doc::Hard => return true,
            Doc::Line | Doc::Soft | Doc::Blank if broken => return true,
            Doc::Line | Doc::Blank => used += 1,
            Doc::Soft => {}
            Doc::Fill if broken => return true,
            Doc::Fill => used += 1,
            Doc::IfBroken(text) => used += if broken { text.len() } else { 0 },
            Doc::All(docs) => own.extend(docs.iter().rev().map(|doc| (indent, layout, doc))),
            Doc::Indent(by, doc) => own.push((indent + by, layout, doc)),
            Doc::Group(doc, wanted) => {
                let layout = if *wanted == Layout::Broken { Layout::Broken } else { Layout::IfItFits };
                own.push((indent, layout, doc));
            }
        }
    }
    false
}
