//! `match`: from each event that the first element takes, the search for what follows.

use super::evaluate::{Types, by_key, is_true};
use super::functions::results;
use super::row::{At, END, Given, Phase, Row};
use super::watermarks::Passing;
use tidegate_model::Value;
use tidegate_model::plan::{Match, MatchElement, Skip, Times};

/// What an element has taken: by which alternative, and which events.
type Taken<'a> = Option<(usize, Vec<&'a Row>)>;

struct Search<'a> {
    pattern: &'a Match,
    /// Of an event, and of a match.
    event: &'a Types,
    whole: &'a Types,
}

pub fn match_events(
    pattern: &Match,
    types: [&Types; 2],
    rows: &[Row],
    watermarks: Passing,
    hop: usize,
) -> Given {
    let search = Search { pattern, event: types[0], whole: types[1] };
    let (on_time, late): (Vec<Row>, Vec<Row>) = rows.iter().cloned().partition(|row| row.time >= row.own);
    let mut given = Given { late: late.into_iter().map(|row| (0, row)).collect(), ..Given::default() };
    for ((partition, _), mut events) in by_key(&pattern.key, types[0], &on_time) {
        events.sort_by_key(|event| event.time);
        let mut first = 0;
        // What began before is decided when the watermark is behind this.
        let mut decided = i64::MIN;
        while first < events.len() {
            match search.from(&events[first..]) {
                Found::Nothing { until } => {
                    if pattern.skip != Skip::ToNext {
                        decided = decided.max(until);
                    }
                    first += 1;
                }
                Found::Match { values, time, next } => {
                    let known = time.max(decided);
                    if let Some(moment) = watermarks.first(partition, |watermark| watermark > known) {
                        let at = At { moment, hop, phase: Phase::Watermark };
                        given.rows.push(Row::made(at, partition, time, values));
                    }
                    first += next;
                }
            }
        }
    }
    given.in_order()
}

