//! `emit every` and `ttl`: a deletion is of a row that was given out, and none that was stays.

use crate::clock::WallTime;
use crate::expiry::Expiry;
use crate::late::LateRoute;
use crate::operator::Operator;
use crate::operators::aggregate::{Parts, operator};
use crate::rig::{Rig, Row, batch, no_route, rows};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_model::expr::Expr;
use tidegate_model::plan::{Aggregate, AggregateCall, AggregateFunction, Emit};
use tidegate_model::{Column, EventTime, ScalarType, Schema, Span, Value};

const TYPES: [ScalarType; 2] = [ScalarType::Int; 2];

#[derive(Clone, Debug)]
enum Action {
    /// Of a key, so much before or behind the watermark.
    Event(i64, i64),
    /// Event time goes on.
    Advance(i64),
    /// So much later by the machine's clock.
    Commit(i64),
    Restart,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => (0i64..3, -30i64..30).prop_map(|(key, ahead)| Action::Event(key, ahead)),
        3 => (1i64..40).prop_map(Action::Advance),
        3 => (0i64..10).prop_map(Action::Commit),
        1 => Just(Action::Restart),
    ]
}

fn open(rig: &Rig, ttl: i64) -> Box<dyn Operator> {
    let ttl = Span::from_micros(ttl);
    let count = AggregateCall {
        name: "n".to_owned(),
        function: AggregateFunction::Count,
        argument: None,
        ty: ScalarType::Int,
        nullable: false,
        bounds: Vec::new(),
    };
    let aggregate = Aggregate {
        key: vec![Expr::column(0, ScalarType::Int, false)],
        row_key: None,
        window: None,
        functions: vec![count],
        emit: Emit::Every(Span::from_micros(12)),
        ttl: Some(ttl),
        errors: None,
    };
    let schema = Schema::new(["key", "value"].map(|name| Column::new(name, ScalarType::Int)).to_vec());
    let parts = Parts {
        aggregate: &aggregate,
        input: &schema,
        gone: None,
        feeds: true,
        looked_up: false,
        table: rig.table,
        store: &rig.store,
        cache_bytes: 1 << 16,
        expiry: Some(Expiry::recover(rig.table, ttl, &rig.store).expect("reads")),
        late: LateRoute::new(no_route("late")),
        errors: no_route("errors"),
    };
    operator(parts).expect("a store that can be read")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn deletions_are_of_rows_that_were_given_out(
        actions in proptest::collection::vec(action(), 1..60),
        ttl in 1i64..50,
    ) {
        let mut rig = Rig::new();
        let mut aggregate = open(&rig, ttl);
        let (mut now, mut clock) = (0, 0);
        // By key: the greatest time, and how many events.
        let mut groups: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
        let mut out: BTreeMap<i64, i64> = BTreeMap::new();
        rig.advance(&mut *aggregate, EventTime::from_micros(now));
        let end = [Action::Commit(20), Action::Advance(1000), Action::Commit(0)];
        for action in actions.iter().chain(&end) {
            match action {
                Action::Event(key, ahead) => {
                    let time = now + ahead;
                    let event = Row::new(time, vec![Value::Int(*key), Value::Int(0)]);
                    rig.read(&mut *aggregate, 0, batch(&TYPES, &[event], now));
                    if let Some((greatest, count)) = groups.get_mut(key) {
                        (*greatest, *count) = ((*greatest).max(time), *count + 1);
                    } else if time + ttl > now {
                        groups.insert(*key, (time, 1));
                    }
                }
                Action::Advance(by) => {
                    now += by;
                    rig.advance(&mut *aggregate, EventTime::from_micros(now));
                    groups.retain(|_, (time, _)| *time + ttl > now);
                }
                Action::Commit(_) | Action::Restart => {
                    if let Action::Commit(later) = action {
                        clock += later;
                        rig.now = WallTime::from_micros(clock);
                    }
                    for row in rows(&TYPES, &rig.commit(&mut *aggregate)) {
                        let [Value::Int(key), count] = &row.values[..] else { panic!("{row:?} has no key") };
                        match (row.deleted, count) {
                            (true, _) => {
                                prop_assert!(out.remove(key).is_some(), "{key} was not given out");
                            }
                            (false, Value::Int(count)) => {
                                prop_assert_eq!(groups[key].1, *count);
                                out.insert(*key, *count);
                            }
                            _ => panic!("{row:?} has no count"),
                        }
                    }
                    let known: BTreeSet<&i64> = groups.keys().collect();
                    prop_assert!(out.keys().all(|key| known.contains(key)), "{out:?} of {groups:?}");
                    if matches!(action, Action::Restart) {
                        aggregate = open(&rig, ttl);
                    }
                }
            }
        }
        prop_assert_eq!(out, BTreeMap::new());
    }
}
