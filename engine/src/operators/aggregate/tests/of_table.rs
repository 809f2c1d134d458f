//! Random changes of a table beside each function over all of its rows.

use crate::accumulator::Accumulator;
use crate::batch::{Batch, Column};
use crate::late::LateRoute;
use crate::operator::Operator;
use crate::operators::aggregate::{Parts, operator};
use crate::rig::{Rig, Row, batch, no_route, rows};
use proptest::prelude::*;
use std::collections::BTreeMap;
use tidegate_model::expr::{Expr, ExprKind};
use tidegate_model::nested;
use tidegate_model::plan::{Aggregate, AggregateCall, AggregateFunction, Emit};
use tidegate_model::{
    Column as SchemaColumn, Element, EventTime, RecordField, RecordType, ScalarType, Schema, Span, Value,
};

/// Columns: id, group, an int, a float, and whether the row is gone.
const TYPES: [ScalarType; 5] =
    [ScalarType::Int, ScalarType::Int, ScalarType::Int, ScalarType::Float, ScalarType::Bool];

#[derive(Clone, Copy, PartialEq, Debug)]
struct Values {
    int: Option<i64>,
    float: Option<f64>,
}

#[derive(Clone, Debug)]
enum Action {
    /// A row comes or changes: id, group, values.
    Row(i64, i64, Values),
    /// A row is deleted.
    Gone(i64),
    Commit,
    Restart,
    Evict,
}

fn action() -> impl Strategy<Value = Action> {
    let int = prop_oneof![4 => (0i64..5).prop_map(Some), 1 => Just(None)];
    // Such that another order of adding gives other last digits.
    let float = prop_oneof![4 => (1i32..6).prop_map(|tenth| Some(f64::from(tenth) / 10.0)), 1 => Just(None)];
    let row = (0i64..7, 0i64..3, int, float);
    prop_oneof![
        9 => row.prop_map(|(id, group, int, float)| Action::Row(id, group, Values { int, float })),
        3 => (0i64..7).prop_map(Action::Gone),
        3 => Just(Action::Commit),
        1 => Just(Action::Restart),
        1 => Just(Action::Evict),
    ]
}

fn call(function: AggregateFunction, argument: Option<Expr>, ty: ScalarType) -> AggregateCall {
    let name = function.keyword().to_owned();
    AggregateCall { name, function, argument, ty, nullable: true, bounds: vec![Value::Int(1), Value::Int(3)] }
}

/// Each function, of the column of ints or of the one of floats.
fn functions() -> Vec<AggregateCall> {
    use AggregateFunction::*;
    let int = || Expr::column(2, ScalarType::Int, true);
    let float = || Expr::column(3, ScalarType::Float, true);
    let list = |ty| ScalarType::list(ty, false);
    let field =
        |name: &str, ty| RecordField { name: name.to_owned(), element: Element { ty, nullable: true } };
    let pair =
        RecordType { fields: [field("value", ScalarType::Float), field("by", ScalarType::Int)].into() };
    let pair = ScalarType::Record(nested::record(pair));
    let by = || Expr { ty: pair, nullable: false, kind: ExprKind::Record(vec![float(), int()]) };
    let is_large = || Expr {
        ty: ScalarType::Bool,
        nullable: true,
        kind: ExprKind::Compare(
            tidegate_model::expr::Comparison::GreaterOrEqual,
            Box::new(int()),
            Box::new(Expr::constant(Value::Int(3), ScalarType::Int)),
        ),
    };
    let counted =
        RecordType { fields: [field("value", ScalarType::Int), field("count", ScalarType::Int)].into() };
    let counted = list(ScalarType::Record(nested::record(counted)));
    vec![
        call(Count, None, ScalarType::Int),
        call(Count, Some(int()), ScalarType::Int),
        call(Sum, Some(int()), ScalarType::Int),
        call(Sum, Some(float()), ScalarType::Float),
        call(Avg, Some(int()), ScalarType::Float),
        call(Avg, Some(float()), ScalarType::Float),
        call(Min, Some(int()), ScalarType::Int),
        call(Max, Some(float()), ScalarType::Float),
        call(First, Some(int()), ScalarType::Int),
        call(Last, Some(float()), ScalarType::Float),
        call(Collect { limit: 3 }, Some(int()), list(ScalarType::Int)),
        call(CollectDistinct { limit: 2 }, Some(int()), list(ScalarType::Int)),
        call(CountIf, Some(is_large()), ScalarType::Int),
        call(Any, Some(is_large()), ScalarType::Bool),
        call(All, Some(is_large()), ScalarType::Bool),
        call(CountDistinct, Some(int()), ScalarType::Int),
        call(ApproxCountDistinct, Some(int()), ScalarType::Int),
        call(Variance, Some(float()), ScalarType::Float),
        call(StdDev, Some(int()), ScalarType::Float),
        call(Percentile { millionths: 750_000 }, Some(float()), ScalarType::Float),
        call(Median, Some(int()), ScalarType::Float),
        call(TopK { k: 2 }, Some(int()), counted),
        call(Mode, Some(int()), ScalarType::Int),
        call(Histogram, Some(int()), list(ScalarType::Int)),
        call(MinBy, Some(by()), ScalarType::Float),
        call(MaxBy, Some(by()), ScalarType::Float),
    ]
}

