//! What a store's values and an internal topic's records look like, in words. A topology that was changed under the same names must not
//! read what another form wrote, so the words are kept beside the data and compared when a task is opened.
//!
//! A layout holds what decides how bytes are read (key types, columns, functions, windows), and not how values are computed: with another
//! condition upstream the state goes on.

use crate::needed::Needed;
use tidegate_functions::literal;
use tidegate_model::expr::Expr;
use tidegate_model::plan::{
    Aggregate, AggregateCall, Ask, MatchElement, Node, NodeKind, Plan, Rekey, Skip, Times, Window,
    WindowShape,
};
use tidegate_model::{ScalarType, Schema, Span};

/// Beside the rows of a table in its changelog, under a key that none of them has.
pub const LAYOUT_KEY: &[u8] = b"\xFE\xFElayout";

/// Of a store whose layout was not written down.
pub const UNKNOWN: &str = "state of an earlier version";

/// The layout of a node's store.
pub fn of_store(plan: &Plan, needed: &Needed, node: &Node) -> String {
    match &node.kind {
        NodeKind::Table(table) => {
            let key = node.schema.columns[table.key].ty;
            let kept = columns(&node.schema, needed.columns(node));
            format!("table{} by {}: {kept}", with_times(table.ttl), type_name(key))
        }
        NodeKind::Aggregate(aggregate) => aggregate_layout(plan, node, aggregate),
        NodeKind::Rolling(rolling) => {
            let reach = match (rolling.rows, rolling.granularity) {
                (Some(rows), _) => format!("{rows} rows"),
                (None, Some(granularity)) => format!("{} in steps of {granularity}", rolling.range),
                (None, None) => rolling.range.to_string(),
            };
            let waiting = match rolling.ordered {
                true => {
                    let input = plan.node(node.inputs[0]);
                    format!(", ordered: {}", columns(&input.schema, needed.columns(input)))
                }
                false => String::new(),
            };
            let key = types(rolling.key.iter().map(|key| key.ty));
            format!("rolling {reach} by {key}: {}{waiting}", functions(&rolling.functions))
        }
        NodeKind::Dedupe(dedupe) => {
            format!("dedupe within {} by {}", dedupe.within, types(dedupe.key.iter().map(|key| key.ty)))
        }
        NodeKind::Latest(latest) => {
            let key = types(latest.key.iter().map(|key| key.ty));
            let kept = columns(&node.schema, needed.columns(node));
            format!("latest{} by {key}: {kept}", with_times(latest.ttl))
        }
        NodeKind::Match(pattern) => {
            let event = plan.node(node.inputs[0]);
            let element = |element: &MatchElement| {
                let names: Vec<&str> = element.alternatives.iter().map(|it| it.name.as_str()).collect();
                let word = match element.times {
                    Times::Not => "not ",
                    Times::Absent => "absent ",
                    Times::Count { .. } => "",
                };
                let totals = match &element.totals[..] {
                    [] => String::new(),
                    totals => format!(" {{ {} }}", functions(totals)),
                };
                format!("{word}{}{}{totals}", names.join(" | "), element.times)
            };
            let skip = match pattern.skip {
                Skip::ToNext => "to next".to_owned(),
                Skip::PastLast => "past last".to_owned(),
                Skip::ToFirst(place) => format!("to first of {place}"),
                Skip::ToLast(place) => format!("to last of {place}"),
            };
            format!(
                "match by {} within {} skip {skip}, {}: {}",
                types(pattern.key.iter().map(|key| key.ty)),
                pattern.within,
                pattern.elements.iter().map(element).collect::<Vec<_>>().join(", "),
                columns(&event.schema, needed.columns(event))
            )
        }
        NodeKind::Schedule(schedule) => {
            let key = types(schedule.key.iter().map(|key| key.ty));
            let found = schedule.replace || schedule.cancel.is_some();
            let by = if found { format!(" by {key}") } else { String::new() };
            format!("schedule{by}: {}", columns(&node.schema, needed.columns(node)))
        }
        NodeKind::Changes(changes) => {
            let table = plan.node(node.inputs[0]);
            format!("changes {}", table_layout(table, &changes.key, needed))
        }
        NodeKind::JoinTable(join) => {
            let table = plan.node(node.inputs[1]);
            let key = join.derived.as_deref().unwrap_or_default();
            let versions = if join.as_of.is_some() { "versions of " } else { "" };
            format!("join {versions}{}", table_layout(table, key, needed))
        }
        NodeKind::JoinStreams(join) => {
            let side = |input: usize, key: &[Expr]| {
                let stream = plan.node(node.inputs[input]);
                let key = types(key.iter().map(|key| key.ty));
                format!("events by {key}: {}", columns(&stream.schema, needed.columns(stream)))
            };
            format!(
                "join {} within {} before, {} after, with {}",
                side(0, &join.left_key),
                join.before,
                join.after,
                side(1, &join.right_key)
            )
        }
        NodeKind::JoinTables(join) => {
            let left = table_layout(plan.node(node.inputs[0]), &join.left_key, needed);
            let right = plan.right_table(node);
            match join.foreign {
                false => format!("join {left} with {}", table_layout(right, &join.right_key, needed)),
                true => {
                    let key = types(join.key.iter().map(|key| key.ty));
                    let row = columns(&right.schema, needed.row_asked_for(plan.node(node.inputs[1])));
                    format!("join {left} that refer by {key} to rows: {row}")
                }
            }
        }
        NodeKind::Rekey(rekey) => format!("where rows are, by {}", rekeyed(node, rekey)),
        NodeKind::Top(top) => {
            let width = node.schema.columns.len() - 1;
            let order = top.order.iter().map(|order| {
                format!("{}{}", type_name(order.expr.ty), if order.descending { "" } else { " asc" })
            });
            let rows = match &top.row_key {
                Some(row_key) => {
                    format!("rows by {}", types(row_key.iter().map(|column| node.schema.columns[*column].ty)))
                }
                None => "events".to_owned(),
            };
            format!(
                "top {} by {} of each {}: {rows}: {}",
                top.count,
                order.collect::<Vec<_>>().join(", "),
                types(top.key.iter().map(|column| node.schema.columns[*column].ty)),
                columns(&Schema::new(node.schema.columns[..width].to_vec()), &needed.columns(node)[..width])
            )
        }
        NodeKind::Ask(ask) => format!("references of rows by {}", references(plan, node, ask)),
        NodeKind::Answer(answer) => {
            let (right, ask) = (plan.node(node.inputs[0]), plan.node(node.inputs[1]));
            let NodeKind::Ask(asked) = &ask.kind else { panic!("an answer has an ask") };
            let key = types(answer.right_key.iter().map(|column| right.schema.columns[*column].ty));
            let row = columns(&right.schema, needed.row_asked_for(node));
            format!("rows by {key}: {row}, asked for by {}", references(plan, ask, asked))
        }
        _ => panic!("{} in {} keeps no state", node.name, plan.topology),
    }
}

