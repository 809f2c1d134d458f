//! Why a row may be missing: events that were late, and windows that are not final yet.

use serde_json::Value;
use std::collections::BTreeSet;
use tidegate_model::plan::{Aggregate, Emit, NodeKind, Plan, Window, WindowShape};
use tidegate_model::test_case::ExpectedRow;
use tidegate_model::time::parse_rfc3339;
use tidegate_model::{EventTime, NodeId};

/// Events were late and went nowhere: told with the steps that may have left them out.
pub fn only_counted(plan: &Plan, late: u64) -> String {
    let steps: Vec<String> =
        plan.nodes.iter().filter_map(|node| leaves_out(&node.kind, node.step())).collect();
    let count = if late == 1 { "1 event was late".to_owned() } else { format!("{late} events were late") };
    let by = match &steps[..] {
        [only] => format!("by {only}\n"),
        several => format!(
            "by one of these:\n{}",
            several.iter().map(|step| format!("  {step}\n")).collect::<String>()
        ),
    };
    format!("{count}, and left out {by}")
}

fn leaves_out(kind: &NodeKind, step: &str) -> Option<String> {
    const ROUTE: &str = "`late -> kafka(\"…\")` keeps what comes behind its end";
    Some(match kind {
        NodeKind::Aggregate(Aggregate { window: Some(Window { late: None, .. }), .. }) => {
            format!("the window of `{step}`: {ROUTE}")
        }
        NodeKind::JoinStreams(join) if join.late.is_none() => format!("`{step}`: {ROUTE}"),
        NodeKind::Rolling(rolling) if rolling.ordered => {
            format!("`{step}`: with `ordered` what comes when its time has passed is only counted")
        }
        NodeKind::Match(_) => {
            format!(
                "`{step}`: a `match` takes events in order, and what comes when its time has passed is only counted"
            )
        }
        _ => return None,
    })
}

/// The final windows that a stream's rows come from. None: they come from none, or from several.
pub fn final_window(plan: &Plan, stream: &str) -> Option<(NodeId, Window)> {
    let (_, last) = plan.names.iter().find(|(name, _)| name == stream)?;
    let mut open = vec![*last];
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let node = plan.node(id);
        match &node.kind {
            NodeKind::Aggregate(Aggregate { window: Some(window), emit: Emit::Final, .. })
                if is_aligned(window) =>
            {
                found.push((id, window.clone()));
            }
            _ => open.extend(&node.inputs),
        }
    }
    match <[_; 1]>::try_from(found) {
        Ok([only]) => Some(only),
        Err(_) => None,
    }
}

/// The end of other windows follows their events.
fn is_aligned(window: &Window) -> bool {
    matches!(window.shape, WindowShape::Aligned | WindowShape::Cumulate)
}

/// Rows are missing that windows would give which are not final at this time.
pub fn not_final(window: &Window, time: EventTime, expected: &[ExpectedRow]) -> Option<String> {
    let ends = expected.iter().filter_map(|row| {
        let row: Value = serde_json::from_str(&row.json).ok()?;
        parse_rfc3339(row.get("window")?.get("end")?.as_str()?.as_bytes())
    });
    let is_final = |end: EventTime| end.plus(window.grace);
    let waits =
        if window.grace.micros() > 0 { format!(" and {} of `grace`", window.grace) } else { String::new() };
    let now = if time == EventTime::MIN { "has not begun".to_owned() } else { format!("is {time}") };
    let mut waiting = ends.filter(|end| is_final(*end) > time);
    let Some(end) = waiting.next() else {
        // Which window it would be is not said: only where time has come to.
        let told = expected.iter().all(|row| !row.json.contains("\"window\""));
        return told.then(|| {
            format!("a window gives its row when the time has come to its end{waits}; the time here {now}\n")
        });
    };
    let at = is_final(end);
    Some(format!(
        "its window ends at {end} and is final at {at}{}; the time here {now}: `advance to @{at}` takes it there\n",
        if window.grace.micros() > 0 { format!(", with {} of `grace`", window.grace) } else { String::new() }
    ))
}
