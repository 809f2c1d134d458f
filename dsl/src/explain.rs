//! The plan in words: keys, repartitions, stores, internal topics, and what each sink guarantees.

mod expression;

use expression::{expr, exprs};
use std::fmt::Write;
use tidegate_model::expr::{Expr, ExprKind};
use tidegate_model::plan::{
    AggregateCall, AggregateFunction, Emit, Generator, JoinKind, MatchElement, Node, NodeKind, Plan, Retry,
    RetryBudget, Route, SinkKey, Skip, SourceTime, Times, WindowShape,
};
use tidegate_model::{Column, Schema, Span, SubtopologyId, Value};

/// The plan, one sub-topology after the other.
pub fn explain(plan: &Plan) -> String {
    let mut out = String::new();
    let stores = plan.nodes.iter().filter(|node| node.has_store()).count();
    let repartitions = plan.nodes.iter().filter(|node| node.kind.internal_topic().is_some()).count();
    let outboxes = plan.nodes.iter().filter(|node| matches!(node.kind, NodeKind::HttpSink(_))).count();
    let parts = plan.subtopologies();
    line(
        &mut out,
        0,
        &format!(
            "topology {}: {}, {}, {}",
            plan.topology,
            count(parts as usize, "sub-topology", "sub-topologies"),
            count(stores, "store", "stores"),
            count(repartitions + stores + outboxes, "internal topic", "internal topics")
        ),
    );
    for (id, words) in plan.not_runnable() {
        line(&mut out, 1, &format!("cannot run yet: `{words}` ({})", plan.node(id).name));
    }
    for part in (0..parts).map(SubtopologyId) {
        // Asks and answers have as many partitions as the rest.
        let inputs = plan.inputs_of(part).into_iter().filter(|(_, node)| !node.kind.is_apart());
        let inputs: Vec<&str> = inputs.map(|(topic, _)| topic).collect();
        out.push('\n');
        let is_global = |node: &Node| matches!(&node.kind, NodeKind::Table(table) if table.global);
        let tasks = match &inputs[..] {
            [] if plan.nodes.iter().filter(|node| node.subtopology == part).all(is_global) => {
                "no task; every worker reads it".to_owned()
            }
            [] => "one task".to_owned(),
            inputs => format!("a task for each partition of {}", inputs.join(", ")),
        };
        line(&mut out, 0, &format!("sub-topology {}: {tasks}", part.0));
        if inputs.len() > 1 {
            line(&mut out, 1, "these topics need equally many partitions");
        }
        for node in plan.nodes.iter().filter(|node| node.subtopology == part) {
            explain_node(plan, node, &mut out);
        }
    }
    out
}

fn count(number: usize, one: &str, many: &str) -> String {
    match number {
        0 => format!("no {many}"),
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    }
}

fn line(out: &mut String, depth: usize, text: &str) {
    let _ = writeln!(out, "{:width$}{text}", "", width = depth * 2);
}

fn fact(out: &mut String, word: &str, text: &str) {
    let _ = writeln!(out, "    {word:<10} {text}");
}

fn ttl(out: &mut String, ttl: Option<Span>) {
    if let Some(ttl) = ttl {
        fact(out, "ttl", &format!("{ttl}: a row whose time is so far behind the watermark is deleted"));
    }
}

fn one_row_for(ttl: Span) -> String {
    format!("one row for each key, for {ttl} behind its time")
}

