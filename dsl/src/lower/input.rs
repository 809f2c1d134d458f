//! Sources and tables.

use super::{Flow, Lowerer};
use crate::ast::{Connector, Path, SourceDecl, TableDecl, TimeClause};
use crate::check::declared::Types;
use crate::check::typed::{RecordValue, Type, Typed};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use tidegate_model::expr::ExprKind;
use tidegate_model::plan::{NodeKind, Source, SourceTime, Table};
use tidegate_model::{ScalarType, Schema, Span};

impl<'a> Lowerer<'a> {
    pub(super) fn source(&mut self, decl: &'a SourceDecl, types: &mut Types<'a>) {
        let ty = types.resolve(&decl.ty, self.diagnostics);
        let Some(schema) = self.event_schema(&ty, decl.ty.span) else {
            self.broken.insert(decl.name.node.clone());
            return;
        };
        let key = decl.key.as_ref().and_then(|path| self.key_column(path, &schema));
        let time = match &decl.time {
            Some(clause) => self.source_time(clause, &schema),
            None => SourceTime::default(),
        };
        let kind = match &decl.from {
            Connector::Kafka(topic) => {
                self.topic(topic, &[]);
                let malformed = self.route(decl.malformed.as_ref());
                Some(NodeKind::Source(Source { topic: topic.topic.node.clone(), key, time, malformed }))
            }
            Connector::Other(connector) => self.external_source(decl, connector, &schema, key, time),
        };
        let Some(kind) = kind else {
            self.broken.insert(decl.name.node.clone());
            return;
        };
        let name = &decl.name;
        let node = self.add(name.node.clone(), kind, Vec::new(), schema.clone(), name.span);
        let partitioned_at = decl.key.as_ref().map_or(name.span, |key| key.span);
        let partitioned = key.map(|key| vec![key]);
        let flow = Flow {
            node,
            schema,
            partitioned,
            partitioned_at,
            since: None,
            key: None,
            key_at: name.span,
            is_table: false,
            only_with: Vec::new(),
        };
        self.flows.insert(name.node.clone(), flow);
    }

    pub(super) fn source_time(&mut self, clause: &TimeClause, schema: &Schema) -> SourceTime {
        let mut time = SourceTime { column: self.field(&clause.field, schema), ..SourceTime::default() };
        if let Some(column) = time.column.map(|index| &schema.columns[index])
            && (column.ty != ScalarType::Timestamp || column.nullable)
        {
            let is = format!("this is {}{}", column.ty, if column.nullable { "?" } else { "" });
            self.diagnostics.push(
                Diagnostic::error(
                    codes::TIME_FIELD,
                    clause.field.span,
                    "the event time is a timestamp that is always there",
                )
                .here(is),
            );
            time.column = None;
        }
        time.out_of_order =
            clause.out_of_order.as_ref().map_or(Span::ZERO, |length| Span::from_micros(length.node));
        if let Some(idle) = &clause.idle {
            if idle.node <= 0 {
                self.error(codes::BAD_DURATION, idle.span, "a source is idle after some time, not at once");
            }
            time.idle = Some(Span::from_micros(idle.node));
        }
        time.ahead = clause.ahead.as_ref().map(|length| Span::from_micros(length.node));
        time
    }