/// How long rows live may change: what is noted is their times.
fn with_times(ttl: Option<Span>) -> &'static str {
    if ttl.is_some() { " and their times" } else { "" }
}

fn table_layout(table: &Node, key: &[usize], needed: &Needed) -> String {
    let key = types(key.iter().map(|column| table.schema.columns[*column].ty));
    format!("rows by {key}: {}", columns(&table.schema, needed.columns(table)))
}

/// Whose rows refer to what.
fn references(plan: &Plan, node: &Node, ask: &Ask) -> String {
    let left = &plan.node(node.inputs[0]).schema;
    let left = types(ask.left_key.iter().map(|column| left.columns[*column].ty));
    format!("{left} for rows by {}", types(ask.key.iter().map(|key| key.ty)))
}

/// The table's own key, and the new one.
fn rekeyed(node: &Node, rekey: &Rekey) -> String {
    let of = |columns: &[usize]| types(columns.iter().map(|column| node.schema.columns[*column].ty));
    format!("{} for {}", of(&rekey.row_key), of(&rekey.key))
}

/// The layout of an internal topic's records.
pub fn of_records(plan: &Plan, needed: &Needed, node: &Node) -> String {
    let repartition = match &node.kind {
        NodeKind::Repartition(repartition) => repartition,
        NodeKind::Rekey(rekey) => {
            return format!(
                "rows by {}: {}",
                rekeyed(node, rekey),
                columns(&node.schema, needed.columns(node))
            );
        }
        NodeKind::Ask(ask) => return format!("asks by {}", references(plan, node, ask)),
        NodeKind::Answer(_) => return format!("answers: {}", columns(&node.schema, needed.columns(node))),
        other => panic!("a {} sends nothing to other tasks", other.keyword()),
    };
    if !repartition.partial {
        let key = types(repartition.key.iter().map(|key| key.ty));
        return format!("events by {key}: {}", columns(&node.schema, needed.columns(node)));
    }
    let aggregates = plan.consumers(node.id).filter_map(|consumer| match &consumer.kind {
        NodeKind::Aggregate(aggregate) => Some(aggregate_layout(plan, consumer, aggregate)),
        _ => None,
    });
    format!("partials of {}", aggregates.collect::<Vec<_>>().join(" and "))
}

