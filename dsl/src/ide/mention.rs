//! Every place of a file where a declared name is declared or used.

use crate::ast::*;
use crate::source::Span;
use crate::walk::branches;

/// What a name names. Each kind has names of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A source, table, stream or branch.
    Flow,
    Type,
    Function,
    Param,
    Topology,
    /// A path in an expression, or a field that is named alone: `key card`.
    Value,
}

/// Where in the file a mention stands: what the fields are that it can name.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Context {
    Nowhere,
    /// Before a step of a stream: indices into `Topology::streams` and its steps.
    Step(usize, usize),
    /// Inside of a function: an index into `Topology::functions`.
    Function(usize),
    Source(usize),
    Table(usize),
    /// On the rows of a stream: the sink at this index.
    Sink(usize),
}

#[derive(Clone, Debug)]
pub(crate) struct Mention {
    /// Of the whole path, for a value.
    pub(crate) span: Span,
    pub(crate) path: Vec<String>,
    pub(crate) kind: Kind,
    pub(crate) declares: bool,
    pub(crate) context: Context,
    /// A table or stream that a join takes as its alias too: the fields of its rows are named after it.
    pub(crate) is_alias: bool,
    /// The value of a field in `aggregate` or `rolling`.
    pub(crate) is_aggregate: bool,
    /// Only a field can stand here, no other expression.
    pub(crate) is_field: bool,
    /// Its first name is one that only the expression around it knows (`x => …`), or the test (`for c in …`): where that gets it.
    pub(crate) local: Option<Span>,
}

impl Mention {
    pub(crate) fn name(&self) -> &str {
        &self.path[0]
    }
}

struct Finder {
    found: Vec<Mention>,
    context: Context,
    /// The names that only the expressions around know, the nearest last.
    locals: Vec<Name>,
}

/// All mentions of a topology. `uses`: its `use` declarations, which are no longer part of a linked topology.
pub(crate) fn mentions(topology: &Topology, uses: &[UseDecl]) -> Vec<Mention> {
    let mut finder = Finder { found: Vec::new(), context: Context::Nowhere, locals: Vec::new() };
    finder.topology(topology);
    for name in uses.iter().flat_map(|decl| &decl.names) {
        for kind in [Kind::Flow, Kind::Type, Kind::Function, Kind::Param] {
            let declared = finder
                .found
                .iter()
                .any(|known| known.declares && known.kind == kind && *known.name() == name.node);
            if declared {
                finder.name(name, kind);
            }
        }
    }
    finder.found
}

impl Finder {
    fn push(&mut self, span: Span, path: Vec<String>, kind: Kind, declares: bool) -> &mut Mention {
        let context = self.context;
        self.found.push(Mention {
            span,
            path,
            kind,
            declares,
            context,
            is_alias: false,
            is_aggregate: false,
            is_field: false,
            local: None,
        });
        self.found.last_mut().expect("just pushed")
    }

    fn name(&mut self, name: &Name, kind: Kind) {
        self.push(name.span, vec![name.node.clone()], kind, false);
    }

    fn declare(&mut self, name: &Name, kind: Kind) {
        self.push(name.span, vec![name.node.clone()], kind, true);
    }

    fn path(&mut self, path: &Path) {
        self.push(path.span, path.node.clone(), Kind::Value, false).is_field = true;
    }

