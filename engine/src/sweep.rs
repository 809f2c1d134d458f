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
    every: Span,
    /// Where the running pass goes on; None between passes.
    cursor: Option<Vec<u8>>,
    last_pass: EventTime,
    events: usize,
}

impl Sweep {
    pub fn new(table: TableId, range: Span) -> Sweep {
        Sweep {
            table,
            every: Span::from_micros(range.micros() / 2 + 1),
            cursor: None,
            last_pass: EventTime::MIN,
            events: 0,
        }
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
        if watermark == EventTime::MIN {
            return Ok(());
        }
        if self.cursor.is_none() {
            if self.last_pass == EventTime::MIN {
                self.last_pass = watermark;
            }
            if watermark < self.last_pass.plus(self.every) {
                return Ok(());
            }
            self.last_pass = watermark;
            self.cursor = Some(Vec::new());
        }
        let budget = KEYS_MIN.max(self.events / EVENTS_PER_KEY);
        self.events = 0;
        let Some(from) = self.cursor.take() else { return Ok(()) };
        let mut keys = Keys::default();
        let mut dead = Keys::default();
        store.scan_from(self.table, &from, &mut |key, bytes| {
            keys.push_with(|out| out.extend_from_slice(key));
            // A value that is dead as stored may have new events in memory: it is looked at again below.
            if V::decode(bytes).is_ok_and(|mut value| expire(&mut value)) {
                dead.push_with(|out| out.extend_from_slice(key));
            }
            keys.len() < budget
        })?;
        if keys.len() == budget {
            let mut next = keys.get(budget - 1).to_vec();
            next.push(0);
            self.cursor = Some(next);
        }
        let mut slots = Vec::new();
        overlay.resolve(store, &dead, &mut slots)?;
        for slot in slots {
            let expired = overlay.get(slot).cloned_if(&mut expire);
            if expired {
                *overlay.modify(slot) = None;
            }
        }
        Ok(())
    }
}

/// Asks about a copy, so that a value that stays is not marked as changed.
trait ClonedIf<V> {
    fn cloned_if(self, expire: &mut impl FnMut(&mut V) -> bool) -> bool;
}

impl<V: StateValue> ClonedIf<V> for Option<&V> {
    fn cloned_if(self, expire: &mut impl FnMut(&mut V) -> bool) -> bool {
        let Some(value) = self else { return false };
        let mut bytes = Vec::new();
        value.encode(&mut bytes);
        V::decode(&bytes).is_ok_and(|mut copy| expire(&mut copy))
    }
}