/// A short form for every record: FNV-1a, 32 bits (Fowler, Noll, Vo).
pub fn hash(layout: &str) -> u32 {
    layout.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn aggregate_layout(plan: &Plan, node: &Node, aggregate: &Aggregate) -> String {
    let keys: Vec<String> = aggregate
        .key
        .iter()
        .zip(&node.schema.columns)
        .map(|(key, column)| format!("{} {}", column.path, type_name(key.ty)))
        .collect();
    let window = match &aggregate.window {
        None => String::new(),
        Some(window) => window_layout(window),
    };
    let rows = match &aggregate.row_key {
        None => String::new(),
        Some(row_key) => {
            let table = &plan.node(node.inputs[0]).schema;
            format!(" of rows by {}", types(row_key.iter().map(|column| table.columns[*column].ty)))
        }
    };
    let ttl = with_times(aggregate.ttl);
    format!("aggregates{ttl} by {}{window}{rows}: {}", keys.join(", "), functions(&aggregate.functions))
}

fn window_layout(window: &Window) -> String {
    let mut layout = match window.shape {
        WindowShape::Aligned => format!(" in windows of {} every {}", window.size, window.advance),
        WindowShape::Cumulate => format!(" in windows of {} that fill every {}", window.size, window.advance),
        WindowShape::Session => format!(" in sessions with gaps of up to {}", window.size),
        WindowShape::Sliding => format!(" in sliding windows of {}", window.size),
    };
    if window.offset != Span::ZERO {
        layout.push_str(&format!(" from {}", window.offset));
    }
    if let Some(zone) = &window.zone {
        layout.push_str(&format!(" by the clocks of {zone}"));
    }
    layout
}

fn functions(calls: &[AggregateCall]) -> String {
    let calls = calls.iter().map(|call| {
        let argument = call.argument.as_ref().map(|argument| type_name(argument.ty)).unwrap_or_default();
        // Other bounds would give the counts another meaning.
        let bounds: String =
            call.bounds.iter().map(|bound| format!(", {}", literal(bound, bound_type(call)))).collect();
        format!("{} {}({argument}{bounds})", call.name, call.function.keyword())
    });
    calls.collect::<Vec<_>>().join(", ")
}

fn bound_type(call: &AggregateCall) -> ScalarType {
    call.argument.as_ref().map_or(ScalarType::Int, |argument| argument.ty)
}

fn columns(schema: &Schema, kept: &[bool]) -> String {
    let kept = schema.columns.iter().zip(kept).filter(|(_, kept)| **kept);
    kept.map(|(column, _)| format!("{} {}", column.path, type_name(column.ty))).collect::<Vec<_>>().join(", ")
}

fn types(types: impl Iterator<Item = ScalarType>) -> String {
    types.map(type_name).collect::<Vec<_>>().join(", ")
}

/// A decimal is kept as its digits: only the scale says what they mean.
fn type_name(ty: ScalarType) -> String {
    match ty {
        ScalarType::Decimal { scale, .. } => format!("decimal(scale {scale})"),
        other => other.to_string(),
    }
}
