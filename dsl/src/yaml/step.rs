//! Steps: a map with one word, and `as` and `errors` beside it where they are wanted.

use super::keys;
use super::read::Reader;
use super::tree::{Key, Kind, Node};
use crate::ast::*;
use crate::diagnostic::{Diagnostic, codes, did_you_mean};

impl Reader<'_> {
    pub(super) fn step(&mut self, node: &Node) -> Option<Step> {
        let Kind::Map(entries) = &node.kind else {
            self.error(
                codes::YAML_SHAPE,
                node.span,
                "a step is a map with one word, such as `filter: amount > 10`",
            );
            return None;
        };
        if !self.split_values(entries).parts.is_empty() {
            return None;
        }
        let beside = |name: &str| entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node);
        let mut words = entries.iter().filter(|(key, _)| !is_beside(key));
        let (key, value) = match (words.next(), words.next()) {
            (Some(word), None) => word,
            (Some((first, _)), Some((second, _))) => {
                let diagnostic = if keys::STEPS.names().contains(&second.name.as_str()) {
                    Diagnostic::error(codes::YAML_SHAPE, second.span, "a step has one word")
                        .here("begin another step here: `- `")
                } else if let Some(meant) = did_you_mean(&second.name, ["as", "errors"]) {
                    let message = format!("`{}` is no part of a step", second.name);
                    Diagnostic::error(codes::YAML_SHAPE, second.span, message).meant(&meant)
                } else {
                    let message =
                        format!("`{}` stands beside the step's word, and belongs into it", second.name);
                    Diagnostic::error(codes::YAML_SHAPE, second.span, message).note(format!(
                        "indent it by four more, below `- {}:`; beside the word stand only `as` and `errors`",
                        first.name
                    ))
                };
                self.diagnostics.push(diagnostic.because(first.span, "this is the step's word"));
                return None;
            }
            _ => {
                self.error(codes::YAML_SHAPE, node.span, "this step has no word, such as `filter`");
                return None;
            }
        };
        let kind = self.kind(key, value)?;
        let alias = match beside("as") {
            Some(node) => Some(self.name(node)?),
            None => None,
        };
        let errors = match beside("errors") {
            Some(node) => Some(self.topic_holder(node)?),
            None => None,
        };
        Some(Step { kind, span: key.span.to(self.whole(value)), alias, errors })
    }

    fn kind(&mut self, key: &Key, node: &Node) -> Option<StepKind> {
        Some(match key.name.as_str() {
            "filter" => StepKind::Filter(self.expr(node)?),
            "map" => StepKind::Map(self.value(node)?),
            "select" => StepKind::Select(self.paths(node)?),
            "drop" => StepKind::Drop(self.paths(node)?),
            "add" => {
                let wrong = self.diagnostics.len();
                let fields = self.each(node, |reader, name, node| {
                    let value = reader.field(&name, node)?;
                    Some((name, value))
                });
                (self.diagnostics.len() == wrong).then_some(StepKind::Add(fields))?
            }
            "group_by" => StepKind::GroupBy(self.by(node)?),
            "repartition_by" => StepKind::RepartitionBy(self.by(node)?),
            "window" => StepKind::Window(self.window(node)?),
            "aggregate" => StepKind::Aggregate(self.assignments(node)?),
            "rolling" => StepKind::Rolling(self.rolling(node)?),
            "join" => StepKind::Join(self.join(node, JoinWord::Inner)?),
            "left_join" => StepKind::Join(self.join(node, JoinWord::Left)?),
            "outer_join" => StepKind::Join(self.join(node, JoinWord::Outer)?),
            "match" => {
                let fields = self.entries(node, "`match`", &keys::MATCH);
                let by = self.needed(node, &fields, "by").and_then(|node| self.by(node));
                let within = self.needed(node, &fields, "within").and_then(|node| self.duration(node));
                let elements = self.needed(node, &fields, "events").and_then(|node| self.elements(node));
                let skip = match self.find(&fields, "skip") {
                    Some(node) => Some(self.skip(node)?),
                    None => None,
                };
                let late = match self.find(&fields, "late") {
                    Some(node) => Some(self.topic_holder(node)?),
                    None => None,
                };
                StepKind::Match(MatchStep { by: by?, within: within?, elements: elements?, skip, late })
            }
            "branch" => {
                let wrong = self.diagnostics.len();
                let arms = self.each(node, |reader, name, node| {
                    let otherwise = matches!(&node.kind, Kind::Scalar(scalar) if scalar.text == "else");
                    let condition = if otherwise { None } else { Some(reader.expr(node)?) };
                    Some(BranchArm { name, condition })
                });
                if arms.is_empty() && self.diagnostics.len() == wrong {
                    let message = "`branch` is a map of names and conditions, such as `large: amount > 100`";
                    self.error(codes::YAML_SHAPE, node.span, message);
                }
                (self.diagnostics.len() == wrong).then_some(StepKind::Branch(arms))?
            }
            "via" => {
                let fields = self.entries(node, "`via`", &keys::VIA);
                let topic = self.topic_of(node, &fields)?;
                let (key, time, malformed) = self.clauses(&fields);
                StepKind::Via(ViaStep { topic, key, time, malformed })
            }
            "latest_by" => StepKind::Latest(self.by(node)?),
            "changes" => StepKind::Changes(match &node.kind {
                Kind::Null => None,
                _ => {
                    let fields = self.entries(node, "`changes`", &keys::CHANGES);
                    Some(self.needed(node, &fields, "where").and_then(|node| self.expr(node))?)
                }
            }),
            "top" => {
                let fields = self.entries(node, "`top`", &keys::TOP);
                let count = self.needed(node, &fields, "count").and_then(|node| self.number(node));
                let order = self.needed(node, &fields, "by").and_then(|node| self.orders(node));
                let per = match self.find(&fields, "per") {
                    Some(node) => self.by(node)?,
                    None => Vec::new(),
                };
                StepKind::Top(TopStep { count: count?, order: order?, per })
            }
            "schedule" => {
                let fields = self.entries(node, "`schedule`", &keys::SCHEDULE);
                let at = self.needed(node, &fields, "at").and_then(|node| self.expr(node));
                let by = self.needed(node, &fields, "by").and_then(|node| self.by(node));
                let replace = match self.find(&fields, "replace") {
                    Some(node) => self.flag(node)?,
                    None => false,
                };
                let cancel = match self.find(&fields, "cancel_when") {
                    Some(node) => Some(self.expr(node)?),
                    None => None,
                };
                let wall_clock = match self.find(&fields, "wall_clock") {
                    Some(node) => self.flag(node)?,
                    None => false,
                };
                StepKind::Schedule(ScheduleStep { at: at?, by: by?, replace, cancel, wall_clock })
            }
            word @ ("expand" | "left_expand") => {
                let fields = self.entries(node, "`expand`", &keys::EXPAND);
                let list = self.needed(node, &fields, "list").and_then(|node| self.expr(node));
                let name = self.needed(node, &fields, "as").and_then(|node| self.name(node));
                StepKind::Expand { left: word == "left_expand", list: list?, name: name? }
            }
            "flat_map" => StepKind::FlatMap(self.expr(node)?),
            "dedupe" => {
                let fields = self.entries(node, "`dedupe`", &keys::DEDUPE);
                let by = self.needed(node, &fields, "by").and_then(|node| self.by(node));
                let within = self.needed(node, &fields, "within").and_then(|node| self.duration(node));
                StepKind::Dedupe { by: by?, within: within? }
            }
            "emit" => StepKind::Emit(self.emit(node)?),
            "ttl" => StepKind::Ttl(self.duration(node)?),
            _ => {
                self.unknown(key, "step", &keys::STEPS.names());
                return None;
            }
        })
    }

    fn rolling(&mut self, node: &Node) -> Option<RollingStep> {
        if let Kind::Scalar(scalar) = &node.kind {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::YAML_SHAPE,
                    node.span,
                    "`rolling` is a map with `range`, `by` and `fields`",
                )
                .note(format!("`rolling: {{ range: {}, by: …, fields: {{ n: count() }} }}`", scalar.text)),
            );
            return None;
        }
        let fields = self.entries(node, "`rolling`", &keys::ROLLING);
        self.one_of(&fields, &["range", "rows"])?;
        let range = match (self.find(&fields, "range"), self.find(&fields, "rows")) {
            (_, Some(rows)) => self.number(rows).map(RollingRange::Rows),
            _ => self
                .needed(node, &fields, "range")
                .and_then(|node| self.duration(node))
                .map(RollingRange::Time),
        };
        let by = self.needed(node, &fields, "by").and_then(|node| self.by(node));
        let functions = self.needed(node, &fields, "fields").and_then(|node| self.assignments(node));
        let excluding_current = match self.find(&fields, "excluding_current") {
            Some(node) => self.flag(node)?,
            None => false,
        };
        let granularity = match self.find(&fields, "granularity") {
            Some(node) => Some(self.duration(node)?),
            None => None,
        };
        let ordered = match self.find(&fields, "ordered") {
            Some(node) => self.flag(node)?,
            None => false,
        };
        let late = match self.find(&fields, "late") {
            Some(node) => Some(self.topic_holder(node)?),
            None => None,
        };
        Some(RollingStep {
            range: range?,
            by: by?,
            excluding_current,
            granularity,
            ordered,
            functions: functions?,
            late,
        })
    }

    fn join(&mut self, node: &Node, kind: JoinWord) -> Option<JoinStep> {
        let fields = self.entries(node, "a join", &keys::JOIN);
        self.one_of(&fields, &["table", "stream"])?;
        self.one_of(&fields, &["by", "on"])?;
        let other = match self.find(&fields, "stream") {
            Some(stream) => Some(stream),
            None => self.needed(node, &fields, "table"),
        };
        let other = other.and_then(|node| self.name(node));
        let alias = match self.find(&fields, "as") {
            Some(node) => Some(self.name(node)?),
            None => None,
        };
        if let Some(alias) = alias.as_ref().filter(|alias| alias.node == "of") {
            // In the text form `as of` is another part of a join.
            self.error(codes::YAML_SHAPE, alias.span, "a joined table cannot be called `of`");
            return None;
        }
        let within = match self.find(&fields, "within") {
            Some(node) => Some(self.within(node)?),
            None => None,
        };
        let grace = match self.find(&fields, "grace") {
            Some(node) => Some(self.duration(node)?),
            None => None,
        };
        let late = match self.find(&fields, "late") {
            Some(node) => Some(self.topic_holder(node)?),
            None => None,
        };
        let mut expr = |word: &str| self.find(&fields, word).map(|node| self.expr(node));
        let (on, as_of, condition) = (expr("on"), expr("as_of"), expr("where"));
        let by = match (self.find(&fields, "by"), &on) {
            (Some(node), _) => self.by(node)?,
            (None, Some(_)) => Vec::new(),
            (None, None) => {
                self.needed(node, &fields, "by");
                return None;
            }
        };
        let flat = |found: Option<Option<Expr>>| match found {
            Some(None) => None,
            Some(found) => Some(found),
            None => Some(None),
        };
        Some(JoinStep {
            kind,
            other: other?,
            alias,
            within,
            by,
            on: flat(on)?,
            as_of: flat(as_of)?,
            condition: flat(condition)?,
            grace,
            late,
        })
    }

    /// `within: 10m`, or `{ before: 10m }`, or `{ before: 10m, after: 1h }`
    fn within(&mut self, node: &Node) -> Option<JoinWithin> {
        if !matches!(node.kind, Kind::Map(_)) {
            let length = Some(self.duration(node)?);
            return Some(JoinWithin { before: length.clone(), after: length });
        }
        let fields = self.entries(node, "`within`", &keys::WITHIN);
        if fields.is_empty() {
            self.error(
                codes::YAML_SHAPE,
                node.span,
                "this is `10m`, `{ before: 10m }`, `{ after: 10m }` or `{ before: 10m, after: 1h }`",
            );
            return None;
        }
        let mut side = |word: &str| match self.find(&fields, word) {
            Some(node) => self.duration(node).map(Some),
            None => Some(None),
        };
        Some(JoinWithin { before: side("before")?, after: side("after")? })
    }

    fn skip(&mut self, node: &Node) -> Option<Spanned<Skip>> {
        self.scalar(node, "`to next`, `past last`, `to first b` or `to last b`")?
            .as_text()
            .skip(self.diagnostics)
    }

    fn elements(&mut self, node: &Node) -> Option<Vec<PatternElement>> {
        let Kind::Seq(items) = &node.kind else {
            self.error(
                codes::YAML_SHAPE,
                node.span,
                "`events` is a list, such as `- b if b.country != a.country`",
            );
            return None;
        };
        let mut elements = Vec::new();
        for item in self.some(node, items, "an event")? {
            let scalar = self.scalar(item, "an event such as `b if b.country != a.country`")?;
            elements.push(scalar.as_text().element(self.diagnostics)?);
        }
        Some(elements)
    }

    /// `by: amount`, `by: amount asc`, or a list of such
    fn orders(&mut self, node: &Node) -> Option<Vec<(Expr, bool)>> {
        match &node.kind {
            Kind::Seq(items) => {
                let mut orders = Vec::new();
                for item in self.some(node, items, "a field")? {
                    orders.push(self.scalar(item, "a field")?.as_text().order(self.diagnostics)?);
                }
                Some(orders)
            }
            _ => Some(vec![self.scalar(node, "a field")?.as_text().order(self.diagnostics)?]),
        }
    }

    fn number(&mut self, node: &Node) -> Option<Spanned<i64>> {
        let scalar = self.scalar(node, "a whole number")?;
        match scalar.text.parse() {
            Ok(number @ 0..) => Some(Spanned::new(number, scalar.span)),
            _ => {
                self.error(codes::YAML_SHAPE, node.span, "a whole number is needed here");
                None
            }
        }
    }

    pub(super) fn flag(&mut self, node: &Node) -> Option<bool> {
        let scalar = self.scalar(node, "true or false")?;
        match scalar.text.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.error(codes::YAML_SHAPE, node.span, "this is true or false");
                None
            }
        }
    }

    fn window(&mut self, node: &Node) -> Option<WindowStep> {
        const KINDS: [(&str, WindowKind); 5] = [
            ("tumbling", WindowKind::Tumbling),
            ("hopping", WindowKind::Hopping),
            ("sliding", WindowKind::Sliding),
            ("session", WindowKind::Session),
            ("cumulate", WindowKind::Cumulate),
        ];
        let told = self.diagnostics.len();
        let fields = self.entries(node, "`window`", &keys::WINDOW);
        if self.diagnostics.len() > told {
            return None;
        }
        let mut kinds = KINDS.iter().filter_map(|(word, kind)| Some((*kind, self.find(&fields, word)?)));
        let (Some((kind, length)), None) = (kinds.next(), kinds.next()) else {
            drop(kinds);
            let span = fields.first().map_or(node.span, |(key, _)| key.span);
            self.error(
                codes::YAML_SHAPE,
                span,
                "a window is one of `tumbling: 1h`, `hopping: { size: 1h, every: 10m }`, `sliding: 1h`, `session: { gap: 30m }`, `cumulate: { size: 1d, every: 1h }`",
            );
            return None;
        };
        drop(kinds);
        let (size, every) = match kind {
            WindowKind::Tumbling | WindowKind::Sliding => (self.duration(length)?, None),
            WindowKind::Session => {
                let parts = self.entries(length, "`session`", &keys::SESSION);
                (self.needed(length, &parts, "gap").and_then(|node| self.duration(node))?, None)
            }
            WindowKind::Hopping | WindowKind::Cumulate => {
                let what = if kind == WindowKind::Hopping { "`hopping`" } else { "`cumulate`" };
                let parts = self.entries(length, what, &keys::SIZE_EVERY);
                let size = self.needed(length, &parts, "size").and_then(|node| self.duration(node));
                let every = self.needed(length, &parts, "every").and_then(|node| self.duration(node));
                (size?, Some(every?))
            }
        };
        let mut step = WindowStep { kind, size, every, zone: None, offset: None, grace: None, late: None };
        if let Some(node) = self.find(&fields, "in") {
            let scalar = self.scalar(node, "a time zone such as Europe/Paris")?;
            step.zone = Some(Spanned::new(scalar.text.clone(), scalar.span));
        }
        if let Some(node) = self.find(&fields, "offset") {
            step.offset = Some(self.duration(node)?);
        }
        if let Some(node) = self.find(&fields, "grace") {
            step.grace = Some(self.duration(node)?);
        }
        if let Some(node) = self.find(&fields, "late") {
            step.late = Some(self.topic_holder(node)?);
        }
        Some(step)
    }

    fn emit(&mut self, node: &Node) -> Option<EmitKind> {
        match &node.kind {
            Kind::Scalar(scalar) if scalar.text == "final" => Some(EmitKind::Final),
            Kind::Scalar(scalar) if scalar.text == "changes" => Some(EmitKind::Changes),
            Kind::Map(_) => {
                let fields = self.entries(node, "`emit`", &keys::EMIT);
                let every = self.needed(node, &fields, "every")?;
                Some(EmitKind::Every(self.duration(every)?))
            }
            _ => {
                self.error(codes::YAML_SHAPE, node.span, "`emit` is `final`, `changes` or `{ every: 10s }`");
                None
            }
        }
    }
}

/// Stands beside a step's word, and is none.
fn is_beside(key: &Key) -> bool {
    keys::BESIDE.names().contains(&key.name.as_str())
}
