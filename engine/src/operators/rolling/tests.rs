//! `rolling` in all its forms against the rules of `OPERATORS.md`, written as a search through everything that was read.

use super::*;
use crate::late::LateRoute;
use crate::operators::ordered::Ordered;
use crate::operators::rolling_coarse::RollingCoarse;
use crate::rig::{Rig, Row, batch, no_route, rows};
use crate::row_codec::RowCodec;
use proptest::prelude::*;
use tidegate_model::expr::Expr;
use tidegate_model::plan::AggregateFunction;
use tidegate_model::{Column as SchemaColumn, Schema, Span};

/// Key and amount.
const TYPES: [ScalarType; 2] = [ScalarType::Int, ScalarType::Int];

#[derive(Clone, Debug)]
struct Rules {
    /// A time, or so many rows.
    range: i64,
    rows: Option<u32>,
    granularity: Option<i64>,
    ordered: bool,
    excluding_current: bool,
}

fn rules() -> impl Strategy<Value = Rules> {
    let form = prop_oneof![
        (1i64..20).prop_map(|range| (range, None, None)),
        (1u32..5).prop_map(|rows| (0, Some(rows), None)),
        (1i64..5, 1i64..5).prop_map(|(step, steps)| (step * steps, None, Some(step))),
    ];
    (form, any::<bool>(), any::<bool>()).prop_map(
        |((range, rows, granularity), ordered, excluding_current)| Rules {
            range,
            rows,
            granularity,
            ordered,
            excluding_current,
        },
    )
}

#[derive(Clone, Debug)]
enum Action {
    /// How far behind the watermark, key, amount.
    Read(i64, i64, i64),
    Advance(i64),
    Commit,
    Restart,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        8 => (-6i64..10, 0i64..3, 0i64..100).prop_map(|(ahead, key, amount)| Action::Read(ahead, key, amount)),
        3 => (1i64..8).prop_map(Action::Advance),
        2 => Just(Action::Commit),
        1 => Just(Action::Restart),
    ]
}

fn operator(rig: &Rig, rules: &Rules) -> Box<dyn Operator> {
    let amount = || Expr::column(1, ScalarType::Int, false);
    let call = |name: &str, function, argument| AggregateCall {
        name: name.to_owned(),
        function,
        argument,
        ty: ScalarType::Int,
        nullable: true,
        bounds: Vec::new(),
    };
    let rolling = plan::Rolling {
        key: vec![Expr::column(0, ScalarType::Int, false)],
        range: Span::from_micros(rules.range),
        rows: rules.rows,
        granularity: rules.granularity.map(Span::from_micros),
        ordered: rules.ordered,
        excluding_current: rules.excluding_current,
        functions: vec![
            call("count", AggregateFunction::Count, None),
            call("sum", AggregateFunction::Sum, Some(amount())),
            call("max", AggregateFunction::Max, Some(amount())),
        ],
        late: None,
        errors: None,
    };
    let complete = rig.store.is_empty(rig.table).expect("scans");
    let cache_bytes = 1 << 20;
    let errors = no_route("errors");
    let inner: Box<dyn Operator> = match rolling.granularity {
        None => Box::new(Rolling::new(&rolling, rig.table, cache_bytes, complete, errors)),
        Some(step) => Box::new(RollingCoarse::new(&rolling, step, rig.table, cache_bytes, complete, errors)),
    };
    if !rules.ordered {
        return inner;
    }
    let schema = Schema::new(vec![
        SchemaColumn::new("key", ScalarType::Int),
        SchemaColumn::new("amount", ScalarType::Int),
    ]);
    let late = LateRoute::new(no_route("late"));
    let codec = RowCodec::new(&schema, &[true, true]);
    let ordered = Ordered::new(inner, codec, (rig.table, cache_bytes), &rig.store, late);
    Box::new(ordered.expect("opens"))
}

type Event = (i64, i64, i64);

