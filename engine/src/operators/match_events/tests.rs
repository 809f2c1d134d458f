use super::*;
use crate::rig::{Rig, Row, batch, no_route, rows};
use proptest::prelude::*;
use tidegate_model::expr::{Comparison, ExprKind};
use tidegate_model::plan::{AggregateCall, AggregateFunction, MatchVariable, Skip};
use tidegate_model::{Column as SchemaColumn, Value};

/// Key, letter, number; no two events have the same number.
const TYPES: [ScalarType; 3] = [ScalarType::Int, ScalarType::Int, ScalarType::Int];
const LETTERS: i64 = 4;

/// What a variable takes: events of one letter, or every one; perhaps only those with a greater letter than the match's first event.
#[derive(Clone, Copy, Debug)]
struct Wants {
    letter: Option<i64>,
    greater: bool,
}

impl Wants {
    fn takes(self, event: &Known, first: Option<&Known>) -> bool {
        let greater = !self.greater || first.is_none_or(|first| event.letter > first.letter);
        self.letter.is_none_or(|letter| event.letter == letter) && greater
    }

    /// `before`: columns of the match so far.
    fn condition(self, before: usize) -> Option<Expr> {
        let int = |index| Box::new(Expr::column(index, ScalarType::Int, true));
        let bool = |kind| Expr { ty: ScalarType::Bool, nullable: true, kind };
        let letter = self.letter.map(|letter| {
            let letter = Box::new(Expr::constant(Value::Int(letter), ScalarType::Int));
            bool(ExprKind::Compare(Comparison::Equal, int(before + 1), letter))
        });
        let greater = (self.greater && before > 0)
            .then(|| bool(ExprKind::Compare(Comparison::Greater, int(before + 1), int(1))));
        match (letter, greater) {
            (Some(letter), Some(greater)) => Some(bool(ExprKind::And(Box::new(letter), Box::new(greater)))),
            (letter, greater) => letter.or(greater),
        }
    }
}

#[derive(Clone, Debug)]
struct Element {
    times: Times,
    alternatives: Vec<Wants>,
}

#[derive(Clone, Debug)]
struct Known {
    time: i64,
    letter: i64,
    number: i64,
}

fn wants() -> impl Strategy<Value = Wants> {
    (proptest::option::weighted(0.8, 0..LETTERS), proptest::bool::weighted(0.2))
        .prop_map(|(letter, greater)| Wants { letter, greater })
}

fn count(least: u32, most: Option<u32>) -> Times {
    Times::Count { least, most }
}

fn element() -> impl Strategy<Value = Element> {
    let plain = wants().prop_map(|wants| Element { times: count(1, Some(1)), alternatives: vec![wants] });
    let times = prop::sample::select(vec![
        count(0, Some(1)),
        count(1, None),
        count(0, None),
        count(2, Some(3)),
        count(2, Some(2)),
        Times::Not,
    ]);
    let counted = (times, wants()).prop_map(|(times, wants)| Element { times, alternatives: vec![wants] });
    let either =
        (wants(), wants()).prop_map(|(a, b)| Element { times: count(1, Some(1)), alternatives: vec![a, b] });
    prop_oneof![3 => plain, 3 => counted, 1 => either]
}

/// Begins with a plain event, ends with an event or an absence.
fn pattern() -> impl Strategy<Value = Vec<Element>> {
    let last = prop::option::of(wants());
    (wants(), proptest::collection::vec(element(), 0..4), last).prop_map(|(first, mut rest, absent)| {
        while rest.last().is_some_and(|element| element.times == Times::Not) {
            rest.pop();
        }
        let first = Wants { greater: false, ..first };
        let mut elements = vec![Element { times: count(1, Some(1)), alternatives: vec![first] }];
        elements.append(&mut rest);
        if let Some(absent) = absent {
            elements.push(Element { times: Times::Absent, alternatives: vec![absent] });
        }
        elements
    })
}

fn schema() -> Schema {
    let column = |name: &str| SchemaColumn::new(name, ScalarType::Int);
    Schema::new(vec![column("key"), column("letter"), column("number")])
}

/// Of the numbers of the events that an element takes.
fn sum() -> AggregateCall {
    AggregateCall {
        name: "sum".to_owned(),
        function: AggregateFunction::Sum,
        argument: Some(Expr::column(2, ScalarType::Int, false)),
        ty: ScalarType::Int,
        nullable: false,
        bounds: Vec::new(),
    }
}

/// Where the search goes on, for a pattern: behind the last event, or at one of an element that every match has.
fn skip(elements: &[Element], which: u8) -> Skip {
    let is_certain = |element: &Element| {
        element.alternatives.len() == 1 && matches!(element.times, Times::Count { least: 1.., .. })
    };
    let place = (1..elements.len()).rev().find(|place| is_certain(&elements[*place]));
    match (which, place) {
        (0, _) => Skip::ToNext,
        (1, Some(place)) => Skip::ToFirst(place),
        (2, Some(place)) => Skip::ToLast(place),
        _ => Skip::PastLast,
    }
}

