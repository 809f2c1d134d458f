//! What columns the events of a stream have.

use std::fmt;

/// The type of one column. Records are flattened into dotted columns before the plan is made.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ScalarType {
    Bool,
    Int,
    Float,
    /// At most 38 digits, `scale` of them behind the point.
    Decimal {
        precision: u8,
        scale: u8,
    },
    String,
    Timestamp,
    Duration,
}

impl ScalarType {
    /// Digits behind the point; 0 for what is no decimal.
    pub fn scale(self) -> u8 {
        match self {
            ScalarType::Decimal { scale, .. } => scale,
            _ => 0,
        }
    }
}

impl fmt::Display for ScalarType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ScalarType::Bool => f.write_str("bool"),
            ScalarType::Int => f.write_str("int"),
            ScalarType::Float => f.write_str("float"),
            ScalarType::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            ScalarType::String => f.write_str("string"),
            ScalarType::Timestamp => f.write_str("timestamp"),
            ScalarType::Duration => f.write_str("duration"),
        }
    }
}

/// A leaf field, under its dotted path: `merchant.currency`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Column {
    pub path: String,
    pub ty: ScalarType,
    pub nullable: bool,
    /// This column says (as a bool) whether the nullable record at `path` is there at all; it is written as no field of its own.
    pub presence: bool,
}

impl Column {
    pub fn new(path: impl Into<String>, ty: ScalarType) -> Column {
        Column { path: path.into(), ty, nullable: false, presence: false }
    }

    pub fn nullable(path: impl Into<String>, ty: ScalarType) -> Column {
        Column { nullable: true, ..Column::new(path, ty) }
    }

    /// The column that tells whether a nullable record exists.
    pub fn presence(path: impl Into<String>) -> Column {
        Column { presence: true, ..Column::new(path, ScalarType::Bool) }
    }
}

/// The columns of a stream in the order in which they are written. The columns of one nested record stand together.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Schema {
    pub columns: Vec<Column>,
}

impl Schema {
    pub fn new(columns: Vec<Column>) -> Schema {
        Schema { columns }
    }

    pub fn index_of(&self, path: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.path == path && !column.presence)
    }
}
