//! The AST in the text form. Line ends are the formatter's business; here a line ends only where a comment may stand.

use super::comments::{Attached, Comments};
use super::expr::{Printer, path, string};
use crate::ast::*;
use crate::source::Span;

pub(super) fn write(topology: &Topology, printer: &Printer<'_>, comments: &mut Comments) -> String {
    let mut writer = Writer { printer, comments, out: String::new(), last: "" };
    writer.topology(topology);
    writer.out
}

struct Writer<'a> {
    printer: &'a Printer<'a>,
    comments: &'a mut Comments,
    out: String,
    /// The word of the declaration before.
    last: &'static str,
}

/// Short declarations of the same word stand together.
const TOGETHER: [&str; 6] = ["use", "type", "enum", "param", "sink", "serve"];

impl Writer<'_> {
    fn topology(&mut self, topology: &Topology) {
        let Topology { name, uses, types, params, functions, sources, tables, streams, sinks, serves, tests } =
            topology;
        if let Some(name) = name {
            self.begin("topology", name.span, &name.node);
            self.end();
        }
        for decl in uses {
            let names: Vec<&str> = decl.names.iter().map(|name| name.node.as_str()).collect();
            let text = format!("{} {{ {} }}", string(&decl.path.node), names.join(", "));
            self.begin("use", decl.path.span, &text);
            self.end();
        }
        for decl in types {
            match &decl.body.node {
                TypeKind::Enum(_) => self.begin("enum", decl.name.span, &decl.name.node),
                TypeKind::Record(_) => self.begin("type", decl.name.span, &decl.name.node),
                _ => self.begin("type", decl.name.span, &format!("{} =", decl.name.node)),
            }
            self.type_expr(&decl.body);
            self.end();
        }
        for decl in params {
            let ty = self.printer.type_expr(&decl.ty);
            let value = self.printer.expr(&decl.value);
            self.begin("param", decl.name.span, &format!("{}: {ty} = {value}", decl.name.node));
            self.end();
        }
        for decl in functions {
            let arguments = decl
                .arguments
                .iter()
                .map(|field| format!("{}: {}", field.name.node, self.printer.type_expr(&field.ty)));
            let arguments: Vec<String> = arguments.collect();
            let result = self.printer.type_expr(&decl.result);
            let head = format!("{}({}) -> {result} =", decl.name.node, arguments.join(", "));
            self.begin("fn", decl.name.span, &head);
            let body = self.printer.expr(&decl.body);
            self.part(decl.body.span, &body);
            self.end();
        }
        for decl in sources {
            let head = format!("{}: ", decl.name.node);
            self.begin("source", decl.name.span, &head);
            self.type_expr(&decl.ty);
            let from = format!(" = {}", self.connector(&decl.from));
            self.out.push_str(&from);
            self.key(decl.key.as_ref());
            if let Some(time) = &decl.time {
                let text = self.time(time);
                self.part(time.field.span, &text);
            }
            self.route("malformed", decl.malformed.as_ref());
            self.end();
        }
        for decl in tables {
            let head = format!("{}: ", decl.name.node);
            self.begin(if decl.global { "global table" } else { "table" }, decl.name.span, &head);
            self.type_expr(&decl.ty);
            let topic = format!(" = {}", self.topic(&decl.topic));
            self.out.push_str(&topic);
            self.key(decl.key.as_ref());
            if let Some(history) = &decl.history {
                let text = format!("history {}", self.printer.duration(history));
                self.part(history.span, &text);
            }
            if let Some(ttl) = &decl.ttl {
                let text = format!("ttl {}", self.printer.duration(ttl));
                self.part(ttl.span, &text);
            }
            self.route("malformed", decl.malformed.as_ref());
            self.end();
        }
        for decl in streams {
            self.stream(decl);
        }
        for decl in sinks {
            let text = format!("{} -> {}", decl.stream.node, self.connector(&decl.to));
            // A stream of several sinks has one name in YAML: where it goes tells the places apart.
            self.begin("sink", place_of(&decl.to), &text);
            self.end();
        }
        for decl in serves {
            let text = format!("{} at {}", decl.table.node, string(&decl.path.node));
            self.begin("serve", decl.table.span, &text);
            self.end();
        }
        for decl in tests {
            self.test(decl);
        }
    }

    /// Begins a declaration: comments, its word, and what follows it.
    fn begin(&mut self, word: &'static str, place: Span, text: &str) {
        let together = self.last == word && TOGETHER.contains(&word);
        if !self.out.is_empty() && !together {
            self.out.push('\n');
        }
        self.last = word;
        let Attached { before, behind } = self.comments.take(place);
        for comment in before {
            self.out.push_str(&format!("//{comment}\n"));
        }
        self.out.push_str(&format!("{word} {text} "));
        self.behind(behind);
    }

    fn end(&mut self) {
        let length = self.out.trim_end_matches([' ', '\n']).len();
        self.out.truncate(length);
        self.out.push('\n');
    }

    /// Goes on in a new line of the declaration.
    fn line(&mut self) {
        let length = self.out.trim_end_matches(' ').len();
        self.out.truncate(length);
        self.out.push_str(if self.out.ends_with('\n') { "  " } else { "\n  " });
    }

    fn behind(&mut self, comment: Option<String>) {
        if let Some(comment) = comment {
            self.out.push_str(&format!(" //{comment}\n  "));
        }
    }

    /// A part of a declaration that comments may stand at: a clause, a step.
    fn part(&mut self, place: Span, text: &str) {
        let Attached { before, behind } = self.comments.take(place);
        for comment in before {
            self.line();
            self.out.push_str(&format!("//{comment}"));
        }
        self.line();
        self.out.push_str(text);
        self.behind(behind);
    }

    /// A type; the fields of a record may have comments.
    fn type_expr(&mut self, ty: &TypeExpr) {
        let TypeKind::Record(fields) = &ty.node else {
            let text = self.printer.type_expr(ty);
            self.out.push_str(&text);
            return;
        };
        self.out.push('{');
        for (index, field) in fields.iter().enumerate() {
            let Attached { before, behind } = self.comments.take(field.name.span);
            for comment in before {
                self.line();
                self.out.push_str(&format!("//{comment}"));
            }
            self.line();
            self.out.push_str(&format!("{}: ", field.name.node));
            self.type_expr(&field.ty);
            if index + 1 < fields.len() {
                self.out.push(',');
            }
            self.behind(behind);
        }
        self.out.push_str("\n  }");
    }

    fn connector(&self, connector: &Connector) -> String {
        let connector = match connector {
            Connector::Kafka(topic) => return self.topic(topic),
            Connector::Other(connector) => connector,
        };
        let mut parts: Vec<String> = connector.arguments.iter().map(|expr| self.printer.expr(expr)).collect();
        let options = connector.options.iter();
        parts.extend(options.map(|(name, value)| format!("{}: {}", name.node, self.printer.expr(value))));
        let routes = connector.routes.iter();
        parts.extend(routes.map(|(name, topic)| format!("{} -> {}", name.node, self.topic(topic))));
        format!("{}({})", connector.name.node, parts.join(", "))
    }

    fn topic(&self, topic: &TopicRef) -> String {
        let mut text = format!("{}({}", self.printer.topic_word(topic), string(&topic.topic.node));
        for (name, value) in &topic.options {
            text.push_str(&format!(", {}", name.node));
            match &value.node {
                OptionValue::Flag => {}
                OptionValue::Paths(paths) => {
                    let paths: Vec<String> = paths.iter().map(path).collect();
                    match &paths[..] {
                        [only] => text.push_str(&format!(": {only}")),
                        several => text.push_str(&format!(": ({})", several.join(", "))),
                    }
                }
            }
        }
        text + ")"
    }

    fn key(&mut self, key: Option<&Path>) {
        if let Some(key) = key {
            self.part(key.span, &format!("key {}", path(key)));
        }
    }

    fn time(&self, time: &TimeClause) -> String {
        let mut text = format!("time {}", path(&time.field));
        if let Some(length) = &time.out_of_order {
            text.push_str(&format!(", out_of_order {}", self.printer.duration(length)));
        }
        if let Some(length) = &time.idle {
            text.push_str(&format!(", idle {}", self.printer.duration(length)));
        }
        if let Some(length) = &time.ahead {
            text.push_str(&format!(", ahead {}", self.printer.duration(length)));
        }
        text
    }

    fn route(&mut self, word: &str, topic: Option<&TopicRef>) {
        if let Some(topic) = topic {
            let text = format!("{word} -> {}", self.topic(topic));
            self.part(topic.span, &text);
        }
    }

    fn stream(&mut self, decl: &StreamDecl) {
        let inputs: Vec<&str> = decl.inputs.iter().map(|input| input.node.as_str()).collect();
        let merge = if inputs.len() > 1 { "merge " } else { "" };
        let word = if decl.is_table { "table" } else { "stream" };
        self.begin(word, decl.name.span, &format!("{} = {merge}{}", decl.name.node, inputs.join(", ")));
        for step in &decl.steps {
            let text = self.step(step);
            self.part(step.span, &format!("|> {text}"));
        }
        self.end();
    }

    fn step(&self, step: &Step) -> String {
        let mut text = self.step_kind(&step.kind);
        if let Some(alias) = &step.alias {
            text.push_str(&format!(" as {}", alias.node));
        }
        if let Some(errors) = &step.errors {
            text.push_str(&format!(", errors -> {}", self.topic(errors)));
        }
        text
    }

    fn step_kind(&self, kind: &StepKind) -> String {
        let printer = self.printer;
        match kind {
            StepKind::Filter(condition) => format!("filter {}", printer.expr(condition)),
            StepKind::Map(value) => format!("map {}", printer.expr(value)),
            StepKind::Select(paths) => format!("select {}", list(paths)),
            StepKind::Drop(paths) => format!("drop {}", list(paths)),
            StepKind::Add(fields) => format!("add {}", self.assignments(fields)),
            StepKind::GroupBy(by) => format!("group by {}", printer.exprs(by)),
            StepKind::RepartitionBy(by) => format!("repartition by {}", printer.exprs(by)),
            StepKind::Window(window) => self.window(window),
            StepKind::Aggregate(functions) => format!("aggregate {}", self.assignments(functions)),
            StepKind::Rolling(step) => self.rolling(step),
            StepKind::Join(step) => self.join(step),
            StepKind::Match(step) => {
                let elements: Vec<String> =
                    step.elements.iter().map(|element| printer.element(element)).collect();
                let within = printer.duration(&step.within);
                let by = self.by(&step.by);
                let mut text = format!("match by {by} within {within} {{ {} }}", elements.join(", "));
                if let Some(skip) = &step.skip {
                    text.push_str(&format!(", skip {}", printer.skip(&skip.node)));
                }
                if let Some(late) = &step.late {
                    text.push_str(&format!(", late -> {}", self.topic(late)));
                }
                text
            }
            StepKind::Branch(arms) => {
                let arms: Vec<String> = arms
                    .iter()
                    .map(|arm| match &arm.condition {
                        Some(condition) => format!("{} if {}", arm.name.node, printer.expr(condition)),
                        None => format!("else {}", arm.name.node),
                    })
                    .collect();
                format!("branch {{ {} }}", arms.join(", "))
            }
            StepKind::Via(step) => self.via(step),
            StepKind::Latest(by) => format!("latest by {}", printer.exprs(by)),
            StepKind::Changes(None) => "changes".to_owned(),
            StepKind::Changes(Some(condition)) => format!("changes where {}", printer.expr(condition)),
            StepKind::Top(step) => {
                let order: Vec<String> = step.order.iter().map(|part| printer.order(part)).collect();
                let per = if step.per.is_empty() {
                    String::new()
                } else {
                    format!(" per {}", printer.exprs(&step.per))
                };
                format!("top {} by {}{per}", step.count.node, order.join(", "))
            }
            StepKind::Schedule(step) => {
                let mut text = format!("schedule at {} by {}", printer.expr(&step.at), self.by(&step.by));
                if step.replace {
                    text.push_str(", replace");
                }
                if let Some(condition) = &step.cancel {
                    text.push_str(&format!(", cancel when {}", printer.expr(condition)));
                }
                if step.wall_clock {
                    text.push_str(", wall clock");
                }
                text
            }
            StepKind::Expand { left, list, name } => {
                let left = if *left { "left " } else { "" };
                format!("{left}expand {} as {}", printer.expr(list), name.node)
            }
            StepKind::FlatMap(list) => format!("flat map {}", printer.expr(list)),
            StepKind::Dedupe { by, within } => {
                format!("dedupe by {} within {}", self.by(by), printer.duration(within))
            }
            StepKind::Emit(EmitKind::Final) => "emit final".to_owned(),
            StepKind::Ttl(length) => format!("ttl {}", printer.duration(length)),
            StepKind::Emit(EmitKind::Changes) => "emit changes".to_owned(),
            StepKind::Emit(EmitKind::Every(length)) => format!("emit every {}", printer.duration(length)),
        }
    }

    fn window(&self, window: &WindowStep) -> String {
        let size = self.printer.duration(&window.size);
        let kind = match window.kind {
            WindowKind::Tumbling => "tumbling",
            WindowKind::Hopping => "hopping",
            WindowKind::Sliding => "sliding",
            WindowKind::Session => "session gap",
            WindowKind::Cumulate => "cumulate",
        };
        let mut text = format!("window {kind} {size}");
        if let Some(every) = &window.every {
            text.push_str(&format!(" every {}", self.printer.duration(every)));
        }
        if let Some(zone) = &window.zone {
            text.push_str(&format!(" in {}", string(&zone.node)));
        }
        if let Some(offset) = &window.offset {
            text.push_str(&format!(", offset {}", self.printer.duration(offset)));
        }
        if let Some(grace) = &window.grace {
            text.push_str(&format!(", grace {}", self.printer.duration(grace)));
        }
        if let Some(late) = &window.late {
            text.push_str(&format!(", late -> {}", self.topic(late)));
        }
        text
    }

    fn rolling(&self, step: &RollingStep) -> String {
        let range = match &step.range {
            RollingRange::Time(length) => self.printer.duration(length),
            RollingRange::Rows(rows) => format!("{} rows", rows.node),
        };
        let mut text = format!("rolling {range} by {}", self.by(&step.by));
        if step.excluding_current {
            text.push_str(" excluding current");
        }
        if let Some(length) = &step.granularity {
            text.push_str(&format!(" granularity {}", self.printer.duration(length)));
        }
        if step.ordered {
            text.push_str(" ordered");
        }
        text.push_str(&format!(" {}", self.assignments(&step.functions)));
        if let Some(late) = &step.late {
            text.push_str(&format!(", late -> {}", self.topic(late)));
        }
        text
    }

    fn join(&self, step: &JoinStep) -> String {
        let word = match step.kind {
            JoinWord::Inner => "join",
            JoinWord::Left => "left join",
            JoinWord::Outer => "outer join",
        };
        let mut text = format!("{word} {}", step.other.node);
        if let Some(alias) = &step.alias {
            text.push_str(&format!(" as {}", alias.node));
        }
        if let Some(within) = &step.within {
            let within = match (&within.before, &within.after) {
                (Some(before), Some(after)) if before.node == after.node => self.printer.duration(before),
                (before, after) => {
                    let side = |word: &str, length: &Option<Spanned<i64>>| {
                        length.as_ref().map(|length| format!("{} {word}", self.printer.duration(length)))
                    };
                    let sides = side("before", before).into_iter().chain(side("after", after));
                    sides.collect::<Vec<_>>().join(", ")
                }
            };
            text.push_str(&format!(" within {within}"));
        }
        match &step.by[..] {
            [] => {}
            [only] => text.push_str(&format!(" by {}", self.printer.expr(only))),
            several => text.push_str(&format!(" by ({})", self.printer.exprs(several))),
        }
        let parts = [("on", &step.on), ("as of", &step.as_of), ("where", &step.condition)];
        for (word, expr) in parts {
            if let Some(expr) = expr {
                text.push_str(&format!(" {word} {}", self.printer.expr(expr)));
            }
        }
        if let Some(grace) = &step.grace {
            text.push_str(&format!(", grace {}", self.printer.duration(grace)));
        }
        if let Some(late) = &step.late {
            text.push_str(&format!(", late -> {}", self.topic(late)));
        }
        text
    }

    fn via(&self, step: &ViaStep) -> String {
        let mut clauses: Vec<String> = Vec::new();
        clauses.extend(step.key.as_ref().map(|key| format!("key {}", path(key))));
        clauses.extend(step.time.as_ref().map(|time| self.time(time)));
        clauses.extend(step.malformed.as_ref().map(|topic| format!("malformed -> {}", self.topic(topic))));
        let clauses = clauses.join(", ");
        format!("via {} {clauses}", self.topic(&step.topic)).trim_end().to_owned()
    }

    /// A plain field, or anything in brackets.
    fn by(&self, by: &[Expr]) -> String {
        match by {
            [Spanned { node: ExprKind::Path(path), .. }] => path.join("."),
            several => format!("({})", self.printer.exprs(several)),
        }
    }

    fn assignments(&self, fields: &[(Name, Expr)]) -> String {
        let fields: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{}: {}", name.node, self.printer.expr(value)))
            .collect();
        if fields.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", fields.join(", ")) }
    }

    fn test(&mut self, decl: &TestDecl) {
        match &decl.cases {
            None => self.begin("test", decl.name.span, &format!("{} {{", string(&decl.name.node))),
            Some(cases) => {
                let head = format!("{} for {} in [", string(&decl.name.node), cases.name.node);
                self.begin("test", decl.name.span, &head);
                self.rows(&cases.rows);
                self.out.push_str(" {");
            }
        }
        for step in &decl.steps {
            match step {
                TestStepDecl::Feed { input, rows } => {
                    self.part(input.span, &format!("{} <-", input.node));
                    for (index, row) in rows.iter().enumerate() {
                        let comma = if index + 1 < rows.len() { "," } else { "" };
                        match row {
                            FeedRowDecl::Row(row) => {
                                let text = self.printer.expr(row) + comma;
                                self.part(row.span, &text);
                            }
                            FeedRowDecl::Raw { text, key } => {
                                let key = key
                                    .as_ref()
                                    .map_or_else(String::new, |key| format!(" key {}", string(&key.node)));
                                self.part(text.span, &format!("raw {}{key}{comma}", string(&text.node)));
                            }
                            FeedRowDecl::Null { key } => {
                                self.part(key.span, &format!("null key {}{comma}", string(&key.node)));
                            }
                        }
                    }
                }
                TestStepDecl::FeedFile { input, file } => {
                    self.part(input.span, &format!("{} <- file({})", input.node, string(&file.node)));
                }
                TestStepDecl::ExpectAside { aside, of, rows } => {
                    let word = match aside {
                        Aside::Errors => "errors of",
                        Aside::Malformed => "malformed",
                        Aside::Late => "late",
                    };
                    self.part(of.span, &format!("expect {word} {} == [", path(of)));
                    self.rows(rows);
                }
                TestStepDecl::AdvanceTo(time) => {
                    let text = format!("advance to {}", self.printer.expr(time));
                    self.part(time.span, &text);
                }
                TestStepDecl::Expect { stream, rows } => {
                    self.part(stream.span, &format!("expect {} == [", stream.node));
                    self.expected_rows(rows);
                }
                TestStepDecl::Snapshot { stream } => {
                    self.part(stream.span, &format!("snapshot {}", stream.node));
                }
            }
        }
        self.out.push_str("\n  }");
        self.end();
    }

    fn expected_rows(&mut self, rows: &[ExpectRowDecl]) {
        for (index, row) in rows.iter().enumerate() {
            let comma = if index + 1 < rows.len() { "," } else { "" };
            match row {
                ExpectRowDecl::Row(row) => {
                    let text = self.printer.expr(row) + comma;
                    self.part(row.span, &text);
                }
                ExpectRowDecl::Null { key } => {
                    self.part(key.span, &format!("null key {}{comma}", string(&key.node)));
                }
            }
        }
        self.out.push(']');
    }

    /// Rows up to the closing bracket of their list.
    fn rows(&mut self, rows: &[Expr]) {
        for (index, row) in rows.iter().enumerate() {
            let comma = if index + 1 < rows.len() { "," } else { "" };
            let text = self.printer.expr(row) + comma;
            self.part(row.span, &text);
        }
        self.out.push(']');
    }
}

pub(super) fn place_of(connector: &Connector) -> Span {
    match connector {
        Connector::Kafka(topic) => topic.span,
        Connector::Other(connector) => connector.span,
    }
}

fn list(paths: &[Path]) -> String {
    paths.iter().map(path).collect::<Vec<_>>().join(", ")
}
