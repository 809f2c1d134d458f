//! `test` blocks in the YAML form.

use super::expr::path;
use super::yaml::Writer;
use super::yaml_text::{Entry, Value, text};
use crate::ast::*;
use crate::diagnostic::{Diagnostic, codes};
use crate::parse::Scalar;
use crate::source::Span;
use tidegate_model::test_case::DELETED;

impl Writer<'_> {
    pub(super) fn test(&mut self, decl: &TestDecl) -> Entry {
        let cases = decl.cases.as_ref().map(|cases| {
            let rows = cases.rows.iter().map(|row| self.row_item(row)).collect();
            self.of("for", &cases.name.node, Value::List(rows))
        });
        self.case = decl.cases.as_ref().map(|cases| cases.name.node.clone());
        let mut steps = Vec::new();
        for step in &decl.steps {
            match step {
                TestStepDecl::Feed { input, rows } => self.feed(input, rows, &mut steps),
                TestStepDecl::FeedFile { input, file } => {
                    let value = Value::Map(vec![Entry::new(&input.node, text(&file.node))]);
                    steps.push((input.span, Entry::new("file", value)));
                }
                TestStepDecl::ExpectAside { aside, of, rows } => {
                    let word = match aside {
                        Aside::Errors => "expect_errors",
                        Aside::Malformed => "expect_malformed",
                        Aside::Late => "expect_late",
                    };
                    let rows = rows.iter().map(|row| self.row_item(row)).collect();
                    steps.push((of.span, self.of(word, &path(of), Value::List(rows))));
                }
                TestStepDecl::AdvanceTo(time) => {
                    let value = Value::Quoted(self.printer.expr(time));
                    steps.push((time.span, Entry::new("advance_to", value)));
                }
                TestStepDecl::Expect { stream, rows } => {
                    let rows = rows.iter().map(|row| self.expected_item(row)).collect();
                    steps.push((stream.span, self.of("expect", &stream.node, Value::List(rows))));
                }
                TestStepDecl::Snapshot { stream } => {
                    steps.push((stream.span, Entry::new("snapshot", text(&stream.node))));
                }
            }
        }
        let steps = steps.into_iter().map(|(place, mut entry)| {
            let mut comments = self.comments.take(place);
            // The place is the name inside: a comment behind it stands there.
            if let Value::Map(inner) = &mut entry.value
                && let [Entry { value: Value::List(_), comments: own, .. }] = &mut inner[..]
            {
                own.behind = comments.behind.take();
            }
            Entry::item(Value::Map(vec![entry])).with(comments).open()
        });
        let steps = steps.collect();
        self.case = None;
        let mut entries = vec![Entry::new("name", text(&decl.name.node))];
        entries.extend(cases);
        entries.push(Entry::new("steps", Value::List(steps)).open());
        Entry::item(Value::Map(entries)).with(self.comments.take(decl.name.span)).open()
    }

    fn of(&self, word: &str, name: &str, value: Value) -> Entry {
        let is_empty = matches!(&value, Value::List(items) if items.is_empty());
        let inner = Entry::new(name, value);
        Entry::new(word, Value::Map(vec![if is_empty { inner } else { inner.open() }]))
    }

    /// Rows and deletions are steps of their own in YAML.
    fn feed(&mut self, input: &Name, rows: &[FeedRowDecl], steps: &mut Vec<(Span, Entry)>) {
        let mut waiting: Vec<Entry> = Vec::new();
        let mut word = "feed";
        for row in rows {
            let next = match row {
                FeedRowDecl::Row(_) => "feed",
                FeedRowDecl::Raw { .. } => "feed_raw",
                FeedRowDecl::Null { .. } => "delete",
            };
            if next != word && !waiting.is_empty() {
                let rows = Value::List(std::mem::take(&mut waiting));
                steps.push((input.span, self.of(word, &input.node, rows)));
            }
            word = next;
            match row {
                FeedRowDecl::Row(row) => waiting.push(self.row_item(row)),
                FeedRowDecl::Raw { text, key } => {
                    let mut entries = vec![Entry::new("text", Value::Quoted(text.node.clone()))];
                    entries
                        .extend(key.as_ref().map(|key| Entry::new("key", Value::Quoted(key.node.clone()))));
                    waiting.push(Entry::item(Value::Row(entries)).with(self.comments.take(text.span)));
                }
                FeedRowDecl::Null { key } => {
                    let deleted = Entry::new(&input.node, text(&key.node));
                    steps.push((input.span, Entry::new("delete", Value::Map(vec![deleted]))));
                }
            }
        }
        if !waiting.is_empty() {
            steps.push((input.span, self.of(word, &input.node, Value::List(waiting))));
        }
    }

    fn expected_item(&mut self, row: &ExpectRowDecl) -> Entry {
        match row {
            ExpectRowDecl::Row(row) => self.row_item(row),
            ExpectRowDecl::Null { key } => {
                let deleted = Value::Row(vec![Entry::new(DELETED, Value::Quoted(key.node.clone()))]);
                Entry::item(deleted).with(self.comments.take(key.span))
            }
        }
    }

    fn row_item(&mut self, row: &Expr) -> Entry {
        Entry::item(self.row(row)).with(self.comments.take(row.span))
    }

    fn row(&mut self, expr: &Expr) -> Value {
        let ExprKind::Record(entries) = &expr.node else { return self.cell(expr) };
        let mut row = Vec::new();
        for entry in entries {
            match entry {
                RecordEntry::Field(name, value) => row.push(Entry::new(&name.node, self.row(value))),
                RecordEntry::Open => row.push(Entry::new("..", text("any"))),
                RecordEntry::Spread(value) => self.cannot(value.span, "`..` with a name"),
            }
        }
        Value::Row(row)
    }

    /// A value of a row: a literal, or text.
    fn cell(&mut self, expr: &Expr) -> Value {
        match &expr.node {
            ExprKind::String(string) => self.text_cell(expr.span, string),
            ExprKind::Timestamp(_) => Value::Quoted(self.printer.expr(expr)),
            ExprKind::Int(_)
            | ExprKind::Decimal(..)
            | ExprKind::Float(_)
            | ExprKind::Bool(_)
            | ExprKind::Duration(_) => text(self.printer.expr(expr)),
            // A plain `null`: in quotes it would be a text.
            ExprKind::Null => Value::Null,
            ExprKind::Unary(UnaryOp::Negate, inner)
                if matches!(inner.node, ExprKind::Int(_) | ExprKind::Decimal(..) | ExprKind::Float(_)) =>
            {
                text(self.printer.expr(expr))
            }
            ExprKind::List(items) => {
                Value::List(items.iter().map(|item| Entry::item(self.row(item))).collect())
            }
            ExprKind::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| {
                    let ExprKind::String(name) = &key.node else {
                        self.cannot(key.span, "a map whose key is no text");
                        return Entry::new("", text(""));
                    };
                    Entry::new(name, self.row(value))
                });
                Value::Row(entries.collect())
            }
            // A field of the case's row.
            ExprKind::Path(parts) if parts.len() > 1 && self.case.as_ref() == parts.first() => {
                text(parts.join("."))
            }
            // `Colour.red`: the name of the value says it.
            ExprKind::Path(parts) if parts.len() == 2 => self.text_cell(expr.span, &parts[1]),
            ExprKind::Path(_)
            | ExprKind::Lambda(..)
            | ExprKind::Index(..)
            | ExprKind::Field(..)
            | ExprKind::Call(..)
            | ExprKind::Format(_)
            | ExprKind::Record(_)
            | ExprKind::If(..)
            | ExprKind::Match(..)
            | ExprKind::Unary(..)
            | ExprKind::Binary(..)
            | ExprKind::In { .. }
            | ExprKind::Between(..)
            | ExprKind::IsNull { .. } => {
                self.cannot(expr.span, "what is calculated");
                text("")
            }
        }
    }

    fn text_cell(&mut self, place: Span, string: &str) -> Value {
        if string.starts_with('@') {
            self.cannot(place, "a text that begins with `@`");
        }
        let scalar = Scalar { text: string, span: place, exact: false };
        let is_plain = string.starts_with(|c: char| c.is_alphabetic())
            && scalar.expr(&mut Vec::new()).is_none_or(
                |read| matches!(&read.node, ExprKind::Path(path) if path.first() != self.case.as_ref()),
            );
        if is_plain { text(string) } else { Value::Quoted(string.to_owned()) }
    }

    fn cannot(&mut self, place: Span, what: &str) {
        let message = format!("the rows of a test in YAML cannot say {what}");
        self.diagnostics.push(Diagnostic::error(codes::YAML_SHAPE, place, message));
    }
}
