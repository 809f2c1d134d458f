//! Typed values while a file is checked: scalars, and records of them, which are flattened into columns when the plan is made.

use crate::source::Span;
use tidegate_model::expr::{Expr, ExprKind};
use tidegate_model::{Column, ScalarType, Schema, Value};

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
    pub(crate) fn nullable(self) -> Type {
        match self {
            Type::Scalar { ty, .. } => Type::Scalar { ty, nullable: true },
            Type::Record { fields, .. } => Type::Record { fields, nullable: true },
            Type::Wrong => Type::Wrong,
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
            }
        }
    }
}

/// The null of a type.
pub(crate) fn null_of(ty: ScalarType) -> Expr {
    Expr { ty, nullable: true, kind: ExprKind::Const(Value::Null) }
}

/// A value together with where it was written.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    pub(crate) value: Typed,
    pub(crate) span: Span,
}
