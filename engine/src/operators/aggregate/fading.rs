//! `ttl` of an aggregate without windows: a group whose last event is so long ago is deleted, and begins anew with the next one.

use crate::expiry::Expiry;
use crate::group::Share;
use crate::operator::{Context, Counters};
use std::collections::BTreeMap;
use tidegate_model::EventTime;
use tidegate_state::{Overlay, StateError, WriteSet};

pub struct Fading {
    expiry: Expiry,
    /// The groups that were over since the last commit, by their slots: when, and whether a row of them was never given out.
    over: BTreeMap<u32, (EventTime, bool)>,
}

impl Fading {
    pub fn new(expiry: Expiry) -> Fading {
        Fading { expiry, over: BTreeMap::new() }
    }

    /// An event comes to a group, with a watermark of its own. What is over by that is not there for it, whether or not it was deleted yet: so the answer does
    /// not depend on which events are read together. False: the event is over by itself, and there is no group that it could come to.
    pub fn takes(
        &mut self,
        shares: &mut Overlay<Share>,
        slot: u32,
        (time, own): (EventTime, EventTime),
        counters: &mut Counters,
    ) -> bool {
        let group = shares.get(slot).map(|share| (share.group.time, share.group.unseen));
        let known = group.map(|(time, _)| time);
        if known.is_some_and(|known| !self.expiry.is_over(known, own)) {
            return true;
        }
        let is_over = self.expiry.is_over(time, own);
        counters.expired += u64::from(known.is_some() || is_over);
        if is_over {
            return false;
        }
        match group {
            // It has a note, which is not later.
            Some((known, unseen)) => {
                self.is_over(slot, self.expiry.end(known), unseen);
                *shares.modify(slot) = None;
            }
            None => self.expiry.note(time, shares.key(slot)),
        }
        true
    }

    /// Deletes the groups that are over: their slots, and when they were.
    pub fn expire(
        &mut self,
        shares: &mut Overlay<Share>,
        watermark: EventTime,
        context: &mut Context<'_>,
    ) -> Result<Vec<(u32, EventTime)>, StateError> {
        let mut gone = Vec::new();
        loop {
            let notes = self.expiry.take(watermark, context.store)?;
            if notes.is_empty() {
                break;
            }
            for (_, key) in notes {
                let slot = shares.lookup(context.store, &key)?;
                let Some(group) = shares.get(slot).map(|share| &share.group) else { continue };
                let (time, unseen) = (group.time, group.unseen);
                if !self.expiry.is_over(time, watermark) {
                    self.expiry.note(time, &key);
                    continue;
                }
                *shares.modify(slot) = None;
                context.counters.expired += 1;
                gone.push((slot, self.expiry.end(time)));
                self.is_over(slot, self.expiry.end(time), unseen);
            }
        }
        self.expiry.leave(watermark);
        Ok(gone)
    }

    fn is_over(&mut self, slot: u32, end: EventTime, unseen: bool) {
        // What came since the last commit was not given out, whatever was before.
        let unseen = self.over.get(&slot).map_or(unseen, |(_, before)| *before);
        self.over.insert(slot, (end, unseen));
    }

    /// Was a group over since the last commit of which no row was given out before?
    pub fn was_unseen(&self, slot: u32) -> bool {
        self.over.get(&slot).is_some_and(|(_, unseen)| *unseen)
    }

    /// The groups whose rows are to be deleted with the commit: those of which a row was given out, and that were there at the last one.
    pub fn deletions(&mut self, shares: &Overlay<Share>) -> Vec<(u32, EventTime)> {
        let over = std::mem::take(&mut self.over).into_iter();
        over.filter(|(slot, (_, unseen))| !unseen && shares.get(*slot).is_none() && shares.is_stored(*slot))
            .map(|(slot, (end, _))| (slot, end))
            .collect()
    }

    pub fn flush(&mut self, writes: &mut WriteSet) {
        self.expiry.flush(writes);
    }

    pub fn uncommitted_bytes(&self) -> usize {
        self.expiry.uncommitted_bytes()
    }
}
