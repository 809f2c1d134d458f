//! What columns the events of a stream have.

use crate::nested::{self, Element, EnumType, MapType, RecordType};
use std::fmt;

/// The type of one column. Records of the event itself are flattened into dotted columns before the plan is made; a record in a list
/// or map, and lists and maps themselves, are one value. What a type is made of is interned (see [`nested`]), so that types stay small
/// and are copied freely.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
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
    /// Base64 in JSON.
    Bytes,
    /// A day of the calendar, without a time or a zone.
    Date,
    Uuid,
    /// One of some names. A value is held as its name, so that state outlives a new order of the names.
    Enum(&'static EnumType),
    List(&'static Element),
    Map(&'static MapType),
    /// Only in lists and maps.
    Record(&'static RecordType),
}

impl ScalarType {
    /// Digits behind the point; 0 for what is no decimal.
    pub fn scale(self) -> u8 {
        match self {
            ScalarType::Decimal { scale, .. } => scale,
            _ => 0,
        }
    }

    pub fn list(ty: ScalarType, nullable: bool) -> ScalarType {
        ScalarType::List(nested::element(Element { ty, nullable }))
    }

    pub fn map(key: ScalarType, value: ScalarType, nullable: bool) -> ScalarType {
        ScalarType::Map(nested::map(MapType { key, value: Element { ty: value, nullable } }))
    }

    /// A list, a map or a record: many values in one.
    pub fn is_nested(self) -> bool {
        matches!(self, ScalarType::List(_) | ScalarType::Map(_) | ScalarType::Record(_))
    }

    /// Can values of this type be a key: of records, of state, of a partition?
    pub fn is_key(self) -> bool {
        !self.is_nested()
    }

    /// Do `<` and `>` mean something? Bools, enums, lists, maps and records are only equal or not.
    pub fn has_order(self) -> bool {
        !self.is_nested() && !matches!(self, ScalarType::Bool | ScalarType::Enum(_))
    }

    /// How many levels of lists, maps and records there are in it.
    pub fn depth(self) -> usize {
        match self {
            ScalarType::List(element) => 1 + element.ty.depth(),
            ScalarType::Map(map) => 1 + map.value.ty.depth(),
            ScalarType::Record(record) => {
                1 + record.fields.iter().map(|field| field.element.ty.depth()).max().unwrap_or(0)
            }
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
            ScalarType::Bytes => f.write_str("bytes"),
            ScalarType::Date => f.write_str("date"),
            ScalarType::Uuid => f.write_str("uuid"),
            ScalarType::Enum(names) => f.write_str(&names.name),
            ScalarType::List(element) => write!(f, "[{element}]"),
            ScalarType::Map(map) => write!(f, "{{{}: {}}}", map.key, map.value),
            ScalarType::Record(record) => record.fmt(f),
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
