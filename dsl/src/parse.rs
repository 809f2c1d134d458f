//! The text form to the AST. Each declaration is parsed alone, so that each fails alone.

use crate::ast::*;
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::source::{SourceFile, Span};
use pest::Parser;
use pest::error::{ErrorVariant, InputLocation};
use pest::iterators::{Pair, Pairs};
use pest::pratt_parser::{Assoc, Op, PrattParser};
use pest_derive::Parser;
use std::sync::LazyLock;
use tidegate_model::time::parse_rfc3339;
use tidegate_model::value::parse_decimal;

#[derive(Parser)]
#[grammar = "grammar.pest"]
struct Grammar;

const DECLARATIONS: [&str; 9] =
    ["topology", "type", "param", "fn", "source", "table", "stream", "sink", "test"];
const STEPS: [&str; 13] = [
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
    "dedupe",
    "emit",
];
const LATER_DECLARATIONS: [&str; 2] = ["use", "serve"];
/// Brackets deeper than this are refused before the grammar sees them.
const DEPTH_MAX: usize = 64;

type Rules<'a> = Pairs<'a, Rule>;
type Node<'a> = Pair<'a, Rule>;

/// Parses a whole file of the text form.
pub fn parse(file: &SourceFile) -> (Topology, Vec<Diagnostic>) {
    let mut topology = Topology::default();
    let mut diagnostics = Vec::new();
    for unit in split(&file.text) {
        parse_unit(&file.text, unit, &mut topology, &mut diagnostics);
    }
    (topology, diagnostics)
}

/// Where declarations begin: at lines whose first word stands outside of all brackets and begins at the line's start, or is a keyword.
fn split(text: &str) -> Vec<Span> {
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
                    let known =
                        DECLARATIONS.contains(&word.as_str()) || LATER_DECLARATIONS.contains(&word.as_str());
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
    let first_code = text.char_indices().find(|(_, c)| !c.is_whitespace()).map(|(at, _)| at);
    if starts.is_empty() && first_code.is_some_and(|at| !text[at..].starts_with("//")) {
        starts.extend(first_code);
    }
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([text.len()]).collect();
    starts.iter().zip(ends).map(|(start, end)| Span::new(*start, end)).collect()
}

fn parse_unit(text: &str, unit: Span, topology: &mut Topology, diagnostics: &mut Vec<Diagnostic>) {
    let source = &text[unit.start as usize..unit.end as usize];
    let word: String = source.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let word_span = Span::new(unit.start as usize, unit.start as usize + word.len());
    if LATER_DECLARATIONS.contains(&word.as_str()) {
        diagnostics.push(not_yet(&word, word_span));
        return;
    }
    if !DECLARATIONS.contains(&word.as_str()) {
        let mut diagnostic = Diagnostic::error(codes::SYNTAX, word_span, "a declaration is expected here")
            .here(format!("one of {}", DECLARATIONS.map(|word| format!("`{word}`")).join(", ")));
        if let Some(meant) = did_you_mean(&word, DECLARATIONS) {
            diagnostic = diagnostic.note(format!("did you mean `{meant}`?"));
        }
        diagnostics.push(diagnostic);
        return;
    }
    if let Some(at) = too_deep(source) {
        let span = Span::new(unit.start as usize + at, unit.start as usize + at + 1);
        diagnostics.push(Diagnostic::error(
            codes::TOO_DEEP,
            span,
            format!("more than {DEPTH_MAX} levels of brackets"),
        ));
        return;
    }
    match Grammar::parse(Rule::unit, source) {
        Err(error) => diagnostics.push(syntax_error(source, unit.start as usize, &error)),
        Ok(mut pairs) => {
            let mut reader = Reader { offset: unit.start as usize, diagnostics, yaml: None };
            let declaration = pairs.next().and_then(|pair| pair.into_inner().next());
            if let Some(declaration) = declaration {
                reader.declaration(declaration, topology);
            }
        }
    }
}

fn not_yet(word: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        codes::NOT_YET,
        span,
        format!("`{word}` is part of the language, but this version cannot run it yet"),
    )
}

fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Some(at);
        }
    }
    // A run of prefixes nests as well, without brackets.
    let run = "not ".repeat(DEPTH_MAX);
    text.find(&run).or_else(|| text.find(&"-".repeat(DEPTH_MAX)))
}

