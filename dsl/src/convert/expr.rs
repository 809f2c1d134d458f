//! Expressions, types and topics as text, which both spellings share.

use crate::ast::*;
use crate::parse::Scalar;
use crate::source::{SourceFile, Span};
use std::fmt::Write;

pub(super) struct Printer<'a> {
    file: &'a SourceFile,
}

/// How tightly an expression holds together; an operand that holds less tightly needs brackets.
mod level {
    pub(super) const OR: u8 = 1;
    pub(super) const AND: u8 = 2;
    pub(super) const NOT: u8 = 3;
    pub(super) const COMPARE: u8 = 4;
    pub(super) const COALESCE: u8 = 5;
    pub(super) const ADD: u8 = 6;
    pub(super) const MULTIPLY: u8 = 7;
    pub(super) const NEGATE: u8 = 8;
    pub(super) const ATOM: u8 = 9;
}

fn level_of(expr: &Expr) -> u8 {
    match &expr.node {
        ExprKind::Binary(operator, _, _) => operator_of(*operator).1,
        ExprKind::Unary(UnaryOp::Not, _) => level::NOT,
        ExprKind::Unary(UnaryOp::Negate, _) => level::NEGATE,
        ExprKind::In { .. } | ExprKind::Between(..) | ExprKind::IsNull { .. } => level::COMPARE,
        ExprKind::Int(_)
        | ExprKind::Decimal(..)
        | ExprKind::Float(_)
        | ExprKind::String(_)
        | ExprKind::Bool(_)
        | ExprKind::Null
        | ExprKind::Duration(_)
        | ExprKind::Timestamp(_)
        | ExprKind::Path(_)
        | ExprKind::Call(..)
        | ExprKind::Format(_)
        | ExprKind::Record(_)
        | ExprKind::List(_)
        | ExprKind::Map(_)
        // It stands only where an argument does.
        | ExprKind::Lambda(..)
        | ExprKind::Index(..)
        | ExprKind::Field(..)
        | ExprKind::If(..)
        | ExprKind::Match(..) => level::ATOM,
    }
}

fn operator_of(operator: BinaryOp) -> (&'static str, u8) {
    match operator {
        BinaryOp::Or => ("or", level::OR),
        BinaryOp::And => ("and", level::AND),
        BinaryOp::Coalesce => ("??", level::COALESCE),
        BinaryOp::Equal => ("==", level::COMPARE),
        BinaryOp::NotEqual => ("!=", level::COMPARE),
        BinaryOp::Less => ("<", level::COMPARE),
        BinaryOp::LessOrEqual => ("<=", level::COMPARE),
        BinaryOp::Greater => (">", level::COMPARE),
        BinaryOp::GreaterOrEqual => (">=", level::COMPARE),
        BinaryOp::Add => ("+", level::ADD),
        BinaryOp::Subtract => ("-", level::ADD),
        BinaryOp::Multiply => ("*", level::MULTIPLY),
        BinaryOp::Divide => ("/", level::MULTIPLY),
        BinaryOp::Remainder => ("%", level::MULTIPLY),
    }
}