fn explain_node(plan: &Plan, node: &Node, out: &mut String) {
    let input = node.inputs.first().map(|input| plan.node(*input));
    line(out, 1, &format!("{} {}", node.kind.keyword(), node.name));
    let from = |out: &mut String| {
        let names: Vec<&str> = node.inputs.iter().map(|input| plan.node(*input).name.as_str()).collect();
        fact(out, "from", &names.join(", "));
    };
    let schema = input.map(|input| &input.schema);
    match &node.kind {
        NodeKind::Source(source) => {
            fact(out, "topic", &format!("{} (json)", source.topic));
            match source.key {
                Some(key) => fact(out, "key", &node.schema.columns[key].path),
                None => fact(
                    out,
                    "key",
                    "none is declared: where state is kept by a key, a repartition comes before",
                ),
            }
            let time = source.time.column.map_or("of the record", |column| &node.schema.columns[column].path);
            let idle =
                source.time.idle.map_or(", never idle".to_owned(), |idle| format!(", idle after {idle}"));
            fact(out, "time", &format!("{time}, out of order by up to {}{idle}", source.time.out_of_order));
            if let Some(ahead) = source.time.ahead {
                fact(
                    out,
                    "ahead",
                    &format!("malformed if it is more than {ahead} ahead of the machine's clock"),
                );
            }
            route(out, "malformed", source.malformed.as_ref());
            fields(out, node);
        }
        NodeKind::Table(table) => {
            fact(out, "topic", &format!("{} (json, compacted; a null value deletes)", table.topic));
            if table.global {
                fact(out, "global", "every worker has all of it in memory, read anew at each start");
            }
            fact(out, "key", &node.schema.columns[table.key].path);
            ttl(out, table.ttl);
            route(out, "malformed", table.malformed.as_ref());
            if node.has_store() {
                store(out, plan, node, "one row for each key");
            }
            fields(out, node);
        }
        NodeKind::Filter(filter) => {
            from(out);
            fact(out, "keeps", &expr(&filter.predicate, schema));
            route_if(out, filter.errors.as_ref());
        }
        NodeKind::Map(map) => {
            from(out);
            for (column, made) in node.schema.columns.iter().zip(&map.columns) {
                if matches!(made.kind, ExprKind::Column(_)) && expr(made, schema) == column.path {
                    continue;
                }
                fact(out, "makes", &format!("{} = {}", column.path, expr(made, schema)));
            }
            route_if(out, map.errors.as_ref());
            fields(out, node);
        }
        NodeKind::Expand(expand) => {
            from(out);
            fact(out, "list", &expr(&expand.list, schema));
            let empty = if expand.left {
                "an event without an element for an empty list"
            } else {
                "none for an empty list"
            };
            fact(out, "gives", &format!("an event for each element, {empty}"));
            route_if(out, expand.errors.as_ref());
            fields(out, node);
        }
        NodeKind::Merge => from(out),
        NodeKind::Repartition(repartition) => {
            from(out);
            let key = match repartition.key.is_empty() {
                true => "nothing: all events come together".to_owned(),
                false => exprs(&repartition.key, schema),
            };
            fact(out, "key", &key);
            fact(out, "topic", &format!("{} (internal, emptied as it is read)", repartition.topic));
            if repartition.partial {
                fact(
                    out,
                    "carries",
                    "one partial aggregate for each key (and window) and commit, not the events",
                );
            }
            route_if(out, repartition.errors.as_ref());
        }
        NodeKind::Aggregate(aggregate) => {
            from(out);
            // The functions of a partial repartition are evaluated before it.
            let partial = input.filter(
                |input| matches!(&input.kind, NodeKind::Repartition(repartition) if repartition.partial),
            );
            let schema = partial.map_or(schema, |repartition| Some(&plan.node(repartition.inputs[0]).schema));
            fact(out, "key", &exprs(&aggregate.key, schema));
            if aggregate.row_key.is_some() {
                fact(
                    out,
                    "adds up",
                    "the table's rows as they are: one that changes is subtracted as it was",
                );
            }
            if let Some(window) = &aggregate.window {
                let mut kind = match window.shape {
                    WindowShape::Aligned if window.advance == window.size => {
                        format!("tumbling {}", window.size)
                    }
                    WindowShape::Aligned => format!("hopping {} every {}", window.size, window.advance),
                    WindowShape::Sliding => format!("sliding {}: ends at each event", window.size),
                    WindowShape::Session => format!("session, ended by a gap of {}", window.size),
                    WindowShape::Cumulate => {
                        format!("{}, given out every {} as it fills", window.size, window.advance)
                    }
                };
                if let Some(zone) = &window.zone {
                    let _ = write!(kind, " by the clocks of {zone}");
                }
                if window.offset != Span::ZERO {
                    let _ = write!(kind, ", offset {}", window.offset);
                }
                fact(out, "window", &format!("{kind}, grace {}", window.grace));
                match &window.late {
                    Some(late) => fact(out, "late", &format!("-> {}", late.topic)),
                    None => fact(out, "late", "only counted"),
                }
            }
            calls(out, &aggregate.functions, schema);
            let is_session =
                aggregate.window.as_ref().is_some_and(|window| window.shape == WindowShape::Session);
            let emit = match aggregate.emit {
                Emit::Final if is_session => {
                    "final: one row for each session, when the watermark is later than its last event, the gap and grace"
                        .to_owned()
                }
                Emit::Final => {
                    "final: one row for each key and window, when the watermark reaches its end plus grace"
                        .to_owned()
                }
                Emit::Changes => "changes: the row of each changed key at every commit".to_owned(),
                Emit::Every(every) => format!("every {every}: the row of each key that changed"),
            };
            fact(out, "emit", &emit);
            ttl(out, aggregate.ttl);
            let kept = aggregate.window.as_ref().map_or("one for each key, for ever".to_owned(), |window| {
                let range = window.size.plus(window.grace);
                match window.shape {
                    WindowShape::Aligned | WindowShape::Cumulate => {
                        format!("one for each key and slice, kept for about {range}")
                    }
                    WindowShape::Session => {
                        format!("one for each session, kept for {range} behind its last event")
                    }
                    WindowShape::Sliding => {
                        format!("one for each key and time of an event, kept for {range}")
                    }
                }
            });
            let kept = match &aggregate.row_key {
                Some(_) => "what is added up of each row, and one for each key".to_owned(),
                None => aggregate.ttl.map_or(kept, one_row_for),
            };
            store(out, plan, node, &kept);
            route_if(out, aggregate.errors.as_ref());
            fields(out, node);
        }
        NodeKind::Rolling(rolling) => {
            from(out);
            fact(out, "key", &exprs(&rolling.key, schema));
            let current = if rolling.excluding_current {
                "without the event itself"
            } else {
                "the event itself included"
            };
            let range = match rolling.rows {
                Some(rows) => format!("the last {rows} events"),
                None => format!("the trailing {}", rolling.range),
            };
            fact(out, "range", &format!("{range}, {current}"));
            if rolling.ordered {
                fact(out, "order", "by event time: a row is given out when nothing earlier can come");
                match &rolling.late {
                    Some(late) => fact(out, "late", &format!("-> {}", late.topic)),
                    None => fact(out, "late", "only counted"),
                }
            }
            calls(out, &rolling.functions, schema);
            let kept = match (rolling.rows, rolling.granularity) {
                (Some(rows), _) => format!("the last {rows} events of each key"),
                (None, Some(step)) => format!("one sum for each key and {step}, for {}", rolling.range),
                (None, None) => format!("the events of each key, for {}", rolling.range),
            };
            store(out, plan, node, &kept);
            route_if(out, rolling.errors.as_ref());
        }
        NodeKind::JoinTable(join) => {
            from(out);
            let table = &plan.node(node.inputs[1]).name;
            let kind = if join.left {
                "left: an event without a row passes too"
            } else {
                "inner: an event without a row ends here"
            };
            fact(out, "table", &format!("{table} as {}, {kind}", join.alias));
            fact(out, "key", &exprs(&join.key, schema));
            if let Some(time) = &join.as_of {
                fact(out, "as of", &expr(time, schema));
                let kept = match join.history {
                    Some(history) => format!("the rows that each key has had in {history}"),
                    None => "the rows that each key has had, for ever".to_owned(),
                };
                store(out, plan, node, &kept);
            } else if node.has_store() {
                store(out, plan, node, "the table's rows");
            }
            where_if(out, join.condition.as_ref(), node);
            route_if(out, join.errors.as_ref());
        }
        NodeKind::JoinStreams(join) => {
            from(out);
            let other = plan.node(node.inputs[1]);
            fact(out, "stream", &format!("{} as {}, {}", other.name, join.alias, kind_of_join(join.kind)));
            let right = exprs(&join.right_key, Some(&other.schema));
            fact(out, "key", &format!("{} == {right}", exprs(&join.left_key, schema)));
            let within = match (join.before, join.after) {
                (before, Span::ZERO) => format!("the other came up to {before} before"),
                (Span::ZERO, after) => format!("the other came up to {after} after"),
                (before, after) if before == after => {
                    format!("the other came up to {before} before or after")
                }
                (before, after) => format!("the other came up to {before} before or {after} after"),
            };
            fact(out, "within", &within);
            if join.grace != Span::ZERO {
                fact(out, "grace", &join.grace.to_string());
            }
            match &join.late {
                Some(late) => fact(out, "late", &format!("-> {}", late.topic)),
                None => fact(out, "late", "only counted"),
            }
            where_if(out, join.condition.as_ref(), node);
            let kept = join.before.max(join.after);
            store(out, plan, node, &format!("the events of both sides, for {kept} and their disorder"));
            route_if(out, join.errors.as_ref());
            fields(out, node);
        }
        NodeKind::JoinTables(join) => {
            from(out);
            let other = plan.right_table(node);
            fact(out, "table", &format!("{} as {}, {}", other.name, join.alias, kind_of_join(join.kind)));
            let foreign =
                if join.foreign { " (a foreign key: a row there belongs to many here)" } else { "" };
            fact(out, "key", &format!("{}{foreign}", exprs(&join.key, schema)));
            where_if(out, join.condition.as_ref(), node);
            let rows =
                if join.foreign { "each row, and the one it refers to" } else { "the rows of both tables" };
            store(out, plan, node, rows);
            route_if(out, join.errors.as_ref());
            fields(out, node);
        }
        NodeKind::Rekey(rekey) => {
            from(out);
            let key: Vec<&str> =
                rekey.key.iter().map(|column| node.schema.columns[*column].path.as_str()).collect();
            let key =
                if key.is_empty() { "nothing: all rows come together".to_owned() } else { key.join(", ") };
            fact(out, "key", &key);
            fact(out, "topic", &format!("{} (internal, emptied as it is read)", rekey.topic));
            store(out, plan, node, "where each row is");
        }
        NodeKind::Ask(ask) => {
            from(out);
            fact(out, "asks for", &format!("the row of {}", exprs(&ask.key, schema)));
            fact(out, "topic", &format!("{} (internal, emptied as it is read)", ask.topic));
            store(out, plan, node, "what each row refers to");
        }
        NodeKind::Answer(answer) => {
            from(out);
            fact(out, "answers", "with the row as it is, and again when it changes");
            fact(out, "topic", &format!("{} (internal, emptied as it is read)", answer.topic));
            store(out, plan, node, "the rows, and who asks for each");
        }
        NodeKind::Match(pattern) => {
            from(out);
            fact(out, "key", &exprs(&pattern.key, schema));
            fact(out, "within", &pattern.within.to_string());
            let mut seen = Vec::new();
            for element in &pattern.elements {
                fact(out, "event", &pattern_element(element, schema, &mut seen));
                calls(out, &element.totals, schema);
            }
            let name = |place: usize| &pattern.elements[place].alternatives[0].name;
            match pattern.skip {
                Skip::ToNext => {}
                Skip::PastLast => fact(out, "skip", "the search goes on behind the last event of a match"),
                Skip::ToFirst(place) => {
                    fact(out, "skip", &format!("the search goes on at the first {} of a match", name(place)));
                }
                Skip::ToLast(place) => {
                    fact(out, "skip", &format!("the search goes on at the last {} of a match", name(place)));
                }
            }
            match &pattern.late {
                Some(late) => fact(out, "late", &format!("-> {}", late.topic)),
                None => fact(out, "late", "only counted"),
            }
            store(out, plan, node, &format!("the beginnings of matches of each key, for {}", pattern.within));
            route_if(out, pattern.errors.as_ref());
            fields(out, node);
        }
        NodeKind::Latest(latest) => {
            from(out);
            fact(out, "key", &exprs(&latest.key, schema));
            ttl(out, latest.ttl);
            let kept = latest.ttl.map_or("one row for each key, for ever".to_owned(), one_row_for);
            store(out, plan, node, &kept);
            route_if(out, latest.errors.as_ref());
        }
        NodeKind::Changes(changes) => {
            from(out);
            where_if(out, changes.predicate.as_ref(), node);
            store(out, plan, node, "the row before of each key");
            route_if(out, changes.errors.as_ref());
            fields(out, node);
        }
        NodeKind::Top(top) => {
            from(out);
            let order = top.order.iter().map(|order| {
                format!("{}{}", expr(&order.expr, schema), if order.descending { "" } else { " asc" })
            });
            fact(out, "order", &order.collect::<Vec<_>>().join(", "));
            let per: Vec<&str> =
                top.key.iter().map(|column| node.schema.columns[*column].path.as_str()).collect();
            let per = if per.is_empty() { "all".to_owned() } else { per.join(", ") };
            fact(out, "keeps", &format!("the first {} per {per}", top.count));
            let kept = match top.row_key {
                Some(_) => "all rows, and those that were given out".to_owned(),
                None => format!("the first {} of each", top.count),
            };
            store(out, plan, node, &kept);
            route_if(out, top.errors.as_ref());
            fields(out, node);
        }
        NodeKind::Schedule(schedule) => {
            from(out);
            let clock = if schedule.wall_clock { ", by the machine's clock" } else { "" };
            fact(out, "at", &format!("{}{clock}", expr(&schedule.at, schema)));
            fact(out, "key", &exprs(&schedule.key, schema));
            if schedule.replace {
                fact(out, "replace", "an event takes the place of one of its key that waits");
            }
            if let Some(cancel) = &schedule.cancel {
                fact(out, "cancel", &format!("takes the waiting one away when {}", expr(cancel, schema)));
            }
            store(out, plan, node, "the events that wait");
            route_if(out, schedule.errors.as_ref());
        }
        NodeKind::HttpPoll(poll) => {
            fact(out, "address", &format!("{}, every {}", poll.url, poll.every));
            if let Some(items) = &poll.items {
                fact(out, "items", items);
            }
            key_and_time(out, node, poll.key, &poll.time);
            route(out, "malformed", poll.malformed.as_ref());
            fields(out, node);
        }
        NodeKind::Generate(made) => {
            let count = made.count.map_or(String::new(), |count| format!(", {count} of them"));
            fact(out, "made up", &format!("every {} from seed {}{count}", made.every, made.seed));
            for (column, generator) in node.schema.columns.iter().zip(&made.columns) {
                fact(out, "makes", &format!("{} = {}", column.path, generated(generator, column.ty)));
            }
            key_and_time(out, node, made.key, &made.time);
            fields(out, node);
        }
        NodeKind::HttpSink(sink) => {
            from(out);
            fact(out, "address", &format!("{} {}", sink.method.name(), sink.url));
            for (name, value) in &sink.headers {
                fact(out, "header", &format!("{name}: {value}"));
            }
            fact(out, "time-out", &sink.timeout.to_string());
            let budget = match sink.retry.budget {
                RetryBudget::Unlimited => "until it is taken".to_owned(),
                RetryBudget::Attempts(attempts) => format!("{attempts} attempts"),
                RetryBudget::Time(time) => format!("for {time}"),
            };
            let Retry { first, most, .. } = sink.retry;
            fact(out, "retry", &format!("after {first}, doubled up to {most}, {budget}"));
            match &sink.failed {
                Some(failed) => fact(out, "failed", &format!("-> {}", failed.topic)),
                None => fact(out, "failed", "the topology stops"),
            }
            let key: Vec<&str> =
                sink.key.iter().map(|column| node.schema.columns[*column].path.as_str()).collect();
            let key = if key.is_empty() { "none".to_owned() } else { key.join(", ") };
            fact(out, "key", &key);
            let outbox = node.outbox_topic(&plan.topology).expect("an http sink has one");
            fact(out, "outbox", &format!("{outbox}: rows wait there, and are sent in order for each key"));
            fact(out, "guarantee", "at least once, with an idempotency key");
        }
        NodeKind::WebSocketSink(sink) => {
            from(out);
            fact(out, "path", &sink.path);
            if sink.snapshot {
                let table = &plan.node(node.inputs[1]).name;
                fact(out, "snapshot", &format!("a new connection gets the rows of {table} first"));
            }
            fact(out, "guarantee", "at least once, to those who are connected");
        }
        NodeKind::Serve(serve) => {
            from(out);
            fact(out, "path", &serve.path);
            fact(out, "guarantee", "rows as of the last commit");
        }
        NodeKind::Dedupe(dedupe) => {
            from(out);
            fact(out, "key", &exprs(&dedupe.key, schema));
            fact(out, "within", &dedupe.within.to_string());
            store(out, plan, node, &format!("one time for each key, for {}", dedupe.within));
            route_if(out, dedupe.errors.as_ref());
        }
        NodeKind::Sink(sink) => {
            from(out);
            fact(
                out,
                "topic",
                &format!("{} (json{})", sink.topic, if sink.compacted { ", compacted" } else { "" }),
            );
            let key = match &sink.key {
                SinkKey::Columns(columns) => columns
                    .iter()
                    .map(|column| node.schema.columns[*column].path.as_str())
                    .collect::<Vec<_>>()
                    .join(", "),
                SinkKey::Original => "as it came".to_owned(),
                SinkKey::None => "none".to_owned(),
            };
            fact(out, "key", &key);
            if sink.pass_through {
                fact(out, "value", "the bytes that came in, unchanged");
            }
            fact(out, "guarantee", "exactly once");
        }
    }
}

