//! Topologies of several operators, which share sources.

use crate::shape::{Shape, together};
use crate::{errors, in_time, looked_up, tables, windows};
use proptest::prelude::*;

fn any_shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        windows::aligned().boxed(),
        windows::totals().boxed(),
        windows::session().boxed(),
        windows::sliding().boxed(),
        windows::chained().boxed(),
        windows::zoned().boxed(),
        windows::every().boxed(),
        windows::floats().boxed(),
        errors::shapes().boxed(),
        in_time::rolling().boxed(),
        in_time::rolling_coarse().boxed(),
        in_time::dedupe().boxed(),
        in_time::pattern().boxed(),
        in_time::schedule().boxed(),
        in_time::steps_only().boxed(),
        tables::join_streams().boxed(),
        tables::join_table().boxed(),
        tables::join_tables().boxed(),
        tables::join_foreign().boxed(),
        looked_up::shapes().boxed(),
        tables::join_global().boxed(),
        tables::join_as_of().boxed(),
        tables::top().boxed(),
        tables::aggregates().boxed(),
        tables::latest().boxed(),
        tables::changes().boxed(),
    ]
}

pub fn shapes() -> impl Strategy<Value = Shape> {
    proptest::collection::vec(any_shape(), 2..4).prop_map(together)
}
