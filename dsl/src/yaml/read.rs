//! Reads the parts that all declarations are made of.

use super::keys;
use super::shape::Table;
use super::split::is_split_off;
use super::tree::{Key, Kind, Node, Scalar};
use crate::ast::*;
use crate::diagnostic::{Code, Diagnostic, codes, did_you_mean};
use crate::facts::CURSOR;
use crate::parse::braced;
use crate::source::Span;

pub(super) struct Reader<'a> {
    /// What could stand in place of [`CURSOR`], if it was met as a key.
    pub(super) keys_at_cursor: Vec<String>,
    pub(super) diagnostics: &'a mut Vec<Diagnostic>,
    /// Inside of a test with cases: the name of the case's row.
    pub(super) case: Option<String>,
}

pub(super) type Entries<'a> = Vec<(&'a Key, &'a Node)>;

impl Reader<'_> {
    pub(super) fn error(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(code, span, message));
    }

    /// The entries of a map, those whose keys are known.
    pub(super) fn entries<'n>(&mut self, node: &'n Node, what: &str, table: &Table) -> Entries<'n> {
        let known = table.names();
        let Kind::Map(entries) = &node.kind else {
            let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            self.error(codes::YAML_SHAPE, node.span, format!("{what} is a map with {}", names.join(", ")));
            return Vec::new();
        };
        let mut found = Vec::new();
        let split = self.split_values(entries);
        for (index, (key, value)) in entries.iter().enumerate() {
            if split.parts.contains(&index) {
                continue;
            }
            if key.name == CURSOR {
                let others: Vec<&str> = entries.iter().map(|(key, _)| key.name.as_str()).collect();
                let free = known.iter().filter(|name| !others.contains(name));
                self.keys_at_cursor = free.map(|&name| name.to_owned()).collect();
            }
            if known.contains(&key.name.as_str()) {
                found.push((key, value));
                continue;
            }
            let mut diagnostic =
                Diagnostic::error(codes::YAML_SHAPE, key.span, format!("{what} has no `{}`", key.name));
            diagnostic = match did_you_mean(&key.name, known.iter().copied()) {
                Some(meant) => diagnostic.meant(&meant),
                None => diagnostic.note(format!("there is {}", known.join(", "))),
            };
            self.diagnostics.push(diagnostic);
        }
        found
    }

    /// Of these keys one is there at most.
    pub(super) fn one_of(&mut self, fields: &Entries<'_>, names: &[&str]) -> Option<()> {
        let mut found = fields.iter().filter(|(key, _)| names.contains(&key.name.as_str()));
        let (Some((first, _)), Some((second, _))) = (found.next(), found.next()) else { return Some(()) };
        let message = format!("`{}` and `{}` exclude each other", first.name, second.name);
        self.diagnostics.push(
            Diagnostic::error(codes::YAML_SHAPE, second.span, message)
                .because(first.span, "the other is here"),
        );
        None
    }

    pub(super) fn find<'n>(&self, entries: &Entries<'n>, name: &str) -> Option<&'n Node> {
        entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| *node)
    }

    pub(super) fn needed<'n>(&mut self, place: &Node, entries: &Entries<'n>, name: &str) -> Option<&'n Node> {
        let found = self.find(entries, name);
        let whole = |entries: &[(Key, Node)]| !entries.iter().any(|(key, value)| is_split_off(key, value));
        // Of a value that a comma has split in two only that is told.
        if found.is_none() && matches!(&place.kind, Kind::Map(entries) if whole(entries)) {
            let span = entries.first().map_or(place.span, |(key, _)| key.span);
            self.error(codes::YAML_SHAPE, span, format!("`{name}` is missing here"));
        }
        found
    }

    /// Declarations by name.
    pub(super) fn each<T>(
        &mut self,
        node: &Node,
        mut read: impl FnMut(&mut Self, Name, &Node) -> Option<T>,
    ) -> Vec<T> {
        match &node.kind {
            Kind::Null => Vec::new(),
            Kind::Map(entries) => {
                let mut all = Vec::new();
                let split = self.split_values(entries);
                for (index, (key, value)) in entries.iter().enumerate() {
                    let value = match split.whole.get(&index) {
                        Some(whole) => whole,
                        None if split.parts.contains(&index) => continue,
                        None => value,
                    };
                    if let Some(name) = self.key_name(key) {
                        all.extend(read(self, name, value));
                    }
                }
                all
            }
            Kind::Seq(items) => {
                let example = match items.first().map(|item| &item.kind) {
                    Some(Kind::Map(entries)) => entries.first().map_or("NAME", |(key, _)| key.name.as_str()),
                    _ => "NAME",
                };
                let note = format!("leave the `- ` away: `{example}: …` in place of `- {example}: …`");
                let diagnostic = Diagnostic::error(
                    codes::YAML_SHAPE,
                    node.span,
                    "this is a list, and a map of names is needed",
                );
                self.diagnostics.push(diagnostic.note(note));
                Vec::new()
            }
            _ => {
                self.error(codes::YAML_SHAPE, node.span, "a map of names is needed here");
                Vec::new()
            }
        }
    }

    pub(super) fn key_name(&mut self, key: &Key) -> Option<Name> {
        let mut chars = key.name.chars();
        let first = chars.next().is_some_and(|char| char.is_ascii_alphabetic() || char == '_');
        if first && chars.all(|char| char.is_ascii_alphanumeric() || char == '_') {
            return Some(Spanned::new(key.name.clone(), key.span));
        }
        if let Some(at) = key.name.find(" //") {
            let start = key.span.start + at as u32 + 1;
            let slashes = Span { start, end: start + 2 };
            self.diagnostics.push(
                Diagnostic::error(codes::YAML_SHAPE, slashes, "a comment begins with `#` in YAML")
                    .replaced_in_yaml(slashes, "#"),
            );
        } else if key.name.ends_with([')', ']', '}']) {
            self.split_by_comma(key.span, None);
        } else {
            self.error(
                codes::YAML_SHAPE,
                key.span,
                format!("{:?} is no name: letters, digits and underscores", key.name),
            );
        }
        None
    }

    pub(super) fn scalar<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n Scalar> {
        match &node.kind {
            Kind::Scalar(scalar) => Some(scalar),
            _ => {
                self.error(codes::YAML_SHAPE, node.span, format!("{what} is needed here"));
                None
            }
        }
    }

    pub(super) fn name(&mut self, node: &Node) -> Option<Name> {
        let scalar = self.scalar(node, "a name")?;
        let key = Key { name: scalar.text.clone(), span: scalar.span };
        self.key_name(&key)
    }

    pub(super) fn names(&mut self, node: &Node) -> Vec<Name> {
        match &node.kind {
            Kind::Seq(items) if !items.is_empty() => {
                items.iter().filter_map(|item| self.name(item)).collect()
            }
            _ => {
                self.error(codes::YAML_SHAPE, node.span, "a list of names is needed here: `[a, b]`");
                Vec::new()
            }
        }
    }

    pub(super) fn path(&mut self, node: &Node) -> Option<Path> {
        let scalar = self.scalar(node, "a field")?;
        scalar.as_text().path(self.diagnostics)
    }

    /// The items of a list that must say something: the text form has none that is empty.
    pub(super) fn some<'n>(&mut self, node: &'n Node, items: &'n [Node], what: &str) -> Option<&'n [Node]> {
        if items.is_empty() {
            self.error(codes::YAML_SHAPE, node.span, format!("this list is empty: {what} is needed here"));
            return None;
        }
        Some(items)
    }

    pub(super) fn paths(&mut self, node: &Node) -> Option<Vec<Path>> {
        match &node.kind {
            Kind::Seq(items) => {
                self.some(node, items, "a field")?.iter().map(|item| self.path(item)).collect()
            }
            _ => Some(vec![self.path(node)?]),
        }
    }

    pub(super) fn duration(&mut self, node: &Node) -> Option<Spanned<i64>> {
        let scalar = self.scalar(node, "a length of time such as `10m`")?;
        scalar.as_text().duration(self.diagnostics)
    }

    /// An expression in a scalar. A quoted one is text of the language too: `"a == \"x\""`.
    pub(super) fn expr(&mut self, node: &Node) -> Option<Expr> {
        if matches!(node.kind, Kind::Null) {
            return Some(Spanned::new(ExprKind::Null, node.span));
        }
        let scalar = self.scalar(node, "an expression")?;
        scalar.as_text().expr(self.diagnostics)
    }

    /// An expression, a map of them (a record), or a list of them.
    pub(super) fn value(&mut self, node: &Node) -> Option<Expr> {
        if let Kind::Seq(items) = &node.kind {
            let items = items.iter().map(|item| self.value(item)).collect::<Option<_>>()?;
            return Some(Spanned::new(ExprKind::List(items), self.whole(node)));
        }
        let Kind::Map(_) = &node.kind else { return self.expr(node) };
        let wrong = self.diagnostics.len();
        let entries = self.each(node, |reader, name, node| {
            let value = reader.field(&name, node)?;
            Some(RecordEntry::Field(name, value))
        });
        (self.diagnostics.len() == wrong).then(|| Spanned::new(ExprKind::Record(entries), self.whole(node)))
    }

    /// The value of a field. `{ card }` of the text form is short for `card: card`; to YAML it is a key without a value.
    pub(super) fn field(&mut self, name: &Name, node: &Node) -> Option<Expr> {
        let is_written = node.span.start < node.span.end || name.node.contains(CURSOR);
        if is_written || !matches!(node.kind, Kind::Null) {
            return self.value(node);
        }
        let field = &name.node;
        self.diagnostics.push(
            Diagnostic::error(codes::YAML_SHAPE, name.span, format!("the field `{field}` has no value"))
                .here(format!("write `{field}: {field}`"))
                .note(format!(
                    "a field by its name alone is read inside of quotes, as in `map: '{{ {field}, … }}'`"
                )),
        );
        None
    }

    /// From the first key of a map to the end of its last value.
    pub(super) fn whole(&self, node: &Node) -> Span {
        match &node.kind {
            Kind::Map(entries) => match (entries.first(), entries.last()) {
                (Some((first, _)), Some((_, last))) => first.span.to(self.whole(last)),
                _ => node.span,
            },
            Kind::Seq(items) => match (items.first(), items.last()) {
                (Some(first), Some(last)) => self.whole(first).to(self.whole(last)),
                _ => node.span,
            },
            _ => node.span,
        }
    }

    pub(super) fn assignments(&mut self, node: &Node) -> Option<Vec<(Name, Expr)>> {
        let wrong = self.diagnostics.len();
        let all = self.each(node, |reader, name, node| Some((name, reader.expr(node)?)));
        (self.diagnostics.len() == wrong).then_some(all)
    }

    /// A field, a list of them, or `a, b` in a scalar.
    pub(super) fn by(&mut self, node: &Node) -> Option<Vec<Expr>> {
        match &node.kind {
            Kind::Seq(items) => {
                self.some(node, items, "a field")?.iter().map(|item| self.expr(item)).collect()
            }
            _ => self.scalar(node, "a field")?.as_text().by(self.diagnostics),
        }
    }

    pub(super) fn type_expr(&mut self, node: &Node) -> Option<TypeExpr> {
        match &node.kind {
            Kind::Map(_) => {
                let fields = self
                    .each(node, |reader, name, node| Some(FieldDecl { name, ty: reader.type_expr(node)? }));
                Some(Spanned::new(braced(fields), self.whole(node)))
            }
            Kind::Seq(items) => match &items[..] {
                [item] => {
                    let item = self.type_expr(item)?;
                    Some(Spanned::new(TypeKind::List(Box::new(item)), self.whole(node)))
                }
                _ => {
                    self.error(codes::YAML_SHAPE, node.span, "a list has one type of elements: `[string]`");
                    None
                }
            },
            _ => self.scalar(node, "a type")?.as_text().ty(self.diagnostics),
        }
    }

    /// The body of a declared type: braces are a record there, however many fields it has.
    pub(super) fn type_body(&mut self, node: &Node) -> Option<TypeExpr> {
        let body = self.type_expr(node)?;
        Some(match (&node.kind, body.node) {
            (Kind::Map(_), TypeKind::Braced(field)) => {
                Spanned::new(TypeKind::Record(vec![*field]), body.span)
            }
            (_, kind) => Spanned::new(kind, body.span),
        })
    }

    /// `[placed, paid, "in transit"]`
    pub(super) fn variants(&mut self, node: &Node) -> Option<TypeExpr> {
        let Kind::Seq(items) = &node.kind else {
            self.error(codes::YAML_SHAPE, node.span, "an enum is a list of names: `[placed, paid]`");
            return None;
        };
        let names = self.some(node, items, "a name")?.iter().map(|item| {
            let scalar = self.scalar(item, "a name")?;
            Some(Spanned::new(scalar.text.clone(), scalar.span))
        });
        let names = names.collect::<Option<Vec<Name>>>()?;
        Some(Spanned::new(TypeKind::Enum(names), self.whole(node)))
    }

    /// `kafka: topic`, or `kafka: { topic: …, … }`, among the fields of a declaration.
    pub(super) fn topic_of(&mut self, node: &Node, fields: &Entries<'_>) -> Option<TopicRef> {
        self.one_of(fields, keys::TOPICS)?;
        let topic = self.find(fields, "kafka").or_else(|| self.find(fields, "embedded"));
        if topic.is_none() && matches!(node.kind, Kind::Map(_)) {
            let span = fields.first().map_or(node.span, |(key, _)| key.span);
            self.error(codes::YAML_SHAPE, span, "the topic is missing here: `kafka: NAME`");
        }
        self.topic(topic?)
    }

    /// `{ kafka: … }`, as a sink or a route has it.
    pub(super) fn topic_holder(&mut self, node: &Node) -> Option<TopicRef> {
        if let Kind::Scalar(scalar) = &node.kind {
            let text = format!("{{ kafka: {} }}", scalar.text);
            self.diagnostics.push(
                Diagnostic::error(codes::YAML_SHAPE, node.span, "a topic says what it is a topic of")
                    .here(format!("write `{text}`"))
                    .replaced_in_yaml(node.span, text),
            );
            return None;
        }
        let fields = self.entries(node, "a topic", &keys::ROUTE);
        self.topic_of(node, &fields)
    }

    fn topic(&mut self, node: &Node) -> Option<TopicRef> {
        if let Kind::Scalar(scalar) = &node.kind {
            let topic = Spanned::new(scalar.text.clone(), scalar.span);
            return Some(TopicRef { topic, options: Vec::new(), span: node.span });
        }
        let fields = self.entries(node, "a topic", &keys::TOPIC);
        let named = self.needed(node, &fields, "topic")?;
        let scalar = self.scalar(named, "a topic's name")?;
        let mut topic = TopicRef {
            topic: Spanned::new(scalar.text.clone(), scalar.span),
            options: Vec::new(),
            span: self.whole(node),
        };
        for (key, value) in fields.iter().filter(|(key, _)| key.name != "topic") {
            let flag = match &value.kind {
                Kind::Scalar(_) if key.name == "compacted" => Some(self.flag(value)?),
                Kind::Null => Some(true),
                _ => None,
            };
            let name = Spanned::new(key.name.clone(), key.span);
            match flag {
                Some(true) => topic.options.push((name, Spanned::new(OptionValue::Flag, key.span))),
                Some(false) => {}
                None if key.name == "compacted" => {
                    self.error(codes::YAML_SHAPE, value.span, "this is `true` or `false`");
                }
                None => {
                    let paths = match key.name.as_str() {
                        "key" => self.paths(value)?,
                        _ => vec![self.scalar(value, "a word")?.as_text().path(self.diagnostics)?],
                    };
                    topic.options.push((name, Spanned::new(OptionValue::Paths(paths), self.whole(value))));
                }
            }
        }
        Some(topic)
    }
}
