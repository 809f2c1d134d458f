//! Rows of a test: typed like any expression, and written as the JSON that a topic would hold.

use super::{Case, known};
use crate::ast::{self, ExprKind as Ast, RecordEntry};
use crate::check::expr::Checker;
use crate::check::typed::{Located, Type, Typed};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::lower::Lowerer;
use std::collections::BTreeMap;
use tidegate_model::ScalarType;
use tidegate_model::Value;
use tidegate_model::expr::{Expr, ExprKind};
use tidegate_model::test_case::ExpectedRow;
use tidegate_model::value::{text, write_json_string};

/// What a row is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// An event: what nobody reads may be left out. Whether it is malformed shows in the run.
    Feed,
    /// A row that is compared: each field is there, unless the record ends with `..`.
    Expect,
}

impl Lowerer<'_> {
    pub(super) fn expected(
        &mut self,
        expr: &ast::Expr,
        ty: &Type,
        case: Option<&Case>,
    ) -> Option<ExpectedRow> {
        known::note(&self.globals.facts, expr, ty);
        let row = self.row(expr, ty, Purpose::Expect, case)?;
        let mut open = Vec::new();
        row.open_records(&mut Vec::new(), &mut open);
        Some(ExpectedRow { json: row.json(), open })
    }

    /// A record of constants.
    pub(super) fn row(
        &mut self,
        expr: &ast::Expr,
        ty: &Type,
        purpose: Purpose,
        case: Option<&Case>,
    ) -> Option<Row> {
        let (Ast::Record(entries), Type::Record { fields, .. }) = (&expr.node, ty) else {
            if *ty != Type::Wrong {
                self.error(codes::TEST, expr.span, format!("a row is needed here: {}", ty.name()));
            }
            return None;
        };
        let mut given: BTreeMap<&str, &ast::Expr> = BTreeMap::new();
        let mut row = Row::default();
        let mut misnamed = false;
        for entry in entries {
            match entry {
                RecordEntry::Open if purpose == Purpose::Feed => self.error(
                    codes::TEST,
                    expr.span,
                    "`..` leaves fields of an expected row open; an event that is fed has all of its fields",
                ),
                RecordEntry::Open => row.open = true,
                RecordEntry::Spread(value) => {
                    self.error(codes::TEST, value.span, "a test's row says each of its fields")
                }
                RecordEntry::Field(name, value) => {
                    if fields.iter().any(|(field, _)| *field == name.node) {
                        given.insert(&name.node, value);
                        continue;
                    }
                    misnamed = true;
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
        let mut missing = Vec::new();
        for (name, ty) in fields {
            let Some(value) = given.get(name.as_str()) else {
                let may_be_null =
                    matches!(ty, Type::Scalar { nullable: true, .. } | Type::Record { nullable: true, .. });
                match purpose {
                    _ if row.open || *ty == Type::Wrong => {}
                    Purpose::Expect if may_be_null => {
                        row.fields.push((name.clone(), Cell::Value(Value::Null, ScalarType::Bool)));
                    }
                    Purpose::Feed => {}
                    Purpose::Expect => missing.push(name.as_str()),
                }
                continue;
            };
            let value = &as_map(value, ty);
            let cell = match (ty, &value.node) {
                (Type::Record { .. }, Ast::Record(_)) => Cell::Row(self.row(value, ty, purpose, case)?),
                (Type::Record { nullable: true, .. }, Ast::Null) => {
                    Cell::Value(Value::Null, ScalarType::Bool)
                }
                _ => self.cell(value, ty, case)?,
            };
            row.fields.push((name.clone(), cell));
        }
        // Of a misspelt field only that is told.
        if !missing.is_empty() && !misnamed {
            self.missing(expr, &missing);
        }
        (missing.is_empty() && !misnamed).then_some(row)
    }

    fn missing(&mut self, expr: &ast::Expr, missing: &[&str]) {
        let names = crate::check::expr::list(missing);
        let message = match missing {
            [_] => format!("the field {names} is missing"),
            _ => format!("the fields {names} are missing"),
        };
        let is_yaml = self.sources.file_of(expr.span).1.is_yaml();
        let note = match is_yaml {
            false => "to say only a part of the row, end it with `..`",
            true => "to say only a part of the row, give it the key `..`",
        };
        self.diagnostics.push(Diagnostic::error(codes::BAD_FIELDS, expr.span, message).note(note));
    }

    fn cell(&mut self, value: &ast::Expr, ty: &Type, case: Option<&Case>) -> Option<Cell> {
        let locals =
            case.map(|case| (case.name.clone(), Typed::Record(case.row.clone()))).into_iter().collect();
        let mut checker = Checker::with_locals(self.globals, self.diagnostics, None, locals);
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
pub(super) struct Row {
    fields: Vec<(String, Cell)>,
    /// It ends with `..`.
    open: bool,
}

pub(super) enum Cell {
    /// With its type.
    Value(Value, ScalarType),
    Row(Row),
}

impl Row {
    pub(super) fn json(&self) -> String {
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

    /// Adds the names that lead to each record of it that ends with `..`.
    fn open_records(&self, path: &mut Vec<String>, open: &mut Vec<Vec<String>>) {
        if self.open {
            open.push(path.clone());
        }
        for (name, cell) in &self.fields {
            if let Cell::Row(row) = cell {
                path.push(name.clone());
                row.open_records(path, open);
                path.pop();
            }
        }
    }

    /// A field as the text of a record's key.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        match (&self.fields.iter().find(|(field, _)| field == name)?.1, rest) {
            (Cell::Row(row), Some(rest)) => row.text(rest),
            (Cell::Value(Value::Null, _), None) => None,
            (Cell::Value(value, ty), None) => Some(text(value, *ty)),
            _ => None,
        }
    }
}
