//! Tables: the newest rows, their changes, and joins with them.

use super::evaluate::{Types, columns, is_true, key, value};
use super::row::{At, Given, Key, Phase, Row, START};
use std::collections::{BTreeMap, BTreeSet};
use tidegate_model::plan::{Changes, JoinKind, JoinTable, JoinTables, Latest, NodeKind, Plan};
use tidegate_model::{NodeId, ScalarType, Value};

/// A key in one partition.
pub type TaskKey = (usize, Key);

/// Does a step of the same task look at each change of the table as it happens, and not at commits?
pub fn is_at_once(plan: &Plan, id: NodeId) -> bool {
    let same_task = plan.consumers(id).filter(|next| next.subtopology == plan.node(id).subtopology);
    same_task.into_iter().any(|next| {
        let looks_up = matches!(next.kind, NodeKind::JoinTable(_)) && next.inputs[1] == id;
        looks_up || matches!(next.kind, NodeKind::Changes(_)) || is_at_once(plan, next.id)
    })
}

/// Rows by the moment at which a table gives its changes out: each alone, or all of a commit.
pub fn by_commit(rows: Vec<Row>, at_once: bool) -> Vec<(At, Vec<Row>)> {
    let mut groups: Vec<(At, Vec<Row>)> = Vec::new();
    for row in rows {
        match groups.last_mut() {
            Some((at, group)) if !at_once && at.moment == row.at.moment => {
                // A commit is behind everything that its moment brings.
                at.hop = at.hop.max(row.at.hop);
                group.push(row);
            }
            _ => {
                let phase = if at_once { row.at.phase } else { Phase::Commit };
                groups.push((At { phase, ..row.at }, vec![row]));
            }
        }
    }
    groups
}

/// The event with the greatest time of each key; of equal times the last read.
pub fn latest(latest: &Latest, types: &Types, rows: &[Row], at_once: bool) -> Given {
    let mut table: BTreeMap<TaskKey, Row> = BTreeMap::new();
    let mut given = Vec::new();
    for (at, group) in by_commit(rows.to_vec(), at_once) {
        let mut changed: BTreeMap<TaskKey, Row> = BTreeMap::new();
        for row in group {
            let place = (row.partition, key(&latest.key, types, &row.values));
            if table.get(&place).is_none_or(|known| known.time <= row.time) {
                table.insert(place.clone(), row.clone());
                changed.insert(place, row);
            }
        }
        given.extend(changed.into_values().map(|row| Row::made(at, row.partition, row.time, row.values)));
    }
    Given::rows(given)
}

/// Each change as an event: the new row, and the row before as `old`.
pub fn changes(changes: &Changes, types: [&Types; 2], rows: &[Row]) -> Given {
    let [of_table, of_events] = types;
    let mut table: BTreeMap<TaskKey, Vec<Value>> = BTreeMap::new();
    let mut given = Vec::new();
    for row in rows {
        let place = (row.partition, columns(&changes.key, &row.values));
        if row.deleted {
            table.remove(&place);
            continue;
        }
        let old = table.insert(place, row.values.clone());
        if old.as_ref() == Some(&row.values) {
            continue;
        }
        let mut values = row.values.clone();
        values.push(Value::Bool(old.is_some()));
        values.extend(old.unwrap_or_else(|| vec![Value::Null; of_table.len()]));
        if changes.predicate.as_ref().is_none_or(|predicate| is_true(predicate, of_events, &values)) {
            given.push(row.with(values));
        }
    }
    Given::rows(given)
}

/// A stream with a table: the event with the row that its key has when the event is read, or that it had at a time.
pub fn join_table(
    join: &JoinTable,
    table_key: &[usize],
    is_global: bool,
    types: [&[ScalarType]; 3],
    inputs: [&[Row]; 2],
) -> Given {
    let [stream, table] = inputs;
    let mut given = Vec::new();
    for event in stream.iter().filter(|event| !event.deleted) {
        let wanted = key(&join.key, types[0], &event.values);
        let is_of_key = |row: &&Row| {
            row.at <= event.at
                && (is_global || row.partition == event.partition)
                && columns(table_key, &row.values) == wanted
        };
        let mut of_key = table.iter().filter(is_of_key);
        let row = match &join.as_of {
            None => of_key.next_back(),
            Some(time) => {
                let Value::Timestamp(time) = value(time, types[0], &event.values) else {
                    panic!("a row is asked for by a time")
                };
                // Of equal times the last read.
                of_key.filter(|row| row.time <= time).max_by_key(|row| row.time)
            }
        };
        let row = row.filter(|row| !row.deleted);
        let with = |row: Option<&Row>| {
            let mut values = event.values.clone();
            if join.left {
                values.push(Value::Bool(row.is_some()));
            }
            values.extend(row.map_or_else(|| vec![Value::Null; types[1].len()], |row| row.values.clone()));
            values
        };
        let condition = join.condition.as_ref();
        let is_match =
            |values: &[Value]| condition.is_none_or(|condition| is_true(condition, types[2], values));
        match row.map(|row| with(Some(row))).filter(|values| is_match(values)) {
            Some(values) => given.push(event.with(values)),
            None if join.left => given.push(event.with(with(None))),
            None => {}
        }
    }
    Given::rows(given)
}

