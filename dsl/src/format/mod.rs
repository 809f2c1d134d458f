//! The canonical form of a `.tide` file.
//!
//! A file is laid out by its tokens, and the grammar only says which places may end a line. So nothing is lost that the
//! AST does not keep (comments, spellings of numbers), and a new step needs no code here. Whatever comes out is compared
//! with what went in: the same tokens in the same order, else the file stays as it is.

mod doc;
mod layout;
mod marks;
pub(crate) mod token;

use crate::diagnostic::Diagnostic;
use crate::parse;
use crate::source::SourceFile;
use doc::Line;
use marks::Marks;
use token::{Comment, Token, tokens};

/// Characters of a line; only strings and names that are longer go beyond it.
pub const WIDTH: usize = 100;
/// The rows of a test are data: one that is a little longer stays on its line.
const ROW_WIDTH: usize = 120;
/// A longer line of code does not push the comments of its neighbours to the right.
const ALIGNED_MAX: usize = 72;

/// Why a file stays as it is.
#[derive(Debug)]
pub enum Unformatted {
    /// It has syntax errors.
    Syntax(Vec<Diagnostic>),
    /// The formatter would have changed what the file says: a fault of the formatter.
    Fault,
}

/// The canonical form of a file of the text form. What it means does not change, and formatting twice changes nothing more.
pub fn format(file: &SourceFile) -> Result<String, Unformatted> {
    let errors = parse::syntax_errors(file);
    if !errors.is_empty() {
        return Err(Unformatted::Syntax(errors));
    }
    let (all, end) = tokens(&file.text);
    let mut out = String::new();
    let mut rest = &all[..];
    for unit in parse::units(&file.text) {
        let length = rest.iter().take_while(|token| token.start < unit.end as usize).count();
        let (own, after) = rest.split_at(length);
        rest = after;
        let Some(first) = own.first() else { continue };
        comments_between(&first.comments, &mut out);
        if first.blank && !out.is_empty() {
            out.push('\n');
        }
        let lines = layout::unit(own, &Marks::of(&file.text, unit));
        write(&lines, &mut out);
    }
    comments_between(&end, &mut out);
    let (written, written_end) = tokens(&out);
    if !rest.is_empty() || bare(&all, &end) != bare(&written, &written_end) {
        return Err(Unformatted::Fault);
    }
    Ok(out)
}

/// Comments on lines of their own between declarations. Directly below a declaration an indented one stays its.
fn comments_between(comments: &[Comment], out: &mut String) {
    let mut below = !out.is_empty();
    for comment in comments {
        below &= comment.indented && !comment.blank;
        if comment.blank && !out.is_empty() {
            out.push('\n');
        }
        if below {
            out.push_str("  ");
        }
        out.push_str(&comment.text);
        out.push('\n');
    }
}

/// The lines of a declaration, with the comments behind them under each other.
fn write(lines: &[Line], out: &mut String) {
    let width = |line: &Line| line.code.chars().count();
    let commented = lines.iter().filter(|line| line.comment.is_some()).map(width);
    let column = commented.filter(|width| *width <= ALIGNED_MAX).max().unwrap_or(0);
    for line in lines {
        out.push_str(&line.code);
        if let Some(comment) = &line.comment {
            let gap = column.saturating_sub(width(line)) + 2;
            out.push_str(&" ".repeat(gap));
            out.push_str(comment);
        }
        out.push('\n');
    }
}

/// What a file says, without white space: its tokens but for commas before a closing bracket, and its comments.
fn bare<'a>(tokens: &'a [Token], end: &'a [Comment]) -> (Vec<&'a str>, Vec<&'a str>) {
    let trailing = |index: usize| {
        tokens[index].text == "," && tokens.get(index + 1).is_some_and(|next: &Token| next.closes())
    };
    let texts = (0..tokens.len()).filter(|index| !trailing(*index)).map(|index| tokens[index].text.as_str());
    let mut comments: Vec<&str> = end.iter().map(|comment| comment.text.as_str()).collect();
    for token in tokens {
        comments.extend(token.comments.iter().map(|comment| comment.text.as_str()));
        comments.extend(token.behind.as_deref());
    }
    comments.sort_unstable();
    (texts.collect(), comments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FILES: [&str; 4] = [
        include_str!("../../../topologies/fraud/topology.tide"),
        include_str!("../../../topologies/payment_volume/topology.tide"),
        include_str!("../../../tests/topologies/steps.tide"),
        include_str!("../../../tests/topologies/everything.tide"),
    ];

    fn formatted(text: &str) -> String {
        match format(&SourceFile::new("a.tide", text)) {
            Ok(text) => text,
            Err(error) => panic!("{error:?}\n{text}"),
        }
    }

    /// The same tokens with other white space between them, and comments if wanted.
    fn mangled(text: &str, gaps: &[u8], comments: bool) -> String {
        let (all, _) = tokens(text);
        let starts: Vec<usize> = parse::units(text).iter().map(|unit| unit.start as usize).collect();
        let mut out = String::new();
        for (index, token) in all.iter().enumerate() {
            let gap = gaps[index % gaps.len()];
            let path = token.text == "." || index > 0 && all[index - 1].text == ".";
            let begins = starts.contains(&token.start);
            match gap {
                _ if path => {}
                0 if comments => out.push_str(" // behind\n"),
                1 if comments => out.push_str("\n  // before, indented\n"),
                2 if comments => out.push_str("\n\n// before\n"),
                3 if comments => out.push_str(" // behind\n // and before\n"),
                0..=4 => out.push('\n'),
                _ => out.push(' '),
            }
            if begins && !out.is_empty() && !out.ends_with('\n') {
                out.push('\n');
            }
            if !begins && out.ends_with('\n') {
                out.push_str(if gap.is_multiple_of(2) { " " } else { "\t" });
            }
            out.push_str(&token.text);
        }
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn white_space_does_not_matter(file in 0..FILES.len(), gaps in prop::collection::vec(0u8..20, 1..200)) {
            let plain = mangled(FILES[file], &[19], false);
            prop_assert_eq!(formatted(&plain), formatted(&mangled(FILES[file], &gaps, false)));
        }

        #[test]
        fn comments_are_kept_and_nothing_moves_twice(file in 0..FILES.len(), gaps in prop::collection::vec(0u8..200, 1..200)) {
            let once = formatted(&mangled(FILES[file], &gaps, true));
            let twice = formatted(&once);
            let difference = once.lines().zip(twice.lines()).position(|(a, b)| a != b);
            let around = |text: &str, at: usize| text.lines().skip(at.saturating_sub(3)).take(8).collect::<Vec<_>>().join("\n");
            if let Some(at) = difference {
                prop_assert!(false, "{}\n---- and then\n{}", around(&once, at), around(&twice, at));
            }
        }
    }
}
