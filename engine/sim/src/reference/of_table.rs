//! A table's rows by another key: moved, and added up as they are.

use super::evaluate::{Types, columns, key, value};
use super::functions::results;
use super::row::{At, Given, Key, Phase, Row, START};
use super::tables::{TaskKey, by_commit};
use std::collections::{BTreeMap, BTreeSet};
use tidegate_model::partition::partition_for;
use tidegate_model::plan::{Aggregate, AggregateCall, Emit, NodeKind, Plan, Rekey};
use tidegate_model::value::text;
use tidegate_model::{NodeId, Value};

/// Do events look for rows that this node makes, now or further down?
pub fn is_looked_up(plan: &Plan, id: NodeId) -> bool {
    let same_task = plan.consumers(id).filter(|next| next.subtopology == plan.node(id).subtopology);
    same_task.into_iter().any(|next| match &next.kind {
        NodeKind::JoinTable(_) => next.inputs[1] == id,
        NodeKind::Filter(_) | NodeKind::Map(_) | NodeKind::JoinTables(_) => is_looked_up(plan, next.id),
        NodeKind::Aggregate(aggregate) => aggregate.row_key.is_some() && is_looked_up(plan, next.id),
        NodeKind::Top(top) => top.row_key.is_some() && is_looked_up(plan, next.id),
        _ => false,
    })
}

/// Each row goes to the partition of its new key; one that had another one is taken away there first. `types`: of the table.
pub fn rekey(rekey: &Rekey, types: &Types, rows: &[Row], partitions: usize) -> Given {
    let mut places: BTreeMap<TaskKey, Key> = BTreeMap::new();
    let mut given = Vec::new();
    for row in rows {
        let own = columns(&rekey.row_key, &row.values);
        let place = (row.partition, own.clone());
        let now = (!row.deleted).then(|| columns(&rekey.key, &row.values));
        let before = match &now {
            Some(now) => places.insert(place, now.clone()),
            None => places.remove(&place),
        };
        let partition_of = |key: &Key| {
            let texts = key.0.iter().zip(&rekey.key).map(|(value, column)| text(value, types[*column]));
            partition_for(texts.collect::<Vec<_>>().join("\n").as_bytes(), partitions as u32).0 as usize
        };
        let at = At { moment: row.at.moment, hop: row.at.hop + 1, phase: Phase::Event };
        let mut send = |key: &Key, mut values: Vec<Value>, deleted: bool| {
            values.push(Value::Bool(deleted));
            given.push(Row { deleted, ..Row::made(at, partition_of(key), row.time, values) });
        };
        if let Some(before) = before.filter(|before| now.as_ref() != Some(before)) {
            let mut values = vec![Value::Null; types.len()];
            for (column, value) in rekey.row_key.iter().zip(&own.0).chain(rekey.key.iter().zip(&before.0)) {
                values[*column] = value.clone();
            }
            send(&before, values, true);
        }
        if let Some(now) = now {
            send(&now, row.values.clone(), false);
        }
    }
    Given::rows(given).in_order()
}

#[derive(Default)]
struct Group {
    /// By their own key.
    rows: BTreeMap<Key, Row>,
    time: i64,
    given: Option<Vec<Value>>,
}

/// Each group's functions over the rows that it has, in the order of their keys. Rows that left are marked as deleted.
pub fn aggregate(aggregate: &Aggregate, types: &Types, rows: &[Row], at_once: bool) -> Given {
    assert!(!matches!(aggregate.emit, Emit::Every(_)), "the reference has no clock for `emit every`");
    let row_key = aggregate.row_key.as_ref().expect("it is of a table");
    let mut groups: BTreeMap<TaskKey, Group> = BTreeMap::new();
    let mut given = Vec::new();
    for (at, changes) in by_commit(rows.to_vec(), at_once) {
        let mut changed: BTreeSet<TaskKey> = BTreeSet::new();
        for row in changes {
            let place = (row.partition, key(&aggregate.key, types, &row.values));
            let group = groups.entry(place.clone()).or_default();
            let own = columns(row_key, &row.values);
            // What a row gives to the functions.
            let taken = |row: &Row| {
                let of = |call: &AggregateCall| {
                    let argument = call.argument.as_ref().map(|argument| value(argument, types, &row.values));
                    (argument, call.function.is_timed().then_some(row.time))
                };
                aggregate.functions.iter().map(of).collect::<Vec<_>>()
            };
            let changes = match group.rows.get(&own) {
                Some(known) => row.deleted || taken(known) != taken(&row),
                None => !row.deleted,
            };
            if !changes {
                continue;
            }
            group.time = if group.rows.is_empty() { row.time } else { group.time.max(row.time) };
            match row.deleted {
                true => drop(group.rows.remove(&own)),
                false => drop(group.rows.insert(own, row)),
            }
            changed.insert(place);
        }
        for place in changed {
            let group = groups.get_mut(&place).expect("it was touched");
            let rows: Vec<&Row> = group.rows.values().collect();
            let now = (!rows.is_empty()).then(|| results(&aggregate.functions, types, &rows));
            let before = std::mem::replace(&mut group.given, now.clone());
            let of =
                |values: Vec<Value>, time| Row::made(at, place.0, time, [&place.1.0[..], &values].concat());
            match now {
                Some(now) if before.as_ref() != Some(&now) => given.push(of(now, group.time)),
                None if before.is_some() => {
                    let nothing = vec![Value::Null; aggregate.functions.len()];
                    given.push(Row { deleted: true, ..of(nothing, START) });
                }
                _ => {}
            }
        }
    }
    Given::rows(given).in_order()
}
