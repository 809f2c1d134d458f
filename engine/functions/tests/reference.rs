//! The reference in `dsl/reference` is what the registry says.

use tidegate_functions::reference;

#[test]
fn the_reference_is_up_to_date() {
    let kept = include_str!("../../../dsl/reference/functions.md");
    let update = "tidegate explain functions --format markdown > dsl/reference/functions.md";
    let differs = kept.lines().zip(reference().lines().map(str::to_owned)).find(|(old, new)| old != new);
    assert!(kept == reference(), "out of date, first at {differs:?}; write it anew: {update}");
}
