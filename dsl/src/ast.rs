//! What a topology file says, whichever spelling it is in. Every part knows its place in the file.

use crate::source::Span;
pub use tidegate_model::test_case::Aside;

#[derive(Clone, PartialEq, Debug)]
pub struct Spanned<T> {
    pub node: T,
    pub span: Span,
}

impl<T> Spanned<T> {
    pub fn new(node: T, span: Span) -> Spanned<T> {
        Spanned { node, span }
    }
}

pub type Name = Spanned<String>;
/// `merchant.currency`
pub type Path = Spanned<Vec<String>>;

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Topology {
    pub name: Option<Name>,
    pub uses: Vec<UseDecl>,
    pub types: Vec<TypeDecl>,
    pub params: Vec<ParamDecl>,
    pub functions: Vec<FunctionDecl>,
    pub sources: Vec<SourceDecl>,
    pub tables: Vec<TableDecl>,
    pub streams: Vec<StreamDecl>,
    pub sinks: Vec<SinkDecl>,
    pub serves: Vec<ServeDecl>,
    pub tests: Vec<TestDecl>,
}

/// `use "payments.tide" { Payment, payments }`
#[derive(Clone, PartialEq, Debug)]
pub struct UseDecl {
    pub path: Name,
    pub names: Vec<Name>,
}

/// `serve stations at "/stations/{station_id}"`
#[derive(Clone, PartialEq, Debug)]
pub struct ServeDecl {
    pub table: Name,
    pub path: Name,
}

#[derive(Clone, PartialEq, Debug)]
pub struct TypeDecl {
    pub name: Name,
    pub body: TypeExpr,
}

pub type TypeExpr = Spanned<TypeKind>;

#[derive(Clone, PartialEq, Debug)]
pub enum TypeKind {
    /// A built-in type without arguments, or a declared one.
    Named(String),
    Decimal {
        precision: u8,
        scale: u8,
    },
    Record(Vec<FieldDecl>),
    /// `{ name: type }` where a type stands: a map if the name is a type that a key can have, else a record of one field.
    Braced(Box<FieldDecl>),
    List(Box<TypeExpr>),
    /// The names of an enum's values.
    Enum(Vec<Name>),
    Nullable(Box<TypeExpr>),
}

#[derive(Clone, PartialEq, Debug)]
pub struct FieldDecl {
    pub name: Name,
    pub ty: TypeExpr,
}

#[derive(Clone, PartialEq, Debug)]
pub struct ParamDecl {
    pub name: Name,
    pub ty: TypeExpr,
    pub value: Expr,
}

#[derive(Clone, PartialEq, Debug)]
pub struct FunctionDecl {
    pub name: Name,
    pub arguments: Vec<FieldDecl>,
    pub result: TypeExpr,
    pub body: Expr,
}

