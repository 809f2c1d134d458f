//! Rows of a test: typed like any expression, and written as the JSON that a topic would hold.

use super::Case;
use crate::ast::{self, ExprKind as Ast, RecordEntry};
use crate::check::expr::Checker;
use crate::check::typed::{Located, Type, Typed};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::lower::Lowerer;
use std::collections::BTreeMap;
use tidegate_model::Value;
use tidegate_model::expr::{Expr, ExprKind};
use tidegate_model::test_case::ExpectedRow;
use tidegate_model::value::write_json_string;

impl Lowerer<'_> {
    pub(super) fn expected(
        &mut self,
        expr: &ast::Expr,
        ty: &Type,
        case: Option<&Case>,
    ) -> Option<ExpectedRow> {
        let open = matches!(&expr.node, Ast::Record(entries) if entries.contains(&RecordEntry::Open));
        let row = self.row(expr, ty, !open, case)?;
        Some(ExpectedRow { json: row.json(), open })
    }

    /// A record of constants. `whole`: no field of the type may be left away, unless it may be null.
    pub(super) fn row(
        &mut self,
        expr: &ast::Expr,
        ty: &Type,
        whole: bool,
        case: Option<&Case>,
    ) -> Option<Row> {
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
                        Some(meant) => diagnostic.here(format!("did you mean `{meant}`?")),
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
                    row.fields.push((name.clone(), Cell::Value(Value::Null, 0)));
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
            let cell = match (ty, &value.node) {
                (Type::Record { .. }, Ast::Record(_)) => Cell::Row(self.row(value, ty, whole, case)?),
                (Type::Record { nullable: true, .. }, Ast::Null) => Cell::Value(Value::Null, 0),
                _ => self.cell(value, ty, case)?,
            };
            row.fields.push((name.clone(), cell));
        }
        Some(row)
    }

    fn cell(&mut self, value: &ast::Expr, ty: &Type, case: Option<&Case>) -> Option<Cell> {
        let locals =
            case.map(|case| (case.name.clone(), Typed::Record(case.row.clone()))).into_iter().collect();
        let mut checker = Checker::with_locals(self.globals, self.diagnostics, None, locals);
        let located = Located { value: checker.check(value), span: value.span };
        match checker.fit(located, ty, None)? {
            Typed::Scalar(Expr { kind: ExprKind::Const(constant), ty, .. }) => {
                Some(Cell::Value(constant, ty.scale()))
            }
            _ => {
                self.error(codes::TEST, value.span, "a plain value is needed here");
                None
            }
        }
    }
}

/// A row of a test.
#[derive(Default)]
pub(super) struct Row {
    fields: Vec<(String, Cell)>,
}

pub(super) enum Cell {
    /// With the scale of its type.
    Value(Value, u8),
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
                Cell::Value(value, scale) => value.write_json(*scale, out),
                Cell::Row(row) => row.write(out),
            }
        }
        out.push(b'}');
    }

    /// A field as the text of a record's key.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        match (&self.fields.iter().find(|(field, _)| field == name)?.1, rest) {
            (Cell::Row(row), Some(rest)) => row.text(rest),
            (Cell::Value(Value::Null, _), None) => None,
            (Cell::Value(Value::String(text), _), None) => Some(text.to_string()),
            (Cell::Value(value, scale), None) => {
                let mut out = Vec::new();
                value.write_json(*scale, &mut out);
                Some(String::from_utf8(out).expect("JSON is UTF-8").trim_matches('"').to_owned())
            }
            _ => None,
        }
    }
}