impl Printer<'_> {
    pub(super) fn new(file: &SourceFile) -> Printer<'_> {
        Printer { file }
    }

    pub(super) fn expr(&self, expr: &Expr) -> String {
        match &expr.node {
            ExprKind::Int(number) => self.literal(expr, || number.to_string()),
            ExprKind::Decimal(digits, scale) => self.literal(expr, || decimal(*digits, *scale)),
            ExprKind::Float(number) => self.literal(expr, || format!("{number:e}")),
            ExprKind::Duration(micros) => self.literal(expr, || duration(*micros)),
            ExprKind::Timestamp(micros) => self.literal(expr, || timestamp(*micros)),
            ExprKind::String(text) => string(text),
            ExprKind::Bool(value) => value.to_string(),
            ExprKind::Null => "null".to_owned(),
            ExprKind::Path(path) => path.join("."),
            ExprKind::Call(name, arguments) => format!("{}({})", name.node, self.exprs(arguments)),
            ExprKind::Format(parts) => self.format_string(parts),
            ExprKind::Record(entries) => self.record(entries),
            ExprKind::List(items) => format!("[{}]", self.exprs(items)),
            ExprKind::Map(entries) => {
                let entries =
                    entries.iter().map(|(key, value)| format!("{}: {}", self.map_key(key), self.expr(value)));
                format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
            }
            ExprKind::Lambda(names, body) => {
                let names: Vec<&str> = names.iter().map(|name| name.node.as_str()).collect();
                let body = self.expr(body);
                match &names[..] {
                    [only] => format!("{only} => {body}"),
                    several => format!("({}) => {body}", several.join(", ")),
                }
            }
            ExprKind::Index(value, index) => {
                format!("{}[{}]", self.operand(value, level::ATOM), self.expr(index))
            }
            ExprKind::Field(value, name) => {
                // With a plain dot it would be one path.
                let dot = if matches!(value.node, ExprKind::Path(_)) { "?." } else { "." };
                format!("{}{dot}{}", self.operand(value, level::ATOM), name.node)
            }
            ExprKind::If(condition, then, otherwise) => {
                let otherwise = match &otherwise.node {
                    ExprKind::If(..) => self.expr(otherwise),
                    _ => format!("{{ {} }}", self.expr(otherwise)),
                };
                format!("if {} {{ {} }} else {otherwise}", self.expr(condition), self.expr(then))
            }
            ExprKind::Match(subject, arms) => {
                let arms: Vec<String> = arms.iter().map(|arm| self.arm(arm)).collect();
                format!("match {} {{ {} }}", self.expr(subject), arms.join(", "))
            }
            ExprKind::Unary(UnaryOp::Not, value) => format!("not {}", self.operand(value, level::NOT)),
            ExprKind::Unary(UnaryOp::Negate, value) => format!("-{}", self.operand(value, level::ATOM)),
            ExprKind::Binary(operator, left, right) => {
                let (sign, level) = operator_of(*operator);
                // Equal operators stand from left to right, but for `??`.
                let (least_left, least_right) =
                    if *operator == BinaryOp::Coalesce { (level + 1, level) } else { (level, level + 1) };
                format!("{} {sign} {}", self.operand(left, least_left), self.operand(right, least_right))
            }
            ExprKind::In { value, list, negated } => {
                let word = if *negated { "not in" } else { "in" };
                format!("{} {word} [{}]", self.operand(value, level::COMPARE), self.exprs(list))
            }
            ExprKind::Between(value, low, high) => {
                let bound = |bound: &Expr| match &bound.node {
                    ExprKind::Unary(UnaryOp::Negate, value) => format!("-{}", self.bound(value)),
                    _ => self.bound(bound),
                };
                format!("{} between {} and {}", self.operand(value, level::COMPARE), bound(low), bound(high))
            }
            ExprKind::IsNull { value, negated } => {
                let word = if *negated { "is not null" } else { "is null" };
                format!("{} {word}", self.operand(value, level::COMPARE))
            }
        }
    }

    pub(super) fn exprs(&self, exprs: &[Expr]) -> String {
        exprs.iter().map(|expr| self.expr(expr)).collect::<Vec<_>>().join(", ")
    }

    fn operand(&self, expr: &Expr, least: u8) -> String {
        if level_of(expr) < least { format!("({})", self.expr(expr)) } else { self.expr(expr) }
    }

    /// Nothing stands behind a bound of `between` without brackets.
    fn bound(&self, expr: &Expr) -> String {
        match &expr.node {
            ExprKind::Index(..) | ExprKind::Field(..) => format!("({})", self.expr(expr)),
            _ => self.operand(expr, level::ATOM),
        }
    }

    /// As the file spells it, if it does.
    fn literal(&self, expr: &Expr, canonical: impl Fn() -> String) -> String {
        self.spelt(expr.span, |scalar| {
            scalar.expr(&mut Vec::new()).is_some_and(|read| read.node == expr.node)
        })
        .unwrap_or_else(canonical)
    }

    /// A length of time as the file spells it, if it does.
    pub(super) fn duration(&self, length: &Spanned<i64>) -> String {
        let same = |scalar: &Scalar<'_>| {
            scalar.duration(&mut Vec::new()).is_some_and(|read| read.node == length.node)
        };
        self.spelt(length.span, same).unwrap_or_else(|| duration(length.node))
    }

    fn spelt(&self, span: Span, same: impl Fn(&Scalar<'_>) -> bool) -> Option<String> {
        let text = self.file.text.get(span.start as usize..span.end as usize)?;
        let one_word = |c: char| c.is_ascii_alphanumeric() || ".:-+@".contains(c);
        let scalar = Scalar { text, span, exact: true };
        (text.chars().all(one_word) && same(&scalar)).then(|| text.to_owned())
    }

    fn format_string(&self, parts: &[FormatPart]) -> String {
        let mut out = String::from("f\"");
        for part in parts {
            match part {
                FormatPart::Text(text) => {
                    out.push_str(&escaped(text).replace('{', "{{").replace('}', "}}"));
                }
                FormatPart::Value(value) => {
                    let value = self.expr(value);
                    // Two braces in a row would be one of the text.
                    let gap = if value.starts_with('{') { " " } else { "" };
                    let _ = write!(out, "{{{gap}{value}{gap}}}");
                }
            }
        }
        out + "\""
    }

    fn record(&self, entries: &[RecordEntry]) -> String {
        if entries.is_empty() {
            return "{}".to_owned();
        }
        let entries: Vec<String> = entries.iter().map(|entry| self.entry(entry)).collect();
        format!("{{ {} }}", entries.join(", "))
    }

    fn entry(&self, entry: &RecordEntry) -> String {
        match entry {
            RecordEntry::Open => "..".to_owned(),
            RecordEntry::Spread(value) => format!("..{}", self.expr(value)),
            RecordEntry::Field(name, value) if is_short(name, value) => name.node.clone(),
            RecordEntry::Field(name, value) => format!("{}: {}", name.node, self.expr(value)),
        }
    }

    /// A key that is no literal stands in brackets.
    fn map_key(&self, key: &Expr) -> String {
        match &key.node {
            ExprKind::String(_)
            | ExprKind::Format(_)
            | ExprKind::Int(_)
            | ExprKind::Decimal(..)
            | ExprKind::Float(_) => self.expr(key),
            _ => format!("({})", self.expr(key)),
        }
    }

    fn arm(&self, arm: &Arm) -> String {
        let mut out = match &arm.patterns[..] {
            [] => "_".to_owned(),
            patterns => patterns.iter().map(|pattern| self.expr(pattern)).collect::<Vec<_>>().join(" | "),
        };
        if let Some(guard) = &arm.guard {
            let _ = write!(out, " if {}", self.expr(guard));
        }
        let value = match &arm.value {
            None => "drop".to_owned(),
            // The word alone drops the event.
            Some(value) => match self.expr(value) {
                text if text.split(|c| !is_word(c)).next() == Some("drop") => format!("({text})"),
                text => text,
            },
        };
        out + " => " + &value
    }

    pub(super) fn type_expr(&self, ty: &TypeExpr) -> String {
        match &ty.node {
            TypeKind::Named(name) => name.clone(),
            TypeKind::Decimal { precision, scale } => format!("decimal({precision},{scale})"),
            TypeKind::Record(fields) => self.record_type(fields),
            TypeKind::Nullable(inner) => self.type_expr(inner) + "?",
            TypeKind::Braced(field) => self.record_type(std::slice::from_ref(field)),
            TypeKind::List(inner) => format!("[{}]", self.type_expr(inner)),
            TypeKind::Enum(names) => {
                format!("{{ {} }}", names.iter().map(variant).collect::<Vec<_>>().join(", "))
            }
        }
    }

    fn record_type(&self, fields: &[FieldDecl]) -> String {
        if fields.is_empty() {
            return "{}".to_owned();
        }
        let field = |field: &FieldDecl| format!("{}: {}", field.name.node, self.type_expr(&field.ty));
        format!("{{ {} }}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
    }

    /// An element of a pattern: `b? if b.country != a.country`.
    pub(super) fn element(&self, element: &PatternElement) -> String {
        let word = match element.word {
            PatternWord::Event => "",
            PatternWord::Not => "not ",
            PatternWord::Absent => "absent ",
        };
        let variable = |variable: &PatternVariable| {
            let times = variable.times.as_ref().map_or_else(String::new, |times| self::times(times.node));
            let condition = variable
                .condition
                .as_ref()
                .map_or_else(String::new, |expr| format!(" if {}", self.expr(expr)));
            let totals: Vec<String> = variable
                .totals
                .iter()
                .map(|(name, call)| format!("{}: {}", name.node, self.expr(call)))
                .collect();
            let totals =
                if totals.is_empty() { String::new() } else { format!(" {{ {} }}", totals.join(", ")) };
            format!("{}{times}{totals}{condition}", variable.name.node)
        };
        word.to_owned() + &element.variables.iter().map(variable).collect::<Vec<_>>().join(" | ")
    }

    /// Behind `skip`.
    pub(super) fn skip(&self, skip: &Skip) -> String {
        match skip {
            Skip::ToNext => "to next".to_owned(),
            Skip::PastLast => "past last".to_owned(),
            Skip::ToFirst(name) => format!("to first {}", name.node),
            Skip::ToLast(name) => format!("to last {}", name.node),
        }
    }

    /// A part of an order: `amount desc`.
    pub(super) fn order(&self, (expr, descending): &(Expr, bool)) -> String {
        format!("{} {}", self.expr(expr), if *descending { "desc" } else { "asc" })
    }

    /// `kafka`, or `embedded` where the file says so: they are one in the AST.
    pub(super) fn topic_word(&self, topic: &TopicRef) -> &'static str {
        let text = &self.file.text;
        let own = &text[topic.span.start as usize..];
        let before = text[..topic.span.start as usize]
            .trim_end_matches(|c: char| c.is_whitespace() || "{\"'".contains(c));
        if own.starts_with("embedded") && !self.file.is_yaml() || before.ends_with("embedded:") {
            "embedded"
        } else {
            "kafka"
        }
    }
}