#[derive(Clone, PartialEq, Debug)]
pub struct TopicRef {
    pub topic: Name,
    pub options: Vec<(Name, Spanned<OptionValue>)>,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub enum OptionValue {
    /// The option's name alone: `compacted`.
    Flag,
    /// `format: json`, `key: merchant.id`, `key: (card, rule)`
    Paths(Vec<Path>),
}

/// Where a source reads or a sink writes.
#[derive(Clone, PartialEq, Debug)]
pub enum Connector {
    Kafka(TopicRef),
    Other(ConnectorRef),
}

/// `http.poll("https://…", every: 30s)`
#[derive(Clone, PartialEq, Debug)]
pub struct ConnectorRef {
    /// `http.poll`
    pub name: Name,
    pub arguments: Vec<Expr>,
    pub options: Vec<(Name, Expr)>,
    /// `failed -> kafka("…")`
    pub routes: Vec<(Name, TopicRef)>,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub struct SourceDecl {
    pub name: Name,
    pub ty: TypeExpr,
    pub from: Connector,
    pub key: Option<Path>,
    pub time: Option<TimeClause>,
    pub malformed: Option<TopicRef>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct TimeClause {
    pub field: Path,
    /// In microseconds.
    pub out_of_order: Option<Spanned<i64>>,
    pub idle: Option<Spanned<i64>>,
    /// How far ahead of the machine's clock an event may be.
    pub ahead: Option<Spanned<i64>>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct TableDecl {
    pub name: Name,
    pub global: bool,
    pub ty: TypeExpr,
    pub topic: TopicRef,
    pub key: Option<Path>,
    /// In microseconds.
    pub history: Option<Spanned<i64>>,
    /// In microseconds.
    pub ttl: Option<Spanned<i64>>,
    pub malformed: Option<TopicRef>,
}

/// `stream name = a |> …`, `table name = …` or with `merge a, b`.
#[derive(Clone, PartialEq, Debug)]
pub struct StreamDecl {
    pub name: Name,
    /// Declared with `table`.
    pub is_table: bool,
    pub inputs: Vec<Name>,
    pub steps: Vec<Step>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    pub kind: StepKind,
    pub span: Span,
    pub alias: Option<Name>,
    pub errors: Option<TopicRef>,
}

#[derive(Clone, PartialEq, Debug)]
#[expect(clippy::large_enum_variant, reason = "a file has a few thousand steps at most")]
pub enum StepKind {
    Filter(Expr),
    Map(Expr),
    Select(Vec<Path>),
    Drop(Vec<Path>),
    Add(Vec<(Name, Expr)>),
    GroupBy(Vec<Expr>),
    RepartitionBy(Vec<Expr>),
    Window(WindowStep),
    Aggregate(Vec<(Name, Expr)>),
    Rolling(RollingStep),
    Join(JoinStep),
    Match(MatchStep),
    /// Each arm is a stream of its own.
    Branch(Vec<BranchArm>),
    Via(ViaStep),
    Latest(Vec<Expr>),
    Changes(Option<Expr>),
    Top(TopStep),
    Schedule(ScheduleStep),
    /// `expand items as item`
    Expand {
        left: bool,
        list: Expr,
        name: Name,
    },
    /// `flat map […]`: each element is an event.
    FlatMap(Expr),
    Dedupe {
        by: Vec<Expr>,
        within: Spanned<i64>,
    },
    Emit(EmitKind),
    /// In microseconds.
    Ttl(Spanned<i64>),
}

#[derive(Clone, PartialEq, Debug)]
pub struct RollingStep {
    pub range: RollingRange,
    pub by: Vec<Expr>,
    pub excluding_current: bool,
    pub granularity: Option<Spanned<i64>>,
    pub ordered: bool,
    pub functions: Vec<(Name, Expr)>,
    pub late: Option<TopicRef>,
}

#[derive(Clone, PartialEq, Debug)]
pub enum RollingRange {
    /// In microseconds.
    Time(Spanned<i64>),
    Rows(Spanned<i64>),
}

/// `left join rates as r by currency as of at where amount > r.floor`, `join shipments as s within 1h after on id == s.order`
#[derive(Clone, PartialEq, Debug)]
pub struct JoinStep {
    pub kind: JoinWord,
    pub other: Name,
    pub alias: Option<Name>,
    pub within: Option<JoinWithin>,
    /// `by`: the other's key, in the order of its parts. Empty where there is `on`.
    pub by: Vec<Expr>,
    pub on: Option<Expr>,
    pub as_of: Option<Expr>,
    pub condition: Option<Expr>,
    pub grace: Option<Spanned<i64>>,
    pub late: Option<TopicRef>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JoinWord {
    Inner,
    Left,
    Outer,
}

/// How long before, how long after this event the other one may have come. `within 10m` says the same of both.
#[derive(Clone, PartialEq, Debug)]
pub struct JoinWithin {
    pub before: Option<Spanned<i64>>,
    pub after: Option<Spanned<i64>>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct MatchStep {
    pub by: Vec<Expr>,
    pub within: Spanned<i64>,
    pub elements: Vec<PatternElement>,
    pub skip: Option<Spanned<Skip>>,
    pub late: Option<TopicRef>,
}

/// Where the search goes on behind a match: `skip to next`, `skip past last`, `skip to first b`, `skip to last b`
#[derive(Clone, PartialEq, Debug)]
pub enum Skip {
    ToNext,
    PastLast,
    ToFirst(Name),
    ToLast(Name),
}

/// `a`, `b? if …`, `c{2,5}`, `d if … | e if …`, `not f`, `absent g`
#[derive(Clone, PartialEq, Debug)]
pub struct PatternElement {
    pub word: PatternWord,
    /// More than one: alternatives.
    pub variables: Vec<PatternVariable>,
    pub span: Span,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PatternWord {
    Event,
    Not,
    Absent,
}

#[derive(Clone, PartialEq, Debug)]
pub struct PatternVariable {
    pub name: Name,
    /// None: once.
    pub times: Option<Spanned<PatternTimes>>,
    /// Aggregates over the events that it takes.
    pub totals: Vec<(Name, Expr)>,
    pub condition: Option<Expr>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PatternTimes {
    pub least: u32,
    pub most: Option<u32>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct BranchArm {
    pub name: Name,
    /// None: `else`.
    pub condition: Option<Expr>,
}

/// `via kafka("topic") key id, time at`
#[derive(Clone, PartialEq, Debug)]
pub struct ViaStep {
    pub topic: TopicRef,
    pub key: Option<Path>,
    pub time: Option<TimeClause>,
    pub malformed: Option<TopicRef>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct TopStep {
    pub count: Spanned<i64>,
    /// With whether the largest stands first.
    pub order: Vec<(Expr, bool)>,
    pub per: Vec<Expr>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct ScheduleStep {
    pub at: Expr,
    pub by: Vec<Expr>,
    pub replace: bool,
    pub cancel: Option<Expr>,
    /// By the machine's clock, and not by event time.
    pub wall_clock: bool,
}

#[derive(Clone, PartialEq, Debug)]
pub struct WindowStep {
    pub kind: WindowKind,
    /// Of a session: its gap.
    pub size: Spanned<i64>,
    /// Of hopping and cumulating windows.
    pub every: Option<Spanned<i64>>,
    pub zone: Option<Name>,
    pub offset: Option<Spanned<i64>>,
    pub grace: Option<Spanned<i64>>,
    pub late: Option<TopicRef>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WindowKind {
    Tumbling,
    Hopping,
    Sliding,
    Session,
    Cumulate,
}

#[derive(Clone, PartialEq, Debug)]
pub enum EmitKind {
    Final,
    Changes,
    Every(Spanned<i64>),
}

#[derive(Clone, PartialEq, Debug)]
pub struct SinkDecl {
    pub stream: Name,
    pub to: Connector,
}

#[derive(Clone, PartialEq, Debug)]
pub struct TestDecl {
    pub name: Name,
    pub cases: Option<TestCases>,
    pub steps: Vec<TestStepDecl>,
    pub span: Span,
}

/// `for c in [ { … }, … ]`: one test for each row, in which `c` is the row.
#[derive(Clone, PartialEq, Debug)]
pub struct TestCases {
    pub name: Name,
    pub rows: Vec<Expr>,
}

#[derive(Clone, PartialEq, Debug)]
pub enum TestStepDecl {
    Feed {
        input: Name,
        rows: Vec<FeedRowDecl>,
    },
    /// `payments <- file("payments.ndjson")`
    FeedFile {
        input: Name,
        file: Name,
    },
    AdvanceTo(Expr),
    /// `expect errors of alerts.map == [ … ]`
    ExpectAside {
        aside: Aside,
        of: Path,
        rows: Vec<Expr>,
    },
    Expect {
        stream: Name,
        rows: Vec<ExpectRowDecl>,
    },
    Snapshot {
        stream: Name,
    },
}

#[derive(Clone, PartialEq, Debug)]
pub enum ExpectRowDecl {
    Row(Expr),
    /// `null key "c1"`: a table's row was deleted.
    Null {
        key: Name,
    },
}

#[derive(Clone, PartialEq, Debug)]
pub enum FeedRowDecl {
    Row(Expr),
    /// `raw "not JSON"`: the bytes of a record as they are.
    Raw {
        text: Name,
        key: Option<Name>,
    },
    /// `null key "c1"`: deletes from a table.
    Null {
        key: Name,
    },
}

pub type Expr = Spanned<ExprKind>;

#[derive(Clone, PartialEq, Debug)]
pub enum ExprKind {
    Int(i64),
    /// Digits and how many of them stand behind the point.
    Decimal(i128, u8),
    Float(f64),
    String(String),
    Bool(bool),
    Null,
    /// Microseconds.
    Duration(i64),
    /// Microseconds since the epoch.
    Timestamp(i64),
    Path(Vec<String>),
    Call(Name, Vec<Expr>),
    Format(Vec<FormatPart>),
    Record(Vec<RecordEntry>),
    List(Vec<Expr>),
    /// `{ "key": value }`
    Map(Vec<(Expr, Expr)>),
    /// `x => …`, an argument of a function that works on lists.
    Lambda(Vec<Name>, Box<Expr>),
    /// `list[0]`, `map["key"]`
    Index(Box<Expr>, Box<Expr>),
    /// `.name` or `?.name` behind what is no plain path.
    Field(Box<Expr>, Name),
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    Match(Box<Expr>, Vec<Arm>),
    Unary(UnaryOp, Box<Expr>),
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// One item that is a list stands for its elements.
    In {
        value: Box<Expr>,
        list: Vec<Expr>,
        negated: bool,
    },
    Between(Box<Expr>, Box<Expr>, Box<Expr>),
    IsNull {
        value: Box<Expr>,
        negated: bool,
    },
}

impl ExprKind {
    /// Its direct parts, in the order of the file.
    pub fn children(&self) -> Vec<&Expr> {
        match self {
            ExprKind::Int(_)
            | ExprKind::Decimal(..)
            | ExprKind::Float(_)
            | ExprKind::String(_)
            | ExprKind::Bool(_)
            | ExprKind::Null
            | ExprKind::Duration(_)
            | ExprKind::Timestamp(_)
            | ExprKind::Path(_) => Vec::new(),
            ExprKind::Call(_, parts) | ExprKind::List(parts) => parts.iter().collect(),
            ExprKind::Format(parts) => {
                let values = parts.iter().filter_map(|part| match part {
                    FormatPart::Value(value) => Some(value),
                    FormatPart::Text(_) => None,
                });
                values.collect()
            }
            ExprKind::Record(entries) => {
                let values = entries.iter().filter_map(|entry| match entry {
                    RecordEntry::Field(_, value) | RecordEntry::Spread(value) => Some(value),
                    RecordEntry::Open => None,
                });
                values.collect()
            }
            ExprKind::Map(entries) => entries.iter().flat_map(|(key, value)| [key, value]).collect(),
            ExprKind::If(a, b, c) | ExprKind::Between(a, b, c) => vec![a, b, c],
            ExprKind::Match(subject, arms) => {
                let mut parts: Vec<&Expr> = vec![subject];
                for arm in arms {
                    parts.extend(arm.patterns.iter().chain(&arm.guard).chain(&arm.value));
                }
                parts
            }
            ExprKind::Unary(_, inner) | ExprKind::Field(inner, _) | ExprKind::Lambda(_, inner) => vec![inner],
            ExprKind::Binary(_, a, b) | ExprKind::Index(a, b) => vec![a, b],
            ExprKind::In { value, list, .. } => std::iter::once(&**value).chain(list).collect(),
            ExprKind::IsNull { value, .. } => vec![value],
        }
    }
}

#[derive(Clone, PartialEq, Debug)]
pub enum FormatPart {
    Text(String),
    Value(Expr),
}

#[derive(Clone, PartialEq, Debug)]
pub enum RecordEntry {
    Field(Name, Expr),
    /// `..it`
    Spread(Expr),
    /// `..`: other fields may be there (in an expectation).
    Open,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Arm {
    /// Empty: `_`.
    pub patterns: Vec<Expr>,
    pub guard: Option<Expr>,
    /// None: `drop`.
    pub value: Option<Expr>,
    pub span: Span,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnaryOp {
    Not,
    Negate,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BinaryOp {
    Or,
    And,
    Coalesce,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}