/// What is known of a key.
#[derive(Clone, Default)]
struct Pair {
    sides: [Option<(Vec<Value>, i64)>; 2],
    is_given: bool,
}

impl Pair {
    fn values(&self) -> [Option<&Vec<Value>>; 2] {
        self.sides.each_ref().map(|side| side.as_ref().map(|(values, _)| values))
    }
}

/// Two tables by the key of both: the row of a key is the pair of its rows.
pub fn join_tables(
    join: &JoinTables,
    types: [&[ScalarType]; 3],
    inputs: [&[Row]; 2],
    at_once: bool,
) -> Given {
    let keys = [&join.left_key, &join.right_key];
    let of_port =
        |(port, rows): (usize, &[Row])| rows.iter().map(|row| (port, row.clone())).collect::<Vec<_>>();
    let mut rows: Vec<(usize, Row)> = inputs.into_iter().enumerate().flat_map(of_port).collect();
    rows.sort_by_key(|(_, row)| row.at);
    let ports: Vec<usize> = rows.iter().map(|(port, _)| *port).collect();
    let mut ports = ports.into_iter();
    let mut table: BTreeMap<TaskKey, Pair> = BTreeMap::new();
    let mut given = Vec::new();
    for (at, group) in by_commit(rows.into_iter().map(|(_, row)| row).collect(), at_once) {
        let mut before: BTreeMap<TaskKey, Pair> = BTreeMap::new();
        for row in group {
            let port = ports.next().expect("each row has come by one");
            let place = (row.partition, columns(keys[port], &row.values));
            let pair = table.entry(place.clone()).or_default();
            before.entry(place).or_insert_with(|| pair.clone());
            pair.sides[port] = (!row.deleted).then_some((row.values, row.time));
        }
        for (place, before) in before {
            let pair = table.get_mut(&place).expect("it was touched");
            if pair.values() == before.values() {
                continue;
            }
            let row = row_of(join, types, &place.1, pair);
            let was_given = std::mem::replace(&mut pair.is_given, row.is_some());
            match row {
                Some((values, time)) => given.push(Row::made(at, place.0, time, values)),
                None if was_given => {
                    let key_only = together(join, types, &place.1, [None, None]);
                    let time = before.sides.iter().flatten().map(|(_, time)| *time).max().unwrap_or(START);
                    given.push(Row { deleted: true, ..Row::made(at, place.0, time, key_only) });
                }
                None => {}
            }
        }
    }
    Given::rows(given)
}

