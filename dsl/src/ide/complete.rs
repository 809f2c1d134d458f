//! What could stand at a place.
//!
//! A name of our own is put where the cursor is, and the file is compiled: the grammar says which words it would take there, and the
//! checker, when it meets that name, says which names it knows. So completion offers what the check would take, and nothing is kept twice.

use super::keyword;
use super::mention::{Context, Kind, Mention, mentions};
use crate::ast::Topology;
use crate::check::aggregate::AGGREGATES;
use crate::check::declared::type_names;
use crate::compile::{analyse, parse_file};
use crate::facts::{CURSOR, Fact, Facts};
use crate::parse::{self, DECLARATIONS, expected};
use crate::source::Span;
use crate::{Options, SourceFile, link, yaml};
use std::collections::BTreeSet;

#[derive(Clone, PartialEq, Debug)]
pub struct Completion {
    pub label: String,
    pub kind: CompletionKind,
    /// A type, a signature or the form of a step.
    pub detail: String,
    /// One sentence, or none.
    pub meaning: String,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum CompletionKind {
    /// A value of an enum.
    Variant,
    Field,
    Flow,
    Type,
    Option,
    Keyword,
    Function,
}

/// What may be missing behind the cursor while a declaration is written, shortest first.
const ENDS: [&str; 15] = [
    "",
    " == []",
    " <- {}",
    ": null",
    " => null",
    " { _x: count() }",
    " by _x",
    " within 1m",
    " by _x within 1m",
    " within 1m { _a, _b }",
    " -> kafka(\"t\")",
    " = kafka(\"t\")",
    " = null",
    " -> bool = true",
    " else _x",
];

/// What could stand at byte `at` of a file, and the range of the word that it stands for. The nearest names come first.
pub fn complete(file: &SourceFile, at: u32, options: &Options<'_>) -> (Span, Vec<Completion>) {
    let text = &file.text;
    let at = (0..=(at as usize).min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let start = at - text[..at].chars().rev().take_while(|c| part(*c)).count();
    let end = at + text[at..].chars().take_while(|c| part(*c)).count();
    let word = Span::new(start, end);
    let mut found = if file.is_yaml() { in_yaml(file, word, options) } else { in_text(file, word, options) };
    let mut seen = BTreeSet::new();
    found.retain(|item| item.label != CURSOR && seen.insert(item.label.clone()));
    (word, found)
}

fn in_text(file: &SourceFile, word: Span, options: &Options<'_>) -> Vec<Completion> {
    let text = &file.text;
    let (start, end) = (word.start as usize, word.end as usize);
    let head = text[..start].rfind('\n').map_or(0, |line| line + 1);
    if start == head && !in_comment_or_text(&text[..start]) {
        return DECLARATIONS.iter().map(|word| keyword_item(word)).collect();
    }
    // The unit is found with the cursor's name in it, since an empty word belongs to no unit.
    let marked = format!("{}{CURSOR}{}", &text[..start], &text[end..]);
    let cursor_end = start + CURSOR.len();
    let units = parse::split(&marked);
    let Some(unit) =
        units.iter().find(|unit| unit.start as usize <= start && cursor_end <= unit.end as usize)
    else {
        return Vec::new();
    };
    let (unit_start, unit_end) = (unit.start as usize, unit.end as usize);
    let beginning = &marked[unit_start..start];
    if in_comment_or_text(beginning) {
        return Vec::new();
    }
    let mut items: Vec<Completion> = Vec::new();
    let mut words_too = !beginning.trim_end().ends_with('.') && !inside_f_string(beginning);
    if let Some(unit) = completed(beginning, &marked[cursor_end..unit_end]) {
        let whole = format!("{}{unit}\n{}", &marked[..unit_start], &marked[unit_end..]);
        let known = names(&SourceFile::new(file.name.clone(), whole), options);
        words_too &= !known.alone;
        items = known.items;
    }
    if words_too {
        let at_head = beginning.trim_end().ends_with("|>");
        let words = expected::words(beginning);
        items.extend(
            words.iter().map(|word| {
                if at_head { keyword_item(word) } else { item(word, CompletionKind::Keyword, "") }
            }),
        );
    }
    items
}

/// The declaration with the cursor's name in it, made whole: with the text behind the cursor if that goes, else with what may be missing.
fn completed(beginning: &str, behind: &str) -> Option<String> {
    let closing = closing(beginning);
    let branch = closing.replacen('}', "} else { null }", 1);
    let rest_of_line = behind.lines().next().unwrap_or_default();
    let below = &behind[rest_of_line.len()..];
    let mut tails: Vec<String> = Vec::new();
    for end in ENDS {
        tails.push(format!("{end}{behind}"));
        tails.push(format!("{end}{closing}"));
        tails.push(format!("{end}{closing}{below}"));
        tails.push(format!("{closing}{end}"));
        tails.push(format!("{end}{branch}"));
    }
    tails
        .into_iter()
        .map(|tail| format!("{beginning}{CURSOR}{tail}"))
        .find(|unit| expected::is_declaration(unit))
}

/// The brackets, and the f-string, that are open at the end of a text, closed.
fn closing(text: &str) -> String {
    let mut open: Vec<char> = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, char)) = chars.next() {
        let in_string = open.last() == Some(&'"');
        match char {
            '/' if !in_string && text[at..].starts_with("//") => {
                let _ = chars.find(|(_, char)| *char == '\n');
            }
            '\\' if in_string => drop(chars.next()),
            '"' if in_string => drop(open.pop()),
            '"' if text[..at].ends_with('f') => open.push('"'),
            '"' => {
                while let Some((_, char)) = chars.next() {
                    match char {
                        '\\' => drop(chars.next()),
                        '"' | '\n' => break,
                        _ => {}
                    }
                }
            }
            '{' if in_string && chars.peek().is_some_and(|(_, next)| *next == '{') => drop(chars.next()),
            '{' => open.push('}'),
            '(' if !in_string => open.push(')'),
            '[' if !in_string => open.push(']'),
            '}' | ')' | ']' if open.last() == Some(&char) => drop(open.pop()),
            _ => {}
        }
    }
    open.iter().rev().collect()
}

