//! Keys of a store by their order: what was committed counts, whether it was written to RocksDB yet or waits in the buffer.

use crate::StateError;
use crate::damage::store_error;
use crate::lines::Side;
use crate::store::{Store, table_key};
use crate::write_set::TableId;
use rocksdb::{Direction, IteratorMode, ReadOptions};

impl Store {
    /// From now on keys of this table are found by their neighbours, too, while they wait in the buffer.
    pub fn keep_order(&mut self, table: TableId) {
        self.buffer.keep_order(table);
    }

    /// The key nearest to `from` on one side, of those that begin with `prefix`, lie nearer than `until` and are `wanted`. The table's
    /// order is kept ([`Store::keep_order`]).
    pub fn nearest(
        &self,
        table: TableId,
        prefix: &[u8],
        from: &[u8],
        until: Option<&[u8]>,
        side: Side,
        wanted: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<Option<Vec<u8>>, StateError> {
        let prefix = table_key(table, prefix);
        let from = table_key(table, from);
        let until = until.map(|until| table_key(table, until));
        let is_near = |key: &[u8]| {
            let nearer = until.as_deref().is_none_or(|until| match side {
                Side::Before => key > until,
                Side::From => key < until,
            });
            nearer && key.starts_with(&prefix)
        };
        let buffered = self.buffer.nearest(&from, side, &is_near, &mut |key| wanted(&key[2..]));
        let mode = match side {
            Side::Before => IteratorMode::From(&from, Direction::Reverse),
            Side::From => IteratorMode::From(&from, Direction::Forward),
        };
        let mut options = ReadOptions::default();
        // Deletions on the way beyond these bounds need not be passed over.
        match side {
            Side::Before => options.set_iterate_lower_bound(until.clone().unwrap_or_else(|| prefix.clone())),
            Side::From => {
                if let Some(end) = until.clone().or_else(|| crate::store::end_of_prefix(&prefix)) {
                    options.set_iterate_upper_bound(end);
                }
            }
        }
        for entry in self.db.iterator_opt(mode, options) {
            let (key, _) = entry.map_err(|cause| store_error(&self.path, &cause))?;
            if side == Side::Before && *key == *from {
                continue;
            }
            if !is_near(&key) {
                break;
            }
            // What the buffer knows of is found there, or was deleted.
            if self.buffer.get(&key).is_some() || !wanted(&key[2..]) {
                continue;
            }
            let is_nearer = buffered.is_none_or(|buffered| match side {
                Side::Before => *key > *buffered,
                Side::From => *key < *buffered,
            });
            return Ok(Some(
                if is_nearer { &key[2..] } else { &buffered.expect("it is nearer")[2..] }.to_vec(),
            ));
        }
        Ok(buffered.map(|key| key[2..].to_vec()))
    }

    /// Gives `visit` the keys from one to another, both included, in no order. A key may come twice, and one that was deleted since the
    /// buffer was last written may come too. The table's order is kept ([`Store::keep_order`]).
    pub fn keys_between(
        &self,
        table: TableId,
        from: &[u8],
        to: &[u8],
        visit: &mut dyn FnMut(&[u8]),
    ) -> Result<(), StateError> {
        let (from, to) = (table_key(table, from), table_key(table, to));
        self.buffer.between(&from, &to, &mut |key| visit(&key[2..]));
        let mut options = ReadOptions::default();
        options.set_iterate_upper_bound([&to[..], &[0]].concat());
        for entry in self.db.iterator_opt(IteratorMode::From(&from, Direction::Forward), options) {
            let (key, _) = entry.map_err(|cause| store_error(&self.path, &cause))?;
            visit(&key[2..]);
        }
        Ok(())
    }
}
