//! `test` blocks: rows become the JSON that a topic would hold.

use super::{Flow, Lowerer};
use crate::ast::{self, ExprKind as Ast, FeedRowDecl, RecordEntry, TestDecl, TestStepDecl};
use crate::check::expr::Checker;
use crate::check::typed::{Located, Type, Typed};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use std::collections::BTreeMap;
use tidegate_model::expr::{Expr, ExprKind};
use tidegate_model::plan::NodeKind;
use tidegate_model::test_case::{ExpectedRow, FeedRow, TestCase, TestStep};
use tidegate_model::value::{text, write_json_string};
use tidegate_model::{EventTime, ScalarType, Value};

impl Lowerer<'_> {
    pub(super) fn test(&mut self, decl: &TestDecl) -> Option<TestCase> {
        let mut steps = Vec::new();
        let told = self.diagnostics.len();
        for step in &decl.steps {
            match step {
                TestStepDecl::Feed { input, rows } => steps.extend(self.feed(input, rows)),
                TestStepDecl::AdvanceTo(time) => {
                    if let Ast::Timestamp(micros) = time.node {
                        steps.push(TestStep::AdvanceTo(EventTime::from_micros(micros)));
                    }
                }
                TestStepDecl::Expect { stream, rows } => {
                    let Some(flow) = self.observed(stream) else { continue };
                    let line = self.file.line(stream.span);
                    let rows = rows.iter().filter_map(|row| self.expected(row, &flow)).collect();
                    steps.push(TestStep::Expect { stream: stream.node.clone(), rows, line });
                }
                TestStepDecl::Snapshot { stream } => {
                    if self.observed(stream).is_some() {
                        let line = self.file.line(stream.span);
                        steps.push(TestStep::Snapshot { stream: stream.node.clone(), line });
                    }
                }
            }
        }
        let wrong = self.diagnostics[told..].iter().any(Diagnostic::is_error);
        (!wrong).then(|| TestCase { name: decl.name.node.clone(), line: self.file.line(decl.span), steps })
    }

    fn observed(&mut self, stream: &ast::Name) -> Option<Flow> {
        let flow = self.flow(stream)?;
        if flow.is_table {
            self.error(
                codes::TEST,
                stream.span,
                format!("`{}` is a table that is read from a topic: nothing comes out of it", stream.node),
            );
            return None;
        }
        Some(flow)
    }

    fn feed(&mut self, input: &ast::Name, rows: &[FeedRowDecl]) -> Option<TestStep> {
        let flow = self.flow(input)?;
        let (key, is_table) = match &self.nodes[flow.node.0 as usize].kind {
            NodeKind::Source(source) => (source.key, false),
            NodeKind::Table(table) => (Some(table.key), true),
            _ => {
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::TEST,
                        input.span,
                        format!("`{}` is no source and no table: a test cannot feed it", input.node),
                    )
                    .note("feed what it is made from"),
                );
                return None;
            }
        };
        let ty = flow.ty();
        let mut fed = Vec::new();
        for row in rows {
            match row {
                FeedRowDecl::Null { key } => {
                    if !is_table {
                        self.error(codes::TEST, key.span, "only a table's rows are deleted");
                    }
                    fed.push(FeedRow { key: Some(key.node.clone()), payload: None });
                }
                FeedRowDecl::Row(expr) => {
                    let Some(row) = self.row(expr, &ty, false) else { continue };
                    let key = key.and_then(|key| row.text(&flow.schema.columns[key].path));
                    fed.push(FeedRow { key, payload: Some(row.json()) });
                }
            }
        }
        Some(TestStep::Feed { input: input.node.clone(), rows: fed })
    }

    fn expected(&mut self, expr: &ast::Expr, flow: &Flow) -> Option<ExpectedRow> {
        let open = matches!(&expr.node, Ast::Record(entries) if entries.contains(&RecordEntry::Open));
        let row = self.row(expr, &flow.ty(), !open)?;
        Some(ExpectedRow { json: row.json(), open })
    }

    /// A record of constants. `whole`: no field of the type may be left away, unless it may be null.
    fn row(&mut self, expr: &ast::Expr, ty: &Type, whole: bool) -> Option<Row> {
        let (Ast::Record(entries), Type::Record { fields, .. }) = (&expr.node, ty) else {
            if *ty != Type::Wrong {
                self.error(codes::TEST, expr.span, format!("a row is needed here: {}", ty.name()));
            }
            return None;
        };
        let mut given: BTreeMap<&str, &ast::Expr> = BTreeMap::new();
        for entry in entries {
            match entry {
                RecordEntry::Open => {}
                RecordEntry::Spread(value) => {
                    self.error(codes::TEST, value.span, "a test's row says each of its fields")
                }
                RecordEntry::Field(name, value) => {
                    if fields.iter().any(|(field, _)| *field == name.node) {
                        given.insert(&name.node, value);
                        continue;
                    }
                    let names = fields.iter().map(|(name, _)| name.as_str());
                    let diagnostic = Diagnostic::error(
                        codes::BAD_FIELDS,
                        name.span,
                        format!("there is no field `{}` here", name.node),
                    );
                    self.diagnostics.push(match did_you_mean(&name.node, names.clone()) {
                        Some(meant) => diagnostic.meant(&meant),
                        None => diagnostic.note(format!(
                            "there is {}",
                            crate::check::expr::list(&names.collect::<Vec<_>>())
                        )),
                    });
                }
            }
        }
        let mut row = Row::default();
        for (name, ty) in fields {
            let Some(value) = given.get(name.as_str()) else {
                let may_be_null =
                    matches!(ty, Type::Scalar { nullable: true, .. } | Type::Record { nullable: true, .. });
                if whole && may_be_null {
                    row.fields.push((name.clone(), Cell::Value(Value::Null, ScalarType::Bool)));
                } else if whole {
                    self.diagnostics.push(
                        Diagnostic::error(
                            codes::BAD_FIELDS,
                            expr.span,
                            format!("the field `{name}` is missing"),
                        )
                        .note("to say only a part of the row, end it with `..`"),
                    );
                    return None;
                }
                continue;
            };
            let value = &as_map(value, ty);
            let cell = match (ty, &value.node) {
                (Type::Record { .. }, Ast::Record(_)) => Cell::Row(self.row(value, ty, whole)?),
                (Type::Record { nullable: true, .. }, Ast::Null) => {
                    Cell::Value(Value::Null, ScalarType::Bool)
                }
                _ => self.cell(value, ty)?,
            };
            row.fields.push((name.clone(), cell));
        }
        Some(row)
    }

    fn cell(&mut self, value: &ast::Expr, ty: &Type) -> Option<Cell> {
        let mut checker = Checker::new(self.globals, self.diagnostics, None);
        let located = Located { value: checker.check(value), span: value.span };
        match checker.fit(located, ty, None)? {
            Typed::Scalar(Expr { kind: ExprKind::Const(constant), ty, .. }) => {
                Some(Cell::Value(constant, ty))
            }
            _ => {
                self.error(codes::TEST, value.span, "a plain value is needed here");
                None
            }
        }
    }
}

