//! The text form to the AST. Each declaration is parsed alone, so that each fails alone.

mod declaration;
pub(crate) mod expected;
mod expr;
mod form;
pub(crate) mod habit;
pub(crate) mod limit;
mod step;
mod stop;
mod syntax_error;
mod test_block;

use crate::ast::*;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::{SourceFile, Span};
pub(crate) use declaration::braced;
use pest::Parser;
use pest::iterators::{Pair, Pairs};
use syntax_error::syntax_error;
pub(crate) use tidegate_grammar::{Grammar, Rule};

pub(crate) const DECLARATIONS: [&str; 13] = [
    "topology", "use", "type", "enum", "param", "fn", "source", "global", "table", "stream", "sink", "serve",
    "test",
];
pub(crate) const STEPS: [&str; 25] = [
    "filter",
    "map",
    "select",
    "drop",
    "add",
    "group",
    "repartition",
    "window",
    "aggregate",
    "rolling",
    "join",
    "left",
    "outer",
    "match",
    "branch",
    "via",
    "latest",
    "changes",
    "top",
    "schedule",
    "expand",
    "flat map",
    "dedupe",
    "emit",
    "ttl",
];

type Rules<'a> = Pairs<'a, Rule>;
type Node<'a> = Pair<'a, Rule>;

/// Parses a whole file of the text form.
pub fn parse(file: &SourceFile) -> (Topology, Vec<Diagnostic>) {
    let mut topology = Topology::default();
    let mut diagnostics = Vec::new();
    if let Some(diagnostic) = limit::file(file) {
        return (topology, vec![diagnostic]);
    }
    let units = split(&file.text);
    if let Some(unit) = units.get(limit::DECLARATIONS_MAX) {
        diagnostics.push(limit::too_many_declarations(file.place(*unit)));
        return (topology, diagnostics);
    }
    for unit in units {
        parse_unit(file, unit, &mut topology, &mut diagnostics);
    }
    (topology, diagnostics)
}

/// Where the declarations stand.
pub(crate) fn units(text: &str) -> Vec<Span> {
    split(text)
}

/// What keeps a file from being read. Words of a later version do not.
pub(crate) fn syntax_errors(file: &SourceFile) -> Vec<Diagnostic> {
    let (_, mut diagnostics) = parse(file);
    diagnostics.retain(|diagnostic| matches!(diagnostic.code, codes::SYNTAX | codes::TOO_DEEP));
    diagnostics
}

