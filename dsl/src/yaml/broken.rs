//! What is said of a file that is no YAML: not the reader's words, but what was most probably meant at the place.

use super::value::{Value, value_at};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::{SourceFile, Span};

/// `message` and `at`: what the reader says, and where it gave up.
pub(super) fn told(file: &SourceFile, message: &str, at: usize) -> Diagnostic {
    let broken = Broken { file, message, at };
    let habits =
        [Broken::tab, Broken::comment, Broken::unquoted_time, Broken::quotes, Broken::twice, Broken::bracket];
    let known = habits.iter().find_map(|habit| habit(&broken));
    known.or_else(|| broken.value()).or_else(|| broken.indentation()).unwrap_or_else(|| broken.other())
}

struct Broken<'a> {
    file: &'a SourceFile,
    message: &'a str,
    at: usize,
}

impl Broken<'_> {
    fn text(&self) -> &str {
        &self.file.text
    }

    fn says(&self, part: &str) -> bool {
        self.message.contains(part)
    }

    fn error(&self, start: usize, end: usize, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(codes::YAML_SHAPE, self.file.place(Span::new(start, end)), message)
    }

    /// The place of one character, which may be longer than a byte.
    fn character(&self, at: usize) -> Span {
        let length = self.text()[at..].chars().next().map_or(0, char::len_utf8);
        Span::new(at, at + length)
    }

    fn error_at_character(&self, at: usize, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(codes::YAML_SHAPE, self.file.place(self.character(at)), message)
    }

    fn line_start(&self, at: usize) -> usize {
        self.text()[..at].rfind('\n').map_or(0, |newline| newline + 1)
    }

    fn line(&self, start: usize) -> &str {
        self.text()[start..].lines().next().unwrap_or("")
    }

    /// The lines up to the place, the last first: where each begins, and its text.
    fn lines_before(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut end = Some(self.at);
        std::iter::from_fn(move || {
            let start = self.line_start(end?);
            end = start.checked_sub(1);
            Some((start, self.line(start)))
        })
    }

    /// The value in which the place lies.
    fn value_here(&self) -> Option<Value<'_>> {
        let depth = open_brackets(&self.text()[..self.line_start(self.at)]).len();
        value_at(self.text(), self.at, depth)
    }

    fn tab(&self) -> Option<Diagnostic> {
        let start = self.line_start(self.at);
        let line = self.line(start);
        let indent = &line[..line.len() - line.trim_start().len()];
        let tab = start + indent.find('\t')?;
        let spaces = indent.replace('\t', "  ");
        let indent = self.file.place(Span::new(start, start + indent.len()));
        Some(
            self.error(tab, tab + 1, "this line is indented by a tab, and YAML is indented by spaces")
                .note("two spaces for each level; most editors have a setting for it")
                .replaced_in_yaml(indent, spaces),
        )
    }

    /// `// …`: what stands there becomes a part of a value or a key, and the reader gives up at the next line.
    fn comment(&self) -> Option<Diagnostic> {
        const LINES: usize = 3;
        self.lines_before().take(LINES).find_map(|(start, line)| {
            let slashes = line.match_indices("//").find(|(at, _)| {
                let before = &line[..*at];
                (before.trim().is_empty() || before.ends_with([' ', '\t']))
                    && before.matches('"').count() % 2 == 0
            });
            let at = start + slashes?.0;
            let place = self.file.place(Span::new(at, at + 2));
            let diagnostic = self.error(at, at + 2, "a comment begins with `#` in YAML");
            Some(diagnostic.replaced_in_yaml(place, "#"))
        })
    }

    /// `@10:05`: YAML has no values that begin so.
    fn unquoted_time(&self) -> Option<Diagnostic> {
        let rest = &self.text()[self.at..];
        let first = rest.chars().next()?;
        if !self.says("unexpected character") || !matches!(first, '@' | '`' | '%') {
            return None;
        }
        let length = rest.find([',', '}', ']', ' ', '\n', '\r']).unwrap_or(rest.len());
        let (end, value) = (self.at + length, &rest[..length]);
        let place = self.file.place(Span::new(self.at, end));
        Some(
            self.error(self.at, end, format!("a value that begins with `{first}` stands in quotes in YAML"))
                .here(format!("write `\"{value}\"`"))
                .replaced_in_yaml(place, format!("\"{value}\"")),
        )
    }

    fn quotes(&self) -> Option<Diagnostic> {
        if self.says("unclosed quote") || self.says("in multiline quoted scalar") {
            return Some(self.error_at_character(self.at, "this quote is not closed").note(
                "a text in quotes ends with the same quote; in an expression YAML's quotes go around all of it: `'country == \"NL\"'`",
            ));
        }
        if !self.says("trailing content after") {
            return None;
        }
        let value = self.value_here()?;
        let diagnostic = self
            .error_at_character(self.at, "the value's quotes are closed before this")
            .note("YAML's quotes go around the whole value, and single ones leave double ones alone");
        Some(match value.in_single_quotes(true) {
            Some(quoted) => {
                let place = self.file.place(Span::new(value.start, value.end));
                diagnostic.because(place, format!("write `{quoted}`")).replaced_in_yaml(place, quoted)
            }
            None => diagnostic,
        })
    }

    fn twice(&self) -> Option<Diagnostic> {
        let key = self.message.split_once("duplicate mapping key: ")?.1.split(", set ").next()?;
        let start = self.line_start(self.at);
        let column = self.at - start;
        let diagnostic = self.error(self.at, self.at + key.len(), format!("the key `{key}` is there twice"));
        let indent = |line: &str| line.len() - line.trim_start_matches([' ', '-']).len();
        // In a block the first one stands above, as far to the right.
        let first = self
            .lines_before()
            .skip(1)
            .take_while(|(_, line)| line.trim().is_empty() || indent(line) >= column)
            .find(|(_, line)| indent(line) == column && line[column..].split(':').next() == Some(key));
        Some(match first {
            Some((line, _)) => {
                let place = Span::new(line + column, line + column + key.len());
                diagnostic.because(self.file.place(place), "first here").note("put both into one")
            }
            None => diagnostic,
        })
    }

    /// A bracket that was opened on a line above and not closed.
    fn bracket(&self) -> Option<Diagnostic> {
        if self.says("misplaced bracket") || self.says("mismatched bracket") {
            return Some(self.error_at_character(self.at, "this bracket closes none that is open"));
        }
        let here = self.text()[self.at..].chars().next().map_or(0, char::len_utf8);
        let unclosed = self.says("unclosed bracket") || self.says("unexpected EOF");
        let seen = if unclosed { self.at + here } else { self.at };
        let open = *open_brackets(&self.text()[..seen]).last()?;
        let at_end = self.text()[self.at..].trim().is_empty();
        let above = open < self.line_start(self.at);
        if !(above && self.says("did not find expected") || at_end || unclosed) {
            return None;
        }
        let bracket = self.text()[open..].chars().next()?;
        let diagnostic = self.error_at_character(open, format!("this `{bracket}` is not closed"));
        Some(if at_end || self.at == open {
            diagnostic
        } else {
            diagnostic.because(self.file.place(self.character(self.at)), "here something else begins")
        })
    }

    /// A value with a sign in it that means something to YAML: `: `, `{`, `,`.
    fn value(&self) -> Option<Diagnostic> {
        let inside = self.says("mapping values are not allowed")
            || self.says("did not find expected ','")
            || self.says("expected ',' or ']'")
            || self.says("':' must be followed")
            || self.says("':' may not precede");
        let value = inside.then(|| self.value_here()).flatten()?;
        let sign = value.special()?;
        let place = self.file.place(Span::new(value.start, value.end));
        let diagnostic = self.error(
            value.start,
            value.end,
            format!("a value with `{sign}` in it stands in quotes in YAML"),
        );
        Some(match value.in_single_quotes(false) {
            Some(quoted) => diagnostic.here(format!("write `{quoted}`")).replaced_in_yaml(place, quoted),
            None => diagnostic.note("or it stands on lines of its own behind `|`"),
        })
    }

    fn indentation(&self) -> Option<Diagnostic> {
        let wrong = self.says("did not find expected key")
            || self.says("did not find expected '-'")
            || self.says("block sequence entries are not allowed")
            || self.says("mapping values are not allowed")
            || self.says("invalid indentation")
            || self.says("simple key");
        if !wrong {
            return None;
        }
        let start = self.line_start(self.at);
        let indent = |line: &str| line.len() - line.trim_start().len();
        let own = indent(self.line(start));
        let mut known: Vec<usize> = Vec::new();
        for (_, line) in self.lines_before().skip(1) {
            let is_text = !line.trim().is_empty() && !line.trim_start().starts_with('#');
            if is_text && known.last().is_none_or(|last| indent(line) < *last) {
                known.push(indent(line));
            }
        }
        if known.contains(&own) {
            return None;
        }
        let words: Vec<String> = known.iter().map(usize::to_string).collect();
        let at = start + own;
        let spaces =
            |number: usize| if number == 1 { "1 space".to_owned() } else { format!("{number} spaces") };
        Some(
            self.error_at_character(
                at,
                format!("this line begins behind {}, and belongs to none above", spaces(own)),
            )
            .note(format!("those that it could continue begin behind {} spaces", words.join(" or "))),
        )
    }

    fn other(&self) -> Diagnostic {
        let at = self.at.min(self.text().len());
        if self.says("multiple") && self.says("documents") {
            let line = self.lines_before().find(|(_, line)| line.starts_with("---"));
            let (start, end) = line.map_or((at, at), |(start, _)| (start, start + 3));
            return self
                .error(start, end, "a file is one topology, and `---` begins another one")
                .note("put it into a file of its own");
        }
        if self.says("unknown anchor") || self.says("unknown alias") {
            return self
                .error_at_character(at, "there is no `&` above with the name that this `*` refers to");
        }
        if self.says("merge value") {
            return self.error_at_character(at, "`<<` brings in a map, by its name: `<<: *base`");
        }
        if self.says("depth") || self.says("Depth") || self.says("recursion") {
            let message = format!("more than {} levels, one in the other", crate::parse::limit::DEPTH_MAX);
            return self
                .error_at_character(at, message)
                .note("a calculation that deep is split into several steps");
        }
        if self.says("alias") || self.says("recursive") || self.says("exceed") || self.says("limit") {
            return self.error_at_character(at, "what `*` refers to makes more of this file than is read");
        }
        if self.says("unknown escape") || self.says("hexadecimal") || self.says("surrogate") {
            return self
                .error_at_character(at, "YAML has no such escape in double quotes")
                .note("in single quotes a `\\` is a `\\`");
        }
        if self.says("unsupported tag") || self.says("tag") {
            return self
                .error_at_character(at, "`!` begins a tag of YAML, which topologies have not")
                .note("a condition is turned round by `not`");
        }
        self.error_at_character(at, "this is no YAML from here on").note(
            "the cause may be above: an indentation that is not that of its neighbours, a bracket or a quote that is not closed, a value with `: ` in it without quotes",
        )
    }
}

/// The brackets of YAML that are open at the end of a text, the innermost last.
fn open_brackets(text: &str) -> Vec<usize> {
    let mut open = Vec::new();
    let mut quote = None;
    let mut before = '\n';
    let mut comment = false;
    for (at, char) in text.char_indices() {
        match (char, quote) {
            ('\n', _) => comment = false,
            _ if comment => {}
            (char, Some(closing)) => quote = (char != closing).then_some(closing),
            ('"' | '\'', None) if !before.is_alphanumeric() || before == 'f' => quote = Some(char),
            ('#', None) if before.is_whitespace() => comment = true,
            ('{' | '[', None) => open.push(at),
            ('}' | ']', None) => {
                open.pop();
            }
            _ => {}
        }
        before = char;
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_brackets_are_found_outside_of_texts() {
        assert_eq!(open_brackets("a: { b: [c], d: [ \"]}\" # }"), [3, 16]);
        assert!(open_brackets("a: { b: '{' }").is_empty());
    }
}