/// The row of the last event: count, sum, greatest. What is kept of the others reaches back from the watermark by the range.
fn row_of(rules: &Rules, events: &[Event], watermark: i64) -> (i64, i64, i64, Option<i64>, Option<i64>) {
    let (&(time, key, amount), before) = events.split_last().expect("the event itself");
    let counted = if rules.excluding_current { before } else { events };
    let floor = |time: i64| time.div_euclid(rules.granularity.unwrap_or(1)) * rules.granularity.unwrap_or(1);
    let of_key = counted.iter().enumerate().filter(|(index, (at, other, _))| {
        let is_kept = rules.rows.is_some() || floor(*at) > floor(watermark) - rules.range;
        *other == key && (is_kept || *index == before.len())
    });
    let of_key = of_key.map(|(_, event)| event);
    let amounts: Vec<i64> = match rules.rows {
        Some(rows) => of_key.rev().take(rows as usize).map(|(_, _, amount)| *amount).collect(),
        None => {
            let in_range = |at: i64| floor(time) - rules.range < floor(at) && floor(at) <= floor(time);
            of_key.filter(|(at, _, _)| in_range(*at)).map(|(_, _, amount)| *amount).collect()
        }
    };
    let sum = (!amounts.is_empty()).then(|| amounts.iter().sum());
    (time, amount, amounts.len() as i64, sum, amounts.iter().max().copied())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn rows_are_those_of_the_rules(
        rules in rules(), actions in proptest::collection::vec(action(), 1..80)) {
        let mut rig = Rig::new();
        let mut rolling = operator(&rig, &rules);
        let mut watermark = 0;
        rig.advance(&mut *rolling, EventTime::from_micros(0));
        let types = [TYPES.to_vec(), vec![ScalarType::Int; 3]].concat();
        let int = |value: &Value| match value {
            Value::Int(value) => Some(*value),
            _ => None,
        };
        let told = |batches: &[Batch]| -> Vec<_> {
            let rows = rows(&types, batches).into_iter();
            rows.map(|row| {
                let amount = int(&row.values[1]).expect("an amount");
                let count = int(&row.values[2]).expect("a count");
                (row.time, amount, count, int(&row.values[3]), int(&row.values[4]))
            }).collect()
        };
        // Events that were worked on, in that order; and those that wait.
        let (mut done, mut waiting): (Vec<Event>, Vec<Event>) = (Vec::new(), Vec::new());
        let mut late = 0;
        for action in actions.into_iter().chain([Action::Advance(1000)]) {
            match action {
                Action::Read(ahead, key, amount) => {
                    let time = watermark + ahead;
                    let row = Row::new(time, vec![Value::Int(key), Value::Int(amount)]);
                    let given = told(&rig.read(&mut *rolling, 0, batch(&TYPES, &[row], watermark)));
                    if !rules.ordered {
                        done.push((time, key, amount));
                        prop_assert_eq!(given, vec![row_of(&rules, &done, watermark)]);
                    } else {
                        prop_assert!(given.is_empty(), "events wait for their turn");
                        if ahead < 0 { late += 1 } else { waiting.push((time, key, amount)) }
                    }
                }
                Action::Advance(by) => {
                    watermark += by;
                    let (given, _) = rig.advance(&mut *rolling, EventTime::from_micros(watermark));
                    let (mut due, later): (Vec<Event>, Vec<Event>) =
                        waiting.into_iter().partition(|(time, _, _)| *time < watermark);
                    waiting = later;
                    due.sort_by_key(|(time, _, _)| *time);
                    let mut wanted = Vec::new();
                    for event in due {
                        done.push(event);
                        wanted.push(row_of(&rules, &done, i64::MIN / 2));
                    }
                    prop_assert_eq!(told(&given), wanted);
                }
                Action::Commit => drop(rig.commit(&mut *rolling)),
                Action::Restart => {
                    rig.commit(&mut *rolling);
                    rolling = operator(&rig, &rules);
                    let (given, _) = rig.advance(&mut *rolling, EventTime::from_micros(watermark));
                    prop_assert!(given.is_empty(), "nothing is given out twice");
                }
            }
        }
        prop_assert_eq!(rig.counters.late, late);
    }
}
