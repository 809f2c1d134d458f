//! Changes on their way into the changelog and the store, in one buffer.

/// A table of a store. Its number is kept in the store by the table's name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TableId(pub u16);

#[derive(Clone, Debug, Default)]
pub struct WriteSet {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    table: TableId,
    start: u32,
    middle: u32,
    end: u32,
    delete: bool,
}

impl WriteSet {
    pub fn put(&mut self, table: TableId, key: &[u8], value: &[u8]) {
        self.put_with(table, key, |out| out.extend_from_slice(value));
    }

    /// As [`WriteSet::put`]; `value` appends the value's bytes.
    #[inline]
    pub fn put_with(&mut self, table: TableId, key: &[u8], value: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(key);
        let middle = self.bytes.len() as u32;
        value(&mut self.bytes);
        self.entries.push(Entry { table, start, middle, end: self.length(), delete: false });
    }

    pub fn delete(&mut self, table: TableId, key: &[u8]) {
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(key);
        let end = self.length();
        self.entries.push(Entry { table, start, middle: end, end, delete: true });
    }

    fn length(&self) -> u32 {
        u32::try_from(self.bytes.len()).expect("a commit holds less than 4 GiB of changes")
    }

    /// In the order written: table, key, and the value or None for a deletion.
    pub fn iter(&self) -> impl Iterator<Item = (TableId, &[u8], Option<&[u8]>)> {
        self.entries.iter().map(|entry| {
            let key = &self.bytes[entry.start as usize..entry.middle as usize];
            let value = &self.bytes[entry.middle as usize..entry.end as usize];
            (entry.table, key, (!entry.delete).then_some(value))
        })
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Empties it; the buffers stay.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
    }
}