fn plan_of(elements: &[Element], within: i64, skip: Skip) -> (plan::Match, Schema) {
    let mut columns = Vec::new();
    let mut planned = Vec::new();
    for (position, element) in elements.iter().enumerate() {
        let before = columns.len();
        let mut alternatives = Vec::new();
        for (index, wants) in element.alternatives.iter().enumerate() {
            let name = format!("v{position}_{index}");
            alternatives.push(MatchVariable { name, condition: wants.condition(before) });
        }
        let repeats = matches!(element.times, Times::Count { most, .. } if most != Some(1));
        let totals = if repeats { vec![sum()] } else { Vec::new() };
        planned.push(MatchElement { alternatives, times: element.times, totals });
        columns.extend(planned[position].columns(&schema()));
    }
    let pattern = plan::Match {
        key: vec![Expr::column(0, ScalarType::Int, false)],
        within: Span::from_micros(within),
        elements: planned,
        skip,
        late: None,
        errors: None,
    };
    (pattern, Schema::new(columns))
}

fn operator(rig: &Rig, pattern: &plan::Match, matches: &Schema) -> Match {
    let (late, errors) = (LateRoute::new(no_route("late")), no_route("errors"));
    Match::new(pattern, (&schema(), matches), (rig.table, 1 << 20), &rig.store, late, errors).expect("opens")
}

/// The rules, written as what one attempt sees: all later events of the key, one after the other. The match's time, and for each element
/// the numbers of the events that it took.
fn attempt(elements: &[Element], within: i64, events: &[Known]) -> Option<(i64, Vec<Vec<i64>>)> {
    let (first, later) = events.split_first()?;
    let mut taken: Vec<Vec<i64>> = vec![Vec::new(); elements.len()];
    if !elements[0].alternatives.iter().any(|wants| wants.takes(first, None)) {
        return None;
    }
    taken[0].push(first.number);
    let mut at = 0;
    let bounds = |position: usize| match elements[position].times {
        Times::Count { least, most } => Some((least as usize, most.map(|most| most as usize))),
        _ => None,
    };
    let is_over = |at: usize, taken: &[Vec<i64>]| {
        at + 1 == elements.len() && bounds(at).expect("an event").1 == Some(taken[at].len())
    };
    if is_over(at, &taken) {
        return Some((first.time, taken));
    }
    for event in later.iter().filter(|event| event.time - first.time <= within) {
        let takes = |position: usize| {
            elements[position].alternatives.iter().any(|wants| wants.takes(event, Some(first)))
        };
        let (least, most) = bounds(at).expect("an event");
        let enough = taken[at].len() >= least;
        let reach = (at + 1..elements.len())
            .find(|position| bounds(*position).is_some_and(|(least, _)| least > 0))
            .map_or(elements.len(), |must| must + 1);
        let next = (at + 1..reach).rev().find(|position| bounds(*position).is_some() && takes(*position));
        if enough && let Some(next) = next {
            at = next;
            taken[at].push(event.number);
        } else if most.is_none_or(|most| taken[at].len() < most) && takes(at) {
            taken[at].push(event.number);
        } else if enough && (at + 1..reach).any(|position| bounds(position).is_none() && takes(position)) {
            return None;
        }
        if is_over(at, &taken) {
            return Some((event.time, taken));
        }
    }
    let missing = (at..elements.len())
        .any(|position| bounds(position).is_some_and(|(least, _)| taken[position].len() < least));
    (!missing).then(|| (first.time + within, taken))
}

/// Where the search goes on behind a match: the place of the event, counted from the first one.
fn goes_on(skip: Skip, taken: &[Vec<i64>], events: &[Known]) -> usize {
    let place_of = |number: i64| events.iter().position(|event| event.number == number).expect("it is there");
    match skip {
        Skip::ToNext => 1,
        Skip::PastLast => taken.iter().flatten().map(|number| place_of(*number)).max().expect("one") + 1,
        Skip::ToFirst(element) => place_of(taken[element][0]),
        Skip::ToLast(element) => place_of(*taken[element].last().expect("one")),
    }
}

/// A match as its row: time, then the number of the first and the last event of each element that takes events, how many, and their sum.
type Told = (i64, Vec<(Option<i64>, Option<i64>, i64, i64)>);

fn wanted(elements: &[Element], (time, taken): (i64, Vec<Vec<i64>>)) -> Told {
    let counted =
        elements.iter().zip(taken).filter(|(element, _)| matches!(element.times, Times::Count { .. }));
    let told = counted.map(|(_, numbers)| {
        (numbers.first().copied(), numbers.last().copied(), numbers.len() as i64, numbers.iter().sum())
    });
    (time, told.collect())
}