/// In a test's row the keys of a map may be written as the fields of a record are, since the type tells them apart.
fn as_map(value: &ast::Expr, ty: &Type) -> ast::Expr {
    let span = value.span;
    let node = match (&value.node, ty) {
        (Ast::Record(entries), Type::Scalar { ty: ScalarType::Map(map), .. }) => {
            let inner = Type::of(map.value);
            let mut pairs = Vec::new();
            for entry in entries {
                // Anything else is told where the row is checked.
                let RecordEntry::Field(name, inner_value) = entry else { return value.clone() };
                let key = ast::Expr { node: Ast::String(name.node.clone()), span: name.span };
                pairs.push((key, as_map(inner_value, &inner)));
            }
            Ast::Map(pairs)
        }
        (Ast::Map(entries), Type::Scalar { ty: ScalarType::Map(map), .. }) => {
            let inner = Type::of(map.value);
            Ast::Map(entries.iter().map(|(key, value)| (key.clone(), as_map(value, &inner))).collect())
        }
        (Ast::List(items), Type::Scalar { ty: ScalarType::List(element), .. }) => {
            let inner = Type::of(**element);
            Ast::List(items.iter().map(|item| as_map(item, &inner)).collect())
        }
        (Ast::Record(entries), Type::Record { fields, .. }) => Ast::Record(
            entries
                .iter()
                .map(|entry| match entry {
                    RecordEntry::Field(name, value) => {
                        let ty = fields.iter().find(|(field, _)| *field == name.node);
                        let value = ty.map_or_else(|| value.clone(), |(_, ty)| as_map(value, ty));
                        RecordEntry::Field(name.clone(), value)
                    }
                    other => other.clone(),
                })
                .collect(),
        ),
        _ => return value.clone(),
    };
    ast::Expr { node, span }
}

/// A row of a test.
#[derive(Default)]
struct Row {
    fields: Vec<(String, Cell)>,
}

enum Cell {
    /// With its type.
    Value(Value, ScalarType),
    Row(Row),
}

impl Row {
    fn json(&self) -> String {
        let mut out = Vec::new();
        self.write(&mut out);
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        for (index, (name, cell)) in self.fields.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write_json_string(name, out);
            out.push(b':');
            match cell {
                Cell::Value(value, ty) => value.write_json(*ty, out),
                Cell::Row(row) => row.write(out),
            }
        }
        out.push(b'}');
    }

    /// A field as the text of a record's key.
    fn text(&self, path: &str) -> Option<String> {
        let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        match (&self.fields.iter().find(|(field, _)| field == name)?.1, rest) {
            (Cell::Row(row), Some(rest)) => row.text(rest),
            (Cell::Value(Value::Null, _), None) => None,
            (Cell::Value(value, ty), None) => Some(text(value, *ty)),
            _ => None,
        }
    }
}