fn syntax_error(source: &str, offset: usize, error: &pest::error::Error<Rule>) -> Diagnostic {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let rest = &source[at..];
    let word: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let length = if word.is_empty() { rest.chars().next().map_or(0, char::len_utf8) } else { word.len() };
    // At the end of the unit the place is the last thing written, not the empty line behind it.
    let (start, end) = if rest.trim().is_empty() {
        let last = source.trim_end().len();
        (last.saturating_sub(1), last)
    } else {
        (at, at + length)
    };
    let span = Span::new(offset + start, offset + end);
    let behind_pipe = source[..at].trim_end().ends_with("|>");
    if behind_pipe {
        let diagnostic = Diagnostic::error(codes::SYNTAX, span, format!("`{word}` is no step"))
            .here(format!("a step is expected: {}", STEPS.map(|word| format!("`{word}`")).join(", ")));
        return match did_you_mean(&word, STEPS) {
            Some(meant) => diagnostic.note(format!("did you mean `{meant}`?")),
            None => diagnostic,
        };
    }
    let ErrorVariant::ParsingError { positives, .. } = &error.variant else {
        return Diagnostic::error(codes::SYNTAX, span, error.variant.message().into_owned());
    };
    let mut expected: Vec<String> = positives.iter().filter_map(|rule| human(*rule)).collect();
    expected.sort();
    expected.dedup();
    let found = if rest.trim().is_empty() {
        "the end of the declaration".to_owned()
    } else if word.is_empty() {
        format!("`{}`", rest.chars().next().unwrap_or(' '))
    } else {
        format!("`{word}`")
    };
    let message = match &expected[..] {
        [] => format!("{found} does not belong here"),
        [only] => format!("{only} is expected here, not {found}"),
        [first @ .., last] => format!("{} or {last} is expected here, not {found}", first.join(", ")),
    };
    let diagnostic = Diagnostic::error(codes::SYNTAX, span, message);
    let words: Vec<String> = expected.iter().map(|text| text.trim_matches('`').to_owned()).collect();
    match did_you_mean(&word, words.iter().map(String::as_str)) {
        Some(meant) if meant != word => diagnostic.note(format!("did you mean `{meant}`?")),
        _ => diagnostic,
    }
}

/// What a person calls a rule. None: it says nothing beside the others.
fn human(rule: Rule) -> Option<String> {
    let name = format!("{rule:?}");
    if let Some(word) = name.strip_prefix("k_") {
        return Some(match word {
            "kafka" => "`kafka(\"…\")`".to_owned(),
            word => format!("`{word}`"),
        });
    }
    Some(
        match rule {
            Rule::ident | Rule::path | Rule::value_path => "a name",
            Rule::plain_string | Rule::inner_string => "a string",
            Rule::duration => "a length of time such as `10m`",
            Rule::timestamp => "a time such as `@10:00`",
            Rule::number | Rule::int => "a number",
            Rule::type_expr | Rule::type_base | Rule::record_type | Rule::decimal_type | Rule::array_type => {
                "a type"
            }
            Rule::expr
            | Rule::call
            | Rule::if_expr
            | Rule::match_expr
            | Rule::format_string
            | Rule::boolean
            | Rule::null
            | Rule::not_op
            | Rule::minus_op => "an expression",
            Rule::record => "a record `{ … }`",
            Rule::topic_ref => "a topic such as `kafka(\"payments\")`",
            Rule::step => "a step",
            Rule::assignments => "`{ name: … }`",
            Rule::assignment | Rule::field | Rule::entry | Rule::field_decl => "a field",
            Rule::EOI => "the end of the declaration",
            Rule::nullable_mark => "`?`",
            Rule::source_clause | Rule::key_clause | Rule::time_clause | Rule::malformed_clause => {
                "`key`, `time` or `malformed ->`"
            }
            Rule::tumbling => "`tumbling`",
            Rule::hopping => "`hopping`",
            Rule::pipeline_input => "a stream's name",
            _ => return None,
        }
        .to_owned(),
    )
}

