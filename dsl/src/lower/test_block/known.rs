//! Tells [`Facts`](crate::facts::Facts) what is known of a test's rows: the types of fields, and what could be written in them.

use crate::ast::{Expr, ExprKind, RecordEntry};
use crate::check::expr::is_cursor;
use crate::check::typed::Type;
use crate::facts::{CURSOR, Fact, Facts, describe_type};
use tidegate_model::ScalarType;

/// A row, or a part of one, and the type that it is to have.
pub(super) fn note(facts: &Facts, expr: &Expr, ty: &Type) {
    if !facts.collects() {
        return;
    }
    match (&expr.node, ty) {
        (ExprKind::Record(entries), Type::Record { fields, .. }) => note_fields(facts, entries, fields),
        (ExprKind::List(items), Type::Scalar { ty: ScalarType::List(element), .. }) => {
            items.iter().for_each(|item| note(facts, item, &Type::of(**element)));
        }
        (_, Type::Scalar { ty: ScalarType::Enum(names), .. }) if is_cursor(expr) => {
            facts.note(|| Fact::Variants {
                names: names.variants.iter().map(|name| format!("\"{name}\"")).collect(),
                ty: names.name.clone(),
                alone: false,
            });
        }
        _ => {}
    }
}

fn note_fields(facts: &Facts, entries: &[RecordEntry], fields: &[(String, Type)]) {
    for entry in entries {
        let RecordEntry::Field(name, value) = entry else { continue };
        if name.node == CURSOR {
            let is_there = |field: &str| {
                entries.iter().any(|entry| matches!(entry, RecordEntry::Field(name, _) if name.node == field))
            };
            let free = fields.iter().filter(|(field, _)| !is_there(field));
            facts.note(|| Fact::Fields(free.map(|(field, ty)| (field.clone(), describe_type(ty))).collect()));
        } else if let Some((_, ty)) = fields.iter().find(|(field, _)| *field == name.node) {
            let known =
                || Fact::Value { span: name.span, ty: format!("{}: {}", name.node, describe_type(ty)) };
            facts.note(known);
            note(facts, value, ty);
        }
    }
}
