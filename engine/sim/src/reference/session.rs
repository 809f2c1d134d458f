//! `aggregate` over sessions: the list of a key's sessions, event by event.

use super::evaluate::by_key;
use super::row::{At, Given, Phase, Row};
use super::windows::{Work, moments};
use tidegate_model::Value;
use tidegate_model::plan::Window;

#[derive(Clone)]
struct Session<'a> {
    first: i64,
    last: i64,
    /// The earlier session's before the later one's, then the event that joined them.
    events: Vec<&'a Row>,
    /// Bounds under which rows were given out, not deleted since.
    given: Vec<(i64, i64)>,
    changed: bool,
    is_final: bool,
}

impl Session<'_> {
    fn row(&self, work: &Work, at: At, key: (usize, &[Value])) -> Row {
        work.row(at, key, Some((self.first, self.last)), self.last, &self.events)
    }
}

pub fn sessions(work: &Work, window: &Window, rows: &[Row]) -> Given {
    let (size, grace) = (window.size.micros(), window.grace.micros());
    let mut given = Given::default();
    for ((partition, key), events) in by_key(&work.aggregate.key, work.types, rows) {
        let mut sessions: Vec<Session> = Vec::new();
        let read = moments(&events);
        for moment in 0..work.watermarks.moments() {
            for event in events.iter().filter(|event| read.contains(&moment) && event.at.moment == moment) {
                if !join(&mut sessions, event, size, grace) {
                    given.late.push((0, (*event).clone()));
                }
            }
            let watermark = work.watermarks.after(partition, moment);
            let key = (partition, &key.0[..]);
            for session in &mut sessions {
                if work.is_final() {
                    if !session.is_final && watermark > session.last + size + grace {
                        given.rows.push(session.row(work, work.at(moment, Phase::Watermark), key));
                        session.is_final = true;
                    }
                } else if std::mem::take(&mut session.changed) {
                    let (at, bounds) = (work.at(moment, Phase::Commit), (session.first, session.last));
                    for gone in session.given.drain(..).filter(|gone| *gone != bounds) {
                        let deletion = work.row(at, key, Some(gone), gone.1, &[]);
                        given.rows.push(Row { deleted: true, ..deletion });
                    }
                    given.rows.push(session.row(work, at, key));
                    session.given.push(bounds);
                }
            }
        }
    }
    given.in_order()
}

/// False: the event is late.
fn join<'a>(sessions: &mut Vec<Session<'a>>, event: &'a Row, size: i64, grace: i64) -> bool {
    let time = event.time;
    let is_open = |session: &&Session| event.own <= session.last + size + grace;
    let open = || sessions.iter().filter(is_open);
    let before = open().filter(|session| session.last < time).max_by_key(|session| session.last);
    let behind = open().filter(|session| session.last >= time).min_by_key(|session| session.last);
    let before = before.filter(|session| time - session.last <= size);
    let behind = behind.filter(|session| session.first - time <= size);
    let joined: Vec<Session> = before.into_iter().chain(behind).cloned().collect();
    if joined.is_empty() && event.own > time + size + grace {
        return false;
    }
    assert!(joined.iter().all(|session| !session.is_final), "no event joins what was given out");
    let mut one = Session {
        first: time,
        last: time,
        events: Vec::new(),
        given: Vec::new(),
        changed: true,
        is_final: false,
    };
    for part in &joined {
        one.first = one.first.min(part.first);
        one.last = one.last.max(part.last);
        one.events.extend(&part.events);
        one.given.extend(&part.given);
        sessions.retain(|session| (session.first, session.last) != (part.first, part.last));
    }
    one.events.push(event);
    sessions.push(one);
    true
}
