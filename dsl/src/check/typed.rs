//! Typed values while a file is checked: scalars, and records of them, which are flattened into columns when the plan is made.
//!
//! A record that is one value (an element of a list) is taken apart where it is met, and put together again where one value is needed;
//! so there is one kind of record for all of the checker.

use crate::source::Span;
use std::sync::Arc;
use tidegate_model::expr::{Expr, ExprKind};
use tidegate_model::{Column, Element, RecordField, RecordType, ScalarType, Schema, Value, nested};

/// A declared type.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Type {
    Scalar {
        ty: ScalarType,
        nullable: bool,
    },
    Record {
        fields: Vec<(String, Type)>,
        nullable: bool,
    },
    /// Something was wrong with it, and was said.
    Wrong,
}

impl Type {
    /// What stands in a list, as a type.
    pub(crate) fn of(element: Element) -> Type {
        let Element { ty, nullable } = element;
        match ty {
            ScalarType::Record(record) => {
                let fields = record.fields.iter().map(|field| (field.name.clone(), Type::of(field.element)));
                Type::Record { fields: fields.collect(), nullable }
            }
            ty => Type::Scalar { ty, nullable },
        }
    }

    /// The type as what stands in a list; None: it is wrong somewhere.
    pub(crate) fn element(&self) -> Option<Element> {
        match self {
            Type::Scalar { ty, nullable } => Some(Element { ty: *ty, nullable: *nullable }),
            Type::Record { fields, nullable } => {
                let fields = fields
                    .iter()
                    .map(|(name, ty)| Some(RecordField { name: name.clone(), element: ty.element()? }));
                let record = RecordType { fields: fields.collect::<Option<_>>()? };
                Some(Element { ty: ScalarType::Record(nested::record(record)), nullable: *nullable })
            }
            Type::Wrong => None,
        }
    }

    pub(crate) fn nullable(self) -> Type {
        match self {
            Type::Scalar { ty, .. } => Type::Scalar { ty, nullable: true },
            Type::Record { fields, .. } => Type::Record { fields, nullable: true },
            Type::Wrong => Type::Wrong,
        }
    }

    /// Is it wrong somewhere?
    pub(crate) fn is_wrong(&self) -> bool {
        match self {
            Type::Scalar { .. } => false,
            Type::Record { fields, .. } => fields.iter().any(|(_, ty)| ty.is_wrong()),
            Type::Wrong => true,
        }
    }

    /// As the language writes it.
    pub(crate) fn name(&self) -> String {
        match self {
            Type::Scalar { ty, nullable } => format!("{ty}{}", if *nullable { "?" } else { "" }),
            Type::Record { nullable, .. } => format!("a record{}", if *nullable { "?" } else { "" }),
            Type::Wrong => "an unknown type".to_owned(),
        }
    }

    /// The columns of a record type.
    pub(crate) fn schema(&self) -> Schema {
        let mut columns = Vec::new();
        if let Type::Record { fields, .. } = self {
            flatten_type(fields, "", false, &mut columns);
        }
        Schema::new(columns)
    }
}

fn flatten_type(fields: &[(String, Type)], prefix: &str, nullable: bool, columns: &mut Vec<Column>) {
    for (name, ty) in fields {
        let path = format!("{prefix}{name}");
        match ty {
            Type::Scalar { ty, nullable: own } => {
                columns.push(Column { nullable: nullable || *own, ..Column::new(path, *ty) });
            }
            Type::Record { fields, nullable: own } => {
                if *own {
                    columns.push(Column::presence(path.clone()));
                }
                flatten_type(fields, &format!("{path}."), nullable || *own, columns);
            }
            Type::Wrong => {}
        }
    }
}

/// A checked expression.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Typed {
    Scalar(Expr),
    Record(RecordValue),
    /// A list as it is written: its type is what it is given to, or else follows from its elements.
    List(Vec<Located>, Span),
    /// As `List`, of a map.
    Map(Vec<(Located, Located)>, Span),
    /// `null`, whose type is what it is compared with or given to.
    Null,
    Wrong,
}

#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct RecordValue {
    pub(crate) fields: Vec<(String, Typed)>,
    /// Of a nullable record: is it there? A bool.
    pub(crate) presence: Option<Expr>,
}

impl Typed {
    pub(crate) fn describe(&self) -> String {
        match self {
            Typed::Scalar(expr) => format!("{}{}", expr.ty, if expr.nullable { "?" } else { "" }),
            Typed::Record(record) => format!("a record{}", if record.presence.is_some() { "?" } else { "" }),
            Typed::List(..) => "a list".to_owned(),
            Typed::Map(..) => "a map".to_owned(),
            Typed::Null => "null".to_owned(),
            Typed::Wrong => "unknown".to_owned(),
        }
    }
}

impl RecordValue {
    pub(crate) fn field(&self, name: &str) -> Option<&Typed> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    /// Sets a field: in its place if it is there, else at the end.
    pub(crate) fn set(&mut self, name: &str, value: Typed) {
        match self.fields.iter_mut().find(|(field, _)| field == name) {
            Some((_, old)) => *old = value,
            None => self.fields.push((name.to_owned(), value)),
        }
    }

    /// The event of a stream: each field reads its column.
    pub(crate) fn of_schema(schema: &Schema) -> RecordValue {
        let mut record = RecordValue::default();
        for (index, column) in schema.columns.iter().enumerate() {
            let expr = Expr::column(index, column.ty, column.nullable);
            record.insert_path(&column.path, column.presence, expr);
        }
        record
    }