/// Two tables by a key of the right one that the left one has among its fields; the right row may be in any partition.
///
/// `at_once`: a left row that refers to what it referred to before is seen with that at once; what it newly refers to is asked for.
pub fn join_foreign(
    join: &JoinTables,
    types: [&[ScalarType]; 3],
    inputs: [&[Row]; 2],
    at_once: bool,
) -> Given {
    let [left, right] = inputs;
    let of = |is_right: bool, rows: &[Row]| {
        rows.iter().map(|row| (row.at, is_right, row.clone())).collect::<Vec<_>>()
    };
    let mut rows = [of(false, left), of(true, right)].concat();
    rows.sort_by_key(|(at, ..)| *at);
    // Null refers to nothing.
    let refers = |left: &Row| {
        Some(key(&join.key, types[0], &left.values)).filter(|key| !key.0.iter().any(Value::is_null))
    };
    let row_with = |place: &TaskKey, left: &Row, right: Option<&Row>| {
        let side = |row: &Row| (row.values.clone(), row.time);
        row_of(join, types, &place.1, &Pair { sides: [Some(side(left)), right.map(side)], is_given: false })
    };
    let (mut of_left, mut of_right): (BTreeMap<TaskKey, Row>, BTreeMap<Key, Row>) = Default::default();
    let mut shown: BTreeMap<TaskKey, Vec<Value>> = BTreeMap::new();
    let mut given = Vec::new();
    let mut show = |place: &TaskKey, at: At, row: Option<(Vec<Value>, i64)>| match row {
        Some((values, time)) if shown.get(place) != Some(&values) => {
            given.push(Row::made(at, place.0, time, values.clone()));
            shown.insert(place.clone(), values);
        }
        None if shown.remove(place).is_some() => {
            let key_only = together(join, types, &place.1, [None, None]);
            given.push(Row { deleted: true, ..Row::made(at, place.0, START, key_only) });
        }
        _ => {}
    };
    let moments: BTreeSet<usize> = rows.iter().map(|(at, ..)| at.moment).collect();
    for moment in moments {
        // Behind everything that the moment brings, and the way to the other partition and back.
        let mut at = At { moment, hop: 0, phase: Phase::Commit };
        let answered = of_right.clone();
        let mut touched: BTreeSet<TaskKey> = BTreeSet::new();
        let mut waiting: BTreeSet<TaskKey> = BTreeSet::new();
        for (of_row, is_right, row) in rows.iter().filter(|(at, ..)| at.moment == moment) {
            at.hop = at.hop.max(of_row.hop + 2);
            if *is_right {
                match row.deleted {
                    false => of_right.insert(columns(&join.right_key, &row.values), row.clone()),
                    true => of_right.remove(&columns(&join.right_key, &row.values)),
                };
                continue;
            }
            let place = (row.partition, columns(&join.left_key, &row.values));
            touched.insert(place.clone());
            let now = (!row.deleted).then_some(row);
            let before = match now {
                Some(row) => of_left.insert(place.clone(), row.clone()),
                None => of_left.remove(&place),
            };
            let wanted = now.and_then(refers);
            if before.as_ref().and_then(refers) != wanted {
                match wanted {
                    Some(_) => waiting.insert(place.clone()),
                    None => waiting.remove(&place),
                };
            }
            if at_once && !waiting.contains(&place) {
                let right = wanted.and_then(|wanted| answered.get(&wanted));
                show(&place, *of_row, now.and_then(|left| row_with(&place, left, right)));
            }
        }
        touched.extend(of_left.keys().cloned());
        for place in touched {
            let left = of_left.get(&place);
            let right = left.and_then(refers).and_then(|wanted| of_right.get(&wanted));
            show(&place, at, left.and_then(|left| row_with(&place, left, right)));
        }
    }
    Given::rows(given).in_order()
}

/// The row of a key, and its time: the greater one of the rows that it is made of.
fn row_of(join: &JoinTables, types: [&[ScalarType]; 3], key: &Key, pair: &Pair) -> Option<(Vec<Value>, i64)> {
    let [left, right] = pair.sides.each_ref().map(Option::as_ref);
    let both = left.is_some() && right.is_some();
    let is_match = |values: &[Value]| {
        join.condition.as_ref().is_none_or(|condition| is_true(condition, types[2], values))
    };
    let matches = both && is_match(&together(join, types, key, pair.values()));
    let sides = match join.kind {
        _ if matches => [left, right],
        JoinKind::Inner => [None, None],
        JoinKind::Left => [left, None],
        JoinKind::Outer if left.is_some() => [left, None],
        JoinKind::Outer => [None, right],
    };
    let time = sides.iter().flatten().map(|(_, time)| *time).max()?;
    Some((together(join, types, key, sides.map(|side| side.map(|(values, _)| values))), time))
}

/// A left row that is missing has its key all the same.
fn together(
    join: &JoinTables,
    types: [&[ScalarType]; 3],
    key: &Key,
    [left, right]: [Option<&Vec<Value>>; 2],
) -> Vec<Value> {
    let mut values = left.cloned().unwrap_or_else(|| {
        let mut values = vec![Value::Null; types[0].len()];
        for (column, part) in join.left_key.iter().zip(&key.0) {
            values[*column] = part.clone();
        }
        values
    });
    if join.kind != JoinKind::Inner {
        values.push(Value::Bool(right.is_some()));
    }
    values.extend(right.cloned().unwrap_or_else(|| vec![Value::Null; types[1].len()]));
    values
}