    fn topology(&mut self, topology: &Topology) {
        if let Some(name) = &topology.name {
            self.declare(name, Kind::Topology);
        }
        for decl in &topology.types {
            self.declare(&decl.name, Kind::Type);
            self.ty(&decl.body);
        }
        for decl in &topology.params {
            self.declare(&decl.name, Kind::Param);
            self.ty(&decl.ty);
            self.expr(&decl.value);
        }
        for (index, decl) in topology.functions.iter().enumerate() {
            self.declare(&decl.name, Kind::Function);
            self.context = Context::Function(index);
            decl.arguments.iter().for_each(|field| self.ty(&field.ty));
            self.ty(&decl.result);
            self.expr(&decl.body);
        }
        for (index, decl) in topology.sources.iter().enumerate() {
            self.context = Context::Source(index);
            self.declare(&decl.name, Kind::Flow);
            self.ty(&decl.ty);
            self.connector(&decl.from);
            self.clauses(decl.key.as_ref(), decl.time.as_ref());
        }
        for (index, decl) in topology.tables.iter().enumerate() {
            self.context = Context::Table(index);
            self.declare(&decl.name, Kind::Flow);
            self.ty(&decl.ty);
            self.clauses(decl.key.as_ref(), None);
        }
        for (index, decl) in topology.streams.iter().enumerate() {
            self.context = Context::Step(index, 0);
            self.declare(&decl.name, Kind::Flow);
            decl.inputs.iter().for_each(|name| self.name(name, Kind::Flow));
            for (step, kind) in decl.steps.iter().map(|step| &step.kind).enumerate() {
                self.context = Context::Step(index, step);
                self.step(kind);
            }
            branches(decl).for_each(|name| self.declare(name, Kind::Flow));
        }
        for (index, decl) in topology.sinks.iter().enumerate() {
            self.context = Context::Sink(index);
            self.name(&decl.stream, Kind::Flow);
            self.connector(&decl.to);
        }
        self.context = Context::Nowhere;
        topology.serves.iter().for_each(|decl| self.name(&decl.table, Kind::Flow));
        for decl in &topology.tests {
            decl.cases.iter().flat_map(|cases| &cases.rows).for_each(|row| self.expr(row));
            self.locals.extend(decl.cases.iter().map(|cases| cases.name.clone()));
            decl.steps.iter().for_each(|step| self.test_step(step));
            self.locals.clear();
        }
    }

    fn ty(&mut self, ty: &TypeExpr) {
        match &ty.node {
            TypeKind::Named(name) => {
                self.push(ty.span, vec![name.clone()], Kind::Type, false);
            }
            TypeKind::Nullable(inner) | TypeKind::List(inner) => self.ty(inner),
            TypeKind::Braced(field) => {
                // It may be a map, whose key has a type.
                self.name(&field.name, Kind::Type);
                self.ty(&field.ty);
            }
            TypeKind::Record(fields) => fields.iter().for_each(|field| self.ty(&field.ty)),
            TypeKind::Decimal { .. } | TypeKind::Enum(_) => {}
        }
    }

    fn clauses(&mut self, key: Option<&Path>, time: Option<&TimeClause>) {
        key.into_iter().chain(time.map(|time| &time.field)).for_each(|path| self.path(path));
    }

    fn connector(&mut self, connector: &Connector) {
        match connector {
            Connector::Kafka(topic) => {
                for (name, value) in &topic.options {
                    // The other options' values are words of their own.
                    if let (OptionValue::Paths(paths), "key") = (&value.node, name.node.as_str()) {
                        paths.iter().for_each(|path| self.path(path));
                    }
                }
            }
            Connector::Other(connector) => {
                connector.arguments.iter().for_each(|expr| self.expr(expr));
                for (name, value) in &connector.options {
                    match (name.node.as_str(), &value.node) {
                        // `websocket("/ws", snapshot: stations)` names a table.
                        ("snapshot", ExprKind::Path(path)) if path.len() == 1 => {
                            self.push(value.span, path.clone(), Kind::Flow, false);
                        }
                        _ => self.expr(value),
                    }
                }
            }
        }
    }