    fn insert_path(&mut self, path: &str, presence: bool, expr: Expr) {
        let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        if rest.is_none() && !presence {
            self.fields.push((name.to_owned(), Typed::Scalar(expr)));
            return;
        }
        if self.field(name).is_none() {
            self.fields.push((name.to_owned(), Typed::Record(RecordValue::default())));
        }
        let Some((_, Typed::Record(inner))) = self.fields.iter_mut().find(|(field, _)| field == name) else {
            panic!("{path} is a field and a record")
        };
        match rest {
            None => inner.presence = Some(expr),
            Some(rest) => inner.insert_path(rest, presence, expr),
        }
    }

    /// As columns and one expression for each.
    pub(crate) fn flatten(&self) -> (Schema, Vec<Expr>) {
        let (mut columns, mut exprs) = (Vec::new(), Vec::new());
        self.flatten_into("", &mut columns, &mut exprs);
        (Schema::new(columns), exprs)
    }

    fn flatten_into(&self, prefix: &str, columns: &mut Vec<Column>, exprs: &mut Vec<Expr>) {
        for (name, value) in &self.fields {
            let path = format!("{prefix}{name}");
            match value {
                Typed::Scalar(expr) => {
                    columns.push(Column { nullable: expr.nullable, ..Column::new(path, expr.ty) });
                    exprs.push(expr.clone());
                }
                Typed::Record(record) => {
                    if let Some(presence) = &record.presence {
                        columns.push(Column::presence(path.clone()));
                        exprs.push(presence.clone());
                    }
                    record.flatten_into(&format!("{path}."), columns, exprs);
                }
                // A bare null has no type of its own; it was given one or refused before.
                Typed::Null | Typed::Wrong => {}
                Typed::List(..) | Typed::Map(..) => panic!("`{path}` was settled before it became a column"),
            }
        }
    }

    /// The record as one value. None: a field has no type of its own.
    pub(crate) fn together(&self) -> Option<Expr> {
        if let Some(whole) = self.whole() {
            return Some(whole);
        }
        let mut parts = Vec::new();
        let mut fields = Vec::new();
        for (name, value) in &self.fields {
            let part = match value {
                Typed::Scalar(expr) => expr.clone(),
                Typed::Record(record) => record.together()?,
                Typed::List(..) | Typed::Map(..) | Typed::Null | Typed::Wrong => return None,
            };
            let element = Element { ty: part.ty, nullable: part.nullable };
            fields.push(RecordField { name: name.clone(), element });
            parts.push(part);
        }
        let ty = ScalarType::Record(nested::record(RecordType { fields }));
        let record = match constants(&parts) {
            Some(values) => Expr::constant(Value::Record(values), ty),
            None => Expr { ty, nullable: false, kind: ExprKind::Record(parts) },
        };
        Some(match &self.presence {
            None => record,
            Some(presence) => {
                let condition = Box::new(presence.clone());
                let (then, otherwise) = (Box::new(record), Box::new(null_of(ty)));
                Expr { ty, nullable: true, kind: ExprKind::If { condition, then, otherwise } }
            }
        })
    }

    /// The value that this record was taken from, if nothing has been changed since.
    pub(crate) fn whole(&self) -> Option<Expr> {
        let first = match &self.fields.first()?.1 {
            Typed::Scalar(first) => first.clone(),
            Typed::Record(first) => first.whole()?,
            _ => return None,
        };
        let ExprKind::Field(base, 0) = first.kind else { return None };
        (taken_apart(&base)? == *self).then_some(*base)
    }
}

/// The values of parts that are all constants.
pub(crate) fn constants(parts: &[Expr]) -> Option<Arc<[Value]>> {
    let constant = |part: &Expr| match &part.kind {
        ExprKind::Const(value) => Some(value.clone()),
        _ => None,
    };
    parts.iter().map(constant).collect()
}

/// An expression as what the checker works with.
pub(crate) fn typed(expr: Expr) -> Typed {
    match taken_apart(&expr) {
        Some(record) => Typed::Record(record),
        None => Typed::Scalar(expr),
    }
}

/// A record value by its fields. None: it is no record.
fn taken_apart(expr: &Expr) -> Option<RecordValue> {
    let ScalarType::Record(record) = expr.ty else { return None };
    let fields = record.fields.iter().enumerate().map(|(index, field)| {
        let value = match &expr.kind {
            ExprKind::Record(parts) => parts[index].clone(),
            ExprKind::Const(Value::Record(values)) => Expr {
                ty: field.element.ty,
                nullable: field.element.nullable,
                kind: ExprKind::Const(values[index].clone()),
            },
            _ => Expr {
                ty: field.element.ty,
                nullable: field.element.nullable || expr.nullable,
                kind: ExprKind::Field(Box::new(expr.clone()), index),
            },
        };
        (field.name.clone(), typed(value))
    });
    let presence = expr.nullable.then(|| {
        let null =
            Expr { ty: ScalarType::Bool, nullable: false, kind: ExprKind::IsNull(Box::new(expr.clone())) };
        Expr { ty: ScalarType::Bool, nullable: false, kind: ExprKind::Not(Box::new(null)) }
    });
    Some(RecordValue { fields: fields.collect(), presence })
}

/// The null of a type.
pub(crate) fn null_of(ty: ScalarType) -> Expr {
    Expr { ty, nullable: true, kind: ExprKind::Const(Value::Null) }
}

/// A value together with where it was written.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Located {
    pub(crate) value: Typed,
    pub(crate) span: Span,
}