impl Search<'_> {
    /// The match that begins with the first of these events.
    fn from(&self, events: &[&Row]) -> Found {
        let elements = &self.pattern.elements;
        let mut taken: Vec<Taken> = vec![None; elements.len()];
        let Some(alternative) = self.takes(0, &taken, events[0]) else {
            return Found::Nothing { until: i64::MIN };
        };
        taken[0] = Some((alternative, vec![events[0]]));
        let mut position = 0;
        let end = events[0].time.saturating_add(self.pattern.within.micros());
        if self.is_complete(position, &taken) {
            return self.found(&taken, events, events[0].time);
        }
        for event in events[1..].iter().filter(|event| event.time <= end) {
            match self.place_of(position, &taken, event) {
                Place::None => continue,
                Place::Ends => return Found::Nothing { until: event.time },
                Place::At(next, alternative) => {
                    match &mut taken[next] {
                        Some((_, events)) => events.push(event),
                        none => *none = Some((alternative, vec![event])),
                    }
                    position = next;
                }
            }
            if self.is_complete(position, &taken) {
                return self.found(&taken, events, event.time);
            }
        }
        // Its time passes. What is enough by then is a match.
        let rest_may_be_missing = (position + 1..elements.len()).all(|next| self.bounds(next).0 == 0);
        let is_enough = self.has_enough(position, &taken) && rest_may_be_missing;
        if is_enough && end != END { self.found(&taken, events, end) } else { Found::Nothing { until: end } }
    }

    fn found(&self, taken: &[Taken], events: &[&Row], time: i64) -> Found {
        let place_of = |event: &Row| {
            events.iter().position(|other| std::ptr::eq(*other, event)).expect("it is one of them")
        };
        let of_element = |place: usize| &taken[place].as_ref().expect("a match has it").1;
        let all = taken.iter().flatten().flat_map(|(_, events)| events);
        let next = match self.pattern.skip {
            Skip::ToNext => 1,
            Skip::PastLast => all.map(|event| place_of(event)).max().expect("at least one") + 1,
            Skip::ToFirst(place) => place_of(of_element(place)[0]),
            Skip::ToLast(place) => place_of(of_element(place).last().expect("at least one")),
        };
        Found::Match { values: self.row(taken, self.pattern.elements.len()), time, next }
    }

    /// How often an element takes an event; one that must not come takes none.
    fn bounds(&self, position: usize) -> (u32, Option<u32>) {
        match self.pattern.elements[position].times {
            Times::Count { least, most } => (least, most),
            Times::Not | Times::Absent => (0, Some(0)),
        }
    }

    fn is_forbidden(&self, position: usize) -> bool {
        matches!(self.pattern.elements[position].times, Times::Not | Times::Absent)
    }

    fn count(&self, position: usize, taken: &[Taken]) -> u32 {
        taken[position].as_ref().map_or(0, |(_, events)| events.len() as u32)
    }

    fn has_enough(&self, position: usize, taken: &[Taken]) -> bool {
        self.count(position, taken) >= self.bounds(position).0
    }

    fn is_complete(&self, position: usize, taken: &[Taken]) -> bool {
        let is_last = position + 1 == self.pattern.elements.len();
        is_last && self.bounds(position).1 == Some(self.count(position, taken))
    }

    /// Where an event goes: to the element that stands farthest behind, then to the current one, then to what must not come.
    fn place_of(&self, position: usize, taken: &[Taken], event: &Row) -> Place {
        let mut next = Vec::new();
        if self.has_enough(position, taken) {
            for element in position + 1..self.pattern.elements.len() {
                next.push(element);
                if self.bounds(element).0 > 0 {
                    break;
                }
            }
        }
        let may_take = next.iter().rev().filter(|element| !self.is_forbidden(**element));
        for element in may_take {
            if let Some(alternative) = self.takes(*element, taken, event) {
                return Place::At(*element, alternative);
            }
        }
        let is_full = self.bounds(position).1 == Some(self.count(position, taken));
        if !is_full && let Some(alternative) = self.takes(position, taken, event) {
            return Place::At(position, alternative);
        }
        let mut forbidden = next.into_iter().filter(|element| self.is_forbidden(*element));
        if forbidden.any(|element| self.takes(element, taken, event).is_some()) {
            return Place::Ends;
        }
        Place::None
    }

    /// The first alternative whose condition is true. It sees the elements before its own, and the event.
    fn takes(&self, position: usize, taken: &[Taken], event: &Row) -> Option<usize> {
        let before = self.row(taken, position);
        let types = [&self.whole[..before.len()], self.event].concat();
        let values = [&before[..], &event.values].concat();
        let alternatives = &self.pattern.elements[position].alternatives;
        alternatives.iter().position(|variable| {
            variable.condition.as_ref().is_none_or(|condition| is_true(condition, &types, &values))
        })
    }

    /// The columns of the first elements.
    fn row(&self, taken: &[Taken], elements: usize) -> Vec<Value> {
        let of = |(element, taken): (&MatchElement, &Taken)| self.columns(element, taken);
        self.pattern.elements.iter().zip(taken).take(elements).flat_map(of).collect()
    }

    fn columns(&self, element: &MatchElement, taken: &Taken) -> Vec<Value> {
        let Times::Count { least, most } = element.times else { return Vec::new() };
        let mut values = Vec::new();
        let mut record = |event: Option<&Row>, may_be_missing: bool| {
            if may_be_missing {
                values.push(Value::Bool(event.is_some()));
            }
            values.extend(match event {
                Some(event) => event.values.clone(),
                None => vec![Value::Null; self.event.len()],
            });
        };
        if most == Some(1) {
            for alternative in 0..element.alternatives.len() {
                let event =
                    taken.as_ref().filter(|(known, _)| *known == alternative).map(|(_, events)| events[0]);
                record(event, least == 0 || element.alternatives.len() > 1);
            }
            return values;
        }
        let events = taken.as_ref().map(|(_, events)| events);
        record(events.map(|events| events[0]), least == 0);
        record(events.map(|events| events[events.len() - 1]), least == 0);
        values.push(Value::Int(events.map_or(0, Vec::len) as i64));
        let events = events.map_or(&[][..], Vec::as_slice);
        values.extend(results(&element.totals, self.event, events));
        values
    }
}

enum Found {
    /// That there is none is known when the watermark is behind this time.
    Nothing { until: i64 },
    /// `next`: so many events behind its first one the search goes on.
    Match { values: Vec<Value>, time: i64, next: usize },
}

enum Place {
    None,
    Ends,
    /// The element, and its alternative.
    At(usize, usize),
}
