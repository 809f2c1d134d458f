//! Keys of a store by their order: what was committed counts, whether it was written to RocksDB yet or waits in the buffer.

use crate::StateError;
use crate::damage::store_error;
use crate::lines::Side;
use crate::store::{Store, table_key};
use crate::write_set::TableId;

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
        let mut found = None;
        let mut visit = |key: &[u8], _: &[u8]| {
            if side == Side::Before && *key == *from {
                return true;
            }
            if !is_near(key) {
                return false;
            }
            // What the buffer knows of is found there, or was deleted.
            if self.buffer.get(key).is_some() || !wanted(&key[2..]) {
                return true;
            }
            found = Some(key.to_vec());
            false
        };
        let looked = match side {
            Side::Before => {
                self.db.backward(&from, until.clone().unwrap_or_else(|| prefix.clone()), &mut visit)
            }
            Side::From => {
                let end = until.clone().or_else(|| crate::store::end_of_prefix(&prefix));
                self.db.forward(&from, end, &mut visit)
            }
        };
        looked.map_err(|cause| store_error(&self.path, cause))?;
        let nearest = match (found, buffered) {
            (Some(found), Some(buffered)) => {
                let is_nearer = match side {
                    Side::Before => *found > *buffered,
                    Side::From => *found < *buffered,
                };
                Some(if is_nearer { found } else { buffered.to_vec() })
            }
            (found, buffered) => found.or_else(|| buffered.map(<[u8]>::to_vec)),
        };
        Ok(nearest.map(|key| key[2..].to_vec()))
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
        let end = [&to[..], &[0]].concat();
        let mut visit = |key: &[u8], _: &[u8]| {
            visit(&key[2..]);
            true
        };
        self.db.forward(&from, Some(end), &mut visit).map_err(|cause| store_error(&self.path, cause))
    }
}