fn aggregate(is_moved: bool, every: bool) -> Aggregate {
    Aggregate {
        key: vec![Expr::column(1, ScalarType::Int, false)],
        row_key: Some(if is_moved { vec![0] } else { vec![1, 0] }),
        window: None,
        functions: functions(),
        emit: if every { Emit::Every(Span::ZERO) } else { Emit::Changes },
        ttl: None,
        errors: None,
    }
}

fn open(rig: &mut Rig, aggregate: &Aggregate, is_moved: bool, cache_bytes: usize) -> Box<dyn Operator> {
    rig.store.keep_order(rig.table);
    let columns = TYPES.iter().zip(["id", "group", "int", "float", "gone"]);
    let schema = Schema::new(columns.map(|(ty, name)| SchemaColumn::nullable(name, *ty)).collect());
    let parts = Parts {
        aggregate,
        input: &schema,
        gone: is_moved.then_some(4),
        feeds: true,
        looked_up: false,
        table: rig.table,
        store: &rig.store,
        cache_bytes,
        expiry: None,
        late: LateRoute::new(no_route("late")),
        errors: no_route("errors"),
    };
    operator(parts).expect("a store that can be read")
}

type Table = BTreeMap<(i64, i64), (Values, i64)>;

fn value_or_null<T>(value: Option<T>, of: impl Fn(T) -> Value) -> Value {
    value.map_or(Value::Null, of)
}

fn values_of(values: Values) -> [Value; 2] {
    [value_or_null(values.int, Value::Int), value_or_null(values.float, Value::Float)]
}

/// Each function over the rows of a group, which stand in the order of their keys.
fn results(rows: &[(Values, i64)]) -> Vec<Value> {
    let types = &TYPES[2..4];
    let mut columns: Vec<Column> = types.iter().map(|ty| Column::new(*ty)).collect();
    for (values, _) in rows {
        columns.iter_mut().zip(values_of(*values)).for_each(|(column, value)| column.push(&value));
    }
    let all: Vec<Row> = rows
        .iter()
        .map(|(values, time)| {
            Row::new(
                *time,
                [&[Value::Int(0), Value::Int(0)][..], &values_of(*values), &[Value::Bool(false)]].concat(),
            )
        })
        .collect();
    let batch = batch(&TYPES, &all, i64::MIN);
    let over = |call: &AggregateCall| {
        let mut accumulator = Accumulator::new(call);
        let mut errors = crate::expression::RowErrors::default();
        let argument = call.argument.as_ref().map(|argument| {
            let compiled = crate::expression::Compiled::new(argument);
            (compiled.eval(&batch, &batch.selection, &mut errors), argument.ty)
        });
        for (row, (_, time)) in rows.iter().enumerate() {
            let argument = argument.as_ref().map(|(column, ty)| (&**column, *ty));
            accumulator.update(argument, row, EventTime::from_micros(*time));
        }
        accumulator.result(call).expect("it has a result")
    };
    functions().iter().map(over).collect()
}

