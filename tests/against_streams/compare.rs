//! Is one answer the other? What must be equal is as much as the rules define.

use crate::case::{Case, Emit, Event, Operator, Row, Window, told};
use crate::differences::{Steps, comparable, expected, without_time};
use crate::engine::Engine;
use crate::random_cases::panic_text;
use crate::streams;
use crate::topology::topology;
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Asks both. The error is everything that a person needs to see the difference.
pub fn compare(engine: &mut Engine, case: &Case) -> Result<(), String> {
    let asked = streams::ask(&case.question());
    let told_by =
        |what: &str, steps: &Steps| format!("{what} (after which event: the row):\n{}", told(steps));
    let ours = match catch_unwind(AssertUnwindSafe(|| engine.ask(case))) {
        Ok(ours) => ours,
        Err(panic) => Err(panic_text(&*panic)),
    };
    let ours = match ours {
        Ok(ours) => ours,
        Err(error) => {
            let theirs = told_by("Kafka Streams", &asked);
            return Err(format!("Tidegate fails: {error}\n{}{theirs}", question(case)));
        }
    };
    let right = in_chunks(case, expected(case, asked.clone()));
    let found = comparable(case, ours.clone());
    let Err(what) = difference(case, &right, &found) else { return Ok(()) };
    Err(format!(
        "{what}\n{}{}{}{}",
        question(case),
        told_by("Kafka Streams", &asked),
        told_by("expected, by the rules and Kafka Streams", &right),
        told_by("Tidegate", &ours),
    ))
}

/// The topology, what else is told to Kafka Streams, and the events.
fn question(case: &Case) -> String {
    let events: Vec<String> = case.events.iter().map(Event::to_string).collect();
    let numbered = events.iter().enumerate().map(|(index, event)| format!("  {index:>3}: {event}\n"));
    format!(
        "{}{:?}\n{:?}\nevents (topic, key, value, time):\n{}",
        topology(case, "t"),
        case.operator,
        case.feed,
        numbered.collect::<String>()
    )
}

/// Rows after each event as rows after each chunk.
fn in_chunks(case: &Case, mut steps: Steps) -> Steps {
    case.chunks().map(|chunk| steps[chunk].iter_mut().flat_map(std::mem::take).collect()).collect()
}

fn difference(case: &Case, right: &Steps, found: &Steps) -> Result<(), String> {
    match case.operator {
        Operator::JoinStreams { .. } => joined(right, found),
        // Events of one commit that come from two topics are read in an order that nobody promises. A row that changed and is as it was
        // is not given out, with its new time.
        Operator::JoinTables { .. } | Operator::JoinForeign { .. } | Operator::AggregateTable
            if case.feed.together > 1 =>
        {
            let without = |steps: &Steps| without_time(steps.clone(), |_| true);
            same_table(&without(right), &without(found))
        }
        Operator::Totals | Operator::Latest | Operator::Window { emit: Emit::Changes, .. }
            if case.feed.together > 1 =>
        {
            same_table(right, found)?;
            nothing_else(right, found)
        }
        // The rows that refer to one that changed, and the groups that a row left and came to, in an order that is not defined.
        Operator::JoinForeign { .. } | Operator::AggregateTable => {
            same("the rows", &sorted(right, |_| true), &sorted(found, |_| true))
        }
        // What a session replaces is deleted together with the new row, in an order that is not defined.
        Operator::Window { window: Window::Session { .. }, emit: Emit::Changes, .. } => {
            same("the rows", &sorted(right, |_| true), &sorted(found, |_| true))
        }
        _ => same("the rows", right, found),
    }
}

/// Some of the rows of each step, in an order of their own.
fn sorted(steps: &Steps, is_wanted: impl Fn(&Row) -> bool) -> Steps {
    let sorted = |rows: &Vec<Row>| {
        let mut rows: Vec<Row> = rows.iter().filter(|row| is_wanted(row)).cloned().collect();
        rows.sort();
        rows
    };
    steps.iter().map(sorted).collect()
}

fn same<T: PartialEq>(what: &str, right: &T, found: &T) -> Result<(), String> {
    if right == found { Ok(()) } else { Err(format!("{what} are not the same")) }
}

/// Pairs after the same event, in an order that is not defined; events without a partner each once, at a moment that Kafka Streams does not
/// keep to: it looks for them only when an event is the newest of all, and not for all of them.
fn joined(right: &Steps, found: &Steps) -> Result<(), String> {
    let pairs = |steps: &Steps| sorted(steps, |row| !row.is_alone());
    let alone = |steps: &Steps| {
        let mut alone: Vec<Row> = steps.iter().flatten().filter(|row| row.is_alone()).cloned().collect();
        alone.sort();
        alone
    };
    same("the pairs", &pairs(right), &pairs(found))?;
    same("the events without a partner", &alone(right), &alone(found))
}

/// What a row replaces.
type Place = (String, Option<(i64, i64)>);

fn place(row: &Row) -> Place {
    (row.key.clone(), row.window)
}

/// [one-row-a-commit] Of several changes of a key in one commit only the last is given out. The table is the same after each of them.
fn same_table(right: &Steps, found: &Steps) -> Result<(), String> {
    let (mut of_right, mut of_found): (BTreeMap<Place, &Row>, BTreeMap<Place, &Row>) = Default::default();
    for (right, found) in right.iter().zip(found) {
        for (table, rows) in [(&mut of_right, right), (&mut of_found, found)] {
            for row in rows {
                match row.values {
                    Some(_) => drop(table.insert(place(row), row)),
                    None => drop(table.remove(&place(row))),
                }
            }
        }
        same("the tables", &of_right, &of_found)?;
    }
    Ok(())
}

/// Every row that was found is one that Kafka Streams has at that point, too, and the rows of a key and window come in its order.
fn nothing_else(right: &Steps, found: &Steps) -> Result<(), String> {
    let mut waiting: BTreeMap<Place, VecDeque<&Row>> = BTreeMap::new();
    for row in right.iter().flatten() {
        waiting.entry(place(row)).or_default().push_back(row);
    }
    for row in found.iter().flatten() {
        let rows = waiting.entry(place(row)).or_default();
        let known = std::iter::from_fn(|| rows.pop_front()).any(|known| known == row);
        if !known {
            return Err(format!("Tidegate gives `{row}`, which Kafka Streams does not have there"));
        }
    }
    Ok(())
}
