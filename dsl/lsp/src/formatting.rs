//! The canonical form of a file, as one edit of it.

use crate::position::line_end;
use std::ops::Range;
use tidegate_dsl::{SourceFile, Unformatted, format};

/// What is to be replaced, and by what. None: there is nothing to do, or nothing can be done (a YAML file, syntax errors).
///
/// # Errors
/// The formatter would have changed what the file says.
pub fn edit(file: &SourceFile) -> Result<Option<(Range<usize>, String)>, &'static str> {
    if file.is_yaml() {
        return Ok(None);
    }
    match format(file) {
        Ok(formatted) => Ok(difference(&file.text, &formatted)),
        Err(Unformatted::Syntax(_)) => Ok(None),
        Err(Unformatted::Fault) => {
            Err("the formatter would have changed what the file says, so the file stays as it is")
        }
    }
}

/// The lines from the first that differs to the last. A file keeps its own ends of lines: they are the editor's.
fn difference(old: &str, new: &str) -> Option<(Range<usize>, String)> {
    let old_lines: Vec<&str> = old.split_inclusive('\n').collect();
    let new_lines: Vec<&str> = new.split_inclusive('\n').collect();
    let same = |(a, b): &(&&str, &&str)| {
        a.strip_suffix("\r\n").map_or(**a == **b, |a| Some(a) == b.strip_suffix('\n'))
    };
    let before = old_lines.iter().zip(&new_lines).take_while(same).count();
    let (old_rest, new_rest) = (&old_lines[before..], &new_lines[before..]);
    let after = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(same).count();
    let (old_part, new_part) = (&old_rest[..old_rest.len() - after], &new_rest[..new_rest.len() - after]);
    if old_part.is_empty() && new_part.is_empty() {
        return None;
    }
    let bytes = |lines: &[&str]| lines.iter().map(|line| line.len()).sum::<usize>();
    let start = bytes(&old_lines[..before]);
    let text = new_part.concat().replace('\n', line_end(old));
    Some((start..start + bytes(old_part), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_lines_that_differ_are_replaced() {
        assert_eq!(difference("a\nb\nc\n", "a\nb\nc\n"), None);
        assert_eq!(difference("a\n b\nc\n", "a\nb\nc\n"), Some((2..5, "b\n".to_owned())));
        assert_eq!(difference("a\n\n\n\nb\n", "a\n\nb\n"), Some((3..5, String::new())));
        assert_eq!(difference("a\nb", "a\nb\n"), Some((2..3, "b\n".to_owned())));
        assert_eq!(difference("", "a\n"), Some((0..0, "a\n".to_owned())));
    }

    #[test]
    fn ends_of_lines_stay() {
        assert_eq!(difference("a\r\nb\r\n", "a\nb\n"), None);
        assert_eq!(difference("a\r\n b\r\n b\r\n", "a\nb\nb\n"), Some((3..11, "b\r\nb\r\n".to_owned())));
    }
}
