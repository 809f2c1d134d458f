//! Databases in RocksDB.

use crate::database::{Batch, Change, Database, DatabaseError, Disk, Fault, Visit};
use rocksdb::{
    BlockBasedOptions, Cache, DB, DBCompressionType, Direction, IteratorMode, Options, ReadOptions,
    WriteBatch, WriteBufferManager, WriteOptions,
};
use std::path::Path;

/// The memory that all databases of a process share.
pub(crate) struct Rocks {
    cache: Cache,
    write_buffers: WriteBufferManager,
}

impl Rocks {
    /// `memory_bytes` bounds block cache and write buffers together.
    pub(crate) fn new(memory_bytes: usize) -> Rocks {
        let cache = Cache::new_lru_cache(memory_bytes);
        let write_buffers =
            WriteBufferManager::new_write_buffer_manager_with_cache(memory_bytes / 2, false, cache.clone());
        Rocks { cache, write_buffers }
    }

    fn options(&self) -> Options {
        let mut blocks = BlockBasedOptions::default();
        blocks.set_block_cache(&self.cache);
        blocks.set_bloom_filter(10.0, false);
        blocks.set_whole_key_filtering(true);
        blocks.set_cache_index_and_filter_blocks(true);
        blocks.set_pin_l0_filter_and_index_blocks_in_cache(true);
        blocks.set_format_version(6);
        let mut options = Options::default();
        options.create_if_missing(true);
        options.set_block_based_table_factory(&blocks);
        options.set_write_buffer_manager(&self.write_buffers);
        options.set_write_buffer_size(32 << 20);
        options.set_max_write_buffer_number(3);
        options.set_compression_per_level(&[
            DBCompressionType::None,
            DBCompressionType::None,
            DBCompressionType::Lz4,
            DBCompressionType::Lz4,
            DBCompressionType::Lz4,
            DBCompressionType::Lz4,
            DBCompressionType::Lz4,
        ]);
        options.set_level_compaction_dynamic_level_bytes(true);
        options.set_max_background_jobs(2);
        options.set_max_open_files(256);
        options.set_keep_log_file_num(2);
        options.set_paranoid_checks(true);
        options
    }
}

impl Disk for Rocks {
    fn open(&self, path: &Path) -> Result<Box<dyn Database>, DatabaseError> {
        let options = self.options();
        // Named, so that there is a handle for batched reads.
        let db = DB::open_cf_with_opts(&options, path, [("default", options.clone())]).map_err(told)?;
        Ok(Box::new(Opened { db, write_options: WriteOptions::default() }))
    }

    fn remove(&self, path: &Path) -> std::io::Result<()> {
        std::fs::remove_dir_all(path)
    }
}

struct Opened {
    db: DB,
    write_options: WriteOptions,
}

/// RocksDB's errors, by what helps.
#[expect(clippy::needless_pass_by_value, reason = "as `map_err` gives it")]
fn told(error: rocksdb::Error) -> DatabaseError {
    let cause = error.to_string();
    // A file that is gone has other words than one that cannot be read.
    let is_damage =
        error.kind() == rocksdb::ErrorKind::Corruption || cause.contains("No such file or directory");
    let fault = if is_damage {
        Fault::Damage
    // Paths, and files that cannot be opened, may have the word in them, too.
    } else if cause.contains("lock hold by current process") {
        Fault::Held
    } else {
        Fault::Other
    };
    DatabaseError { cause, fault }
}

impl Opened {
    fn scan(
        &self,
        mode: IteratorMode<'_>,
        options: ReadOptions,
        visit: &mut Visit<'_>,
    ) -> Result<(), DatabaseError> {
        for entry in self.db.iterator_opt(mode, options) {
            let (key, value) = entry.map_err(told)?;
            if !visit(&key, &value) {
                return Ok(());
            }
        }
        Ok(())
    }
}

impl Database for Opened {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, DatabaseError> {
        self.db.get(key).map_err(told)
    }

    fn multi_get(
        &self,
        keys: &[Vec<u8>],
        visit: &mut dyn FnMut(usize, Option<&[u8]>),
    ) -> Result<(), DatabaseError> {
        let handle = self.db.cf_handle("default").expect("every RocksDB has a default column family");
        for (index, value) in self.db.batched_multi_get_cf(handle, keys, false).into_iter().enumerate() {
            visit(index, value.map_err(told)?.as_deref());
        }
        Ok(())
    }

    fn forward(&self, from: &[u8], end: Option<Vec<u8>>, visit: &mut Visit<'_>) -> Result<(), DatabaseError> {
        let mut options = ReadOptions::default();
        if let Some(end) = end {
            options.set_iterate_upper_bound(end);
        }
        self.scan(IteratorMode::From(from, Direction::Forward), options, visit)
    }

    fn backward(&self, from: &[u8], least: Vec<u8>, visit: &mut Visit<'_>) -> Result<(), DatabaseError> {
        let mut options = ReadOptions::default();
        // Deletions on the way beyond it need not be passed over.
        options.set_iterate_lower_bound(least);
        self.scan(IteratorMode::From(from, Direction::Reverse), options, visit)
    }

    fn write(&mut self, batch: &mut Batch<'_>) -> Result<(), DatabaseError> {
        let mut all = WriteBatch::default();
        batch(&mut |change| match change {
            Change::Put(key, value) => all.put(key, value),
            Change::Delete(key) => all.delete(key),
            Change::DeleteRange(from, to) => all.delete_range(from, to),
        });
        self.db.write_opt(all, &self.write_options).map_err(told)
    }

    fn sync(&mut self) -> Result<(), DatabaseError> {
        self.db.flush_wal(true).map_err(told)
    }

    fn bytes(&self) -> u64 {
        let of = |property| self.db.property_int_value(property).ok().flatten().unwrap_or(0);
        of(rocksdb::properties::LIVE_SST_FILES_SIZE) + of(rocksdb::properties::CUR_SIZE_ALL_MEM_TABLES)
    }
}
