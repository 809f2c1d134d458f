//! Topologies with aggregates.

use crate::shape::{Shape, Times};
use crate::steps::{head, steps};
use proptest::prelude::*;

/// The same in whatever order events are read.
const ANY_ORDER: [&str; 2] = [
    "n: count(), some: count(w), total: sum(v), low: min(w), high: max(x), mean: avg(x), half: avg(v)",
    "n: count_if(v > 2), any: any(v > 4), all: all(v > 0), kinds: count_distinct(w), low: min_by(id, v), high: max_by(id, v), set: collect_distinct(w, 100)",
];
/// Of floats whose sums are exact.
const FLOATS: &str =
    "n: count(), total: sum(float(v) * 0.25), mean: avg(float(v) - 0.5), some: sum(float(w) * 1.5)";
const IN_ORDER: &str = "first: first(v), last: last(w), list: collect(v, 4)";

/// `group by` what, and whether its events are in one partition without a repartition.
pub fn keys() -> impl Strategy<Value = (&'static str, bool)> {
    prop_oneof![2 => Just(("k", true)), 2 => Just(("j", false)), 1 => Just(("k, j", true))]
}

fn aligned_window() -> impl Strategy<Value = String> {
    let tumbling = (1i64..14).prop_map(|size| (size, format!("tumbling {size}us")));
    let hopping = (2i64..14).prop_flat_map(|size| (Just(size), 1..size));
    let hopping = hopping.prop_map(|(size, advance)| (size, format!("hopping {size}us every {advance}us")));
    let cumulate = (1i64..5, 2i64..5)
        .prop_map(|(step, steps)| (step * steps, format!("cumulate {}us every {step}us", step * steps)));
    let window = prop_oneof![2 => tumbling, 3 => hopping, 1 => cumulate];
    (window, 0i64..20).prop_map(|((size, window), offset)| match offset % size {
        0 => window,
        offset => format!("{window}, offset {offset}us"),
    })
}

