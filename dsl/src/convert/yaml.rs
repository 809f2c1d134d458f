//! The AST in the YAML form.

use super::comments::Comments;
use super::expr::{Printer, is_short, path};
use super::tide::place_of;
use super::yaml_text::{Entry, Value, text, write as write_yaml};
use crate::ast::*;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;

pub(super) fn write(
    topology: &Topology,
    printer: &Printer<'_>,
    comments: &mut Comments,
) -> Result<String, Vec<Diagnostic>> {
    let mut writer = Writer { printer, comments, diagnostics: Vec::new(), case: None };
    let entries = writer.topology(topology);
    let mut out = String::new();
    write_yaml(&entries, 0, &mut out);
    if writer.diagnostics.is_empty() { Ok(out) } else { Err(writer.diagnostics) }
}

pub(super) struct Writer<'a> {
    pub(super) printer: &'a Printer<'a>,
    pub(super) comments: &'a mut Comments,
    /// What YAML cannot say.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// The name of the rows of the test in hand: a path that begins with it is no text.
    pub(super) case: Option<String>,
}

impl Writer<'_> {
    fn topology(&mut self, topology: &Topology) -> Vec<Entry> {
        let Topology { name, uses, types, params, functions, sources, tables, streams, sinks, serves, tests } =
            topology;
        let mut entries = Vec::new();
        if let Some(name) = name {
            entries.push(self.at(name.span, "topology", text(&name.node)));
        }
        let used = uses.iter().map(|decl| {
            let names = decl.names.iter().map(|name| Entry::item(text(&name.node)));
            self.named(&decl.path, Value::List(names.collect()))
        });
        let used: Vec<Entry> = used.collect();
        self.once(uses.iter().map(|decl| &decl.path), "two `use` of one file: write them as one");
        let is_enum = |decl: &&TypeDecl| matches!(decl.body.node, TypeKind::Enum(_));
        let (enums, types): (Vec<&TypeDecl>, Vec<&TypeDecl>) = types.iter().partition(is_enum);
        let [types, enums] = [types, enums].map(|decls| {
            let entries = decls.into_iter().map(|decl| {
                let value = self.type_expr(&decl.body);
                self.named(&decl.name, value)
            });
            entries.collect::<Vec<Entry>>()
        });
        let params = params.iter().map(|decl| {
            let ty = self.type_expr(&decl.ty);
            let value = text(self.printer.expr(&decl.value));
            self.named(&decl.name, Value::Map(vec![Entry::new("type", ty), Entry::new("value", value)]))
        });
        let params = params.collect();
        let functions = functions.iter().map(|decl| self.function(decl)).collect();
        let sources = sources.iter().map(|decl| self.source(decl)).collect();
        let mut tables: Vec<Entry> = tables.iter().map(|decl| self.table(decl)).collect();
        tables.extend(streams.iter().filter(|decl| decl.is_table).map(|decl| self.stream(decl)));
        let streams = streams.iter().filter(|decl| !decl.is_table).map(|decl| self.stream(decl)).collect();
        let sinks = self.sinks(sinks);
        self.once(serves.iter().map(|decl| &decl.table), "two paths for one table");
        let serves = serves.iter().map(|decl| self.named(&decl.table, text(&decl.path.node))).collect();
        let tests: Vec<Entry> = tests.iter().map(|decl| self.test(decl)).collect();
        let sections: [(&str, Vec<Entry>); 10] = [
            ("use", used),
            ("types", types),
            ("enums", enums),
            ("params", params),
            ("functions", functions),
            ("sources", sources),
            ("tables", tables),
            ("streams", streams),
            ("sinks", sinks),
            ("serve", serves),
        ];
        for (name, section) in sections {
            if !section.is_empty() {
                entries.push(Entry::new(name, Value::Map(section)).open());
            }
        }
        if !tests.is_empty() {
            entries.push(Entry::new("tests", Value::List(tests)).open());
        }
        entries
    }

    fn at(&mut self, place: Span, key: &str, value: Value) -> Entry {
        Entry::new(key, value).with(self.comments.take(place))
    }

    fn named(&mut self, name: &Name, value: Value) -> Entry {
        self.at(name.span, &name.node, value)
    }

    fn type_expr(&mut self, ty: &TypeExpr) -> Value {
        match &ty.node {
            TypeKind::Record(fields) if !fields.is_empty() => {
                let fields = fields.iter().map(|field| {
                    let value = self.type_expr(&field.ty);
                    self.named(&field.name, value)
                });
                Value::Map(fields.collect())
            }
            TypeKind::Braced(field) => {
                let value = self.type_expr(&field.ty);
                Value::Map(vec![self.named(&field.name, value)])
            }
            TypeKind::List(inner) => Value::List(vec![Entry::item(self.type_expr(inner))]),
            TypeKind::Enum(names) => {
                let names = names
                    .iter()
                    .map(|name| Entry::item(text(&name.node)).with(self.comments.take(name.span)));
                Value::List(names.collect())
            }
            TypeKind::Record(_) | TypeKind::Named(_) | TypeKind::Decimal { .. } | TypeKind::Nullable(_) => {
                text(self.printer.type_expr(ty))
            }
        }
    }

    fn function(&mut self, decl: &FunctionDecl) -> Entry {
        let mut entries = Vec::new();
        if !decl.arguments.is_empty() {
            let arguments = decl.arguments.iter().map(|field| {
                let value = self.type_expr(&field.ty);
                self.named(&field.name, value)
            });
            entries.push(Entry::new("arguments", Value::Map(arguments.collect())));
        }
        let result = self.type_expr(&decl.result);
        entries.push(Entry::new("returns", result));
        let body = self.value(&decl.body);
        entries.push(self.at(decl.body.span, "body", body));
        self.named(&decl.name, Value::Map(entries)).open()
    }

    /// A record whose fields all say their value may be a map; everything else is text of the language.
    fn value(&self, expr: &Expr) -> Value {
        let ExprKind::Record(entries) = &expr.node else { return text(self.printer.expr(expr)) };
        let fields: Option<Vec<Entry>> = entries
            .iter()
            .map(|entry| match entry {
                RecordEntry::Field(name, value) if !is_short(name, value) => {
                    Some(Entry::new(&name.node, self.value(value)))
                }
                RecordEntry::Field(..) | RecordEntry::Spread(_) | RecordEntry::Open => None,
            })
            .collect();
        match fields {
            Some(fields) if !fields.is_empty() => Value::Map(fields),
            _ => text(self.printer.expr(expr)),
        }
    }

    fn source(&mut self, decl: &SourceDecl) -> Entry {
        let mut entries = vec![Entry::new("type", self.type_expr(&decl.ty)), self.connector(&decl.from)];
        entries.extend(self.key(decl.key.as_ref()));
        if let Some(time) = &decl.time {
            let value = self.time(time);
            entries.push(self.at(time.field.span, "time", value));
        }
        entries.extend(self.route("malformed", decl.malformed.as_ref()));
        self.named(&decl.name, Value::Map(entries)).open()
    }

    fn table(&mut self, decl: &TableDecl) -> Entry {
        let mut entries = Vec::new();
        if decl.global {
            entries.push(Entry::new("global", text("true")));
        }
        entries.push(Entry::new("type", self.type_expr(&decl.ty)));
        entries.push(self.topic_entry(&decl.topic));
        entries.extend(self.key(decl.key.as_ref()));
        entries.extend(decl.history.as_ref().map(|length| Entry::new("history", self.duration(length))));
        entries.extend(decl.ttl.as_ref().map(|length| Entry::new("ttl", self.duration(length))));
        entries.extend(self.route("malformed", decl.malformed.as_ref()));
        self.named(&decl.name, Value::Map(entries)).open()
    }

    fn time(&self, time: &TimeClause) -> Value {
        if time.out_of_order.is_none() && time.idle.is_none() && time.ahead.is_none() {
            return text(path(&time.field));
        }
        let mut entries = vec![Entry::new("field", text(path(&time.field)))];
        let lengths = [("out_of_order", &time.out_of_order), ("idle", &time.idle), ("ahead", &time.ahead)];
        for (key, length) in lengths {
            entries.extend(length.as_ref().map(|length| Entry::new(key, self.duration(length))));
        }
        Value::Map(entries)
    }

    fn duration(&self, length: &Spanned<i64>) -> Value {
        text(self.printer.duration(length))
    }

    fn key(&mut self, key: Option<&Path>) -> Option<Entry> {
        let key = key?;
        Some(self.at(key.span, "key", text(path(key))))
    }

    fn route(&mut self, word: &str, topic: Option<&TopicRef>) -> Option<Entry> {
        let topic = topic?;
        let value = self.topic_holder(topic);
        Some(self.at(topic.span, word, value))
    }

    /// A topic, or a connector's word with a map of what it is given.
    fn connector(&mut self, connector: &Connector) -> Entry {
        let connector = match connector {
            Connector::Kafka(topic) => return self.topic_entry(topic),
            Connector::Other(connector) => connector,
        };
        let first = match connector.name.node.as_str() {
            "generate" => "fields",
            "websocket" => "path",
            "http" | "http.poll" => "url",
            name => {
                self.refuse(connector.name.span, &format!("the connector `{name}`"));
                return Entry::new(name, Value::Null);
            }
        };
        if let Some(second) = connector.arguments.get(1) {
            self.refuse(second.span, &format!("a second argument of `{}`", connector.name.node));
        }
        let mut entries = Vec::new();
        for argument in &connector.arguments {
            let value = if first == "fields" { self.value(argument) } else { self.plain_text(argument) };
            entries.push(Entry::new(first, value));
        }
        for (name, value) in &connector.options {
            let value = match name.node.as_str() {
                "items" => self.plain_text(value),
                "url" | "path" | "fields" | "failed" => {
                    self.refuse(name.span, &format!("`{}` by its name", name.node));
                    Value::Null
                }
                _ => text(self.printer.expr(value)),
            };
            entries.push(Entry::new(&name.node, value));
        }
        for (name, topic) in &connector.routes {
            if name.node != "failed" {
                self.refuse(name.span, &format!("`{} ->`", name.node));
            }
            entries.push(Entry::new(&name.node, self.topic_holder(topic)));
        }
        Entry::new(&connector.name.node, Value::Map(entries))
    }

    /// Text that YAML has without the language's quotes; `env("…")`, or a param.
    fn plain_text(&mut self, expr: &Expr) -> Value {
        match &expr.node {
            ExprKind::String(plain) if !plain.starts_with("env(") && !plain.starts_with("param.") => {
                text(plain)
            }
            ExprKind::Path(parts) if parts.len() == 1 => text(format!("param.{}", parts[0])),
            ExprKind::Call(name, _) if name.node == "env" => text(self.printer.expr(expr)),
            _ => {
                self.refuse(expr.span, &format!("`{}` here", self.printer.expr(expr)));
                Value::Null
            }
        }
    }

    /// A name can be the key of a map only once.
    fn once<'n>(&mut self, names: impl Iterator<Item = &'n Name>, what: &str) {
        let mut seen = std::collections::BTreeSet::new();
        for name in names {
            if !seen.insert(&name.node) {
                self.refuse(name.span, what);
            }
        }
    }

    fn refuse(&mut self, place: Span, what: &str) {
        let message = format!("the YAML form cannot say {what}");
        self.diagnostics.push(Diagnostic::error(codes::YAML_SHAPE, place, message));
    }

    fn topic_holder(&self, topic: &TopicRef) -> Value {
        Value::Map(vec![self.topic_entry(topic)])
    }

    fn topic_entry(&self, topic: &TopicRef) -> Entry {
        let word = self.printer.topic_word(topic);
        if topic.options.is_empty() {
            return Entry::new(word, text(&topic.topic.node));
        }
        let mut entries = vec![Entry::new("topic", text(&topic.topic.node))];
        for (name, value) in &topic.options {
            let value = match &value.node {
                OptionValue::Flag => text("true"),
                OptionValue::Paths(paths) => match &paths[..] {
                    [only] => text(path(only)),
                    several => {
                        Value::List(several.iter().map(|part| Entry::item(text(path(part)))).collect())
                    }
                },
            };
            entries.push(Entry::new(&name.node, value));
        }
        Entry::new(word, Value::Map(entries))
    }

    fn stream(&mut self, decl: &StreamDecl) -> Entry {
        let mut entries = vec![match &decl.inputs[..] {
            [only] => Entry::new("from", text(&only.node)),
            several => {
                let names = several.iter().map(|name| Entry::item(text(&name.node)));
                Entry::new("merge", Value::List(names.collect()))
            }
        }];
        let steps: Vec<Entry> = decl.steps.iter().map(|step| self.step(step)).collect();
        if !steps.is_empty() {
            entries.push(Entry::new("steps", Value::List(steps)).open());
        }
        self.named(&decl.name, Value::Map(entries)).open()
    }

    fn step(&mut self, step: &Step) -> Entry {
        let (word, value) = self.step_kind(&step.kind);
        let mut entries = vec![Entry::new(word, value)];
        entries.extend(step.alias.as_ref().map(|alias| Entry::new("as", text(&alias.node))));
        entries.extend(step.errors.as_ref().map(|errors| Entry::new("errors", self.topic_holder(errors))));
        Entry::item(Value::Map(entries)).with(self.comments.take(step.span)).open()
    }

    fn step_kind<'k>(&self, kind: &'k StepKind) -> (&'k str, Value) {
        let expr = |expr: &Expr| text(self.printer.expr(expr));
        match kind {
            StepKind::Filter(condition) => ("filter", expr(condition)),
            StepKind::Map(value) => ("map", self.value(value)),
            StepKind::Select(fields) => ("select", paths(fields)),
            StepKind::Drop(fields) => ("drop", paths(fields)),
            StepKind::Add(fields) => {
                let fields = fields.iter().map(|(name, value)| Entry::new(&name.node, self.value(value)));
                ("add", Value::Map(fields.collect()))
            }
            StepKind::GroupBy(by) => ("group_by", self.by(by)),
            StepKind::RepartitionBy(by) => ("repartition_by", self.by(by)),
            StepKind::Window(window) => ("window", self.window(window)),
            StepKind::Aggregate(functions) => ("aggregate", self.assignments(functions)),
            StepKind::Rolling(step) => ("rolling", self.rolling(step)),
            StepKind::Join(step) => {
                let word = match step.kind {
                    JoinWord::Inner => "join",
                    JoinWord::Left => "left_join",
                    JoinWord::Outer => "outer_join",
                };
                (word, self.join(step))
            }
            StepKind::Match(step) => {
                let elements = step.elements.iter();
                let elements = elements.map(|element| Entry::item(text(self.printer.element(element))));
                let mut entries = vec![
                    Entry::new("by", self.by(&step.by)),
                    Entry::new("within", self.duration(&step.within)),
                    Entry::new("events", Value::List(elements.collect())).open(),
                ];
                let skip = step.skip.as_ref().map(|skip| text(self.printer.skip(&skip.node)));
                entries.extend(skip.map(|skip| Entry::new("skip", skip)));
                let late = step.late.as_ref().map(|late| self.topic_holder(late));
                entries.extend(late.map(|late| Entry::new("late", late)));
                ("match", Value::Map(entries))
            }
            StepKind::Branch(arms) => {
                let arms = arms.iter().map(|arm| {
                    let condition = arm.condition.as_ref().map_or_else(|| text("else"), expr);
                    Entry::new(&arm.name.node, condition)
                });
                ("branch", Value::Map(arms.collect()))
            }
            StepKind::Via(step) => {
                let mut entries = vec![self.topic_entry(&step.topic)];
                entries.extend(step.key.as_ref().map(|key| Entry::new("key", text(path(key)))));
                entries.extend(step.time.as_ref().map(|time| Entry::new("time", self.time(time))));
                let malformed = step.malformed.as_ref();
                entries.extend(malformed.map(|topic| Entry::new("malformed", self.topic_holder(topic))));
                ("via", Value::Map(entries))
            }
            StepKind::Latest(by) => ("latest_by", self.by(by)),
            StepKind::Changes(None) => ("changes", Value::Null),
            StepKind::Changes(Some(condition)) => {
                ("changes", Value::Map(vec![Entry::new("where", expr(condition))]))
            }
            StepKind::Top(step) => {
                let order = match &step.order[..] {
                    [only] => text(self.printer.order(only)),
                    several => {
                        let parts = several.iter().map(|part| Entry::item(text(self.printer.order(part))));
                        Value::List(parts.collect())
                    }
                };
                let count = text(step.count.node.to_string());
                let mut entries = vec![Entry::new("count", count), Entry::new("by", order)];
                if !step.per.is_empty() {
                    entries.push(Entry::new("per", self.by(&step.per)));
                }
                ("top", Value::Map(entries))
            }
            StepKind::Schedule(step) => {
                let mut entries = vec![Entry::new("at", expr(&step.at)), Entry::new("by", self.by(&step.by))];
                if step.replace {
                    entries.push(Entry::new("replace", text("true")));
                }
                entries.extend(step.cancel.as_ref().map(|cancel| Entry::new("cancel_when", expr(cancel))));
                if step.wall_clock {
                    entries.push(Entry::new("wall_clock", text("true")));
                }
                ("schedule", Value::Map(entries))
            }
            StepKind::Expand { left, list, name } => {
                let entries = vec![Entry::new("list", expr(list)), Entry::new("as", text(&name.node))];
                (if *left { "left_expand" } else { "expand" }, Value::Map(entries))
            }
            StepKind::FlatMap(list) => ("flat_map", expr(list)),
            StepKind::Dedupe { by, within } => {
                let entries =
                    vec![Entry::new("by", self.by(by)), Entry::new("within", self.duration(within))];
                ("dedupe", Value::Map(entries))
            }
            StepKind::Emit(EmitKind::Final) => ("emit", text("final")),
            StepKind::Ttl(length) => ("ttl", self.duration(length)),
            StepKind::Emit(EmitKind::Changes) => ("emit", text("changes")),
            StepKind::Emit(EmitKind::Every(length)) => {
                ("emit", Value::Map(vec![Entry::new("every", self.duration(length))]))
            }
        }
    }

    fn window(&self, window: &WindowStep) -> Value {
        let size = self.duration(&window.size);
        let moving = |size| {
            let every = window.every.as_ref().map(|every| Entry::new("every", self.duration(every)));
            Value::Map(std::iter::once(Entry::new("size", size)).chain(every).collect())
        };
        let mut entries = vec![match window.kind {
            WindowKind::Tumbling => Entry::new("tumbling", size),
            WindowKind::Sliding => Entry::new("sliding", size),
            WindowKind::Session => Entry::new("session", Value::Map(vec![Entry::new("gap", size)])),
            WindowKind::Hopping => Entry::new("hopping", moving(size)),
            WindowKind::Cumulate => Entry::new("cumulate", moving(size)),
        }];
        entries.extend(window.zone.as_ref().map(|zone| Entry::new("in", text(&zone.node))));
        entries.extend(window.offset.as_ref().map(|offset| Entry::new("offset", self.duration(offset))));
        entries.extend(window.grace.as_ref().map(|grace| Entry::new("grace", self.duration(grace))));
        entries.extend(window.late.as_ref().map(|late| Entry::new("late", self.topic_holder(late))));
        Value::Map(entries)
    }

    fn rolling(&self, step: &RollingStep) -> Value {
        let mut entries = vec![
            match &step.range {
                RollingRange::Time(length) => Entry::new("range", self.duration(length)),
                RollingRange::Rows(rows) => Entry::new("rows", text(rows.node.to_string())),
            },
            Entry::new("by", self.by(&step.by)),
        ];
        if step.excluding_current {
            entries.push(Entry::new("excluding_current", text("true")));
        }
        let granularity = step.granularity.as_ref();
        entries.extend(granularity.map(|length| Entry::new("granularity", self.duration(length))));
        if step.ordered {
            entries.push(Entry::new("ordered", text("true")));
        }
        entries.push(Entry::new("fields", self.assignments(&step.functions)));
        entries.extend(step.late.as_ref().map(|late| Entry::new("late", self.topic_holder(late))));
        Value::Map(entries)
    }

    fn join(&self, step: &JoinStep) -> Value {
        // Only a stream is joined within a time.
        let word = if step.within.is_some() { "stream" } else { "table" };
        let mut entries = vec![Entry::new(word, text(&step.other.node))];
        entries.extend(step.alias.as_ref().map(|alias| Entry::new("as", text(&alias.node))));
        if let Some(within) = &step.within {
            let value = match (&within.before, &within.after) {
                (Some(before), Some(after)) if before.node == after.node => self.duration(before),
                (before, after) => {
                    let side = |word, length: &Option<Spanned<i64>>| {
                        length.as_ref().map(|length| Entry::new(word, self.duration(length)))
                    };
                    Value::Map(side("before", before).into_iter().chain(side("after", after)).collect())
                }
            };
            entries.push(Entry::new("within", value));
        }
        if !step.by.is_empty() {
            entries.push(Entry::new("by", self.by(&step.by)));
        }
        for (word, expr) in [("on", &step.on), ("as_of", &step.as_of), ("where", &step.condition)] {
            entries.extend(expr.as_ref().map(|expr| Entry::new(word, text(self.printer.expr(expr)))));
        }
        entries.extend(step.grace.as_ref().map(|grace| Entry::new("grace", self.duration(grace))));
        entries.extend(step.late.as_ref().map(|late| Entry::new("late", self.topic_holder(late))));
        Value::Map(entries)
    }

    fn by(&self, by: &[Expr]) -> Value {
        match by {
            [only] => text(self.printer.expr(only)),
            several => {
                Value::List(several.iter().map(|part| Entry::item(text(self.printer.expr(part)))).collect())
            }
        }
    }

    fn assignments(&self, fields: &[(Name, Expr)]) -> Value {
        let fields =
            fields.iter().map(|(name, value)| Entry::new(&name.node, text(self.printer.expr(value))));
        Value::Map(fields.collect())
    }

    /// By stream; several sinks of one stream are a list.
    fn sinks(&mut self, sinks: &[SinkDecl]) -> Vec<Entry> {
        let mut entries: Vec<(&str, Vec<Entry>)> = Vec::new();
        for sink in sinks {
            let value = Value::Map(vec![self.connector(&sink.to)]);
            let item = Entry::item(value).with(self.comments.take(place_of(&sink.to)));
            match entries.iter_mut().find(|(name, _)| *name == sink.stream.node) {
                Some((_, items)) => items.push(item),
                None => entries.push((&sink.stream.node, vec![item])),
            }
        }
        let entry = |(name, mut items): (&str, Vec<Entry>)| match items.pop() {
            Some(only) if items.is_empty() => Entry { key: name.to_owned(), ..only },
            last => {
                items.extend(last);
                Entry::new(name, Value::List(items)).open()
            }
        };
        entries.into_iter().map(entry).collect()
    }
}

fn paths(paths: &[Path]) -> Value {
    match paths {
        [only] => text(path(only)),
        several => Value::List(several.iter().map(|part| Entry::item(text(path(part)))).collect()),
    }
}
