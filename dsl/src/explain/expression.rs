//! Expressions of a plan, as the language writes them.

use tidegate_model::expr::{Arithmetic, Comparison, Expr, ExprKind};
use tidegate_model::{ScalarType, Schema, Value};

pub(super) fn exprs(all: &[Expr], schema: Option<&Schema>) -> String {
    all.iter().map(|one| expr(one, schema)).collect::<Vec<_>>().join(", ")
}

/// An expression as the language writes it; `schema` names its columns.
pub(super) fn expr(expr: &Expr, schema: Option<&Schema>) -> String {
    let deep = |inner: &Expr| self::expr(inner, schema);
    // Parts that bind less tightly than their surroundings stand in brackets.
    let tight = |inner: &Expr| match inner.kind {
        ExprKind::And(..)
        | ExprKind::Or(..)
        | ExprKind::Compare(..)
        | ExprKind::Arithmetic(..)
        | ExprKind::Coalesce(..)
        | ExprKind::In(..) => format!("({})", deep(inner)),
        _ => deep(inner),
    };
    match &expr.kind {
        ExprKind::Const(value) => tidegate_functions::literal(value, expr.ty),
        ExprKind::Column(index) => match schema.and_then(|schema| schema.columns.get(*index)) {
            Some(column) if column.presence => format!("{} is not null", column.path),
            Some(column) => column.path.clone(),
            None => format!("#{index}"),
        },
        ExprKind::Not(inner) if matches!(inner.kind, ExprKind::IsNull(_)) => {
            let ExprKind::IsNull(value) = &inner.kind else { panic!("it was looked at") };
            format!("{} is not null", tight(value))
        }
        ExprKind::Not(inner) => format!("not {}", tight(inner)),
        ExprKind::Negate(inner) => format!("-{}", tight(inner)),
        ExprKind::Arithmetic(operator, a, b) => {
            let sign = match operator {
                Arithmetic::Add => "+",
                Arithmetic::Subtract => "-",
                Arithmetic::Multiply => "*",
                Arithmetic::Divide => "/",
                Arithmetic::Remainder => "%",
            };
            format!("{} {sign} {}", tight(a), tight(b))
        }
        ExprKind::Compare(comparison, a, b) => {
            let sign = match comparison {
                Comparison::Equal => "==",
                Comparison::NotEqual => "!=",
                Comparison::Less => "<",
                Comparison::LessOrEqual => "<=",
                Comparison::Greater => ">",
                Comparison::GreaterOrEqual => ">=",
            };
            format!("{} {sign} {}", tight(a), tight(b))
        }
        ExprKind::And(a, b) => format!("{} and {}", tight(a), tight(b)),
        ExprKind::Or(a, b) => format!("{} or {}", tight(a), tight(b)),
        ExprKind::IsNull(inner) => format!("{} is null", tight(inner)),
        ExprKind::Coalesce(a, b) => format!("{} ?? {}", tight(a), tight(b)),
        ExprKind::If { condition, then, otherwise } => {
            format!("if {} {{ {} }} else {{ {} }}", deep(condition), deep(then), deep(otherwise))
        }
        ExprKind::In(value, list) => {
            let list: Vec<String> =
                list.iter().map(|item| deep(&Expr::constant(item.clone(), value.ty))).collect();
            format!("{} in [{}]", tight(value), list.join(", "))
        }
        ExprKind::Cast(inner) => match expr.ty {
            ScalarType::Decimal { .. } => deep(inner),
            ty => format!("{ty}({})", deep(inner)),
        },
        ExprKind::Concat(parts) => {
            let parts = parts.iter().map(|part| match &part.kind {
                ExprKind::Const(Value::String(text)) => text.to_string(),
                ExprKind::Cast(inner) => format!("{{{}}}", deep(inner)),
                _ => format!("{{{}}}", deep(part)),
            });
            format!("f{:?}", parts.collect::<String>())
        }
        ExprKind::Local(parameter) => parameter.name.to_string(),
        ExprKind::List(items) => format!("[{}]", exprs(items, schema)),
        ExprKind::Record(parts) => {
            let ScalarType::Record(record) = expr.ty else { panic!("a record has its type") };
            let parts = record.fields.iter().zip(parts);
            let parts = parts.map(|(field, part)| format!("{}: {}", field.name, deep(part)));
            format!("{{ {} }}", parts.collect::<Vec<_>>().join(", "))
        }
        ExprKind::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("{}: {}", deep(key), deep(value)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        ExprKind::Field(record, index) => {
            let name = match record.ty {
                ScalarType::Record(record) => record.fields[*index].name.as_str(),
                _ => "?",
            };
            format!("{}{}.{name}", tight(record), if record.nullable { "?" } else { "" })
        }
        ExprKind::Index(over, index) => format!("{}[{}]", tight(over), deep(index)),
        ExprKind::Collection(function, arguments) => {
            format!("{}({})", function.name(), exprs(arguments, schema))
        }
        ExprKind::Each(each) => {
            let name = each.function.name();
            let (over, body, element) = (deep(&each.over), deep(&each.body), &each.element.name);
            match &each.so_far {
                Some((so_far, start)) => {
                    format!("{name}({over}, {}, ({}, {element}) => {body})", deep(start), so_far.name)
                }
                None => format!("{name}({over}, {element} => {body})"),
            }
        }
        ExprKind::Call(name, arguments) => {
            format!("{name}({})", arguments.iter().map(deep).collect::<Vec<_>>().join(", "))
        }
    }
}
