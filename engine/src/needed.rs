//! Which columns of each node somebody downstream reads: what is read by nobody is never decoded, sent or kept.

use tidegate_model::expr::Expr;
use tidegate_model::plan::{Answer, JoinKind, Node, NodeKind, Plan, SinkKey};

/// For each node and each column of its schema: is it read?
#[derive(Clone, Debug)]
pub struct Needed {
    columns: Vec<Vec<bool>>,
    /// For each node: must the records' own bytes come along (pass-through, or a route that sets records aside)?
    raw: Vec<bool>,
}

impl Needed {
    pub fn of(plan: &Plan) -> Needed {
        let mut needed = Needed {
            columns: plan.nodes.iter().map(|node| vec![false; node.schema.columns.len()]).collect(),
            raw: vec![false; plan.nodes.len()],
        };
        for node in plan.nodes.iter().rev() {
            needed.visit(plan, node);
        }
        needed
    }

    pub fn columns(&self, node: &Node) -> &[bool] {
        &self.columns[node.id.0 as usize]
    }

    /// Of an event that a node gave and another one sets aside without its bytes: the columns that it leaves with. None are kept for this alone: a route
    /// that is given when a topology has stopped must not make its state another.
    pub fn left_aside(&self, from: &Node) -> Vec<bool> {
        let mut columns = self.columns(from).to_vec();
        if matches!(from.kind, NodeKind::Rekey(_)) {
            *columns.last_mut().expect("the last one tells whether a row is gone") = false;
        }
        columns
    }

    /// Which columns of the right table an [`Answer`] takes to the left one.
    pub fn row_asked_for(&self, answer: &Node) -> &[bool] {
        &self.columns(answer)[Answer::ROW..]
    }

    pub fn raw(&self, node: &Node) -> bool {
        self.raw[node.id.0 as usize]
    }

