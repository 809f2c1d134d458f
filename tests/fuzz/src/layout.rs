//! The formatter: what it lays out means the same, has every comment, and is laid out for good.

use crate::meaning::{compiled, meaning};
use tidegate_dsl::diagnostic::Diagnostic;
use tidegate_dsl::{Compiled, SourceFile, Spelling, Unformatted, convert, format};

pub(crate) fn run(text: &str) {
    let file = SourceFile::new("a.tide", text);
    let once = match format(&file) {
        Ok(once) => SourceFile::new("a.tide", once),
        Err(Unformatted::Syntax(errors)) => {
            assert!(!errors.is_empty(), "refused without a word");
            return;
        }
        Err(Unformatted::Fault) => panic!("the formatter changed what the file says"),
    };
    match format(&once) {
        Ok(twice) => assert!(once.text == twice, "formatting twice differs\n{}----\n{twice}", once.text),
        Err(error) => panic!("what was formatted is not read any more: {error:?}\n{}", once.text),
    }
    assert!(comments(text) == comments(&once.text), "the comments differ\n{}", once.text);
    let (before, after) = (compiled(&file), compiled(&once));
    assert!(meaning(&before) == meaning(&after), "it means something else\n{}", once.text);
    assert!(told(&before) == told(&after), "something else is wrong\n{}", once.text);
    // A file that is wrong has no plan, but a tree, which the other spelling shows without places.
    assert!(tree(&file) == tree(&once), "it is another tree\n{}", once.text);
}

/// What is told, without places.
fn told(compiled: &Compiled) -> Vec<(String, &str)> {
    let one = |diagnostic: &Diagnostic| diagnostic.code.to_string();
    compiled.diagnostics.iter().map(|diagnostic| (one(diagnostic), diagnostic.message.as_str())).collect()
}

/// The file as YAML, without comments: those stand where their lines are.
fn tree(file: &SourceFile) -> Option<Vec<String>> {
    let yaml = convert(file, Spelling::Yaml).ok()?;
    Some(yaml.lines().filter(|line| !line.trim_start().starts_with('#')).map(str::to_owned).collect())
}

/// Every comment, in the order of the file, found without the formatter's own reading.
fn comments(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '/']) {
        let is_format = is_format(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with("//") {
            let end = rest.find('\n').unwrap_or(rest.len());
            found.push(rest[..end].trim_end());
            rest = &rest[end..];
        } else if rest.starts_with('"') {
            rest = &rest[string_end(rest, is_format)..];
        } else {
            rest = &rest[1..];
        }
    }
    found
}

/// Does a string behind this text hold values in braces? `f` stands before its quote, and is no end of a name.
fn is_format(before: &str) -> bool {
    let mut chars = before.chars().rev();
    chars.next() == Some('f') && !chars.next().is_some_and(|char| char.is_alphanumeric() || char == '_')
}

/// How long the string is that the text begins with.
fn string_end(text: &str, is_format: bool) -> usize {
    let mut at = 1;
    while let Some(char) = text[at..].chars().next() {
        at += char.len_utf8();
        match char {
            '\\' => at += text[at..].chars().next().map_or(0, char::len_utf8),
            '"' => return at,
            '{' if is_format && text[at..].starts_with('{') => at += 1,
            '{' if is_format => at += braces_end(&text[at..]),
            _ => {}
        }
    }
    text.len()
}

/// How far it is to the end of the braces that the text is in.
fn braces_end(text: &str) -> usize {
    let (mut at, mut depth) = (0, 1);
    while let Some(char) = text[at..].chars().next() {
        if char == '"' {
            at += string_end(&text[at..], is_format(&text[..at]));
            continue;
        }
        at += char.len_utf8();
        match char {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}