/// Where declarations begin: at lines whose first word stands outside of all brackets and begins at the line's start, or is a keyword.
pub(crate) fn split(text: &str) -> Vec<Span> {
    let mut starts = Vec::new();
    let mut depth = 0i32;
    let mut chars = text.char_indices().peekable();
    let mut line_start = true;
    while let Some((at, char)) = chars.next() {
        match char {
            '\n' => line_start = true,
            c if c.is_whitespace() => {}
            '/' if text[at..].starts_with("//") => {
                while chars.peek().is_some_and(|(_, next)| *next != '\n') {
                    chars.next();
                }
            }
            _ => {
                if line_start {
                    let word: String =
                        text[at..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                    let indented = at > 0 && !text[..at].ends_with('\n');
                    let known = DECLARATIONS.contains(&word.as_str());
                    // A word at the very start of a line begins a declaration even inside an unclosed bracket:
                    // the error then stays in its own declaration.
                    if !word.is_empty() && !indented && (depth <= 0 || known) {
                        starts.push(at);
                        depth = 0;
                    }
                    line_start = false;
                }
                match char {
                    '{' | '(' | '[' => depth += 1,
                    '}' | ')' | ']' => depth -= 1,
                    '"' => {
                        while let Some((_, next)) = chars.next() {
                            match next {
                                '\\' => drop(chars.next()),
                                '"' | '\n' => break,
                                _ => {}
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
    }
    // What stands before the first declaration is told, not left out.
    if let Some(first) = first_code(text).filter(|first| starts.first().is_none_or(|start| first < start)) {
        starts.insert(0, first);
    }
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([text.len()]).collect();
    starts.iter().zip(ends).map(|(start, end)| Span::new(*start, end)).collect()
}

/// The first byte of a text that is neither white space nor in a comment.
fn first_code(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let code = line.trim_start();
        if !code.is_empty() && !code.starts_with("//") {
            return Some(at + line.len() - code.len());
        }
        at += line.len();
    }
    None
}

/// `unit` is a range of the file's text; everything that is told has its place among all files.
fn parse_unit(file: &SourceFile, unit: Span, topology: &mut Topology, diagnostics: &mut Vec<Diagnostic>) {
    let source = &file.text[unit.start as usize..unit.end as usize];
    let offset = file.place(unit).start as usize;
    let word: String = source.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    if !DECLARATIONS.contains(&word.as_str()) {
        diagnostics.push(syntax_error::no_declaration(source, offset, &word));
        return;
    }
    if let Some((at, message)) = limit::too_deep(source) {
        let span = Span::new(offset + at, offset + at + 1);
        diagnostics.push(Diagnostic::error(codes::TOO_DEEP, span, message));
        return;
    }
    if let Some(diagnostic) = syntax_error::comment_of_sql(source, offset) {
        diagnostics.push(diagnostic);
        return;
    }
    match Grammar::parse(Rule::unit, source) {
        Err(error) => diagnostics.push(syntax_error(Rule::unit, source, offset, &error)),
        Ok(mut pairs) => {
            let mut reader = Reader { offset, diagnostics, yaml: None, depth: 0 };
            let declaration = pairs.next().and_then(|pair| pair.into_inner().next());
            if let Some(declaration) = declaration {
                reader.declaration(declaration, topology);
            }
        }
    }
}

/// Turns the grammar's pairs into the AST. `offset` is where the parsed text begins in the file.
struct Reader<'a> {
    offset: usize,
    diagnostics: &'a mut Vec<Diagnostic>,
    /// The parsed text is a YAML scalar whose characters do not stand one to one in the file: all places are this one.
    yaml: Option<Span>,
    /// Operators and brackets around the expression that is being read.
    depth: usize,
}

/// Parses a part that a YAML scalar holds. `span` is the text's place; `exact`: its bytes stand there as they are.
pub(crate) struct Scalar<'a> {
    pub(crate) text: &'a str,
    pub(crate) span: Span,
    pub(crate) exact: bool,
}

impl Scalar<'_> {
    fn parse<T>(
        &self,
        rule: Rule,
        diagnostics: &mut Vec<Diagnostic>,
        read: impl FnOnce(&mut Reader<'_>, Node<'_>) -> T,
    ) -> Option<T> {
        let offset = self.span.start as usize;
        if let Some((_, message)) = limit::too_deep(self.text) {
            diagnostics.push(Diagnostic::error(codes::TOO_DEEP, self.span, message));
            return None;
        }
        match Grammar::parse(rule, self.text) {
            Err(error) => {
                let mut diagnostic = syntax_error(rule, self.text, offset, &error);
                if !self.exact {
                    diagnostic.labels.truncate(1);
                    diagnostic.labels[0].span = self.span;
                    diagnostic.mend = None;
                }
                diagnostics.push(diagnostic);
                None
            }
            Ok(mut pairs) => {
                let yaml = (!self.exact).then_some(self.span);
                let mut reader = Reader { offset, diagnostics, yaml, depth: 0 };
                pairs.next().map(|pair| read(&mut reader, pair))
            }
        }
    }

    pub(crate) fn expr(&self, diagnostics: &mut Vec<Diagnostic>) -> Option<Expr> {
        self.parse(Rule::whole_expr, diagnostics, |reader, pair| reader.expr(pair))
    }

    pub(crate) fn ty(&self, diagnostics: &mut Vec<Diagnostic>) -> Option<TypeExpr> {
        self.parse(Rule::whole_type, diagnostics, |reader, pair| reader.type_expr(pair))
    }

    pub(crate) fn path(&self, diagnostics: &mut Vec<Diagnostic>) -> Option<Path> {
        self.parse(Rule::whole_path, diagnostics, |reader, pair| reader.path(&pair))
    }

    pub(crate) fn duration(&self, diagnostics: &mut Vec<Diagnostic>) -> Option<Spanned<i64>> {
        self.parse(Rule::whole_duration, diagnostics, |reader, pair| reader.duration(&pair))
    }

    pub(crate) fn by(&self, diagnostics: &mut Vec<Diagnostic>) -> Option<Vec<Expr>> {
        self.parse(Rule::whole_by, diagnostics, |reader, pair| {
            pair.into_inner().map(|pair| reader.expr(pair)).collect()
        })
    }

    pub(crate) fn element(&self, diagnostics: &mut Vec<Diagnostic>) -> Option<PatternElement> {
        self.parse(Rule::whole_element, diagnostics, |reader, pair| reader.element(pair))
    }

    /// What stands behind `skip`.
    pub(crate) fn skip(&self, diagnostics: &mut Vec<Diagnostic>) -> Option<Spanned<Skip>> {
        self.parse(Rule::whole_skip, diagnostics, |reader, pair| reader.skip(pair))
    }

    pub(crate) fn order(&self, diagnostics: &mut Vec<Diagnostic>) -> Option<(Expr, bool)> {
        self.parse(Rule::whole_order, diagnostics, |reader, pair| reader.order(pair))
    }
}

/// Where a pair's last token ends: a rule that ends in an optional part takes the white space and comments before that along.
fn end_of(pair: &Node<'_>) -> usize {
    let (span, text) = (pair.as_span(), pair.as_str());
    let trimmed = span.start() + text.trim_end().len();
    let Some(last) = pair.clone().into_inner().next_back().filter(|_| text.contains("//")) else {
        return trimmed;
    };
    // Texts are pairs of their own, so what begins with two slashes behind the last pair is a comment.
    let behind = last.as_span().end();
    let mut end = end_of(&last);
    let mut line_start = behind;
    for line in text[behind - span.start()..].split_inclusive('\n') {
        let code = line.split("//").next().unwrap_or_default().trim_end();
        if !code.is_empty() {
            end = line_start + code.len();
        }
        line_start += line.len();
    }
    end
}

impl Reader<'_> {
    pub(super) fn span(&self, pair: &Node<'_>) -> Span {
        if let Some(span) = self.yaml {
            return span;
        }
        Span::new(self.offset + pair.as_span().start(), self.offset + end_of(pair))
    }

    pub(super) fn name(&self, pair: &Node<'_>) -> Name {
        Spanned::new(pair.as_str().trim().to_owned(), self.span(pair))
    }

    pub(super) fn path(&self, pair: &Node<'_>) -> Path {
        Spanned::new(pair.as_str().trim().split('.').map(str::to_owned).collect(), self.span(pair))
    }

    pub(super) fn string(&mut self, pair: &Node<'_>) -> Name {
        let text = pair.as_str();
        let inner = &text[1..text.len() - 1];
        let span = self.span(pair);
        Spanned::new(self.unescape(inner, span), span)
    }

    pub(super) fn unescape(&mut self, text: &str, span: Span) -> String {
        let mut out = String::new();
        let mut chars = text.chars();
        while let Some(char) = chars.next() {
            if char != '\\' {
                out.push(char);
                continue;
            }
            match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some(same @ ('"' | '\\' | '{' | '}')) => out.push(same),
                other => {
                    let escape = other.map(String::from).unwrap_or_default();
                    let message = format!(
                        "`\\{escape}` is no escape; there are \\n, \\t, \\r, \\\", \\\\, \\{{ and \\}}"
                    );
                    self.diagnostics.push(Diagnostic::error(codes::LITERAL, span, message));
                }
            }
        }
        out
    }
}

fn last(pair: Node<'_>) -> Node<'_> {
    pair.into_inner().last().expect("the grammar has it")
}
