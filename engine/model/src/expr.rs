//! Typed expressions: what the checker has proven, in the form that the engine compiles.
//!
//! Operands have been brought to one type by explicit [`ExprKind::Cast`]s, so the engine never guesses.
//! Null is contagious through arithmetic, comparison, casts and functions; `and`, `or` and `not` follow SQL's three values;
//! a filter takes null for false.

use crate::schema::ScalarType;
use crate::value::Value;

#[derive(Clone, PartialEq, Debug)]
pub struct Expr {
    pub ty: ScalarType,
    pub nullable: bool,
    pub kind: ExprKind,
}

#[derive(Clone, PartialEq, Debug)]
pub enum ExprKind {
    Const(Value),
    /// A column of the input, by its index in the schema.
    Column(usize),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    IsNull(Box<Expr>),
    /// The first that is not null (`a ?? b`).
    Coalesce(Box<Expr>, Box<Expr>),
    If {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    /// Is it one of these constants (of its own type)?
    In(Box<Expr>, Vec<Value>),
    /// To this expression's type; see [`can_cast`] for the pairs. Losing digits is an error of the event, except from decimal to
    /// a smaller scale, which rounds half to even only where the language said `round`.
    Cast(Box<Expr>),
    /// Strings one after the other (f-strings); parts are strings.
    Concat(Vec<Expr>),
    /// A function of the library (`tidegate-functions`) by its name, with arguments of the types that it takes.
    Call(&'static str, Vec<Expr>),
    /// A parameter of the function around it that works on a list.
    Local(Parameter),
    /// A list of these; nulls stand in it as they are.
    List(Vec<Expr>),
    /// A map of these pairs; keys are not null, and of equal ones the last counts.
    Map(Vec<(Expr, Expr)>),
    /// A record as one value, with the fields of its type in their order; nulls stand in it as they are.
    Record(Vec<Expr>),
    /// A field of a record value, by its index.
    Field(Box<Expr>, usize),
    /// Of a list by an int (from 0; from the end if it is negative), or of a map by its key. Null where there is none.
    Index(Box<Expr>, Box<Expr>),
    /// A function of lists and maps. Null if one of the arguments is.
    Collection(Collection, Vec<Expr>),
    /// A function of a list or map that evaluates an expression for each element.
    Each(Box<Each>),
}

/// The name before a `=>`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parameter {
    /// No other parameter of the expression has it.
    pub number: usize,
    pub name: Box<str>,
}

/// `function(over, … => body)`. Null if `over` is.
#[derive(Clone, PartialEq, Debug)]
pub struct Each {
    pub function: EachFunction,
    /// The list or map.
    pub over: Expr,
    /// Holds the element; of a map, its value.
    pub element: Parameter,
    /// Of `reduce`: holds what there is so far, which begins with this. Of the body's type.
    pub so_far: Option<(Parameter, Expr)>,
    pub body: Expr,
}

/// `T` is the type of the list's elements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EachFunction {
    /// The body's value for each element.
    Map,
    /// The elements for which the body is true.
    Filter,
    /// Is the body true for one?
    Any,
    /// Is the body true for each? Null is not.
    All,
    /// The first for which the body is true, or null.
    Find,
    /// For how many it is true.
    CountIf,
    /// The body's value for the last element; each sees the one before.
    Reduce,
    /// The elements in the order of the body's values; equal ones keep their order, null comes last.
    SortBy,
    /// Of a map: the same keys, with the body's value for each value.
    MapValues,
}

/// The functions of lists and maps that need no expression of their own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Collection {
    /// ([T] | {K: V}) -> int
    Length,
    /// ([T]) -> T?
    First,
    Last,
    /// ([T], T) -> bool
    Contains,
    /// ([T], [T]) -> [T]
    Concat,
    /// ([T], from: int, to: int) -> [T]: from `from` on, before `to`; both count from the end if they are negative.
    Slice,
    /// ([T]) -> [T]
    Reverse,
    /// ([T]) -> [T]: of equal elements the first
    Distinct,
    /// ([T]) -> [T]: least first, null last
    Sort,
    /// ([number]) -> number: 0 of none; nulls are passed over
    Sum,
    /// ([T]) -> T?: nulls are passed over
    Min,
    Max,
    /// ([number]) -> number?: of decimals with four digits more, rounded half to even; nulls are passed over
    Avg,
    /// ([string], string) -> string: nulls are passed over
    Join,
    /// (string, string) -> [string]: what stands between the separators
    Split,
    /// ([[T]]) -> [T]: null lists are passed over
    Flatten,
    /// ([A], [B]) -> [{ left: A, right: B }], as long as the shorter
    Zip,
    /// (int) -> [int]: 0, 1, … before it
    Range,
    /// ({K: V}) -> [K]
    Keys,
    /// ({K: V}) -> [V]
    Values,
    /// ({K: V}) -> [{ key: K, value: V }]
    Entries,
    /// ({K: V}, K) -> bool
    HasKey,
    /// ({K: V}, {K: V}) -> {K: V}: the second one's value where both have the key
    Merge,
}

impl EachFunction {
    /// As the language calls it.
    pub fn name(self) -> &'static str {
        match self {
            EachFunction::Map => "map",
            EachFunction::Filter => "filter",
            EachFunction::Any => "any",
            EachFunction::All => "all",
            EachFunction::Find => "find",
            EachFunction::CountIf => "count_if",
            EachFunction::Reduce => "reduce",
            EachFunction::SortBy => "sort_by",
            EachFunction::MapValues => "map_values",
        }
    }
}

