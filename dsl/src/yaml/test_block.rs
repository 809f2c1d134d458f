//! Tests: rows are YAML's own maps; a plain scalar is a number, a bool or text, and text that begins with `@` is a time.

use super::keys;
use super::read::Reader;
use super::tree::{Key, Kind, Node, Scalar};
use crate::ast::*;
use crate::diagnostic::codes;
use tidegate_model::test_case::DELETED;

impl Reader<'_> {
    pub(super) fn tests(&mut self, node: &Node) -> Vec<TestDecl> {
        let Kind::Seq(items) = &node.kind else {
            self.error(codes::YAML_SHAPE, node.span, "`tests` is a list: each begins with `- name: …`");
            return Vec::new();
        };
        items.iter().filter_map(|item| self.test(item)).collect()
    }

    fn test(&mut self, node: &Node) -> Option<TestDecl> {
        let fields = self.entries(node, "a test", &keys::TEST);
        let name = self.needed(node, &fields, "name").and_then(|node| self.scalar(node, "a name"))?;
        let name = Spanned::new(name.text.clone(), name.span);
        let cases = match self.find(&fields, "for") {
            Some(node) => Some(self.cases(node)?),
            None => None,
        };
        self.case = cases.as_ref().map(|cases| cases.name.node.clone());
        let steps = self.needed(node, &fields, "steps").and_then(|node| self.test_steps(node));
        self.case = None;
        let span = name.span;
        Some(TestDecl { name, cases, steps: steps?, span })
    }

    /// `for: { c: [ { … }, … ] }`
    fn cases(&mut self, node: &Node) -> Option<TestCases> {
        let told = self.diagnostics.len();
        let all =
            self.each(node, |reader, name, node| Some(TestCases { name, rows: reader.some_rows(node)? }));
        match <[TestCases; 1]>::try_from(all) {
            Ok([cases]) => Some(cases),
            Err(all) if all.is_empty() => {
                if self.diagnostics.len() == told {
                    self.error(codes::YAML_SHAPE, node.span, "`for` is a name with rows: `{ c: [ { … } ] }`");
                }
                None
            }
            Err(all) => {
                self.error(codes::YAML_SHAPE, all[1].name.span, "a test has one list of cases");
                None
            }
        }
    }

    fn test_steps(&mut self, steps: &Node) -> Option<Vec<TestStepDecl>> {
        let Kind::Seq(items) = &steps.kind else {
            self.error(codes::YAML_SHAPE, steps.span, "`steps` is a list: each step begins with `- `");
            return None;
        };
        let mut all = Vec::new();
        for item in items {
            for (key, value) in self.entries(item, "a test's step", &keys::TEST_STEP) {
                match key.name.as_str() {
                    "feed" => all.extend(self.each(value, |reader, input, node| {
                        Some(TestStepDecl::Feed {
                            input,
                            rows: reader.some_rows(node)?.into_iter().map(FeedRowDecl::Row).collect(),
                        })
                    })),
                    "feed_raw" => all.extend(self.each(value, |reader, input, node| {
                        Some(TestStepDecl::Feed { input, rows: reader.raw_rows(node)? })
                    })),
                    "file" => all.extend(self.each(value, |reader, input, node| {
                        let file = reader.scalar(node, "a file's name")?;
                        let file = Spanned::new(file.text.clone(), file.span);
                        Some(TestStepDecl::FeedFile { input, file })
                    })),
                    "delete" => all.extend(self.each(value, |reader, input, node| {
                        let key = reader.scalar(node, "a key")?;
                        let key = Spanned::new(key.text.clone(), key.span);
                        Some(TestStepDecl::Feed { input, rows: vec![FeedRowDecl::Null { key }] })
                    })),
                    "advance_to" => {
                        let time = self.cell(value)?;
                        if !matches!(time.node, ExprKind::Timestamp(_)) {
                            self.error(codes::YAML_SHAPE, value.span, "a time is needed here: \"@12:00\"");
                        }
                        all.push(TestStepDecl::AdvanceTo(time));
                    }
                    "expect" => all.extend(self.each(value, |reader, stream, node| {
                        Some(TestStepDecl::Expect { stream, rows: reader.expected_rows(node)? })
                    })),
                    "expect_errors" => all.extend(self.expect_aside(Aside::Errors, value)),
                    "expect_malformed" => all.extend(self.expect_aside(Aside::Malformed, value)),
                    "expect_late" => all.extend(self.expect_aside(Aside::Late, value)),
                    _ => all.push(TestStepDecl::Snapshot { stream: self.name(value)? }),
                }
            }
        }
        Some(all)
    }

    /// `alerts.map: [ { … } ]`
    fn expect_aside(&mut self, aside: Aside, node: &Node) -> Vec<TestStepDecl> {
        let Kind::Map(entries) = &node.kind else {
            self.error(codes::YAML_SHAPE, node.span, "a map is needed here: `NAME: [ { … } ]`");
            return Vec::new();
        };
        let mut all = Vec::new();
        for (key, value) in entries {
            let name = Scalar { text: key.name.clone(), exact: false, quoted: false, span: key.span };
            let of = name.as_text().path(self.diagnostics);
            if let (Some(of), Some(rows)) = (of, self.rows(value)) {
                all.push(TestStepDecl::ExpectAside { aside, of, rows });
            }
        }
        all
    }

    /// The bytes of records as they are: texts, or `{ text: …, key: … }`.
    fn raw_rows(&mut self, node: &Node) -> Option<Vec<FeedRowDecl>> {
        let Kind::Seq(items) = &node.kind else {
            self.error(codes::YAML_SHAPE, node.span, "a list of texts is needed here");
            return None;
        };
        let mut rows = Vec::new();
        for item in self.some(node, items, "a text")? {
            let text = |reader: &mut Self, node: &Node| {
                let scalar = reader.scalar(node, "a text")?;
                Some(Spanned::new(scalar.text.clone(), scalar.span))
            };
            rows.push(match &item.kind {
                Kind::Map(_) => {
                    let fields = self.entries(item, "a record", &keys::RAW);
                    let given = self.needed(item, &fields, "text")?;
                    let key = match self.find(&fields, "key") {
                        Some(node) => Some(text(self, node)?),
                        None => None,
                    };
                    FeedRowDecl::Raw { text: text(self, given)?, key }
                }
                _ => FeedRowDecl::Raw { text: text(self, item)?, key: None },
            });
        }
        Some(rows)
    }

    /// Rows, and `{ null key: c1 }` for those that are deleted.
    fn expected_rows(&mut self, node: &Node) -> Option<Vec<ExpectRowDecl>> {
        let Kind::Seq(items) = &node.kind else {
            self.error(codes::YAML_SHAPE, node.span, "a list of rows is needed here");
            return None;
        };
        let mut rows = Vec::new();
        for item in items {
            rows.push(match &item.kind {
                Kind::Map(entries) if matches!(&entries[..], [(key, _)] if key.name == DELETED) => {
                    let key = self.scalar(&entries[0].1, "a key")?;
                    ExpectRowDecl::Null { key: Spanned::new(key.text.clone(), key.span) }
                }
                _ => ExpectRowDecl::Row(self.row_of_fields(item)?),
            });
        }
        Some(rows)
    }

    fn rows(&mut self, node: &Node) -> Option<Vec<Expr>> {
        let Kind::Seq(items) = &node.kind else {
            self.error(codes::YAML_SHAPE, node.span, "a list of rows is needed here");
            return None;
        };
        items.iter().map(|item| self.row_of_fields(item)).collect()
    }

    fn some_rows(&mut self, node: &Node) -> Option<Vec<Expr>> {
        if let Kind::Seq(items) = &node.kind {
            self.some(node, items, "a row")?;
        }
        self.rows(node)
    }

    /// A whole event: its keys are fields. In it there may be maps, whose keys are any texts.
    fn row_of_fields(&mut self, node: &Node) -> Option<Expr> {
        if let Kind::Map(entries) = &node.kind {
            for (key, _) in entries.iter().filter(|(key, _)| key.name != "..") {
                self.key_name(key)?;
            }
        }
        self.row(node)
    }

    fn row(&mut self, node: &Node) -> Option<Expr> {
        let Kind::Map(entries) = &node.kind else {
            self.error(codes::YAML_SHAPE, node.span, "a row is a map of its fields");
            return None;
        };
        let is_name = |text: &str| {
            let mut chars = text.chars();
            chars.next().is_some_and(|char| char.is_ascii_alphabetic() || char == '_')
                && chars.all(|char| char.is_ascii_alphanumeric() || char == '_')
        };
        if entries.iter().any(|(key, _)| key.name != ".." && !is_name(&key.name)) {
            return self.map(node, entries);
        }
        let mut record = Vec::new();
        for (key, value) in entries {
            if key.name == ".." {
                record.push(RecordEntry::Open);
                continue;
            }
            let name = self.key_name(key)?;
            record.push(RecordEntry::Field(name, self.cell(value)?));
        }
        Some(Spanned::new(ExprKind::Record(record), self.whole(node)))
    }

    /// Keys that are no names are those of a map.
    fn map(&mut self, node: &Node, entries: &[(Key, Node)]) -> Option<Expr> {
        let entries = entries.iter().map(|(key, value)| {
            let key = Spanned::new(ExprKind::String(key.name.clone()), key.span);
            Some((key, self.cell(value)?))
        });
        let entries = entries.collect::<Option<_>>()?;
        Some(Spanned::new(ExprKind::Map(entries), self.whole(node)))
    }

    fn cell(&mut self, node: &Node) -> Option<Expr> {
        match &node.kind {
            Kind::Null => Some(Spanned::new(ExprKind::Null, node.span)),
            Kind::Map(_) => self.row(node),
            Kind::Seq(items) => {
                let items = items.iter().map(|item| self.cell(item)).collect::<Option<_>>()?;
                Some(Spanned::new(ExprKind::List(items), self.whole(node)))
            }
            Kind::Scalar(scalar) => self.literal(scalar),
        }
    }

    fn literal(&mut self, scalar: &Scalar) -> Option<Expr> {
        let text = || Spanned::new(ExprKind::String(scalar.text.clone()), scalar.span);
        if scalar.quoted && !scalar.text.starts_with('@') {
            return Some(text());
        }
        // Whatever is no literal of the language is text.
        let mut none = Vec::new();
        let parsed = scalar.as_text().expr(&mut none).filter(|_| none.is_empty());
        let is_literal = |expr: &Expr| match &expr.node {
            ExprKind::Unary(UnaryOp::Negate, inner) => {
                matches!(inner.node, ExprKind::Int(_) | ExprKind::Decimal(..) | ExprKind::Float(_))
            }
            ExprKind::Int(_) | ExprKind::Decimal(..) | ExprKind::Float(_) => true,
            ExprKind::Bool(_) | ExprKind::Duration(_) | ExprKind::Timestamp(_) => true,
            // A field of the case's row.
            ExprKind::Path(path) => path.len() > 1 && path.first() == self.case.as_ref(),
            _ => false,
        };
        match parsed.filter(is_literal) {
            Some(literal) => Some(literal),
            None if scalar.text.starts_with('@') => scalar.as_text().expr(self.diagnostics),
            None => Some(text()),
        }
    }
}
