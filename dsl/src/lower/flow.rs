//! What is known of a stream at one step while the plan is made.

use crate::check::typed::{RecordValue, Type, Typed};
use crate::facts::{Fact, named};
use crate::source::Span;
use tidegate_model::expr::{Expr, ExprKind};
use tidegate_model::{NodeId, Schema};

/// The end of a source, table or stream, as far as its steps have been lowered.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    pub(crate) node: NodeId,
    pub(crate) schema: Schema,
    /// The columns that it is partitioned by. None: by nothing that is known.
    pub(crate) partitioned: Option<Vec<usize>>,
    /// Where that was said.
    pub(crate) partitioned_at: Span,
    /// What became of that on the way: where, and in words. The columns were lost there, or have other names since.
    pub(crate) since: Option<(Span, String)>,
    /// The windowed aggregate's rows: their key has the window in it.
    pub(crate) key: Option<Vec<usize>>,
    /// Where the rows' key was said.
    pub(crate) key_at: Span,
    pub(crate) is_table: bool,
    /// Columns that are null only where their record is missing: (the column that tells whether it is there, the column).
    pub(crate) only_with: Vec<(usize, usize)>,
}

impl Flow {
    pub(crate) fn event(&self) -> RecordValue {
        RecordValue::of_schema(&self.schema)
    }

    /// The type of its events, as a declaration would say it.
    pub(crate) fn ty(&self) -> Type {
        type_of(&self.event())
    }

    /// May state be kept by `key` without moving events? All events of one key must meet in one partition: they do if what they are
    /// partitioned by is part of the key.
    pub(crate) fn is_partitioned_for(&self, key: &[usize]) -> bool {
        self.partitioned
            .as_ref()
            .is_some_and(|columns| !columns.is_empty() && columns.iter().all(|column| key.contains(column)))
    }

    /// Where a set of columns went in a map. None: one of them is gone or was changed.
    pub(crate) fn follow(columns: Option<&Vec<usize>>, exprs: &[Expr]) -> Option<Vec<usize>> {
        columns?
            .iter()
            .map(|column| {
                exprs.iter().position(|expr| matches!(expr.kind, ExprKind::Column(from) if from == *column))
            })
            .collect()
    }

    /// What an editor shows of it.
    pub(crate) fn fact(&self, name: &str) -> Fact {
        Fact::Flow {
            name: name.to_owned(),
            fields: named(&self.event()),
            key: self.key.as_ref().map(|columns| self.names(columns)),
            partitioned: self.partitioned.as_ref().map(|columns| self.names(columns)),
        }
    }

    /// A key as a sink's option writes it: the two columns of a window are `window`.
    pub(crate) fn named_key(&self, columns: &[usize]) -> String {
        let mut names: Vec<&str> = Vec::new();
        for column in columns {
            let path = self.schema.columns[*column].path.as_str();
            let name = path.strip_suffix(".start").filter(|name| *name == "window").unwrap_or(path);
            if path != "window.end" {
                names.push(name);
            }
        }
        match &names[..] {
            [only] => (*only).to_owned(),
            names => format!("({})", names.join(", ")),
        }
    }

    /// `card`, or `(card, rule)`
    pub(crate) fn names(&self, columns: &[usize]) -> String {
        let names: Vec<&str> =
            columns.iter().map(|column| self.schema.columns[*column].path.as_str()).collect();
        match &names[..] {
            [only] => (*only).to_owned(),
            names => format!("({})", names.join(", ")),
        }
    }
}

fn type_of(record: &RecordValue) -> Type {
    let fields = record.fields.iter().map(|(name, value)| {
        let ty = match value {
            Typed::Scalar(expr) => Type::Scalar { ty: expr.ty, nullable: expr.nullable },
            Typed::Record(inner) => type_of(inner),
            Typed::List(..) | Typed::Map(..) | Typed::Null | Typed::Wrong => Type::Wrong,
        };
        (name.clone(), ty)
    });
    Type::Record { fields: fields.collect(), nullable: record.presence.is_some() }
}