fn key_and_time(out: &mut String, node: &Node, key: Option<usize>, time: &SourceTime) {
    match key {
        Some(key) => fact(out, "key", &node.schema.columns[key].path),
        None => fact(out, "key", "none is declared"),
    }
    let column = time.column.map_or("of the record", |column| &node.schema.columns[column].path);
    fact(out, "time", &format!("{column}, out of order by up to {}", time.out_of_order));
}

fn where_if(out: &mut String, condition: Option<&Expr>, node: &Node) {
    if let Some(condition) = condition {
        fact(out, "where", &expr(condition, Some(&node.schema)));
    }
}

fn kind_of_join(kind: JoinKind) -> &'static str {
    match kind {
        JoinKind::Inner => "inner: what has no other side ends here",
        JoinKind::Left => "left: what has no other side passes too",
        JoinKind::Outer => "outer: what has no other side passes too, of both",
    }
}

/// As the language writes it. `seen` are the columns of the match before it.
fn pattern_element(element: &MatchElement, event: Option<&Schema>, seen: &mut Vec<Column>) -> String {
    let times = element.times;
    let mut columns = seen.clone();
    columns.extend(event.iter().flat_map(|event| event.columns.iter().cloned()));
    let schema = Schema::new(columns);
    let variables = element.alternatives.iter().map(|variable| match &variable.condition {
        Some(condition) => format!("{}{times} if {}", variable.name, expr(condition, Some(&schema))),
        None => format!("{}{times}", variable.name),
    });
    let text = variables.collect::<Vec<_>>().join(" | ");
    if let Some(event) = event {
        seen.extend(element.columns(event));
    }
    match element.times {
        Times::Not => format!("not {text}"),
        Times::Absent => format!("absent {text}"),
        Times::Count { .. } => text,
    }
}

