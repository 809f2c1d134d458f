//! `top N by … per …`: the first rows of each key in an order.

use super::evaluate::{Types, columns, value};
use super::row::{Given, Key, Row};
use super::tables::by_commit;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_model::plan::Top;
use tidegate_model::{ScalarType, Value};

/// `width`: how many columns the rows have, less what only travels with them. `at_once`: each change is seen by those that look rows up.
pub fn top(top: &Top, types: &[ScalarType], width: usize, rows: &[Row], at_once: bool) -> Given {
    let mut all: Vec<Row> = Vec::new();
    let mut shown: BTreeMap<(usize, Key), Vec<Vec<Value>>> = BTreeMap::new();
    let mut given = Vec::new();
    for (at, group) in by_commit(rows.to_vec(), at_once) {
        let mut touched = BTreeSet::new();
        for row in group {
            let place = (row.partition, columns(&top.key, &row.values));
            if let Some(row_key) = &top.row_key {
                let whole = |row: &Row| {
                    (row.partition, columns(&top.key, &row.values), columns(row_key, &row.values))
                };
                all.retain(|known| whole(known) != whole(&row));
            }
            touched.insert(place);
            if !row.deleted {
                all.push(row);
            }
        }
        for (partition, key) in touched {
            let mut first: Vec<&Row> = all
                .iter()
                .filter(|row| row.partition == partition && columns(&top.key, &row.values) == key)
                .collect();
            first.sort_by(|a, b| compare(top, types, a, b));
            first.truncate(top.count as usize);
            let before = shown.remove(&(partition, key.clone())).unwrap_or_default();
            for rank in 0..first.len().max(before.len()) {
                let number = Value::Int(rank as i64 + 1);
                let values = first.get(rank).map(|row| row.values[..width].to_vec());
                if before.get(rank) == values.as_ref() {
                    continue;
                }
                let (values, deleted) = match values {
                    Some(values) => (values, false),
                    None => (before[rank].clone(), true),
                };
                let time = first.get(rank).map_or(0, |row| row.time);
                let row = Row::made(at, partition, time, [values, vec![number]].concat());
                given.push(Row { deleted, ..row });
            }
            shown.insert((partition, key), first.iter().map(|row| row.values[..width].to_vec()).collect());
        }
    }
    Given::rows(given)
}

/// Equal rows of a table stand in the order of their keys; events, which a sort leaves as they are, as they were read.
fn compare(top: &Top, types: &Types, a: &Row, b: &Row) -> Ordering {
    for order in &top.order {
        let [of_a, of_b] = [a, b].map(|row| value(&order.expr, types, &row.values));
        let compared = of_a.compare(&of_b);
        if compared.is_ne() {
            return if order.descending { compared.reverse() } else { compared };
        }
    }
    let key = |row: &Row| top.row_key.as_ref().map(|row_key| columns(row_key, &row.values));
    key(a).cmp(&key(b))
}