    /// Consumers have been visited before, since they stand behind their inputs.
    fn visit(&mut self, plan: &Plan, node: &Node) {
        let own = self.columns[node.id.0 as usize].clone();
        let raw = self.raw[node.id.0 as usize];
        let input = |index: usize| node.inputs[index].0 as usize;
        match &node.kind {
            NodeKind::Source(source) => {
                for column in [source.key, source.time.column].into_iter().flatten() {
                    self.columns[node.id.0 as usize][column] = true;
                }
            }
            NodeKind::Table(table) => self.columns[node.id.0 as usize][table.key] = true,
            NodeKind::Filter(filter) => {
                self.same(input(0), &own);
                self.reads(input(0), &filter.predicate);
                self.raw[input(0)] |= raw || filter.errors.is_some();
            }
            NodeKind::Map(map) => {
                for (expr, _) in map.columns.iter().zip(&own).filter(|(_, needed)| **needed) {
                    self.reads(input(0), expr);
                }
                self.raw[input(0)] |= raw || map.errors.is_some();
            }
            NodeKind::Expand(expand) => {
                let width = plan.node(node.inputs[0]).schema.columns.len();
                self.same(input(0), &own[..width]);
                self.reads(input(0), &expand.list);
                // What is made of the element reads the element, which is no column of the input.
                self.raw[input(0)] |= raw || expand.errors.is_some();
            }
            NodeKind::Merge => {
                for index in 0..node.inputs.len() {
                    self.same(input(index), &own);
                    self.raw[input(index)] |= raw;
                }
            }
            NodeKind::Repartition(repartition) if repartition.partial => {
                let aggregate = plan.consumers(node.id).find_map(|consumer| match &consumer.kind {
                    NodeKind::Aggregate(aggregate) => Some(aggregate),
                    _ => None,
                });
                let aggregate = aggregate.expect("a partial repartition feeds an aggregate");
                self.aggregate(plan, input(0), aggregate);
                self.raw[input(0)] |= repartition.errors.is_some();
            }
            NodeKind::Repartition(repartition) => {
                self.same(input(0), &own);
                self.all(input(0), &repartition.key);
                self.raw[input(0)] |= repartition.errors.is_some();
            }
            NodeKind::Aggregate(aggregate) => {
                let upstream = plan.node(node.inputs[0]);
                let combines =
                    matches!(&upstream.kind, NodeKind::Repartition(repartition) if repartition.partial);
                if !combines {
                    self.aggregate(plan, input(0), aggregate);
                }
            }
            NodeKind::Rolling(rolling) => {
                let width = plan.node(node.inputs[0]).schema.columns.len();
                self.same(input(0), &own[..width]);
                self.all(input(0), &rolling.key);
                for call in &rolling.functions {
                    self.all(input(0), call.argument.as_slice());
                }
                // What waits for its turn waits without its record.
                self.raw[input(0)] |= (raw && !rolling.ordered) || rolling.errors.is_some();
                if rolling.late.is_some() {
                    self.sets_late_aside(plan, input(0));
                }
            }
            NodeKind::JoinTable(join) => {
                let width = plan.node(node.inputs[0]).schema.columns.len();
                self.same(input(0), &own[..width]);
                self.all(input(0), &join.key);
                self.all(input(0), join.as_of.as_slice());
                let table = &own[width + usize::from(join.left)..];
                self.same(input(1), table);
                self.key(input(1), join.derived.as_deref().unwrap_or_default());
                if let Some(condition) = &join.condition {
                    self.reads_joined(node, width, usize::from(join.left), 0, condition);
                }
                self.raw[input(0)] |= raw || join.errors.is_some();
            }
            NodeKind::JoinStreams(join) => {
                let width = plan.node(node.inputs[0]).schema.columns.len();
                let presence = usize::from(join.kind != JoinKind::Inner);
                self.same(input(0), &own[..width]);
                self.same(input(1), &own[width + presence..]);
                self.all(input(0), &join.left_key);
                self.all(input(1), &join.right_key);
                if let Some(condition) = &join.condition {
                    self.reads_joined(node, width, presence, 0, condition);
                }
                for index in [0, 1] {
                    self.raw[input(index)] |= join.errors.is_some();
                    if join.late.is_some() {
                        self.sets_late_aside(plan, input(index));
                    }
                }
            }
            NodeKind::JoinTables(join) => {
                let width = plan.node(node.inputs[0]).schema.columns.len();
                let presence = usize::from(join.kind != JoinKind::Inner);
                // By a foreign key the right row's columns stand behind those of the answer.
                let ahead = if join.foreign { Answer::ROW } else { 0 };
                let right: Vec<usize> = join.right_key.iter().map(|column| ahead + column).collect();
                self.same(input(0), &own[..width]);
                for (column, read) in own[width + presence..].iter().enumerate() {
                    self.columns[input(1)][ahead + column] |= read;
                }
                self.key(input(0), &join.left_key);
                self.key(input(1), &right);
                self.all(input(0), &join.key);
                if let Some(condition) = &join.condition {
                    self.reads_joined(node, width, presence, ahead, condition);
                }
            }
            NodeKind::Rekey(rekey) => {
                let gone = own.len() - 1;
                self.key(node.id.0 as usize, &rekey.key);
                self.key(node.id.0 as usize, &rekey.row_key);
                self.columns[node.id.0 as usize][gone] = true;
                self.same(input(0), &own[..gone]);
                self.key(input(0), &rekey.key);
                self.key(input(0), &rekey.row_key);
            }
            NodeKind::Top(top) => {
                let rank = own.len() - 1;
                self.key(node.id.0 as usize, &top.key);
                // Rows that are equal but for their keys are told apart.
                self.key(node.id.0 as usize, top.row_key.as_deref().unwrap_or_default());
                self.columns[node.id.0 as usize][rank] = true;
                self.same(input(0), &own[..rank]);
                self.key(input(0), &top.key);
                self.key(input(0), top.row_key.as_deref().unwrap_or_default());
                for order in &top.order {
                    self.reads(input(0), &order.expr);
                }
                self.raw[input(0)] |= top.errors.is_some();
            }
            NodeKind::Ask(ask) => {
                self.key(input(0), &ask.left_key);
                self.all(input(0), &ask.key);
                self.columns[node.id.0 as usize].iter_mut().for_each(|column| *column = true);
            }
            NodeKind::Answer(answer) => {
                self.same(input(0), &own[Answer::ROW..]);
                self.key(input(0), &answer.right_key);
                self.columns[node.id.0 as usize][..Answer::ROW].iter_mut().for_each(|column| *column = true);
            }
            NodeKind::Latest(latest) => {
                self.same(input(0), &own);
                self.all(input(0), &latest.key);
                self.raw[input(0)] |= latest.errors.is_some();
            }
            NodeKind::Schedule(schedule) => {
                self.same(input(0), &own);
                self.reads(input(0), &schedule.at);
                self.all(input(0), &schedule.key);
                self.all(input(0), schedule.cancel.as_slice());
                self.raw[input(0)] |= schedule.errors.is_some();
            }
            // Conditions and matches hold whole events.
            NodeKind::Match(pattern) => {
                self.columns[input(0)].iter_mut().for_each(|column| *column = true);
                self.raw[input(0)] |= pattern.errors.is_some() || pattern.late.is_some();
            }
            // A row is a change if anything of it is another.
            NodeKind::Changes(_) => self.columns[input(0)].iter_mut().for_each(|column| *column = true),
            NodeKind::Dedupe(dedupe) => {
                self.same(input(0), &own);
                self.all(input(0), &dedupe.key);
                self.raw[input(0)] |= raw || dedupe.errors.is_some();
            }
            NodeKind::Sink(sink) => {
                let every = !sink.pass_through;
                for column in &mut self.columns[input(0)] {
                    *column |= every;
                }
                if let SinkKey::Columns(columns) = &sink.key {
                    for column in columns {
                        self.columns[input(0)][*column] = true;
                    }
                }
                self.raw[input(0)] |= sink.pass_through;
            }
            NodeKind::HttpSink(_) => self.columns[input(0)].iter_mut().for_each(|column| *column = true),
            NodeKind::HttpPoll(_)
            | NodeKind::Generate(_)
            | NodeKind::WebSocketSink(_)
            | NodeKind::Serve(_) => unreachable!("`{}` is refused by `Program::new`", node.name),
        }
    }