fn generated(generator: &Generator, ty: tidegate_model::ScalarType) -> String {
    let value = |value: &Value| expr(&Expr::constant(value.clone(), ty), None);
    match generator {
        Generator::Constant(constant) => value(constant),
        Generator::Pick(values) => {
            format!("pick({})", values.iter().map(value).collect::<Vec<_>>().join(", "))
        }
        Generator::Between(low, high) => format!("between({}, {})", value(low), value(high)),
        Generator::Sequence(prefix) if prefix.is_empty() => "sequence()".to_owned(),
        Generator::Sequence(prefix) => format!("sequence({prefix:?})"),
        Generator::Now => "now()".to_owned(),
        Generator::Chance(chance) => format!("chance({chance})"),
    }
}

fn route(out: &mut String, word: &str, route: Option<&Route>) {
    match route {
        Some(route) => fact(out, word, &format!("-> {}", route.topic)),
        None => fact(out, word, "stops the topology (no route is given)"),
    }
}

fn route_if(out: &mut String, errors: Option<&Route>) {
    if let Some(route) = errors {
        fact(out, "errors", &format!("-> {}", route.topic));
    }
}

fn store(out: &mut String, plan: &Plan, node: &Node, what: &str) {
    fact(out, "store", &format!("{}.{}: {what}", plan.topology, node.name));
    fact(out, "changelog", &plan.changelog_topic(node));
}