fn times(times: PatternTimes) -> String {
    match (times.least, times.most) {
        (0, Some(1)) => "?".to_owned(),
        (1, None) => "+".to_owned(),
        (0, None) => "*".to_owned(),
        (least, Some(most)) if least == most => format!("{{{least}}}"),
        (least, Some(most)) => format!("{{{least},{most}}}"),
        (least, None) => format!("{{{least},}}"),
    }
}

/// `{ id }` in place of `{ id: id }`.
pub(super) fn is_short(name: &Name, value: &Expr) -> bool {
    matches!(&value.node, ExprKind::Path(path) if path.len() == 1 && path[0] == name.node)
}

/// The name of an enum's value: in quotes if it is no plain name.
fn variant(name: &Name) -> String {
    if is_name(&name.node) { name.node.clone() } else { string(&name.node) }
}

pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(is_word)
}

fn is_word(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_'
}

pub(super) fn path(path: &Path) -> String {
    path.node.join(".")
}

/// A string of the language.
pub(super) fn string(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            other => out.push(other),
        }
    }
    out
}

fn decimal(digits: i128, scale: u8) -> String {
    let text = format!("{:0>width$}", digits.unsigned_abs(), width = usize::from(scale) + 1);
    let sign = if digits < 0 { "-" } else { "" };
    let (whole, fraction) = text.split_at(text.len() - usize::from(scale));
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn duration(micros: i64) -> String {
    const UNITS: [(&str, i64); 6] = [
        ("d", 86_400_000_000),
        ("h", 3_600_000_000),
        ("m", 60_000_000),
        ("s", 1_000_000),
        ("ms", 1000),
        ("us", 1),
    ];
    let mut out = String::new();
    let mut rest = micros;
    for (unit, length) in UNITS {
        if rest >= length {
            let _ = write!(out, "{}{unit}", rest / length);
            rest %= length;
        }
    }
    if out.is_empty() { "0s".to_owned() } else { out }
}

fn timestamp(micros: i64) -> String {
    match chrono::DateTime::from_timestamp_micros(micros) {
        Some(time) => format!("@{}", time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)),
        None => format!("@{micros}"),
    }
}
