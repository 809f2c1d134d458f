//! All values of a range of keys, in the order of the keys. What is not in memory is read, and not kept there.

use crate::StateError;
use crate::overlay::{Overlay, StateValue};
use crate::store::Store;
use crate::value::CodecError;

/// So many values are read with one batched read.
const VALUES_AT_ONCE: usize = 1024;

impl<V: StateValue> Overlay<V> {
    /// Gives `visit` the values from one key to another, both included, in the order of their keys. `fresh`: the slots of such keys that may
    /// not be committed yet. The table's order is kept ([`Store::keep_order`]).
    pub fn visit_between(
        &self,
        store: &Store,
        (from, to): (&[u8], &[u8]),
        fresh: &[u32],
        visit: &mut dyn FnMut(&V) -> Result<(), CodecError>,
    ) -> Result<(), StateError> {
        let mut keys: Vec<Box<[u8]>> = fresh.iter().map(|slot| self.key(*slot).into()).collect();
        store.keys_between(self.table(), from, to, &mut |key| keys.push(key.into()))?;
        keys.sort_unstable();
        keys.dedup();
        for some in keys.chunks(VALUES_AT_ONCE) {
            let unknown = some.iter().map(|key| &**key).filter(|key| self.slot_in_memory(key).is_none());
            let unknown: Vec<&[u8]> = unknown.collect();
            let mut read: Vec<Option<Result<V, CodecError>>> = unknown.iter().map(|_| None).collect();
            store
                .multi_get(self.table(), &unknown, &mut |index, bytes| read[index] = bytes.map(V::decode))?;
            let mut read = read.into_iter();
            for key in some {
                match self.slot_in_memory(key) {
                    Some(slot) => {
                        if let Some(value) = self.get(slot) {
                            visit(value)?;
                        }
                    }
                    None => {
                        if let Some(value) = read.next().flatten() {
                            visit(&value?)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Shared;
    use crate::write_set::WriteSet;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use tidegate_model::Offset;

    #[derive(Clone, Debug)]
    enum Action {
        Put(u8, u32),
        Delete(u8),
        Visit(u8, u8),
        Commit,
        Write,
        Reopen,
    }

    fn action() -> impl Strategy<Value = Action> {
        prop_oneof![
            6 => (0u8..40, any::<u32>()).prop_map(|(key, value)| Action::Put(key, value)),
            3 => (0u8..40).prop_map(Action::Delete),
            4 => (0u8..40, 0u8..40).prop_map(|(from, to)| Action::Visit(from, to)),
            3 => Just(Action::Commit),
            1 => Just(Action::Write),
            1 => Just(Action::Reopen),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn values_come_in_the_order_of_their_keys(
            actions in proptest::collection::vec(action(), 1..80),
            small in any::<bool>(),
        ) {
            let dir = tempfile::tempdir().expect("a directory");
            let mut store = Store::open(dir.path(), &Shared::new(8 << 20), &["t".to_owned()]).expect("opens");
            let table = store.table("t").expect("made");
            store.keep_order(table);
            let budget = if small { 300 } else { 1 << 20 };
            let mut overlay: Overlay<u32> = Overlay::new(table, budget, true);
            let mut model: BTreeMap<u8, u32> = BTreeMap::new();
            let mut committed = model.clone();
            let mut touched: Vec<u32> = Vec::new();
            let mut commits = 0;
            for action in actions {
                match action {
                    Action::Put(key, value) => {
                        let slot = overlay.lookup(&store, &[key]).expect("found");
                        *overlay.modify(slot) = Some(value);
                        touched.push(slot);
                        model.insert(key, value);
                    }
                    Action::Delete(key) => {
                        let slot = overlay.lookup(&store, &[key]).expect("found");
                        *overlay.modify(slot) = None;
                        touched.push(slot);
                        model.remove(&key);
                    }
                    Action::Visit(from, to) => {
                        let is_between = |slot: &&u32| {
                            let key = overlay.key(**slot)[0];
                            from <= key && key <= to
                        };
                        let fresh: Vec<u32> = touched.iter().filter(is_between).copied().collect();
                        let mut found = Vec::new();
                        overlay
                            .visit_between(&store, (&[from], &[to]), &fresh, &mut |value| {
                                found.push(*value);
                                Ok(())
                            })
                            .expect("reads");
                        let right: Vec<u32> = model
                            .iter()
                            .filter(|(key, _)| (from..=to).contains(key))
                            .map(|(_, value)| *value)
                            .collect();
                        prop_assert_eq!(found, right);
                    }
                    Action::Commit => {
                        let mut writes = WriteSet::default();
                        overlay.flush(&mut writes);
                        commits += 1;
                        store.commit(&writes, &[(table, Offset(commits))]).expect("commits");
                        overlay.committed();
                        touched.clear();
                        committed = model.clone();
                    }
                    Action::Write => store.flush().expect("writes"),
                    Action::Reopen => {
                        store.flush().expect("writes");
                        overlay = Overlay::new(table, budget, false);
                        touched.clear();
                        model = committed.clone();
                    }
                }
            }
        }
    }
}
