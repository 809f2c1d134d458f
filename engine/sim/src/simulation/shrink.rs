//! Makes a case that fails smaller, as long as it still fails.

use super::case::Case;
use std::collections::BTreeSet;

/// So often a case is tried at most.
const RUNS_MAX: usize = 300;

/// `fails`: what is wrong with a case, and how many faults it draws.
pub fn shrink(case: &Case, mut fails: impl FnMut(&Case) -> Option<(String, u64)>) -> (Case, String) {
    let (mut wrong, mut faults) = fails(case).expect("it fails");
    let mut smallest = case.clone();
    let mut runs = 0;
    loop {
        let before = smallest.clone();
        for candidate in smaller(&smallest, faults) {
            if runs == RUNS_MAX {
                return (smallest, wrong);
            }
            // An earlier one of these may have been taken.
            let Some(candidate) = candidate(&smallest) else { continue };
            runs += 1;
            if let Some(found) = fails(&candidate) {
                (wrong, faults) = found;
                smallest = candidate;
            }
        }
        if smallest == before {
            return (smallest, wrong);
        }
    }
}

type Smaller = Box<dyn Fn(&Case) -> Option<Case>>;

fn changed(case: &Case, change: impl FnOnce(&mut Case)) -> Option<Case> {
    let mut new = case.clone();
    change(&mut new);
    (new != *case).then_some(new)
}

fn smaller(case: &Case, faults: u64) -> Vec<Smaller> {
    let mut all: Vec<Smaller> = vec![
        Box::new(|case| changed(case, |case| case.steps = case.steps / 2 + 1)),
        Box::new(|case| changed(case, |case| case.steps = case.steps * 4 / 5 + 1)),
        Box::new(|case| changed(case, |case| case.events = case.events / 2 + 1)),
        Box::new(|case| changed(case, |case| case.workers = 1)),
        Box::new(|case| changed(case, |case| case.processes = 1)),
        Box::new(|case| changed(case, |case| case.processes = case.processes.min(2))),
        Box::new(|case| changed(case, |case| case.partitions = 1)),
        Box::new(|case| changed(case, |case| case.partitions = case.partitions.min(2))),
    ];
    for fault in case.faults.clone() {
        all.push(Box::new(move |case| changed(case, |case| case.faults.retain(|kept| *kept != fault))));
    }
    // Halves, quarters, and so on of the faults that are left.
    let left: Vec<u64> = (0..faults).filter(|number| !case.left_out.contains(number)).collect();
    let mut size = left.len().div_ceil(2);
    while size > 0 {
        for part in left.chunks(size) {
            let part: BTreeSet<u64> = part.iter().copied().collect();
            all.push(Box::new(move |case| changed(case, |case| case.left_out.extend(&part))));
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    all
}
