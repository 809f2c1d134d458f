//! Finds the keys of a store that nothing will touch again, a few at each commit.
//!
//! A pass through the store begins when event time has moved by half the state's range since the last one began. Its speed follows the
//! rate of the events (one key for every four), so that the store holds at most a few times what is alive, at a bounded cost.

use tidegate_model::{EventTime, Span};
use tidegate_state::{Keys, Overlay, StateError, StateValue, Store, TableId};

/// Keys that are looked at in a commit even if there were few events.
const KEYS_MIN: usize = 64;
const EVENTS_PER_KEY: usize = 4;

pub struct Sweep {
    table: TableId,
    /// Where the values that it looks at begin.
    from: Vec<u8>,
    every: Span,
    /// Where the running pass goes on; None between passes.
    cursor: Option<Cursor>,
    last_pass: EventTime,
    events: usize,
}

/// A pass goes through the memory where all keys are there, else through the store.
enum Cursor {
    Slot(u32),
    Key(Vec<u8>),
}

impl Sweep {
    pub fn new(table: TableId, range: Span) -> Sweep {
        Sweep {
            table,
            from: Vec::new(),
            every: Span::from_micros(range.micros() / 2 + 1),
            cursor: None,
            last_pass: EventTime::MIN,
            events: 0,
        }
    }

    /// What the table holds before `key` is none of its business.
    pub fn starting_at(self, key: &[u8]) -> Sweep {
        Sweep { from: key.to_vec(), ..self }
    }

    /// Events have been worked on, so the sweep may cost something.
    pub fn earn(&mut self, events: usize) {
        self.events += events;
    }

    /// Looks at the next keys; `expire` shortens a value and says whether nothing of it is left.
    pub fn run<V: StateValue>(
        &mut self,
        watermark: EventTime,
        store: &Store,
        overlay: &mut Overlay<V>,
        mut expire: impl FnMut(&mut V) -> bool,
    ) -> Result<(), StateError> {
        // At the end of a finite input a later run may go on with the state.
        if watermark == EventTime::MIN || watermark == EventTime::MAX {
            return Ok(());
        }
        let budget = KEYS_MIN.max(self.events / EVENTS_PER_KEY);
        self.events = 0;
        let cursor = match self.cursor.take() {
            Some(cursor) => cursor,
            None if self.is_due(watermark) => self.start(overlay),
            None => return Ok(()),
        };
        self.cursor = match cursor {
            Cursor::Slot(_) if !overlay.is_complete() => Some(self.start(overlay)),
            Cursor::Slot(from) => overlay.sweep(from, budget, expire).map(Cursor::Slot),
            Cursor::Key(from) => {
                scan(self.table, &from, budget, store, overlay, &mut expire)?.map(Cursor::Key)
            }
        };
        Ok(())
    }

    fn start<V: StateValue>(&self, overlay: &Overlay<V>) -> Cursor {
        if overlay.is_complete() { Cursor::Slot(0) } else { Cursor::Key(self.from.clone()) }
    }

    fn is_due(&mut self, watermark: EventTime) -> bool {
        if self.last_pass == EventTime::MIN {
            self.last_pass = watermark;
        }
        let due = watermark >= self.last_pass.plus(self.every);
        if due {
            self.last_pass = watermark;
        }
        due
    }
}

/// Looks at `budget` keys of the store; returns where to go on.
fn scan<V: StateValue>(
    table: TableId,
    from: &[u8],
    budget: usize,
    store: &Store,
    overlay: &mut Overlay<V>,
    expire: &mut impl FnMut(&mut V) -> bool,
) -> Result<Option<Vec<u8>>, StateError> {
    let mut seen = 0;
    let mut last = Vec::new();
    let mut dead = Keys::default();
    store.scan_from(table, from, &mut |key, bytes| {
        seen += 1;
        // A value that is dead as stored may have new events in memory: it is looked at again below.
        if V::decode(bytes).is_ok_and(|mut value| expire(&mut value)) {
            dead.push_with(|out| out.extend_from_slice(key));
        }
        if seen == budget {
            last.extend_from_slice(key);
        }
        seen < budget
    })?;
    let mut slots = Vec::new();
    overlay.resolve(store, &dead, &mut slots)?;
    for slot in slots {
        overlay.sweep(slot, 1, &mut *expire);
    }
    Ok((seen == budget).then(|| {
        last.push(0);
        last
    }))
}