    /// The columns of a table's key are always kept.
    fn key(&mut self, input: usize, columns: &[usize]) {
        for column in columns {
            self.columns[input][*column] = true;
        }
    }

    /// A condition over joined columns: those of the first input, what stands between, those of the second, which has others `ahead`.
    fn reads_joined(&mut self, node: &Node, width: usize, between: usize, ahead: usize, condition: &Expr) {
        condition.each_column(&mut |column| {
            if column < width {
                self.columns[node.inputs[0].0 as usize][column] = true;
            } else if column >= width + between {
                self.columns[node.inputs[1].0 as usize][ahead + column - width - between] = true;
            }
        });
    }

    fn aggregate(&mut self, plan: &Plan, input: usize, aggregate: &tidegate_model::plan::Aggregate) {
        self.all(input, &aggregate.key);
        self.key(input, aggregate.row_key.as_deref().unwrap_or_default());
        for call in &aggregate.functions {
            self.all(input, call.argument.as_slice());
        }
        self.raw[input] |= aggregate.errors.is_some();
        if aggregate.window.as_ref().is_some_and(|window| window.late.is_some()) {
            self.sets_late_aside(plan, input);
        }
    }

    fn sets_late_aside(&mut self, plan: &Plan, input: usize) {
        self.raw[input] = true;
        // A late event without its bytes leaves as its fields.
        if !plan.keeps_bytes(plan.nodes[input].id) {
            self.columns[input].iter_mut().for_each(|column| *column = true);
        }
    }

    fn same(&mut self, input: usize, columns: &[bool]) {
        for (mine, theirs) in self.columns[input].iter_mut().zip(columns) {
            *mine |= theirs;
        }
    }

    fn all(&mut self, input: usize, exprs: &[Expr]) {
        for expr in exprs {
            self.reads(input, expr);
        }
    }

    fn reads(&mut self, input: usize, expr: &Expr) {
        let columns = &mut self.columns[input];
        expr.each_column(&mut |column| columns[column] = true);
    }
}