fn int(value: &Value) -> i64 {
    let Value::Int(value) = value else { panic!("{value:?} is no int") };
    *value
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]
    #[test]
    fn groups_are_what_their_rows_add_up_to(
        actions in proptest::collection::vec(action(), 1..50),
        is_moved: bool,
        every: bool,
    ) {
        let aggregate = aggregate(is_moved, every);
        let mut rig = Rig::new();
        let mut cache = 1 << 20;
        let mut operator = open(&mut rig, &aggregate, is_moved, cache);
        let mut types = vec![ScalarType::Int];
        types.extend(aggregate.functions.iter().map(|call| call.ty));
        // Of rows that are not moved the group is part of the key.
        let mut table = Table::new();
        let mut times: BTreeMap<i64, i64> = BTreeMap::new();
        let mut out: BTreeMap<i64, Vec<Value>> = BTreeMap::new();
        for (now, action) in actions.iter().chain([&Action::Commit]).enumerate() {
            let now = (now as i64 * 7) % 20;
            let mut changes: Vec<Row> = Vec::new();
            let row = |id: i64, group: i64, values: Option<Values>| {
                let [int, float] = values.map_or([Value::Null, Value::Null], values_of);
                let row = vec![Value::Int(id), Value::Int(group), int, float, Value::Bool(values.is_none())];
                if values.is_none() && !is_moved { Row::deletion(now, row) } else { Row::new(now, row) }
            };
            let forget = |table: &mut Table, times: &mut BTreeMap<i64, i64>, changes: &mut Vec<Row>, id: i64, but: Option<i64>| {
                let there: Vec<i64> =
                    table.keys().filter(|(group, of)| *of == id && Some(*group) != but).map(|key| key.0).collect();
                for group in there {
                    table.remove(&(group, id));
                    changes.push(row(id, group, None));
                    let time = times.entry(group).or_insert(now);
                    *time = now.max(*time);
                }
            };
            match action {
                Action::Row(id, group, values) => {
                    if is_moved {
                        forget(&mut table, &mut times, &mut changes, *id, Some(*group));
                    }
                    let is_first = !table.keys().any(|(of, _)| of == group);
                    let time = times.entry(*group).or_insert(now);
                    *time = if is_first { now } else { now.max(*time) };
                    table.insert((*group, *id), (*values, now));
                    changes.push(row(*id, *group, Some(*values)));
                }
                Action::Gone(id) => forget(&mut table, &mut times, &mut changes, *id, None),
                _ => {}
            }
            if !changes.is_empty() {
                let given = rig.read(&mut *operator, 0, batch(&TYPES, &changes, i64::MIN));
                prop_assert!(given.is_empty(), "rows come with the commit");
                continue;
            }
            let given: Vec<Batch> = rig.commit(&mut *operator);
            let mut seen = Vec::new();
            for row in rows(&types, &given) {
                let group = int(&row.values[0]);
                prop_assert!(!seen.contains(&group), "one row for each group and commit");
                seen.push(group);
                prop_assert_eq!(row.time, times[&group], "the time of group {}", group);
                let before = match row.deleted {
                    true => out.remove(&group),
                    false => out.insert(group, row.values[1..].to_vec()),
                };
                prop_assert!(before.is_some() || !row.deleted, "a deletion of {}, which was not given out", group);
                prop_assert!(every || before.as_deref() != Some(&row.values[1..]), "a row that is as it was");
            }
            let mut groups: BTreeMap<i64, Vec<(Values, i64)>> = BTreeMap::new();
            for ((group, _), row) in &table {
                groups.entry(*group).or_default().push(*row);
            }
            let right: BTreeMap<i64, Vec<Value>> =
                groups.iter().map(|(group, rows)| (*group, results(rows))).collect();
            prop_assert_eq!(&out, &right);
            prop_assert_eq!(rig.stored(), table.len() + groups.len(), "nothing else is kept");
            match action {
                Action::Restart => operator = open(&mut rig, &aggregate, is_moved, cache),
                // From here on not everything is in memory.
                Action::Evict => {
                    cache = 64;
                    operator = open(&mut rig, &aggregate, is_moved, cache);
                }
                _ => {}
            }
        }
    }
}

/// How many values were read from the store, and what came out, for a change in a group of many rows.
#[test]
fn a_large_group_is_not_looked_through_for_a_sum() {
    let mut aggregate = aggregate(true, false);
    aggregate.functions.retain(|call| {
        use AggregateFunction::*;
        matches!(call.function, Count | Sum | Max | CountIf | Histogram | Mode)
            && call.argument.as_ref().is_none_or(|argument| argument.ty != ScalarType::Float)
    });
    let mut rig = Rig::new();
    let row = |id: i64, int: i64| {
        Row::new(id, vec![Value::Int(id), Value::Int(0), Value::Int(int), Value::Null, Value::Bool(false)])
    };
    let mut operator = open(&mut rig, &aggregate, true, 1 << 20);
    let all: Vec<Row> = (0..500).map(|id| row(id, id)).collect();
    rig.read(&mut *operator, 0, batch(&TYPES, &all, i64::MIN));
    rig.commit(&mut *operator);
    // What is not read cannot be missed: the rows are gone from the store, but for the one that changes.
    let mut writes = tidegate_state::WriteSet::default();
    for (key, _) in rig.store.dump(rig.table).expect("dumps") {
        let id = u64::from_be_bytes(key[key.len() - 8..].try_into().expect("eight bytes")) ^ (1 << 63);
        if key[0] == 2 && id != 3 {
            writes.delete(rig.table, &key);
        }
    }
    rig.store.commit(&writes, &[]).expect("commits");
    rig.store.flush().expect("writes");
    let mut operator = open(&mut rig, &aggregate, true, 64);
    rig.read(&mut *operator, 0, batch(&TYPES, &[row(3, 1000)], i64::MIN));
    let types: Vec<ScalarType> =
        [ScalarType::Int].into_iter().chain(aggregate.functions.iter().map(|call| call.ty)).collect();
    let given = rig.commit(&mut *operator);
    let given = &rows(&types, &given)[0].values;
    let sum = (0..500).sum::<i64>() - 3 + 1000;
    assert_eq!(given[1..5], [Value::Int(500), Value::Int(500), Value::Int(sum), Value::Int(500 - 3)][..]);
}