fn inside_f_string(text: &str) -> bool {
    closing(text).contains('"')
}

/// Does the text end inside of a comment, or of a string where no expression can stand?
fn in_comment_or_text(text: &str) -> bool {
    let line = text.rsplit('\n').next().unwrap_or_default();
    let mut quoted = false;
    let mut formatted = false;
    let mut braces = 0u32;
    let mut chars = line.char_indices();
    while let Some((at, char)) = chars.next() {
        let reads_text = quoted && braces == 0;
        match char {
            '/' if !reads_text && line[at..].starts_with("//") => return true,
            '\\' if reads_text => drop(chars.next()),
            '"' if reads_text => quoted = false,
            '"' => {
                // A string inside of an f-string's braces.
                if quoted {
                    let _ = chars.find(|(_, char)| *char == '"');
                    continue;
                }
                quoted = true;
                formatted = line[..at].ends_with('f');
            }
            '{' if quoted && formatted => braces += 1,
            '}' if quoted && formatted => braces = braces.saturating_sub(1),
            _ => {}
        }
    }
    quoted && braces == 0
}

fn in_yaml(file: &SourceFile, word: Span, options: &Options<'_>) -> Vec<Completion> {
    let text = &file.text;
    let (start, end) = (word.start as usize, word.end as usize);
    let (before, after) = (&text[..start], &text[end..]);
    let line = before.rsplit('\n').next().unwrap_or_default();
    if line.contains(" #") || line.trim_start().starts_with('#') {
        return Vec::new();
    }
    let rest = after.split('\n').next().unwrap_or_default();
    let is_key = line.chars().all(|c| c == ' ' || c == '-') || line.trim_end().ends_with(['{', ',']);
    let with = |tail: &str| SourceFile::new(file.name.clone(), format!("{before}{CURSOR}{tail}{after}"));
    if is_key {
        // Behind a word that already has its colon, nothing is added.
        let tail = if rest.trim_start().starts_with(':') { "" } else { ": null" };
        let keys = yaml::keys_at_cursor(&with(tail));
        if !keys.is_empty() {
            return keys.iter().map(|key| yaml_key(key)).collect();
        }
    }
    names(&with(""), options).items
}

/// What the check knows at the cursor.
#[derive(Default)]
struct Known {
    items: Vec<Completion>,
    /// No words of the language can stand there, though the grammar would take them.
    alone: bool,
}

