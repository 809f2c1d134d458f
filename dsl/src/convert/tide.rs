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
const TOGETHER: [&str; 4] = ["type", "enum", "param", "sink"];

impl Writer<'_> {
    fn topology(&mut self, topology: &Topology) {
        let Topology { name, types, params, functions, sources, tables, streams, sinks, tests } = topology;
        if let Some(name) = name {
            self.begin("topology", name.span, &name.node);
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
            let topic = format!(" = {}", self.topic(&decl.topic));
            self.out.push_str(&topic);
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
            self.begin("table", decl.name.span, &head);
            self.type_expr(&decl.ty);
            let topic = format!(" = {}", self.topic(&decl.topic));
            self.out.push_str(&topic);
            self.key(decl.key.as_ref());
            self.route("malformed", decl.malformed.as_ref());
            self.end();
        }
        for decl in streams {
            self.stream(decl);
        }
        for decl in sinks {
            let text = format!("{} -> {}", decl.stream.node, self.topic(&decl.topic));
            // A stream of several sinks has one name in YAML: the topic tells the places apart.
            self.begin("sink", decl.topic.span, &text);
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
        let word = if self.printer.is_table(decl) { "table" } else { "stream" };
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
            StepKind::Rolling { range, by, excluding_current, functions } => {
                let excluding = if *excluding_current { " excluding current" } else { "" };
                let (range, functions) = (printer.duration(range), self.assignments(functions));
                format!("rolling {range} by {}{excluding} {functions}", self.by(by))
            }
            StepKind::Join { left, table, alias, by } => {
                let left = if *left { "left " } else { "" };
                let alias = alias.as_ref().map_or_else(String::new, |alias| format!(" as {}", alias.node));
                format!("{left}join {}{alias} by {}", table.node, printer.expr(by))
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
            StepKind::Emit(EmitKind::Changes) => "emit changes".to_owned(),
            StepKind::Emit(EmitKind::Every(length)) => format!("emit every {}", printer.duration(length)),
            StepKind::Unsupported(word) => word.clone(),
        }
    }

    fn window(&self, window: &WindowStep) -> String {
        let size = self.printer.duration(&window.size);
        let mut text = match &window.every {
            None => format!("window tumbling {size}"),
            Some(every) => format!("window hopping {size} every {}", self.printer.duration(every)),
        };
        if let Some(grace) = &window.grace {
            text.push_str(&format!(", grace {}", self.printer.duration(grace)));
        }
        if let Some(late) = &window.late {
            text.push_str(&format!(", late -> {}", self.topic(late)));
        }
        text
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
        self.begin("test", decl.name.span, &format!("{} {{", string(&decl.name.node)));
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
                            FeedRowDecl::Null { key } => {
                                self.part(key.span, &format!("null key {}{comma}", string(&key.node)));
                            }
                        }
                    }
                }
                TestStepDecl::AdvanceTo(time) => {
                    let text = format!("advance to {}", self.printer.expr(time));
                    self.part(time.span, &text);
                }
                TestStepDecl::Expect { stream, rows } => {
                    self.part(stream.span, &format!("expect {} == [", stream.node));
                    for (index, row) in rows.iter().enumerate() {
                        let comma = if index + 1 < rows.len() { "," } else { "" };
                        let text = self.printer.expr(row) + comma;
                        self.part(row.span, &text);
                    }
                    self.out.push(']');
                }
                TestStepDecl::Snapshot { stream } => {
                    self.part(stream.span, &format!("snapshot {}", stream.node));
                }
            }
        }
        self.out.push_str("\n  }");
        self.end();
    }
}

fn list(paths: &[Path]) -> String {
    paths.iter().map(path).collect::<Vec<_>>().join(", ")
}