    fn step(&mut self, kind: &StepKind) {
        match kind {
            StepKind::Filter(expr) | StepKind::Map(expr) | StepKind::FlatMap(expr) => self.expr(expr),
            StepKind::Expand { list, .. } => self.expr(list),
            StepKind::Select(paths) | StepKind::Drop(paths) => paths.iter().for_each(|path| self.path(path)),
            StepKind::Add(fields) => fields.iter().for_each(|(_, value)| self.expr(value)),
            StepKind::Aggregate(fields) => self.aggregates(fields),
            StepKind::GroupBy(by) | StepKind::RepartitionBy(by) | StepKind::Latest(by) => self.keys(by),
            StepKind::Dedupe { by, .. } => self.keys(by),
            StepKind::Rolling(step) => {
                self.keys(&step.by);
                self.aggregates(&step.functions);
            }
            StepKind::Join(step) => {
                let name = &step.other;
                let alone = step.alias.is_none();
                self.push(name.span, vec![name.node.clone()], Kind::Flow, false).is_alias = alone;
                self.exprs(&step.by);
                step.on.iter().chain(&step.as_of).chain(&step.condition).for_each(|expr| self.expr(expr));
            }
            StepKind::Match(step) => {
                self.keys(&step.by);
                for variable in step.elements.iter().flat_map(|element| &element.variables) {
                    self.aggregates(&variable.totals);
                    variable.condition.iter().for_each(|expr| self.expr(expr));
                }
            }
            StepKind::Branch(arms) => {
                arms.iter().filter_map(|arm| arm.condition.as_ref()).for_each(|expr| self.expr(expr));
            }
            StepKind::Changes(predicate) => predicate.iter().for_each(|expr| self.expr(expr)),
            StepKind::Top(step) => {
                step.order.iter().for_each(|(expr, _)| self.expr(expr));
                self.exprs(&step.per);
            }
            StepKind::Schedule(step) => {
                self.expr(&step.at);
                self.keys(&step.by);
                step.cancel.iter().for_each(|expr| self.expr(expr));
            }
            StepKind::Via(step) => self.clauses(step.key.as_ref(), step.time.as_ref()),
            StepKind::Window(_) | StepKind::Emit(_) | StepKind::Ttl(_) => {}
        }
    }

    /// What a `by` names.
    fn keys(&mut self, by: &[Expr]) {
        let before = self.found.len();
        self.exprs(by);
        self.found[before..].iter_mut().for_each(|mention| mention.is_field = true);
    }

    fn aggregates(&mut self, fields: &[(Name, Expr)]) {
        for (_, value) in fields {
            let before = self.found.len();
            self.expr(value);
            if let (ExprKind::Path(_), Some(mention)) = (&value.node, self.found.get_mut(before)) {
                mention.is_aggregate = true;
            }
        }
    }

    fn test_step(&mut self, step: &TestStepDecl) {
        match step {
            TestStepDecl::Feed { input, rows } => {
                self.name(input, Kind::Flow);
                for row in rows {
                    match row {
                        FeedRowDecl::Row(row) => self.expr(row),
                        FeedRowDecl::Raw { .. } | FeedRowDecl::Null { .. } => {}
                    }
                }
            }
            TestStepDecl::FeedFile { input, .. } => self.name(input, Kind::Flow),
            TestStepDecl::AdvanceTo(_) => {}
            TestStepDecl::ExpectAside { of, rows, .. } => {
                if let Some(first) = of.node.first() {
                    let span = Span { end: of.span.start + first.len() as u32, ..of.span };
                    self.push(span, vec![first.clone()], Kind::Flow, false);
                }
                self.exprs(rows);
            }
            TestStepDecl::Expect { stream, rows } => {
                self.name(stream, Kind::Flow);
                for row in rows {
                    match row {
                        ExpectRowDecl::Row(row) => self.expr(row),
                        ExpectRowDecl::Null { .. } => {}
                    }
                }
            }
            TestStepDecl::Snapshot { stream } => self.name(stream, Kind::Flow),
        }
    }

    fn exprs(&mut self, exprs: &[Expr]) {
        exprs.iter().for_each(|expr| self.expr(expr));
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.node {
            ExprKind::Path(path) => {
                let local = self.locals.iter().rev().find(|local| local.node == path[0]);
                let local = local.map(|local| local.span);
                self.push(expr.span, path.clone(), Kind::Value, false).local = local;
            }
            ExprKind::Call(name, _) => self.name(name, Kind::Function),
            ExprKind::Lambda(names, body) => {
                let around = self.locals.len();
                self.locals.extend(names.iter().cloned());
                self.expr(body);
                self.locals.truncate(around);
                return;
            }
            _ => {}
        }
        expr.node.children().into_iter().for_each(|part| self.expr(part));
    }
}
