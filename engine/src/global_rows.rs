//! The rows of one global table: in a store of the worker's own, and in memory as far as there is room.

use crate::batch::Batch;
use crate::key_columns::push_key;
use crate::row_codec::RowCodec;
use crate::table_rows::RowBytes;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::cell::RefCell;
use tidegate_state::{StateError, Store, TableId, WriteSet};

/// What an entry takes besides its key and its row.
const ENTRY_BYTES: usize = 64;

pub struct GlobalTable {
    pub codec: RowCodec,
    key: usize,
    table: TableId,
    lately: RefCell<Lately>,
}

impl GlobalTable {
    /// `key`: its column. `table`: of the worker's store. `cache_bytes`: of rows that are kept in memory.
    pub fn new(codec: RowCodec, key: usize, table: TableId, cache_bytes: usize) -> GlobalTable {
        let lately = Lately { rows: HashMap::default(), bytes: 0, bytes_max: cache_bytes };
        GlobalTable { codec, key, table, lately: RefCell::new(lately) }
    }

    pub fn get(&self, store: &Store, key: &[u8]) -> Result<Option<RowBytes>, StateError> {
        if let Some(row) = self.lately.borrow().rows.get(key) {
            return Ok(row.clone());
        }
        let row = store.get(self.table, key)?.map(|bytes| RowBytes(bytes.into()));
        self.lately.borrow_mut().remember(key, row.clone());
        Ok(row)
    }

    /// Rows of its topic, which are to be written.
    pub fn take(&mut self, batch: &Batch, writes: &mut WriteSet) {
        let key_column = std::slice::from_ref(&batch.columns[self.key]);
        let (mut key, mut bytes) = (Vec::new(), Vec::new());
        for &row in &batch.selection {
            let row = row as usize;
            key.clear();
            push_key(key_column, row, &mut key);
            if batch.is_deleted(row) {
                writes.delete(self.table, &key);
                self.lately.get_mut().remember(&key, None);
                continue;
            }
            bytes.clear();
            self.codec.encode(&batch.columns, row, &mut bytes);
            writes.put(self.table, &key, &bytes);
            self.lately.get_mut().remember(&key, Some(RowBytes(bytes.as_slice().into())));
        }
    }
}

/// What has come or was looked up lately. None: there is no row of that key.
struct Lately {
    rows: HashMap<Box<[u8]>, Option<RowBytes>, FixedState>,
    bytes: usize,
    bytes_max: usize,
}

impl Lately {
    fn remember(&mut self, key: &[u8], row: Option<RowBytes>) {
        let of = |row: &Option<RowBytes>| row.as_ref().map_or(0, |row| row.0.len()) + key.len() + ENTRY_BYTES;
        let bytes = of(&row);
        if let Some(before) = self.rows.remove(key) {
            self.bytes -= of(&before);
        }
        // What is asked for often comes back at once.
        if self.bytes + bytes > self.bytes_max {
            self.rows.clear();
            self.bytes = 0;
        }
        if bytes <= self.bytes_max {
            self.bytes += bytes;
            self.rows.insert(key.into(), row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn what_is_remembered_is_right_and_has_its_bounds(
            rows in proptest::collection::vec((0u8..20, proptest::option::of(0usize..200)), 1..200),
            bytes_max in 0usize..2_000,
        ) {
            let mut lately = Lately { rows: HashMap::default(), bytes: 0, bytes_max };
            let mut right = BTreeMap::new();
            for (key, length) in rows {
                let row = length.map(|length| RowBytes(vec![key; length].into()));
                lately.remember(&[key], row.clone());
                right.insert(vec![key], row);
                let bytes: usize = lately
                    .rows
                    .iter()
                    .map(|(key, row)| key.len() + ENTRY_BYTES + row.as_ref().map_or(0, |row| row.0.len()))
                    .sum();
                prop_assert_eq!(bytes, lately.bytes);
                prop_assert!(bytes <= bytes_max);
                for (key, row) in &lately.rows {
                    prop_assert_eq!(&right[&key[..]], row);
                }
            }
        }
    }
}
