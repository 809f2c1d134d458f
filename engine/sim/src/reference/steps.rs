//! Steps that look at one event at a time, merges and repartitions.

use super::evaluate::{evaluate, key, value};
use super::row::{At, Given, Key, Phase, Row};
use tidegate_model::partition::partition_for;
use tidegate_model::plan::{Expand, Filter, Map, Repartition};
use tidegate_model::{ScalarType, Value, value::text};

/// A row for which it is not true ends here; a table's row deletes its key's row.
pub fn filter(filter: &Filter, types: &[ScalarType], rows: &[Row]) -> Given {
    let step = |row: &Row| {
        if row.deleted {
            return Some(row.clone());
        }
        match evaluate(&filter.predicate, types, &row.values) {
            Some(Value::Bool(true)) => Some(row.clone()),
            _ => filter.of_table.then(|| Row { deleted: true, ..row.clone() }),
        }
    };
    Given::rows(rows.iter().filter_map(step).collect())
}

/// Of a deletion only the key's columns mean something: what cannot be worked out of them is null.
pub fn map(map: &Map, types: &[ScalarType], rows: &[Row]) -> Given {
    let step = |row: &Row| {
        let values = map.columns.iter().map(|column| {
            let value = evaluate(column, types, &row.values);
            if row.deleted { value.or(Some(Value::Null)) } else { value }
        });
        match values.collect::<Option<Vec<Value>>>() {
            None if map.of_table => Some(deletion(map, types, row)),
            values => Some(row.with(values?)),
        }
    };
    Given::rows(rows.iter().filter_map(step).collect())
}

/// Of a row that cannot be worked out only the key is known, which is there as it is.
fn deletion(map: &Map, types: &[ScalarType], row: &Row) -> Row {
    let known = |column| evaluate(column, types, &row.values).unwrap_or(Value::Null);
    Row { deleted: true, ..row.with(map.columns.iter().map(known).collect()) }
}

pub fn expand(expand: &Expand, types: &[ScalarType], rows: &[Row]) -> Given {
    let ScalarType::List(element) = expand.list.ty else { panic!("a list is expanded") };
    let types_with_element = [types, &[element.ty]].concat();
    let mut given = Vec::new();
    for row in rows {
        let mut elements = match value(&expand.list, types, &row.values) {
            Value::List(elements) => elements.to_vec(),
            _ => Vec::new(),
        };
        if elements.is_empty() && expand.left {
            elements.push(Value::Null);
        }
        for element in elements {
            let with_element = [&row.values[..], &[element]].concat();
            let made = expand.columns.iter().map(|expr| value(expr, &types_with_element, &with_element));
            given.push(row.with(row.values.iter().cloned().chain(made).collect()));
        }
    }
    Given::rows(given)
}

/// The rows of all inputs, in the order in which they come.
pub fn merge(inputs: &[Vec<Row>]) -> Given {
    Given::rows(inputs.concat()).in_order()
}

/// To the partition of the new key. Where partial aggregates travel in place of events, the answer is as if the events did.
pub fn repartition(
    repartition: &Repartition,
    types: &[ScalarType],
    rows: &[Row],
    partitions: usize,
) -> Given {
    let key_types: Vec<ScalarType> = repartition.key.iter().map(|expr| expr.ty).collect();
    let step = |row: &Row| Row {
        at: behind(row),
        partition: partition_of(&key(&repartition.key, types, &row.values), &key_types, partitions),
        origin: row.origin.filter(|_| repartition.partial),
        ..row.clone()
    };
    Given::rows(rows.iter().map(step).collect()).in_order()
}

/// When what is sent now is read behind an internal topic.
fn behind(row: &Row) -> At {
    At { moment: row.at.moment, hop: row.at.hop + 1, phase: Phase::Event }
}

/// Of a key of several columns no other topic is partitioned by: any partition will do, if it is the same for the same key.
fn partition_of(key: &Key, types: &[ScalarType], partitions: usize) -> usize {
    let texts: Vec<String> = key.0.iter().zip(types).map(|(value, ty)| text(value, *ty)).collect();
    partition_for(texts.join("\n").as_bytes(), partitions as u32).0 as usize
}
