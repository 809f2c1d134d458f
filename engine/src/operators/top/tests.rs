//! Ranks, of events and of rows that come and go.

use super::*;
use crate::rig::{Rig, Row, batch, no_route, rows};
use proptest::prelude::*;
use tidegate_model::expr::Expr;
use tidegate_model::plan::OrderBy;
use tidegate_model::{Column as SchemaColumn, ScalarType};

/// Columns: id, group, value; of a table behind them whether the row is gone; of the result the rank.
const ROW_TYPES: [ScalarType; 3] = [ScalarType::Int; 3];
const RESULT_TYPES: [ScalarType; 4] = [ScalarType::Int; 4];

#[derive(Clone, Debug)]
enum Action {
    /// An event, or a table's row: id, group, value.
    Row(i64, i64, i64),
    /// A table's row is no more. (Of events nothing happens.)
    Gone(i64),
    Commit,
    Restart,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        8 => (0i64..6, 0i64..2, 0i64..4).prop_map(|(id, group, value)| Action::Row(id, group, value)),
        2 => (0i64..6).prop_map(Action::Gone),
        2 => Just(Action::Commit),
        1 => Just(Action::Restart),
    ]
}

fn operator(rig: &Rig, count: u32, descending: bool, of_table: bool, looked_up: bool) -> Top {
    let column = |name: &str| SchemaColumn::new(name, ScalarType::Int);
    let result = Schema::new(vec![column("id"), column("group"), column("value"), column("rank")]);
    let top = plan::Top {
        count,
        order: vec![OrderBy { expr: Expr::column(2, ScalarType::Int, false), descending }],
        key: vec![1],
        row_key: of_table.then(|| vec![0]),
        errors: None,
    };
    let codec = RowCodec::new(&Schema::new(result.columns[..3].to_vec()), &[true; 3]);
    let stored = (rig.table, 1 << 20, rig.store.is_empty(rig.table).expect("scans"));
    Top::new(&top, &result, codec, (Emission::new(false, true), looked_up), stored, no_route("errors"))
}

fn int(value: &Value) -> i64 {
    let Value::Int(value) = value else { panic!("{value:?} is no int") };
    *value
}

fn of_rekey(id: i64, group: i64, value: Option<i64>) -> Row {
    let gone = Value::Bool(value.is_none());
    Row::new(0, vec![Value::Int(id), Value::Int(group), value.map_or(Value::Null, Value::Int), gone])
}

/// By group and rank: id and value of the first of all rows.
fn first(
    all: &[(i64, i64, i64)],
    count: u32,
    descending: bool,
    of_table: bool,
) -> BTreeMap<(i64, i64), (i64, i64)> {
    let mut right = BTreeMap::new();
    for group in 0..2 {
        let mut rows: Vec<_> = all.iter().filter(|row| row.1 == group).collect();
        // A stable sort: equal ones stay as they were read; those of a table have the order of their keys.
        if of_table {
            rows.sort_by_key(|row| row.0);
        }
        rows.sort_by_key(|row| if descending { -row.2 } else { row.2 });
        for (rank, row) in rows.iter().take(count as usize).enumerate() {
            right.insert((group, rank as i64 + 1), (row.0, row.2));
        }
    }
    right
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn ranks_add_up_to_the_first_rows(
        actions in proptest::collection::vec(action(), 1..60),
        count in 1u32..4,
        descending: bool,
        of_table: bool,
        looked_up: bool,
    ) {
        let mut rig = Rig::new();
        rig.store.keep_order(rig.table);
        let mut top = operator(&rig, count, descending, of_table, looked_up);
        // In the order read: id, group, value.
        let mut all: Vec<(i64, i64, i64)> = Vec::new();
        let mut out: BTreeMap<(i64, i64), (i64, i64)> = BTreeMap::new();
        // What those know that look rows up.
        let mut seen: BTreeMap<(i64, i64), (i64, i64)> = BTreeMap::new();
        let take = |out: &mut BTreeMap<_, _>, batches: Vec<Batch>| {
            for row in rows(&RESULT_TYPES, &batches) {
                let place = (int(&row.values[1]), int(&row.values[3]));
                let before = match row.deleted {
                    true => out.remove(&place),
                    false => out.insert(place, (int(&row.values[0]), int(&row.values[2]))),
                };
                assert!(before.is_some() || !row.deleted, "a deletion of {place:?}, which was not given out");
            }
        };
        for action in actions.iter().chain([&Action::Commit]) {
            let types = [&ROW_TYPES[..], &[ScalarType::Bool]].concat();
            let known = |all: &[(i64, i64, i64)], id: i64| all.iter().position(|row| row.0 == id);
            match action {
                Action::Row(id, group, value) if of_table => {
                    let mut sent = Vec::new();
                    if let Some(at) = known(&all, *id) {
                        let before = all.remove(at);
                        sent.extend((before.1 != *group).then(|| of_rekey(*id, before.1, None)));
                    }
                    all.push((*id, *group, *value));
                    sent.push(of_rekey(*id, *group, Some(*value)));
                    rig.read(&mut top, 0, batch(&types, &sent, i64::MIN));
                }
                Action::Row(id, group, value) => {
                    all.push((*id, *group, *value));
                    let values = [id, group, value].map(|value| Value::Int(*value)).to_vec();
                    rig.read(&mut top, 0, batch(&ROW_TYPES, &[Row::new(0, values)], i64::MIN));
                }
                Action::Gone(id) => {
                    if let Some(at) = known(&all, *id).filter(|_| of_table) {
                        let before = all.remove(at);
                        let gone = of_rekey(*id, before.1, None);
                        rig.read(&mut top, 0, batch(&types, &[gone], i64::MIN));
                    }
                }
                Action::Commit => take(&mut out, rig.commit(&mut top)),
                Action::Restart => {
                    take(&mut out, rig.commit(&mut top));
                    top = operator(&rig, count, descending, of_table, looked_up);
                }
            }
            take(&mut seen, std::mem::take(&mut rig.current));
            if looked_up {
                prop_assert_eq!(&seen, &first(&all, count, descending, of_table));
            }
        }
        prop_assert_eq!(out, first(&all, count, descending, of_table));
        prop_assert!(looked_up || seen.is_empty());
    }
}