/// The same, read from a row of the operator.
fn told(elements: &[Element], row: &Row) -> Told {
    let mut values = row.values.as_slice();
    let mut take = |count: usize| {
        let (now, rest) = values.split_at(count);
        values = rest;
        now
    };
    let mut all = Vec::new();
    for element in elements {
        let Times::Count { least, most } = element.times else { continue };
        let repeats = most != Some(1);
        let nullable = least == 0 || element.alternatives.len() > 1;
        let records = if repeats { 2 } else { element.alternatives.len() };
        let mut numbers = Vec::new();
        for _ in 0..records {
            let there = !nullable || take(1)[0] == Value::Bool(true);
            match take(3)[2] {
                Value::Int(number) if there => numbers.push(number),
                Value::Null if !there => {}
                ref other => panic!("{other:?} where the presence is {there}"),
            }
        }
        let (count, sum) = match take(2 * usize::from(repeats)) {
            [Value::Int(count), Value::Int(sum)] => (*count, *sum),
            [Value::Int(0), Value::Null] => (0, 0),
            [] => (numbers.len() as i64, numbers.iter().sum()),
            other => panic!("{other:?}"),
        };
        all.push((numbers.first().copied(), numbers.last().copied(), count, sum));
    }
    (row.time, all)
}

#[derive(Clone, Debug)]
enum Action {
    /// How far behind the watermark, key, letter.
    Read(i64, i64, i64),
    Advance(i64),
    Commit,
    Restart,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        8 => (-2i64..8, 0i64..2, 0..LETTERS).prop_map(|(ahead, key, letter)| Action::Read(ahead, key, letter)),
        4 => (1i64..6).prop_map(Action::Advance),
        2 => Just(Action::Commit),
        1 => Just(Action::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn matches_are_those_of_the_rules(
        elements in pattern(), within in 1i64..25, which in 0u8..4,
        actions in proptest::collection::vec(action(), 1..80)) {
        let skip = skip(&elements, which);
        let (pattern, matches) = plan_of(&elements, within, skip);
        let types: Vec<ScalarType> = matches.columns.iter().map(|column| column.ty).collect();
        let mut rig = Rig::new();
        let mut operator_ = operator(&rig, &pattern, &matches);
        let mut watermark = 0;
        rig.advance(&mut operator_, EventTime::from_micros(0));
        let (mut number, mut late) = (0, 0);
        let mut events: [Vec<Known>; 2] = [Vec::new(), Vec::new()];
        let mut given: Vec<Told> = Vec::new();
        for action in actions.into_iter().chain([Action::Advance(1000)]) {
            match action {
                Action::Read(ahead, key, letter) => {
                    number += 1;
                    let time = watermark + ahead;
                    let row = Row::new(time, vec![Value::Int(key), Value::Int(letter), Value::Int(number)]);
                    let out = rig.read(&mut operator_, 0, batch(&TYPES, &[row], watermark));
                    prop_assert!(out.is_empty(), "events wait for their time");
                    if ahead < 0 {
                        late += 1;
                    } else {
                        events[key as usize].push(Known { time, letter, number });
                    }
                }
                Action::Advance(by) => {
                    let before = watermark;
                    watermark += by;
                    let (out, promised) = rig.advance(&mut operator_, EventTime::from_micros(watermark));
                    let out = rows(&types, &out);
                    // A match may wait for what began before it.
                    let wait = if skip == Skip::ToNext { 0 } else { within };
                    prop_assert_eq!(promised.micros(), watermark - wait);
                    let in_time = |row: &Row| before - wait <= row.time && row.time < watermark;
                    prop_assert!(out.iter().all(in_time), "a match is given out when its time has passed, at once");
                    given.extend(out.iter().map(|row| told(&elements, row)));
                }
                Action::Commit => drop(rig.commit(&mut operator_)),
                Action::Restart => {
                    rig.commit(&mut operator_);
                    operator_ = operator(&rig, &pattern, &matches);
                    let (out, _) = rig.advance(&mut operator_, EventTime::from_micros(watermark));
                    prop_assert!(out.is_empty(), "nothing is given out twice");
                }
            }
        }
        prop_assert_eq!(rig.counters.late, late);
        let mut all: Vec<Told> = Vec::new();
        for events in &mut events {
            events.sort_by_key(|event| event.time);
            let mut first = 0;
            while first < events.len() {
                let Some(found) = attempt(&elements, within, &events[first..]) else {
                    first += 1;
                    continue;
                };
                let next = goes_on(skip, &found.1, &events[first..]);
                all.push(wanted(&elements, found));
                first += next;
            }
        }
        all.sort();
        given.sort();
        prop_assert_eq!(given, all);
        rig.commit(&mut operator_);
        prop_assert!(rig.stored() <= 1, "only the number of the next event is left");
    }
}