/// The names that the check knows where [`CURSOR`] stands in the file.
fn names(file: &SourceFile, options: &Options<'_>) -> Known {
    let (_, topology, facts) = analyse(file, options, Facts::collecting());
    let uses = parse_file(file).0.uses;
    let all = mentions(&topology, &uses);
    let mut items = Vec::new();
    for fact in &facts {
        match fact {
            Fact::Scope { names } => {
                items.extend(names.iter().map(|(name, ty)| item(name, CompletionKind::Field, ty)));
            }
            Fact::Options(options) => {
                let items = options.iter().map(|name| item(name, CompletionKind::Option, "")).collect();
                return Known { items, alone: true };
            }
            Fact::Variants { names, ty, alone } => {
                items.extend(names.iter().map(|name| item(name, CompletionKind::Variant, ty)));
                if *alone {
                    return Known { items, alone: true };
                }
            }
            Fact::Fields(fields) => {
                let items = fields.iter().map(|(name, ty)| item(name, CompletionKind::Field, ty)).collect();
                return Known { items, alone: true };
            }
            Fact::Declared(names) => {
                let items = names.iter().map(|(kind, name)| item(name, completion_kind(*kind), kind.word()));
                return Known { items: items.collect(), alone: true };
            }
            _ => {}
        }
    }
    let Some(cursor) = all.iter().find(|mention| mention.path.last().is_some_and(|last| last == CURSOR))
    else {
        return Known { items, alone: false };
    };
    match cursor.kind {
        Kind::Flow => items.extend(flows(&all, &facts, cursor)),
        Kind::Type => {
            let declared = all.iter().filter(|mention| mention.declares && mention.kind == Kind::Type);
            items.extend(declared.map(|mention| item(mention.name(), CompletionKind::Type, "")));
            items.extend(type_names().map(|name| item(name, CompletionKind::Type, "")));
        }
        Kind::Value if cursor.path.len() > 1 => {}
        Kind::Value if cursor.is_aggregate => {
            let items = AGGREGATES.iter().map(|name| item(name, CompletionKind::Function, "")).collect();
            return Known { items, alone: true };
        }
        Kind::Value if cursor.is_field => {
            let is_param =
                |name: &str| topology.params.iter().any(|decl| decl.name.node == name) || name == "it";
            items.retain(|item| !is_param(&item.label));
            return Known { items, alone: true };
        }
        Kind::Value | Kind::Function => items.extend(functions(&topology)),
        Kind::Param | Kind::Topology => {}
    }
    Known { items, alone: false }
}

fn flows(all: &[Mention], facts: &[Fact], cursor: &Mention) -> Vec<Completion> {
    let stream = |mention: &Mention| match mention.context {
        Context::Step(stream, _) => Some(stream),
        _ => None,
    };
    // A stream is not made from itself.
    let own = |mention: &Mention| stream(mention).is_some() && stream(mention) == stream(cursor);
    let declared =
        all.iter().filter(|mention| mention.declares && mention.kind == Kind::Flow && !own(mention));
    declared
        .map(|mention| {
            let fields = facts.iter().find_map(|fact| match fact {
                Fact::Flow { name, fields, .. } if name == mention.name() => Some(fields),
                _ => None,
            });
            let names = fields.map(|fields| {
                let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
                format!("{{ {} }}", names.join(", "))
            });
            item(mention.name(), CompletionKind::Flow, &names.unwrap_or_default())
        })
        .collect()
}

fn functions(topology: &Topology) -> Vec<Completion> {
    let own = topology.functions.iter().map(|decl| {
        let arguments: Vec<&str> =
            decl.arguments.iter().map(|argument| argument.name.node.as_str()).collect();
        let detail = format!("{}({})", decl.name.node, arguments.join(", "));
        item(&decl.name.node, CompletionKind::Function, &detail)
    });
    let library = tidegate_functions::all().map(|function| Completion {
        meaning: function.meaning.to_owned(),
        ..item(function.name, CompletionKind::Function, &function.signature())
    });
    own.chain(library).collect()
}

fn completion_kind(kind: link::Kind) -> CompletionKind {
    match kind {
        link::Kind::Type => CompletionKind::Type,
        link::Kind::Param => CompletionKind::Field,
        link::Kind::Function => CompletionKind::Function,
        link::Kind::Flow => CompletionKind::Flow,
    }
}

fn keyword_item(word: &str) -> Completion {
    let (form, meaning) = keyword::meaning(word).unwrap_or_default();
    Completion { meaning: meaning.to_owned(), ..item(word, CompletionKind::Keyword, form) }
}

/// The meaning of a key is that of the word; its form is another.
fn yaml_key(key: &str) -> Completion {
    let word = key.split('_').next().unwrap_or(key);
    let (_, meaning) = keyword::meaning(word).unwrap_or_default();
    Completion { meaning: meaning.to_owned(), ..item(key, CompletionKind::Keyword, "") }
}

fn item(label: &str, kind: CompletionKind, detail: &str) -> Completion {
    Completion { label: label.to_owned(), kind, detail: detail.to_owned(), meaning: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_brackets_and_f_strings_are_closed() {
        assert_eq!(closing("map { a: f(b, [c"), "])}");
        assert_eq!(closing("map f\"{a} and {b"), "}\"");
        assert_eq!(closing("x == \"{(\" // {\n and {"), "}");
        assert_eq!(closing("f\"{{ {n}\" {"), "}");
    }

    #[test]
    fn texts_and_comments_are_known() {
        assert!(in_comment_or_text("a == \"b"));
        assert!(!in_comment_or_text("a == \"b\" and "));
        assert!(in_comment_or_text("a // b"));
        assert!(!in_comment_or_text("a == \"http://\" and "));
        assert!(in_comment_or_text("f\"a"));
        assert!(!in_comment_or_text("f\"a {"));
        assert!(in_comment_or_text("f\"a {b} c"));
    }
}