    pub(super) fn table(&mut self, decl: &'a TableDecl, types: &mut Types<'a>) {
        self.topic(&decl.topic, &["compacted"]);
        let malformed = self.route(decl.malformed.as_ref());
        let history = decl.history.as_ref().filter(|length| self.positive(length).is_some());
        let history = history.map(|length| Span::from_micros(length.node));
        let ttl = self.ttl(decl.ttl.as_ref());
        if let Some(length) = decl.ttl.as_ref().filter(|_| decl.global) {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::TTL,
                    length.span,
                    "a `global table` has all rows of its topic, for ever",
                )
                .note("let the topic delete its records (`retention.ms`), or take a plain table"),
            );
        }
        let ty = types.resolve(&decl.ty, self.diagnostics);
        let schema = self.event_schema(&ty, decl.ty.span);
        let key = match (&decl.key, &schema) {
            (Some(path), Some(schema)) => self.key_column(path, schema),
            (None, Some(_)) => {
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::KEY_FIELD,
                        decl.name.span,
                        format!("the table `{}` has no key", decl.name.node),
                    )
                    .note("say which field is the key of the topic's records: `key …` behind the topic"),
                );
                None
            }
            _ => None,
        };
        let (Some(schema), Some(key)) = (schema, key) else {
            self.broken.insert(decl.name.node.clone());
            return;
        };
        let name = &decl.name;
        let kind = NodeKind::Table(Table {
            topic: decl.topic.topic.node.clone(),
            key,
            global: decl.global,
            history,
            ttl,
            malformed,
        });
        let node = self.add(name.node.clone(), kind, Vec::new(), schema.clone(), name.span);
        let partitioned_at = decl.key.as_ref().map_or(name.span, |key| key.span);
        let own = Some(vec![key]);
        let flow = Flow {
            node,
            schema,
            partitioned: own.clone(),
            partitioned_at,
            since: None,
            key: own,
            key_at: partitioned_at,
            is_table: true,
            only_with: Vec::new(),
        };
        self.flows.insert(name.node.clone(), flow);
    }

    fn event_schema(&mut self, ty: &Type, place: crate::source::Span) -> Option<Schema> {
        match ty {
            // A field of no known type was told, and what reads it would only be told that it is not there.
            _ if ty.is_wrong() => None,
            Type::Record { nullable: false, .. } => Some(ty.schema()),
            other => {
                let mut diagnostic = Diagnostic::error(
                    codes::NO_RECORD,
                    place,
                    format!("events are records, and this is {}", other.name()),
                );
                if let Type::Scalar { ty: ScalarType::Map(map), .. } = other {
                    diagnostic = diagnostic.note(format!(
                        "braces around one name that is a type are a map; a record with a field `{}` is declared with a name: `type Event {{ {}: … }}`",
                        map.key, map.key
                    ));
                }
                self.diagnostics.push(diagnostic);
                None
            }
        }
    }

    /// The column of a field, or what is wrong is told.
    pub(super) fn field(&mut self, path: &Path, schema: &Schema) -> Option<usize> {
        let event = RecordValue::of_schema(schema);
        self.checker(&event).note_path(&path.node, path.span);
        let text = path.node.join(".");
        if let Some(index) = schema.index_of(&text) {
            return Some(index);
        }
        let names =
            schema.columns.iter().filter(|column| !column.presence).map(|column| column.path.as_str());
        let inside = format!("{text}.");
        let diagnostic = if names.clone().any(|name| name.starts_with(&inside)) {
            Diagnostic::error(
                codes::NO_RECORD,
                path.span,
                format!("`{text}` is a record; name a field of it"),
            )
        } else {
            let diagnostic =
                Diagnostic::error(codes::UNKNOWN_NAME, path.span, format!("there is no field `{text}`"));
            match did_you_mean(&text, names.clone()) {
                Some(meant) => diagnostic.meant(&meant),
                None if let [_, rest @ ..] = &path.node[..]
                    && schema.index_of(&rest.join(".")).is_some() =>
                {
                    let field = rest.join(".");
                    diagnostic
                        .note(format!("the event's fields stand by themselves: `{field}`"))
                        .instead_of(&text, field)
                }
                None => diagnostic
                    .note(format!("there is {}", crate::check::expr::list(&names.collect::<Vec<_>>()))),
            }
        };
        self.diagnostics.push(diagnostic);
        None
    }

    /// A field that can be a record's key.
    pub(super) fn key_column(&mut self, path: &Path, schema: &Schema) -> Option<usize> {
        let index = self.field(path, schema)?;
        let column = &schema.columns[index];
        if !column.ty.is_key() {
            let message = format!("`{}` is {}, and a key is a single value", column.path, column.ty);
            self.diagnostics.push(
                Diagnostic::error(codes::KEY_TYPE, path.span, message)
                    .note("name the field that the records' key is the text of; without one leave `key` away: a repartition comes where it is needed"),
            );
            return None;
        }
        if column.nullable {
            let message = format!("the key `{}` may be null, and a key is always there", column.path);
            self.diagnostics.push(
                Diagnostic::error(codes::KEY_FIELD, path.span, message)
                    .note("declare its type without `?`: records without it are then malformed"),
            );
            return None;
        }
        Some(index)
    }

    /// Lists and maps are no keys.
    pub(super) fn can_be_key(&mut self, ty: ScalarType, name: &str, span: crate::source::Span) -> Option<()> {
        if ty.is_key() {
            return Some(());
        }
        self.diagnostics.push(
            Diagnostic::error(codes::KEY_TYPE, span, format!("`{name}` is {ty}, and a key is a single value"))
                .note("take one of its values, or make a string of it, in a step before: `|> add { key: join(…, \",\") }`"),
        );
        None
    }

    /// The columns that a `by` names: plain fields that are always there.
    pub(super) fn by(&mut self, by: &[crate::ast::Expr], flow: &Flow) -> Option<Vec<usize>> {
        let event = flow.event();
        let mut columns = Vec::new();
        let mut wrong = false;
        for expr in by {
            match self.checker(&event).check(expr) {
                Typed::Scalar(scalar) => match scalar.kind {
                    ExprKind::Column(index) if !scalar.ty.is_key() => {
                        let path = flow.schema.columns[index].path.clone();
                        wrong |= self.can_be_key(scalar.ty, &path, expr.span).is_none();
                    }
                    ExprKind::Column(index) if !scalar.nullable => columns.push(index),
                    ExprKind::Column(_) => {
                        self.diagnostics.push(
                            Diagnostic::error(codes::KEY_FIELD, expr.span, "this may be null, and a key is always there")
                                .note("give it a value first, for example `|> add { country: country ?? \"none\" }`"),
                        );
                        wrong = true;
                    }
                    _ => {
                        self.diagnostics.push(
                            Diagnostic::error(codes::KEY_FIELD, expr.span, "a key is a plain field")
                                .note("give the expression a name in a step before: `|> add { name: … }`, then `by name`"),
                        );
                        wrong = true;
                    }
                },
                Typed::Wrong => wrong = true,
                other => {
                    self.error(
                        codes::KEY_FIELD,
                        expr.span,
                        format!("a key is a plain field, and this is {}", other.describe()),
                    );
                    wrong = true;
                }
            }
        }
        (!wrong).then_some(columns)
    }
}