fn fields(out: &mut String, node: &Node) {
    let names = node.schema.columns.iter().map(|column| match column.presence {
        true => format!("{}?", column.path),
        false => format!("{}: {}{}", column.path, column.ty, if column.nullable { "?" } else { "" }),
    });
    fact(out, "fields", &names.collect::<Vec<_>>().join(", "));
}

fn calls(out: &mut String, calls: &[AggregateCall], schema: Option<&Schema>) {
    for call in calls {
        let function = call.function.keyword();
        let limit = match call.function {
            AggregateFunction::Collect { limit } | AggregateFunction::CollectDistinct { limit } => {
                format!(", {limit}")
            }
            AggregateFunction::TopK { k } => format!(", {k}"),
            AggregateFunction::Percentile { millionths } => {
                format!(", {}", f64::from(millionths) / 1_000_000.0)
            }
            AggregateFunction::Histogram => {
                let ty = call.argument.as_ref().map_or(call.ty, |argument| argument.ty);
                let bounds = call.bounds.iter().map(|bound| tidegate_functions::literal(bound, ty));
                format!(", [{}]", bounds.collect::<Vec<_>>().join(", "))
            }
            _ => String::new(),
        };
        let argument = match (&call.argument, call.function) {
            (None, _) => String::new(),
            // The two arguments travel as one record.
            (
                Some(Expr { kind: ExprKind::Record(parts), .. }),
                AggregateFunction::MinBy | AggregateFunction::MaxBy,
            ) => exprs(parts, schema),
            (Some(argument), _) => expr(argument, schema),
        };
        fact(out, "computes", &format!("{} = {function}({argument}{limit})", call.name));
    }
}