static PRATT: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    use Rule::*;
    PrattParser::new()
        .op(Op::infix(op_or, Assoc::Left))
        .op(Op::infix(op_and, Assoc::Left))
        .op(Op::prefix(not_op))
        .op(Op::infix(op_eq, Assoc::Left)
            | Op::infix(op_ne, Assoc::Left)
            | Op::infix(op_lt, Assoc::Left)
            | Op::infix(op_le, Assoc::Left)
            | Op::infix(op_gt, Assoc::Left)
            | Op::infix(op_ge, Assoc::Left)
            | Op::postfix(in_list)
            | Op::postfix(between)
            | Op::postfix(is_null))
        .op(Op::infix(op_coalesce, Assoc::Right))
        .op(Op::infix(op_add, Assoc::Left) | Op::infix(op_sub, Assoc::Left))
        .op(Op::infix(op_mul, Assoc::Left) | Op::infix(op_div, Assoc::Left) | Op::infix(op_rem, Assoc::Left))
        .op(Op::prefix(minus_op))
});

/// Turns the grammar's pairs into the AST. `offset` is where the parsed text begins in the file.
struct Reader<'a> {
    offset: usize,
    diagnostics: &'a mut Vec<Diagnostic>,
    /// The parsed text is a YAML scalar whose characters do not stand one to one in the file: all places are this one.
    yaml: Option<Span>,
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
        if too_deep(self.text).is_some() {
            diagnostics.push(Diagnostic::error(
                codes::TOO_DEEP,
                self.span,
                format!("more than {DEPTH_MAX} levels of brackets"),
            ));
            return None;
        }
        match Grammar::parse(rule, self.text) {
            Err(error) => {
                let mut diagnostic = syntax_error(self.text, offset, &error);
                if !self.exact {
                    diagnostic.labels[0].span = self.span;
                }
                diagnostics.push(diagnostic);
                None
            }
            Ok(mut pairs) => {
                let yaml = (!self.exact).then_some(self.span);
                let mut reader = Reader { offset, diagnostics, yaml };
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
}

impl Reader<'_> {
    fn span(&self, pair: &Node<'_>) -> Span {
        if let Some(span) = self.yaml {
            return span;
        }
        let span = pair.as_span();
        // Rules that end in an optional part take the white space before it along.
        let end = span.start() + span.as_str().trim_end().len();
        Span::new(self.offset + span.start(), self.offset + end)
    }

    fn name(&self, pair: &Node<'_>) -> Name {
        Spanned::new(pair.as_str().trim().to_owned(), self.span(pair))
    }

    fn path(&self, pair: &Node<'_>) -> Path {
        Spanned::new(pair.as_str().trim().split('.').map(str::to_owned).collect(), self.span(pair))
    }

    fn string(&mut self, pair: &Node<'_>) -> Name {
        let text = pair.as_str();
        let inner = &text[1..text.len() - 1];
        let span = self.span(pair);
        Spanned::new(self.unescape(inner, span), span)
    }

    fn unescape(&mut self, text: &str, span: Span) -> String {
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

    fn declaration(&mut self, pair: Node<'_>, topology: &mut Topology) {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        let mut inner = pair.into_inner();
        let head = inner.next().expect("a declaration has a head");
        match rule {
            Rule::topology_decl => {
                let name = self.name(&inner.next().expect("a name"));
                if let Some(before) = &topology.name {
                    self.diagnostics.push(
                        Diagnostic::error(codes::DUPLICATE_NAME, name.span, "a file is one topology")
                            .because(before.span, "it is named here"),
                    );
                    return;
                }
                topology.name = Some(name);
            }
            Rule::type_decl => {
                let name = self.name(&inner.next().expect("a name"));
                let body = inner.next().expect("a record");
                let body_span = self.span(&body);
                let body = Spanned::new(TypeKind::Record(self.field_decls(body.into_inner())), body_span);
                topology.types.push(TypeDecl { name, body });
            }
            Rule::param_decl => topology.params.push(ParamDecl {
                name: self.name(&inner.next().expect("a name")),
                ty: self.type_expr(inner.next().expect("a type")),
                value: self.expr(inner.next().expect("a value")),
            }),
            Rule::fn_decl => {
                let name = self.name(&inner.next().expect("a name"));
                let mut rest: Vec<Node<'_>> = inner.collect();
                let body = rest.pop().expect("a body");
                let result = rest.pop().expect("a result type");
                let arguments = rest.into_iter().map(|pair| self.field_decl(pair)).collect();
                let (result, body) = (self.type_expr(result), self.expr(body));
                topology.functions.push(FunctionDecl { name, arguments, result, body });
            }
            Rule::source_decl | Rule::table_decl => {
                let name = self.name(&inner.next().expect("a name"));
                let ty = self.type_expr(inner.next().expect("a type"));
                let topic = self.topic_ref(inner.next().expect("a topic"));
                let (mut key, mut time, mut malformed) = (None, None, None);
                for clause in inner {
                    let clause = clause.into_inner().next().expect("a clause");
                    match clause.as_rule() {
                        Rule::key_clause => key = Some(self.path(&last(clause))),
                        Rule::malformed_clause => malformed = Some(self.topic_ref(last(clause))),
                        _ => time = Some(self.time_clause(clause)),
                    }
                }
                if rule == Rule::source_decl {
                    topology.sources.push(SourceDecl { name, ty, topic, key, time, malformed });
                } else {
                    if let Some(time) = time {
                        self.diagnostics.push(Diagnostic::error(
                            codes::SYNTAX,
                            time.field.span,
                            "a table has no event time: it holds the last row of each key",
                        ));
                    }
                    topology.tables.push(TableDecl { name, ty, topic, key, malformed });
                }
            }
            Rule::stream_decl => {
                let name = self.name(&inner.next().expect("a name"));
                let mut pipeline = inner.next().expect("a pipeline").into_inner();
                let inputs = pipeline.next().expect("an input").into_inner();
                let inputs = inputs
                    .filter(|pair| pair.as_rule() == Rule::ident)
                    .map(|pair| self.name(&pair))
                    .collect();
                let steps = pipeline.filter_map(|pair| self.step(pair)).collect();
                topology.streams.push(StreamDecl { name, inputs, steps });
            }
            Rule::sink_decl => {
                let stream = self.name(&inner.next().expect("a stream"));
                topology
                    .sinks
                    .push(SinkDecl { stream, topic: self.topic_ref(inner.next().expect("a topic")) });
            }
            Rule::test_decl => {
                let name = self.string(&inner.next().expect("a name"));
                let steps = inner.map(|pair| self.test_step(pair)).collect();
                topology.tests.push(TestDecl { name, steps, span: self.span(&head).to(span) });
            }
            other => panic!("{other:?} is no declaration"),
        }
    }

    fn field_decls(&mut self, pairs: Rules<'_>) -> Vec<FieldDecl> {
        pairs.map(|pair| self.field_decl(pair)).collect()
    }

    fn field_decl(&mut self, pair: Node<'_>) -> FieldDecl {
        let mut inner = pair.into_inner();
        FieldDecl {
            name: self.name(&inner.next().expect("a name")),
            ty: self.type_expr(inner.next().expect("a type")),
        }
    }

    fn type_expr(&mut self, pair: Node<'_>) -> TypeExpr {
        let span = self.span(&pair);
        let mut inner = pair.into_inner();
        let base = inner.next().expect("a type").into_inner().next().expect("a base");
        let base_span = self.span(&base);
        let kind = match base.as_rule() {
            Rule::record_type => TypeKind::Record(self.field_decls(base.into_inner())),
            Rule::array_type => TypeKind::Unsupported("an array"),
            Rule::decimal_type => {
                let mut digits =
                    base.into_inner().map(|pair| pair.as_str().trim().parse::<u8>().unwrap_or(u8::MAX));
                let (precision, scale) = (digits.next().unwrap_or(0), digits.next().unwrap_or(0));
                if !(1..=38).contains(&precision) || scale > precision || scale > 18 {
                    self.diagnostics.push(Diagnostic::error(
                        codes::LITERAL,
                        base_span,
                        "a decimal has 1 to 38 digits, and at most 18 of them behind the point",
                    ));
                    return Spanned::new(TypeKind::Decimal { precision: 18, scale: 2 }, span);
                }
                TypeKind::Decimal { precision, scale }
            }
            _ => TypeKind::Named(base.as_str().trim().to_owned()),
        };
        let base = Spanned::new(kind, base_span);
        if inner.next().is_some() { Spanned::new(TypeKind::Nullable(Box::new(base)), span) } else { base }
    }

    fn time_clause(&mut self, pair: Node<'_>) -> TimeClause {
        let mut inner = pair.into_inner().skip(1);
        let field = self.path(&inner.next().expect("a field"));
        let mut clause = TimeClause { field, out_of_order: None, idle: None };
        for part in inner {
            let rule = part.as_rule();
            let length = self.duration(&last(part));
            match rule {
                Rule::out_of_order_clause => clause.out_of_order = Some(length),
                _ => clause.idle = Some(length),
            }
        }
        clause
    }

    fn topic_ref(&mut self, pair: Node<'_>) -> TopicRef {
        let span = self.span(&pair);
        let mut inner = pair.into_inner().skip(1);
        let topic = self.string(&inner.next().expect("a topic's name"));
        let options = inner
            .map(|option| {
                let mut parts = option.into_inner();
                let name = self.name(&parts.next().expect("an option's name"));
                let value = match parts.next() {
                    None => Spanned::new(OptionValue::Flag, name.span),
                    Some(value) => {
                        let span = self.span(&value);
                        let paths = value.into_inner().map(|pair| self.path(&pair)).collect();
                        Spanned::new(OptionValue::Paths(paths), span)
                    }
                };
                (name, value)
            })
            .collect();
        TopicRef { topic, options, span }
    }

    fn step(&mut self, pair: Node<'_>) -> Option<Step> {
        let mut inner = pair.into_inner();
        let kind = inner.next().expect("a step").into_inner().next().expect("its kind");
        let span = self.span(&kind);
        let kind = self.step_kind(kind)?;
        let mut step = Step { kind, span, alias: None, errors: None };
        for part in inner {
            match part.as_rule() {
                Rule::ident => step.alias = Some(self.name(&part)),
                Rule::topic_ref => step.errors = Some(self.topic_ref(part)),
                _ => {}
            }
        }
        Some(step)
    }

    fn step_kind(&mut self, pair: Node<'_>) -> Option<StepKind> {
        let rule = pair.as_rule();
        let keyword = |pair: &Node<'_>| format!("{:?}", pair.as_rule()).starts_with("k_");
        let mut inner = pair.into_inner().filter(|pair| !keyword(pair));
        let mut next = || inner.next().expect("the grammar has it");
        Some(match rule {
            Rule::filter_step => StepKind::Filter(self.expr(next())),
            Rule::map_step => StepKind::Map(self.expr(next())),
            Rule::select_step => StepKind::Select(inner.map(|pair| self.path(&pair)).collect()),
            Rule::drop_step => StepKind::Drop(inner.map(|pair| self.path(&pair)).collect()),
            Rule::add_step => StepKind::Add(self.assignments(next())),
            Rule::group_step => StepKind::GroupBy(next().into_inner().map(|pair| self.expr(pair)).collect()),
            Rule::repartition_step => {
                StepKind::RepartitionBy(next().into_inner().map(|pair| self.expr(pair)).collect())
            }
            Rule::window_step => {
                let window = next();
                let mut lengths = window.into_inner().filter(|pair| pair.as_rule() == Rule::duration);
                let size = self.duration(&lengths.next().expect("a size"));
                let every = lengths.next().map(|pair| self.duration(&pair));
                let mut step = WindowStep { size, every, grace: None, late: None };
                for clause in inner {
                    match clause.as_rule() {
                        Rule::grace_clause => step.grace = Some(self.duration(&last(clause))),
                        _ => step.late = Some(self.topic_ref(last(clause))),
                    }
                }
                StepKind::Window(step)
            }
            Rule::aggregate_step => StepKind::Aggregate(self.assignments(next())),
            Rule::rolling_step => {
                let range = self.duration(&next());
                let by = self.by(next());
                let third = next();
                let excluding_current = third.as_rule() == Rule::excluding;
                let functions = self.assignments(if excluding_current { next() } else { third });
                StepKind::Rolling { range, by, excluding_current, functions }
            }
            Rule::join_step => {
                let first = next();
                let left = first.as_rule() == Rule::join_left;
                let table = self.name(&if left { next() } else { first });
                let second = next();
                if second.as_rule() == Rule::ident {
                    let alias = Some(self.name(&second));
                    StepKind::Join { left, table, alias, by: self.expr(next()) }
                } else {
                    StepKind::Join { left, table, alias: None, by: self.expr(second) }
                }
            }
            Rule::dedupe_step => StepKind::Dedupe { by: self.by(next()), within: self.duration(&next()) },
            Rule::emit_step => {
                let kind = next();
                StepKind::Emit(match kind.as_rule() {
                    Rule::emit_final => EmitKind::Final,
                    Rule::emit_changes => EmitKind::Changes,
                    _ => EmitKind::Every(self.duration(&last(kind))),
                })
            }
            _ => {
                let word = next();
                let name = word.as_str().trim().to_owned();
                let span = self.span(&word);
                self.diagnostics.push(not_yet(&name, span));
                return Some(StepKind::Unsupported(name));
            }
        })
    }

    fn by(&mut self, pair: Node<'_>) -> Vec<Expr> {
        pair.into_inner()
            .map(|pair| match pair.as_rule() {
                Rule::path => {
                    let path = self.path(&pair);
                    Spanned::new(ExprKind::Path(path.node), path.span)
                }
                _ => self.expr(pair),
            })
            .collect()
    }

    fn assignments(&mut self, pair: Node<'_>) -> Vec<(Name, Expr)> {
        pair.into_inner()
            .map(|pair| {
                let mut inner = pair.into_inner();
                let name = self.name(&inner.next().expect("a name"));
                (name, self.expr(inner.next().expect("a value")))
            })
            .collect()
    }

    fn test_step(&mut self, pair: Node<'_>) -> TestStepDecl {
        let step = pair.into_inner().next().expect("a step");
        let rule = step.as_rule();
        let mut inner = step.into_inner();
        match rule {
            Rule::advance_step => TestStepDecl::AdvanceTo(self.atom(inner.nth(2).expect("a time"))),
            Rule::expect_step => {
                let stream = self.name(&inner.nth(1).expect("a stream"));
                TestStepDecl::Expect { stream, rows: inner.map(|pair| self.atom(pair)).collect() }
            }
            Rule::snapshot_step => {
                TestStepDecl::Snapshot { stream: self.name(&inner.nth(1).expect("a stream")) }
            }
            _ => {
                let input = self.name(&inner.next().expect("an input"));
                let rows = inner
                    .map(|row| {
                        let row = row.into_inner().next().expect("a row");
                        match row.as_rule() {
                            Rule::null_row => FeedRowDecl::Null { key: self.string(&last(row)) },
                            _ => FeedRowDecl::Row(self.atom(row)),
                        }
                    })
                    .collect();
                TestStepDecl::Feed { input, rows }
            }
        }
    }

    fn duration(&mut self, pair: &Node<'_>) -> Spanned<i64> {
        let span = self.span(pair);
        let mut total = Some(0i64);
        let mut rest = pair.as_str().trim();
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let unit = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| digits + at);
            let micros = match &rest[digits..unit] {
                "us" => 1,
                "ms" => 1000,
                "s" => 1_000_000,
                "m" => 60_000_000,
                "h" => 3_600_000_000,
                _ => 86_400_000_000,
            };
            let part = rest[..digits].parse::<i64>().ok().and_then(|number| number.checked_mul(micros));
            total = total.zip(part).and_then(|(total, part)| total.checked_add(part));
            rest = &rest[unit..];
        }
        if total.is_none() {
            self.diagnostics.push(Diagnostic::error(
                codes::LITERAL,
                span,
                "this length of time is too large",
            ));
        }
        Spanned::new(total.unwrap_or(1), span)
    }

    fn expr(&mut self, pair: Node<'_>) -> Expr {
        let span = self.span(&pair);
        let this = std::cell::RefCell::new(self);
        let combine = |a: Expr, operator: BinaryOp, b: Expr| {
            let span = a.span.to(b.span);
            Spanned::new(ExprKind::Binary(operator, Box::new(a), Box::new(b)), span)
        };
        let mut expr = PRATT
            .map_primary(|pair| this.borrow_mut().atom(pair))
            .map_prefix(|operator, value| {
                let span = this.borrow().span(&operator).to(value.span);
                let operator =
                    if operator.as_rule() == Rule::not_op { UnaryOp::Not } else { UnaryOp::Negate };
                Spanned::new(ExprKind::Unary(operator, Box::new(value)), span)
            })
            .map_infix(|a, operator, b| combine(a, binary(operator.as_rule()), b))
            .map_postfix(|value, postfix| this.borrow_mut().postfix(value, postfix))
            .parse(pair.into_inner());
        if expr.span == Span::default() {
            expr.span = span;
        }
        expr
    }

    fn postfix(&mut self, value: Expr, pair: Node<'_>) -> Expr {
        let span = value.span.to(self.span(&pair));
        let rule = pair.as_rule();
        let value = Box::new(value);
        let inner: Vec<Node<'_>> = pair.into_inner().collect();
        let negated = inner.iter().any(|pair| pair.as_rule() == Rule::not_mark);
        let kind = match rule {
            Rule::in_list => {
                let list =
                    inner.into_iter().filter(|pair| pair.as_rule() == Rule::expr).map(|pair| self.expr(pair));
                ExprKind::In { value, list: list.collect(), negated }
            }
            Rule::is_null => ExprKind::IsNull { value, negated },
            _ => {
                let mut bounds = inner
                    .into_iter()
                    .filter(|pair| pair.as_rule() == Rule::bound)
                    .map(|pair| self.signed(pair));
                let (low, high) = (bounds.next().expect("a bound"), bounds.next().expect("a bound"));
                ExprKind::Between(value, Box::new(low), Box::new(high))
            }
        };
        Spanned::new(kind, span)
    }

    /// A primary with an optional minus.
    fn signed(&mut self, pair: Node<'_>) -> Expr {
        let span = self.span(&pair);
        let mut inner = pair.into_inner();
        let first = inner.next().expect("a value");
        if first.as_rule() != Rule::minus_op {
            return self.atom(first);
        }
        let value = self.atom(inner.next().expect("a value"));
        Spanned::new(ExprKind::Unary(UnaryOp::Negate, Box::new(value)), span)
    }

    fn atom(&mut self, pair: Node<'_>) -> Expr {
        let span = self.span(&pair);
        let text = pair.as_str().trim();
        let kind = match pair.as_rule() {
            Rule::expr => return self.expr(pair),
            Rule::number => self.number(text, span),
            Rule::duration => ExprKind::Duration(self.duration(&pair).node),
            Rule::timestamp => self.timestamp(text, span),
            Rule::plain_string => ExprKind::String(self.string(&pair).node),
            Rule::boolean => ExprKind::Bool(text == "true"),
            Rule::null => ExprKind::Null,
            Rule::format_string => ExprKind::Format(
                pair.into_inner()
                    .map(|part| match part.as_rule() {
                        Rule::format_value => {
                            FormatPart::Value(self.expr(part.into_inner().next().expect("a value")))
                        }
                        _ => {
                            let span = self.span(&part);
                            let text = part.as_str().replace("{{", "{").replace("}}", "}");
                            FormatPart::Text(self.unescape(&text, span))
                        }
                    })
                    .collect(),
            ),
            Rule::if_expr => {
                let mut parts: Vec<Expr> = Vec::new();
                for part in pair.into_inner() {
                    if matches!(part.as_rule(), Rule::expr | Rule::if_expr) {
                        parts.push(self.atom(part));
                    }
                }
                let mut parts = parts.into_iter();
                let mut part = || Box::new(parts.next().expect("the grammar has three"));
                ExprKind::If(part(), part(), part())
            }
            Rule::match_expr => {
                let mut inner = pair.into_inner().skip(1);
                let subject = Box::new(self.expr(inner.next().expect("a subject")));
                ExprKind::Match(subject, inner.map(|arm| self.arm(arm)).collect())
            }
            Rule::record => ExprKind::Record(pair.into_inner().map(|entry| self.entry(entry)).collect()),
            Rule::call => {
                let mut inner = pair.into_inner();
                let name = self.name(&inner.next().expect("a name"));
                ExprKind::Call(name, inner.map(|pair| self.expr(pair)).collect())
            }
            Rule::value_path => ExprKind::Path(text.split('.').map(str::to_owned).collect()),
            other => panic!("{other:?} is no expression"),
        };
        Spanned::new(kind, span)
    }

    fn number(&mut self, text: &str, span: Span) -> ExprKind {
        let kind = if text.contains(['e', 'E']) {
            text.parse().ok().map(ExprKind::Float)
        } else if let Some((_, fraction)) = text.split_once('.') {
            let scale = fraction.len() as u8;
            (fraction.len() <= 18)
                .then(|| parse_decimal(text.as_bytes(), scale))
                .flatten()
                .map(|digits| ExprKind::Decimal(digits, scale))
        } else {
            text.parse().ok().map(ExprKind::Int)
        };
        kind.unwrap_or_else(|| {
            self.diagnostics.push(Diagnostic::error(
                codes::LITERAL,
                span,
                format!("the number {text} is too large"),
            ));
            ExprKind::Int(0)
        })
    }

    /// `@10:00` is on 2026-01-01, as tests need no date; `@2026-01-01` is midnight UTC.
    fn timestamp(&mut self, text: &str, span: Span) -> ExprKind {
        let text = &text[1..];
        let whole = match text.len() {
            5 if text.contains(':') => format!("2026-01-01T{text}:00Z"),
            8 if text.contains(':') => format!("2026-01-01T{text}Z"),
            10 if text.contains('-') => format!("{text}T00:00:00Z"),
            _ => text.to_owned(),
        };
        match parse_rfc3339(whole.as_bytes()) {
            Some(time) => ExprKind::Timestamp(time.micros()),
            None => {
                let message =
                    format!("`@{text}` is no time; write `@10:00`, `@2026-01-31` or `@2026-01-31T10:00:00Z`");
                self.diagnostics.push(Diagnostic::error(codes::LITERAL, span, message));
                ExprKind::Timestamp(0)
            }
        }
    }

    fn arm(&mut self, pair: Node<'_>) -> Arm {
        let span = self.span(&pair);
        let mut arm = Arm { patterns: Vec::new(), guard: None, value: None, span };
        let mut guarded = false;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::pattern => {
                    let literals = part.into_inner().filter(|pair| pair.as_rule() == Rule::literal);
                    arm.patterns = literals.map(|pair| self.signed(pair)).collect();
                }
                Rule::k_if => guarded = true,
                Rule::expr if guarded && arm.guard.is_none() => arm.guard = Some(self.expr(part)),
                Rule::expr => arm.value = Some(self.expr(part)),
                _ => {}
            }
        }
        arm
    }

    fn entry(&mut self, pair: Node<'_>) -> RecordEntry {
        let entry = pair.into_inner().next().expect("an entry");
        let rule = entry.as_rule();
        let mut inner = entry.into_inner();
        match (rule, inner.next()) {
            (Rule::spread, None) => RecordEntry::Open,
            (Rule::spread, Some(path)) => RecordEntry::Spread(self.atom(path)),
            (_, name) => {
                let name = self.name(&name.expect("a field has a name"));
                let value = match inner.next() {
                    Some(value) => self.expr(value),
                    None => Spanned::new(ExprKind::Path(vec![name.node.clone()]), name.span),
                };
                RecordEntry::Field(name, value)
            }
        }
    }
}

fn last(pair: Node<'_>) -> Node<'_> {
    pair.into_inner().last().expect("the grammar has it")
}

fn binary(rule: Rule) -> BinaryOp {
    match rule {
        Rule::op_or => BinaryOp::Or,
        Rule::op_and => BinaryOp::And,
        Rule::op_coalesce => BinaryOp::Coalesce,
        Rule::op_eq => BinaryOp::Equal,
        Rule::op_ne => BinaryOp::NotEqual,
        Rule::op_lt => BinaryOp::Less,
        Rule::op_le => BinaryOp::LessOrEqual,
        Rule::op_gt => BinaryOp::Greater,
        Rule::op_ge => BinaryOp::GreaterOrEqual,
        Rule::op_add => BinaryOp::Add,
        Rule::op_sub => BinaryOp::Subtract,
        Rule::op_mul => BinaryOp::Multiply,
        Rule::op_div => BinaryOp::Divide,
        Rule::op_rem => BinaryOp::Remainder,
        other => panic!("{other:?} is no operator"),
    }
}