/// `order_counts`: among events of other partitions, too.
fn shape(
    (head, steps): (String, String),
    (key, is_near): (&'static str, bool),
    window: Option<(String, i64)>,
    functions: &str,
    is_final: bool,
    order_counts: bool,
) -> Shape {
    let emit = if is_final { "final" } else { "changes" };
    let part = match &window {
        Some((window, 0)) => format!("  |> window {window}, late -> embedded(\"NAME.late\")\n"),
        Some((window, grace)) => {
            format!("  |> window {window}, grace {grace}us, late -> embedded(\"NAME.late\")\n")
        }
        None => String::new(),
    };
    let sink_key = if window.is_some() { format!("({key}, window)") } else { format!("({key})") };
    let sink_key = if sink_key == "(k)" || sink_key == "(j)" { key.to_owned() } else { sink_key };
    Shape {
        body: format!(
            "{head}stream out$ = e$\n{steps}  |> group by {key}\n{part}  |> aggregate {{ {functions} }}\n  |> emit {emit}\nsink out$ -> embedded(\"NAME.out$\", key: {sink_key})\n"
        ),
        topics: vec!["a"],
        needs_order: order_counts && !is_near,
        needs_on_time: false,
        ..Shape::default()
    }
}

pub fn aligned() -> impl Strategy<Value = Shape> {
    let functions = 0..ANY_ORDER.len();
    (head(), steps(), keys(), aligned_window(), 0i64..8, functions, any::<bool>()).prop_map(
        |(head, steps, key, window, grace, functions, is_final)| {
            shape((head, steps), key, Some((window, grace)), ANY_ORDER[functions], is_final, false)
        },
    )
}

/// Where a window is one slice, the order in which its events are read is that of its lists.
pub fn tumbling_in_order() -> impl Strategy<Value = Shape> {
    (steps(), keys(), 1i64..14, 0i64..8, any::<bool>()).prop_map(|(steps, key, size, grace, is_final)| {
        let head = "stream e$ = a\n".to_owned();
        let window = Some((format!("tumbling {size}us"), grace));
        shape((head, steps), key, window, IN_ORDER, is_final, true)
    })
}

pub fn totals() -> impl Strategy<Value = Shape> {
    (head(), steps(), keys(), 0..ANY_ORDER.len()).prop_map(|(head, steps, key, functions)| {
        shape((head, steps), key, None, ANY_ORDER[functions], false, false)
    })
}

pub fn session() -> impl Strategy<Value = Shape> {
    let functions = prop_oneof![Just(ANY_ORDER[0]), Just(IN_ORDER)];
    (steps(), keys(), 1i64..10, 0i64..8, functions, any::<bool>()).prop_map(
        |(steps, key, gap, grace, functions, is_final)| {
            let head = "stream e$ = a\n".to_owned();
            shape(
                (head, steps),
                key,
                Some((format!("session gap {gap}us"), grace)),
                functions,
                is_final,
                true,
            )
        },
    )
}

pub fn sliding() -> impl Strategy<Value = Shape> {
    let functions = 0..ANY_ORDER.len();
    (head(), steps(), keys(), 1i64..12, 0i64..8, functions, any::<bool>()).prop_map(
        |(head, steps, key, size, grace, functions, is_final)| {
            let window = Some((format!("sliding {size}us"), grace));
            shape((head, steps), key, window, ANY_ORDER[functions], is_final, false)
        },
    )
}

/// A window of windows.
pub fn chained() -> impl Strategy<Value = Shape> {
    let first = prop_oneof![
        aligned_window(),
        (1i64..10).prop_map(|gap| format!("session gap {gap}us")),
        (1i64..12).prop_map(|size| format!("sliding {size}us")),
    ];
    let grace = 0i64..6;
    (steps(), keys(), first, grace.clone(), steps(), keys(), aligned_window(), grace).prop_map(
        |(steps, (key, is_near), first, grace, then, (other_key, _), second, other_grace)| {
            let j = if key == "j" { "k: j, j" } else if key == "k" { "k, j: k" } else { "k, j" };
            let order_counts = first.starts_with("session") && !is_near;
            Shape {
                body: format!(
                    "stream first$ = a\n{steps}  |> group by {key}\n  |> window {first}, grace {grace}us, late -> embedded(\"NAME.late\")\n  |> aggregate {{ n: count(), total: sum(v), low: min(w), high: max(x) }}\n  |> emit final\n\
                     stream again$ = first$\n  |> map {{ id: n, {j}, v: total ?? 0, w: low, x: high ?? 0.00, at: window.end }}\n{then}\
                     stream out$ = again$\n  |> group by {other_key}\n  |> window {second}, grace {other_grace}us, late -> embedded(\"NAME.late\")\n  |> aggregate {{ n: count(), total: sum(v), ids: sum(id) }}\n  |> emit final\n\
                     sink out$ -> embedded(\"NAME.out$\")\nsink again$ -> embedded(\"NAME.again$\")\n"
                ),
                topics: vec!["a"],
                needs_order: order_counts,
                needs_on_time: false, ..Shape::default()
            }
        },
    )
}

/// Windows by the clock on the wall, hours before and behind the moment at which it is changed.
pub fn zoned() -> impl Strategy<Value = Shape> {
    // 2024-03-30T20:00Z and 2024-10-26T20:00Z; and a clock that is moved by half an hour, at other times.
    let change = prop_oneof![
        Just(("Europe/Paris", 1_711_828_800)),
        Just(("Europe/Paris", 1_729_972_800)),
        Just(("Australia/Lord_Howe", 1_712_404_800)),
        Just(("Australia/Lord_Howe", 1_728_135_000)),
        Just(("Asia/Kathmandu", 1_711_828_800)),
    ];
    let window = prop_oneof![
        Just("tumbling 30m"),
        Just("tumbling 1h"),
        Just("tumbling 3h"),
        Just("tumbling 1d"),
        Just("hopping 3h every 1h"),
        Just("hopping 2h every 30m"),
        Just("hopping 1d every 6h"),
        Just("cumulate 6h every 1h"),
        Just("cumulate 1d every 8h"),
    ];
    let offset = prop_oneof![2 => Just(""), 1 => Just(", offset 15m"), 1 => Just(", offset 25m")];
    let grace = prop_oneof![Just(0i64), 0i64..8];
    let functions = 0..ANY_ORDER.len();
    (head(), steps(), keys(), change, window, offset, grace, functions, any::<bool>()).prop_map(
        |(head, steps, key, (zone, begin), window, offset, grace, functions, is_final)| {
            const QUARTER: i64 = 900_000_000;
            let window = format!("{window} in \"{zone}\"{offset}");
            let functions = ANY_ORDER[functions];
            Shape {
                times: Times { begin: begin * 1_000_000, unit: QUARTER },
                ..shape((head, steps), key, Some((window, grace * QUARTER)), functions, is_final, false)
            }
        },
    )
}

/// Rows that the wall clock lets out.
pub fn every() -> impl Strategy<Value = Shape> {
    let window = prop_oneof![
        2 => Just(None),
        2 => aligned_window().prop_map(Some),
        1 => (1i64..10).prop_map(|gap| Some(format!("session gap {gap}us"))),
    ];
    (head(), steps(), keys(), window, 0i64..8, 1u32..20).prop_map(
        |(head, steps, key, window, grace, every)| {
            let window = window.map(|window| (window, grace));
            // A session that has another beginning takes the place of rows of two keys at once.
            let order_counts = window.as_ref().is_some_and(|(window, _)| window.starts_with("session"));
            let shape = shape((head, steps), key, window, ANY_ORDER[0], false, order_counts);
            Shape { body: shape.body.replace("emit changes", &format!("emit every {every}ms")), ..shape }
        },
    )
}

/// Sums of floats in every kind of window.
pub fn floats() -> impl Strategy<Value = Shape> {
    let window = prop_oneof![
        Just(None),
        aligned_window().prop_map(Some),
        (1i64..10).prop_map(|gap| Some(format!("session gap {gap}us"))),
        (1i64..12).prop_map(|size| Some(format!("sliding {size}us"))),
    ];
    (head(), steps(), keys(), window, 0i64..8, any::<bool>()).prop_map(
        |(head, steps, key, window, grace, is_final)| {
            let is_session = window.as_ref().is_some_and(|window| window.starts_with("session"));
            let is_final = is_final && window.is_some();
            let window = window.map(|window| (window, grace));
            shape((head, steps), key, window, FLOATS, is_final, is_session)
        },
    )
}
