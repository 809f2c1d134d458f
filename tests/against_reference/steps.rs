//! Steps that look at one event at a time, and leave an event as the topology's sources have it.

use proptest::prelude::*;

const STEPS: [&str; 9] = [
    "filter v != 3",
    "filter (w ?? 2) < 3",
    "filter v % 2 == 0 or w is null",
    "add { v: v + 1 }",
    "map { id, k, j, v: v * 2 - (w ?? 1), w, x, at }",
    "map match v { 0 => drop, 1 | 2 => { id, k, j, v: 7, w, x, at }, _ => { id, k, j, v, w, x, at } }",
    "select at, id, k, j, w, x, v",
    "expand [v, v + 10] as e\n  |> map { id, k, j, v: e, w, x, at }",
    "left expand if v > 2 { [v] } else { [] } as e\n  |> map { id, k, j, v: e ?? 1, w, x, at }",
];

/// The one behind which it is not known any more by what the events are partitioned.
const FORGETS_KEY: usize = 5;

/// None to two of them, behind which events are still known to be partitioned by `k`.
pub fn keyed_steps() -> impl Strategy<Value = String> {
    some((0..STEPS.len()).prop_filter("the key is known", |number| *number != FORGETS_KEY))
}

/// None to two of them.
pub fn steps() -> impl Strategy<Value = String> {
    some(0..STEPS.len())
}

fn some(numbers: impl Strategy<Value = usize>) -> impl Strategy<Value = String> {
    let step = numbers.prop_map(|number| format!("  |> {}\n", STEPS[number]));
    proptest::collection::vec(step, 0..3).prop_map(|steps| steps.concat())
}

/// Two streams of one source and back, or the source itself.
pub fn head() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just("stream e$ = a\n".to_owned()),
        1 => Just("stream sides$ = a |> branch { big$ if v > 3, null_w$ if w is null, else rest$ }\nstream e$ = merge rest$, big$, null_w$\n".to_owned()),
    ]
}