impl Collection {
    /// As the language calls it.
    pub fn name(self) -> &'static str {
        match self {
            Collection::Length => "length",
            Collection::First => "first",
            Collection::Last => "last",
            Collection::Contains => "contains",
            Collection::Concat => "concat",
            Collection::Slice => "slice",
            Collection::Reverse => "reverse",
            Collection::Distinct => "distinct",
            Collection::Sort => "sort",
            Collection::Sum => "sum",
            Collection::Min => "min",
            Collection::Max => "max",
            Collection::Avg => "avg",
            Collection::Join => "join",
            Collection::Split => "split",
            Collection::Flatten => "flatten",
            Collection::Zip => "zip",
            Collection::Range => "range",
            Collection::Keys => "keys",
            Collection::Values => "values",
            Collection::Entries => "entries",
            Collection::HasKey => "has_key",
            Collection::Merge => "merge",
        }
    }
}

/// On two ints, floats, decimals of one scale, or (plus and minus) durations; timestamp ± duration; timestamp - timestamp.
/// Decimal: `Add`/`Subtract` operands have the result's scale; `Multiply` result scale = sum of scales;
/// `Divide` result's scale is in the type, rounded half to even; int `Divide` truncates towards zero.
/// Overflow and division by zero are errors of the event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Which casts exist. int→float, int→decimal, decimal→decimal of another scale (exact or an error), decimal→float, anything→string,
/// string→int/float/decimal/bool/timestamp/date/uuid/bytes/enum (a parse, which can fail), float→decimal (exact or an error),
/// int→timestamp (milliseconds), timestamp→date (its day in UTC), date→timestamp (its midnight).
pub fn can_cast(from: ScalarType, to: ScalarType) -> bool {
    use ScalarType::*;
    from == to
        || matches!(
            (from, to),
            (Int, Float | Decimal { .. } | Timestamp)
                | (Decimal { .. }, Decimal { .. } | Float)
                | (Float, Decimal { .. })
                | (_, String)
                | (String, Int | Float | Decimal { .. } | Bool | Timestamp | Date | Uuid | Bytes | Enum(_))
                | (Timestamp, Date)
                | (Date, Timestamp)
        )
}

impl Expr {
    pub fn column(index: usize, ty: ScalarType, nullable: bool) -> Expr {
        Expr { ty, nullable, kind: ExprKind::Column(index) }
    }

    pub fn constant(value: Value, ty: ScalarType) -> Expr {
        Expr { ty, nullable: value.is_null(), kind: ExprKind::Const(value) }
    }

    /// The direct parts of this expression.
    pub fn children(&self) -> Vec<&Expr> {
        match &self.kind {
            ExprKind::Const(_) | ExprKind::Column(_) | ExprKind::Local(_) => vec![],
            ExprKind::Not(a)
            | ExprKind::Negate(a)
            | ExprKind::IsNull(a)
            | ExprKind::Cast(a)
            | ExprKind::Field(a, _)
            | ExprKind::In(a, _) => vec![a],
            ExprKind::Arithmetic(_, a, b)
            | ExprKind::Compare(_, a, b)
            | ExprKind::And(a, b)
            | ExprKind::Or(a, b)
            | ExprKind::Index(a, b)
            | ExprKind::Coalesce(a, b) => vec![a, b],
            ExprKind::If { condition, then, otherwise } => vec![condition, then, otherwise],
            ExprKind::Concat(parts)
            | ExprKind::Call(_, parts)
            | ExprKind::List(parts)
            | ExprKind::Record(parts)
            | ExprKind::Collection(_, parts) => parts.iter().collect(),
            ExprKind::Map(entries) => entries.iter().flat_map(|(key, value)| [key, value]).collect(),
            ExprKind::Each(each) => {
                let start = each.so_far.iter().map(|(_, start)| start);
                [&each.over, &each.body].into_iter().chain(start).collect()
            }
        }
    }

    /// As [`Expr::children`], to change them.
    pub fn children_mut(&mut self) -> Vec<&mut Expr> {
        match &mut self.kind {
            ExprKind::Const(_) | ExprKind::Column(_) | ExprKind::Local(_) => vec![],
            ExprKind::Not(a)
            | ExprKind::Negate(a)
            | ExprKind::IsNull(a)
            | ExprKind::Cast(a)
            | ExprKind::Field(a, _)
            | ExprKind::In(a, _) => vec![a],
            ExprKind::Arithmetic(_, a, b)
            | ExprKind::Compare(_, a, b)
            | ExprKind::And(a, b)
            | ExprKind::Or(a, b)
            | ExprKind::Index(a, b)
            | ExprKind::Coalesce(a, b) => vec![a, b],
            ExprKind::If { condition, then, otherwise } => vec![condition, then, otherwise],
            ExprKind::Concat(parts)
            | ExprKind::Call(_, parts)
            | ExprKind::List(parts)
            | ExprKind::Record(parts)
            | ExprKind::Collection(_, parts) => parts.iter_mut().collect(),
            ExprKind::Map(entries) => entries.iter_mut().flat_map(|(key, value)| [key, value]).collect(),
            ExprKind::Each(each) => {
                let Each { over, so_far, body, .. } = &mut **each;
                [over, body].into_iter().chain(so_far.iter_mut().map(|(_, start)| start)).collect()
            }
        }
    }

    /// Calls `visit` with the index of every column that is read.
    pub fn each_column(&self, visit: &mut dyn FnMut(usize)) {
        if let ExprKind::Column(index) = self.kind {
            visit(index);
        }
        for child in self.children() {
            child.each_column(visit);
        }
    }
}
